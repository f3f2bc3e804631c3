"""Modules that a person names: by a dotted name, or by the path of a .py file."""

import importlib
import importlib.util
import sys
from importlib.machinery import PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

PACKAGE = "sums_to_one"
ROOT = Path(__file__).resolve().parents[1]  # of the package: a clone, or where a wheel lies
OUR_FOLDERS = ("concepts", "tests", "cifar", "book")


def load(name: str) -> ModuleType:
    """The module of that name, seen from the working folder, or of that file.

    Raises:
        ImportError: or whatever else its import raises.
    """
    if name.endswith(".py"):
        return _load_file(Path(name).resolve())
    first, here = name.partition(".")[0], str(Path.cwd())
    if PathFinder.find_spec(first, [here]):
        if _is_ours(Path(here, first)):
            return importlib.import_module(f"{PACKAGE}.{name}")
        if here not in sys.path:
            sys.path.insert(0, here)  # as `python -m` does
    return importlib.import_module(name)


class _Text(SourceFileLoader):
    """Runs what the file says, and no bytecode that lies beside it and may be of another text."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def _load_file(path: Path) -> ModuleType:
    if _is_ours(path):
        return importlib.import_module(name_of(path))
    unique = f"subject_{abs(hash(str(path)))}"  # two files of one name are two modules
    if unique not in sys.modules:
        if str(path.parent) not in sys.path:
            sys.path.append(str(path.parent))  # a subject may import the files beside it
        spec = importlib.util.spec_from_loader(unique, _Text(unique, str(path)))
        assert spec is not None, path
        assert spec.loader is not None, path
        module = importlib.util.module_from_spec(spec)
        sys.modules[unique] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[unique]
            raise
    return sys.modules[unique]


# A module of ours has one name. In a clone `concepts` can be found by that one, too.


def _is_ours(path: Path) -> bool:
    """Whether a file or folder lies in the clone, or where the wheel was unpacked."""
    return any(path.resolve().is_relative_to(ROOT / folder) for folder in OUR_FOLDERS)


def name_of(path: Path) -> str:
    """The name of the module of ours that lies there."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join((PACKAGE, *(part for part in parts if part != "__init__")))
