"""What a learner has come to: kept in a file of the folder in which the solutions are."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sums_to_one.tests.judge.components import COMPONENTS, KNOWN
from sums_to_one.tests.judge.languages import in_language

FILE = "progress.json"
ACCEPTED, SCORED = "accepted", "scored"


def read(folder: Path) -> dict[str, dict[str, Any]]:
    """By component, how many claims hold of it; and how the learner's own claims about it score.

    Nothing where there is no such file, or none that can be read: it is a note, and no proof.
    """
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return {kind: {**found[kind]} for kind in (ACCEPTED, SCORED)}
    except (OSError, ValueError, TypeError, KeyError):
        return {ACCEPTED: {}, SCORED: {}}


def note_verdict(folder: Path, component: str, holds: int, refused: int) -> None:
    """A component is accepted, with so many claims, or is no longer."""
    found = read(folder)
    found[ACCEPTED].pop(component, None)
    if holds and not refused:
        found[ACCEPTED][component] = holds
    _write(folder, found)


def note_score(folder: Path, component: str, refused: int, impostors: int, wronged: int) -> None:
    """So many of the impostors are refused by the learner's claims, and of the right versions."""
    found = read(folder)
    score = {"refused": refused, "impostors": impostors, "wronged": wronged}
    found[SCORED][component] = score
    _write(folder, found)


def told(folder: Path, chinese: bool) -> Iterator[str]:
    """Which components are accepted, which come next, and what the claims have scored."""
    found = read(folder)
    accepted = [name for name in KNOWN if name in found[ACCEPTED]]
    words = "accepted so far: {count} of {all}"
    yield in_language(words, chinese, count=len(accepted), all=len(KNOWN))
    for chapter, names in COMPONENTS.items():
        own = [name for name in names if name in accepted]
        if own:
            yield f"  {chapter}: {', '.join(own)}"
    for name in [name for name in KNOWN if name in found[SCORED]]:
        score = found[SCORED][name]
        words = "your claims about {name} refuse {refused} of {impostors} impostors"
        line = in_language(words, chinese, name=name, **score)
        if score["wronged"]:
            words = "and {wronged} right versions"
            line += f" {in_language(words, chinese, **score)}"
        yield f"  {line}"


def _write(folder: Path, found: dict[str, dict[str, Any]]) -> None:
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    (folder / FILE).write_text(text, encoding="utf-8")
