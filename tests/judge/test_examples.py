"""The examples in our docstrings do what they say."""

import doctest
import importlib
import re

import pytest

from sums_to_one.cifar.modules import OUR_FOLDERS, ROOT, name_of

FILES = [file for folder in OUR_FOLDERS for file in (ROOT / folder).rglob("*.py")]
WITH_EXAMPLES = sorted(
    name_of(file) for file in FILES if re.search("^ +>>> ", file.read_text(), re.MULTILINE)
)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_every_example_in_a_docstring_is_true(name, capsys):
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0, "no example was run"
    assert result.failed == 0, capsys.readouterr().out
