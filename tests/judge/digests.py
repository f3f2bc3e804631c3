"""What a claim was asked about: a digest of all that its inputs depend on.

Hypothesis draws them from the claim's own text, by the profile "suite"; the rest is what stands in
its file and in `tests/common`. The random numbers of torch are no part of it.
"""

import functools
import hashlib
from pathlib import Path
from typing import Any

import hypothesis

from sums_to_one.cifar.modules import ROOT

COMMON = ROOT / "tests" / "common"


@functools.cache
def digest(test: str, profile: str) -> str:
    """Twelve digits for the inputs of a test.

    Args:
        test: its node id.
        profile: the profile of Hypothesis by which it was asked.
    """
    own = ROOT / test.partition("::")[0]
    settings = hypothesis.settings.get_profile(profile)
    words = f"{test.partition('[')[0]} {hypothesis.__version__} {settings!r} {_texts(own)}"
    return hashlib.sha256(words.encode()).hexdigest()[:12]


@functools.cache
def _texts(own: Path) -> str:
    files = [own, *sorted(COMMON.glob("*.py"))]
    texts = [file.read_bytes() for file in files if file == own or "test_" not in file.name]
    return " ".join(hashlib.sha256(text).hexdigest() for text in texts)


def with_inputs(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same verdicts, each with the digest of what it was asked about."""
    profile = hypothesis.settings.get_current_profile_name()
    return [{**row, "inputs": digest(row["test"], profile)} for row in rows]
