"""Random weights have the distribution that was asked for, and nothing to do with each other.

That holds wherever the numbers lie, and however few they are. All is judged without options, which
have claims of their own; where the randomness comes from, in `test_every_random_initializer.py`.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from sums_to_one.tests.common.component import Component
from sums_to_one.tests.common.here import generator
from sums_to_one.tests.common.inputs import DTYPES, VIEWS
from sums_to_one.tests.common.limits import Inside, inside
from sums_to_one.tests.common.statistical import (
    MANY,
    assert_mean,
    assert_shape,
    assert_std,
    assert_tails,
    assert_unrelated,
    different,
    lengths_of,
    means_of,
    randomness,
)
from sums_to_one.tests.initialization.laws import assert_standard, default_scores, scores_with
from sums_to_one.tests.initialization.weights import (
    KERNEL_SHAPES,
    MATRIX,
    PRECISE,
    SIXTEEN_BITS,
    asked,
    drawn,
    unwritten,
    usual,
)


@pytest.mark.claim("2.2.1", "2.3.1", "2.4.1")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_the_distribution_is_the_right_one(random_initializer, dtype):
    shape = MATRIX if dtype == usual() else (300, 700)
    w = drawn(random_initializer, *shape, dtype=dtype)
    assert_standard("the numbers", default_scores(random_initializer, w))


@pytest.mark.claim("2.2.1", "2.3.1", "2.4.1")
def test_large_numbers_are_as_rare_as_they_should_be(random_initializer):
    w = drawn(random_initializer, *MATRIX, count=4 * MANY)
    assert_tails("the numbers", default_scores(random_initializer, w))


@pytest.mark.claim("2.2.1", "2.3.1", "2.4.1")
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=["float16", "bfloat16"])
def test_lower_precision_costs_only_rounding(random_initializer, dtype):
    w, eps = drawn(random_initializer, 300, 700, dtype=dtype), torch.finfo(dtype).eps
    scores = default_scores(random_initializer, w)
    assert_standard("the numbers", scores, blur=2 * eps)
    assert_tails("the numbers", scores, blur=2 * eps)
    # A uniform number of as many steps as there are digits for is right, of fewer it is not.
    assert different(w) > 0.5 / eps, f"there are {different(w)} different numbers"


@pytest.mark.claim("2.3.1", "2.4.1")
def test_in_16_bits_a_fan_of_more_than_they_can_hold_counts_in_full(fan_initializer):
    for dtype in SIXTEEN_BITS:  # float16 ends at 65,504
        scores = default_scores(fan_initializer, drawn(fan_initializer, 3, 70_001, dtype=dtype))
        assert_standard(f"the numbers in {dtype}", scores, blur=2 * torch.finfo(dtype).eps)


@pytest.mark.claim("2.2.1", "2.3.1", "2.4.1")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_hardly_any_number_comes_twice(random_initializer, dtype):
    w = drawn(random_initializer, 67, 127, dtype=dtype)
    # With 24 random bits, two pairs of 8509 numbers are equal; the odds of 85 are below 1e-100.
    assert different(w) > 0.99 * w.numel(), f"{different(w)} of {w.numel()} are different"


OPTIONS: dict[str, dict[str, Any]] = {
    "normal_": {"mean": 0.5, "std": 0.25},
    "uniform_": {"a": -3, "b": -2},
    "xavier_uniform_": {"gain": 3},
    "xavier_normal_": {"gain": 3},
    "kaiming_uniform_": {"a": 2, "mode": "fan_out"},
    "kaiming_normal_": {"a": 2, "mode": "fan_out"},
}
SMALL_SHAPES = Inside(((1, 1), (3, 5), (1, 7), (2, 3, 5), (17, 67)))
LARGE_VIEWS = Inside(((131, 257), (29, 13, 7, 11)))
SLICED = Inside(((257, 509), (31, 7, 11, 13), (17, 19, 5, 7, 11)))


@pytest.mark.claim("2.2.1", "2.3.1", "2.4.1")
def test_small_tensors_have_the_same_distribution(random_initializer):
    for shape in SMALL_SHAPES:
        w = drawn(random_initializer, *shape, count=2048 if shape == (1, 1) else 3_000)
        scores = default_scores(random_initializer, w)
        assert_mean(f"each element of shape {shape}, over many calls", scores.flatten(1).T)
        assert_std(f"each element of shape {shape}, over many calls", scores.flatten(1).T)
        assert_shape(f"all elements of shape {shape}, over many calls", scores)


@pytest.mark.claim("2.2.1", "2.3.1", "2.4.1")
def test_elements_of_small_tensors_have_nothing_in_common(random_initializer):
    for shape in SMALL_SHAPES:
        w = drawn(random_initializer, *shape, count=2048 if shape == (1, 1) else 3_000)
        scores = default_scores(random_initializer, w)
        assert_std(f"means of shape {shape}, over many calls", means_of(scores.flatten(1)))
        assert_std(f"lengths of shape {shape}, over many calls", lengths_of(scores.flatten(1)))
        assert_unrelated(f"all elements of shape {shape}, over many calls", scores)


ROWS = Inside((1, n) for n in (*range(2, 34), 63, 65, 127, 129, 255, 257, 1023, 1025, 4097, 65_537))


@pytest.mark.claim("2.0.7")
def test_in_a_row_of_any_length_the_last_numbers_are_new_ones(random_initializer):
    for shape, dtype in itertools.product(ROWS, PRECISE):
        scores = default_scores(
            random_initializer, drawn(random_initializer, *shape, count=8 * shape[1], dtype=dtype)
        )
        last = scores.flatten(1)[:, -16:].abs().round(decimals=5)  # the opposite is not new either
        again = sum(different(row) < len(row) for row in last)
        # One call in 1400 has two so close by chance, and five of eight have with odds of 1e-14.
        assert again < 5, (
            f"shape {shape}, {dtype}: in {again} of 8 calls two of the last numbers are as far "
            f"from the middle, such as two of {last[0].tolist()}"
        )


@pytest.mark.claim("2.2.1", "2.3.1", "2.4.1")
def test_a_parameter_gets_the_same_distribution_as_any_tensor(random_initializer):
    for shape in LARGE_VIEWS:
        w = torch.nn.Parameter(unwritten(*shape))
        with randomness():
            random_initializer(w)
        scores = default_scores(random_initializer, w.detach()[None])
        assert_standard(f"shape {shape}", scores)


@pytest.mark.claim("2.2.1", "2.3.1", "2.4.1")
def test_the_place_in_memory_does_not_change_the_distribution(random_initializer):
    for (name, layout), shape in itertools.product(VIEWS.items(), LARGE_VIEWS):
        w, what = layout(unwritten(*shape)), f"{name}, shape {shape}"
        with randomness():
            random_initializer(w)
        scores = default_scores(random_initializer, w[None])
        assert_standard(what, scores)
        assert_unrelated(what, scores)


def slices_of(initializer: Component) -> Iterator[tuple[str, Tensor]]:
    """Scores in rows, one for each slice of a weight, along each of its dimensions in turn."""
    for shape in SLICED:
        scores = default_scores(initializer, drawn(initializer, *shape))[0]
        for dim in range(len(shape)):
            yield f"dimension {dim} of shape {shape}", scores.movedim(dim, 0).flatten(1)


@pytest.mark.claim("2.0.7")
def test_no_row_or_column_is_an_exception(random_initializer):
    for what, rows in slices_of(random_initializer):
        assert_mean(f"each slice along {what}", rows)
        assert_std(f"each slice along {what}", rows)


@pytest.mark.claim("2.0.7")
def test_rows_and_columns_are_no_more_alike_than_by_chance(random_initializer):
    for what, rows in slices_of(random_initializer):
        assert_std(f"the means of slices along {what}", means_of(rows))
        assert_std(f"the lengths of slices along {what}", lengths_of(rows))


@pytest.mark.claim("2.0.7")
def test_numbers_are_independent_of_those_further_on(random_initializer):
    for shape in inside([(300, 450), (64, 32, 8, 9)]):
        scores = default_scores(random_initializer, drawn(random_initializer, *shape))[0]
        assert_unrelated(f"shape {shape}, any places further on", scores)
        assert_unrelated(f"shape {shape}, along the columns", scores.transpose(0, 1))


# More than 2^19 or 2^20 numbers, which many draw in blocks, and more than 65,535 rows or columns.
LARGE_SHAPES = ((187_511, 7), (7, 75_011))
large_shapes = pytest.mark.parametrize("shape", LARGE_SHAPES, ids=["rows", "columns"])


@pytest.mark.claim("2.0.7")
@large_shapes
def test_no_part_of_a_large_weight_comes_again_in_another_place(random_initializer, shape):
    w = drawn(random_initializer, *shape)
    assert_unrelated("any places further on", default_scores(random_initializer, w))
    # With 24 random bits, 4 % of 1.3 million numbers are equal to another one.
    assert different(w) > 0.87 * w.numel(), f"{different(w)} of {w.numel()} are different"


@pytest.mark.claim("2.0.7")
@large_shapes
def test_the_ends_of_blocks_in_a_large_weight_are_numbers_like_all_others(
    random_initializer, shape
):
    scores = default_scores(random_initializer, drawn(random_initializer, *shape)).flatten()
    for size in (2**power for power in range(10, 19)):
        first = scores[::size]
        assert different(first) > len(first) / 2, f"one in {size} is equal: {first.tolist()}"
        last = scores[len(scores) // size * size - size :]  # a whole block, and what is left over
        assert_standard(f"the last {len(last)} numbers", last)


@pytest.mark.claim("2.0.7")
def test_a_matrix_is_independent_of_its_mirror_images(random_initializer):
    scores = default_scores(random_initializer, drawn(random_initializer, 512, 512))[0]
    row, column = torch.triu_indices(512, 512, offset=1)
    assert_unrelated("above the diagonal, and below", scores[row, column], scores.T[row, column])
    above, below = scores.chunk(2)
    assert_unrelated("the upper half, and the lower upside down", above, below.flip(0))
    left, right = scores.chunk(2, dim=1)
    assert_unrelated("the left half, and the right the other way round", left, right.flip(1))


@pytest.mark.claim("2.0.7")
def test_one_call_is_independent_of_the_next(random_initializer):
    w = drawn(random_initializer, 300, 450, count=2 * 300 * 450)
    scores = default_scores(random_initializer, w)
    assert_unrelated("two calls", scores[0], scores[1])
    assert_unrelated("two calls, one of them backwards", scores[0], scores[1].flip(0, 1))


@pytest.mark.claim("2.0.7")
def test_one_generator_is_independent_of_another(random_initializer):
    asked(random_initializer, generator=generator())
    generators = (generator(seed) for seed in (20, 21))
    one, other = (drawn(random_initializer, 300, 450, generator=g) for g in generators)
    scores = default_scores(random_initializer, torch.cat([one, other]))
    assert_std("with a generator", scores.flatten())
    assert_shape("with a generator", scores)
    assert_unrelated("two generators", scores[0], scores[1])


@pytest.mark.claim("2.3.1", "2.4.1")
def test_the_fans_count_every_position_of_the_kernel(fan_initializer):
    for shape in KERNEL_SHAPES:
        scores = default_scores(fan_initializer, drawn(fan_initializer, *shape, count=4_000))
        assert_mean(f"shape {shape}", scores.flatten())
        assert_std(f"shape {shape}", scores.flatten())


# Large enough for a per cent to be seen: few inputs or outputs, and kernels of few positions.
THIN = Inside(
    (
        *((180_001, 1), (90_001, 2), (60_013, 3), (1, 180_001), (2, 90_001), (3, 60_013)),
        *((60_013, 3, 1), (307, 293, 2), (419, 431, 1, 1), (15_013, 3, 2, 2), (139, 149, 3, 3)),
        *((3, 20_011, 3, 1), (83, 89, 3, 3, 3), (257, 241, 1, 1, 3)),
    )
)


@pytest.mark.claim("2.2.1", "2.3.1", "2.4.1")
def test_in_layers_of_any_proportions_the_spread_is_right(random_initializer):
    for shape in THIN:
        scores = default_scores(random_initializer, drawn(random_initializer, *shape)).flatten()
        assert_mean(f"shape {shape}", scores)
        assert_std(f"shape {shape}", scores)


@pytest.mark.claim("2.2.1", "2.3.1", "2.4.1")
def test_options_count_in_every_dtype_and_any_number_of_dimensions(random_initializer):
    options = OPTIONS[random_initializer.name]
    for dtype, shape in itertools.product(DTYPES, inside([(41, 101), (2, 48, 5), *SLICED])):
        w = drawn(random_initializer, *shape, count=20_000, dtype=dtype, **options)
        scores = scores_with(random_initializer, w, **options).flatten()
        blur = 6 * torch.finfo(dtype).eps if dtype.itemsize == 2 else 0.0
        assert_mean(f"{dtype} of shape {shape}, with {options}", scores, blur)
        assert_std(f"{dtype} of shape {shape}, with {options}", scores, blur)
