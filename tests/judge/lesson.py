"""The verdicts on the terminal: a refusal is a lesson, and fits on one screen."""

import ast
import difflib
import functools
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text

from sums_to_one.cifar.modules import ROOT
from sums_to_one.tests.common.limits import LONG_SUMS
from sums_to_one.tests.judge import chinese as zh
from sums_to_one.tests.judge.causes import Cause, causes
from sums_to_one.tests.judge.components import COMPONENTS, KNOWN, asked_for, file_of
from sums_to_one.tests.judge.diagnosis import Diagnosis
from sums_to_one.tests.judge.languages import in_language
from sums_to_one.tests.judge.ledger import ledger
from sums_to_one.tests.judge.places import places_in, places_of
from sums_to_one.tests.judge.terminal import Screen
from sums_to_one.tests.judge.verdicts import (
    CLEAN_ROOM,
    DEVIATES,
    LEFT,
    NOT_PROVIDED,
    REFUSALS,
    TAMPERED,
    Proof,
    Verdict,
    Verdicts,
    judged_in,
)

MARKS = {
    "passed": ("✓", "green"),
    NOT_PROVIDED: ("·", "bright_black"),
    "skipped": ("-", "yellow"),
    DEVIATES: ("~", "yellow"),
    "error": ("!", "red"),
    "failed": ("✗", "red"),
    TAMPERED: ("‼", "red"),
}
NOT_COUNTED = (NOT_PROVIDED, DEVIATES)  # among the claims that hold or refuse
SCREEN = 24  # lines, for a component that is refused
MOST_CAUSES = 3  # that are shown with what came; others by their sentences
FEWEST_LINES = 6  # of a cause: its name, what came, and who refuses for the same reason
FEW_LACKS = 6  # of what a subject lacks that are named
LINES_OF_NAMES = 2  # of claims that are refused for the same reason


class Lesson:
    """The plugin that shows what was found, in the place of pytest's own list of failures."""

    def __init__(self, verdicts: Verdicts) -> None:
        self.verdicts = verdicts
        self.lacking: dict[str, str] = {}  # by test, what it was not asked for

    def pytest_report_header(self) -> str:
        return f"chapters: {', '.join(COMPONENTS)}"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        properties: dict[str, Any] = dict(report.user_properties)
        if NOT_PROVIDED in properties:
            self.lacking[report.nodeid] = _what(str(properties[NOT_PROVIDED]))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> Generator[None, None, None]:
        stats = terminalreporter.stats
        kept = {kind: stats[kind] for kind in REFUSALS if kind in stats}
        for kind, reports in kept.items():
            stats[kind] = [r for r in reports if not _is_judging(r)]
        yield
        stats.update(kept)
        tw, option = terminalreporter._tw, terminalreporter.config.option
        console = Screen(file=tw._file, width=tw.fullwidth, force_terminal=tw.hasmarkup)
        self.show(console, option.show == "all", option.chinese, named=bool(option.subjects))
        if self.verdicts.file:
            terminalreporter.write_line(f"verdicts written to {self.verdicts.file}")

    def show(self, console: Console, everything: bool, chinese: bool, named: bool) -> None:
        """Print a screen for each component that is refused, and a line for each other one.

        Of subjects that nobody has named, only what is refused.
        """
        for name, rows in self.verdicts.found.items():
            broken = {row.component for row in rows if row.outcome in REFUSALS}
            if not named and not everything:
                rows = [row for row in rows if row.component in broken]
            if not rows and not named:
                continue
            console.rule(Text(name, style="bold"), align="left")
            limits = self.verdicts.limits.get(name, {})
            proof = self.verdicts.proofs.get(name, Proof())
            lacking = {**self.lacking, **_lacks(rows)}
            found = self.verdicts.diagnoses.get(name, {})
            page = Page(console.width, everything, chinese, lacking, proof, found)
            for line in page.lines_of(rows, limits):
                console.print(line, soft_wrap=True)
            for hint in _misspelt(name, rows, chinese):
                console.print(Text(hint, style="yellow"), soft_wrap=True)
        found, not_judged = self.verdicts.found, self.verdicts.not_judged
        left = self.verdicts.left
        if named and (len(found) + len(not_judged) > 1 or left):
            console.rule(align="left")
            for name, rows in found.items():
                console.print(_in_a_line(name, rows, chinese), soft_wrap=True)
            for name, why in not_judged.items():
                said = in_language("cannot be judged", chinese)
                if name in left:
                    said = in_language("not judged to the end", chinese)
                    why = in_language(LEFT, chinese, what=", ".join(left[name]))
                line = Text.assemble((f"{name}: ", "bold"), (said, "red"), f"\n{why}")
                console.print(line, soft_wrap=True)


def _in_a_line(name: str, rows: list[Verdict], chinese: bool) -> Text:
    lines = [row for row in _lines(rows) if row.outcome not in NOT_COUNTED]
    broken = sum(row.outcome in REFUSALS for row in lines)
    return Text.assemble((f"{name}: ", "bold"), _verdict(broken, len(lines), chinese))


def _verdict(broken: int, count: int, chinese: bool) -> tuple[str, str]:
    """How many claims hold, in words and in a colour."""
    if not count:
        return in_language("nothing was judged", chinese), "yellow"
    if not broken:
        words = "all {all} claims hold" if count > 1 else "1 claim holds"
        return in_language(words, chinese, all=count), "green"
    words = "{broken} of {all} claims refuse it" if broken > 1 else "1 claim refuses it"
    return in_language(words, chinese, broken=broken, all=count), "red"


def _is_judging(report: object) -> bool:
    return "judging" in dict(getattr(report, "user_properties", ()))


def _what(reason: str) -> str:
    return reason.removeprefix("not provided: ").removeprefix("the argument ")


def _lacks(rows: Iterable[Verdict]) -> dict[str, str]:
    """By test, the other component that a claim needs and the subject does not have."""
    rows = list(rows)
    judged = judged_in(rows)
    return {
        row.test: ", ".join(lacking)
        for row in rows
        if row.outcome == NOT_PROVIDED
        and (lacking := [c for c in _components(row.test) if c not in judged])
    }


def _components(test: str) -> tuple[str, ...]:
    file, _, name = test.partition("::")
    asked = asked_for(_arguments(file).get(name.partition("[")[0], ()))
    return asked[0] if len(asked) == 1 else ()


@functools.cache
def _arguments(file: str) -> dict[str, tuple[str, ...]]:
    return {place.name: place.arguments for place in places_in(ROOT / file)}


def _misspelt(subject: str, rows: list[Verdict], chinese: bool = False) -> Iterator[str]:
    """What a file defines that is nearly the name of a component which it does not have."""
    if not subject.endswith(".py"):
        return
    judged = judged_in(rows)
    names = {known.lower(): known for known in KNOWN if known not in judged}
    try:
        body = ast.parse(Path(subject).read_bytes()).body
    except (OSError, SyntaxError, ValueError, MemoryError, RecursionError):
        return  # it is no longer what was judged
    for node in body:
        own = getattr(node, "name", "_")
        near = difflib.get_close_matches(own.lower(), names, n=1, cutoff=0.8)
        if near and own not in KNOWN and not own.startswith("_"):
            words = "{subject} has {own!r}, which is not judged: did you mean {near!r}?"
            yield in_language(words, chinese, subject=subject, own=own, near=names[near[0]])


Limits = dict[str, dict[str, Any]]  # by component, as the verdicts have them


class Page:
    """What is said of one subject, as lines of a width."""

    def __init__(
        self,
        width: int,
        everything: bool,
        chinese: bool,
        lacking: dict[str, str],
        proof: Proof | None = None,
        diagnoses: dict[str, Diagnosis] | None = None,
    ) -> None:
        self.width, self.everything, self.chinese = width, everything, chinese
        self.lacking, self.proof, self.diagnoses = lacking, proof or Proof(), diagnoses or {}

    def lines_of(self, rows: list[Verdict], limits: Limits) -> Iterator[Text]:
        for chapter, names in COMPONENTS.items():
            for component in names:
                own = [row for row in rows if row.component == component]
                if judged_in(own):
                    yield from self._component(chapter, own, limits.get(component, {}))

    def _component(
        self, chapter: str, rows: list[Verdict], limits: dict[str, Any]
    ) -> Iterator[Text]:
        lines = sorted(_lines(rows), key=lambda row: _order(row.id))
        broken = [row for row in lines if row.outcome in REFUSALS]
        held = [row for row in lines if row not in broken]
        head = [self._head(chapter, lines, broken), *self._diagnosis(lines[0].component)]
        head += self._limits(limits)
        head += self._left_to_others(lines[0].component)
        head += self._borne(held)
        yield from head
        if self.everything:
            for row in held:
                yield from self._claim(row)
        if broken:
            counted = list(self._counted(held))
            room = SCREEN - len(head) - len(counted)
            yield from self._all_of(broken) if self.everything else self._screen(broken, room)
            yield from counted if not self.everything else ()
        elif not self.everything:
            yield from self._not_asked(held)

    def _say(self, text: str, **parts: object) -> str:
        return in_language(text, self.chinese, **parts)

    def _head(self, chapter: str, lines: list[Verdict], broken: list[Verdict]) -> Text:
        count = sum(row.outcome not in NOT_COUNTED for row in lines)
        said = _verdict(len(broken), count, self.chinese)
        return Text.assemble((f"{chapter}: {lines[0].component}", "bold"), ": ", said)

    def _diagnosis(self, component: str) -> Iterator[Text]:
        """What it does, where that is a known mistake, and who makes it may be thinking."""
        found = self.diagnoses.get(component)
        if found:
            for words in found.sentences(component, self.chinese):
                yield from self._wrapped(words, 2, style="yellow", most=3)

    def _limits(self, limits: dict[str, Any]) -> Iterator[Text]:
        if limits and limits["words"]:
            words = zh.limits(limits["words"]) if self.chinese else limits["words"]
            yield from self._wrapped(self._say("within its limits: {words}", words=words), 2)
        for what, error in (limits or {"remarks": {}})["remarks"].items():
            if what == LONG_SUMS:
                error = zh.words(error) if self.chinese else error
                said = self._say("remark: in 16 bits it rounds at every step: {error}", error=error)
            else:
                what = zh.words(what) if self.chinese else what
                told = "remark: {what} is refused openly ({error})"
                said = self._say(told, what=what, error=error)
            yield from self._wrapped(said, 2)

    def _left_to_others(self, component: str) -> Iterator[Text]:
        if left := self.proof.left_to_others.get(component):
            said = self._say("remark: it leaves its work to {what}", what=", ".join(left))
            yield from self._wrapped(said, 2)

    def _borne(self, held: list[Verdict]) -> Iterator[Text]:
        for row in held:
            if row.outcome == DEVIATES:
                what = self._sentence_of(row)
                said = self._say("remark: it is known that {what} is refused", what=what)
                yield from self._wrapped(f"{said} ({row.counterexample})", 2, style="yellow")

    def _counted(self, held: list[Verdict]) -> Iterator[Text]:
        count = sum(row.outcome not in NOT_COUNTED for row in held)
        if count:
            words = "{count} claims hold" if count > 1 else "1 claim holds"
            yield Text(f"  {self._say(words, count=count)}", style="green")
        yield from self._not_asked(held)

    def _not_asked(self, held: list[Verdict]) -> Iterator[Text]:
        whys = [self.lacking.get(row.test, "") for row in held if row.outcome == NOT_PROVIDED]
        if whys:
            each = [why for why in whys for why in why.split(", ") if why]
            lacking = list(dict.fromkeys(each))
            few = ", ".join([*lacking[:FEW_LACKS], *["..."] * (len(lacking) > FEW_LACKS)])
            words = "{count} not asked: needs {what}" if few else "{count} not asked"
            what = zh.listed(few) if self.chinese else few
            text = self._say(words, count=len(whys), what=what)
            yield from self._wrapped(text, 2, style="bright_black", most=2)

    def _claim(self, row: Verdict) -> Iterator[Text]:
        """A claim that is not refused; if it was not asked, why."""
        why = self.lacking.get(row.test, "")
        what = zh.listed(why) if self.chinese else why
        yield from self._marked(row, self._say(" (needs {what})", what=what) if why else "")

    def _sentence_of(self, row: Verdict) -> str:
        return zh.sentence(row.component, row.sentence) if self.chinese else row.sentence

    def _marked(self, row: Verdict, also: str = "") -> Iterator[Text]:
        mark, style = MARKS[row.outcome]
        lines = list(self._wrapped(f"{self._sentence_of(row)}{also}  {row.id}", 4))
        yield Text.assemble("  ", (mark, style), " ", lines[0].plain.strip())
        yield from lines[1:]

    def _all_of(self, broken: list[Verdict]) -> Iterator[Text]:
        """Every refusal with everything it says; what has one cause once, the most telling last."""
        for cause in reversed(causes(broken)):
            for row in reversed(cause.others):
                yield from self.refusal(row, 10**6, with_sentence=False)
            yield from self.refusal(cause.first, 10**6, with_sentence=True)

    def _screen(self, broken: list[Verdict], room: int) -> Iterator[Text]:
        """The causes that tell most, each with what has the same reason, in so many lines."""
        found = causes(broken)
        shown, rest = found[:MOST_CAUSES], found[MOST_CAUSES:]
        others = self._names("and for other reasons: {names}", [cause.first for cause in rest])
        room -= len(others)
        for n, cause in enumerate(shown):
            later = FEWEST_LINES * (len(shown) - n - 1)
            lines = self._cause(cause, room - later, with_sentence=n == 0)
            room -= len(lines)
            yield from lines
        yield from others

    def _cause(self, cause: Cause, room: int, with_sentence: bool) -> list[Text]:
        words = "also refused, probably for the same reason: {names}"
        others = self._names(words, cause.others, indent=4)
        lines = list(self.refusal(cause.first, room - len(others), with_sentence))
        return [*lines, *others]

    def refusal(self, row: Verdict, room: int, with_sentence: bool = False) -> Iterator[Text]:
        """The claim, its sentence in the ledger, and of what came as much as there is room for."""
        lines = list(self._marked(row))
        sentence = list(self._sentence(row)) if with_sentence else []
        told = [
            line
            for part in (row.counterexample or "").splitlines()
            for line in self._wrapped(zh.evidence(part) if self.chinese else part, 4, keep=True)
        ]
        if len(lines) + len(sentence) + min(len(told), 3) > room:
            sentence = []
        left = room - len(lines) - len(sentence)
        if len(told) > left:
            told = [*told[: max(left - 1, 1)], Text("    ...", style="bright_black")]
        yield from [*lines, *sentence, *told]

    def _sentence(self, row: Verdict) -> Iterator[Text]:
        """What the ledger says, in the reader's language; in Chinese with its care."""
        if row.test.startswith(CLEAN_ROOM):
            return  # which says itself what it is about
        claim = ledger()[max(row.id.split(), key=_own_claims(row.component).count)]
        kinds = ("、" if self.chinese else ", ").join(self._say(kind) for kind in claim.kind)
        said = f"{claim.zh}{claim.care_zh}（{kinds}）" if self.chinese else f"{claim.en} ({kinds})"
        yield from self._wrapped(said, 4, style="italic")

    def _names(self, words: str, rows: Sequence[Verdict], indent: int = 2) -> list[Text]:
        """The sentences of claims in two lines at most, and how many there are besides."""
        most = LINES_OF_NAMES * self.width // 8  # characters are more than seven a sentence
        for count in range(min(len(rows), most), 0, -1):
            names = [self._sentence_of(row) for row in rows[:count]]
            left = len(rows) - count
            names += [self._say("and {count} more", count=left)] if left else []
            said = self._say(words, names=("；" if self.chinese else "; ").join(names))
            lines = list(self._wrapped(said, indent, "bright_black"))
            if len(lines) <= LINES_OF_NAMES or count == 1:
                return lines
        return []

    def _wrapped(
        self, text: str, indent: int, style: str = "", keep: bool = False, most: int = 10**6
    ) -> Iterator[Text]:
        """Lines of the width; with `keep`, the spaces at the front of a line count as well."""
        inside = indent + (len(text) - len(text.lstrip()) if keep else 0)
        wide = self.width - inside
        found = Text(text.strip()).wrap(Console(width=wide, file=None), wide)
        lines = [line.plain.rstrip() for line in found]
        if self.chinese:
            lines = zh.wrapped(text.strip(), wide)
        for line in lines[:most]:
            yield Text(" " * inside + line, style=style)


@functools.cache
def _own_claims(component: str) -> list[str]:
    """What its own file backs, each as often as it does."""
    own = f"test_{file_of(component)}.py"
    return [id for place in places_of(component) if place.file.name == own for id in place.ids]


def _order(ids: str) -> tuple[int, ...]:
    return ledger()[ids.split()[0]].order


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
        sentence = worst.sentence.partition(" (")[0]
        if worst.outcome in REFUSALS:
            sentence += _cases(worst, same)
        yield replace(worst, id=ids, sentence=sentence)


def _cases(worst: Verdict, same: list[Verdict]) -> str:
    """In which of its cases a claim is refused, where that can be said in words."""
    _, _, case = worst.sentence.partition(" (")
    tests = {row.test for row in same}
    broken = {row.test for row in same if row.outcome in REFUSALS}
    words = f"{case.removesuffix(')')}" if " " in case and case.replace(" ", "a").isalpha() else ""
    count = f"in {len(broken)} of {len(tests)} cases" if len(broken) < len(tests) else ""
    said = ", ".join(filter(None, [words, count]))
    return f" ({said})" if said else ""


def _seriousness(row: Verdict) -> int:
    return list(MARKS).index(row.outcome)
