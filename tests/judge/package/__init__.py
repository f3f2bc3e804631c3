"""What `import sums_to_one` gives: the claims as tests of your own, in your own repository.

This folder is the package `sums_to_one` itself (pyproject.toml says so), and not a part of `tests`.
Both names are imported when they are first asked for, because they need torch.
"""

import importlib
import sys
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sums_to_one.tests.judge.checking import check_component
    from sums_to_one.tests.judge.parametrize import parametrize_with_claims

__all__ = ["check_component", "parametrize_with_claims"]

_PLACES = {"check_component": "checking", "parametrize_with_claims": "parametrize"}

_HERE = Path(__file__).parent


class _Parts:
    """Finds the parts in a clone, where they lie elsewhere; in a wheel they lie here.

    Python's own finder would list the folder above them whenever something there has changed, and
    who is behind walls may not.
    """

    @classmethod
    def find_spec(cls, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        package, _, part = name.rpartition(".")
        if package != __name__ or part not in ("book", "cifar", "concepts", "tests"):
            return None
        folder = _HERE.parents[2] / part
        if (folder / "__init__.py").is_file():
            return spec_from_file_location(name, folder / "__init__.py")
        found = ModuleSpec(name, None, is_package=True)
        found.submodule_search_locations = [str(folder)]
        return found


if _HERE.name == "package":
    sys.meta_path.insert(0, _Parts)


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"sums_to_one.tests.judge.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
