"""The verdicts: which claim holds for which subject, gathered as they come, and as JSON."""

import json
import math
import os
import platform
import time
from collections.abc import Generator, Iterable, Sequence
from dataclasses import Field, asdict, dataclass, field, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from sums_to_one.tests.common.limits import EVERYTHING, NotProvided
from sums_to_one.tests.common.worst import Worst
from sums_to_one.tests.judge.arguments import Judged
from sums_to_one.tests.judge.components import KNOWN
from sums_to_one.tests.judge.counterexample import counterexample, raised_by_a_subject
from sums_to_one.tests.judge.digests import with_inputs
from sums_to_one.tests.judge.variants import AS_IT_IS

VERSION = 2  # of the form that the schema describes
SCHEMA = Path(__file__).with_name("verdicts.schema.json")
NOT_PROVIDED = "not provided"
TAMPERED = "tampered"  # claims and clean room disagree, or what it sent was no report
DEVIATES = "deviation"  # a refusal that is known and borne, and has been seen to be still there
WORST = "worst"  # the largest error that was let pass, in a report
LEFT = "the run ended before all was asked about {what}"
REFUSALS = ("failed", "error", TAMPERED)
CLEAN_ROOM = "tests/judge/clean_room.py"  # in the place of the file of a claim
SENTENCE = "sentence"  # a property of a report, where it is not the name of the test
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
    worst: dict[str, Any] | None = None


@dataclass
class Proof:
    """What was judged, and how it was guarded.

    Args:
        path: of its file, or of the folder of a package.
        sha256: of the file; of a package, of the checksums of all its Python files.
        seed: of the fresh numbers in the clean room.
        sandbox: the layers that stood around it.
        confirmed: components for which the clean room found the same as the claims.
        left_to_others: by component, the functions of libraries that do its work.
    """

    path: str = ""
    sha256: str = ""
    seed: int | None = None
    sandbox: list[str] = field(default_factory=list)
    confirmed: list[str] = field(default_factory=list)
    left_to_others: dict[str, list[str]] = field(default_factory=dict)


class Verdicts:
    """The plugin that gathers what the judging tests find, here or in pytest-xdist's workers."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.file = _writable(config.option.verdicts)
        self.found: dict[str, list[Verdict]] = {}
        self.not_passed: dict[str, set[str]] = {}  # by subject, the tests among these
        self.lacking: list[dict[str, Any]] = []  # of components that subjects provide
        # Of components that they do not: whatever is asked about one of them, said once for all.
        self.unasked: dict[str, dict[str, dict[str, Any]]] = {}  # by component and test
        self.lacks_whole: dict[str, dict[str, None]] = {}  # by subject, its components
        self.limits: dict[str, dict[str, dict[str, Any]]] = {}  # by subject and component
        self.proofs: dict[str, Proof] = {}  # by subject
        self.not_judged: dict[str, str] = {}  # by subject, why
        self.left: dict[str, list[str]] = {}  # by subject, components before whose end it ended
        self.asked: dict[str, dict[str, Any]] = {}  # by subject, and how
        self.began, self.seconds = time.time(), dict[str, float]()  # by test
        self.diagnoses: dict[str, dict[str, Any]] = {}  # by subject and component

    def forget(self) -> None:
        """Begin anew, as whoever judges the same subject once more."""
        for told in (self.found, self.not_passed, self.limits, self.diagnoses):
            told.clear()

    # What a test is about travels with its reports, as JSON, wherever they are made.

    def lacks(self, nodeid: str, ids: Sequence[str], judged: Judged, in_part: bool) -> None:
        """Note that a subject does not provide what this test judges, or only a part of that."""
        about = _about(nodeid.rpartition("::")[2], ids, judged)
        subject, component = about["subject"], about["component"]
        if in_part:
            self.lacking.append({**about, "test": f"{nodeid}[{judged.label}]"})
        else:
            self.unasked.setdefault(component, {})[nodeid] = {**about, "test": nodeid}
            self.lacks_whole.setdefault(subject, {})[component] = None

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        judged = judged_by(item)
        if judged:
            name, words = getattr(item, "originalname", item.name), parameters(item, judged)
            about = _about(name, ids_of(item), judged, words)
            item.user_properties.append(("judging", about))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        judged = judged_by(item)
        if judged and call.when == "call":
            found = {component: judged.heard(component) for component in judged.components}
            limits = {
                c: heard.as_json() for c, heard in found.items() if heard.limits != EVERYTHING
            }
            report.user_properties.append(("limits", limits))
        if judged and report.failed and call.excinfo:
            text = counterexample(call.excinfo.value, judged)
            report.user_properties.append(("counterexample", text))
        known = dict(item.user_properties).get(DEVIATES)
        if judged and known and report.passed and call.when == "call":
            borne(report, str(known))
        error = call.excinfo.value if call.excinfo else None
        if judged and isinstance(error, NotProvided) and not raised_by_a_subject(error):
            report.user_properties.append((NOT_PROVIDED, str(error)))
        elif (
            judged and report.skipped and not hasattr(report, "wasxfail")
        ):  # the subject would like not to be judged
            report.outcome = "failed"
            text = f"the subject ended the claim as skipped: {error}"
            report.user_properties.append(("counterexample", text))
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        properties: dict[str, Any] = dict(report.user_properties)
        about = properties.get("judging")
        if about and properties.get("limits"):
            self.limits.setdefault(about["subject"], {}).update(properties["limits"])
        if about and SENTENCE in properties:
            about = {**about, "sentence": properties[SENTENCE]}
        if about and (report.when == "call" or not report.passed):
            text = properties.get(DEVIATES) or properties.get("counterexample")
            outcome = _outcome(report)
            worst = measured(properties.get(WORST)) if outcome == "passed" else None
            self._add(about, report.nodeid, outcome, text, worst)
            self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration

    def _asked(self, name: str) -> dict[str, Any]:
        """How a subject was asked."""
        as_it_is = {"source": name, **asdict(AS_IT_IS), "conventions": []}
        return self.asked.get(name, as_it_is)

    def confirmed(self, subject: str, component: str, left_to_others: list[str]) -> None:
        """Note that the clean room has found the same as the claims."""
        proof = self.proofs[subject]
        proof.confirmed.append(component)
        if left_to_others:
            proof.left_to_others[component] = left_to_others

    def ended_before(self, left: Iterable[tuple[str, str]]) -> None:
        """Note of which subjects the run ended before a component was judged to its end.

        What refuses a component counts all the same; what holds counts only if all was asked.
        """
        for subject, component in left:
            self.left.setdefault(subject, []).append(component)
        for name, components in self.left.items():
            self.not_judged[name] = LEFT.format(what=", ".join(components))
            rows = self.found.pop(name, [])
            refused = [row for row in rows if row.outcome in REFUSALS]
            kept = [row for row in rows if row in refused or row.component not in components]
            self.found.update({name: kept} if kept else {})

    def diagnosed(self, subject: str, component: str, found: Any) -> None:
        """Note what is the matter with a component that was refused, if there are words for it.

        A process that holds a stranger's code has chosen them among ours, perhaps at random.
        """
        try:
            for chinese in {False, bool(self.config.option.chinese)}:
                [*found.sentences(component, chinese)]
        except Exception:  # whatever such a choice leads to
            return
        self.diagnoses.setdefault(subject, {})[component] = found

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        worker = getattr(session.config, "workeroutput", None)
        if worker is not None:
            worker["lacking"] = self.lacking, self.unasked, self.lacks_whole
            return
        if self.not_judged and session.exitstatus in (0, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.USAGE_ERROR  # whoever else was judged is right
        self._keep_of_what_was_asked(session)
        nothing_yet = self.left.keys() - self.found.keys()
        for about in [about for about in self.lacking if about["subject"] not in nothing_yet]:
            self._add(about, about["test"], NOT_PROVIDED, None)
        for name in [name for name in self.asked if name not in nothing_yet]:
            if self._lacks(name):
                self.found.setdefault(name, [])
        if self.file and not session.config.option.collectonly:
            _replace(self.file, json.dumps(self.as_json(), indent=1, ensure_ascii=False) + "\n")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker of pytest-xdist hands over what it knows; all workers know the same."""
        told = getattr(node, "workeroutput", {}).get("lacking")
        if told:
            self.lacking, self.unasked, self.lacks_whole = told

    def _keep_of_what_was_asked(self, session: pytest.Session) -> None:
        """With -k or -m, only what lacks for a test that was run on another subject."""
        if session.config.option.keyword or session.config.option.markexpr:
            run = {row.test.partition("[")[0] for rows in self.found.values() for row in rows}
            self.lacking = [
                about for about in self.lacking if about["test"].partition("[")[0] in run
            ]
            for tests in self.unasked.values():
                for test in tests.keys() - run:
                    del tests[test]

    def _lacks(self, name: str) -> list[str]:
        """The components that a subject does not have, and that claims were asked about."""
        lacked = self.lacks_whole.get(name, {})
        return [component for component in KNOWN if component in lacked and self.unasked[component]]

    def _not_provided(self) -> dict[str, list[dict[str, Any]]]:
        """What is asked about the components that somebody lacks: a row for each of the claims."""
        lacked = {component for name in self.found for component in self._lacks(name)}
        return {
            component: with_inputs(
                [
                    {"id": id, "test": about["test"], "sentence": about["sentence"]}
                    for about in self.unasked[component].values()
                    for id in about["ids"]
                ]
            )
            for component in KNOWN
            if component in lacked
        }

    def _add(
        self,
        about: dict[str, Any],
        test: str,
        outcome: str,
        text: object,
        worst: dict[str, Any] | None = None,
    ) -> None:
        rows = self.found.setdefault(about["subject"], [])
        known = self.not_passed.setdefault(about["subject"], set())
        if test not in known:  # a test that failed and whose teardown failed too is one verdict
            if outcome != "passed":
                known.add(test)
            rows += [
                Verdict(
                    id,
                    about["component"],
                    test,
                    about["sentence"],
                    outcome,
                    str(text or "") or None,
                    worst,
                )
                for id in about["ids"]
            ]

    def as_json(self) -> dict[str, Any]:
        """The verdicts in the form that verdicts.schema.json describes."""
        return {
            "schema": VERSION,
            "suite": _suite(),
            "subjects": [
                {
                    "name": name,
                    "asked": self._asked(name),
                    "components": sorted(judged_in(rows), key=KNOWN.index),
                    "lacks": self._lacks(name),
                    "limits": self.limits.get(name, {}),
                    "proof": asdict(self.proofs.get(name, Proof())),
                    "diagnoses": {
                        c: found.as_json() for c, found in self.diagnoses.get(name, {}).items()
                    },
                    "claims": with_inputs([{**vars(row)} for row in sorted(rows, key=_order)]),
                }
                for name, rows in self.found.items()
            ],
            "not judged": self.not_judged,
            "not provided": self._not_provided(),
            "times": {
                "start": self.began,
                "stop": time.time(),
                "seconds": {test: round(seconds, 4) for test, seconds in self.seconds.items()},
            },
        }


def borne(report: pytest.TestReport, reason: str) -> None:
    """Make it one of an expected failure, as pytest has them."""
    report.outcome, report.wasxfail = "skipped", reason


def measured(told: object) -> dict[str, Any] | None:
    """The largest error that a claim let pass; None for what has not that form."""
    try:
        found = asdict(Worst(**json.loads(str(told))))
        fits = all(map(_is_of_worst, fields(Worst), found.values()))
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None
    return found if fits else None


def _is_of_worst(field: Field[Any], value: Any) -> bool:
    if field.type == "str" or field.type is str:
        return isinstance(value, str)
    return type(value) in (int, float) and math.isfinite(value)


def judged_by(item: pytest.Item) -> Judged | None:
    """What a test judges, or None where it judges nothing."""
    callspec = getattr(item, "callspec", None)
    judged = callspec.params.get("judged") if callspec else None
    return judged if isinstance(judged, Judged) else None


def ids_of(node: pytest.Item | Any) -> list[str]:
    """The claims of the ledger that a test backs."""
    return [str(id) for marker in node.iter_markers("claim") for id in marker.args]


def _about(test: str, ids: Sequence[str], judged: Judged, variant: str = "") -> dict[str, Any]:
    sentence = test.removeprefix("test_").replace("_", " ")
    return {
        "subject": judged.subject.name,
        "component": judged.components[0],
        "ids": list(ids),
        "sentence": f"{sentence} ({variant})" if variant else sentence,
    }


def parameters(item: pytest.Item, judged: Judged) -> str:
    """The words for the parameters of a test, beside who is judged."""
    label = judged.label.encode("unicode_escape").decode()  # as pytest spells it, in ASCII
    words: str = getattr(getattr(item, "callspec", None), "id", label)
    return words.removeprefix(label).removeprefix("-")


def _outcome(report: pytest.TestReport) -> str:
    if TAMPERED in dict(report.user_properties):
        return TAMPERED
    if hasattr(report, "wasxfail"):
        return DEVIATES
    if report.failed:
        return "failed" if report.when == "call" else "error"
    if report.skipped:
        return NOT_PROVIDED if NOT_PROVIDED in dict(report.user_properties) else "skipped"
    return "passed"


def judged_in(rows: Iterable[Verdict]) -> set[str]:
    """The components of which something was asked."""
    return {row.component for row in rows if row.outcome != NOT_PROVIDED}


def _order(row: Verdict) -> tuple[int, tuple[int, ...], str]:
    return (KNOWN.index(row.component), tuple(map(int, row.id.split("."))), row.test)


def _suite() -> dict[str, str]:
    """What judged; on which device stands with each subject."""
    return {
        "version": version("sums-to-one"),
        "python": platform.python_version(),
        **{library: version(library) for library in LIBRARIES},
        "platform": platform.platform(),
        "profile": hypothesis.settings.get_current_profile_name(),
    }


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
    # A name of a file that is no UTF-8 comes out as JSON spells what is no letter.
    new.write_text(text, encoding="utf-8", errors="backslashreplace")
    new.replace(path)
