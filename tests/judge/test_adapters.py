"""Every example of ADAPTERS.md runs, and what it makes is accepted within its limits."""

import importlib.util
import re

import pytest

from sums_to_one.cifar.modules import ROOT
from sums_to_one.tests.judge.components import KNOWN, file_of
from sums_to_one.tests.judge.teeth import claims_about
from sums_to_one.tests.judge.versions import Version

TEXT = (ROOT / "ADAPTERS.md").read_text(encoding="utf-8")
EXAMPLES = dict(
    re.findall(r"^## ([^\n]+)\n.*?^```python\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
)
OTHERS = ("ml_dtypes", "jax", "optax", "keras", "tinygrad")


def run(title: str) -> dict[str, object]:
    """The components that an example makes, where its library is installed."""
    for library in OTHERS:
        is_asked = re.search(rf"^(import|from) {library}\b", EXAMPLES[title], re.MULTILINE)
        if is_asked and importlib.util.find_spec(library) is None:
            # reason: nothing is installed for this alone; what is skipped is counted
            pytest.skip(f"{library} is not installed")
    found: dict[str, object] = {}
    exec(EXAMPLES[title], found)
    return {name: made for name, made in found.items() if name in KNOWN}


@pytest.mark.parametrize("title", EXAMPLES)
def test_what_an_example_makes_is_accepted(title):
    for name, made in run(title).items():
        version = Version(name, title, made)
        own = [
            claim
            for claim in claims_about(name)
            if claim.place[0].endswith(f".test_{file_of(name)}")
        ]
        claims = [claim for claim in own if not claim.is_experiment] or own
        assert not {claim.name: no for claim in claims if (no := claim.refuses(version, 3))}
