"""`sums-to-one`, as a person types it."""

import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from sums_to_one.tests.judge import warm
from sums_to_one.tests.judge.command import app
from sums_to_one.tests.judge.ledger import ledger


@pytest.mark.parametrize(
    "command",
    [[], ["judge"], ["train"], ["predict"], ["ablate"], ["claims"], ["book"]],
    ids=" ".join,
)
def test_every_command_explains_itself(command):
    result = CliRunner().invoke(app, [*command, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


@pytest.mark.parametrize("language", [[], ["--zh"]], ids=["English", "Chinese"])
def test_the_ledger_is_shown_as_a_table(language):
    result = CliRunner().invoke(app, ["claims", *language])
    assert result.exit_code == 0
    assert all(id in result.output for id in ledger())


@pytest.mark.parametrize("about", [["1.5"], ["batch norm"], ["--verdict", "fails"]], ids=" ".join)
@pytest.mark.parametrize("language", [[], ["--zh"]], ids=["English", "Chinese"])
def test_a_part_of_the_ledger_is_found_and_shown_whole(monkeypatch, about, language):
    monkeypatch.setenv("COLUMNS", "80")
    result = CliRunner().invoke(app, ["claims", *about, *language])
    assert result.exit_code == 0
    assert "…" not in result.output
    found = [id for id in ledger() if f" {id} " in result.output]
    assert 0 < len(found) < len(ledger())
    assert all(len(line) <= 80 for line in result.output.splitlines())


def test_the_claims_of_a_component_are_counted_by_verdict():
    result = CliRunner().invoke(app, ["claims", "softmax"])
    assert re.search(r"\bholds \d+, holds when \d+", result.output)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["softmx"], "there is softmax"),
        (["9.9"], "must have a number of the ledger"),
        (["--verdict", "maybe"], "a verdict must be one of holds"),
    ],
)
def test_what_is_not_in_the_ledger_is_refused_with_what_there_is(arguments, words):
    result = CliRunner().invoke(app, ["claims", *arguments])
    assert result.exit_code == 2
    assert words in result.output


WRONG = "def softmax(x, dim):\n    return x\n"


JUDGE = ["sums_to_one.tests.judge.command", "judge", "solution.py", "-k"]


def test_a_wrong_subject_is_shown_with_what_came_and_what_should_have_come(tmp_path):
    (tmp_path / "solution.py").write_text(WRONG)
    command = [sys.executable, "-m", *JUDGE, "single_number"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "✗ a single number has probability 1" in result.stdout
    assert "came -3, should be 1, 4 too small" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr


def test_where_no_claim_is_meant_that_is_said(tmp_path):
    (tmp_path / "solution.py").write_text(WRONG)
    result = warm.run(*JUDGE, "single_numbr", cwd=tmp_path)
    assert result.returncode == 4
    assert "there is no claim whose name matches -k 'single_numbr'" in result.stderr


def test_limits_that_somebody_declares_are_told_with_their_reason(tmp_path):
    limits = '--limits=softmax={"dtypes": ["float32"], "reason": "the kernel has no other"}'
    (tmp_path / "solution.py").write_text(WRONG)
    result = warm.run(*JUDGE, "single_number", limits, cwd=tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "within its limits: float32 (the kernel has no other)" in result.stdout
