"""Kaiming's initializers make the variance gain^2 / fan, normal or uniform.

The gain is that of the nonlinearity, for leaky_relu sqrt(2 / (1 + a^2)); the fan is fan_in unless
fan_out is asked for. The formula of each initializer is in its own file, what it owes its caller
in `test_every_initializer.py`, and what becomes of a signal in `test_through_many_layers.py`.
"""

import itertools
import math
import warnings

import pytest

from sums_to_one.tests.common.inputs import DTYPES
from sums_to_one.tests.common.limits import inside
from sums_to_one.tests.common.options import feature, option
from sums_to_one.tests.common.refusals import REFUSALS
from sums_to_one.tests.initialization.laws import (
    UNEQUAL_FANS,
    assert_spread,
    assert_standard,
    centred_scores,
    kaiming_std,
    plenty,
)
from sums_to_one.tests.initialization.weights import (
    PRECISE,
    WEIGHT_SHAPES,
    by_place,
    drawn,
    unwritten,
)

NONLINEARITIES = {
    "linear": 1,
    "conv1d": 1,
    "conv2d": 1,
    "conv3d": 1,
    "conv_transpose1d": 1,
    "conv_transpose2d": 1,
    "conv_transpose3d": 1,
    "sigmoid": 1,
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "selu": 3 / 4,
}  # and the gain of each
MODES = ("fan_in", "fan_out")


@pytest.mark.claim("2.4.1")
@pytest.mark.parametrize("nonlinearity", NONLINEARITIES)
def test_the_gain_is_that_of_the_nonlinearity(kaiming, nonlinearity):
    for mode, dtype in itertools.product(MODES, PRECISE):
        w = plenty(kaiming, 101, 257, dtype=dtype, mode=mode, nonlinearity=nonlinearity)
        std = kaiming_std((101, 257), NONLINEARITIES[nonlinearity], mode)
        assert_spread(f"with {mode} in {dtype}", kaiming, w, std)


@pytest.mark.claim("2.4.1")
@pytest.mark.parametrize("a", [0, 0.01, 0.2, 0.5, 1, math.sqrt(5), -0.5, 3])
def test_a_leaky_relu_needs_a_gain_of_the_root_of_2_over_1_plus_a_squared(kaiming, a):
    w = plenty(kaiming, 101, 257, a=a, nonlinearity="leaky_relu")
    std = kaiming_std((101, 257), math.sqrt(2 / (1 + a**2)))
    assert_spread("the numbers", kaiming, w, std)
    assert_standard("the numbers", centred_scores(kaiming, w, std))


@pytest.mark.claim("2.4.1")
def test_the_slope_concerns_nothing_but_leaky_relu(kaiming):
    for nonlinearity, gain in NONLINEARITIES.items():
        w = drawn(kaiming, 101, 257, a=2, nonlinearity=nonlinearity)
        assert_spread(nonlinearity, kaiming, w, kaiming_std((101, 257), gain))


@pytest.mark.claim("2.4.1")
@pytest.mark.parametrize("shape", UNEQUAL_FANS, ids=lambda shape: "x".join(map(str, shape)))
def test_the_fan_is_the_one_that_was_asked_for(kaiming, shape):
    for mode, dtype in itertools.product(MODES, DTYPES):
        w = plenty(kaiming, *shape, dtype=dtype, mode=mode, nonlinearity="relu")
        std = kaiming_std(shape, math.sqrt(2), mode)
        assert_spread(f"with {mode} in {dtype}", kaiming, w, std)


@pytest.mark.claim("2.4.1")
@pytest.mark.parametrize("mode", MODES)
def test_a_fan_of_0_leaves_a_layer_without_weights_as_it_is(kaiming, mode):
    option(kaiming, "mode")
    for shape in inside([(0, 5), (5, 0), (0, 0), (0, 3, 2), (3, 0, 2)]):
        w = unwritten(*shape)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch warns that there is nothing to do
            with feature("a layer without units or inputs"):
                came = kaiming(w, mode=mode)
        assert came is w, f"of shape {shape} another one came back"


@pytest.mark.claim("2.4.1")
@pytest.mark.parametrize("wrong", [{"mode": "fan"}, {"nonlinearity": "rectified"}], ids=str)
def test_a_name_that_there_is_not_is_refused(kaiming, wrong):
    option(kaiming, *wrong)
    for shape in WEIGHT_SHAPES:
        w = unwritten(*shape)
        with pytest.raises(REFUSALS):
            kaiming(w, **wrong)


@pytest.mark.claim("2.4.1")
def test_the_options_can_be_told_by_place(kaiming):
    told = by_place(kaiming, a=2, mode="fan_out", nonlinearity="leaky_relu")
    w = drawn(told, 101, 257)
    std = kaiming_std((101, 257), math.sqrt(2 / (1 + 2**2)), "fan_out")
    assert_spread("the numbers", kaiming, w, std)
