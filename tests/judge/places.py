"""Where the claims stand: which tests judge a component, by file and line.

The files are read and not imported, so that an answer comes at once.
"""

import ast
import functools
from dataclasses import dataclass
from pathlib import Path

from sums_to_one.cifar.modules import ROOT
from sums_to_one.tests.judge.components import asked_for, chapter_of, file_of

TESTS = ROOT / "tests"


@dataclass(frozen=True)
class Place:
    """One claim as it stands in its file."""

    file: Path
    line: int
    name: str
    ids: tuple[str, ...]
    body: list[ast.stmt]
    arguments: tuple[str, ...]

    @property
    def sentence(self) -> str:
        return self.name.removeprefix("test_").replace("_", " ")


def files_of(chapter: str) -> list[Path]:
    """Those that hold the claims of a chapter."""
    return sorted((TESTS / chapter).glob("test_*.py"))


@functools.cache
def places_in(file: Path) -> tuple[Place, ...]:
    """The claims of a file, in its order."""
    return tuple(
        Place(
            file,
            node.lineno,
            node.name,
            _ids(node),
            node.body,
            tuple(argument.arg for argument in node.args.args),
        )
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def places_of(component: str) -> list[Place]:
    """The claims that judge a component: those of its own file first."""
    files = files_of(chapter_of(component))
    found = [place for file in files for place in places_in(file)]
    judging = [p for p in found if any(component in names for names in asked_for(p.arguments))]
    own = f"test_{file_of(component)}"
    return sorted(judging, key=lambda p: (p.file.stem != own, "every" in p.file.stem))


def _ids(test: ast.FunctionDef) -> tuple[str, ...]:
    """The claims of the ledger that its marks name."""
    marks = [mark for mark in test.decorator_list if isinstance(mark, ast.Call)]
    claims = [m for m in marks if isinstance(m.func, ast.Attribute) and m.func.attr == "claim"]
    return tuple(
        str(id.value) for mark in claims for id in mark.args if isinstance(id, ast.Constant)
    )
