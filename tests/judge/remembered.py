"""What the teeth have found already: a question that is word for word the same is not asked again.

Good answers are kept, in `.cache/teeth`, one digest a line: that a right version was accepted by
the claims of a file, that an impostor was refused. What went wrong is always asked again. A digest
is made of everything that an answer depends on: the texts of the claims, of the version, of the
teeth, and of all of ours that these import; of the helpers in the folder of the chapter; and of
the versions of Python and of the libraries. Where the variable CI is set, nothing is kept or known.
"""

import ast
import functools
import hashlib
import importlib.metadata
import os
import platform
from collections.abc import Callable, Iterable
from pathlib import Path

from sums_to_one.cifar.modules import OUR_FOLDERS, PACKAGE, ROOT
from sums_to_one.tests.judge.places import files_of

FILE = ROOT / ".cache" / "teeth"
MOST = 4_000_000  # bytes of it; then it begins anew
LIBRARIES = ("hypothesis", "numpy", "scipy", "torch", "torchvision")
TEETH = ROOT / "tests" / "judge" / "teeth.py"
settings = {"use": not os.environ.get("CI")}


def unless_known(question: str, ask: Callable[[], list[str]]) -> list[str]:
    """What is wrong; nothing, and nobody is asked, if that has been the answer before."""
    if settings["use"] and question in _known():
        return []
    wrong = ask()
    if settings["use"] and not wrong:
        _known().add(question)
        FILE.parent.mkdir(exist_ok=True)
        with FILE.open("a", encoding="utf-8") as file:  # several processes may; lines are short
            file.write(f"{question}\n")
    return wrong


@functools.cache
def _known() -> set[str]:
    """In this process; what others find meanwhile is asked here again."""
    if not FILE.exists():
        return set()
    if FILE.stat().st_size > MOST:
        FILE.unlink(missing_ok=True)
        return set()
    return set(FILE.read_text(encoding="utf-8").split())


def digest(chapter: str, files: Iterable[Path], *words: object) -> str:
    """Of a question in these words about what stands in these files.

    Args:
        chapter: whose helpers count, whether or not a file imports them by name.
        files: of the claims and of the version.
        words: whatever else tells one question from another.
    """
    claims = set(files_of(chapter))
    helpers = [file for file in (ROOT / "tests" / chapter).glob("*.py") if file not in claims]
    texts = _texts(frozenset({TEETH, *helpers, *files}))
    lines = [*map(str, words), *environment(), *texts]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@functools.cache
def environment() -> list[str]:
    """What else an answer depends on."""
    versions = [f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES]
    return [platform.python_version(), platform.machine(), *versions]


@functools.cache
def _texts(files: frozenset[Path]) -> list[str]:
    """The digests of files, and of all of ours that they import."""
    found, waiting = set(files), [*files]
    while waiting:
        new = imports_of(waiting.pop()) - found
        found |= new
        waiting += new
    return [f"{file.relative_to(ROOT)} {text_of(file)}" for file in sorted(found)]


@functools.cache
def text_of(file: Path) -> str:
    """The digest of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


@functools.cache
def imports_of(file: Path) -> frozenset[Path]:
    """The files of ours that one imports, be it inside of a function."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return frozenset(found for name in names for found in [_file_of(name)] if found)


def _file_of(module: str) -> Path | None:
    first, *parts = module.split(".")
    if first != PACKAGE or not parts or parts[0] not in OUR_FOLDERS:
        return None
    place = ROOT.joinpath(*parts)
    files = [place.with_suffix(".py"), place / "__init__.py"]
    return next((file for file in files if file.is_file()), None)
