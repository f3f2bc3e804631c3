"""Refusals that are known: which, why, and until when; and each is seen to be still there.

Of a claim that stands in the file only the pinned input is asked, and no other is searched for. A
deviation that no longer occurs fails, and so does one that is past its date.
"""

import contextlib
import datetime
import json
import platform
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import torch
from hypothesis.errors import DidNotReproduce

from sums_to_one.tests.judge.components import KNOWN

KEYS = {"component": str, "claim": str, "reason": str, "pinned": str, "replay": str, "where": dict}
WHERE = ("dtype", "device", "torch", "machine")
HEAD = "# Refusals that are known. Write a reason to each, and a date if it shall end by then.\n"
BORNE = pytest.StashKey["Deviation"]()  # of a test: what is known of it
NOTE = re.compile(r"@reproduce_failure\('[^']*', b'([^']*)'\)")


class DeviationsError(ValueError):
    """A file of deviations that cannot be read; the message says the rule and what came."""


@dataclass(frozen=True)
class Deviation:
    """One claim that is known to refuse.

    Args:
        component: which one it refuses.
        claim: its sentence, as in the verdicts.
        reason: why that is borne.
        pinned: the smallest input, in words.
        replay: the same as Hypothesis keeps it; empty where the claim has no drawn input.
        where: to be heeded only there, by dtype, device, machine, or beginning of torch's version.
        until: the last day on which it is borne.
    """

    component: str
    claim: str
    reason: str
    pinned: str = ""
    replay: str = ""
    where: tuple[tuple[str, str], ...] = ()
    until: datetime.date | None = None

    def is_here(self, dtype: str | None, device: str) -> bool:
        """Whether it is about such a run."""
        here = {
            "dtype": dtype or "",
            "device": device,
            "torch": torch.__version__,
            "machine": platform.machine(),
        }
        exact = all(here[key] == value for key, value in self.where if key != "torch")
        return exact and here["torch"].startswith(dict(self.where).get("torch", ""))

    @property
    def is_over(self) -> bool:
        return self.until is not None and datetime.date.today() > self.until


def read(path: str | Path) -> list[Deviation]:
    """The deviations of a file.

    Raises:
        DeviationsError: it is no such file.
    """
    try:
        found = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        entries = found.pop("deviation", [])
    except (OSError, ValueError) as problem:
        raise DeviationsError(f"a file of deviations must be TOML, got {path}: {problem}") from None
    if found or not isinstance(entries, list):
        raise DeviationsError(
            f"a file of deviations must have entries [[deviation]], got {[*found]}"
        )
    return [_entry(entry) for entry in entries]


def _entry(entry: Any) -> Deviation:
    def refuse(rule: str) -> None:
        raise DeviationsError(f"a deviation must {rule}, got {entry!r}")

    if not isinstance(entry, dict) or not {*entry} <= {*KEYS, "until"}:
        refuse(f"have keys among {', '.join([*KEYS, 'until'])}")
    if not all(isinstance(entry.get(key, kind()), kind) for key, kind in KEYS.items()):
        refuse("have words for all but where and until")
    if entry.get("component") not in KNOWN or not entry.get("claim"):
        refuse("name a component and a claim")
    if not entry.get("reason", "").strip():
        refuse("have a reason")
    where, until = entry.get("where", {}), entry.get("until")
    if not {*where} <= {*WHERE} or not all(isinstance(value, str) for value in where.values()):
        refuse(f"say where by words for {', '.join(WHERE)}")
    if until is not None and type(until) is not datetime.date:
        refuse("end on a date, as in until = 2027-01-31")
    return Deviation(**{**entry, "where": tuple(where.items())})


def check(deviations: Iterable[Deviation], asked: Iterable[tuple[str, str]]) -> None:
    """Refuse an entry about what is never asked, such as a claim that has another name by now.

    Args:
        deviations: those of a file.
        asked: the components and sentences that are.
    """
    known = {*asked}
    for deviation in deviations:
        if (deviation.component, deviation.claim) not in known:
            raise DeviationsError(
                "a deviation must be about a claim that is asked, got "
                f"{deviation.component}: {deviation.claim!r}"
            )


def known_of(
    deviations: Iterable[Deviation], component: str, claim: str, dtype: str | None, device: str
) -> Deviation | None:
    """The entry about a claim, in such a run; None where there is none."""
    about = component, claim
    own = [d for d in deviations if (d.component, d.claim) == about and d.is_here(dtype, device)]
    return own[0] if own else None


def verdict(deviation: Deviation, replay: Any) -> str:
    """What a deviation is worth today: its reason, or an error.

    Args:
        deviation: of a claim.
        replay: asks that claim about the pinned input.

    Raises:
        AssertionError: it is over, or no longer occurs.
    """
    about = f"the deviation of {deviation.component}, {deviation.claim!r},"
    if deviation.is_over:
        raise AssertionError(f"{about} was to end by {deviation.until}: {deviation.reason}")
    try:
        replay()
    # reason: what is not asked any more does not occur, and that is raised below
    except (DidNotReproduce, pytest.skip.Exception):
        pass
    except (Exception, pytest.fail.Exception):
        return deviation.reason
    raise AssertionError(f"{about} no longer occurs: take it out of the file")


@contextlib.contextmanager
def pinned_to(test: Any, replay: str) -> Iterator[None]:
    """A claim is asked about one input alone: that which was kept, or its own fixed ones."""
    name = "_hypothesis_internal_use_reproduce_failure"  # what @reproduce_failure sets
    if not hasattr(test, "hypothesis"):
        yield
    elif replay:
        setattr(test, name, (hypothesis.__version__, replay.encode()))
        try:
            yield
        finally:
            setattr(test, name, None)
    else:
        with asked_by(test, phases=[hypothesis.Phase.explicit]):
            yield


@contextlib.contextmanager
def asked_by(test: Any, **changes: Any) -> Iterator[None]:
    """A claim is asked with other settings of Hypothesis."""
    handle, name = vars(test), "_hypothesis_internal_use_settings"  # there is no public way
    before = handle[name]
    handle[name] = hypothesis.settings(before, **changes)
    try:
        yield
    finally:
        handle[name] = before


def replay_of(error: BaseException) -> str:
    """The input of a refusal as Hypothesis keeps it, if it was told to say so."""
    found = NOTE.search("\n".join(getattr(error, "__notes__", [])))
    return found.group(1) if found else ""


def as_toml(deviations: Iterable[Deviation]) -> str:
    """The text of a file, to be completed by reasons."""
    entries = []
    for deviation in deviations:
        lines = ["", "[[deviation]]"]
        for key in ("component", "claim", "reason", "pinned", "replay"):
            lines.append(f"{key} = {json.dumps(getattr(deviation, key), ensure_ascii=False)}")
        words = ", ".join(f"{key} = {json.dumps(value)}" for key, value in deviation.where)
        lines += [f"where = {{ {words} }}"] if words else []
        entries.append("\n".join(lines) + "\n")
    return HEAD + "".join(entries)
