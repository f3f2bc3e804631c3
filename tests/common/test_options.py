"""The rulers `option`, `needs` and `feature`: what is not provided, and what is merely wrong."""

import functools

import pytest
import torch

from sums_to_one.tests.common.options import NotProvided, feature, needs, option, provides


def with_p(x, p=0.5, *, inplace=False):
    return x


def hands_on(*arguments, **options):
    return with_p(*arguments, **options)


def hands_on_a_copy(x, *arguments, **options):
    return with_p(x * 1.0, *arguments, **options)


def hands_on_to_pytorch(x, **options):
    return torch.nn.functional.leaky_relu(x, **options)


def keeps_what_nobody_asked_for(x, **options):
    return options.get("p", x)


class HandsOnInside(torch.nn.Module):
    def __init__(self, *arguments, **options):
        super().__init__()
        self.layer = Layer(*arguments, **options)


class Layer(torch.nn.Module):
    def __init__(self, p=0.5):
        super().__init__()


class Plain(torch.nn.Module):
    """Has no constructor of its own."""


class HandsOn(Layer):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)


class HandsOnAlone(torch.nn.Module):
    def __init__(self, **options):
        super().__init__()


@pytest.mark.parametrize(
    "component",
    [
        with_p,
        hands_on,
        hands_on_a_copy,
        keeps_what_nobody_asked_for,
        Layer,
        HandsOn,
        HandsOnAlone,
        HandsOnInside,
        functools.partial(with_p, p=1),
    ],
)
def test_an_argument_that_is_taken_by_name_is_provided(component):
    assert provides(component, "p")
    option(component, "p")


@pytest.mark.parametrize(
    "component",
    [
        with_p,
        hands_on_a_copy,
        hands_on_to_pytorch,
        Layer,
        HandsOn,
        HandsOnInside,
        Plain,
        max,
        lambda x: x,
    ],
)
def test_an_argument_that_is_not_taken_is_not_provided(component):
    assert not provides(component, "alpha")
    with pytest.raises(NotProvided, match="not provided: the argument 'alpha'"):
        option(component, "alpha")


def test_a_method_that_is_lacking_is_not_provided():
    needs(Layer(), "state_dict", "train")
    with pytest.raises(NotProvided, match="not provided: 'step'"):
        needs(Layer(), "train", "step")


@pytest.mark.parametrize("error", [ValueError, TypeError, RuntimeError, NotImplementedError])
def test_a_feature_that_is_refused_is_not_provided(error):
    with (
        pytest.raises(NotProvided, match="not provided: half precision"),
        feature("half precision"),
    ):
        raise error("float32 only")


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyError, IndexError])
def test_a_feature_that_fails_is_provided_and_wrong(error):
    with pytest.raises(error), feature("half precision"):
        raise error("from inside")


def test_a_wrong_number_under_a_feature_is_no_excuse():
    with pytest.raises(AssertionError), feature("half precision"):
        raise AssertionError("came 1, should be 2")


def test_not_provided_is_no_skip_of_anybody_elses():
    # reason: nothing is skipped here; whoever skips by pytest's own words is not excused by ours
    assert not isinstance(pytest.skip.Exception("a reason"), NotProvided)
