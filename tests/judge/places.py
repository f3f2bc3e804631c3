"""Where the claims stand: which tests judge a component, by file and line.

The files are read and not imported, so that an answer comes at once.
"""

import ast
import functools
import re
from dataclasses import dataclass
from pathlib import Path

from sums_to_one.cifar.modules import ROOT
from sums_to_one.tests.judge.components import asked_for, chapter_of, file_of

TESTS = ROOT / "tests"
# The decorators of a test, its name and its arguments. To have Python read all files of all
# chapters took a third of a second at every start; that both read the same, test_house.py shows.
HEAD = re.compile(r"^((?:[@ )\]#].*\n)*)def (test_\w+)\(([^)]*)\)", re.MULTILINE)
CLAIM = re.compile(r"^@pytest\.mark\.claim\(([^)]*)\)", re.MULTILINE)


@dataclass(frozen=True)
class Place:
    """One claim as it stands in its file."""

    file: Path
    line: int
    name: str
    ids: tuple[str, ...]
    arguments: tuple[str, ...]

    @property
    def sentence(self) -> str:
        return self.name.removeprefix("test_").replace("_", " ")

    @property
    def body(self) -> list[ast.stmt]:
        """Its statements."""
        tests = [node for node in _tree(self.file).body if isinstance(node, ast.FunctionDef)]
        (own,) = [test for test in tests if test.lineno == self.line]
        return own.body


@functools.cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def files_of(chapter: str) -> list[Path]:
    """Those that hold the claims of a chapter."""
    return sorted((TESTS / chapter).glob("test_*.py"))


@functools.cache
def places_in(file: Path) -> tuple[Place, ...]:
    """The claims of a file, in its order."""
    text = file.read_text(encoding="utf-8")
    return tuple(
        Place(
            file,
            text.count("\n", 0, found.start(2)) + 1,
            found[2],
            _ids(found[1]),
            _names(found[3]),
        )
        for found in HEAD.finditer(text)
    )


def places_of(component: str) -> list[Place]:
    """The claims that judge a component: those of its own file first."""
    files = files_of(chapter_of(component))
    found = [place for file in files for place in places_in(file)]
    judging = [p for p in found if any(component in names for names in asked_for(p.arguments))]
    own = f"test_{file_of(component)}"
    return sorted(judging, key=lambda p: (p.file.stem != own, "every" in p.file.stem))


def _ids(decorators: str) -> tuple[str, ...]:
    """The claims of the ledger that its marks name."""
    return tuple(id for mark in CLAIM.findall(decorators) for id in re.findall('"(.*?)"', mark))


def _names(arguments: str) -> tuple[str, ...]:
    """Those that are given by their place."""
    before = arguments.partition("*")[0]
    names = (re.split("[:=]", argument)[0].strip() for argument in before.split(","))
    return tuple(filter(None, names))
