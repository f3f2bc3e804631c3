"""`sums-to-one compare`: two files of verdicts, before and after a change of whatever is below.

What was asked must be the same; then each claim is looked at that ended in another way.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from sums_to_one.tests.judge.endings import (
    HOLDS,
    NOT_COMPARABLE,
    NOT_JUDGED,
    REFUSED,
    USAGE,
    Verdicts,
)
from sums_to_one.tests.judge.formats import complete, tests

RANKS = {"passed": 0, "not provided": 1, "skipped": 1}  # anything else is a refusal, and worst
MOST_REASONS = 5
MOST_ERRORS = 10  # of claims that hold, whose numbers have changed
Row = dict[str, Any]
Rows = dict[tuple[str, ...], Row]


@dataclass(frozen=True)
class Change:
    """A claim before and after: how it ended, what it told, its largest error let pass."""

    component: str
    claim: str
    sentence: str
    before: str
    after: str
    told_before: str | None
    told_after: str | None
    worst_before: Row | None
    worst_after: Row | None

    @property
    def ulps(self) -> tuple[float, float]:
        """The largest error that was let pass, before and after."""
        before, after = self.worst_before, self.worst_after
        return before["ulp"] if before else 0.0, after["ulp"] if after else 0.0

    @property
    def is_regression(self) -> bool:
        return RANKS.get(self.after, 2) > RANKS.get(self.before, 2)


@dataclass(frozen=True)
class Comparison:
    """What has changed, and why it cannot be told, if it cannot.

    Args:
        changes: claims that ended in another way.
        errors: those that ended alike, and whose largest error is another one; the largest first.
        versions: what was judged with, before and after.
        not_comparable: the reasons.
        asked: how many claims were asked both times.
    """

    changes: list[Change]
    errors: list[Change]
    versions: dict[str, tuple[str, str]]
    not_comparable: list[str]
    asked: int

    @property
    def regressions(self) -> list[Change]:
        return [change for change in self.changes if change.is_regression]


def compare(before: Verdicts, after: Verdicts) -> Comparison:
    """Two verdicts, claim by claim."""
    old, new = _rows(before), _rows(after)
    suites = before["suite"], after["suite"]
    versions = {
        name: (_words(one.get(name)), _words(other.get(name)))
        for one, other in (suites, (_asked(before), _asked(after)))
        for name in one | other
        if one.get(name) != other.get(name)
    }
    both = [(key[1], old[key], new[key]) for key in old if key in new]
    changes = [_change(ids, a, b) for ids, a, b in both if _ended(a) != _ended(b)]
    alike = [_change(ids, a, b) for ids, a, b in both if _ended(a) == _ended(b)]
    errors = [change for change in alike if change.ulps[0] != change.ulps[1]]
    errors.sort(key=lambda change: -max(change.ulps))
    asked = [(a, b) for _, a, b in both if {a["outcome"], b["outcome"]} != {"not provided"}]
    return Comparison(changes, errors, versions, _why_not((before, after), old, new), len(asked))


def _words(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value or "none")


def _asked(verdicts: Verdicts) -> Row:
    """How a single subject was asked; several are called by it."""
    subjects = verdicts["subjects"]
    asked: Row = subjects[0].get("asked", {}) if len(subjects) == 1 else {}
    words = {key: asked.get(key) or "none" for key in ("device", "transform", "conventions")}
    words = {"dtype": asked.get("dtype") or "all", **words}
    limits = subjects[0].get("limits", {}) if asked else {}
    within = {f"limits of {c}": limits[c].get("words") or "none" for c in limits}
    return {**words, **within}


def _ended(row: Row) -> tuple[str, str | None]:
    return row["outcome"], row["counterexample"]


def _change(ids: str, before: Row, after: Row) -> Change:
    component, sentence = before["component"], before["sentence"]
    outcomes = before["outcome"], after["outcome"]
    told = before["counterexample"], after["counterexample"]
    worst = before.get("worst"), after.get("worst")
    return Change(component, ids, sentence, *outcomes, *told, *worst)


def _rows(verdicts: Verdicts) -> Rows:
    """The verdicts by what was asked, and of whom; a single subject may have another name."""
    subjects = verdicts["subjects"]
    return {
        (
            row["component"],
            " ".join(ids),
            row["sentence"],
            row["test"].partition("[")[0],
            subject["name"] if len(subjects) > 1 else "",
        ): row
        for subject in complete(verdicts)
        for row, ids in tests(subject)
    }


def _why_not(both: tuple[Verdicts, Verdicts], old: Rows, new: Rows) -> list[str]:
    profiles = [found["suite"]["profile"] for found in both]
    dtypes = [_asked(found)["dtype"] for found in both]
    reasons = []
    if profiles != ["suite", "suite"]:
        reasons.append(f"inputs are the same by the profile 'suite' alone, got {profiles}")
    if dtypes[0] != dtypes[1]:
        reasons.append(f"asked in other dtypes: {' before, '.join(dtypes)} after")
    for these, others, which in ((old, new, "before"), (new, old, "after")):
        reasons += [f"asked {which} alone: {k[0]}: {k[2]}" for k in these if k not in others]
    reasons += [
        f"asked about other inputs: {key[0]}: {key[2]}"
        for key in old
        if key in new and old[key].get("inputs") != new[key].get("inputs")
    ]
    return reasons


class FailOn(StrEnum):
    """What makes the comparison fail."""

    regression = "regression"
    change = "change"


class Format(StrEnum):
    """How it is told."""

    text = "text"
    md = "md"
    json = "json"


def code_of(found: Comparison, fail_on: FailOn) -> int:
    """The number that the program ends with."""
    if found.not_comparable:
        return NOT_COMPARABLE
    if not found.asked:
        return NOT_JUDGED
    failing = found.changes if fail_on is FailOn.change else found.regressions
    return REFUSED if failing else HOLDS


def as_text(found: Comparison) -> str:
    lines = [f"{name}: {old} before, {new} after" for name, (old, new) in found.versions.items()]
    lines += _reasons(found)
    for change in found.changes:
        mark = "worse" if change.is_regression else "changed"
        lines += [
            f"{mark}: {change.component}: {change.sentence}  {change.claim}",
            f"  {change.before} before, {change.after} after",
        ]
        lines += [f"    {line}" for line in (change.told_after or "").splitlines()]
        lines += [f"  {_ulps(change)}"] if any(change.ulps) else []
    for change in found.errors[:MOST_ERRORS]:
        lines += [f"other numbers: {change.component}: {change.sentence}  {change.claim}"]
        lines += [f"  {_ulps(change)}", *(f"    {text}" for text in _inputs(change))]
    lines += _more_errors(found)
    counts = f"{len(found.regressions)} worse, {len(found.changes)} changed"
    return "\n".join([*lines, f"{found.asked} claims compared: {counts}"]) + "\n"


def _ulps(change: Change) -> str:
    """The largest errors that were let pass, in words."""
    before, after = change.ulps
    dtypes = [worst["dtype"] for worst in (change.worst_before, change.worst_after) if worst]
    return f"worst error {before:.3g} ulp before, {after:.3g} after ({', '.join({*dtypes})})"


def _inputs(change: Change) -> list[str]:
    """The input of the larger error."""
    worst = change.worst_after if change.ulps[1] > change.ulps[0] else change.worst_before
    return [worst["input"]] if worst and worst["input"] else []


def _more_errors(found: Comparison) -> list[str]:
    more = len(found.errors) - MOST_ERRORS
    return [f"and other numbers in {more} more claims, which --format json has"] * (more > 0)


def _reasons(found: Comparison) -> list[str]:
    more = len(found.not_comparable) - MOST_REASONS
    lines = [f"not comparable: {reason}" for reason in found.not_comparable[:MOST_REASONS]]
    return [*lines, f"and {more} more reasons"] if more > 0 else lines


def as_markdown(found: Comparison) -> str:
    lines = [f"- {name}: {old} → {new}" for name, (old, new) in found.versions.items()]
    lines += [f"- {reason}" for reason in _reasons(found)]
    columns = "component", "claim", "before", "after", "ulp before", "ulp after", ""
    lines += ["", f"| {' | '.join(columns)} |", "| --- " * len(columns) + "|"]
    for c in [*found.changes, *found.errors[:MOST_ERRORS]]:
        told = (c.told_after or "").rpartition("\n")[2] or " ".join(_inputs(c))
        cells = f"`{c.component}`", f"{c.sentence} ({c.claim})", c.before, c.after
        words = [*cells, *(f"{ulp:.3g}" for ulp in c.ulps), told.replace("|", "\\|")]
        lines.append(f"| {' | '.join(words)} |")
    lines += ["", *_more_errors(found)]
    counts = f"{len(found.regressions)} worse, {len(found.changes)} changed"
    return "\n".join([*lines, "", f"{found.asked} claims compared: {counts}"]) + "\n"


def as_json(found: Comparison) -> str:
    changes = [{**asdict(c), "regression": c.is_regression} for c in found.changes]
    content = {**asdict(found), "changes": changes}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


FORMATS: dict[Format, Callable[[Comparison], str]] = {
    Format.text: as_text,
    Format.md: as_markdown,
    Format.json: as_json,
}


def read(path: Path) -> Verdicts:
    """A file of verdicts; what is none ends the program."""
    try:
        found: Verdicts = json.loads(path.read_text(encoding="utf-8"))
        _rows(found)
        return {**found, "suite": {"profile": "", **found["suite"]}}
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as problem:
        rule = "a file of verdicts must be one that --verdicts has written"
        typer.echo(f"error: {rule}, got {path}: {type(problem).__name__}: {problem}", err=True)
        raise typer.Exit(USAGE) from None


def compare_files(
    before: Annotated[Path, typer.Argument(help="Verdicts, as --verdicts writes them.")],
    after: Annotated[Path, typer.Argument(help="Those of the same claims, later.")],
    fail_on: Annotated[
        FailOn, typer.Option(help="Fail on what is worse, or on any change.")
    ] = FailOn.regression,
    format: Annotated[Format, typer.Option(help="How to tell it.")] = Format.text,
) -> None:
    """Compare two verdicts: what a change of torch, a compiler or a kernel has changed.

    Ends with 0 if nothing is worse, 1 if something is, 2 for wrong usage, 3 if not the same was
    asked, 4 if nothing was.
    """
    found = compare(read(before), read(after))
    typer.echo(FORMATS[format](found), nl=False)
    raise typer.Exit(code_of(found, fail_on))
