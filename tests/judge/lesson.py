"""The verdicts on the terminal: a refusal is a lesson."""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sums_to_one.tests.judge.components import COMPONENTS, KNOWN
from sums_to_one.tests.judge.verdicts import NOT_PROVIDED, Verdict, Verdicts, is_judged

MARKS = {
    "passed": ("✓", "green"),
    NOT_PROVIDED: ("·", "bright_black"),
    "skipped": ("-", "yellow"),
    "error": ("!", "red"),
    "failed": ("✗", "red"),
}
MOST_LINES = 14  # of a counterexample; the JSON file has it all


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
            _show_subject(console, rows)
        for name, rows in shown.items():
            console.print(_in_a_line(name, rows), soft_wrap=True)


def _is_judging(report: object) -> bool:
    return "judging" in dict(getattr(report, "user_properties", ()))


def refused(rows: Iterable[Verdict]) -> bool:
    return any(row.outcome in ("failed", "error") for row in rows)


def _show_subject(console: Console, rows: list[Verdict]) -> None:
    for chapter, names in COMPONENTS.items():
        for component in names:
            own = [row for row in rows if row.component == component]
            if is_judged(own, component):
                console.print(Text(f"{chapter}: {component}", style="bold"))
                for row in sorted(_lines(own), key=_seriousness):
                    _show_claim(console, row)


def _lines(rows: Iterable[Verdict]) -> Iterator[Verdict]:
    """One verdict for each line: the worst of all variants of a sentence stands for them."""
    by_sentence: dict[tuple[str, str], list[Verdict]] = {}
    for row in rows:
        by_sentence.setdefault((row.component, row.test.partition("[")[0]), []).append(row)
    for same in by_sentence.values():
        ids = " ".join(dict.fromkeys(row.id for row in same))
        worst = max(same, key=_seriousness)
        alike = {row.test for row in same if row.outcome == worst.outcome} - {worst.test}
        sentence, _, variant = worst.sentence.partition(" (")
        if worst.outcome in ("failed", "error") and variant:
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


def _in_a_line(name: str, rows: list[Verdict]) -> Text:
    judged = [row for row in _lines(rows) if row.outcome != NOT_PROVIDED]
    broken = sum(row.outcome in ("failed", "error") for row in judged)
    lacking = [c for c in KNOWN if not is_judged(rows, c)]
    text = Text.assemble(
        (f"{name}: ", "bold"),
        (f"refused by {broken} of {len(judged)} claims", "red")
        if broken
        else (f"all {len(judged)} claims hold", "green"),
    )
    if lacking:
        text.append(f"; not provided: {', '.join(lacking)}", "bright_black")
    return text
