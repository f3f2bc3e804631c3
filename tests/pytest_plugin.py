"""Lets `pytest --subject X` name a file that lies outside this project.

Before pytest has read any option of a conftest.py it looks for its settings, and takes X for
a path to be tested: the settings are then sought beside X. Only a plugin that is installed
is asked early enough to see this; it starts pytest anew with `--subject=X`, which has no
such double meaning. Everything else is in conftest.py.
"""

import os
import sys
from pathlib import Path

import pytest

TAKE_A_PATH = ("--subject", "--verdicts")


def joined(arguments: list[str]) -> list[str]:
    """The same arguments, with every path glued to its option.

    Example:
        >>> joined(["--subject", "a.py", "-k", "softmax"])
        ['--subject=a.py', '-k', 'softmax']
    """
    glued: list[str] = []
    for argument in arguments:
        if glued and glued[-1] in TAKE_A_PATH:
            glued[-1] += f"={argument}"
        else:
            glued.append(argument)
    return glued


def pytest_addoption(parser: pytest.Parser) -> None:
    """Called before pytest captures the output, so early that a new start goes unnoticed."""
    given, here = sys.argv[1:], Path(__file__).parents[1]
    on_command_line = Path(sys.argv[0]).stem in ("pytest", "py.test", "__main__")
    misled = parser.extra_info.get("rootdir") != str(here) and here in (Path.cwd() / "x").parents
    if on_command_line and misled and joined(given) != given:
        os.execv(sys.executable, [sys.executable, "-m", "pytest", *joined(given)])
