"""`--subject X`, with a space or with `=`, wherever pytest is started."""

import pytest

from sums_to_one.tests.judge import warm

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
