"""`sums-to-one`, as a person types it."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

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


def test_a_wrong_subject_is_shown_with_what_came_and_what_should_have_come(tmp_path):
    (tmp_path / "solution.py").write_text("def softmax(x, dim):\n    return x\n")
    command = [sys.executable, "-m", "sums_to_one.tests.judge.command", "judge", "solution.py"]
    result = subprocess.run(
        [*command, "-k", "single_number"], cwd=tmp_path, capture_output=True, text=True
    )
    assert result.returncode == 1, result.stdout + result.stderr
    assert "✗ a single number has the whole share" in result.stdout
    assert "came -3, should be 1, off by 4" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr
