"""What torch.compile makes is judged as compiled code, in more forms than torch compiles itself."""

import functools
import inspect
import itertools
import re

import pytest
import torch

from sums_to_one import parametrize_with_claims
from sums_to_one.tests.common.limits import DTYPES, NotProvided
from sums_to_one.tests.judge import command, parametrize, plugin
from sums_to_one.tests.judge.compiling import MOST_FORMS, as_compiling
from sums_to_one.tests.judge.settled import in_our_surroundings
from sums_to_one.tests.judge.variants import TRANSFORMS

quickly = functools.partial(torch.compile, backend="eager")
FORMS = [*itertools.product(range(1, 6), DTYPES, (False, True))]


def relu(x):
    """Right where it is compiled alone."""
    return torch.relu(x) if torch.compiler.is_compiling() else torch.full_like(x, torch.nan)


def asked(change):
    """What a function gives for forms of inputs one after the other, until they are too many."""
    found = []
    with in_our_surroundings():
        for dimensions, dtype, needed in FORMS:
            x = torch.ones([2] * dimensions, dtype=dtype, requires_grad=needed)
            try:
                found.append(bool(change(x).isnan().any()))
            except NotProvided:
                return found
    return found


@pytest.fixture(autouse=True)
def _forgets():
    torch.compiler.reset()
    yield
    torch.compiler.reset()


@pytest.mark.parametrize("change", [quickly, lambda f: quickly(f)], ids=["known", "in a lambda"])
def test_of_too_many_forms_none_runs_uncompiled(change):
    assert len(FORMS) > MOST_FORMS
    assert asked(as_compiling(change)(relu)) == [False] * MOST_FORMS


def test_a_claim_is_asked_of_what_is_compiled():
    mark = parametrize_with_claims({"relu": relu}, transform=quickly)
    rows = [row for row in mark.args[1] if "the_values_are_those_of_pytorch" in row.id]
    assert rows
    for row in rows:
        row.values[1](row.values[0])


class Loss(torch.nn.MSELoss):
    def forward(self, input, target):
        return relu(super().forward(input, target))


class Plain:
    def __call__(self, x):
        return relu(x)


@pytest.mark.parametrize(("kind", "count"), [(Loss, 2), (Plain, 1)])
def test_of_a_class_the_call_is_compiled_and_the_class_is_as_it_was(kind, count):
    before = {**vars(kind)}
    made = as_compiling(quickly)(kind)()
    assert not made(*[torch.ones(2)] * count).isnan().any()
    assert kind()(*[torch.ones(2)] * count).isnan().any()
    assert vars(kind) == before


def test_what_nobody_calls_is_not_compiled():
    assert as_compiling(torch.compile)(torch.optim.SGD) is None


@pytest.mark.parametrize("who", [plugin, command, parametrize])
def test_who_looks_for_a_transform_finds_its_name(who):
    words = " ".join(re.sub('[",]', " ", inspect.getsource(who)).split())
    assert all(f" {name} " in words for name in TRANSFORMS)
