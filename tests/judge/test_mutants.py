"""Mutants are changed in one place each, and those that are called equivalent still exist."""

import multiprocessing

import pytest

from sums_to_one.tests.judge.components import KNOWN
from sums_to_one.tests.judge.mutants import equivalent, files_of, mutants_in, refused_by

SOURCE = '''
def f(x: int = 3) -> float:
    """Numbers in words, such as 1, stay."""
    if x <= 0 or not x:
        raise ValueError(f"x must be above 0, got {x + 0}")
    return -x * 0.5
'''
CHANGES = {
    "3  ->  4",
    "x <= 0  ->  x < 0",
    "0  ->  1",
    "x <= 0 or not x  ->  x <= 0 and (not x)",
    "not x  ->  not not x",
    "-x * 0.5  ->  -x / 0.5",
    "-x  ->  +x",
    "0.5  ->  0.625",
}


def test_a_mutant_differs_in_one_number_sign_comparison_or_operator(tmp_path):
    file = tmp_path / "f.py"
    file.write_text(SOURCE)
    found = [f"{mutant.before}  ->  {mutant.after}" for mutant in mutants_in(file, "f")]
    assert sorted(found) == sorted(CHANGES)


def test_every_equivalent_mutant_still_exists():
    every = [mutant for c in KNOWN for file in files_of(c) for mutant in mutants_in(file, c)]
    assert not set(equivalent()) - {mutant.words for mutant in every}


@pytest.mark.parametrize("change", ["x - largest", "gradient - average"])
def test_a_wrong_mutant_is_refused(change):
    (file,) = files_of("softmax")
    (mutant,) = (each for each in mutants_in(file, "softmax") if each.before == change)
    with multiprocessing.get_context("fork").Pool(1) as process:  # it changes what is imported
        assert process.apply(refused_by, (mutant,)).startswith("test_")
