"""What was judged: where it lies, the checksum of its files, and whether it is ours after all."""

import functools
import hashlib
import importlib.util
import inspect
from collections.abc import Callable
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

from sums_to_one.cifar.modules import PACKAGE, ROOT

CONCEPTS = f"{PACKAGE}.concepts"


def place_of(subject: str) -> Path | None:
    """The file of a subject, or the folder of a package; found without importing anything."""
    if subject.endswith(".py"):
        return Path(subject).resolve()
    first, *others = subject.split(".")
    try:
        spec = PathFinder.find_spec(first, [str(Path.cwd())]) or importlib.util.find_spec(first)
    except ValueError:  # what runs at the moment has none, such as __main__
        return None
    name = first
    for other in others:
        name = f"{name}.{other}"
        folders = spec.submodule_search_locations if spec else None
        spec = PathFinder.find_spec(name, list(folders)) if folders else None
    return _file_of(spec) if spec else None


def _file_of(spec: ModuleSpec) -> Path | None:
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))).resolve()
    return Path(spec.origin).resolve() if spec.has_location and spec.origin else None


def checksum(place: Path | None) -> str:
    """SHA-256 of a file; of a package, of all its Python files with their names."""
    if place is None or not place.exists():
        return ""
    if place.is_file():
        return _digest(place)
    found = hashlib.sha256()
    for file in sorted(file for file in place.rglob("*.py") if file.is_file()):
        line = f"{file.relative_to(place).as_posix()} {_digest(file)}\n"
        found.update(line.encode(errors="surrogateescape"))
    return found.hexdigest()


def _digest(file: Path) -> str:
    """A file may be large, and not for us to read."""
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError:
        return ""


def asks_for_ours(subject: str) -> bool:
    """Whether our reference is what the name or path says."""
    place = place_of(subject)
    return place is not None and place.is_relative_to(ROOT / "concepts")


def is_ours(function: Callable[..., Any] | None, name: str) -> bool:
    """Whether a component is our reference: itself, or a copy, word for word.

    The documentation alone may be ours: exercises begin with it.
    """
    while isinstance(function, functools.partial):
        function = function.func
    if function is None:
        return False
    function = inspect.unwrap(function)
    module = getattr(function, "__module__", None) or ""
    if module == CONCEPTS or module.startswith(f"{CONCEPTS}."):
        return True
    ours = getattr(importlib.import_module(CONCEPTS), name)
    return function.__doc__ == ours.__doc__ and _code_of(function) == _code_of(ours)


def _code_of(function: Any) -> list[bytes]:
    """What Python runs of a function, or of the methods of a class."""
    parts = vars(function).values() if inspect.isclass(function) else [function]
    return [part.__code__.co_code for part in parts if inspect.isfunction(part)]
