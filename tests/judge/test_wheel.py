"""The wheel in a stranger's repository, which has packages and options like ours.

The stranger's environment has what ours has but for the clone: in its place the built wheel.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from sums_to_one.cifar.modules import OUR_FOLDERS, ROOT
from sums_to_one.tests.judge import warm

RIGHT = "import torch\n\ndef softmax(x, dim):\n    return torch.softmax(x, dim)\n"
TRIPLED = "import torch\n\ndef relu(x, inplace=False):\n    return 3 * torch.relu(x)\n"
FILES = {
    "concepts/__init__.py": TRIPLED,
    "tests/__init__.py": "",
    "tests/mylayers.py": TRIPLED,
    "tests/test_own.py": (
        "import sys\n\nimport hypothesis\n\n"
        "def test_own(pytestconfig):\n"
        "    assert pytestconfig.getoption('own') is None\n"
        # Hypothesis' own choice: the second one where the variable CI is set.
        "    assert hypothesis.settings.get_current_profile_name() in ('default', 'ci')\n"
        "    assert not {'torch', 'rich'} & set(sys.modules)\n"
        "    assert 'sums_to_one.tests.judge.collecting' not in sys.modules\n"
    ),
    "cifar/__init__.py": "",
    "mypkg/__init__.py": "",
    "mypkg/layers.py": RIGHT,
    # In the form that the settings below want, and where they do not look for it.
    "gate/test_of_layers.py": (
        "from sums_to_one import parametrize_with_claims\n\n"
        "@parametrize_with_claims('mypkg.layers')\n"
        "def test_own_softmax(component, claim):\n    claim(component)\n\n"
        "@parametrize_with_claims('tests.mylayers')\n"
        "def test_own_relu(component, claim):\n    claim(component)\n"
    ),
    "check.py": (
        "import mypkg.layers\nimport tests.mylayers\nfrom sums_to_one import check_component\n\n"
        "check_component('softmax', mypkg.layers.softmax)\n"
        "print('softmax holds')\n"
        "check_component('relu', tests.mylayers.relu)\n"
    ),
    "conftest.py": "def pytest_addoption(parser):\n    parser.addoption('--own')\n",
    "pyproject.toml": (
        "[tool.pytest.ini_options]\n"
        "testpaths = ['tests']\n"
        "filterwarnings = ['error']\n"
        "python_files = 'test_o*.py'\n"
        "python_functions = 'test_own'\n"
        "addopts = '--strict-markers -p no:cacheprovider'\n"
    ),
}
CLAIMS = ("-k", "single_number or its_slope_is_1")


def command(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    words = [str(argument) for argument in arguments]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    return subprocess.run(words, cwd=cwd, env=clean, capture_output=True, text=True)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an environment with the wheel, built once for all workers of pytest-xdist."""
    base = tmp_path_factory.getbasetemp()
    home = (base.parent if "popen" in base.name else base) / "stranger"
    with FileLock(f"{home}.lock"):
        if not home.exists():
            install_the_wheel_in(home)
    return home / "bin" / "python"


def install_the_wheel_in(home: Path) -> None:
    source = home.with_name("source")  # building leaves things behind
    for folder in OUR_FOLDERS:
        shutil.copytree(ROOT / folder, source / folder)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    steps: list[list[object]] = [
        ["uv", "build", "--quiet", "--wheel", "--out-dir", f"{home}-wheel", source],
        [sys.executable, "-m", "venv", "--without-pip", home],
    ]
    for step in steps:
        result = command(*step, cwd=ROOT)
        assert result.returncode == 0, result.stderr
    (wheel,) = Path(f"{home}-wheel").glob("*.whl")
    result = command(
        *("uv", "pip", "install", "--quiet", "--no-deps", "--python", home, wheel), cwd=ROOT
    )
    assert result.returncode == 0, result.stderr
    # A path in a .pth file is looked into, but no .pth file there is read: so the clone stays out.
    site = next((home / "lib").glob("python3*/site-packages"))
    (site / "ours.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return repository_in(tmp_path)


def repository_in(folder: Path) -> Path:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_it_is_the_wheel_that_is_imported(python, repository):
    told = command(
        python, "-c", "import sums_to_one.tests as t; print(*t.__path__)", cwd=repository
    )
    assert "site-packages" in told.stdout, told.stdout + told.stderr


def test_nothing_changes_for_a_stranger_who_judges_nothing(python, repository):
    told = command(python, "-m", "pytest", "-q", cwd=repository)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "1 passed" in told.stdout


MEANT = {
    "mypkg.layers": "softmax: 1 claim holds",
    "mypkg/layers.py": "softmax: 1 claim holds",
    "tests.mylayers": "relu: 1 claim refuses it",
    "concepts": "relu: 1 claim refuses it",
    "sums_to_one.concepts": "relu: 1 claim holds",
}


@pytest.fixture(scope="module")
def judged(python: Path) -> Path:
    """A folder with what is printed and found of all these in one run, for all workers."""
    folder = python.parents[1].with_name("judged")
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            repository_in(folder)
            subjects = [f"--subject={subject}" for subject in (*MEANT, "cifar")]
            judge = [*CLAIMS, "--show=all", "--seed=1", "--verdicts=there.json", *subjects]
            told = command(python, "-m", "pytest", *judge, cwd=folder)
            (folder / "printed").write_text(f"{told.returncode}\n{told.stdout}{told.stderr}")
    return folder


def test_each_judges_what_the_stranger_means(judged):
    told = (judged / "printed").read_text()
    assert told.startswith("1\n"), told
    assert "the subject 'cifar' provides no known component" in told, told
    _, *parts = re.split(r"^(\S+) ─+\n", told, flags=re.MULTILINE)
    said = dict(zip(parts[::2], parts[1::2], strict=True))
    assert {name: words for name, words in MEANT.items() if words in said[name]} == MEANT, told


def test_in_tests_of_ones_own_they_are_judged_as_well(python, repository):
    gate = ["-m", "pytest", "-q", *CLAIMS, "gate/test_of_layers.py"]
    told = command(python, *gate, cwd=repository)
    failed = re.findall(r"^FAILED .*::(\w+)", told.stdout, flags=re.MULTILINE)
    assert {*failed} == {"test_own_relu"}, told
    assert re.search(r"\b[1-9]\d* passed", told.stdout), told


def test_in_a_program_they_are_judged_as_well(python, repository):
    told = command(python, "check.py", cwd=repository)
    assert told.stdout == "softmax holds\n", told
    assert "relu" in told.stderr, told


def test_by_the_command_they_are_judged_as_well(python, repository):
    both = ["mypkg.layers", "tests.mylayers", "--show=all"]
    told = command(python.with_name("sums-to-one"), "judge", *CLAIMS, *both, cwd=repository)
    assert told.returncode == 1, told
    assert MEANT["mypkg.layers"] in told.stdout, told
    assert MEANT["tests.mylayers"] in told.stdout, told


def test_the_verdicts_are_the_same_as_in_the_clone(judged):
    paths = [f"{ROOT}/tests/activations", f"--rootdir={ROOT}", f"-c={ROOT}/pyproject.toml"]
    judge = [*CLAIMS, "--subject=mypkg.layers", "--seed=1", "--verdicts=here.json"]
    warm.run("pytest", *paths, *judge, cwd=judged)
    there, here = (softmax_in(judged / f"{name}.json") for name in ("there", "here"))
    assert here["claims"]
    assert there == here


def softmax_in(file: Path) -> dict[str, Any]:
    """What was found of the stranger's, less that which others provide."""
    (found,) = [s for s in json.loads(file.read_text())["subjects"] if s["name"] == "mypkg.layers"]
    own = [row for row in found["claims"] if row["component"] == "softmax"]
    return {**found, "claims": own, "lacks": []}
