"""Impostors are refused by the claim that is named for it; right versions by none.

A right version is asked all laws that cost little, and a part of the dear ones, another one
whenever sources change; all of them are asked every night, and by
`python -m sums_to_one.tests.judge.teeth`.
"""

import pytest

from sums_to_one.tests.judge.components import KNOWN
from sums_to_one.tests.judge.teeth import claims_about, dear, missed_by, refusals
from sums_to_one.tests.judge.versions import Version, versions

ALL = [version for component in KNOWN for version in versions(component)]
IMPOSTORS = [version for version in ALL if version.refused_by]
RIGHT = [version for version in ALL if not version.refused_by]


@pytest.mark.parametrize("impostor", IMPOSTORS, ids=str)
def test_every_impostor_is_refused_by_the_claim_named_for_it(impostor: Version) -> None:
    assert not missed_by(impostor), f"it is not refused by all of {impostor.refused_by}"


@pytest.mark.parametrize("right", RIGHT, ids=str)
def test_every_right_version_is_accepted_by_the_laws_whose_turn_it_is(right: Version) -> None:
    assert not refusals(right, turns=True)


@pytest.mark.parametrize("component", KNOWN)
def test_every_component_has_impostors_and_right_versions(component: str) -> None:
    assert len([v for v in IMPOSTORS if v.of == component]) >= 5
    assert len([v for v in RIGHT if v.of == component]) >= 3


def test_what_is_said_to_be_dear_is_a_claim():
    assert dear() <= {claim.id for component in KNOWN for claim in claims_about(component)}
