"""Limits hide no wrong number: behind them impostors are refused as long as their fault shows."""

import itertools
import random

from sums_to_one.tests.judge.controls import (
    CERTAIN,
    HIDING_PLACES,
    in_hiding,
    is_in_sight,
    is_refused,
)
from sums_to_one.tests.judge.versions import versions

SOME = 24  # all of them: python -m sums_to_one.tests.judge.controls --hidden


def some_in_sight():
    """Impostors, each behind a limit inside of which a plain use shows its fault."""
    impostors = [v for component in CERTAIN for v in versions(component) if v.refused_by]
    pairs = list(itertools.product(impostors, HIDING_PLACES))
    random.Random(0).shuffle(pairs)
    return list(itertools.islice((pair for pair in pairs if is_in_sight(*pair)), SOME))


def test_an_impostor_is_refused_behind_a_limit_that_leaves_its_fault_in_sight():
    found = [in_hiding(*pair) for pair in some_in_sight()]
    assert len(found) == SOME
    assert not [str(impostor) for impostor in found if not is_refused(impostor)]
