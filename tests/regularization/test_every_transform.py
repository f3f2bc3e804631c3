"""What every transform owes its caller, whatever it does to an image.

It makes one picture of one picture, of the same kind, and leaves the one it got as it was. The
images of a batch share one draw, and the draws are those of torch.
"""

import copy
import itertools
import random
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.gradients import gradient
from sums_to_one.tests.common.inputs import DTYPES, VIEWS, grid
from sums_to_one.tests.common.options import option
from sums_to_one.tests.common.statistical import randomness

# So that images of 5 x 7 pixels stay as large as they are.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "RandomHorizontalFlip": {"p": 0.5},
    "RandomCrop": {"size": (5, 7), "padding": 2},
    "RandomRotation": {"degrees": 180},
    "ColorJitter": {"brightness": 0.5, "contrast": 0.5, "saturation": 0.5, "hue": 0.25},
    "Normalize": {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)},
}
SHAPES = [(3, 5, 7), (2, 3, 5, 7), (3, 3, 5, 7), (2, 1, 3, 5, 7)]
FLOATS = (torch.float64, torch.float32)
SEEDS = range(4)  # enough for each random transform to do something, and to do nothing


def made(transform):
    """The transform with the arguments above."""
    arguments = ARGUMENTS[transform.name]
    option(transform, *arguments)
    return transform(**arguments)


def picture(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Numbers between 0 and 1, or whole ones up to 255."""
    numbers = grid(*shape, limit=0.5) + 0.5
    return numbers.to(dtype) if dtype.is_floating_point else (255 * numbers).round().to(dtype)


def dtypes_of(transform) -> tuple[torch.dtype, ...]:
    """Normalize takes no whole numbers: see `test_normalize.py`."""
    return DTYPES if transform.name == "Normalize" else (*FLOATS, torch.uint8)


def drawn(function, image: Tensor, seed: int) -> Tensor:
    """What becomes of the image with this draw."""
    with randomness(seed):
        return function(image)


def same(sentence: str, came: Tensor, expected: Tensor) -> None:
    """Up to rounding; whole numbers may be one off where they were rounded."""
    assert came.dtype == expected.dtype, f"{sentence}: {came.dtype}, not {expected.dtype}"
    if came.dtype.is_floating_point:
        return assert_close(sentence, came, expected.double())
    off = (came.int() - expected.int()).abs()
    assert off.max() <= 1, f"{sentence}: came {came.tolist()}, should be {expected.tolist()}"
    return None


@pytest.mark.claim("5.3.1")
def test_shape_and_dtype_are_kept(transform):
    for shape in SHAPES:
        for dtype in dtypes_of(transform):
            for seed in SEEDS:
                came = drawn(made(transform), picture(*shape, dtype=dtype), seed)
                assert (came.shape, came.dtype) == (shape, dtype)


@pytest.mark.claim("5.3.1")
def test_the_range_of_values_is_kept(transform):
    if transform.name == "Normalize":
        return  # whose purpose is another range
    for dtype in FLOATS:
        for seed in range(16):
            came = drawn(made(transform), picture(3, 5, 7, dtype=dtype), seed)
            assert came.min() >= 0, f"of numbers between 0 and 1 it made {came.min()}"
            assert came.max() <= 1, f"of numbers between 0 and 1 it made {came.max()}"


@pytest.mark.claim("5.3.1")
def test_pictures_vary_from_call_to_call(transform):
    for dtype in dtypes_of(transform):
        function, image = made(transform), picture(3, 5, 7, dtype=dtype)
        with randomness():
            came = {tuple(function(image).flatten().tolist()) for _ in range(30)}
        if transform.name == "Normalize":
            assert len(came) == 1, f"the same image became {len(came)} ones"
        else:
            assert len(came) > 1, "30 calls made one and the same picture"


@pytest.mark.claim("5.3.4")
def test_the_image_is_left_as_it_was(transform):
    for dtype in dtypes_of(transform):
        for seed in SEEDS:
            image = picture(2, 3, 5, 7, dtype=dtype)
            drawn(made(transform), image, seed)
            assert torch.equal(image, picture(2, 3, 5, 7, dtype=dtype)), "it was written into"


@pytest.mark.claim("5.3.4")
def test_the_images_of_a_batch_share_one_draw(transform):
    function = made(transform)
    for shape in SHAPES[1:]:
        for dtype in dtypes_of(transform):
            image = picture(*shape[-3:], dtype=dtype)
            for seed in SEEDS:
                came = drawn(function, image.expand(shape).clone(), seed)
                for other in came.flatten(0, -4):
                    same(f"shape {shape}: one of equal images", other, came.flatten(0, -4)[0])


@pytest.mark.claim("5.3.4")
def test_the_images_of_a_batch_do_not_see_each_other(transform):
    function = made(transform)
    for shape in SHAPES[1:]:
        for dtype in dtypes_of(transform):
            batch = picture(*shape, dtype=dtype)
            for seed in SEEDS:
                came = drawn(function, batch, seed).flatten(0, -4)
                for i in (0, -1):
                    image = batch.flatten(0, -4)[i]
                    equal = drawn(function, image.expand(shape).clone(), seed).flatten(0, -4)
                    same(f"shape {shape}: image {i} among others", came[i], equal[i])


@pytest.mark.claim("5.3.4")
def test_the_seed_of_torch_decides(transform):
    function, image = made(transform), picture(3, 5, 7)
    sequences = []
    for seed in (0, 1, 0):
        with randomness(seed):
            sequences.append(torch.stack([function(image) for _ in range(24)]))
    assert torch.equal(sequences[0], sequences[2]), "one seed, two sequences of pictures"
    if transform.name != "Normalize":
        assert not torch.equal(sequences[0], sequences[1]), "two seeds, one sequence of pictures"


@pytest.mark.claim("5.3.4")
def test_no_seed_is_set_and_no_other_randomness_touched(transform):
    def state():
        numpys = np.random.get_state()  # noqa: NPY002 - it is the old one that all share
        return (random.getstate(), numpys[1].tolist(), numpys[2], torch.initial_seed())

    with randomness():
        torch.rand(3)
        before, drawn_so_far = state(), torch.get_rng_state()
        function = made(transform)
        assert torch.equal(torch.get_rng_state(), drawn_so_far), "to be made, it drew or seeded"
        for seed in range(4):
            function(picture(3, 5, 7))
            assert state() == before, f"call {seed} drew random numbers elsewhere, or seeded"
    assert torch.get_default_dtype() == torch.float32, "the default dtype is another one"


@pytest.mark.claim("5.3.4")
def test_the_place_in_memory_changes_nothing(transform):
    function = made(transform)
    for dtype in (torch.float64, dtypes_of(transform)[-1]):
        for shape, seed in itertools.product(SHAPES[:2], SEEDS):
            image = picture(*shape, dtype=dtype)
            expected = drawn(function, image, seed)
            for name, layout in VIEWS.items():
                same(f"{name}, {shape}", drawn(function, layout(image), seed), expected)


@pytest.mark.claim("5.3.4")
def test_nothing_is_remembered_from_earlier_calls(transform):
    kinds = itertools.product([(2, 3, 5, 7), (3, 6, 8), (3, 5, 7)], dtypes_of(transform))
    before = [picture(*shape, dtype=dtype) for shape, dtype in kinds]
    for seed, order in itertools.product(SEEDS, (before, before[::-1])):
        function = made(transform)
        for image in [*order, *reversed(order)]:
            expected = drawn(made(transform), image, seed)
            sentence = f"after others, an image of {image.dtype} and shape {tuple(image.shape)}"
            same(sentence, drawn(function, image, seed), expected)
        same("by a copy", drawn(copy.deepcopy(function), image, seed), expected)


@pytest.mark.claim("5.3.4")
def test_to_evaluate_or_to_train_makes_no_difference(transform):
    function, image = made(transform), picture(3, 5, 7)
    expected = [drawn(function, image, seed) for seed in SEEDS]
    for mode in ("eval", "train"):
        getattr(function, mode, lambda: None)()  # what is no torch.nn.Module has no modes
        for seed in SEEDS:
            same(f"after .{mode}()", drawn(function, image, seed), expected[seed])


@pytest.mark.claim("5.3.4")
def test_the_default_dtype_changes_nothing(transform):
    for dtype in dtypes_of(transform):
        image = picture(3, 5, 7, dtype=dtype)
        try:
            torch.set_default_dtype(torch.float64)
            came = [made(transform)(image) for _ in range(8)]
        finally:
            torch.set_default_dtype(torch.float32)
        for one in came:
            assert one.dtype == dtype, f"of {dtype} it made {one.dtype}"


@pytest.mark.claim("5.3.4")
def test_gradients_find_the_way_back_to_the_image(transform):
    if transform.name == "ColorJitter":
        return  # torchvision's has none; all others are straight lines, with some draw
    for shape in SHAPES[:2]:
        for seed in SEEDS:
            function = made(transform)
            image, cotangent = picture(*shape), grid(*shape, limit=2)
            rise = drawn(function, image, seed) - drawn(function, 0 * image, seed)
            came = gradient(lambda x, f=function, s=seed: drawn(f, x, s), image, cotangent)
            sentence = "a straight line rises by its slope times the way"
            assert_close(sentence, (came * image).sum(), (cotangent * rise).sum())


@pytest.mark.claim("5.3.4")
def test_asking_for_gradients_changes_no_value(transform):
    if transform.name == "ColorJitter":
        return
    for seed in SEEDS:
        function, image = made(transform), picture(3, 5, 7)
        expected = drawn(function, image, seed)
        with_graph = drawn(function, picture(3, 5, 7).requires_grad_(), seed)
        with torch.no_grad():
            without = drawn(function, picture(3, 5, 7).requires_grad_(), seed)
        same("while gradients are recorded", with_graph.detach(), expected)
        same("under no_grad", without.detach(), expected)
