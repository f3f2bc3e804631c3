"""One of our impostors as a subject: its code without what gives it away, and the answer."""

import ast
import copy
import functools
import inspect
from pathlib import Path

from sums_to_one.tests.judge.chinese import in_the_book
from sums_to_one.tests.judge.components import chapter_of, file_of
from sums_to_one.tests.judge.diagnosis import fault_of
from sums_to_one.tests.judge.versions import Version, versions

OTHER = {"save_checkpoint": "load_checkpoint", "load_checkpoint": "save_checkpoint"}


def impostors(component: str) -> dict[str, Version]:
    """The wrong versions of a component, by their names."""
    return {version.name: version for version in versions(component) if version.refused_by}


def question(version: Version) -> str:
    """The source of an impostor, without its marks, docstrings and comments."""
    definition = copy.deepcopy(_definitions(inspect.getfile(version.function))[version.name])
    for node in ast.walk(definition):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            node.decorator_list = [d for d in node.decorator_list if not _is_mark(d)]
            if ast.get_docstring(node):
                node.body = node.body[1:] or [ast.Pass()]
    definition.name = version.of
    return ast.unparse(definition)


@functools.cache
def _definitions(file: str) -> dict[str, ast.FunctionDef | ast.ClassDef]:
    """What a file defines, by name; `inspect` would read the file again for each."""
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    return {node.name: node for node in found}


def _is_mark(decorator: ast.expr) -> bool:
    return "refused_by" in ast.unparse(decorator)


def answer(version: Version, chinese: bool) -> str:
    """What its author was thinking, and what is wrong."""
    thought = inspect.cleandoc(version.function.__doc__ or "")
    fault = fault_of(version.of, version.name, chinese)
    if chinese:
        return f"{in_the_book(version.of, thought)}\n实际上：{fault}。"
    return f"{thought}\nIn fact it {fault}."


def as_subject(version: Version, folder: Path) -> Path:
    """A file in which the impostor has the name of the component."""
    module = f"sums_to_one.tests.{chapter_of(version.of)}.impostors.{file_of(version.of)}"
    lines = [f"from {module} import {version.name} as {version.of}"]
    other = OTHER.get(version.of, "")
    if hasattr(version.function, other):
        lines.append(f"{other} = {version.of}.{other}")
    path = folder / f"{file_of(version.of)}.py"
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return path
