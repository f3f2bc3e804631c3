"""The verdicts: which claim holds for which subject, as JSON and as a lesson on the terminal."""

import json
import os
import platform
import traceback
from collections.abc import Generator, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.subjects import COMPONENTS, GROUPS, KNOWN, Judged

SCHEMA = Path(__file__).with_name("verdicts.schema.json")
NOT_PROVIDED = "not provided"
MARKS = {
    "passed": ("✓", "green"),
    NOT_PROVIDED: ("·", "bright_black"),
    "skipped": ("-", "yellow"),
    "error": ("!", "red"),
    "failed": ("✗", "red"),
}
MOST_LINES = 14  # of a counterexample on the terminal; the JSON file has it all
LIBRARIES = ("torch", "torchvision", "numpy", "pytest", "hypothesis")


@dataclass
class Verdict:
    """What one test found about one component, for one of the claims that it backs."""

    id: str
    component: str
    test: str
    sentence: str
    outcome: str
    counterexample: str | None = None


class Verdicts:
    """The plugin that gathers what the judging tests find, here or in pytest-xdist's workers."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.file = _writable(config.option.verdicts)
        self.found: dict[str, list[Verdict]] = {}
        self.lacking: list[dict[str, Any]] = []

    def pytest_report_header(self) -> str:
        return f"chapters: {', '.join(COMPONENTS)}"

    # What a test is about travels with its reports, as JSON, wherever they are made.

    def lacks(self, metafunc: pytest.Metafunc, judged: Judged) -> None:
        """Note that a subject does not provide what this test judges."""
        test = f"{metafunc.definition.nodeid}[{judged.label}]"
        self.lacking.append({**_about(metafunc.definition, judged), "test": test})

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        judged = judged_by(item)
        if judged:
            item.user_properties.append(("judging", _about(item, judged)))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        judged = judged_by(item)
        if judged and report.failed and call.excinfo:
            text = counterexample(call.excinfo.value, judged)
            report.user_properties.append(("counterexample", text))
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        properties: dict[str, Any] = dict(report.user_properties)
        about = properties.get("judging")
        if about and (report.when == "call" or not report.passed):
            self._add(about, report.nodeid, _outcome(report), properties.get("counterexample"))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        worker = getattr(session.config, "workeroutput", None)
        if worker is not None:
            worker["lacking"] = self.lacking
            return
        for about in self._lacking_of_what_was_asked(session):
            self._add(about, about["test"], NOT_PROVIDED, None)
        if self.file and not session.config.option.collectonly:
            _replace(self.file, json.dumps(self.as_json(), indent=1, ensure_ascii=False) + "\n")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker of pytest-xdist hands over what it knows; all workers know the same."""
        self.lacking = getattr(node, "workeroutput", {}).get("lacking", self.lacking)

    def _lacking_of_what_was_asked(self, session: pytest.Session) -> list[dict[str, Any]]:
        """With -k or -m, only what lacks for a test that was run on another subject."""
        if not session.config.option.keyword and not session.config.option.markexpr:
            return self.lacking
        run = {row.test.partition("[")[0] for rows in self.found.values() for row in rows}
        return [about for about in self.lacking if about["test"].partition("[")[0] in run]

    def _add(self, about: dict[str, Any], test: str, outcome: str, text: object) -> None:
        rows = self.found.setdefault(about["subject"], [])
        known = {row.test for row in rows if row.outcome != "passed"}
        if test not in known:  # a test that failed and whose teardown failed too is one verdict
            rows += [
                Verdict(
                    id,
                    about["component"],
                    test,
                    about["sentence"],
                    outcome,
                    str(text or "") or None,
                )
                for id in about["ids"]
            ]

    def as_json(self) -> dict[str, Any]:
        """The verdicts in the form that verdicts.schema.json describes."""
        return {
            "suite": _suite(),
            "subjects": [
                {
                    "name": name,
                    "components": [c for c in KNOWN if _judged(rows, c)],
                    "claims": [asdict(row) for row in sorted(rows, key=_order)],
                }
                for name, rows in self.found.items()
            ],
        }

    # On the terminal a refusal is a lesson, in the place of pytest's own list of failures.

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
        self.show(console, everything=self.config.option.show == "all")
        if self.file:
            terminalreporter.write_line(f"verdicts written to {self.file}")

    def show(self, console: Console, everything: bool) -> None:
        """Print the claims of every subject, or of the refused ones."""
        shown = {name: rows for name, rows in self.found.items() if everything or refused(rows)}
        for name, rows in shown.items():
            console.rule(Text(name, style="bold"), align="left")
            _show_subject(console, rows)
        for name, rows in shown.items():
            console.print(_in_a_line(name, rows), soft_wrap=True)


def judged_by(item: pytest.Item) -> Judged | None:
    """What a test judges, or None where it judges nothing."""
    callspec = getattr(item, "callspec", None)
    judged = callspec.params.get("judged") if callspec else None
    return judged if isinstance(judged, Judged) else None


def _is_judging(report: object) -> bool:
    return "judging" in dict(getattr(report, "user_properties", ()))


def refused(rows: Iterable[Verdict]) -> bool:
    return any(row.outcome in ("failed", "error") for row in rows)


def counterexample(error: BaseException, judged: Judged) -> str:
    """Hypothesis's smallest input, without its own words, then what the claim said of it."""
    notes = [note for note in getattr(error, "__notes__", []) if ": test_" in note]
    inputs = [line.strip().rstrip(",") for note in notes for line in note.splitlines()[1:-1]]
    subjects = (*judged.components, *GROUPS)
    inputs = [line for line in inputs if line.partition("=")[0] not in subjects]
    inputs += [line for line in _program(error) if line != "teardown()"]
    message = str(error)
    if not isinstance(error, AssertionError | pytest.fail.Exception):
        message = f"raised {type(error).__name__}: {message}{_in_the_subject(error)}"
    # Where the claim has words of its own, pytest's account of the expression says it again.
    first, *rest = message.splitlines() or [""]
    lines = [first, *(line for line in rest if not line.lstrip().startswith(("+", "assert ")))]
    return "\n".join([*inputs, *lines]).strip()


def _program(error: BaseException) -> list[str]:
    """What a state machine of Hypothesis's was told, call by call."""
    notes = getattr(error, "__notes__", [])
    return [note.removeprefix("state.") for note in notes if note.startswith("state.")]


def _in_the_subject(error: BaseException) -> str:
    """The innermost line that is neither ours nor a library's."""
    ours = str(Path(__file__).parents[1] / "tests")
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not frame.filename.startswith(ours) and "site-packages" not in frame.filename:
            return f"\n  in {os.path.relpath(frame.filename)} line {frame.lineno}: {frame.line}"
    return ""


def _about(node: pytest.Item | Any, judged: Judged) -> dict[str, Any]:
    ids = [str(id) for marker in node.iter_markers("claim") for id in marker.args]
    name = getattr(node, "originalname", node.name)
    variant = getattr(getattr(node, "callspec", None), "id", judged.label)
    variant = variant.replace(judged.label, "").strip("-")
    sentence = name.removeprefix("test_").replace("_", " ") + (f" ({variant})" if variant else "")
    return {
        "subject": judged.subject.name,
        "component": judged.components[0],
        "ids": ids,
        "sentence": sentence,
    }


def _outcome(report: pytest.TestReport) -> str:
    if report.failed:
        return "failed" if report.when == "call" else "error"
    if report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        return NOT_PROVIDED if NOT_PROVIDED in reason else "skipped"
    return "passed"


def _judged(rows: Iterable[Verdict], component: str) -> bool:
    return any(row.component == component and row.outcome != NOT_PROVIDED for row in rows)


def _order(row: Verdict) -> tuple[int, tuple[int, ...], str]:
    return (KNOWN.index(row.component), tuple(map(int, row.id.split("."))), row.test)


def _suite() -> dict[str, str]:
    return {
        "version": version("sums-to-one"),
        "python": platform.python_version(),
        **{library: version(library) for library in LIBRARIES},
        "platform": platform.platform(),
        "device": "cpu",
        "profile": hypothesis.settings.get_current_profile_name(),
    }


def _show_subject(console: Console, rows: list[Verdict]) -> None:
    for chapter, names in COMPONENTS.items():
        for component in names:
            own = [row for row in rows if row.component == component]
            if _judged(own, component):
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
    lacking = [c for c in KNOWN if not _judged(rows, c)]
    text = Text.assemble(
        (f"{name}: ", "bold"),
        (f"refused by {broken} of {len(judged)} claims", "red")
        if broken
        else (f"all {len(judged)} claims hold", "green"),
    )
    if lacking:
        text.append(f"; not provided: {', '.join(lacking)}", "bright_black")
    return text


def _writable(name: str | None) -> Path | None:
    """The file for the verdicts, refused before any work if it cannot be written."""
    if name is None:
        return None
    path = Path(name)
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise pytest.UsageError(f"--verdicts must name a file in a writable folder, got {name!r}")
    return path


def _replace(path: Path, text: str) -> None:
    """Write all or nothing: what was there before stays until the new text is complete."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_text(text, encoding="utf-8")
    new.replace(path)
