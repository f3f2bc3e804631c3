"""What `import sums_to_one` gives: the claims as tests of your own, in your own repository.

This folder is the package `sums_to_one` itself (pyproject.toml says so), and not a part of `tests`.
Both names are imported when they are first asked for, because they need torch.
"""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sums_to_one.tests.judge.checking import check_component
    from sums_to_one.tests.judge.parametrize import parametrize_with_claims

__all__ = ["check_component", "parametrize_with_claims"]

_PLACES = {"check_component": "checking", "parametrize_with_claims": "parametrize"}

_HERE = Path(__file__).parent
if _HERE.name == "package":  # in a clone, where the parts lie elsewhere; in a wheel they lie here
    __path__.append(str(_HERE.parents[2]))


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"sums_to_one.tests.judge.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
