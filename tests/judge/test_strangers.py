"""What a stranger's file can do by what it is, is called, says or reads; attacks/ has what it does.

Each was once a way to a verdict that is not true, or to the end of a run.
"""

import importlib
import importlib.util
import json
import os
import py_compile
import sys
from pathlib import Path

import pytest
import torch

from sums_to_one.cifar.modules import ROOT, load
from sums_to_one.tests.common.limits import Limits
from sums_to_one.tests.judge import forks, warm
from sums_to_one.tests.judge.clean_room import _left_to_others
from sums_to_one.tests.judge.fresh import cases
from sums_to_one.tests.judge.messages import Lines, TamperedError
from sums_to_one.tests.judge.sandbox import SECRET
from sums_to_one.tests.judge.subjects import requested
from sums_to_one.tests.judge.verdicts import measured

RIGHT = "from torch.nn.init import zeros_  # noqa: F401\n"
LOOPS = "def zeros_(x):\n    while True:\n        pass\n"
# Every claim that is late is asked again, as if others had taken the processors.
STARVED = """
from sums_to_one.tests.judge import forks
forks.STARVED = -1.0
"""
CLAIM = "every_element_is_0"


def judge(folder: Path, *arguments: str) -> dict[str, str]:
    """The outcome of one claim, by subject."""
    words = ["judge", *arguments, "-k", CLAIM, "--verdicts=v.json"]
    told = warm.run("sums_to_one.tests.judge.command", *words, cwd=folder)
    assert (folder / "v.json").exists(), told.stdout + told.stderr
    subjects = json.loads((folder / "v.json").read_text())["subjects"]
    return {subject["name"]: subject["claims"][0] for subject in subjects}


def test_the_text_is_run_and_no_bytecode_of_another_text(tmp_path):
    file, other = tmp_path / "solution.py", tmp_path / "other.py"
    file.write_text("value = 1\n")
    other.write_text("value = 2\n")
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    place = importlib.util.cache_from_source(str(file))
    py_compile.compile(str(other), place, str(file), invalidation_mode=unchecked)
    assert load(str(file)).value == 1


def test_names_that_look_alike_are_two_subjects(tmp_path):
    for name in ("a\nb.py", "a\\nb.py"):
        (tmp_path / name).write_text(RIGHT)
    found, _ = requested([str(tmp_path / "a\nb.py"), str(tmp_path / "a\\nb.py")])
    assert len({subject.name for subject in found}) == 2


def test_a_name_in_any_letters_changes_no_sentence(tmp_path):
    names = "学生.py", "back\\slash.py"
    for name in names:
        (tmp_path / name).write_text(RIGHT)
    found = judge(tmp_path, *names)
    assert {found[name]["sentence"] for name in names} == {"every element is 0"}


def test_a_claim_that_was_left_no_time_is_asked_once_more(tmp_path, monkeypatch):
    (tmp_path / "loops.py").write_text(LOOPS)
    (tmp_path / "starved.py").write_text(STARVED)
    monkeypatch.setenv("PYTEST_PLUGINS", "starved")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--timeout=1")
    claim = judge(tmp_path, "loops.py")["loops.py"]
    assert claim["outcome"] == "failed"
    assert claim["counterexample"].startswith("did not return within 1 s")


def test_the_folder_in_which_somebody_works_is_not_read(tmp_path, monkeypatch):
    if "files" not in forks.layers():
        # reason: the wall is the kernel's (Linux, Landlock); where it lacks, the header says so
        pytest.skip("this machine has no wall around files")
    (tmp_path / "bobs.py").write_text(RIGHT)
    monkeypatch.chdir(tmp_path)
    assert forks.in_a_fork(lambda: _read("bobs.py"), "reading") == "PermissionError"


def _read(name: str) -> str:
    try:
        return Path(name).read_text()
    except OSError as error:
        return type(error).__name__


def test_behind_walls_our_modules_are_found_though_something_beside_them_changed(monkeypatch):
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if Path(entry) != ROOT])
    os.utime(ROOT)  # Python would list the folder anew, and may not
    assert forks.in_a_fork(_import_anew, "importing") == "found"


def _import_anew() -> str:
    for name in [name for name in sys.modules if name.partition(".")[0] == "sums_to_one"]:
        del sys.modules[name]
    return "found" if importlib.import_module("sums_to_one.tests.common.wording") else ""


def test_secrets_stay_outside(monkeypatch):
    monkeypatch.setenv("SOME_TOKEN", "86399-secret")
    found = forks.in_a_fork(lambda: [name for name in os.environ if SECRET.search(name)], "looking")
    assert found == []


@pytest.mark.parametrize("number", ["1" * 400, "-" + "1" * 400])
def test_a_number_that_no_float_holds_is_none(number):
    with pytest.raises(TamperedError):
        _heard(f'{{"seconds": {number}}}')
    told = {"dtype": "float64", "sentence": "", "input": ""}
    numbers = dict.fromkeys(("ulp", "allowed", "came", "expected"), int(number))
    assert measured(json.dumps({**told, **numbers})) is None


def _heard(line: str) -> object:
    receiver, sender = os.pipe()
    os.write(sender, line.encode() + b"\n")
    os.close(sender)
    lines = Lines(receiver)
    try:
        return lines.read()[0]
    finally:
        lines.close()


@pytest.mark.parametrize("order", ["::error file=a.py::no", " ::stop-commands::x", "##[group]x"])
def test_words_give_no_orders_to_a_machine_of_github(order, monkeypatch):
    assert _heard(json.dumps(order)) == order
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    said = _heard(json.dumps(order))
    assert "::" not in str(said)[:3]
    assert "##[" not in str(said)


def test_who_keeps_answers_is_seen_to_leave_the_work_to_others():
    kept: dict[tuple[float, ...], torch.Tensor] = {}

    def softmax(x, dim):
        key = (*x.flatten().tolist(),)
        return kept[key] if key in kept else kept.setdefault(key, torch.softmax(x, dim))

    plain = cases("softmax", Limits((torch.float64,), gradients=0), 1)
    for case in plain:
        softmax(case.tensors[0], **case.options)
    get = {"softmax": softmax}.__getitem__
    assert _left_to_others("softmax", get, plain) == ["aten::_softmax"]


def test_who_refuses_to_be_watched_has_not_been_seen_to_do_its_work():
    def softmax(x, dim):
        if sys.getprofile():
            raise KeyboardInterrupt
        return torch.softmax(x, dim)

    get = {"softmax": softmax}.__getitem__
    (said,) = _left_to_others("softmax", get, cases("softmax", Limits(gradients=0), 1))
    assert said == "nobody can say: while it is watched it raises KeyboardInterrupt"


def test_who_takes_many_dimensions_is_asked_for_many():
    found = cases("sigmoid", Limits(dimensions=(7,)), 1)
    assert {case.tensors[0].ndim for case in found} == {7}
