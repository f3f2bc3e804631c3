"""Impostors are refused by the claim that is named for it; right versions by none."""

import pytest

from sums_to_one.tests.judge.components import KNOWN
from sums_to_one.tests.judge.teeth import claims_about
from sums_to_one.tests.judge.versions import Version, versions

ALL = [version for component in KNOWN for version in versions(component)]
IMPOSTORS = [version for version in ALL if version.refused_by]
RIGHT = [version for version in ALL if not version.refused_by]


@pytest.mark.parametrize("impostor", IMPOSTORS, ids=str)
def test_every_impostor_is_refused_by_the_claim_named_for_it(impostor: Version) -> None:
    claims = claims_about(impostor.of)
    for name in impostor.refused_by:
        named = [claim for claim in claims if claim.name == name]
        assert named, f"there is no claim {name} about {impostor.of}"
        assert any(claim.refuses(impostor) for claim in named), f"{name} holds for {impostor}"


@pytest.mark.parametrize("right", RIGHT, ids=str)
def test_every_right_version_is_accepted_by_all_claims(right: Version) -> None:
    few = 5  # with all of them, and the experiments too: python -m sums_to_one.tests.judge.teeth
    laws = [claim for claim in claims_about(right.of) if not claim.is_experiment]
    refusals = {law.name: law.refuses(right, few) for law in laws}
    assert not {name: refusal for name, refusal in refusals.items() if refusal}


@pytest.mark.parametrize("component", KNOWN)
def test_every_component_has_impostors_and_right_versions(component: str) -> None:
    assert len([v for v in IMPOSTORS if v.of == component]) >= 5
    assert len([v for v in RIGHT if v.of == component]) >= 3
