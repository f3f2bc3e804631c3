"""`--subject X`, with a space or with `=`, wherever pytest is started."""

import re
import subprocess
import sys

import pytest

from sums_to_one.tests.judge import warm
from sums_to_one.tests.judge.components import asked_for
from sums_to_one.tests.judge.ledger import is_experiment
from sums_to_one.tests.judge.places import places_of

RIGHT = "import torch\n\ndef softmax(x, dim):\n    return torch.softmax(x, dim)\n"


def judge(folder, *arguments):
    return warm.run("pytest", "-q", "-k", "single_number", *arguments, cwd=folder)


@pytest.fixture
def project(tmp_path):
    """A folder with settings of its own, and a solution beside it."""
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "solution.py").write_text(RIGHT)
    (tmp_path / "project" / "mine").mkdir(parents=True)
    (tmp_path / "project" / "mine" / "solution.py").write_text(RIGHT)
    (tmp_path / "project" / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\n")
    return tmp_path / "project"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--subject", "mine/solution.py"],
        ["--subject=../beside/solution.py"],
        ["--subject", "mine.solution"],
        ["--rootdir=.", "--subject", "../beside/solution.py"],
    ],
    ids=" ".join,
)
def test_a_subject_is_judged(project, arguments):
    told = judge(project, *arguments)
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize("option", ["--subject", "--verdicts"])
def test_where_pytest_would_take_a_path_for_tests_it_is_said_what_to_write(project, option):
    told = judge(project, "--subject=mine/solution.py", option, "../beside/solution.py")
    assert told.returncode == 4, told.stdout + told.stderr
    assert f"please write {option}=../beside/solution.py" in told.stderr


TIMES = """
import time

def seconds(name):
    began = time.perf_counter()
    __import__(name)
    return time.perf_counter() - began

print(*map(seconds, {names}))
"""


def test_the_plugin_and_the_package_cost_next_to_nothing():
    """Measured in one process: 2 ms beside pytest's 120, and 70 beside torch's 2000."""
    place = "sums_to_one.tests.judge"
    names = ["pytest", f"{place}.plugin", "torch", "hypothesis", f"{place}.parametrize"]
    command = [sys.executable, "-c", TIMES.format(names=names)]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    pytests, plugins, torchs, _, ours = map(float, told.stdout.split())
    assert plugins < pytests / 6
    assert ours < torchs / 4


def test_with_fast_every_claim_is_asked_that_trains_no_network(tmp_path):
    (tmp_path / "solution.py").write_text("from torch import relu\n")
    options = ["--subject=solution.py", "--fast", "--collect-only", "-k", "test"]
    told = judge(tmp_path, *options).stdout
    asked = set(re.findall(r"::(test_\w+)\[", told))
    alone = [place for place in places_of("relu") if ("relu",) in asked_for(place.arguments)]
    slow = {place.name for place in alone if is_experiment(place.ids, place.file.stem)}
    assert slow, "some claims about relu train networks"
    assert asked == {place.name for place in alone} - slow, told


def test_a_law_is_no_experiment_because_its_claim_is_shown_by_one_too():
    assert is_experiment(["4.2.5"], "test_sparse_features")
    assert not is_experiment(["4.2.5"], "test_adagrad")
