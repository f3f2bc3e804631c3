"""Where there is no Unicode, or NO_COLOR asks for none, the judge writes plain ASCII."""

import io
import subprocess
import sys

from typer.testing import CliRunner

from sums_to_one.tests.judge import warm
from sums_to_one.tests.judge.command import app
from sums_to_one.tests.judge.terminal import Plain, Screen

WRONG = "def relu(x, inplace=False):\n    return x.abs()\n"


JUDGE = ["sums_to_one.tests.judge.command", "judge", "relu.py", "-k", "larger"]


def test_a_lesson_is_written_in_ascii_where_that_is_all_there_is(tmp_path, monkeypatch):
    (tmp_path / "relu.py").write_text(WRONG)
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    ended = subprocess.run([sys.executable, "-m", *JUDGE], cwd=tmp_path, stdout=subprocess.PIPE)
    assert_plain(ended.stdout.decode("ascii"))


def test_a_lesson_is_written_in_ascii_where_no_colour_is_asked_for(tmp_path, monkeypatch):
    (tmp_path / "relu.py").write_text(WRONG)
    monkeypatch.setenv("NO_COLOR", "1")
    assert_plain(warm.run(*JUDGE, cwd=tmp_path).stdout)


def assert_plain(said: str) -> None:
    assert said.isascii()
    assert "x it is the larger of the number and 0" in said
    assert "-----" in said


def test_with_no_color_the_sentences_stay_in_chinese(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    said = CliRunner().invoke(app, ["claims", "1.5", "--zh"]).output
    assert "定律" in said
    assert not set("─│┃━✓✗·") & set(said)


def test_what_a_terminal_cannot_show_is_replaced():
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii")
    screen = Screen(file=file, width=40)
    screen.print("✗ 定律")
    file.flush()
    assert isinstance(screen.file, Plain)
    assert raw.getvalue().decode() == "x ??\n"


def test_the_settings_are_listed():
    said = CliRunner().invoke(app, ["train", "--set", "help"]).output
    assert "dropout=0.1: the probability with which a hidden unit is zeroed." in said
    assert "hidden=512,256: " in said
