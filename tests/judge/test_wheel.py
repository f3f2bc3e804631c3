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

import pytest
from filelock import FileLock

from sums_to_one.cifar.modules import OUR_FOLDERS, ROOT

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
        "import os\n\nfrom sums_to_one import parametrize_with_claims\n\n"
        "@parametrize_with_claims(os.environ['LAYERS'])\n"
        "def test_own(component, claim):\n    claim(component)\n"
    ),
    "check.py": (
        "import importlib\nimport sys\n\nfrom sums_to_one import check_component\n\n"
        "module, name = sys.argv[1:]\n"
        "check_component(name, getattr(importlib.import_module(module), name))\n"
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


def command(*arguments: object, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    words = [str(argument) for argument in arguments]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    clean |= variables
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
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


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


def test_each_judges_what_the_stranger_means(python, repository):
    shown = ["--show=all", *(f"--subject={subject}" for subject in (*MEANT, "cifar"))]
    told = command(python, "-m", "pytest", *CLAIMS, *shown, cwd=repository)
    assert told.returncode == 1, told
    assert "the subject 'cifar' provides no known component" in told.stdout + told.stderr, told
    _, *parts = re.split(r"^(\S+) ─+\n", told.stdout, flags=re.MULTILINE)
    said = dict(zip(parts[::2], parts[1::2], strict=True))
    assert {name: words for name, words in MEANT.items() if words in said[name]} == MEANT, told


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("module", "name", "code"), [("mypkg.layers", "softmax", 0), ("tests.mylayers", "relu", 1)]
)
def test_all_four_ways_are_open_to_the_stranger(python, repository, module, name, code):
    gate = ["-m", "pytest", "-q", *CLAIMS, "gate/test_of_layers.py"]
    told = [
        command(python, *gate, cwd=repository, LAYERS=module),
        command(python, "check.py", module, name, cwd=repository),
        command(python, "-m", "pytest", *CLAIMS, f"--subject={module}", cwd=repository),
        command(python.with_name("sums-to-one"), "judge", *CLAIMS, module, cwd=repository),
    ]
    assert [result.returncode for result in told] == [code] * 4, told


def test_the_verdicts_are_the_same_as_in_the_clone(python, repository):
    judge = [*CLAIMS, "--subject=mypkg.layers", "--seed=1", "--verdicts"]
    command(python, "-m", "pytest", *judge, "there.json", cwd=repository)
    paths = [f"{ROOT}/tests/activations", f"--rootdir={ROOT}", f"-c={ROOT}/pyproject.toml"]
    command(sys.executable, "-m", "pytest", *paths, *judge, "here.json", cwd=repository)
    there, here = (json.loads((repository / f"{n}.json").read_text()) for n in ("there", "here"))
    assert there["subjects"] == here["subjects"]
