"""An exercise: the signature and docstring of a component of ours, without its body.

The source is read and not imported, so that nothing of a solution is on its way to the judge.
"""

import ast
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

from sums_to_one.cifar.modules import PACKAGE, ROOT
from sums_to_one.tests.judge.chinese import wrapped
from sums_to_one.tests.judge.components import chapter_of, file_of
from sums_to_one.tests.judge.ledger import Entry, ledger
from sums_to_one.tests.judge.places import places_of

CALLED = ("__init__", "__call__")  # of the methods with underscores, those that are written anew
FIRST = {
    False: "Write {component}, so that every claim about it holds.",
    True: "请写出 {component}，使关于它的每条论断都成立。",
}


class Source:
    """The file of ours in which a component, or a base class of one, is written."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.tree = ast.parse(file.read_text(encoding="utf-8"))
        self.imports = [n for n in self.tree.body if isinstance(n, ast.Import | ast.ImportFrom)]

    def definition(self, name: str) -> ast.FunctionDef | ast.ClassDef:
        return next(
            node
            for node in self.tree.body
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name
        )

    def origin(self, name: str) -> "Source | None":
        """The other file of ours that a name comes from."""
        for node in self.imports:
            names = [alias.name for alias in node.names]
            if isinstance(node, ast.ImportFrom) and name in names and _is_ours(node):
                parts = str(node.module).split(".")[1:]
                return Source(ROOT.joinpath(*parts).with_suffix(".py"))
        return None


def source_of(component: str) -> Source:
    return Source(ROOT / "concepts" / chapter_of(component) / f"{file_of(component)}.py")


def exercise(component: str, chinese: bool = False) -> str:
    """The text of a file in which a component is to be written."""
    source = source_of(component)
    found = source.definition(component)
    sources = [source]
    if isinstance(found, ast.ClassDef):
        parts = [*_classes(source, found)]
        sources = [each for each, _ in parts]
        external = parts[-1][1].bases
        found.bases = [b for b in external if isinstance(b, ast.Attribute)]  # such as nn.Module
        found.body = [*_docstring(found), *_methods(parts, bool(found.bases))]
    else:
        found.body = [*_docstring(found), *ast.parse("raise NotImplementedError").body]
    written = ast.unparse(found)
    imports = {
        line for each in sources for node in each.imports for line in _lines_of(node, written)
    }
    text = "\n".join([_head(component, chinese), *sorted(imports)])
    return f"{text}\n\n\n{written}\n"


def _classes(source: Source, found: ast.ClassDef) -> Iterator[tuple[Source, ast.ClassDef]]:
    """A class, and those of ours that it is made from."""
    yield source, found
    for base in found.bases:
        origin = source.origin(base.id) if isinstance(base, ast.Name) else None
        if origin and isinstance(base, ast.Name):
            definition = origin.definition(base.id)
            assert isinstance(definition, ast.ClassDef), base.id
            yield from _classes(origin, definition)


def _methods(parts: list[tuple[Source, ast.ClassDef]], is_module: bool) -> list[ast.stmt]:
    methods: dict[str, ast.FunctionDef] = {}
    found: list[ast.stmt] = []
    for _, each in parts:
        for node in each.body:
            if isinstance(node, ast.FunctionDef) and _is_public(node.name):
                methods.setdefault(node.name, node)
    for name, node in sorted(methods.items(), key=lambda method: method[0] != "__init__"):
        first = "super().__init__()\n" if name == "__init__" and is_module else ""
        node.body = [*_docstring(node), *ast.parse(f"{first}raise NotImplementedError").body]
        found.append(node)
    return found


def _is_public(name: str) -> bool:
    return name in CALLED or not name.startswith("_")


def _docstring(node: ast.FunctionDef | ast.ClassDef) -> list[ast.stmt]:
    return node.body[:1] if ast.get_docstring(node) else []


def _is_ours(node: ast.ImportFrom) -> bool:
    return str(node.module).startswith(f"{PACKAGE}.")


def _lines_of(node: ast.Import | ast.ImportFrom, written: str) -> Iterator[str]:
    """An import of what is used, a name each, unless it is of ours."""
    for alias in node.names:
        if re.search(rf"\b{alias.name}\b", written):
            if isinstance(node, ast.Import):
                yield f"import {alias.name}"
            elif not _is_ours(node):
                yield f"from {node.module} import {alias.name}"


def _head(component: str, chinese: bool) -> str:
    """The sentences of the ledger that its own file is about, and what is next."""
    own = f"test_{file_of(component)}"
    ids = {id for place in places_of(component) if place.file.stem == own for id in place.ids}
    said = [_said(claim, chinese) for claim in ledger().values() if claim.id in ids]
    first = FIRST[chinese].format(component=component)
    return "\n".join(
        [f'"""{first}', "", *said, '"""', "", "from __future__ import annotations", ""]
    )


def _said(claim: Entry, chinese: bool) -> str:
    sentence, care = (claim.zh, claim.care_zh) if chinese else (claim.en, claim.care)
    text = f"{sentence}{'' if chinese else ' '}{care}".rstrip().replace("\\", "\\\\")
    if chinese:
        return "- " + "\n  ".join(wrapped(text, 94))
    return textwrap.fill(text, 96, initial_indent="- ", subsequent_indent="  ")


def write(component: str, folder: Path, chinese: bool = False) -> Path:
    """Write the exercise into a folder, which is made.

    Raises:
        FileExistsError: there is such a file, which may be somebody's solution.
    """
    path = folder / f"{file_of(component)}.py"
    folder.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8") as file:
        file.write(exercise(component, chinese))
    return path
