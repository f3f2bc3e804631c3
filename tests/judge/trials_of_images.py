"""Trials of the transforms of images: of chance only what is certain, or how often it comes."""

import contextlib
import functools
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sums_to_one.tests.common.limits import Limits, current
from sums_to_one.tests.judge.trial import (
    DTYPES,
    Found,
    Function,
    Trial,
    gradient_of,
    layouts,
    leaving,
    twin,
)

CALLS = 300  # of which is counted what they do


def image(*shape: int) -> Tensor:
    """An image whose pixels are all different."""
    generator = torch.Generator().manual_seed(7)
    numbers = torch.rand(shape or (3, 6, 9), generator=generator, dtype=torch.float64)
    return numbers.to((*current().dtypes, torch.float32)[0])


def transform(name: str, limits: Limits) -> Iterator[Trial]:
    now, later = ("pixels", "pixels later") if name == "ColorJitter" else ("value", "evaluation")

    def use(x: Tensor, options: dict[str, Any], function: Function) -> Found:
        found: Found = {}
        rounded = torch.float16 if name == "ColorJitter" else torch.float32
        made = function(**options)
        given = twin(x)
        result = made(given)
        found[now] = result.detach().clone()
        if not options.get("inplace"):
            found["input"] = given
        else:
            found["in place"] = torch.tensor(result.data_ptr() == given.data_ptr())
        if x.is_floating_point() and limits.gradients:
            leaf = twin(x).requires_grad_()
            y = made(leaf * 1)
            weights = torch.linspace(-1, 2, y.numel(), dtype=y.dtype).reshape(y.shape)
            if y.requires_grad:
                (y * weights).sum().backward()
            found["gradient"] = gradient_of(leaf)
            if leaf.dtype.itemsize > rounded.itemsize:
                found["gradient"] = found["gradient"].to(rounded)
        if hasattr(made, "eval"):
            made.eval()
            found[later] = made(twin(x)).detach().clone()
        with leaving(found):
            pass
        del found["random numbers"]
        return found

    def trial(about: str, x: Tensor, **options: Any) -> Trial:
        if name == "RandomCrop" and not options.get("padding"):
            options = {**options, "size": tuple(x.shape[-2:])}
        as_if: dict[str, Function] = {}
        if "p" in options:
            as_if["what 1 - p gives"] = functools.partial(use, x, {"p": 1 - options["p"]})
        if options.get("p") == 1:
            for words, change in INSTEAD.items():
                as_if[words] = functools.partial(lambda change, _: _all_of(change(x)), change)
        if "padding_mode" in options:
            for mode in ("constant", "edge", "reflect", "symmetric"):
                in_mode = functools.partial(use, x, {**options, "padding_mode": mode})
                as_if[f"that of padding_mode='{mode}'"] = in_mode
        if "degrees" in options and options["degrees"] != (0.0, 0.0):
            low, high = options["degrees"]
            for words, (least, most) in {
                "turned the other way": (-high, -low),
                "the image as it was": (0.0, 0.0),
                "that of a whole number of degrees": (int(low), int(high)),
            }.items():
                as_if[words] = functools.partial(use, x, {**options, "degrees": (least, most)})
        if name == "ColorJitter":
            for words, changed in _other_factors(options).items():
                as_if[words] = functools.partial(use, x, changed)
        return Trial(about, functools.partial(use, x, options), as_if)

    for words, options in CERTAIN[name].items():
        yield trial(
            words,
            image(3, 7, 7)
            if "0 degrees" in words
            else image(3, 41, 43)
            if "small" in words
            else image(),
            **options,
        )
        if words == "for more brightness":
            octets = (image() * 255).to(torch.uint8)
            yield trial("for more brightness of whole numbers", octets, **options)
        if words in ("for less contrast", "for less saturation"):
            yield trial(f"{words} of whole numbers", (image() * 255).to(torch.uint8), **options)
        if words == "for less contrast":
            yield trial("for less contrast of a gray batch", image(4, 1, 6, 9), **options)
        if words == "for a hue above 0":
            gray, ties = image(1, 6, 9).repeat(3, 1, 1), image()
            ties[1] = ties[0] = ties.max(0).values
            for told, x in {
                "for a hue of gray pixels": gray,
                "for a hue of gray pixels in float16": gray.half(),
                "for a hue where two colours are equal": ties,
            }.items():
                # Which slope the largest of equal numbers has is not for here.
                yield Trial(told, functools.partial(_result_alone, x, options))
        if words == "with fill":
            black = image()
            black[:, 2:, 3:] = 0
            yield trial("with fill for black pixels", black, **options)
        if words == "with a fill for each channel":
            yield trial(f"{words} of three images", image(3, 3, 6, 9), **options)
        if words in ("with inplace=True", "with a fill for each channel") or "less" in words:
            yield trial(f"{words} of a batch", image(4, 3, 6, 9), **options)
        if words:
            continue
        for dtype, told in DTYPES.items():
            if (name, dtype) != (
                "RandomRotation",
                torch.bfloat16,
            ):  # whose places nobody rounds alike
                yield trial(told, image().to(dtype), **options)
        if name != "Normalize":
            yield trial("for whole numbers", (image() * 255).to(torch.uint8), **options)
        for told, view in layouts(image()):
            yield trial(told, view, **options)
        yield trial("in channels last", image(6, 9, 3).permute(2, 0, 1), **options)
        yield trial("for a batch", image(4, 3, 6, 9), **options)
        last = image(4, 3, 6, 9).contiguous(memory_format=torch.channels_last)
        yield trial("for a batch in channels last", last, **options)
        yield trial("for five dimensions", image(2, 4, 3, 6, 9), **options)
        if name in ("RandomHorizontalFlip", "RandomRotation", "ColorJitter"):
            yield trial("for one channel", image(1, 6, 9), **options)
        yield trial("for a square", image(3, 8, 8), **options)
        yield trial("for odd sizes", image(3, 7, 9), **options)
        narrow = image(5 if name in ANY else 3, 6, 3)
        yield trial("for an image 3 pixels wide", narrow, **options)
        if name not in ANY:
            yield trial("for numbers above 1", image() * 200, **options)
        yield trial("for an odd width", image(3, 6, 7), **options)
        if name in ("RandomHorizontalFlip", "RandomCrop"):
            odd = image()
            odd[0, 0, 0], odd[1, 2, 3] = torch.nan, torch.inf
            yield trial("for an image with NaN and infinity", odd, **options)
        yield trial("for a high image", image(3, 9, 4), **options)
        yield trial("beyond 256 pixels", image(3, 5, 300), **options)
        yield trial("beyond 4096 numbers", image(3, 50, 70), **options)
    if name == "RandomRotation":
        part = {"degrees": (32.75, 32.75)}
        yield trial("for an angle that is no whole number", image(3, 41, 43), **part)
        yield trial("for an angle below 1", image(1, 141, 143), degrees=(0.9, 0.9))
    if name == "ColorJitter":
        both = {"brightness": (0.5, 0.5), "saturation": (0.25, 0.25)}
        words = "for one channel with brightness and saturation"
        yield Trial(words, functools.partial(use, image(1, 6, 9), both))
    if name == "Normalize":
        yield Trial("after an image of another dtype", functools.partial(_after, CERTAIN[name][""]))
        near = image() * 0.02 + 0.49
        for dtype, words in DTYPES.items():
            half, small = [0.5] * 3, [0.01] * 3
            yield trial(f"for a small std {words}", near.to(dtype), mean=half, std=small)
        yield trial("for a std of all channels", image(), mean=[0.1, 0.2, 0.3], std=[0.25])
        yield trial("for a mean of all channels", image(), mean=[0.5], std=[0.3, 0.25, 2.0])
        yield Trial("for a std of 0", _without_spread)
    yield from BY_CHANCE.get(name, _nothing)(name)
    if name in DRAWING:
        for words, sizes in {"a batch": (5,), "five dimensions": (3, 2)}.items():
            run = functools.partial(_one_draw, DRAWING[name], sizes)
            yield Trial(f"for {words} by chance", run)


def _result_alone(x: Tensor, options: dict[str, Any], function: Function) -> Found:
    return {"pixels": function(**options)(x.clone())}


def _after(options: dict[str, Any], function: Function) -> Found:
    made = function(**options)
    for dtype in (torch.bfloat16, torch.float32):
        with contextlib.suppress(TypeError, ValueError):  # for it need not take them
            made(image().to(dtype))
    return {"value": made(image())}


def _without_spread(function: Function) -> Found:
    try:
        function(mean=[0.1, 0.2, 0.3], std=[0.0, 0.25, 2.0])(image())
    except Exception:  # of whatever kind
        return {"refusal": torch.tensor(True)}
    return {"refusal": torch.tensor(False)}


ANY = ("RandomHorizontalFlip", "RandomCrop", "RandomRotation")  # number of channels
# With these settings two images are hardly ever treated alike by chance.
DRAWING: dict[str, dict[str, Any]] = {
    "RandomHorizontalFlip": {"p": 0.5},
    "RandomCrop": {"size": (4, 4)},
    "RandomRotation": {"degrees": 90},
    "ColorJitter": {"brightness": 0.5, "contrast": 0.5},
}


def _one_draw(options: dict[str, Any], sizes: tuple[int, ...], function: Function) -> Found:
    """Whether a batch of the same image stays one."""
    y = function(**options)(image(3, 6, 9).repeat(*sizes, 1, 1, 1)).flatten(0, len(sizes) - 1)
    return {"shared draw": torch.tensor(bool(torch.equal(y, y[:1].expand_as(y))))}


def _other_factors(options: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By what it may be in its place, another setting."""
    ((setting, (factor, _)),) = options.items()
    if setting == "hue":
        others = {"half the hue": factor / 2, "twice the hue": 2 * factor}
        others["the opposite hue"] = -factor
        told = {words: hue for words, hue in others.items() if abs(hue) <= 0.5}
    else:
        told = {"1 minus the factor": 1 - factor} if factor <= 1 else {}
        told |= {"the inverse factor": 1 / factor} if factor else {}
    return {f"that of {words}": {setting: (one, one)} for words, one in told.items()}


def _all_of(x: Tensor) -> Found:
    return {"pixels": x, "pixels later": x, "value": x, "evaluation": x}


INSTEAD: dict[str, Callable[[Tensor], Tensor]] = {
    "the image as it was": lambda x: x,
    "flipped upside down": lambda x: x.flip(-2),
    "turned by 180 degrees": lambda x: x.flip(-1, -2),
    "flipped with its channels reversed": lambda x: x.flip(-1, -3),
}


def _nothing(name: str) -> Iterator[Trial]:
    return iter(())


CERTAIN: dict[str, dict[str, dict[str, Any]]] = {
    "RandomHorizontalFlip": {"": {"p": 1.0}, "for p=0": {"p": 0.0}},
    "RandomCrop": {
        "": {"size": (6, 9)},
        "with padding": {"size": (8, 11), "padding": 1},
        "with two paddings": {"size": (10, 11), "padding": (1, 2)},
        "with four paddings": {"size": (12, 13), "padding": (1, 2, 3, 4)},
        "with fill": {"size": (8, 11), "padding": 1, "fill": 0.5},
        "with a fill for each channel": {"size": (8, 11), "padding": 1, "fill": (0.5, 0.25, 0.75)},
        "with two paddings and padding_mode='edge'": {
            "size": (10, 11),
            "padding": (1, 2),
            "padding_mode": "edge",
        },
        "with padding_mode='edge'": {"size": (10, 13), "padding": 2, "padding_mode": "edge"},
        "with padding_mode='reflect'": {"size": (10, 13), "padding": 2, "padding_mode": "reflect"},
        "with padding_mode='symmetric'": {
            "size": (10, 13),
            "padding": 2,
            "padding_mode": "symmetric",
        },
    },
    "RandomRotation": {
        "": {"degrees": (32.0, 32.0)},
        "for 90 degrees": {"degrees": (90.0, 90.0)},
        "for 180 degrees": {"degrees": (180.0, 180.0)},
        "for 270 degrees": {"degrees": (270.0, 270.0)},
        "for angles below 0": {"degrees": (-40.0, -40.0)},
        "for angles beyond a full turn": {"degrees": (400.0, 400.0)},
        "for a small angle": {"degrees": (4.0, 4.0)},
        "for an angle of 0": {"degrees": (0.0, 0.0)},
        "with fill": {"degrees": (32.0, 32.0), "fill": 0.5},
        "with a fill for each channel": {"degrees": (32.0, 32.0), "fill": (0.5, 0.25, 0.75)},
    },
    "ColorJitter": {
        "": {"brightness": (0.5, 0.5)},
        "for more brightness": {"brightness": (1.75, 1.75)},
        "for less contrast": {"contrast": (0.25, 0.25)},
        "for more contrast": {"contrast": (1.75, 1.75)},
        "for less saturation": {"saturation": (0.25, 0.25)},
        "for more saturation": {"saturation": (1.75, 1.75)},
        "for a hue above 0": {"hue": (0.2, 0.2)},
        "for a hue below 0": {"hue": (-0.3, -0.3)},
        "for a hue of a half": {"hue": (0.5, 0.5)},
        "for factors of 0": {"brightness": (0.0, 0.0)},
    },
    "Normalize": {
        "": {"mean": [0.1, 0.2, 0.3], "std": [0.3, 0.25, 2.0]},
        "with inplace=True": {"mean": [0.1, 0.2, 0.3], "std": [0.3, 0.25, 2.0], "inplace": True},
        "for a tuple": {"mean": (0.1, 0.2, 0.3), "std": (0.3, 0.25, 2.0)},
        "for one number of all channels": {"mean": [0.5], "std": [0.25]},
        "for a std below 0": {"mean": [0.1, 0.2, 0.3], "std": [-0.5, 0.25, 2.0]},
    },
}


def _by_the_seed(make: Callable[[Function], Any], x: Tensor, function: Function) -> Tensor:
    """Whether torch's seed decides, and nobody else's."""
    found = []
    for n in (1, 2):
        random.seed(n)
        np.random.seed(n)  # noqa: NPY002 - as whoever draws by NumPy does it
        made = make(function)
        torch.manual_seed(9)
        found.append([made(x.clone()).clone() for _ in range(6)])
    return torch.tensor(all(map(torch.equal, *found)))


def _differ(made: Any, x: Tensor) -> bool:
    """Whether calls come out differently at all."""
    first = made(x.clone())
    return any(not torch.equal(first, made(x.clone())) for _ in range(40))


def _near(came: float, due: float, room: float) -> Tensor:
    """What came, where chance cannot account for it; otherwise what is due."""
    return torch.tensor(due if abs(came - due) < room else came, dtype=torch.float64)


def _flips(name: str) -> Iterator[Trial]:
    def use(p: float | None, x: Tensor, function: Function) -> Found:
        found: Found = {}
        options = {} if p is None else {"p": p}
        made = function(**options)
        came = [made(x.clone()) for _ in range(CALLS)]
        flipped = torch.tensor([not torch.equal(y, x) for y in came]).double()
        due = 0.5 if p is None else p
        room = 5 * (due * (1 - due) / CALLS) ** 0.5
        found["share that is flipped"] = _near(flipped.mean().item(), due, room)
        changes = flipped.diff().abs().mean().item()
        found["turns"] = torch.tensor(abs(changes - 2 * due * (1 - due)) < 0.2)
        found["seed"] = _by_the_seed(lambda function: function(**options), x, function)
        return found

    def seldom(function: Function) -> Found:
        """Whether ever, where that is seldom but sure to come."""
        made, x = function(p=0.005), image(1, 1, 2)
        if not _by_the_seed(lambda function: function(p=0.5), x, function):
            return {}
        came = [not torch.equal(made(x), x) for _ in range(20 * CALLS)]
        return {"share that is flipped": _near(sum(came) / len(came), 0.005, 0.0049)}

    yield Trial("for p=0.005", seldom)
    yield Trial("by default", functools.partial(use, None, image()))
    yield Trial("for p=0.01", functools.partial(use, 0.01, image()))
    yield Trial("for p=0.25", functools.partial(use, 0.25, image()))
    yield Trial("for p=0.75", functools.partial(use, 0.75, image()))


def _crops(name: str) -> Iterator[Trial]:
    def use(x: Tensor, options: dict[str, Any], function: Function) -> Found:
        made = function(**options)
        channel = x[..., :1, :, :]
        whole = channel.flatten()
        found: Found = {"draws once": torch.tensor(_differ(made, x))}
        corners = {int((whole == made(x.clone()).flatten()[0]).nonzero()[0]) for _ in range(CALLS)}
        found["places"] = torch.tensor(float(len(corners)))
        rows, columns = ({c // x.shape[-1] for c in corners}, {c % x.shape[-1] for c in corners})
        alone = min(len(rows), len(columns)) > 1 and len(corners) <= max(len(rows), len(columns))
        found["diagonal"] = torch.tensor(not alone)
        found["size"] = torch.tensor(made(x).shape[-2:])
        found["seed"] = _by_the_seed(lambda function: function(**options), x, function)
        return found

    def filled(padding: Any, due: float, function: Function) -> Found:
        """How often a window of one pixel lies in the padding."""
        made, x = function(1, padding=padding), image(1, 2, 5) + 1
        came = torch.tensor([bool(made(x).flatten()[0] == 0) for _ in range(CALLS)]).double()
        return {"share that is filled": _near(came.mean().item(), due, 0.14)}

    def needed(options: dict[str, Any], function: Function) -> Found:
        """In how many places an image lies that has been padded."""
        made, x = function(**options), image(1, 3, 4) + 1
        made = [made(x) for _ in range(CALLS)]
        places = {tuple((y == x.max()).nonzero().flatten().tolist()) for y in made}
        return {"places of the image": torch.tensor(float(len(places)))}

    def far(function: Function) -> Found:
        made, x = function(1), torch.arange(400.0).reshape(1, 1, 400)
        farthest = max(float(made(x)) for _ in range(CALLS))
        return {"farthest": _near(farthest, 399.0, 20.0)}

    def too_small(function: Function) -> Found:
        try:
            function((4, 4))(image(3, 3, 9))
        except Exception:  # of whatever kind
            return {"refusal": torch.tensor(True)}
        return {"refusal": torch.tensor(False)}

    yield Trial("with two paddings", functools.partial(filled, (0, 1), 0.5))
    yield Trial("with four paddings", functools.partial(filled, (0, 0, 0, 2), 0.5))
    yield Trial("for an image that is too small", too_small)
    for padding, words in {0: "", 1: "padding and "}.items():
        lacking = {"size": (6, 8), "padding": padding, "pad_if_needed": True}
        yield Trial(f"with {words}pad_if_needed", functools.partial(needed, lacking))
    yield Trial("for more than 256 places", far)
    yield Trial("for smaller windows", functools.partial(use, image(3, 4, 6), {"size": (2, 4)}))
    yield Trial("for windows of one pixel", functools.partial(use, image(3, 2, 5), {"size": 1}))
    yield Trial("for high windows", functools.partial(use, image(3, 5, 5), {"size": (4, 2)}))


def _factors(name: str) -> Iterator[Trial]:
    def use(options: dict[str, Any], function: Function) -> Found:
        made, x = function(**options), image() * 0.25 + 0.1
        came = torch.tensor([float((made(x.clone()) / x).mean()) for _ in range(CALLS)])
        (given,) = options.values()
        low, high = given if isinstance(given, tuple) else (1 - given, 1 + given)
        room = 0.05 * (high - low)
        found = {"draws once": torch.tensor(len(set(came.tolist())) > 1)}
        found["least factor"] = _near(came.min().item(), low, room)
        found["largest factor"] = _near(came.max().item(), high, room)
        found["mean factor"] = _near(came.mean().item(), (low + high) / 2, 2.2 * room)
        found["seed"] = _by_the_seed(lambda function: function(**options), x, function)
        return found

    def reversed_(function: Function) -> Found:
        """Whether ever the lightest is made the darkest."""
        made, x = function(contrast=2.5), image()
        came = [made(x.clone()) for _ in range(60)]
        low, high = x.flatten().argmin(), x.flatten().argmax()
        below = any(bool(y.flatten()[low] > y.flatten()[high]) for y in came)
        return {"factor below 0": torch.tensor(not below)}

    def together(function: Function) -> Found:
        """The factors of three settings, which no clamping hides, and whether two are one."""
        made = function(brightness=0.4, contrast=0.4, saturation=0.4)
        x, weights = image() * 0.06 + 0.45, torch.tensor([0.299, 0.587, 0.114])

        def numbers(y: Tensor) -> tuple[float, float, float]:
            gray = (y * weights.to(y.dtype)[:, None, None]).sum(0)
            return float(gray.mean()), float(gray.std()), float((y - gray).std())

        alike, before = [True] * 3, numbers(x)
        for _ in range(30):
            b, bc, bcs = (a / c for a, c in zip(numbers(made(x.clone())), before, strict=True))
            c, s = bc / b, bcs / bc
            pairs = ((b, c), (b, s), (c, s))
            alike = [old and abs(p - q) < 5e-3 for old, (p, q) in zip(alike, pairs, strict=True)]
        return {"factors": torch.tensor(not any(alike))}

    yield Trial("for three settings of equal range", together)
    yield Trial("for a contrast above 1", reversed_)
    yield Trial("for a brightness by chance", functools.partial(use, {"brightness": 0.5}))
    words = "for a brightness between two bounds"
    yield Trial(words, functools.partial(use, {"brightness": (0.25, 2.0)}))


def _angles(name: str) -> Iterator[Trial]:
    def use(options: dict[str, Any], function: Function) -> Found:
        x = image(1, 5, 5)
        found = {"draws once": torch.tensor(_differ(function(**options), x))}
        return {**found, "seed": _by_the_seed(lambda function: function(**options), x, function)}

    yield Trial("for an angle by chance", functools.partial(use, {"degrees": 90}))


BY_CHANCE: dict[str, Callable[[str], Iterator[Trial]]] = {
    "RandomHorizontalFlip": _flips,
    "RandomCrop": _crops,
    "ColorJitter": _factors,
    "RandomRotation": _angles,
}


def composed(name: str, limits: Limits) -> Iterator[Trial]:
    """Functions of one number, and how often each of them is called."""

    def use(steps: list[Function], start: Any, function: Function) -> Found:
        calls = torch.zeros(len(steps))

        def counted(n: int, step: Function) -> Function:
            def call(x: Any) -> Any:
                calls[n] += 1
                return step(x)

            return call

        made = function([counted(n, step) for n, step in enumerate(steps)])
        found: Found = {}
        with leaving(found):
            result = made(start)
            calls_of_one = calls.clone()
            again = [made(start) for _ in range(3)]
        found["value"] = torch.as_tensor(-1.0 if result is None else result).double()
        found["calls"] = calls_of_one
        found["next results"] = torch.tensor(all(one == result for one in again))
        return found

    add, triple, square = (lambda x: x + 1), (lambda x: x * 3), (lambda x: x * x)
    five = [add, triple, square, add, triple]
    without = {
        "what it is without the last one": functools.partial(use, five[:-1], 2.0),
        "what it is without the first one": functools.partial(use, five[1:], 2.0),
    }
    opposite = {"what the opposite order gives": functools.partial(use, [triple, add], 2.0)}
    yield Trial("", functools.partial(use, [add, triple], 2.0), opposite)
    yield Trial("for one transform", functools.partial(use, [add], 2.0))
    yield Trial("for five transforms", functools.partial(use, five, 2.0), without)
    run = functools.partial(use, [lambda x, n=n: (x * 3 + n) % 97 for n in range(12)], 2.0)
    yield Trial("for twelve transforms", run)
    inner = lambda function: use([function([add, triple]), add], 2.0, function)  # noqa: E731
    yield Trial("for one inside of another", inner)
    yield Trial("for a transform that stands twice", functools.partial(_same, add, triple))
    yield Trial("for two transforms of one class", _of_one_class)
    yield Trial("for two random transforms", _drawing)
    yield Trial("where a result is 0", functools.partial(use, [lambda x: x * 0, add], 2.0))
    yield Trial(
        "where a result is None",
        functools.partial(use, [lambda x: None, lambda x: 5.0 if x is None else 6.0], 2.0),
    )
    yield Trial("for a pair", functools.partial(use, [lambda pair: pair[0], add], (2.0, 3.0)))
    yield Trial("where a transform fails", _failing)
    yield Trial("where a transform is a module in training", _training)
    yield Trial("", _same_image)
    yield Trial("in evaluation mode", _evaluating)
    yield Trial("for a transform in place", _in_place)


def _same(add: Function, triple: Function, function: Function) -> Found:
    return {"value": torch.tensor(function([add, triple, add])(2.0)).double()}


def _drawing(function: Function) -> Found:
    drawn: list[float] = []

    def draw(x: float) -> float:
        drawn.append(torch.rand(()).item())
        return x

    function([draw, draw])(2.0)
    return {"draws alike": torch.tensor(len(set(drawn)) == len(drawn))}


class _Adding(torch.nn.Module):
    def __init__(self, number: float) -> None:
        super().__init__()
        self.number = number

    def forward(self, x: float) -> float:
        return x + self.number


def _of_one_class(function: Function) -> Found:
    return {"value": torch.tensor(function([_Adding(1.0), _Adding(4.0)])(2.0)).double()}


def _failing(function: Function) -> Found:
    def fails(x: Any) -> Any:
        raise KeyError("somebody's")

    try:
        function([fails])(2.0)
    except KeyError:
        return {"hidden": torch.tensor(True)}
    return {"hidden": torch.tensor(False)}


def _training(function: Function) -> Found:
    module = torch.nn.Identity()
    function([module])(image())
    leaf = image().requires_grad_()
    y = function([lambda x: x * 2])(leaf)
    learns = torch.tensor(y.requires_grad)
    return {"modes": torch.tensor(module.training), "differentiated": learns}


def _same_image(function: Function) -> Found:
    calls: list[Any] = []

    def counted(x: Any) -> Any:
        calls.append(x)
        return x

    made, x = function([counted]), image()
    made(x)
    made(x)
    return {"runs anew": torch.tensor(len(calls) == 2)}


def _evaluating(function: Function) -> Found:
    made, leaf = function([lambda x: x * 2]), image().requires_grad_()
    if hasattr(made, "eval"):
        made.eval()
    return {"differentiated": torch.tensor(made(leaf).requires_grad)}


def _in_place(function: Function) -> Found:
    x = image()
    function([lambda x: x.mul_(2)])(x)
    return {"itself": torch.tensor(torch.equal(x, 2 * image()))}
