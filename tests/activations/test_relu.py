"""ReLU lets the positive numbers pass, and nothing else.

Its values are exact in every dtype, so these claims know no tolerance. Units that die of it
are in `test_dying_units.py`; the rest is in `test_every_activation.py`.
"""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sums_to_one.tests.common import layouts
from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.gradients import slope
from sums_to_one.tests.common.here import generator
from sums_to_one.tests.common.inputs import (
    DTYPES,
    VIEWS,
    dtypes,
    every_dtype,
    exact,
    grid,
    vectors,
)
from sums_to_one.tests.common.limits import needs_gradients, widest
from sums_to_one.tests.common.options import feature, option
from sums_to_one.tests.common.profiling import profile

LARGE = (1_048_601,)  # more than 2^20 numbers


@pytest.mark.claim("1.3.1")
@every_dtype
@given(vectors(limit=1e300))
def test_it_is_the_larger_of_the_number_and_0(relu, dtype, x):
    x = x.to(dtype)  # what the dtype cannot hold becomes an infinity
    expected = [max(0.0, number) for number in x.tolist()]
    assert relu(x).tolist() == expected


@pytest.mark.claim("1.3.1")
@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.int16, torch.int8], ids=str)
def test_whole_numbers_keep_every_digit(relu, dtype):
    most = torch.iinfo(dtype).max
    x = torch.tensor([-1 - most, -most, -1, 0, 1, most // 2, most - 1, most], dtype=dtype)
    with feature(f"whole numbers in {dtype}"):
        came = relu(x)
    expected = [max(0, number) for number in x.tolist()]
    assert (came.dtype, came.tolist()) == (dtype, expected), f"{x.tolist()} became {came.tolist()}"


@pytest.mark.claim("1.3.1")
@given(vectors(limit=1e300))
def test_applying_it_a_second_time_changes_nothing(relu, x):
    assert relu(relu(x)).tolist() == relu(x).tolist()


@pytest.mark.claim("1.3.1")
@given(vectors(limit=1e300))
def test_a_number_is_its_positive_part_less_its_negative_part(relu, x):
    assert (relu(x) - relu(-x)).tolist() == x.tolist()


@pytest.mark.claim("1.3.2")
@given(vectors(limit=1e300).filter(lambda x: x.all()), dtypes)
def test_its_slope_is_1_on_the_positive_side_and_0_on_the_negative(relu, x, dtype):
    x = x.to(dtype)
    kept = x != 0  # a tiny number may have become 0
    assert slope(relu, x)[kept].tolist() == (x[kept] > 0).to(dtype).tolist()


@pytest.mark.claim("1.3.2")
@every_dtype
def test_its_slope_at_0_is_a_choice_from_0_to_1(relu, dtype):
    at_kink = slope(relu, torch.zeros(3, dtype=dtype))
    assert at_kink.min() >= 0, f"the slope at 0 is {at_kink.tolist()}"
    assert at_kink.max() <= 1, f"the slope at 0 is {at_kink.tolist()}"


@pytest.mark.claim("1.3.2")
def test_pytorch_has_chosen_the_slope_0_at_0():
    assert slope(torch.relu, torch.zeros(3)).tolist() == [0, 0, 0]


@pytest.mark.claim("1.3.10")
@given(vectors(limit=1e30), st.integers(-30, 30))
def test_what_multiplies_the_input_multiplies_the_output_if_it_is_positive(relu, x, power):
    c = 2.0**power  # without rounding
    assert relu(c * x).tolist() == (c * relu(x)).tolist()


@pytest.mark.claim("1.3.10")
@given(st.integers(-9, 9))
def test_a_layer_times_c_and_the_next_by_c_are_the_same_network(relu, power):
    x, into, bias, out = grid(7, 3), grid(3, 5), grid(5), grid(5, 2)
    c = 2.0**power
    scaled = relu(x @ (c * into) + c * bias) @ (out / c)
    assert scaled.tolist() == (relu(x @ into + bias) @ out).tolist(), f"c = {c} makes a difference"


@pytest.mark.claim("1.3.4")
@given(vectors(limit=1e300).filter(lambda x: x.all()))
def test_of_a_number_and_its_opposite_one_becomes_0(relu, x):
    zeros = (relu(torch.cat([x, -x])) == 0).sum()
    assert zeros == len(x), f"{zeros} zeros among {len(x)} pairs"


@pytest.mark.claim("1.3.4")
def test_about_half_of_symmetric_random_inputs_become_exactly_0(relu):
    x = torch.randn(100_000, generator=generator(0))
    share = (relu(x) == 0).double().mean().item()
    # 7 standard errors, sqrt(1/4 / 100,000) each: a false alarm once in 4e11 seeds; a share
    # that is off by 0.016 is found with a probability of 0.999
    assert abs(share - 0.5) < 7 * 0.5 / 100_000**0.5, f"a share of {share}"


@pytest.mark.claim("1.3.5")
def test_its_zeros_can_be_left_out_of_the_next_layer(relu):
    hidden, weight = relu(grid(64, limit=2)), grid(32, 64)
    active = hidden > 0
    assert 0 < active.sum() < 40, "about half are exactly 0"
    assert_close("the next layer", weight[:, active] @ hidden[active], weight @ hidden)


@pytest.mark.claim("1.3.5")
def test_a_dense_layer_counts_as_many_operations_with_zeros_as_without(relu):
    counts = []
    for x in (grid(7, 64), relu(grid(7, 64)), torch.zeros(7, 64)):
        with profile(with_flops=True) as counter:
            x.to(widest()) @ torch.ones(64, 32, dtype=widest())
        counts.append(sum(event.flops or 0 for event in counter.function_events))
    assert counts == [2 * 7 * 64 * 32] * 3, f"with none, half and all of them 0: {counts}"


@pytest.mark.claim("1.3.8")
@every_dtype
def test_inplace_writes_into_the_input_and_returns_it(relu, dtype):
    option(relu, "inplace")
    for name, layout in VIEWS.items():
        x, y = layout(grid(3, 5).to(dtype)), layout(grid(3, 5).to(dtype))
        expected = relu(x, inplace=False).tolist()
        assert relu(x, inplace=True).data_ptr() == x.data_ptr(), f"{name}: it is somewhere else"
        assert relu(y, True).data_ptr() == y.data_ptr(), "inplace is the second argument"
        assert x.tolist() == y.tolist() == expected, name


@pytest.mark.claim("1.3.8")
def test_inplace_writes_into_layouts_that_are_combined_and_nothing_beside_them(relu):
    option(relu, "inplace")
    for dtype, shape in [*itertools.product(DTYPES, layouts.SHAPES), (widest(), LARGE)]:
        for words, x, twin in layouts.in_pairs(grid(*shape).to(dtype)):
            twin.copy_(relu(layouts.copy(x)))
            assert relu(x, inplace=True).data_ptr() == x.data_ptr(), f"{words}: somewhere else"
            same = torch.equal(layouts.memory_of(x), layouts.memory_of(twin))
            assert same, f"{dtype} of shape {shape}, {words}: other numbers than a plain call gives"


@pytest.mark.claim("1.3.8")
def test_inplace_has_the_gradient_of_the_plain_call(relu):
    option(relu, "inplace")
    x = grid(3, 5)
    expected = slope(relu, x)
    assert_close("inplace", slope(lambda x: relu(x * 1, inplace=True), x), expected)


@pytest.mark.claim("1.3.8")
def test_inplace_writes_where_gradients_are_recorded_too(relu):
    option(relu, "inplace")
    needs_gradients(1)
    for dtype in DTYPES:
        expected = relu(grid(3, 5).to(dtype)).tolist()
        x = grid(3, 5).to(dtype).requires_grad_() * 1
        assert relu(x, inplace=True).data_ptr() == x.data_ptr(), f"{dtype}: somewhere else"
        assert x.tolist() == expected, f"{dtype}"


@pytest.mark.claim("1.3.7")
@every_dtype
def test_the_values_are_those_of_pytorch(relu, dtype):
    x = torch.cat([grid(91, limit=30), exact([0.0, -0.0, torch.inf, -torch.inf])])
    assert_close("relu(x)", relu(x.to(dtype)), torch.relu(x.to(dtype).double()))
