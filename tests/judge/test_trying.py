"""What is wrong has a name, found by trying; and nothing is said of what is right."""

import json
import math
from dataclasses import asdict

import pytest
import torch
from torch import nn

from sums_to_one.tests.common.limits import EVERYTHING, Limits
from sums_to_one.tests.judge import trying
from sums_to_one.tests.judge.components import COMPONENTS, KNOWN
from sums_to_one.tests.judge.subjects import OURS
from sums_to_one.tests.judge.trials import FAMILIES
from sums_to_one.tests.judge.trials_of_checkpoints import Files, tried_of
from sums_to_one.tests.judge.trying import Description, described, tried
from sums_to_one.tests.judge.trying_words import FIRST, HOW, LEAVES, WHAT, WHERE

# One of each family, of ours: PyTorch's own are what these are compared with.
SOME = ["tanh", "softmax", "kaiming_normal_", "BCELoss", "RMSprop", "l2_penalty", "Dropout2d"]
SOME += ["BatchNorm1d", "RandomCrop", "Normalize", "Compose", "Variable", "gradient_descent"]
SOME += [*COMPONENTS["checkpoints"]]


@pytest.fixture(autouse=True)
def however_long_it_takes(monkeypatch):
    """How much is tried must not depend on what else the machine does."""
    monkeypatch.setattr(trying, "LONG", math.inf)
    monkeypatch.setattr(trying, "TIME", math.inf)


def says(component, function):
    found = described(*tried(component, function, EVERYTHING))
    return found and found.sentence(chinese=False)


class LateRate(torch.optim.SGD):
    def load_state_dict(self, state_dict):
        super().load_state_dict({**state_dict, "state": {}})


def without_rate(path, model, optimizer=None):
    content = torch.load(path)
    model.load_state_dict(content["model"])
    if optimizer is not None:
        own = optimizer.param_groups[0]["lr"]
        optimizer.load_state_dict(content["optimizer"])
        optimizer.param_groups[0]["lr"] = own


def rounded(path, model, optimizer=None):
    state = {
        name: x.float() if x.dtype == torch.float64 else x for name, x in model.state_dict().items()
    }
    content = {} if optimizer is None else {"optimizer": optimizer.state_dict()}
    torch.save({"model": state, **content}, path)


class Backwards:
    def __init__(self, transforms):
        self.transforms = transforms

    def __call__(self, image):
        for step in self.transforms[::-1]:
            image = step(image)
        return image


class TwiceInTraining(nn.Dropout):
    def forward(self, input):
        return super().forward(input) * (2 if self.training else 1)


@pytest.mark.parametrize("component", FAMILIES)
def test_every_circumstance_and_manner_has_its_words_in_both_languages(component):
    trials = list(FAMILIES[component](component, Limits()))
    assert {trial.about for trial in trials} <= {"", *WHERE}
    assert {f"is {how}" for trial in trials for how in trial.as_if} <= {*HOW}
    assert all(WHERE.values())
    assert all(HOW.values())


@pytest.mark.parametrize("component", SOME)
def test_nothing_is_said_of_what_is_right(component):
    assert not says(component, tried_of(component, OURS[0]))


@pytest.mark.parametrize(
    ("component", "function", "said"),
    [
        ("relu", lambda x, inplace=False: 1.01 * x.relu(), "its result is 1.01 times what it"),
        ("sigmoid", lambda x: 1 / (1 + (-x.bfloat16()).exp()), "its result has another dtype"),
        ("relu", lambda x, inplace=False: nn.functional.softplus(x), "its result is "),
        ("sigmoid", lambda x: (0.99 * x).sigmoid(), "its result is that of 0.99 times the input"),
        (
            "softmax",
            lambda x, dim, dtype=None: (x * 1.01).softmax(dim, dtype),
            "its result is that of 1.01 times the input",
        ),
        ("tanh", lambda x: x.tanh() if x.numel() < 5000 else x.tanh() / 2, "only beyond 4096"),
        ("SGD", LateRate, "only after load_state_dict: results are right, but a later step is"),
        ("Dropout", TwiceInTraining, "results are right, but the factor of what is kept is"),
        ("ones_", lambda x: x.detach().fill_(1).clone(), "it returns another tensor than it"),
        ("Compose", Backwards, "its result is what the"),
        ("MSELoss", nn.L1Loss, "its result is what L1Loss gives"),
        (
            "tanh",
            lambda x: x.tanh() * (x < 0) + x.tanh() ** 2 * (x >= 0),
            "only for numbers above 0",
        ),
        ("load_checkpoint", Files(None, without_rate), "the learning rate that comes back is what"),
        ("save_checkpoint", Files(rounded, None), "only in float64: what comes back of the param"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_fault_that_nobody_has_made_before_has_a_name(component, function, said):
    assert says(component, function).startswith(said)


def test_it_is_told_in_chinese_too_and_survives_being_sent():
    found = Description(("in bfloat16",), 0, "gradient", "is {number} what it should be", 0.5, True)
    sent = json.loads(json.dumps(asdict(found)))
    again = Description(tuple(sent.pop("where")), **sent)
    assert again.sentence(chinese=True) == "只在 bfloat16 下：结果对，但梯度是应有值的 0.5 倍"
    assert again.sentence(chinese=False) == (
        "only in bfloat16: results are right, but its gradient is half of what it should be"
    )


@pytest.mark.parametrize("where", ["at home", "in float32 and buy this"])
def test_only_known_words_are_said(where):
    with pytest.raises(ValueError, match="known words"):
        Description((where,), 0, "value", "is 0", 0.0, but=False)


def test_what_is_told_has_one_name_alone():
    tables = [WHAT, FIRST, LEAVES]
    assert sum(map(len, tables)) == len({key for table in tables for key in table})


def test_every_component_is_tried():
    assert {*KNOWN} == {*FAMILIES}
