"""Fresh numbers for the programs, and what should come: neither is known where subjects run.

What is exact is computed by another implementation in float64, PyTorch's own or, where it has
none, ours; what is random has a law.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Generator, Tensor

from sums_to_one.tests.common.closeness import assert_close, assert_within
from sums_to_one.tests.common.limits import Limits
from sums_to_one.tests.judge.components import COMPONENTS, GROUPS
from sums_to_one.tests.judge.further import FURTHER, program_of
from sums_to_one.tests.judge.plain_use import CORE
from sums_to_one.tests.judge.programs import Case
from sums_to_one.tests.judge.subjects import OURS

OURS_ALONE = ("gradient_descent", *GROUPS["penalty"], *COMPONENTS["checkpoints"])
UNLIKELY = 1e-12  # the odds at which a right sample is refused, a check
MOST_DIMENSIONS = 5  # of which the sizes are 3 to 8: more would take more memory than it is worth
P = 0.3  # the share that is dropped


def cases(component: str, limits: Limits, seed: int) -> list[Case]:
    """Some inputs inside the limits, which nobody has seen before."""
    random = Generator().manual_seed(seed)
    found: list[Case] = []
    for dtype in [d for d in limits.dtypes if d.itemsize >= 4] or limits.dtypes[:1]:
        for case in DRAWN[component](component, _shapes(component, limits, random), random):
            tensors = tuple(x.to(dtype) if x.is_floating_point() else x for x in case.tensors)
            name = str(dtype).removeprefix("torch.")
            derivatives = min(case.derivatives, limits.gradients)
            words = f"{case.words}, {name}"
            one = Case(words, tensors, case.options, derivatives, seed % 2**31, needs=case.needs)
            found += [] if limits.without & {*case.needs} else [one]
    return found


def compare(component: str, case: Case, came: Sequence[Tensor]) -> None:
    """Nothing where the numbers are right.

    Raises:
        AssertionError: they are not; it says which, and what they should be.
    """
    law = LAWS_OF_USES.get((component, case.use)) if case.use else LAWS.get(component)
    if law:
        law(component, case, came)
        return
    where = OURS[0] if component in OURS_ALONE else OURS[1]
    wide = tuple(x.double() if x.is_floating_point() else x for x in case.tensors)
    due = program_of(component, case)(component, where.component, replace(case, tensors=wide))
    assert len(came) == len(due), f"{component}: {len(due)} results are due, came {len(came)}"
    for one, other in zip(came, due, strict=True):
        one = one if one.is_floating_point() else one.double()
        assert_close(f"{component} of {case.words}", one, other)


def _shapes(component: str, limits: Limits, random: Generator) -> list[tuple[int, ...]]:
    """For up to two numbers of dimensions; images are the last three of one."""
    core = CORE.get(component, (2,))
    sizes = [n for n in core if limits.dimensions is None or n in limits.dimensions]
    others = [n for n in limits.dimensions or () if 0 < n <= MOST_DIMENSIONS]
    many = [n for n in limits.dimensions or () if n > MOST_DIMENSIONS]
    found = [_sizes(random, n) for n in (sizes or others)[:2]]
    found = found or [(*_sizes(random, 2), *[1] * (n - 2)) for n in many[:1]]
    found = found or [_sizes(random, n) for n in core[:2]]
    images = component in (*GROUPS["transform"], "Compose")
    return [(*_sizes(random, 3)[:-3], 3, *_sizes(random, 2)) for _ in found] if images else found


def _sizes(random: Generator, count: int, least: int = 3, most: int = 9) -> tuple[int, ...]:
    return tuple(torch.randint(least, most, (count,), generator=random).tolist())


Shapes = list[tuple[int, ...]]


def _normal(random: Generator, *shape: int, spread: float = 1.0) -> Tensor:
    return torch.randn(shape, generator=random, dtype=torch.float64) * spread


def _activation(name: str, shapes: Shapes, random: Generator) -> Iterator[Case]:
    for shape in shapes:
        options = {"dim": len(shape) - 1} if name == "softmax" else {}
        for spread in (0.5, 4.0, 60.0):
            x, weights = _normal(random, *shape, spread=spread), _normal(random, *shape)
            yield Case(f"normal numbers of {spread} times {list(shape)}", (x, weights), options)


def _loss(name: str, shapes: Shapes, random: Generator) -> Iterator[Case]:
    for shape in shapes:
        x = _normal(random, *shape, spread=2.0)
        target = torch.rand(shape, generator=random, dtype=torch.float64)
        if name == "CrossEntropyLoss":
            target = torch.randint(shape[1], (shape[0], *shape[2:]), generator=random)
        yield Case(f"scores {list(shape)}", (x.sigmoid() if name == "BCELoss" else x, target))


def _penalty(name: str, shapes: Shapes, random: Generator) -> Iterator[Case]:
    yield Case("two parameters", (_normal(random, *shapes[0]), _normal(random, 7)))


def _optimizer(name: str, shapes: Shapes, random: Generator) -> Iterator[Case]:
    first, second = _normal(random, *shapes[0]), _normal(random, *shapes[0])
    gradients = [_normal(random, first.numel()) for _ in range(4)]
    yield Case("four steps of two parameters", (first, second, *gradients), {"lr": 0.0625})


def _descent(name: str, shapes: Shapes, random: Generator) -> Iterator[Case]:
    options = {"lr": 0.0625, "epochs": 3}
    rows = _normal(random, 11, 4), _normal(random, 3)
    yield Case("three steps of least squares, of one tensor", rows, options)
    data, several = (_normal(random, 11, 3), _normal(random, 11)), ("data of several tensors",)
    x = (*data, _normal(random, 3))
    yield Case("three steps of least squares", x, options, needs=several)


def _variable(name: str, shapes: Shapes, random: Generator) -> Iterator[Case]:
    yield Case("a b + a", (_normal(random), _normal(random)))


def _image(random: Generator, shapes: Shapes) -> Tensor:
    return torch.rand(shapes[0], generator=random, dtype=torch.float64)


def _transform(name: str, shapes: Shapes, random: Generator) -> Iterator[Case]:
    image = _image(random, shapes)
    side = min(image.shape[-2:])
    square = image[..., :side, :side]
    octets = torch.randint(256, tuple(image.shape), generator=random).to(torch.uint8)
    if name == "RandomHorizontalFlip":
        yield Case("images, flipped or not", (image,) * 8, {"p": 0.5})
        always = ("p of 1",)
        yield Case("an image, always flipped", (image,), {"p": 1.0}, needs=always)
        yield Case("bytes, always flipped", (octets,), {"p": 1.0}, needs=("integers", *always))
        yield Case("an image, never flipped", (image,), {"p": 0.0}, needs=("p of 0",))
    elif name == "RandomCrop":
        # One number is the plainest size, and some take no two.
        yield Case("a square, cropped to all of it", (square,), {"size": side})
        yield Case("an image, cropped", (image,) * 8, {"size": 2})
    elif name == "RandomRotation":
        yield Case("an image, not turned", (image,), {"degrees": 0.0})
        for degrees in (90.0, 180.0):
            given = {"degrees": (degrees, degrees)}
            words = f"a square, turned by {degrees:g} degrees"
            yield Case(words, (square,), given, needs=("a range",))
    elif name == "ColorJitter":
        yield Case("an image, as bright", (image,), {"brightness": 0.0})
        yield Case("bytes, as bright", (octets,), {"brightness": 0.0}, needs=("integers",))
        half = {"brightness": (0.5, 0.5)}
        yield Case("an image, half as bright", (image,), half, needs=("a range",))
    elif name == "Normalize":
        yield Case("an image", (image,), {"mean": [0.1, 0.2, 0.3], "std": [0.5, 0.25, 2.0]})
    else:
        yield Case("an image", (image,))


def _batch_norm(name: str, shapes: Shapes, random: Generator) -> Iterator[Case]:
    batches = [_normal(random, *shapes[0], spread=3.0) + 1 for _ in range(3)]
    yield Case("three batches", (*batches, _normal(random, *shapes[0])))


def _initializer(name: str, shapes: Shapes, random: Generator) -> Iterator[Case]:
    options = {"constant_": {"val": 0.375}, "normal_": {}, "uniform_": {}}
    shape = _sizes(random, 2, 120, 180)  # unequal fans
    yield Case(f"a tensor {list(shape)}", (_normal(random, *shape),), options.get(name, {}))


def _dropout(name: str, shapes: Shapes, random: Generator) -> Iterator[Case]:
    shape = _sizes(random, 2, 120, 180)
    shape = (*shape, 2, 3) if name == "Dropout2d" else shape
    yield Case(f"numbers {list(shape)}", (_normal(random, *shape),), {"p": P})


def _checkpoint(name: str, shapes: Shapes, random: Generator) -> Iterator[Case]:
    yield Case("a linear layer", (_normal(random, 2, 3), _normal(random, 2)))


Draw = Callable[[str, Shapes, Generator], Iterator[Case]]
DRAWN: dict[str, Draw] = {
    **dict.fromkeys(COMPONENTS["activations"], _activation),
    **dict.fromkeys(COMPONENTS["initialization"], _initializer),
    **dict.fromkeys(COMPONENTS["losses"], _loss),
    "Variable": _variable,
    "gradient_descent": _descent,
    **dict.fromkeys(GROUPS["optimizer"], _optimizer),
    **dict.fromkeys(GROUPS["penalty"], _penalty),
    **dict.fromkeys(GROUPS["dropout"], _dropout),
    **dict.fromkeys((*GROUPS["transform"], "Compose"), _transform),
    **dict.fromkeys(COMPONENTS["normalization"], _batch_norm),
    **dict.fromkeys(COMPONENTS["checkpoints"], _checkpoint),
}


def _filled(name: str, case: Case, came: Sequence[Tensor]) -> None:
    """The largest distance of two distribution functions, after Kolmogorov, and the spread."""
    (x,) = came
    shape = case.tensors[0].shape
    assert x.shape == shape, f"{name}: should keep its shape, came {tuple(x.shape)}"
    centre, scale = _spread(name, shape, case.options)
    ordered = x.detach().double().flatten().sort().values
    if scale == 0:
        assert_close(f"{name} of {case.words}", x, torch.full_like(x, centre))
        return
    if name.endswith("normal_"):
        due = torch.special.ndtr((ordered - centre) / scale)
    else:
        due = ((ordered - centre) / scale / 2 + 0.5).clamp(0, 1)
    count = len(ordered)
    distance = (due - torch.arange(1, count + 1) / count).abs().max().item()
    bound = math.sqrt(math.log(2 / UNLIKELY) / 2 / count)
    assert distance < bound, (
        f"{name} of {case.words}: drawn from another distribution, by {distance:.2g} of all "
        f"numbers, where chance explains {bound:.2g}"
    )


def _spread(name: str, shape: Sequence[int], options: dict[str, Any]) -> tuple[float, float]:
    """The mean, and the standard deviation or half of the width."""
    if name == "normal_":
        return options.get("mean", 0.0), options.get("std", 1.0)
    if name == "uniform_":
        a, b = options.get("a", 0.0), options.get("b", 1.0)
        return (a + b) / 2, (b - a) / 2
    outputs, inputs = (n * math.prod(shape[2:]) for n in shape[:2])
    if name.startswith("xavier_"):
        std = options.get("gain", 1.0) * math.sqrt(2 / (inputs + outputs))
    else:
        nonlinearity = options.get("nonlinearity", "leaky_relu")
        gain = torch.nn.init.calculate_gain(nonlinearity, options.get("a", 0))
        std = gain / math.sqrt(outputs if options.get("mode") == "fan_out" else inputs)
    return 0.0, std if name.endswith("normal_") else std * math.sqrt(3)


def _filled_in_part(name: str, case: Case, came: Sequence[Tensor]) -> None:
    part, beside, is_same = came
    (x,) = case.tensors
    _filled(name, replace(case, tensors=(x[:, ::2],)), [part])
    assert_close(f"{name} of {case.words}: what lies beside it", beside, x[:, 1::2])
    assert is_same.item() == 1, f"{name}: should return what it was given"


def _dropped_twice(name: str, case: Case, came: Sequence[Tensor]) -> None:
    (x,), (first, gradient, evaluated, none, every, *flags) = case.tensors, came
    kept = first != 0
    fates = kept.flatten(2).double().mean(-1) if name == "Dropout2d" else kept.double()
    share, error = 1 - fates.mean().item(), math.sqrt(0.1875 / fates.numel())
    assert abs(share - 0.25) < 7.2 * error, f"{name}: should drop a quarter, drops {share:.3f}"
    for words, one, other in (
        ("what is kept", first, torch.where(kept, x / 0.75, 0)),
        ("the gradient", gradient, kept.double() / 0.75),
        ("in evaluation", evaluated, x),
        ("with p of 0", none, x),
        ("with p of 1", every, torch.zeros_like(x)),
        ("calls differ, and evaluation draws nothing", torch.stack(flags), torch.ones(2)),
    ):
        assert_close(f"{name} of {case.words}: {words}", one, other)


def _jittered(name: str, case: Case, came: Sequence[Tensor]) -> None:
    """Nearly ours: what is gray has several definitions, whose weights add up to 1, or nearly."""
    due = FURTHER[case.use](name, OURS[0].component, case)
    for one, other in zip(came, due, strict=True):
        assert_within(f"{name} of {case.words}", one, other, 2e-3)


def _dropped(name: str, case: Case, came: Sequence[Tensor]) -> None:
    (x,), (trained, evaluated) = case.tensors, came
    assert_close(f"{name} of {case.words} in evaluation", evaluated, x)
    kept = trained != 0
    assert_close(
        f"{name} of {case.words}: what is kept", trained, torch.where(kept, x / (1 - P), 0)
    )
    fates = kept.flatten(2).double().mean(-1) if name == "Dropout2d" else kept.double()
    assert set(fates.unique().tolist()) <= {0.0, 1.0}, f"{name}: channels are dropped in part"
    share, error = 1 - fates.mean().item(), math.sqrt(P * (1 - P) / fates.numel())
    assert abs(share - P) < 7.2 * error, f"{name}: should drop a share of {P}, drops {share:.3f}"


def _cropped(name: str, case: Case, came: Sequence[Tensor]) -> None:
    height = width = case.options["size"]
    for image, crop in zip(case.tensors, came, strict=True):
        windows = image.unfold(-2, height, 1).unfold(-2, width, 1).flatten(1, 2)
        assert crop.shape == (len(image), height, width), f"{name}: came {tuple(crop.shape)}"
        same = (windows == crop[:, None]).flatten(2).all(-1).all(0)
        assert same.any(), f"{name} of {case.words}: no part of the image"


def _flipped(name: str, case: Case, came: Sequence[Tensor]) -> None:
    for image, one in zip(case.tensors, came, strict=True):
        asked = {1.0: [image.flip(-1)], 0.0: [image]}.get(
            case.options["p"], [image.flip(-1), image]
        )
        same = any(torch.equal(one.double(), right.double()) for right in asked)
        assert same, f"{name} of {case.words}: neither the image nor its mirror image, or not asked"


LAWS: dict[str, Callable[[str, Case, Sequence[Tensor]], None]] = {
    **dict.fromkeys(GROUPS["random_initializer"], _filled),
    **dict.fromkeys(GROUPS["dropout"], _dropped),
    "RandomCrop": _cropped,
    "RandomHorizontalFlip": _flipped,
}
LAWS_OF_USES = {
    ("ColorJitter", "transformed"): _jittered,
    **{(name, "filled"): _filled_in_part for name in GROUPS["random_initializer"]},
    **{(name, "dropped"): _dropped_twice for name in GROUPS["dropout"]},
}
