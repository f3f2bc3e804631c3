"""What every initializer owes its caller: it writes into a tensor, and does nothing else.

The first part is exact. The second part is about chance: where it comes from, and that numbers
have the distribution that was asked for, wherever they lie, and nothing to do with each other.
The options of each initializer have claims of their own; here they are left as they are.
"""

import itertools
import math
import random
import warnings

import numpy as np
import pytest
import torch
from torch import Tensor

from sums_to_one.tests.common.inputs import DTYPES, LAID_OUT, VIEWS, grid
from sums_to_one.tests.common.options import option
from sums_to_one.tests.common.statistical import (
    MANY,
    assert_mean,
    assert_shape,
    assert_std,
    assert_tails,
    assert_unrelated,
    drawn,
    lengths_of,
    means_of,
    normal_scores,
    randomness,
    uniform_scores,
)

WEIGHTS = ((1, 1), (3, 5), (1, 7), (7, 1), (2, 3, 5), (3, 2, 1, 5), (2, 1, 3, 1, 2), (17, 67))
# Outputs, inputs and the sizes of a kernel, none of which may be taken for another.
KERNELS = (
    *((1, 300), (300, 1), (7, 11), (9, 9)),
    *((2, 3, 50), (11, 2, 3), (2, 11, 3), (5, 5, 5), (1, 12, 1)),
    *((3, 2, 1, 50), (3, 5, 7, 2), (13, 3, 2, 5), (2, 13, 5, 3), (4, 4, 4, 4)),
    *((2, 3, 5, 7, 4), (7, 2, 3, 1, 5), (5, 11, 1, 2, 3), (3, 3, 3, 3, 3)),
)
KINDS = [*((shape, torch.float32) for shape in WEIGHTS), *(((3, 5), dtype) for dtype in DTYPES)]
GAINS = [{"gain": 0.5}, {"gain": 5 / 3}]
KAIMING = [
    {"mode": mode, "nonlinearity": nonlinearity, "a": a}
    for mode in ("fan_in", "fan_out")
    for nonlinearity in ("leaky_relu", "relu", "tanh", "linear", "sigmoid", "selu", "conv2d")
    for a in (0, 0.2)
]
OPTIONS = {
    "normal_": [{"mean": 3, "std": 2}, {"mean": -1}, {"std": 0.5}],
    "uniform_": [{"a": -2, "b": 5}, {"a": -1}, {"b": 2}],
    "xavier_uniform_": GAINS,
    "xavier_normal_": GAINS,
    "kaiming_uniform_": KAIMING,
    "kaiming_normal_": KAIMING,
}
MATRIX = (509, 1031)  # 524,779 numbers: just above MANY, with fans that differ


def unwritten(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.full(shape, torch.nan, dtype=dtype)


def storage(x: Tensor) -> Tensor:
    """All numbers in the memory of which x is a view."""
    return torch.empty(0, dtype=x.dtype).set_(x.untyped_storage())


def several(
    initializer,
    shape: tuple[int, ...],
    dtype: torch.dtype,
    further: int = 0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """What four calls draw, from torch's randomness or from a generator."""
    options = {} if generator is None else {"generator": generator}
    with randomness(further):
        each = [initializer(unwritten(*shape, dtype=dtype), **options) for _ in range(4)]
    return torch.stack([w.clone() for w in each])


def scores_of(initializer, x: Tensor) -> Tensor:
    """Tensors that the initializer drew without options, made standard normal if it did right."""
    fan_out, fan_in = x.shape[1] * math.prod(x.shape[3:]), math.prod(x.shape[2:])
    kind, _, law = initializer.name.rstrip("_").rpartition("_")
    std = {"": 1.0, "xavier": (2 / (fan_in + fan_out)) ** 0.5, "kaiming": (2 / fan_in) ** 0.5}[kind]
    if law == "normal":
        return normal_scores(x, 0, std)
    low, high = (-(3**0.5) * std, 3**0.5 * std) if kind else (0, 1)
    return uniform_scores(x, low, high)


@pytest.mark.claim("2.0.3")
def test_the_tensor_that_was_given_comes_back(initializer):
    for shape in WEIGHTS:
        w = unwritten(*shape)
        assert initializer(w) is w, f"of shape {shape} another one came back"


@pytest.mark.claim("2.0.3")
def test_every_element_is_written(initializer):
    for shape in itertools.chain(WEIGHTS, KERNELS, itertools.product((1, 2, 3, 8, 17), repeat=2)):
        w = unwritten(*shape)
        initializer(w)
        assert not w.isnan().any(), f"NaN is left: {w.tolist()}"


@pytest.mark.claim("2.0.3")
def test_every_element_of_a_large_tensor_is_written(initializer):
    for shape in [(509, 257), (100_003, 1), (1, 70_001), (67, 61, 5, 7)]:
        w = unwritten(*shape)
        initializer(w)
        assert not w.isnan().any(), f"shape {shape}: of {w.numel()} {w.isnan().sum()} are left"


@pytest.mark.claim("2.0.3")
def test_fewer_dimensions_are_written_too(any_shape_initializer):
    for shape in [(), (1,), (7,), (1025,)]:
        w = unwritten(*shape)
        assert any_shape_initializer(w) is w, f"of shape {shape} another one came back"
        assert not w.isnan().any(), f"NaN is left: {w.tolist()}"


@pytest.mark.claim("2.0.3")
def test_an_empty_tensor_comes_back_empty(any_shape_initializer):
    for shape in [(0,), (3, 0), (0, 3, 5)]:
        w = torch.empty(shape)
        assert any_shape_initializer(w) is w, f"of shape {shape} another one came back"
        assert w.shape == shape


@pytest.mark.claim("2.0.3")
def test_in_a_view_every_element_is_written_and_nothing_beside_it(initializer):
    for (name, layout), shape, dtype in itertools.product(VIEWS.items(), LAID_OUT[1:], DTYPES):
        w = layout(grid(*shape).to(dtype))
        memory = storage(w)
        places = torch.arange(len(memory)).as_strided(w.shape, w.stride(), w.storage_offset())
        memory[places] = torch.nan
        before = memory.clone()
        initializer(w)
        what = f"{dtype}, shape {shape}, {name}"
        assert not memory[places].isnan().any(), f"{what}: NaN is left"
        changed = (memory != before) & ~before.isnan()
        assert not changed.any(), f"{what}: beside it now {memory[changed].tolist()}"


@pytest.mark.claim("2.0.3")
def test_nothing_about_the_tensor_changes_but_its_numbers(initializer):
    for dtype in DTYPES:
        for w in (unwritten(3, 5, dtype=dtype), unwritten(5, 3, dtype=dtype).T):
            before = (w.dtype, w.shape, w.stride(), w.data_ptr(), w.device, w.requires_grad)
            initializer(w)
            after = (w.dtype, w.shape, w.stride(), w.data_ptr(), w.device, w.requires_grad)
            assert after == before


@pytest.mark.claim("2.0.3")
def test_whoever_shares_the_memory_sees_the_new_numbers(initializer):
    w = unwritten(3, 5)
    same, row = w.view(-1), w[1]
    initializer(w)
    assert torch.equal(same, w.flatten()), f"a view of it still has {same.tolist()}"
    assert torch.equal(row, w[1]), f"a row of it still has {row.tolist()}"


@pytest.mark.claim("2.0.4")
def test_a_parameter_stays_a_leaf_and_keeps_its_gradient(initializer):
    for dtype in DTYPES:
        w = torch.nn.Parameter(unwritten(3, 5, dtype=dtype))
        gradient = w.grad = torch.ones(3, 5, dtype=dtype)
        assert initializer(w) is w
        assert (w.is_leaf, w.requires_grad, w.grad_fn) == (True, True, None)
        assert w.grad is gradient, "its .grad is another one now"
        assert w.grad.eq(1).all(), f"its .grad is {w.grad.tolist()}"


@pytest.mark.claim("2.0.4")
def test_what_is_computed_from_it_has_the_usual_gradient(initializer):
    w = torch.nn.Parameter(unwritten(3, 5))
    (initializer(w) * 3).sum().backward()
    assert w.grad.eq(3).all(), f"the gradient of sum(3 w) is {w.grad.tolist()}"


@pytest.mark.claim("2.0.4")
def test_a_part_of_a_parameter_can_be_written_alone(initializer):
    w = torch.nn.Parameter(torch.full((5, 3), 7.0))
    initializer(w[2:])  # as one does with the gates of an LSTM
    assert (w.is_leaf, w.requires_grad, w.grad_fn) == (True, True, None)
    assert w[:2].eq(7).all(), f"the other part was written to: {w[:2].tolist()}"
    assert not w[2:].eq(7).any(), f"left as they were: {w[2:].tolist()}"


@pytest.mark.claim("2.0.4")
def test_whether_gradients_are_recorded_stays_as_it_was(initializer):
    for enabled in (True, False):
        with torch.set_grad_enabled(enabled):
            initializer(torch.nn.Parameter(unwritten(3, 5)))
            assert torch.is_grad_enabled() == enabled


@pytest.mark.claim("2.0.5")
def test_what_was_there_before_makes_no_difference(initializer):
    for old in [0.0, -0.0, 1e-40, 1e30, torch.inf, -torch.inf, torch.nan]:
        w, other = torch.full((3, 5), old), torch.ones(3, 5)
        for target in (w, other):
            with randomness():
                initializer(target)
        assert torch.equal(w, other), f"over {old}: {w.tolist()}\nover 1: {other.tolist()}"


@pytest.mark.claim("2.0.5")
def test_the_state_of_python_numpy_and_torch_is_left_as_it_was(initializer):
    def state():
        numpys = np.random.get_state()  # noqa: NPY002 - it is the old one that all share
        return (random.getstate(), numpys[1].tolist(), numpys[2], torch.initial_seed())

    before = state()
    for dtype in DTYPES:
        initializer(unwritten(3, 5, dtype=dtype))
        assert state() == before, "random numbers were drawn elsewhere, or a seed was set"
        assert torch.get_default_dtype() == torch.float32, "the default dtype is another one"


@pytest.mark.claim("2.0.6")
def test_a_constant_needs_no_randomness(constant_initializer):
    before = torch.get_rng_state()
    for dtype in DTYPES:
        constant_initializer(unwritten(3, 5, dtype=dtype))
    assert torch.equal(before, torch.get_rng_state()), "random numbers were drawn, or seeded"


# Chance


@pytest.mark.claim("2.0.6")
def test_the_same_seed_gives_the_same_weights(random_initializer):
    for shape, dtype in KINDS:
        one, same, other = (several(random_initializer, shape, dtype, k) for k in (0, 0, 1))
        assert torch.equal(one, same), f"{dtype} of shape {shape}: the seed does not decide"
        assert not torch.equal(one, other), f"{dtype} of shape {shape}: no seed changes it"


@pytest.mark.claim("2.0.6")
def test_a_generator_is_all_that_decides(random_initializer):
    option(random_initializer, "generator")
    for shape, dtype in KINDS:
        # The same generator and another seed; then another generator and the same seed.
        seeds = [(20, 0), (20, 1), (21, 1)]
        one, same, other = (
            several(random_initializer, shape, dtype, further, torch.Generator().manual_seed(seed))
            for seed, further in seeds
        )
        assert torch.equal(one, same), f"{dtype} of shape {shape}: the generator does not decide"
        assert not torch.equal(one, other), f"{dtype} of shape {shape}: no generator changes it"


@pytest.mark.claim("2.0.6")
def test_the_next_call_gives_other_weights(random_initializer):
    for shape in WEIGHTS:
        drawn = several(random_initializer, shape, torch.float32)
        assert len(drawn.unique(dim=0)) == len(drawn), f"twice the same in {drawn.tolist()}"


@pytest.mark.claim("2.0.6")
def test_a_generator_decides_wherever_the_numbers_lie(random_initializer):
    option(random_initializer, "generator")
    before = torch.get_rng_state()
    for name, layout in VIEWS.items():
        each = [layout(unwritten(3, 5)) for _ in range(3)]
        for w, seed in zip(each, (20, 20, 21), strict=True):
            random_initializer(w, generator=torch.Generator().manual_seed(seed))
        assert torch.equal(each[0], each[1]), f"{name}: the generator does not decide"
        assert not torch.equal(each[0], each[2]), f"{name}: no generator changes it"
        assert torch.equal(before, torch.get_rng_state()), f"{name}: torch's state moved"


@pytest.mark.claim("2.0.3", "2.0.4", "2.0.6")
def test_options_change_the_distribution_and_nothing_else(random_initializer):
    function, before = random_initializer, torch.get_rng_state()
    for options in OPTIONS[random_initializer.name]:
        option(function, *options, "generator")
        each = [torch.nn.Parameter(unwritten(3, 5)) for _ in range(3)]
        for w, seed in zip(each, (20, 20, 21), strict=True):
            came = function(w, generator=torch.Generator().manual_seed(seed), **options)
            assert came is w, f"with {options} another tensor came back"
            assert (w.is_leaf, w.requires_grad, w.grad_fn) == (True, True, None)
            assert not w.isnan().any(), f"with {options} NaN is left: {w.tolist()}"
        assert torch.equal(each[0], each[1]), f"with {options} the generator does not decide"
        assert not torch.equal(each[0], each[2]), f"with {options} no generator changes it"
        assert torch.equal(before, torch.get_rng_state()), f"with {options} torch's state moved"


@pytest.mark.claim("2.0.6")
def test_no_generator_is_torchs_own_randomness(random_initializer):
    option(random_initializer, "generator")
    one, same = drawn(random_initializer, 3, 5), drawn(random_initializer, 3, 5, generator=None)
    assert torch.equal(one, same), f"without {one.tolist()}, with None {same.tolist()}"


@pytest.mark.claim("2.0.6")
def test_a_generator_moves_on_from_call_to_call(random_initializer):
    option(random_initializer, "generator")
    for shape in WEIGHTS:
        generator, again = torch.Generator().manual_seed(20), torch.Generator()
        drawn = several(random_initializer, shape, torch.float32, 0, generator)
        assert len(drawn.unique(dim=0)) == len(drawn), f"twice the same in {drawn.tolist()}"
        again.set_state(generator.get_state())
        one, same = (random_initializer(unwritten(*shape), generator=g) for g in (generator, again))
        assert torch.equal(one, same), f"from one state {one.tolist()} and {same.tolist()}"


@pytest.mark.claim("2.0.6")
def test_a_generator_leaves_the_other_randomness_alone(random_initializer):
    option(random_initializer, "generator")
    generator = torch.Generator().manual_seed(20)
    torch.rand(3)  # so that setting the seed, too, would be a change
    before = torch.get_rng_state()
    for shape, dtype in KINDS:
        random_initializer(unwritten(*shape, dtype=dtype), generator=generator)
        assert torch.equal(before, torch.get_rng_state()), f"torch's state moved, at {shape}"


@pytest.mark.claim("2.2.1", "2.3.1", "2.4.1")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_the_distribution_is_the_right_one(random_initializer, dtype):
    shape = MATRIX if dtype == torch.float32 else (300, 700)
    scores = scores_of(random_initializer, drawn(random_initializer, *shape, dtype=dtype))
    assert_mean("the numbers", scores.flatten())
    assert_std("the numbers", scores.flatten())
    assert_shape("the numbers", scores)


@pytest.mark.claim("2.2.1", "2.3.1", "2.4.1")
def test_large_numbers_are_as_rare_as_they_should_be(random_initializer):
    w = drawn(random_initializer, *MATRIX, count=4 * MANY)
    assert_tails("the numbers", scores_of(random_initializer, w))


@pytest.mark.claim("2.2.1", "2.3.1", "2.4.1")
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=["float16", "bfloat16"])
def test_fewer_digits_cost_only_rounding(random_initializer, dtype):
    w, eps = drawn(random_initializer, 300, 700, dtype=dtype), torch.finfo(dtype).eps
    scores = scores_of(random_initializer, w)
    assert_mean("the numbers", scores.flatten(), blur=2 * eps)
    assert_std("the numbers", scores.flatten(), blur=2 * eps)
    assert_shape("the numbers", scores, blur=eps)


@pytest.mark.claim("2.2.1", "2.3.1", "2.4.1")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_hardly_any_number_comes_twice(random_initializer, dtype):
    w = drawn(random_initializer, 67, 127, dtype=dtype)
    # With 24 random bits, two pairs of 8509 numbers are equal; the odds of 85 are below 1e-100.
    assert len(w.unique()) > 0.99 * w.numel(), f"{len(w.unique())} of {w.numel()} are different"


@pytest.mark.claim("2.2.1", "2.3.1", "2.4.1")
def test_small_tensors_have_the_same_distribution(random_initializer):
    for shape in [(1, 1), (3, 5), (1, 7), (2, 3, 5), (17, 67)]:
        count = 2048 if shape == (1, 1) else 3_000
        scores = scores_of(random_initializer, drawn(random_initializer, *shape, count=count))
        assert_mean(f"each element of shape {shape}, over many calls", scores.flatten(1).T)
        assert_std(f"each element of shape {shape}, over many calls", scores.flatten(1).T)
        assert_shape(f"all elements of shape {shape}, over many calls", scores)
        assert_std(f"means of shape {shape}, over many calls", means_of(scores.flatten(1)))
        assert_std(f"lengths of shape {shape}, over many calls", lengths_of(scores.flatten(1)))
        assert_unrelated(f"all elements of shape {shape}, over many calls", scores)


@pytest.mark.claim("2.2.1", "2.3.1", "2.4.1")
def test_the_place_in_memory_does_not_change_the_distribution(random_initializer):
    for (name, layout), shape in itertools.product(VIEWS.items(), [(131, 257), (29, 13, 7, 11)]):
        w, what = layout(unwritten(*shape)), f"{name}, shape {shape}"
        with randomness():
            random_initializer(w)
        scores = scores_of(random_initializer, w[None])
        assert_mean(what, scores.flatten())
        assert_std(what, scores.flatten())
        assert_shape(what, scores)
        assert_unrelated(what, scores)


@pytest.mark.claim("2.0.7")
def test_no_row_or_column_is_an_exception(random_initializer):
    for shape in [(257, 509), (31, 7, 11, 13), (17, 19, 5, 7, 11)]:
        scores = scores_of(random_initializer, drawn(random_initializer, *shape))[0]
        for dim in range(len(shape)):
            slices = scores.movedim(dim, 0).flatten(1)
            assert_mean(f"shape {shape}, each slice along dimension {dim}", slices)
            assert_std(f"shape {shape}, each slice along dimension {dim}", slices)
            # Nor are they more alike than chance makes them.
            assert_std(f"shape {shape}, their means, dimension {dim}", means_of(slices))
            assert_std(f"shape {shape}, their lengths, dimension {dim}", lengths_of(slices))


@pytest.mark.claim("2.0.7")
def test_numbers_have_nothing_to_do_with_those_further_on(random_initializer):
    for shape in [(300, 450), (64, 32, 8, 9)]:
        scores = scores_of(random_initializer, drawn(random_initializer, *shape))[0]
        assert_unrelated(f"shape {shape}, any places further on", scores)
        assert_unrelated(f"shape {shape}, along the columns", scores.transpose(0, 1))


@pytest.mark.claim("2.0.7")
def test_a_matrix_has_nothing_to_do_with_its_mirror_images(random_initializer):
    scores = scores_of(random_initializer, drawn(random_initializer, 512, 512))[0]
    row, column = torch.triu_indices(512, 512, offset=1)
    assert_unrelated("above the diagonal, and below", scores[row, column], scores.T[row, column])
    above, below = scores.chunk(2)
    assert_unrelated("the upper half, and the lower upside down", above, below.flip(0))
    left, right = scores.chunk(2, dim=1)
    assert_unrelated("the left half, and the right the other way round", left, right.flip(1))


@pytest.mark.claim("2.0.7")
def test_one_call_has_nothing_to_do_with_the_next(random_initializer):
    scores = scores_of(random_initializer, drawn(random_initializer, 300, 450, count=2 * 300 * 450))
    assert_unrelated("two calls", scores[0], scores[1])
    assert_unrelated("two calls, one of them backwards", scores[0], scores[1].flip(0, 1))


@pytest.mark.claim("2.0.7")
def test_one_generator_has_nothing_to_do_with_another(random_initializer):
    option(random_initializer, "generator")
    generators = (torch.Generator().manual_seed(seed) for seed in (20, 21))
    one, other = (drawn(random_initializer, 300, 450, generator=g) for g in generators)
    scores = scores_of(random_initializer, torch.cat([one, other]))
    assert_std("with a generator", scores.flatten())
    assert_shape("with a generator", scores)
    assert_unrelated("two generators", scores[0], scores[1])


# Fans


@pytest.mark.claim("2.3.1", "2.4.1")
def test_the_fans_count_every_position_of_the_kernel(fan_initializer):
    for shape in KERNELS:
        scores = scores_of(fan_initializer, drawn(fan_initializer, *shape, count=4_000))
        assert_mean(f"shape {shape}", scores.flatten())
        assert_std(f"shape {shape}", scores.flatten())


@pytest.mark.claim("2.3.1", "2.4.1")
def test_a_tensor_without_fans_is_refused(fan_initializer):
    for shape, dtype in itertools.product([(), (1,), (7,)], DTYPES):
        with pytest.raises(Exception):  # noqa: B017, PT011 - any kind of refusal will do
            fan_initializer(torch.full(shape, 7.0, dtype=dtype))
        assert torch.is_grad_enabled(), "gradients are no longer recorded"


@pytest.mark.claim("2.3.1", "2.4.1")
def test_a_layer_without_units_or_inputs_comes_back_empty(fan_initializer):
    for shape in [(0, 5), (5, 0), (0, 3, 2), (3, 0, 2)]:
        w = torch.empty(shape)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch's Kaiming warns that there is nothing to do
            assert fan_initializer(w) is w
