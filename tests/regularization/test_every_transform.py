"""What every transform owes its caller, whatever it does to an image.

It makes one picture of one picture, of the same kind, and leaves the one it got as it was. The
images of a batch share one draw, and the draws are those of torch.
"""

import copy
import functools
import itertools
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor

from sums_to_one.tests.common import layouts
from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.gradients import gradient_of
from sums_to_one.tests.common.inputs import DTYPES, LAYOUTS, VIEWS, exact, grid
from sums_to_one.tests.common.limits import Inside, NotProvided, inside
from sums_to_one.tests.common.options import feature
from sums_to_one.tests.common.refusals import needs_options, outcome
from sums_to_one.tests.common.statistical import randomness
from sums_to_one.tests.regularization.images import (
    FLOATS,
    IMAGE_DTYPES,
    kind,
    kinds,
    numbered,
    picture,
    pull_on_pixels,
    takes,
    usual,
)
from sums_to_one.tests.regularization.seeds import (
    needs_torch_randomness,
    other_randomness,
    others_seeded,
)

LAID_OUT_SHAPES = ((3, 5, 7), (2, 3, 5, 7))
BATCHES = Inside(((2, 3, 5, 7), (3, 3, 5, 7), (2, 1, 3, 5, 7)))
ONE_OR_MORE = Inside(((3, 5, 7), *BATCHES))
SEEDS = range(4)  # enough for each random transform to do something, and to do nothing


def dtypes_of(transform) -> list[torch.dtype]:
    """Normalize takes no whole numbers: see `test_normalize.py`."""
    return kinds(transform, DTYPES if transform.name == "Normalize" else IMAGE_DTYPES)


def seeded(function, image: Tensor, seed: int) -> Tensor:
    """What becomes of the image with this draw."""
    with randomness(seed), others_seeded(seed):
        return function(image)


@pytest.mark.claim("5.3.1")
def test_shape_and_dtype_are_kept(transform):
    if transform.name == "RandomCrop":
        needs_options(transform, 3, padding=1)
    for shape, dtype, seed in itertools.product(ONE_OR_MORE, dtypes_of(transform), SEEDS):
        came = seeded(usual(transform), picture(*shape, dtype=dtype), seed)
        assert (came.shape, came.dtype) == (shape, dtype)


@pytest.mark.claim("5.3.1")
def test_the_range_of_values_is_kept(random_transform):
    for dtype, seed in itertools.product(kinds(random_transform, FLOATS), range(16)):
        came = seeded(usual(random_transform), picture(3, 5, 7, dtype=dtype), seed)
        assert came.min() >= 0, f"of numbers between 0 and 1 it made {came.min()}"
        assert came.max() <= 1, f"of numbers between 0 and 1 it made {came.max()}"


@pytest.mark.claim("5.3.1")
def test_pictures_vary_from_call_to_call(random_transform):
    for dtype in kinds(random_transform):
        function, image = usual(random_transform), picture(3, 5, 7, dtype=dtype)
        with randomness():
            came = {tuple(function(image).flatten().tolist()) for _ in range(30)}
        assert len(came) > 1, "30 calls made one and the same picture"


@pytest.mark.claim("5.3.4")
def test_the_image_is_left_as_it_was(transform):
    for shape, dtype, seed in itertools.product(ONE_OR_MORE, dtypes_of(transform), SEEDS):
        image = picture(*shape, dtype=dtype)
        seeded(usual(transform), image, seed)
        assert torch.equal(image, picture(*shape, dtype=dtype)), "it was written into"


def assert_same_picture(sentence: str, came: Tensor, right: Tensor) -> None:
    """Up to rounding; whole numbers may be one off where they were rounded."""
    __tracebackhide__ = True
    assert came.dtype == right.dtype, f"{sentence}: {came.dtype}, not {right.dtype}"
    if came.dtype.is_floating_point:
        assert_close(sentence, came, right.double())
    else:
        off = (came.int() - right.int()).abs()
        assert off.max() <= 1, f"{sentence}: came {came.tolist()}, should be {right.tolist()}"


@pytest.mark.claim("5.3.4")
def test_the_images_of_a_batch_share_one_draw(transform):
    function = usual(transform)
    for shape, dtype, seed in itertools.product(BATCHES, dtypes_of(transform), SEEDS):
        image = picture(*shape[-3:], dtype=dtype)
        first, *others = seeded(function, image.expand(shape).clone(), seed).flatten(0, -4)
        for other in others:
            assert_same_picture(f"shape {shape}: one of equal images", other, first)


@pytest.mark.claim("5.3.4")
def test_the_images_of_a_batch_do_not_see_each_other(transform):
    function = usual(transform)
    for shape, dtype, seed in itertools.product(BATCHES, dtypes_of(transform), SEEDS):
        images = picture(*shape, dtype=dtype)
        came = seeded(function, images, seed).flatten(0, -4)
        for i in (0, -1):
            copies = images.flatten(0, -4)[i].expand(shape).clone()
            equal = seeded(function, copies, seed).flatten(0, -4)
            assert_same_picture(f"shape {shape}: image {i} among others", came[i], equal[i])


@pytest.mark.claim("5.3.4")
def test_in_a_batch_of_65539_the_last_image_is_treated_as_the_first(transform):
    function = usual(transform, size=(3, 2))
    for shape, seed in itertools.product(inside([(65_539, 3, 3, 2)]), range(2)):
        image = picture(3, 3, 2, dtype=kind(transform))
        came = seeded(function, image.expand(shape).clone(), seed)
        assert_same_picture("equal images", came[-9:], came[:1].expand_as(came[-9:]))


@pytest.mark.claim("5.3.4")
def test_in_a_batch_of_any_size_an_image_is_treated_as_among_few(transform):
    sizes = inside([(count, 3, 5, 7) for count in (9, 17, 33, 67, 131, 1031)])
    for shape, seed in itertools.product(sizes, SEEDS):
        function, images = usual(transform), picture(*shape, dtype=kind(transform))
        few = seeded(function, images[:2].clone(), seed)
        assert_same_picture(f"of {len(images)} images", seeded(function, images, seed)[:2], few)
        few = seeded(function, images[-2:].clone(), seed)
        assert_same_picture(f"of {len(images)} images", seeded(function, images, seed)[-2:], few)


@pytest.mark.claim("5.3.4")
def test_where_a_pixel_goes_does_not_depend_on_the_numbers_in_it(geometric_transform):
    shapes = inside([(3, 5, 7), (67, 5, 7), (2, 3, 5, 7), (11, 3, 5, 7)])
    dtypes = kinds(geometric_transform, (*FLOATS, torch.uint8, torch.int32, torch.int64))
    for shape, dtype, seed in itertools.product(shapes, dtypes, SEEDS):
        function = usual(geometric_transform)
        came_from = seeded(function, numbered(*shape, dtype=kind(geometric_transform)), seed).long()
        for words, pixels in pixels_of(shape, dtype):
            came = seeded(function, pixels, seed).double()
            known = pixels.double().flatten()[came_from.clamp(min=1) - 1]
            assert_close(f"{words}, {dtype}", came, known.where(came_from > 0, 0))


def pixels_of(shape: tuple[int, ...], dtype: torch.dtype) -> Iterator[tuple[str, Tensor]]:
    """Numbers such as images need not have, but may: normalized ones, and far larger ones."""
    if dtype == torch.uint8:
        yield "whole numbers", picture(*shape, dtype=dtype)
        return
    for words, limit in (("of both signs", 6), ("in thousands", 5000), ("all below 0", -100)):
        numbers = grid(*shape, limit=abs(limit))
        numbers = numbers - abs(limit) if limit < 0 else numbers
        yield words, numbers.to(dtype) if dtype.is_floating_point else numbers.round().to(dtype)


@pytest.mark.claim("5.3.4")
def test_the_seed_of_torch_decides(random_transform):
    needs_torch_randomness()
    function, sequences = usual(random_transform), []
    image = picture(3, 5, 7, dtype=kind(random_transform))
    for seed in (0, 1, 0):
        with randomness(seed):
            sequences.append(torch.stack([function(image) for _ in range(24)]))
    assert torch.equal(sequences[0], sequences[2]), "one seed, two sequences of pictures"
    assert not torch.equal(sequences[0], sequences[1]), "two seeds, one sequence of pictures"


@pytest.mark.claim("5.3.4")
def test_to_be_made_a_transform_draws_and_seeds_nothing(transform):
    usual(transform)  # what it takes is found out by calls, and once
    with randomness():
        torch.rand(3)  # so that setting the seed, too, would be a change
        before, others = torch.get_rng_state(), other_randomness()
        usual(transform)
        assert torch.equal(torch.get_rng_state(), before), (
            "the state of random numbers changed: some were drawn, or a seed set"
        )
        assert other_randomness() == others, "other random numbers were drawn, or a seed was set"


@pytest.mark.claim("5.3.4")
def test_no_seed_is_set_and_no_other_randomness_touched(transform):
    needs_torch_randomness()
    function = usual(transform)
    with randomness():
        before = other_randomness()
        for call in range(4):
            function(picture(3, 5, 7, dtype=kind(transform)))
            assert other_randomness() == before, (
                f"call {call} drew other random numbers than torch's, or set a seed"
            )
    assert torch.get_default_dtype() == torch.float32, "the default dtype is another one"


@pytest.mark.claim("5.3.4")
def test_the_place_in_memory_changes_nothing(transform):
    function, some = usual(transform), {kind(transform), dtypes_of(transform)[-1]}
    for dtype, shape, seed in itertools.product(some, inside(LAID_OUT_SHAPES), SEEDS):
        image = picture(*shape, dtype=dtype)
        right = seeded(function, image, seed)
        for name, layout in VIEWS.items():
            assert_same_picture(f"{name}, {shape}", seeded(function, layout(image), seed), right)


def repeated(image: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Images of that shape whose numbers lie in memory once, and are used more than once."""
    for dim in range(image.ndim):
        yield f"dimension {dim} expanded", image.narrow(dim, 0, 1).expand_as(image)
    row = image.flatten()
    yield "one number", row[0].expand_as(image)
    yield "rows that overlap", row.as_strided(image.shape, [1] * image.ndim)


@pytest.mark.claim("5.3.4")
def test_numbers_that_lie_in_memory_once_and_are_used_often_change_nothing(transform):
    function, some = usual(transform), (kind(transform), dtypes_of(transform)[-1])
    for shape, seed in itertools.product(inside(LAID_OUT_SHAPES), SEEDS):
        for name, image in repeated(picture(*shape, dtype=some[seed % 2])):
            right = seeded(function, layouts.copy(image), seed)
            assert_same_picture(f"{name}, {shape}", seeded(function, image, seed), right)


@pytest.mark.claim("5.3.4")
def test_nothing_is_remembered_from_earlier_calls(transform):
    some = itertools.product(inside([(2, 3, 5, 7), (3, 6, 8), (3, 5, 7)]), dtypes_of(transform))
    images = [picture(*shape, dtype=dtype) for shape, dtype in some]
    for seed, order in itertools.product(SEEDS, (images, images[::-1])):
        function = usual(transform)
        for image in [*order, *reversed(order)]:
            right = seeded(usual(transform), image, seed)
            sentence = f"after others, an image of {image.dtype} and shape {tuple(image.shape)}"
            assert_same_picture(sentence, seeded(function, image, seed), right)


@pytest.mark.claim("5.3.4")
def test_an_image_that_is_written_over_is_another_image(transform):
    function = usual(transform)
    for dtype in dtypes_of(transform):
        place = picture(3, 5, 7, dtype=dtype)  # as a loader has one for all its images
        for image in (place.clone(), place.flip(-1), place.flip(-2)):
            place.data.copy_(image)  # not even the version of the tensor tells of it
            right = seeded(usual(transform), image, 3)
            assert_same_picture(f"{dtype}, written over", seeded(function, place, 3), right)


@pytest.mark.claim("5.3.4")
def test_a_copy_does_as_the_original(transform):
    function = usual(transform)
    for dtype, seed in itertools.product(dtypes_of(transform), SEEDS):
        image = picture(3, 5, 7, dtype=dtype)
        right = seeded(function, image, seed)
        assert_same_picture("by a copy", seeded(copy.deepcopy(function), image, seed), right)


@pytest.mark.claim("5.3.4")
def test_to_evaluate_or_to_train_makes_no_difference(transform):
    function, image = usual(transform), picture(3, 5, 7, dtype=kind(transform))
    right = [seeded(function, image, seed) for seed in SEEDS]
    for mode in ("eval", "train"):
        getattr(function, mode, lambda: None)()  # what is no torch.nn.Module has no modes
        for seed in SEEDS:
            assert_same_picture(f"after .{mode}()", seeded(function, image, seed), right[seed])


@pytest.mark.claim("5.3.4")
def test_the_default_dtype_changes_nothing(transform):
    for dtype, _ in itertools.product(dtypes_of(transform), range(8)):
        torch.set_default_dtype(torch.float64)
        try:
            came = usual(transform)(picture(3, 5, 7, dtype=dtype))
        finally:
            torch.set_default_dtype(torch.float32)
        assert came.dtype == dtype, f"of {dtype} it made {came.dtype}"


@pytest.mark.claim("5.3.4")
def test_gradients_flow_back_to_the_image(geometric_transform):
    kinds(geometric_transform, FLOATS)
    # Colours that change are cut off; all others move on a straight line, with any one draw.
    for shape, seed in itertools.product(inside([(3, 5, 7), (2, 3, 5, 7)]), SEEDS):
        function, image = usual(geometric_transform), picture(*shape)
        cotangent = grid(*function(image).shape, limit=2)
        rise = seeded(function, image, seed) - seeded(function, 0 * image, seed)
        came = pull_on_pixels(lambda x, f=function, s=seed: seeded(f, x, s), image, cotangent)
        sentence = "a straight line rises by its slope times the way"
        assert_close(sentence, (came * image).sum(), (cotangent * rise).sum())


@pytest.mark.claim("5.3.4")
def test_a_gradient_that_comes_in_may_lie_anyhow_in_memory(geometric_transform):
    kinds(geometric_transform, FLOATS)
    for shape, seed in itertools.product(inside(LAID_OUT_SHAPES), SEEDS):
        function, image = usual(geometric_transform), picture(*shape)
        getattr(function, ("train", "eval")[seed % 2], lambda: None)()
        drawn = functools.partial(seeded, function, seed=seed)
        cotangent = grid(*function(image).shape, limit=2)
        for name, layout in LAYOUTS.items():
            incoming = layout(cotangent)
            right = pull_on_pixels(drawn, image, layouts.copy(incoming))
            assert_close(f"{name}, {shape}", gradient_of(drawn, image, incoming), right.double())


@pytest.mark.claim("5.3.4")
def test_asking_for_gradients_changes_no_value(transform):
    kinds(transform, FLOATS)
    function, image = usual(transform), picture(3, 5, 7).requires_grad_()
    with feature("gradients"):  # which torchvision's newer ColorJitter has none of
        function(image)
    for seed in SEEDS:
        right, came = (seeded(function, x, seed) for x in (image.detach(), image))
        assert_same_picture("while gradients are recorded", came.detach(), right)
        with torch.no_grad():
            assert_same_picture("under no_grad", seeded(function, image, seed), right)


# How several inputs are handed over, and what comes back in the same form.
FORMS = {
    "one after the other": lambda image, other: (image, other),
    "in a tuple": lambda image, other: ((image, other),),
    "in a list": lambda image, other: ([image, other],),
    "in a dictionary": lambda image, other: ({"image": image, "label": other},),
    "in a list inside a dictionary": lambda image, other: ({"first": [image], "then": [other]},),
}


def labels(transform) -> list[object]:
    """Numbers, words, and tensors small and large, of kinds that are not refused."""
    refuses_all = transform.name != "Normalize" and not takes(transform, torch.uint8)
    whole = [] if refuses_all else [torch.tensor(3), grid(2, 5, 7) > 0]
    return [3, "cat", exact([1, 0, 0.5]), grid(3, 5, 7), *whole]


def flat(parts: object) -> list[object]:
    """What is in tuples, lists and dictionaries, in its order."""
    if isinstance(parts, dict | list | tuple):
        inner = parts.values() if isinstance(parts, dict) else parts
        return [one for part in inner for one in flat(part)]
    return [parts]


def structure(parts: object) -> object:
    """Which lists, tuples and dictionaries there are, and of how many parts, under which names."""
    if isinstance(parts, dict):
        return {name: structure(part) for name, part in parts.items()}
    if isinstance(parts, list | tuple):
        return [type(parts).__name__, *map(structure, parts)]
    return "one input"


def needs_form(transform, form: Callable[[Tensor], tuple[object, ...]]) -> None:
    """End the claim as not provided where inputs cannot be handed over in that form."""
    function, image = usual(transform), picture(3, 5, 7, dtype=kind(transform))
    asked = lambda x: len(flat(function(*form(x))))  # noqa: E731
    taken = outcome(lambda: [seeded(asked, image, seed) for seed in range(32)])
    if isinstance(taken, Exception):
        raise NotProvided("not provided: images of this dtype or form")


@pytest.mark.claim("5.3.1", "5.3.4")
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_beside_an_image_a_label_stays_as_it_is(transform, form):
    # Of several plain tensors the first is the image: so torchvision documents it.
    needs_form(transform, lambda x: form(x, 3))
    function, image = usual(transform), picture(3, 5, 7, dtype=kind(transform))
    for label, seed in itertools.product(labels(transform), SEEDS):
        right = seeded(function, image, seed)
        came = seeded(lambda x, y=label: function(*form(x, y)), image, seed)
        first, other = flat(came)
        assert_same_picture("the image", first, right)
        assert str(other) == str(label), f"the label should stay {label}, came {other}"


ALONE_OR_BEHIND = {
    "alone in a tuple": lambda image: ((image,),),
    "alone in a list": lambda image: ([image],),
    "alone in a dictionary": lambda image: ({"image": image},),
    "behind a word": lambda image: ("cat", image),
    "behind a number in a list": lambda image: ([3, image],),
    "behind a number in a dictionary": lambda image: ({"label": 3, "image": image},),
    "in a tuple inside a dictionary": lambda image: ({"names": ("a", "b"), "both": (image, 3)},),
}


@pytest.mark.claim("5.3.1", "5.3.4")
@pytest.mark.parametrize("form", ALONE_OR_BEHIND.values(), ids=ALONE_OR_BEHIND)
def test_what_comes_has_the_form_of_what_was_given(transform, form):
    needs_form(transform, form)
    function, image = usual(transform), picture(3, 5, 7, dtype=kind(transform))
    given = form(image)
    for seed in SEEDS:
        right, came = (seeded(f, image, seed) for f in (function, lambda x: function(*form(x))))
        came = came if len(given) == 1 else tuple(came)
        form_given = structure(given[0] if len(given) == 1 else given)
        assert structure(came) == form_given, f"of {form_given} it made {structure(came)}"
        for one, before in zip(flat(came), flat(given), strict=True):
            if before is image:
                assert_same_picture("the image", one, right)
            else:
                assert one == before, f"{before} became {one}"
