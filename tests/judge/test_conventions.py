"""Each convention has a right version under it, which is refused without it and accepted with it.

Here one telling claim is asked of each.
"""

import dataclasses
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from sums_to_one.tests.judge.asking import Given, cases, function
from sums_to_one.tests.judge.conventions import CONVENTIONS, sets_of
from sums_to_one.tests.judge.diagnosis import CONVENTION, Diagnosis, diagnosis
from sums_to_one.tests.judge.languages import CHINESE
from sums_to_one.tests.judge.likeness import conventions_of
from sums_to_one.tests.judge.subjects import Subject
from sums_to_one.tests.judge.teeth import Claim
from sums_to_one.tests.judge.versions import Version, versions


def softmax_over_an_axis(x: Tensor, axis: int = -1) -> Tensor:
    return torch.softmax(x, axis)


class AveragedSGD(torch.optim.SGD):
    """The average begins at 0; PyTorch's is 1 / (1 - momentum) times as large."""

    def step(self, closure: Any = None) -> Any:
        rates = [group["lr"] for group in self.param_groups]
        for group in self.param_groups:
            group["lr"] = group["lr"] * (1 - group["momentum"])
        loss = super().step(closure)
        for group, rate in zip(self.param_groups, rates, strict=True):
            group["lr"] = rate
        return loss


class KeptDropout(nn.Dropout):
    def forward(self, input: Tensor) -> Tensor:
        return nn.functional.dropout(input, 1 - self.p, self.training, self.inplace)


class DropoutOfThePaper(nn.Dropout):
    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input) * (1 - self.p)


class SummedL1Loss(nn.L1Loss):
    def __init__(self, reduction: str = "sum") -> None:
        super().__init__(reduction=reduction)


def inputs_first(tensor: Tensor, *arguments: Any, **options: Any) -> Tensor:
    order = [tensor.ndim - 1, tensor.ndim - 2, *range(tensor.ndim - 2)]
    torch.nn.init.kaiming_normal_(tensor.permute(order), *arguments, **options)
    return tensor


def of_impostor(component: str, name: str) -> Callable[..., Any]:
    """Some of our impostors are right under a convention."""
    (found,) = [v for v in versions(component) if v.name == name]
    return found.function


STEPS = "test_every_step_is_as_long_as_the_learning_rate_of_that_moment"
SPREAD = "test_the_std_is_the_gain_over_the_root_of_the_fan"
RIGHT: dict[str, tuple[str, Any, str]] = {
    "axis": ("softmax", softmax_over_an_axis, "test_each_row_is_a_probability_distribution"),
    "momentum-as-average": (
        *("SGD", AveragedSGD),
        "test_a_gradient_fades_by_the_momentum_in_every_step",
    ),
    "rate-in-the-velocity": ("SGD", of_impostor("SGD", "RateInTheVelocity"), STEPS),
    "decoupled-decay": (
        *("Adam", of_impostor("Adam", "DecayDecoupled")),
        "test_weight_decay_adds_to_the_gradient",
    ),
    "eps-before-the-correction": (
        *("Adam", of_impostor("Adam", "EpsilonBeforeTheCorrection")),
        "test_steady_gradients_make_all_steps_alike",
    ),
    "momentum-of-the-old": (
        *("BatchNorm1d", of_impostor("BatchNorm1d", "MomentumOfTheOld")),
        "test_the_newest_batch_counts_by_the_momentum",
    ),
    "biased-running-variance": (
        *("BatchNorm1d", of_impostor("BatchNorm1d", "BiasedInTheAverage")),
        "test_the_running_averages_are_those_of_all_batches",
    ),
    "p-is-kept": ("Dropout", KeptDropout, "test_with_p_of_0_everything_is_kept"),
    "scaled-in-evaluation": (
        *("Dropout", DropoutOfThePaper),
        "test_in_evaluation_the_input_comes_as_it_is",
    ),
    "half-the-square": (
        *("MSELoss", of_impostor("MSELoss", "Halved")),
        "test_it_is_the_mean_of_the_squared_errors",
    ),
    "mean-over-the-samples": (
        *("MSELoss", of_impostor("MSELoss", "MeanOverTheSamples")),
        "test_the_mean_and_the_sum_are_those_of_the_losses",
    ),
    "sum-by-default": ("L1Loss", SummedL1Loss, "test_it_is_the_mean_of_the_absolute_errors"),
    "fan-out-by-default": (
        *("kaiming_normal_", of_impostor("kaiming_normal_", "the_outputs_by_default")),
        "test_the_slope_concerns_nothing_but_leaky_relu",
    ),
    "average-fan": (
        *("kaiming_normal_", of_impostor("kaiming_normal_", "average_of_the_fans")),
        SPREAD,
    ),
    "inputs-first": ("kaiming_normal_", inputs_first, SPREAD),
}
every_convention = pytest.mark.parametrize("name", CONVENTIONS)


def given(component: str, made: Any) -> Given:
    return Given("somebody's", places=(SimpleNamespace(**{component: made}),))


def tests_of(subject: Subject, component: str, claim: str) -> list[str]:
    """A claim with its first set of parameters."""
    return [c.test for c in cases(subject, component) if c.place.name == claim][:1]


@every_convention
def test_a_right_version_is_refused_without_its_convention_and_holds_with_it(name):
    component, made, claim = RIGHT[name]
    subject = given(component, made)
    (test,) = tests_of(subject, component, claim)
    (case,) = [c for c in cases(subject, component) if c.test == test]
    asked = Claim(function(case.place), tuple(case.parameters.items()))
    assert asked.refuses(Version(component, "right", made)), "it is accepted as it is"
    assert name in conventions_of(component, subject, [test])


@every_convention
def test_it_says_what_and_who_in_both_languages(name):
    convention = CONVENTIONS[name]
    assert convention.name == name
    assert convention.says
    assert convention.zh
    assert convention.who
    assert len(convention.says) < 80


def test_all_conventions_of_a_component_are_tried_alone_and_in_pairs():
    assert ("momentum-of-the-old",) in sets_of("BatchNorm1d")
    assert ("momentum-of-the-old", "biased-running-variance") in sets_of("BatchNorm1d")
    assert not [*sets_of("relu")]


def test_a_convention_is_told_apart_from_a_fault():
    found = diagnosis("MSELoss", {"conventions": ["half-the-square"], "impostors": []})
    assert found == Diagnosis(conventions=("half-the-square",))
    (said,) = found.sentences("MSELoss", chinese=False)
    assert said.startswith("different convention: it halves the squared errors, as Caffe")
    assert CONVENTION in CHINESE


def test_a_component_that_no_convention_is_about_stays_as_it_is():
    subject = dataclasses.replace(Subject("torch"), conventions=("half-the-square",))
    assert subject.component("relu") is Subject("torch").component("relu")
    assert subject.component("MSELoss") is subject.component("MSELoss") is not nn.MSELoss
