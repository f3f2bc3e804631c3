"""What every dropout owes its caller, whatever its units are: elements, or whole channels.

The first part is exact: an output is 0, or the input over 1 - p, and so is the gradient; and in
evaluation nothing happens. The second part is about chance: where it comes from, how often units
are dropped, and that the fate of one says nothing about any other.
"""

import copy
import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.gradients import gradient
from sums_to_one.tests.common.inputs import DTYPES, LAYOUTS, VIEWS, dtypes, grid
from sums_to_one.tests.common.options import feature, needs, option
from sums_to_one.tests.common.statistical import (
    assert_mean,
    assert_std,
    assert_unrelated,
    randomness,
    sizes,
)
from sums_to_one.tests.regularization.fates import (
    P,
    assert_dropped_or_scaled,
    assert_share,
    assert_slices_alike,
    count_scores,
    fate_scores,
    fates,
    image_shapes,
)
from sums_to_one.tests.regularization.seeds import other_randomness

IMAGES = ((1, 1, 1, 1), (2, 3, 5, 7), (3, 2, 1, 1), (1, 5, 3, 2), (5, 7, 2, 3), (11, 13, 1, 2))
LARGE = ((1, 1025, 1, 1), (4099, 1, 1, 1), (257, 67, 1, 1), (3, 5, 67, 131))
EMPTY = ((0, 3, 2, 2), (2, 0, 3, 3), (2, 3, 0, 2))
ALL_P = (0.0, *P, 1.0)
CELLS = (521, 509)  # samples and channels: primes, whose product is just above 2^18

below_1 = st.floats(0, 0.999) | st.sampled_from([0.1, 1 / 3, 0.5, 0.9, 0.99])


# The law


@pytest.mark.claim("5.2.2")
@given(below_1, image_shapes, dtypes)
def test_each_output_is_0_or_the_input_over_1_minus_p(dropout, p, shape, dtype):
    x = grid(*shape).to(dtype)
    with randomness():
        came = dropout(p)(x)
    assert came.dtype == dtype
    assert_dropped_or_scaled("the output", came, x, p)


@pytest.mark.claim("5.2.2")
def test_few_and_many_outputs_are_each_0_or_the_input_over_1_minus_p(dropout):
    for shape, dtype in itertools.product((*IMAGES, *LARGE, *EMPTY), DTYPES):
        x = grid(*shape).to(dtype)
        assert_dropped_or_scaled(f"{dtype}, shape {shape}", dropout(0.9)(x), x, 0.9)


@pytest.mark.claim("5.2.2")
def test_the_place_in_memory_changes_nothing(dropout):
    for (name, layout), shape, p in itertools.product(LAYOUTS.items(), IMAGES, P):
        x = layout(grid(*shape))
        assert_dropped_or_scaled(f"{name}, shape {shape}", dropout(p)(x), x, p)


@pytest.mark.claim("5.2.6")
def test_with_p_of_0_everything_is_kept(dropout):
    for shape, dtype in itertools.product((*IMAGES, *LARGE), DTYPES):
        x = grid(*shape).to(dtype)
        assert torch.equal(dropout(0.0)(x), x), f"{dtype}, shape {shape}: not as it was"
        cotangent = grid(*shape, limit=2).to(dtype)
        came = gradient(dropout(0), x, cotangent)
        assert torch.equal(came, cotangent), f"{dtype}, shape {shape}: nor is the gradient"


@pytest.mark.claim("5.2.6")
def test_with_p_of_1_nothing_is_kept(dropout):
    for shape, dtype in itertools.product((*IMAGES, *LARGE), DTYPES):
        x = grid(*shape).to(dtype)
        came = dropout(1.0)(x)
        assert came.eq(0).all(), f"{dtype}, shape {shape}: {came[came != 0][:5].tolist()} are left"
        came = gradient(dropout(1), x, torch.ones_like(x))
        assert came.eq(0).all(), f"{dtype}, shape {shape}: of the gradient {came[came != 0][:5]}"


@pytest.mark.claim("5.2.6")
@given(st.floats(max_value=0, exclude_max=True) | st.floats(min_value=1, exclude_min=True))
def test_what_is_no_probability_is_refused(dropout, p):
    with pytest.raises(ValueError):  # noqa: PT011 - the words are the author's
        dropout(p)
    with pytest.raises(ValueError):  # noqa: PT011 - as above
        dropout(p=p)


@pytest.mark.claim("5.2.1")
def test_unless_told_half_of_the_units_are_dropped(dropout):
    x = grid(2, 3, 5, 7)
    assert_dropped_or_scaled("the output", dropout()(x), x, 0.5)
    with randomness():
        dropped = fates(dropout, dropout(), *CELLS)
    assert_share("units", dropped, 0.5)


@pytest.mark.claim("5.2.3")
def test_in_evaluation_the_input_comes_as_it_is(dropout):
    for shape, dtype, p in itertools.product((*IMAGES, *EMPTY), DTYPES, ALL_P):
        x, cotangent = grid(*shape).to(dtype), grid(*shape, limit=2).to(dtype)
        layer = dropout(p)
        layer.eval()
        assert torch.equal(layer(x), x), f"{dtype}, p = {p}: {layer(x)} of {x}"
        came = gradient(layer, x, cotangent)
        assert torch.equal(came, cotangent), f"{dtype}, p = {p}: the gradient is {came}"


@pytest.mark.claim("5.2.3")
def test_in_evaluation_not_even_infinity_or_nan_changes(dropout):
    for dtype, p in itertools.product(DTYPES, ALL_P):
        x = torch.tensor([torch.inf, -torch.inf, 0.0, torch.nan], dtype=dtype).reshape(2, 2, 1, 1)
        layer = dropout(p)
        layer.eval()
        assert str(layer(x).tolist()) == str(x.tolist()), f"{dtype}, p = {p}: {layer(x)}"


@pytest.mark.claim("5.2.3")
def test_in_evaluation_the_place_in_memory_changes_nothing(dropout):
    layer = dropout(1 / 3)
    layer.eval()
    for name, layout in LAYOUTS.items():
        x = layout(grid(2, 3, 5, 7))
        assert torch.equal(layer(x), x), f"{name}: not as it was"


@pytest.mark.claim("5.2.3")
def test_back_in_training_units_are_dropped_again(dropout):
    layer, x = dropout(0.9), grid(20, 30, 1, 2)
    for times in (1, 2, 1):  # a network may tell a layer twice
        for _ in range(times):
            layer.eval()
        assert torch.equal(layer(x), x), "in evaluation it is not as it was"
        for _ in range(times):
            layer.train()
        came = layer(x)
        assert came.eq(0).any(), "in training nothing is dropped"
        assert_dropped_or_scaled("in training", came, x, 0.9)


@pytest.mark.claim("5.2.3")
def test_a_network_tells_its_layers_to_evaluate(dropout):
    needs(dropout(), "named_modules")
    network = torch.nn.Sequential(dropout(0.9), torch.nn.Sequential(dropout(0.1)))
    x = grid(20, 30, 1, 2)
    network.eval()
    assert torch.equal(network(x), x), "in evaluation it is not as it was"
    network.train()
    assert_dropped_or_scaled("in training", network(x), x, 0.91)


@pytest.mark.claim("5.2.2")
def test_another_p_counts_from_the_next_call_on(dropout):
    layer, x = dropout(0.5), grid(20, 30, 1, 2)
    needs(layer, "p")
    assert_dropped_or_scaled("before", layer(x), x, 0.5)
    for p in (0.9, 1 / 3, 0.1):
        layer.p = p
        assert_dropped_or_scaled(f"with p = {p} instead of 0.5", layer(x), x, p)


# Gradients


@pytest.mark.claim("5.2.7")
@given(below_1, image_shapes, dtypes)
def test_gradients_go_where_the_inputs_went(dropout, p, shape, dtype):
    x, cotangent = grid(*shape).to(dtype).requires_grad_(), grid(*shape, limit=2).to(dtype)
    with randomness():
        came = dropout(p)(x)
    (came * cotangent).sum().backward()
    expected = torch.where(came.detach().eq(0), torch.zeros(()), cotangent.double() / (1 - p))
    assert_close("the gradient", x.grad, expected)


@pytest.mark.claim("5.2.7")
def test_gradients_go_where_the_inputs_went_wherever_they_lie(dropout):
    for (name, layout), p in itertools.product(LAYOUTS.items(), P):
        leaf = grid(5, 7, 2, 3).requires_grad_()
        x, cotangent = layout(leaf), grid(5, 7, 2, 3, limit=2)
        came = dropout(p)(x)
        (found,) = torch.autograd.grad((came * cotangent).sum(), x)
        expected = torch.where(came.detach().eq(0), torch.zeros(()), cotangent / (1 - p))
        assert_close(f"{name}: the gradient", found, expected)


@pytest.mark.claim("5.2.7")
def test_an_input_of_0_has_a_gradient_unless_it_is_dropped(dropout):
    x, cotangent = torch.zeros(20, 30, 1, 2, dtype=torch.float64), grid(20, 30, 1, 2, limit=2)
    for p in P:
        came = gradient(dropout(p), x, cotangent)
        assert_dropped_or_scaled("the gradient", came, cotangent, p)
        # 600 units have one fate with odds below 1e-27.
        assert came.eq(0).any(), "all have one, the dropped ones too"
        assert came.ne(0).any(), "none has one, nor have those that were kept"


@pytest.mark.claim("5.2.7")
def test_walked_back_twice_a_call_drops_the_same_gradients(dropout):
    for dtype in DTYPES:
        x = grid(5, 7, 2, 3).to(dtype).requires_grad_()
        total = (dropout(1 / 3)(x) * grid(5, 7, 2, 3, limit=2).to(dtype)).sum()
        first, second = (torch.autograd.grad(total, x, retain_graph=True)[0] for _ in range(2))
        assert torch.equal(first, second), f"{dtype}: the gradient is another one"


@pytest.mark.claim("5.2.7")
def test_the_gradient_can_be_differentiated_again(dropout):
    x, other = grid(5, 7, 2, 3).requires_grad_(), grid(5, 7, 2, 3, limit=3)
    cotangent = grid(5, 7, 2, 3, limit=2).requires_grad_()
    came = dropout(1 / 3)(x)
    with feature("a gradient that can be differentiated"):
        (first,) = torch.autograd.grad((came * cotangent).sum(), x, create_graph=True)
    (found,) = torch.autograd.grad((first * other).sum(), cotangent)
    assert_close("the factor", found, torch.where(came.detach().eq(0), 0 * other, other * 1.5))


@pytest.mark.claim("5.2.7")
def test_two_calls_keep_their_gradients_apart(dropout):
    layer = dropout(1 / 3)
    leaves = [grid(*shape).requires_grad_() for shape in [(5, 7, 2, 3), (5, 7, 2, 3), (3, 2, 1, 5)]]
    outputs = [layer(leaf) for leaf in leaves]
    layer.eval()  # and what is walked back later was made in training
    for leaf, came in zip(leaves, outputs, strict=True):
        came.sum().backward()
        expected = came.detach().ne(0).double() * 1.5
        assert_close("the gradient of each call", leaf.grad, expected)


# What is left alone


@pytest.mark.claim("5.2.9")
def test_the_input_is_left_as_it_was(dropout):
    for dtype, p, mode in itertools.product(DTYPES, ALL_P, (True, False)):
        layer = dropout(p)
        layer.train(mode)
        x = grid(5, 7, 2, 3).to(dtype).requires_grad_()
        before = x.detach().clone()
        layer(x).sum().backward()
        with torch.no_grad():
            layer(x)
        layer(x.detach())
        assert torch.equal(x.detach(), before), f"{dtype}, p = {p}: the input is now {x.detach()}"


@pytest.mark.claim("5.2.9")
def test_inplace_the_result_is_written_into_the_input(dropout):
    option(dropout, "inplace")
    for layout, dtype, p in itertools.product(VIEWS.values(), DTYPES, P):
        x = layout(grid(5, 7, 2, 3).to(dtype))
        before = x.clone()
        came = dropout(p, inplace=True)(x)
        assert came.data_ptr() == x.data_ptr(), f"p = {p}: what comes back lies elsewhere"
        assert torch.equal(came, x), f"p = {p}: the input is {x}, what comes back {came}"
        assert_dropped_or_scaled(f"{dtype}, p = {p}", x, before, p)


@pytest.mark.claim("5.2.7")
def test_inplace_gradients_go_where_the_inputs_went(dropout):
    option(dropout, "inplace")
    for p in P:
        leaf, cotangent = grid(5, 7, 2, 3).requires_grad_(), grid(5, 7, 2, 3, limit=2)
        came = dropout(p, True)(leaf * 1)
        (came * cotangent).sum().backward()
        expected = torch.where(came.detach().eq(0), 0 * cotangent, cotangent / (1 - p))
        assert_close(f"p = {p}: the gradient", leaf.grad, expected)


@pytest.mark.claim("5.2.3", "5.2.9")
def test_inplace_evaluation_changes_nothing(dropout):
    option(dropout, "inplace")
    for p in ALL_P:
        layer, x = dropout(p, inplace=True), grid(5, 7, 2, 3)
        layer.eval()
        assert torch.equal(layer(x), grid(5, 7, 2, 3)), f"p = {p}: {layer(x)} came"
        assert torch.equal(x, grid(5, 7, 2, 3)), f"p = {p}: the input is now {x}"


@pytest.mark.claim("5.2.9")
def test_there_is_nothing_to_save(dropout):
    layer = dropout(1 / 3)
    needs(layer, "state_dict", "load_state_dict", "parameters")
    layer(grid(2, 3, 5, 7))
    assert not layer.state_dict(), f"its state is {dict(layer.state_dict())}"
    assert not list(layer.parameters()), "it has parameters"
    layer.load_state_dict(dropout(0.9).state_dict())


@pytest.mark.claim("5.2.9")
def test_a_copy_drops_alike_and_by_itself(dropout):
    layer, x = dropout(0.9), grid(20, 30, 1, 2)
    layer(x)
    layer.eval()
    twin = copy.deepcopy(layer)
    assert torch.equal(twin(x), x), "the copy of one in evaluation is in training"
    twin.train()
    assert_dropped_or_scaled("the copy", twin(x), x, 0.9)
    assert torch.equal(layer(x), x), "the copy's training has become the original's"


@pytest.mark.claim("5.2.9")
@pytest.mark.parametrize("enabled", [True, False], ids=["with gradients", "without"])
@pytest.mark.parametrize("default", [torch.float64, torch.float16], ids=["float64", "float16"])
def test_no_setting_of_torch_makes_a_difference(dropout, default, enabled):
    x = grid(20, 30, 1, 2).float().requires_grad_()
    torch.set_default_dtype(default)
    try:
        with torch.set_grad_enabled(enabled):
            came = dropout(1 / 3)(x)
    finally:
        torch.set_default_dtype(torch.float32)
    assert (came.dtype, came.requires_grad) == (torch.float32, enabled)
    assert_dropped_or_scaled("the output", came, x, 1 / 3)
    assert came.eq(0).any(), "nothing is dropped"


# Chance: where it comes from


def three_calls(dropout, seed: int, *shape: int, dtype: torch.dtype) -> torch.Tensor:
    layer = dropout(1 / 3)
    with randomness(seed):
        return torch.stack([fates(dropout, layer, *shape, dtype=dtype) for _ in range(3)])


@pytest.mark.claim("5.2.8")
def test_the_same_seed_drops_the_same_units(dropout):
    for shape, dtype in itertools.product([(20, 30), (509, 67)], DTYPES):
        one, same, other = (three_calls(dropout, n, *shape, dtype=dtype) for n in (0, 0, 1))
        assert torch.equal(one, same), f"{dtype}: the seed does not decide"
        assert not torch.equal(one, other), f"{dtype}: no seed changes it"


@pytest.mark.claim("5.2.1")
def test_no_two_calls_drop_the_same_units(dropout):
    layer, calls = dropout(1 / 3), []
    for one in (layer, layer, dropout(1 / 3), copy.deepcopy(layer), layer):
        calls += [fates(dropout, one, rows, 30)[:20] for rows in (20, 20, 50)]
    # 600 units meet the same fate twice with odds below 1e-150.
    assert len(torch.stack(calls).unique(dim=0)) == len(calls), "some calls drop the same units"


@pytest.mark.claim("5.2.8")
def test_no_other_randomness_is_touched(dropout):
    before = other_randomness()
    for p, dtype in itertools.product(ALL_P, DTYPES):
        dropout(p)(grid(2, 3, 5, 7).to(dtype).requires_grad_()).sum().backward()
        assert other_randomness() == before, "random numbers were drawn elsewhere, or a seed set"


@pytest.mark.claim("5.2.8")
def test_no_setting_of_torch_is_changed(dropout):
    for p, dtype, recording in itertools.product(ALL_P, DTYPES, (True, False)):
        with torch.set_grad_enabled(recording):
            dropout(p)(grid(2, 3, 5, 7).to(dtype))
            assert torch.is_grad_enabled() == recording, "whether gradients are recorded"
        assert torch.get_default_dtype() == torch.float32, "the default dtype is another one"


@pytest.mark.claim("5.2.8")
def test_evaluation_draws_no_random_numbers(dropout):
    before = torch.get_rng_state()
    for p, dtype in itertools.product(ALL_P, DTYPES):
        layer = dropout(p)
        layer.eval()
        layer(grid(2, 3, 5, 7).to(dtype).requires_grad_()).sum().backward()
        assert torch.equal(torch.get_rng_state(), before), "random numbers were drawn, or seeded"


# Chance: how often, and whether together


@pytest.mark.claim("5.2.1")
@pytest.mark.parametrize("p", [0.1, 0.5, 0.9, 0.001, 0.999])
@pytest.mark.parametrize("dtype", DTYPES[1:], ids=["float32", "float16", "bfloat16"])
def test_units_are_dropped_with_probability_p(dropout, dtype, p):
    # A number of dropped units 9.2 standard errors off is refused with odds of 0.999. With 2^20
    # units that is 1 % of p for 1/2 and 9/10; for 1/10 it takes 2^23. Half precision has few
    # numbers near 0 and 1: what compares them with p is far off for 1/1000.
    times = 8 if (p, dtype) == (0.1, torch.float32) else 1
    with randomness():
        layer = dropout(p)
        dropped = [fates(dropout, layer, 2**10, 2**10, dtype=dtype) for _ in range(times)]
    assert_share(f"units, p = {p}", torch.stack(dropped), p)


@pytest.mark.claim("5.2.1")
def test_units_are_dropped_with_probability_p_in_float64_too(dropout):
    for p in P:
        with randomness():
            dropped = fates(dropout, dropout(p), *CELLS, dtype=torch.float64)
        assert_share(f"units, p = {p}", dropped, p)


@pytest.mark.claim("5.2.2")
def test_the_mean_over_all_draws_is_the_input(dropout):
    x = grid(3, 2, 1, 1)
    for p in P:
        with randomness():
            came = dropout(p)(x.repeat(2**16, 1, 1, 1)).view(2**16, -1)
        # Of y / x the mean is 1, and the variance p / (1 - p).
        scores = (came / x.flatten() - 1) / (p / (1 - p)) ** 0.5
        assert_mean(f"p = {p}: what all draws of an element make of it", scores.T)
        assert_mean(f"p = {p}: what all draws make of all", scores.flatten())


@pytest.mark.claim("5.2.1")
def test_each_unit_of_a_small_input_is_dropped_as_often(dropout):
    for shape in [(1, 1), (1, 3), (3, 1), (1, 17)]:
        with randomness():
            layer = dropout(1 / 3)
            calls = torch.stack([fates(dropout, layer, *shape) for _ in range(500)]).flatten(1)
        scores = count_scores(calls.T, 1 / 3)[:, None]
        assert_mean(f"shape {shape}: each unit, over many calls", scores)


@pytest.mark.claim("5.2.1")
def test_the_number_of_dropped_units_varies_as_chance_has_it(dropout):
    for shape, p in itertools.product([(2, 5), (7, 30)], (1 / 3, 0.5)):
        with randomness():
            layer = dropout(p)
            calls = torch.stack([fates(dropout, layer, *shape) for _ in range(500)]).flatten(1)
        assert_std(f"shape {shape}: the numbers of many calls, p = {p}", count_scores(calls, p))


@pytest.mark.claim("5.2.1")
def test_no_sample_and_no_channel_is_an_exception(dropout):
    for p in P:
        with randomness():
            dropped = fates(dropout, dropout(p), *CELLS)
        assert_slices_alike(f"p = {p}, samples", dropped, p)
        assert_slices_alike(f"p = {p}, channels", dropped.T, p)


@pytest.mark.claim("5.2.1")
def test_the_fate_of_a_unit_says_nothing_about_those_further_on(dropout):
    with randomness():
        scores = fate_scores(fates(dropout, dropout(1 / 3), *CELLS), 1 / 3)
    assert_unrelated("channels, any places further on", scores)
    assert_unrelated("samples, any places further on", scores.T)


@pytest.mark.claim("5.2.1")
def test_the_fates_of_one_call_say_nothing_about_the_next(dropout):
    with randomness():
        layer = dropout(1 / 3)
        calls = torch.stack([fates(dropout, layer, *CELLS) for _ in range(2)])
    one, next_one = fate_scores(calls, 1 / 3)
    assert_unrelated("two calls", one, next_one)
    assert_unrelated("two calls, one of them backwards", one, next_one.flip(0, 1))


@pytest.mark.claim("5.2.1")
def test_the_fate_of_a_unit_has_nothing_to_do_with_its_value(dropout):
    with randomness():
        values = torch.randn(*CELLS)
        x = values if dropout.name == "Dropout" else values[:, :, None, None]
        dropped = dropout(1 / 3)(x).eq(0).view(CELLS)
    scores = fate_scores(dropped, 1 / 3)
    assert_mean("the values of the dropped ones", values.double()[dropped])
    assert_unrelated("whether one is dropped, and its value", scores, values.double())
    assert_unrelated("whether one is dropped, and its size", scores, sizes(values.double()))
