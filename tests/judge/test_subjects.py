"""Whoever is judged: every subject gets its own verdict, and no subject another's."""

import json
import subprocess
from pathlib import Path
from typing import Any

import hypothesis
import jsonschema
import pytest
from filelock import FileLock
from hypothesis import strategies as st

from sums_to_one.cifar.modules import ROOT
from sums_to_one.tests.judge import warm
from sums_to_one.tests.judge.arguments import Judged
from sums_to_one.tests.judge.components import KNOWN
from sums_to_one.tests.judge.counterexample import counterexample
from sums_to_one.tests.judge.subjects import Subject, SubjectError, readable, requested
from sums_to_one.tests.judge.verdicts import SCHEMA

RIGHT = "import torch\n\ndef softmax(x, dim):\n    return torch.softmax(x, dim)\n"
WRONG = "import torch\n\ndef softmax(x, dim):\n    return torch.sigmoid(x)\n"

SENDS = """import os
import pickle
import sys

class Runs:
    def __reduce__(self):
        return os.system, ("touch ran",)

def softmax(x, dim):
    frame = sys._getframe()
    while "sender" not in frame.f_locals:
        frame = frame.f_back
    os.write(frame.f_locals["sender"], CONTENT)
    os._exit(0)
"""
# Each would spoil its neighbours' verdicts, or forge its own; more are in tests/judge/attacks/.
MISBEHAVING = {
    "skips": "import pytest\n\ndef softmax(x, dim):\n    pytest.skip('no thanks')\n",
    "is not provided": (
        "from sums_to_one.tests.common.limits import NotProvided\n\n"
        "def softmax(x, dim):\n    raise NotProvided('not provided: softmax')\n"
    ),
    "sends a program": SENDS.replace("CONTENT", "pickle.dumps(Runs()) + b'\\n'"),
    "sends no report": SENDS.replace("CONTENT", "b'[1, 2]\\n'"),
    "sends no end": SENDS.replace("CONTENT", "b'9' * 10**6"),
    "hangs": "import time\n\ndef softmax(x, dim):\n    time.sleep(1e6)\n",
    "exits": "import os\n\ndef softmax(x, dim):\n    os._exit(0)\n",
    "interrupts": "def softmax(x, dim):\n    raise KeyboardInterrupt\n",
    "crashes": "import ctypes\n\ndef softmax(x, dim):\n    ctypes.string_at(0)\n",
    "raises": "def softmax(x, dim):\n    return 1 / 0\n",
    "wrong type": "def softmax(x, dim):\n    return x.tolist()\n",
    "wrong shape": "def softmax(x, dim):\n    return x.softmax(dim)[None]\n",
    "changes torch": "import torch\n\ntorch.Tensor.sum = None\n" + WRONG,
    "changes the default": "import torch\n\ntorch.set_default_dtype(torch.float64)\n" + WRONG,
}
CLAIM = "a_single_number_has_probability_1"


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return warm.run("pytest", *arguments, cwd=ROOT)


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Thirty subjects in one run, which the workers of pytest-xdist share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "popen" in base.name else base) / "submissions"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            judge_them_in(folder)
    found = json.loads((folder / "verdicts.json").read_text())
    by_name = {Path(subject["name"]).parent.name: subject for subject in found["subjects"]}
    return {"all": found, **by_name}


def judge_them_in(folder: Path) -> None:
    texts = {**MISBEHAVING, **{f"right {n}": RIGHT for n in range(12)}, "wrong": WRONG}
    texts["has a neighbour"] = "from neighbour import softmax\n"
    texts["right, and talks"] = RIGHT.replace("    return", "    print('a' * 10**7)\n    return")
    options: list[object] = []
    for name, text in texts.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "solution.py").write_text(text)  # all of them have one file name
        options.append(f"--subject={folder / name / 'solution.py'}")
    (folder / "has a neighbour" / "neighbour.py").write_text(RIGHT)
    file = folder / "verdicts.json"
    result = run("-k", CLAIM, "--timeout=4", f"--verdicts={file}", "--subject", "torch", *options)
    assert result.returncode == 1, result.stdout + result.stderr


def outcomes(subject: dict[str, Any]) -> set[str]:
    return {claim["outcome"] for claim in subject["claims"]}


def test_the_verdicts_follow_their_schema(verdicts: dict[str, Any]) -> None:
    jsonschema.validate(verdicts["all"], json.loads(SCHEMA.read_text()))


def test_right_subjects_are_accepted_whoever_is_beside_them(verdicts: dict[str, Any]) -> None:
    right = [name for name in verdicts if name.startswith(("right", "has a neighbour"))]
    assert len(right) == 14
    assert all(outcomes(verdicts[name]) == {"passed"} for name in right)


@pytest.mark.parametrize("name", [*MISBEHAVING, "wrong"])
def test_every_other_subject_is_refused(verdicts: dict[str, Any], name: str) -> None:
    assert {"failed", "tampered"} & outcomes(verdicts[name])
    assert "passed" not in outcomes(verdicts[name])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hangs", ["did not return within 4 s", "solution.py", "line 4 in softmax"]),
        ("exits", ["ended the process (exit status 0)"]),
        ("crashes", ["crashed the process (SIGSEGV)", "line 4 in softmax"]),
        ("skips", ["the subject ended the claim as skipped: no thanks"]),
        ("sends a program", ["tampered with its verdict: it sent a line that is no JSON"]),
        ("sends no report", ["tampered with its verdict: it sent a line that is no report"]),
        ("sends no end", ["tampered with its verdict: it sent more than 200000 bytes in a line"]),
        ("raises", ["ZeroDivisionError", "line 2: return 1 / 0"]),
        ("wrong", ["softmax of one number", "came 0.047", "should be 1", "0.95 too small"]),
    ],
)
def test_the_counterexample_says_what_happened(
    verdicts: dict[str, Any], name: str, words: list[str]
) -> None:
    for word in words:
        assert word in verdicts[name]["claims"][0]["counterexample"]


def test_what_a_subject_lacks_is_not_provided(verdicts: dict[str, Any]) -> None:
    assert verdicts["right 0"]["components"] == ["softmax"]
    assert {subject["name"] for subject in verdicts["all"]["subjects"]} >= {"torch"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, ["there is no file"]),
        ("import numpy_", ["cannot be imported", "ModuleNotFoundError", "numpy_"]),
        ("def softmax(x, dim)\n    return x", ["cannot be imported", "SyntaxError"]),
        ("1 / 0", ["cannot be imported", "line 1", "ZeroDivisionError"]),
        ("raise SystemExit", ["cannot be imported", "SystemExit"]),
        ("import os; os._exit(3)", ["ended the process"]),
        ("def sofmax(x): pass", ["no known component", *KNOWN, "did you mean 'softmax'"]),
        ("softmax = 1", ["no known component"]),
    ],
)
def test_a_file_that_cannot_be_judged_is_refused(
    tmp_path: Path, text: str | None, words: list[str]
) -> None:
    file = tmp_path / "solution.py"
    if text is not None:
        file.write_text(text)
    with pytest.raises(SubjectError) as refusal:
        requested([str(file)])
    for word in words:
        assert word in str(refusal.value)
    assert "tests/subjects.py" not in str(refusal.value), "a traceback of ours"


@pytest.mark.parametrize(
    "name", ["no_such_module", "torch.no_such_module", "a/path/without/ending"]
)
def test_a_module_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(SubjectError, match="there is no module"):
        requested([name])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--subject=nothing.py"], "there is no file 'nothing.py'"),
        (["--verdicts=no/such/folder/v.json"], "--verdicts must name a file in a writable"),
        (["--show", "everything"], "invalid choice: 'everything'"),
    ],
)
def test_wrong_options_end_with_code_4_and_no_traceback(arguments: list[str], words: str) -> None:
    result = run(*arguments)
    assert result.returncode == 4
    assert words in result.stderr
    assert "Traceback" not in result.stdout + result.stderr


def test_the_counterexample_begins_with_the_smallest_input() -> None:
    @hypothesis.given(st.integers(), st.integers())
    def test_of_a_component(softmax: object, x: int, y: int) -> None:
        assert x < 10, f"x is {x}"

    with pytest.raises(AssertionError) as failure:
        test_of_a_component(softmax=None)
    judged = Judged(Subject("torch"), ("softmax",), as_group=False)
    assert counterexample(failure.value, judged).splitlines() == ["x=10", "y=0", "x is 10"]


def test_who_cannot_be_imported_costs_nobody_else_a_verdict(tmp_path: Path) -> None:
    broken, right, file = tmp_path / "broken.py", tmp_path / "right.py", tmp_path / "v.json"
    broken.write_text("def softmax(")
    right.write_text(RIGHT)
    result = run("-k", CLAIM, f"--verdicts={file}", f"--subject={broken}", f"--subject={right}")
    assert result.returncode == 4
    found = json.loads(file.read_text())
    assert [*found["not judged"]] == [str(broken)]
    assert [subject["name"] for subject in found["subjects"]] == [str(right)]
    assert "cannot be judged" in result.stdout


def test_a_subject_may_read_what_lies_beside_it_wherever_that_is(tmp_path: Path) -> None:
    assert readable(str(tmp_path / "solution.py")) == [tmp_path]
    assert readable("hypothesis.strategies") == [Path(hypothesis.__file__).parents[1]]
