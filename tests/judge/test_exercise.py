"""The learner's loop: an exercise to fill in, impostors to see through, verdicts at every save."""

import re
import subprocess
import sys
import time
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from sums_to_one.tests.judge.asking import Given, cases
from sums_to_one.tests.judge.causes import causes
from sums_to_one.tests.judge.command import app
from sums_to_one.tests.judge.components import KNOWN
from sums_to_one.tests.judge.exercise import exercise, write
from sums_to_one.tests.judge.hints import hints, what_is_next
from sums_to_one.tests.judge.quiz import impostors, question
from sums_to_one.tests.judge.test_lesson import verdicts
from sums_to_one.tests.judge.verdicts import REFUSALS

SOLVED = """import torch

def ones_(tensor):
    with torch.no_grad():
        return tensor.fill_(1)
"""
WRONG = SOLVED.replace("fill_(1)", "fill_(2)")
PATIENCE = 60.0  # seconds that a busy machine may take for what is done in one


@pytest.mark.parametrize("chinese", [False, True], ids=["English", "Chinese"])
@pytest.mark.parametrize("component", KNOWN)
def test_an_exercise_has_the_component_and_not_its_solution(component, chinese):
    module: dict[str, object] = {"__name__": "exercise"}
    text = exercise(component, chinese)
    exec(compile(text, component, "exec"), module)
    assert callable(module[component])
    assert "raise NotImplementedError" in text
    assert not re.search("^(from|import) sums_to_one", text, re.MULTILINE)


@pytest.mark.parametrize("component", KNOWN)
def test_an_exercise_is_refused_as_it_is(component):
    module: dict[str, Any] = {"__name__": "exercise"}
    exec(compile(exercise(component), component, "exec"), module)
    subject = Given("exercise", places=(SimpleNamespace(**{component: module[component]}),))
    asked = [case for case in cases(subject, component) if case.provided]
    assert any(row.outcome in REFUSALS for case in asked[:6] for row in case.verdicts())


def test_an_exercise_never_overwrites(tmp_path):
    file = write("ones_", tmp_path / "my")
    file.write_text(SOLVED)
    result = CliRunner().invoke(app, ["exercise", "ones_", "--into", str(tmp_path / "my")])
    assert result.exit_code == 2
    assert file.read_text() == SOLVED


@pytest.mark.parametrize("component", KNOWN)
def test_every_component_has_hints_in_both_languages_and_something_next(component):
    row = causes(verdicts(component, "failed"))[0].first
    assert all(len(hints(row, chinese)) == 4 for chinese in (False, True))
    assert hints(row, True)[0] != hints(row, False)[0]
    assert all(hints(row, chinese=False))
    assert what_is_next(component)


@pytest.mark.parametrize("component", KNOWN)
def test_an_impostor_is_shown_without_what_gives_it_away(component):
    for impostor in impostors(component).values():
        asked = question(impostor)
        assert "refused_by" not in asked
        assert (impostor.function.__doc__ or "no docstring").splitlines()[0] not in asked


def test_without_a_name_the_impostors_are_listed():
    result = CliRunner().invoke(app, ["impostor", "softmax"])
    assert result.exit_code == 0
    assert "in_single_precision_inside" in result.output


def wait_for(words, file, since=0):
    """How far the output is read where these words have come."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        place = file.read_text().find(words, since)
        if place >= 0:
            return place + len(words)
        time.sleep(0.05)
    raise AssertionError(f"{words!r} did not come:\n{file.read_text()[since:]}")


def test_what_is_saved_is_judged_at_once(tmp_path):
    solution, said = tmp_path / "my" / "ones_.py", tmp_path / "said"
    write("ones_", tmp_path / "my")
    command = [sys.executable, "-m", "sums_to_one.tests.judge.command", "watch", "my"]
    with said.open("w") as output, subprocess.Popen(
        command, cwd=tmp_path, stdout=output, stderr=output, stdin=subprocess.DEVNULL
    ) as watching:  # fmt: skip
        try:
            read = wait_for("raised NotImplementedError", said)
            read = wait_for("claim holds", said, read)
            solution.write_text(WRONG)
            read = wait_for("✗ every element is 1", said, read)
            read = wait_for("refuse", said, read)  # all is said of it, as at first
            read = wait_for("claims hold", said, read)
            solution.write_text("def ones_(tensor)\n")
            read = wait_for("SyntaxError", said, read)
            solution.write_text(SOLVED)
            read = wait_for("claims hold", said, read)
            wait_for(what_is_next("ones_"), said, read)
        finally:
            watching.kill()
