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


def digest(test: str, profile: str) -> str:
    """Twelve digits for the inputs of a test.

    Args:
        test: its node id.
        profile: the profile of Hypothesis by which it was asked.
    """
    return _digest(test.partition("[")[0], profile)


@functools.cache
def _digest(claim: str, profile: str) -> str:
    texts = " ".join([*_common(), _text(ROOT / claim.partition("::")[0])])
    words = f"{claim} {hypothesis.__version__} {_settings(profile)} {texts}"
    return hashlib.sha256(words.encode()).hexdigest()[:12]


@functools.cache
def _settings(profile: str) -> str:
    return repr(hypothesis.settings.get_profile(profile))


@functools.cache
def _common() -> list[str]:
    return [_text(file) for file in sorted(COMMON.glob("*.py")) if "test_" not in file.name]


@functools.cache
def _text(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def with_inputs(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same verdicts, each with the digest of what it was asked about."""
    profile = hypothesis.settings.get_current_profile_name()
    return [{**row, "inputs": digest(row["test"], profile)} for row in rows]
