"""What every dropout owes its caller, whatever its units are: elements, or whole channels.

The first part is exact: an output is 0, or the input over 1 - p, and so is the gradient; and in
evaluation nothing happens. The second part is about chance: where it comes from, how often units
are dropped, and that the fate of one says nothing about any other.
"""

import copy
import itertools
from collections.abc import Iterator

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.gradients import gradient, gradient_of, second_gradients
from sums_to_one.tests.common.inputs import DTYPES, LAYOUTS, VIEWS, dtypes, grid
from sums_to_one.tests.common.limits import NotProvided, current, needs_gradients
from sums_to_one.tests.common.options import feature, needs, provides, takes_any
from sums_to_one.tests.common.refusals import REFUSALS, needs_options, outcome
from sums_to_one.tests.common.statistical import (
    assert_mean,
    assert_std,
    assert_unrelated,
    randomness,
    sizes,
)
from sums_to_one.tests.common.unseen import MODES
from sums_to_one.tests.regularization.fates import (
    P,
    assert_dropped_or_scaled,
    assert_parts_unlike,
    assert_share,
    assert_slices_alike,
    batch,
    count_scores,
    fate_scores,
    fates,
    fitted,
    image_shapes,
    plain_dtype,
    tell,
)
from sums_to_one.tests.regularization.seeds import needs_torch_randomness, other_randomness

IMAGES = ((1, 1, 1, 1), (2, 3, 5, 7), (3, 2, 1, 1), (1, 5, 3, 2), (5, 7, 2, 3), (11, 13, 1, 2))
LARGE = (
    *((1, 1025, 1, 1), (4099, 1, 1, 1), (257, 67, 1, 1), (3, 5, 67, 131), (7, 131, 17, 19)),
    *((2, 1, 3, 4099), (2, 1, 1031, 3), (1, 4099, 1, 1)),
)
EMPTY = ((0, 3, 2, 2), (2, 0, 3, 3), (2, 3, 0, 2))


def every_p(dropout) -> list[float]:
    """Of 0 and 1, too, where these are not refused."""
    return takes_any((0.0, *P, 1.0), dropout)


CELLS = (521, 509)  # samples and channels: primes, whose product is just above 2^18
LARGE_CELLS = (2**11, 2**10)  # whose mask somebody may draw in parts

below_1 = st.floats(0, 0.999) | st.sampled_from([0.1, 1 / 3, 0.5, 0.9, 0.99])


# The law


@pytest.mark.claim("5.2.2")
@given(below_1, image_shapes, dtypes)
def test_each_output_is_0_or_the_input_over_1_minus_p(dropout, p, shape, dtype):
    x = batch(*shape, dtype=dtype)
    with randomness():
        came = dropout(p)(x)
    assert came.dtype == dtype
    assert_dropped_or_scaled("the output", came, x, p)


@pytest.mark.claim("5.2.2")
def test_few_and_many_outputs_are_each_0_or_the_input_over_1_minus_p(dropout):
    for shape, dtype in itertools.product((*IMAGES, *LARGE, *EMPTY), DTYPES):
        x = batch(*shape, dtype=dtype)
        assert_dropped_or_scaled(f"{dtype}, shape {shape}", dropout(0.7)(x), x, 0.7)


@pytest.mark.claim("5.2.2")
def test_probabilities_that_are_nearly_alike_are_told_apart(dropout):
    near = takes_any([0.25, *(0.25 + 2.0**-power for power in (6, 12, 20, 33))], dropout)
    for p, dtype in itertools.product((*near, *near[::-1]), DTYPES):
        x = batch(20, 30, 1, 2, dtype=dtype)
        assert_dropped_or_scaled(f"{dtype}, with a p of {p}", dropout(p)(x), x, p)


@pytest.mark.claim("5.2.2")
def test_the_place_in_memory_changes_nothing(dropout):
    for (name, layout), shape, dtype in itertools.product(LAYOUTS.items(), IMAGES, DTYPES):
        x = layout(batch(*shape, dtype=dtype))
        for p in P:
            assert_dropped_or_scaled(f"{name}, {dtype}, {shape}", dropout(p)(x), x, p)


@pytest.mark.claim("5.2.6")
def test_with_p_of_0_everything_is_kept(dropout):
    for shape, dtype in itertools.product((*IMAGES, *LARGE), DTYPES):
        x = batch(*shape, dtype=dtype)
        assert torch.equal(dropout(0.0)(x), x), (
            f"{dtype}, shape {shape}: the output is not the input"
        )
        if current().gradients:
            cotangent = batch(*shape, limit=2, dtype=dtype)
            came = gradient(dropout(0), x, cotangent)
            assert torch.equal(came, cotangent), (
                f"{dtype}, shape {shape}: other gradients came out than went in"
            )


@pytest.mark.claim("5.2.6")
def test_with_p_of_1_nothing_is_kept(dropout):
    for shape, dtype in itertools.product((*IMAGES, *LARGE), DTYPES):
        x = batch(*shape, dtype=dtype)
        came = dropout(1.0)(x)
        assert came.eq(0).all(), f"{dtype}, shape {shape}: {came[came != 0][:5].tolist()} are left"
        if current().gradients:
            came = gradient(dropout(1), x, torch.ones_like(x))
            assert came.eq(0).all(), f"{dtype}, {shape}: of the gradient {came[came != 0][:5]}"


@pytest.mark.claim("5.2.6")
@given(st.floats(max_value=0, exclude_max=True) | st.floats(min_value=1, exclude_min=True))
def test_what_is_no_probability_is_refused(dropout, p):
    for make in (lambda: dropout(p), *([lambda: dropout(p=p)] if provides(dropout, "p") else [])):
        with pytest.raises(REFUSALS):  # at the latest when it is to drop
            make()(batch(2, 3, 5, 7))


@pytest.mark.claim("5.2.1")
def test_unless_told_half_of_the_units_are_dropped(dropout):
    with feature("a p to begin with"):
        dropout()
    x = batch(2, 3, 5, 7)
    assert_dropped_or_scaled("the output", dropout()(x), x, 0.5)
    with randomness():
        dropped = fates(dropout, dropout(), *CELLS)
    assert_share("units", dropped, 0.5)


@pytest.mark.claim("5.2.3")
def test_in_evaluation_the_input_comes_as_it_is(dropout):
    for shape, dtype, p in itertools.product((*IMAGES, *EMPTY), DTYPES, every_p(dropout)):
        x, cotangent = batch(*shape, dtype=dtype), batch(*shape, limit=2, dtype=dtype)
        layer = dropout(p)
        tell(layer, training=False)
        assert torch.equal(layer(x), x), f"{dtype}, p = {p}: {layer(x)} of {x}"
        if current().gradients:
            came = gradient(layer, x, cotangent)
            assert torch.equal(came, cotangent), f"{dtype}, p = {p}: the gradient is {came}"


@pytest.mark.claim("5.2.3")
def test_in_evaluation_not_even_infinity_or_nan_changes(dropout):
    for dtype, p in itertools.product(DTYPES, every_p(dropout)):
        x = torch.tensor([torch.inf, -torch.inf, 0.0, torch.nan], dtype=dtype)
        x = x.reshape(fitted((2, 2, 1, 1)))
        layer = dropout(p)
        tell(layer, training=False)
        assert str(layer(x).tolist()) == str(x.tolist()), f"{dtype}, p = {p}: {layer(x)}"


@pytest.mark.claim("5.2.3")
def test_in_evaluation_the_place_in_memory_changes_nothing(dropout):
    layer = dropout(1 / 3)
    tell(layer, training=False)
    for name, layout in LAYOUTS.items():
        x = layout(batch(2, 3, 5, 7))
        assert torch.equal(layer(x), x), f"{name}: the output is not the input"


@pytest.mark.claim("5.2.3")
def test_back_in_training_units_are_dropped_again(dropout):
    layer, x = dropout(0.9), batch(20, 30, 1, 2)
    for times in (1, 2, 1):  # a network may tell a layer twice
        for _ in range(times):
            tell(layer, training=False)
        assert torch.equal(layer(x), x), "in evaluation the output is not the input"
        for _ in range(times):
            tell(layer, training=True)
        came = layer(x)
        assert came.eq(0).any(), "in training nothing is dropped"
        assert_dropped_or_scaled("in training", came, x, 0.9)


@pytest.mark.claim("5.2.3")
def test_a_network_tells_its_layers_to_evaluate(dropout):
    needs(dropout(0.5), "named_modules")
    network = torch.nn.Sequential(dropout(0.9), torch.nn.Sequential(dropout(0.1)))
    x = batch(20, 30, 1, 2)
    network.eval()
    assert torch.equal(network(x), x), "in evaluation the output is not the input"
    network.train()
    assert_dropped_or_scaled("in training", network(x), x, 0.91)


@pytest.mark.claim("5.2.2")
def test_another_p_counts_from_the_next_call_on(dropout):
    layer, x = dropout(0.5), batch(20, 30, 1, 2)
    needs(layer, "p")
    if isinstance(outcome(lambda: setattr(layer, "p", 0.5)), Exception):
        raise NotProvided("not provided: another p than it was made with")
    assert_dropped_or_scaled("before", layer(x), x, 0.5)
    for p in (0.9, 1 / 3, 0.1):
        layer.p = p
        assert_dropped_or_scaled(f"with p = {p} instead of 0.5", layer(x), x, p)


# Gradients


@pytest.mark.claim("5.2.7")
@given(below_1, image_shapes, dtypes)
@example(1 / 3, (5, 7, 4, 3), torch.float64)
def test_gradients_go_where_the_inputs_went(dropout, p, shape, dtype):
    x, cotangent = batch(*shape, dtype=dtype).requires_grad_(), batch(*shape, limit=2, dtype=dtype)
    with randomness():
        came = dropout(p)(x)
    (came * cotangent).sum().backward()
    expected = torch.where(came.detach().eq(0), torch.zeros(()), cotangent.double() / (1 - p))
    assert_close("the gradient", x.grad, expected)


@pytest.mark.claim("5.2.7")
def test_gradients_go_where_the_inputs_went_wherever_they_lie(dropout):
    for (name, layout), p in itertools.product(LAYOUTS.items(), P):
        leaf = batch(5, 7, 2, 3).requires_grad_()
        x, cotangent = layout(leaf), -batch(5, 7, 2, 3, limit=2).abs()
        came = dropout(p)(x)
        (found,) = torch.autograd.grad((came * cotangent).sum(), x)
        expected = torch.where(came.detach().eq(0), torch.zeros(()), cotangent / (1 - p))
        assert_close(f"{name}: the gradient", found, expected)


def output_and_gradient(layer, x: Tensor, incoming: Tensor) -> tuple[Tensor, Tensor]:
    """What a layer makes of x, and the gradient of x, where just this tensor comes in backward."""
    made: list[Tensor] = []

    def noted(x: Tensor) -> Tensor:
        made.append(layer(x))
        return made[0]

    found = gradient_of(noted, x, incoming)
    return made[0].detach(), found


@pytest.mark.claim("5.2.7")
def test_a_gradient_that_comes_in_may_lie_anyhow_in_memory(dropout):
    needs_gradients(1)
    views = [LAYOUTS[name] for name in ("dimensions reversed", "channels last", "with an offset")]
    some = itertools.product(LAYOUTS.items(), views, (True, False), DTYPES)
    for (name, layout), view, training, dtype in some:
        x, incoming = (batch(5, 7, 2, 3, limit=limit, dtype=dtype) for limit in (6, 2))
        layer, incoming = dropout(1 / 3), layout(incoming)
        tell(layer, training)
        came, found = output_and_gradient(layer, view(x), incoming)
        expected = torch.where(came == 0, 0.0, incoming.double() * (1.5 if training else 1.0))
        assert_close(f"{name}, {dtype}, training is {training}", found, expected)


@pytest.mark.claim("5.2.7")
def test_an_input_of_0_has_a_gradient_unless_it_is_dropped(dropout):
    cotangent = batch(20, 30, 1, 2, limit=2)
    x = torch.zeros_like(cotangent)
    for p in P:
        came = gradient(dropout(p), x, cotangent)
        assert_dropped_or_scaled("the gradient", came, cotangent, p)
        # 600 units have one fate with odds below 1e-27.
        assert came.eq(0).any(), "all have one, the dropped ones too"
        assert came.ne(0).any(), "none has one, nor have those that were kept"


@pytest.mark.claim("5.2.7")
def test_two_backward_passes_of_a_call_drop_the_same_gradients(dropout):
    for dtype in DTYPES:
        x = batch(5, 7, 2, 3, dtype=dtype).requires_grad_()
        total = (dropout(1 / 3)(x) * batch(5, 7, 2, 3, limit=2, dtype=dtype)).sum()
        with feature("retain_graph"):  # which a compiler may refuse
            (first,) = torch.autograd.grad(total, x, retain_graph=True)
        (second,) = torch.autograd.grad(total, x)
        assert torch.equal(first, second), f"{dtype}: the gradient is another one"


@pytest.mark.claim("5.2.7")
def test_the_gradient_can_be_differentiated_again(dropout):
    x, cotangent, other = (batch(5, 7, 2, 3, limit=limit) for limit in (6, 2, 3))
    outputs = []

    def noted(x: torch.Tensor) -> torch.Tensor:
        outputs.append(dropout(1 / 3)(x))
        return outputs[0]

    by_x, by_cotangent = second_gradients(noted, x, cotangent, other)
    kept = outputs[0].detach().ne(0)
    assert_close("the factor", by_cotangent, torch.where(kept, other * 1.5, 0 * other).double())
    assert by_x.eq(0).all(), f"the gradient depends on the input: {by_x}"


@pytest.mark.claim("5.2.7")
def test_two_calls_keep_their_gradients_apart(dropout):
    layer = dropout(1 / 3)
    leaves = [
        batch(*shape).requires_grad_() for shape in [(5, 7, 2, 3), (5, 7, 2, 3), (3, 2, 1, 5)]
    ]
    outputs = [layer(leaf) for leaf in leaves]
    tell(layer, training=False)  # and what is walked back later was made in training
    for leaf, came in zip(leaves, outputs, strict=True):
        came.sum().backward()
        expected = came.detach().ne(0).double() * 1.5
        assert_close("the gradient of each call", leaf.grad, expected)


# What is left alone


@pytest.mark.claim("5.2.9")
def test_the_input_is_left_as_it_was(dropout):
    for dtype, p, mode in itertools.product(DTYPES, every_p(dropout), (True, False)):
        layer = dropout(p)
        tell(layer, training=mode)
        x = batch(5, 7, 2, 3, dtype=dtype)
        before = x.clone()
        layer(x)
        if current().gradients:
            layer(x.requires_grad_()).sum().backward()
            with torch.no_grad():
                layer(x)
        assert torch.equal(x.detach(), before), f"{dtype}, p = {p}: the input is now {x.detach()}"


@pytest.mark.claim("5.2.9")
def test_inplace_the_result_is_written_into_the_input(dropout):
    needs_options(dropout, 0.5, inplace=True)
    learns = (False, True) if current().gradients > 0 else (False,)
    for layout, dtype, p, recorded in itertools.product(VIEWS.values(), DTYPES, P, learns):
        x = layout(batch(5, 7, 2, 3, dtype=dtype)).requires_grad_(recorded)
        x = x * 1 if recorded else x  # a leaf may not be written to
        before = x.detach().clone()
        came = dropout(p, inplace=True)(x)
        assert came.data_ptr() == x.data_ptr(), f"p = {p}: what comes back lies elsewhere"
        assert torch.equal(came, x), f"p = {p}: the input is {x}, what comes back {came}"
        assert_dropped_or_scaled(f"{dtype}, p = {p}", x, before, p)


@pytest.mark.claim("5.2.7")
def test_inplace_gradients_go_where_the_inputs_went(dropout):
    needs_options(dropout, 0.5, inplace=True)
    for p, (name, layout) in itertools.product(P, LAYOUTS.items()):
        incoming, layer = layout(batch(5, 7, 2, 3, limit=2)), dropout(p, inplace=True)
        came, found = output_and_gradient(lambda x: layer(x * 1), batch(5, 7, 2, 3), incoming)  # noqa: B023
        expected = torch.where(came == 0, 0 * incoming, incoming / (1 - p))
        assert_close(f"p = {p}: the gradient, {name}", found, expected)


@pytest.mark.claim("5.2.3", "5.2.9")
def test_inplace_evaluation_changes_nothing(dropout):
    needs_options(dropout, 0.5, inplace=True)
    for p in every_p(dropout):
        layer, x = dropout(p, inplace=True), batch(5, 7, 2, 3)
        tell(layer, training=False)
        came, expected = layer(x), batch(5, 7, 2, 3)
        changed = f"{int(came.ne(expected).sum())} of {x.numel()} numbers"
        assert torch.equal(came, expected), f"p = {p}: {changed} changed, none should"
        assert torch.equal(x, batch(5, 7, 2, 3)), f"p = {p}: the input is now {x}"


@pytest.mark.claim("5.2.9")
def test_there_is_nothing_to_save(dropout):
    layer = dropout(1 / 3)
    needs(layer, "state_dict", "load_state_dict", "parameters")
    layer(batch(2, 3, 5, 7))
    assert not layer.state_dict(), f"its state is {dict(layer.state_dict())}"
    assert not list(layer.parameters()), "it has parameters"
    layer.load_state_dict(dropout(0.9).state_dict())
    x = batch(2, 3, 5, 7)
    assert_dropped_or_scaled("after loading the state of another", layer(x), x, 1 / 3)


@pytest.mark.claim("5.2.9")
def test_a_copy_drops_alike_and_by_itself(dropout):
    layer, x = dropout(0.9), batch(20, 30, 1, 2)
    layer(x)
    tell(layer, training=False)
    twin = copy.deepcopy(layer)
    assert torch.equal(twin(x), x), "the copy of one in evaluation is in training"
    tell(twin, training=True)
    assert_dropped_or_scaled("the copy", twin(x), x, 0.9)
    assert torch.equal(layer(x), x), "the copy's training has become the original's"


@pytest.mark.claim("5.2.9")
@pytest.mark.parametrize("enabled", [True, False], ids=["with gradients", "without"])
@pytest.mark.parametrize("default", [torch.float64, torch.float16], ids=["float64", "float16"])
def test_no_setting_of_torch_makes_a_difference(dropout, default, enabled):
    needs_gradients(1)
    x = batch(20, 30, 1, 2, dtype=plain_dtype()).requires_grad_()
    torch.set_default_dtype(default)
    try:
        with torch.set_grad_enabled(enabled):
            came = dropout(1 / 3)(x)
    finally:
        torch.set_default_dtype(torch.float32)
    assert (came.dtype, came.requires_grad) == (x.dtype, enabled)
    assert_dropped_or_scaled("the output", came, x, 1 / 3)
    assert came.eq(0).any(), "nothing is dropped"


# Chance: where it comes from


def as_units(dropout, x: Tensor) -> Tensor:
    """Numbers that may be dropped one by one: those of Dropout2d are channels, of one pixel."""
    return x[..., None, None] if dropout.name == "Dropout2d" else x.reshape(fitted(x.shape))


def three_calls(dropout, seed: int, *shape: int, dtype: torch.dtype) -> torch.Tensor:
    layer = dropout(1 / 3)
    with randomness(seed):
        return torch.stack([fates(dropout, layer, *shape, dtype=dtype) for _ in range(3)])


@pytest.mark.claim("5.2.8")
def test_the_same_seed_drops_the_same_units(dropout):
    needs_torch_randomness()
    for shape, dtype in itertools.product([(20, 30), (509, 67)], DTYPES):
        one, same, other = (three_calls(dropout, n, *shape, dtype=dtype) for n in (0, 0, 1))
        assert torch.equal(one, same), f"{dtype}: the same seed gives other numbers"
        assert not torch.equal(one, other), f"{dtype}: no seed changes it"


@pytest.mark.claim("5.2.1")
def test_no_two_calls_drop_the_same_units(dropout):
    layer, calls = dropout(1 / 3), []
    for one, mode in itertools.product(
        (layer, dropout(1 / 3), copy.deepcopy(layer)), MODES.values()
    ):
        with mode():  # as where many draws are averaged for one answer
            calls += [fates(dropout, one, rows, 30)[:20].clone() for rows in (20, 20, 50)]
    # 600 units meet the same fate twice with odds below 1e-150.
    assert len(torch.stack(calls).unique(dim=0)) == len(calls), "some calls drop the same units"


@pytest.mark.claim("5.2.8")
def test_no_other_randomness_is_touched(dropout):
    needs_torch_randomness()
    before = other_randomness()
    learns = current().gradients > 0
    for p, dtype in itertools.product(every_p(dropout), DTYPES):
        came = dropout(p)(batch(2, 3, 5, 7, dtype=dtype).requires_grad_(learns))
        if learns:
            came.sum().backward()
        assert other_randomness() == before, "other random numbers were drawn, or a seed was set"


@pytest.mark.claim("5.2.8")
def test_no_setting_of_torch_is_changed(dropout):
    for p, dtype, recording in itertools.product(every_p(dropout), DTYPES, (True, False)):
        with torch.set_grad_enabled(recording):
            dropout(p)(batch(2, 3, 5, 7, dtype=dtype))
            assert torch.is_grad_enabled() == recording, (
                f"gradients were recorded: {recording} before, {not recording} after"
            )
        assert torch.get_default_dtype() == torch.float32, "the default dtype is another one"


@pytest.mark.claim("5.2.8")
def test_the_backward_pass_draws_no_random_numbers_and_sets_none_back(dropout):
    needs_gradients(1)
    for p, dtype in itertools.product(every_p(dropout), DTYPES):
        came = dropout(p)(batch(2, 3, 5, 7, dtype=dtype).requires_grad_())
        torch.rand(3)  # whoever goes back to where the mask was drawn is noticed
        before = torch.get_rng_state()
        came.sum().backward()
        assert torch.equal(torch.get_rng_state(), before), (
            "the state of random numbers changed in backward(): some were drawn, or set back"
        )


@pytest.mark.claim("5.2.8")
def test_evaluation_draws_no_random_numbers(dropout):
    before = torch.get_rng_state()
    for p, dtype in itertools.product(every_p(dropout), DTYPES):
        layer = dropout(p)
        tell(layer, training=False)
        layer(batch(2, 3, 5, 7, dtype=dtype))
        assert torch.equal(torch.get_rng_state(), before), (
            "the state of random numbers changed: some were drawn, or a seed set"
        )


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
    assert_share(f"units with p = {p:.4g}", torch.stack(dropped), p)


@pytest.mark.claim("5.2.1")
def test_units_are_dropped_with_probability_p_in_float64_too(dropout):
    for p in P:
        with randomness():
            dropped = fates(dropout, dropout(p), *CELLS, dtype=torch.float64)
        assert_share(f"units with p = {p:.4g}", dropped, p)


@pytest.mark.claim("5.2.2")
def test_the_mean_over_all_draws_is_the_input(dropout):
    x = grid(3, 2, 1, 1)
    for p in P:
        with randomness():
            came = dropout(p)(x.repeat(2**16, 1, 1, 1).reshape(fitted((2**16, 3, 2, 1))))
            came = came.reshape(2**16, -1)
        # Of y / x the mean is 1, and the variance p / (1 - p).
        scores = (came.double() / x.flatten() - 1) / (p / (1 - p)) ** 0.5
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
def test_no_two_units_of_a_small_input_share_their_fate(dropout):
    for shape in [(1, 3), (2, 4), (1, 17)]:
        with randomness():
            layer = dropout(1 / 3)
            calls = torch.stack([fates(dropout, layer, *shape) for _ in range(500)]).flatten(1)
        one, other = torch.triu_indices(calls.shape[1], calls.shape[1], offset=1)
        scores = count_scores((calls[:, one] == calls[:, other]).T, 5 / 9)[:, None]
        assert_mean(f"shape {shape}: how often two have one fate, over many calls", scores)


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
def test_after_65536_samples_or_channels_units_are_dropped_as_before(dropout):
    for shape in ((70_001, 3), (3, 70_001)):
        with randomness():
            dropped = fates(dropout, dropout(1 / 3), *shape)
        assert_share(f"units at the end of {shape}", dropped[-5000:, -5000:], 1 / 3)


@pytest.mark.claim("5.2.1")
def test_whether_a_unit_is_dropped_says_nothing_about_those_further_on(dropout):
    with randomness():
        scores = fate_scores(fates(dropout, dropout(1 / 3), *CELLS), 1 / 3)
    assert_unrelated("channels, any places further on", scores)
    assert_unrelated("samples, any places further on", scores.T)


def repeated(shape: tuple[int, ...]) -> Iterator[tuple[str, Tensor]]:
    """Tensors of that shape, of which several units lie at one place in memory."""
    for dim in range(len(shape)):
        one = torch.ones([1 if d == dim else n for d, n in enumerate(shape)], dtype=plain_dtype())
        yield f"dimension {dim} of {shape} expanded", one.expand(shape)
    row = torch.ones(sum(shape), dtype=plain_dtype())
    yield f"{shape} out of one number", row[0].expand(shape)
    yield f"{shape} that overlap", row.as_strided(shape, [1] * len(shape))


@pytest.mark.claim("5.2.1")
def test_units_at_one_place_in_memory_are_dropped_each_by_itself(dropout):
    shapes = [(67, 131)] if dropout.name == "Dropout2d" else [(67, 131), (7, 11, 29, 5)]
    for what, units in (pair for shape in shapes for pair in repeated(shape)):
        with randomness():
            dropped = dropout(1 / 3)(as_units(dropout, units)).eq(0)
        scores = fate_scores(dropped.reshape(units.shape), 1 / 3)
        assert_unrelated(f"{what}: any places further on", scores)


@pytest.mark.claim("5.2.1")
def test_wherever_units_lie_in_memory_each_is_dropped_by_itself(dropout):
    images = dropout.name == "Dropout2d"
    shapes = [(67, 131, 2, 3)] if images else [(67, 131), (7, 11, 29, 5)]
    for (name, layout), shape in itertools.product(VIEWS.items(), shapes):
        with randomness():
            came = dropout(1 / 3)(layout(torch.ones(fitted(shape), dtype=plain_dtype())))
        scores = fate_scores((came.flatten(2)[..., 0] if images else came).eq(0), 1 / 3)
        assert_unrelated(f"shape {shape}, {name}: any places further on", scores)


@pytest.mark.claim("5.2.1")
def test_no_part_of_a_large_input_is_dropped_as_another(dropout):
    with randomness():
        dropped = fates(dropout, dropout(1 / 3), *LARGE_CELLS)
    assert_parts_unlike("units", dropped.flatten(), 1 / 3)


@pytest.mark.claim("5.2.1")
def test_what_one_call_drops_says_nothing_about_the_next(dropout):
    with randomness():
        layer = dropout(1 / 3)
        calls = torch.stack([fates(dropout, layer, *CELLS) for _ in range(2)])
    one, next_one = fate_scores(calls, 1 / 3)
    assert_unrelated("two calls", one, next_one)
    assert_unrelated("two calls, one of them backwards", one, next_one.flip(0, 1))


@pytest.mark.claim("5.2.1")
def test_whether_a_unit_is_dropped_says_nothing_about_its_value(dropout):
    with randomness():
        values = torch.randn(*CELLS, dtype=plain_dtype())
        dropped = dropout(1 / 3)(as_units(dropout, values)).eq(0).view(CELLS)
    scores = fate_scores(dropped, 1 / 3)
    assert_mean("the values of the dropped ones", values.double()[dropped])
    assert_unrelated("whether one is dropped, and its value", scores, values.double())
    assert_unrelated("whether one is dropped, and its size", scores, sizes(values.double()))
