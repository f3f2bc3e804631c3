"""Mutants are changed in one place each, and those that are called equivalent still exist."""

import multiprocessing

import pytest

from sums_to_one.tests.judge.components import KNOWN
from sums_to_one.tests.judge.mutants import all_mutants, equivalent, mutants_in, refused_by

SOURCE = '''
def f(x: int = 3) -> float:
    """Numbers in words, such as 1, stay."""
    if x <= 0 or not x:
        raise ValueError(f"x must be above 0, got {x + 0}")
    return -x * 0.5
'''
CHANGES = [
    "def f(x: int = 4) -> float:",
    "if x < 0 or not x:",
    "if x <= 1 or not x:",
    "if x <= 0 and (not x):",
    "if x <= 0 or not not x:",
    "return -x / 0.5",
    "return +x * 0.5",
    "return -x * 0.625",
]


def test_a_mutant_differs_in_one_number_sign_comparison_or_operator(tmp_path):
    file = tmp_path / "f.py"
    file.write_text(SOURCE)
    assert sorted(mutant.after for mutant in mutants_in(file, "f")) == sorted(CHANGES)


def test_every_equivalent_mutant_still_exists():
    every = {mutant.words for component in KNOWN for mutant in all_mutants(component)}
    assert not set(equivalent()) - every


@pytest.mark.parametrize("change", ["x + largest", "gradient + average"])
def test_a_wrong_mutant_is_refused(change):
    (mutant,) = (each for each in all_mutants("softmax") if change in each.after)
    with multiprocessing.get_context("fork").Pool(1) as process:  # it changes what is imported
        assert process.apply(refused_by, (mutant,)).startswith("test_")
