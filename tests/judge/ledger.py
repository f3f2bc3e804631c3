"""The ledger: every claim of the suite, what kind it is, and whether it is true.

The claims themselves are in `tests/ledger.toml`, for people; this module reads them.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sums_to_one.tests.judge.components import KNOWN, file_of

CHAPTERS = {
    "1": "activations",
    "2": "initialization",
    "3": "losses",
    "4": "optimization",
    "5": "regularization",
    "6": "normalization",
    "7": "checkpoints",
    "8": "cifar",  # judged as a whole, in tests/cifar
}
KINDS = ("law", "contract", "statistic", "experiment")
VERDICTS = ("holds", "holds when", "fails as stated")


@dataclass(frozen=True)
class Entry:
    """One sentence, in two languages, and the verdict on it."""

    id: str
    en: str
    zh: str
    kind: list[str]
    verdict: str
    care: str = ""
    care_zh: str = ""
    own: bool = False  # our addition; all others are the source's
    reported_by: str = ""  # the benchmark that measures what no test may gate

    @property
    def chapter(self) -> str:
        return CHAPTERS[self.id.split(".")[0]]

    @property
    def order(self) -> tuple[int, ...]:
        return tuple(map(int, self.id.split(".")))


@cache
def ledger() -> dict[str, Entry]:
    """Every claim by its id, in the order of the chapters."""
    with (Path(__file__).parents[1] / "ledger.toml").open("rb") as file:
        claims = [Entry(**row) for row in tomllib.load(file)["claim"]]
    return {claim.id: claim for claim in sorted(claims, key=lambda claim: claim.order)}


def is_experiment(ids: Iterable[str], file: str) -> bool:
    """Whether a test that backs these claims, and stands in that file, trains networks to show it.

    Of claims that are laws, too, the file of a component has the law; the experiment has a file of
    its own.
    """
    stem = file.removeprefix("test_")
    of_components = stem.startswith("every_") or stem in {file_of(each) for each in KNOWN}
    kinds = [ledger()[id].kind for id in ids]
    return any("experiment" in kind and not ("law" in kind and of_components) for kind in kinds)
