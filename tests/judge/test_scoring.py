"""A learner's own claims: a worked one to begin with, and a score against all versions."""

import json

import pytest
from typer.testing import CliRunner

from sums_to_one.tests.judge import teeth, worked
from sums_to_one.tests.judge.command import app
from sums_to_one.tests.judge.components import KNOWN, asked_for
from sums_to_one.tests.judge.progress import note_verdict, told
from sums_to_one.tests.judge.scoring import (
    Beside,
    _first_refusal,
    _references,
    behaviour,
    scores,
    write,
)
from sums_to_one.tests.judge.versions import versions

OF_RELU = """import torch
from hypothesis import given, strategies as st


def test_what_is_negative_becomes_0(relu):
    came = relu(torch.tensor([-3.0, -0.5])).tolist()
    assert came == [0, 0], f"should be 0, came {came}"


@given(st.integers(1, 9))
def test_what_is_positive_stays(relu, number):
    assert relu(torch.tensor([float(number)])).item() == number
"""
WRONG = """import torch


def test_nothing_is_larger_than_6(relu):
    assert relu(torch.tensor([7.0])).item() <= 6
"""


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.parametrize("component", KNOWN)
def test_a_worked_claim_holds_of_every_right_version_and_refuses_some_impostor(component):
    (test,) = [
        test
        for name, test in vars(worked).items()
        if name.startswith("test_") and component in asked_for(teeth.Claim(test, ()).arguments)[0]
    ]
    refused = {
        version: _first_refusal([teeth.Claim(test, ())], Beside(**vars(version)))
        for version in [*_references(component), *versions(component)]
    }
    assert not [f"{v}: {said}" for v, said in refused.items() if said and not v.refused_by]
    assert any(refused.values())


@pytest.mark.parametrize("chinese", [False, True], ids=["English", "Chinese"])
@pytest.mark.parametrize("component", KNOWN)
def test_a_file_of_claims_can_be_run_and_stands_alone(component, chinese, tmp_path):
    text = write(component, tmp_path, chinese).read_text()
    module: dict[str, object] = {}
    exec(compile(text, component, "exec"), module)
    assert "sums_to_one" not in text
    assert any(name.startswith("test_") for name in module)


def test_claims_are_scored_against_impostors_and_right_versions(tmp_path):
    file = tmp_path / "test_relu.py"
    file.write_text(OF_RELU)
    (score,) = scores(file)
    by = {answer.version.name: answer.claim for answer in score.impostors}
    assert by["absolute_value"] == "test_what_is_negative_becomes_0"
    assert by["relu6"] == "test_what_is_positive_stays"
    assert not score.wronged
    assert score.missed
    assert behaviour(score.missed[0])


def test_the_score_names_a_wrong_claim_and_is_kept(tmp_path):
    file = tmp_path / "test_relu.py"
    file.write_text(WRONG)
    result = run("score-claims", file)
    assert result.exit_code == 1
    assert "nothing is larger than 6: wrongly refuses ours" in result.output
    assert "the next to catch is one that does this" in result.output
    kept = json.loads((tmp_path / "progress.json").read_text())
    assert kept["scored"]["relu"]["wronged"] > 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "there is no file"),
        ("x = 1\n", "has none"),
        ("def test_it(softmx):\n    pass\n", "needs an argument that is called like its component"),
        ("import nowhere\n", "cannot be imported"),
    ],
)
def test_what_cannot_be_scored_is_an_error_in_words(text, words, tmp_path):
    file = tmp_path / "test_it.py"
    if text:
        file.write_text(text)
    result = run("score-claims", file)
    assert result.exit_code == 2
    assert words in result.output


def test_a_file_of_claims_is_never_overwritten(tmp_path):
    assert run("exercise", "--claims", "relu", "--into", tmp_path).exit_code == 0
    (tmp_path / "test_relu.py").write_text(OF_RELU)
    assert run("exercise", "--claims", "relu", "--into", tmp_path).exit_code == 2
    assert (tmp_path / "test_relu.py").read_text() == OF_RELU


def test_what_is_accepted_is_kept_until_it_is_not(tmp_path):
    note_verdict(tmp_path, "relu", holds=57, refused=0)
    note_verdict(tmp_path, "tanh", holds=3, refused=1)
    assert list(told(tmp_path, chinese=False)) == [
        f"accepted so far: 1 of {len(KNOWN)}",
        "  activations: relu",
    ]
    note_verdict(tmp_path, "relu", holds=56, refused=1)
    assert "0 of" in next(told(tmp_path, chinese=False))
