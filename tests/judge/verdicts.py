"""The verdicts: which claim holds for which subject, gathered as they come, and as JSON."""

import json
import os
import platform
from collections.abc import Generator, Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from sums_to_one.tests.common.limits import EVERYTHING, NotProvided
from sums_to_one.tests.judge.arguments import Judged
from sums_to_one.tests.judge.components import KNOWN
from sums_to_one.tests.judge.counterexample import counterexample, raised_by_a_subject
from sums_to_one.tests.judge.digests import with_inputs

SCHEMA = Path(__file__).with_name("verdicts.schema.json")
NOT_PROVIDED = "not provided"
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
        self.limits: dict[str, dict[str, dict[str, Any]]] = {}  # by subject and component

    # What a test is about travels with its reports, as JSON, wherever they are made.

    def lacks(self, nodeid: str, ids: Sequence[str], judged: Judged) -> None:
        """Note that a subject does not provide what this test judges."""
        about = _about(nodeid.rpartition("::")[2], ids, judged)
        self.lacking.append({**about, "test": f"{nodeid}[{judged.label}]"})

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        judged = judged_by(item)
        if judged:
            name, variant = getattr(item, "originalname", item.name), _variant(item, judged)
            about = _about(name, ids_of(item), judged, variant)
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
        error = call.excinfo.value if call.excinfo else None
        if judged and isinstance(error, NotProvided) and not raised_by_a_subject(error):
            report.user_properties.append((NOT_PROVIDED, str(error)))
        elif judged and report.skipped:  # the subject would like not to be judged
            report.outcome = "failed"
            text = f"the subject ended the claim as skipped: {error}"
            report.user_properties.append(("counterexample", text))
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        properties: dict[str, Any] = dict(report.user_properties)
        about = properties.get("judging")
        if about and properties.get("limits"):
            self.limits.setdefault(about["subject"], {}).update(properties["limits"])
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
                    "components": [c for c in KNOWN if is_judged(rows, c)],
                    "limits": self.limits.get(name, {}),
                    "claims": with_inputs([asdict(row) for row in sorted(rows, key=_order)]),
                }
                for name, rows in self.found.items()
            ],
        }


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


def _variant(item: pytest.Item, judged: Judged) -> str:
    """The words for the parameters of a test, beside who is judged."""
    parameters: str = getattr(getattr(item, "callspec", None), "id", judged.label)
    return parameters.removeprefix(judged.label).removeprefix("-")


def _outcome(report: pytest.TestReport) -> str:
    if report.failed:
        return "failed" if report.when == "call" else "error"
    if report.skipped:
        return NOT_PROVIDED if NOT_PROVIDED in dict(report.user_properties) else "skipped"
    return "passed"


def is_judged(rows: Iterable[Verdict], component: str) -> bool:
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
