"""The verdicts on the terminal: a refusal is a lesson."""

import re
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sums_to_one.tests.judge.components import COMPONENTS, KNOWN
from sums_to_one.tests.judge.verdicts import (
    NOT_PROVIDED,
    REFUSALS,
    TAMPERED,
    Proof,
    Verdict,
    Verdicts,
    is_judged,
)

MARKS = {
    "passed": ("✓", "green"),
    NOT_PROVIDED: ("·", "bright_black"),
    "skipped": ("-", "yellow"),
    "error": ("!", "red"),
    "failed": ("✗", "red"),
    TAMPERED: ("‼", "red"),
}
MOST_LINES = 14  # of a counterexample; the JSON file has it all
MOST_ALIKE = 3  # claims that are named after the first, where one cause refuses several


class Lesson:
    """The plugin that shows what was found, in the place of pytest's own list of failures."""

    def __init__(self, verdicts: Verdicts) -> None:
        self.verdicts = verdicts

    def pytest_report_header(self) -> str:
        return f"chapters: {', '.join(COMPONENTS)}"

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> Generator[None, None, None]:
        stats = terminalreporter.stats
        kept = {kind: stats[kind] for kind in ("failed", "error") if kind in stats}
        for kind, reports in kept.items():
            stats[kind] = [r for r in reports if not _is_judging(r)]
        yield
        stats.update(kept)
        tw = terminalreporter._tw
        console = Console(file=tw._file, width=tw.fullwidth, force_terminal=tw.hasmarkup)
        self.show(console, everything=terminalreporter.config.option.show == "all")
        if self.verdicts.file:
            terminalreporter.write_line(f"verdicts written to {self.verdicts.file}")

    def show(self, console: Console, everything: bool) -> None:
        """Print the claims of every subject, or of the refused ones."""
        shown = {
            name: rows for name, rows in self.verdicts.found.items() if everything or refused(rows)
        }
        for name, rows in shown.items():
            console.rule(Text(name, style="bold"), align="left")
            proof = self.verdicts.proofs.get(name, Proof())
            _show_subject(console, rows, self.verdicts.limits.get(name, {}), proof)
        for name, rows in shown.items():
            line = _in_a_line(name, rows, self.verdicts.limits.get(name, {}))
            console.print(line, soft_wrap=True)
        for name, problem in self.verdicts.not_judged.items():
            line = Text.assemble((f"{name}: ", "bold"), ("cannot be judged", "red"))
            console.print(Text.assemble(line, f"\n{problem}"), soft_wrap=True)


def _is_judging(report: object) -> bool:
    return "judging" in dict(getattr(report, "user_properties", ()))


def refused(rows: Iterable[Verdict]) -> bool:
    return any(row.outcome in REFUSALS for row in rows)


Limits = dict[str, dict[str, Any]]  # by component, as the verdicts have them


def _show_subject(console: Console, rows: list[Verdict], limits: Limits, proof: Proof) -> None:
    for chapter, names in COMPONENTS.items():
        for component in names:
            own = [row for row in rows if row.component == component]
            if is_judged(own, component):
                found = limits.get(component, {"words": "", "remarks": {}})
                within = f", within its limits: {found['words']}" if found["words"] else ""
                console.print(Text(f"{chapter}: {component}{within}", style="bold"))
                if left := proof.left_to_others.get(component):
                    console.print(Text(f"  remark: it leaves its work to {', '.join(left)}"))
                for what, error in found["remarks"].items():
                    console.print(Text(f"  remark: {what} is refused openly ({error})"))
                _show_claims(console, sorted(_lines(own), key=_seriousness))


def _show_claims(console: Console, rows: list[Verdict]) -> None:
    """A line each; refusals that have one cause are shown with it once, the last of all."""
    by_cause: dict[str, list[Verdict]] = {}
    for row in rows:
        cause = _cause(row)
        by_cause.setdefault(cause or row.test, []).append(row)
    for same in by_cause.values():
        _show_claim(console, same[0])
        for row in same[1 : 1 + MOST_ALIKE]:
            console.print(Text(f"    as well: {row.sentence}  {row.id}"))
        if len(same) > 1 + MOST_ALIKE:
            console.print(Text(f"    and {len(same) - 1 - MOST_ALIKE} more claims"))


def _cause(row: Verdict) -> str | None:
    """What refusals share that have one cause: the error and the line of the subject."""
    text = row.counterexample or ""
    start = text.find("raised ")
    if row.outcome not in REFUSALS or start < 0:
        return None
    return (
        re.sub(r"-?\d+(\.\d+)?(e[-+]?\d+)?", "#", text[start:].rpartition("\n")[0])
        + (text.rpartition("\n")[2])
    )


def _lines(rows: Iterable[Verdict]) -> Iterator[Verdict]:
    """One verdict for each line: the worst of all variants of a sentence stands for them.

    A variant that is not provided, such as a dtype outside the limits, counts only if all are.
    """
    by_sentence: dict[tuple[str, str], list[Verdict]] = {}
    for row in rows:
        by_sentence.setdefault((row.component, row.test.partition("[")[0]), []).append(row)
    for same in by_sentence.values():
        ids = " ".join(dict.fromkeys(row.id for row in same))
        asked = [row for row in same if row.outcome != NOT_PROVIDED]
        worst = max(asked or same, key=_seriousness)
        alike = {row.test for row in same if row.outcome == worst.outcome} - {worst.test}
        sentence, _, variant = worst.sentence.partition(" (")
        if worst.outcome in REFUSALS and variant:
            others = f", and {len(alike)} more" if alike else ""
            sentence = f"{sentence} ({variant.rstrip(')')}{others})"
        yield replace(worst, id=ids, sentence=sentence)


def _seriousness(row: Verdict) -> int:
    return list(MARKS).index(row.outcome)


def _show_claim(console: Console, row: Verdict) -> None:
    """A line, and under a cross the reason."""
    mark, style = MARKS[row.outcome]
    claim = Text.assemble(row.sentence, (f"  {row.id}", "bright_black"))
    line = Table.grid(padding=(0, 1))
    line.add_row(" ", Text(mark, style), claim)
    if row.counterexample:
        lines = row.counterexample.splitlines()
        if len(lines) > MOST_LINES:
            lines = [*lines[:MOST_LINES], "..."]
        line.add_row("", "", Text("\n".join(lines)))
    console.print(line)


def _causes(rows: list[Verdict]) -> str:
    causes = [(row.component, _cause(row) or row.test) for row in rows if refused([row])]
    return "" if len(set(causes)) == len(causes) else f", by {len(set(causes))} causes"


def _in_a_line(name: str, rows: list[Verdict], limits: Limits) -> Text:
    judged = [row for row in _lines(rows) if row.outcome != NOT_PROVIDED]
    broken = sum(row.outcome in REFUSALS for row in judged)
    lacking = [c for c in KNOWN if not is_judged(rows, c)]
    text = Text.assemble(
        (f"{name}: ", "bold"),
        (f"refused by {broken} of {len(judged)} claims{_causes(judged)}", "red")
        if broken
        else (f"all {len(judged)} claims hold", "green"),
    )
    if limits:
        within = "; ".join(f"{component} ({limits[component]['words']})" for component in limits)
        text.append(f", within limits: {within}")
    if lacking:
        text.append(f"; not provided: {', '.join(lacking)}", "bright_black")
    return text
