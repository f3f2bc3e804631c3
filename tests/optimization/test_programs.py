"""Whatever is done with an optimizer, however long and in whatever order, it does as PyTorch's.

Hypothesis writes the programs: gradients for some of the parameters or for none, steps, other
settings in between, new groups, and checkpoints. What all this should lead to, each by itself, is
said by the other claims; this one looks for what goes wrong together.
"""

import copy
from typing import Any

import pytest
import torch
from hypothesis import settings as profile
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from sums_to_one.tests.common.closeness import assert_close, assert_within, rounding, tolerance
from sums_to_one.tests.common.inputs import grid
from sums_to_one.tests.common.limits import inside
from sums_to_one.tests.common.options import needs
from sums_to_one.tests.optimization.trajectories import (
    OTHER_VALUES,
    Settings,
    documented,
    downhill,
    gradients,
    in_groups,
    leaf,
    provided,
    run_of,
    settings_of,
    side_by_side,
    walk,
)

PROGRAM_SHAPES = [(2, 3), (5,), (3, 2), (2, 3), (), (1, 7)]
FORGETFUL: Settings = {"betas": (0.0, 0.0), "alpha": 0.0}
live_rates = st.sampled_from([0.0, 0.125, 0.5, 2.0])
LIVE = {"lr": live_rates, "momentum": st.sampled_from([0.25, 0.75]), "weight_decay": live_rates}


@pytest.mark.claim("4.2.14")
def test_after_many_steps_the_rule_is_still_the_same(optimizer):
    pulls = gradients(42, 2, 3) * 15
    for settings in settings_of(optimizer)[-1:]:
        came, expected = (
            walk(kind, grid(2, 3), pulls, **settings) for kind in both_kinds(optimizer)
        )
        # A sum of moves is off by a rounding a step, in whichever order its author has them.
        allowed = tolerance(came.dtype) + rounding(came.dtype, len(pulls))
        words = f"{settings}: after each of {len(pulls)} steps"
        assert_within(words, came, expected, allowed * expected.abs().max().double())


def both_kinds(optimizer: Any) -> tuple[Any, Any]:
    """That under judgement, and PyTorch's."""
    return optimizer, getattr(torch.optim, optimizer.name)


@pytest.mark.claim("4.2.14")
def test_a_setting_that_is_changed_counts_from_the_next_step_on(optimizer):
    for settings in [*settings_of(optimizer), *decoupled(optimizer)]:
        runs = [run_of(kind, [grid(2, 3)], **settings) for kind in both_kinds(optimizer)]
        needs(runs[0].made, "param_groups")
        for change in [{}, *changes(settings, provided(optimizer, runs[0].made.param_groups[0]))]:
            for run in runs:
                run.made.param_groups[0].update(change)
            side_by_side([[pull] for pull in gradients(3, 2, 3)], *runs)
            came, expected = (run.places[0] for run in runs)
            assert_close(f"{settings}, then {change}", came, expected)


def decoupled(optimizer: Any) -> list[Settings]:
    """The setting of a decay that goes with the learning rate, where there is one."""
    own = documented(optimizer, {"weight_decay": 0.25, "decoupled_weight_decay": True})
    return [{"lr": 0.25, **own}] if len(own) == 2 else []


def changes(settings: Settings, group: Settings) -> list[Settings]:
    """One after the other; what a group does not tell, and what is off, is left as it is.

    How long an average remembers may change to not at all: what it holds may be weighted otherwise,
    and the newest gradient is what every weighting then comes to.
    """
    names = ["lr", "weight_decay", "lr_decay", "eps", "maximize"]
    names += [name for name in ("momentum", "dampening") if settings.get(name)]
    found = [{name: OTHER_VALUES[name]} for name in names if name in group]
    # Centered, nothing is left of the newest square; and the largest so far is not forgotten.
    if not (settings.get("centered") or settings.get("amsgrad")):
        found += [{name: value} for name, value in FORGETFUL.items() if name in group]
    return [*found, {"lr": 0.125}]


@pytest.mark.claim("4.2.14")
def test_any_program_leads_where_pytorchs_leads(optimizer):
    class Program(Programs):
        member = optimizer

    limits = profile(max_examples=profile().max_examples // 2, stateful_step_count=16)
    run_state_machine_as_test(Program, settings=limits)


class Programs(RuleBasedStateMachine):
    """Two optimizers that are told the same: that under judgement, and PyTorch's."""

    member: Any

    @initialize(number=st.integers(0, 3), one_group=st.booleans())
    def make(self, number: int, one_group: bool) -> None:
        theirs = settings_of(self.member)
        self.settings = theirs[number % len(theirs)]
        self.shapes = inside(PROGRAM_SHAPES)
        parts = [[0, 1, 2]] if one_group else [[0], [1, 2]]
        kinds = both_kinds(self.member)
        self.parameters = [[leaf(grid(*shape)) for shape in self.shapes[:3]] for _ in kinds]
        self.optimizers = [
            in_groups(kind, [{"params": [own[i] for i in part]} for part in parts], **self.settings)
            for kind, own in zip(kinds, self.parameters, strict=True)
        ]
        needs(self.optimizers[0], "add_param_group", "zero_grad", "state_dict", "load_state_dict")
        self.time = 0

    @rule(which=st.sets(st.integers(0, 5)))
    def backward(self, which: set[int]) -> None:
        """Gradients for some of the parameters, added to what they have."""
        self.time += 1
        for own in self.parameters:
            for i in which & set(range(len(own))):
                (own[i] * downhill(self.time + 2 * i, *self.shapes[i])).sum().backward()

    @rule()
    def step(self) -> None:
        for optimizer in self.optimizers:
            optimizer.step()
        for i, (came, expected) in enumerate(zip(*self.parameters, strict=True)):
            assert_close(f"{self.settings}: parameter {i}", came.detach(), expected.detach())

    @rule(which=st.sets(st.integers(0, 5), min_size=1))
    def backward_and_step(self, which: set[int]) -> None:
        self.backward(which)
        self.step()

    @rule()
    def zero_grad(self) -> None:
        for optimizer, own in zip(self.optimizers, self.parameters, strict=True):
            optimizer.zero_grad()
            for p in own:
                assert p.grad is None or not p.grad.any(), f"after zero_grad it is {p.grad}"
                p.grad = None

    @rule(
        group=st.integers(0, 2),
        change=st.one_of(*[st.tuples(st.just(n), v) for n, v in LIVE.items()]),
    )
    def change(self, group: int, change: tuple[str, Any]) -> None:
        name, value = change
        for optimizer in self.optimizers:
            settings = optimizer.param_groups[group % len(optimizer.param_groups)]
            if settings.get(name) or name == "lr":  # what is off need not be prepared to be on
                settings[name] = value

    @rule(rate=live_rates)
    def add_group(self, rate: float) -> None:
        count = len(self.parameters[0])
        for optimizer, own in zip(self.optimizers, self.parameters, strict=True):
            if count < len(self.shapes):
                own.append(leaf(grid(*self.shapes[count])))
                optimizer.add_param_group({"params": [own[-1]], "lr": rate})

    @rule(same=st.booleans())
    def save_and_load(self, same: bool) -> None:
        """Into new optimizers of the same groups, or into those that were there."""
        for n, optimizer in enumerate(self.optimizers):
            saved = copy.deepcopy(optimizer.state_dict())
            if not same:
                groups = [{"params": group["params"]} for group in optimizer.param_groups]
                self.optimizers[n] = type(optimizer)(groups, **{**self.settings, "lr": 7.0})
            self.optimizers[n].load_state_dict(saved)
