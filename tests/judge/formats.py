"""The verdicts as other machines read them: JUnit, CTRF, annotations and a summary for GitHub.

Each takes what verdicts.schema.json describes and gives a text; none adds a finding of its own.
"""

import ast
import itertools
import json
import os
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from sums_to_one.tests.judge.endings import Verdicts, tampered
from sums_to_one.tests.judge.terminal import plain

Row = dict[str, Any]

MOST = 4_000  # characters of a counterexample: what reads JUnit keeps few thousand bytes
# Bytes: GitHub drops a summary of more than 1,024 kB, and what is spelt out takes more of them.
MOST_OF_A_SUMMARY, MOST_OF_A_TABLE = 700_000, 200_000
MOST_ANNOTATIONS = 10  # of one step; GitHub shows no more, and does not say so
MARKS = {"passed": "holds", "failed": "refused", "error": "not judged"}


def complete(verdicts: Verdicts) -> Iterator[dict[str, Any]]:
    """The subjects, each with rows about what it lacks, which a file has once for all."""
    lacking = {"outcome": "not provided", "counterexample": None, "worst": None}
    for subject in verdicts["subjects"]:
        rows = [
            {**row, **lacking, "component": c, "test": f"{row['test']}[{subject['name']}-{c}]"}
            for c in subject.get("lacks", ())
            for row in verdicts["not provided"][c]
        ]
        yield {**subject, "claims": [*subject["claims"], *rows]}


def asked(subject: dict[str, Any]) -> Iterator[tuple[Row, list[str]]]:
    """Of the components that it provides: nobody wants to read of all that it does not."""
    provided = {row["component"] for row in subject["claims"] if row["outcome"] != "not provided"}
    yield from ((row, ids) for row, ids in tests(subject) if row["component"] in provided)


def tests(subject: dict[str, Any]) -> Iterator[tuple[Row, list[str]]]:
    """One row for each test, and the claims of the ledger that it backs."""
    by_test: dict[str, list[Row]] = {}
    for row in subject["claims"]:
        by_test.setdefault(row["test"], []).append(row)
    for rows in by_test.values():
        yield rows[0], [row["id"] for row in rows]


def junit(verdicts: Verdicts) -> str:
    """JUnit's XML: a suite for each subject, a case for each test."""
    root = ElementTree.Element("testsuites", name="sums-to-one")
    for subject in verdicts["subjects"]:
        suite = ElementTree.SubElement(root, "testsuite", name=subject["name"])
        counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
        for row, ids in asked(subject):
            case = ElementTree.SubElement(
                suite,
                "testcase",
                classname=row["component"],
                name=row["sentence"],
                time=f"{_seconds(verdicts, row):.3f}",
            )
            told = ElementTree.SubElement(case, "properties")
            for id in ids:
                ElementTree.SubElement(told, "property", name="claim", value=id)
            if row["worst"]:
                words = f"{row['worst']['ulp']:.3g} ulp of {row['worst']['dtype']}"
                ElementTree.SubElement(told, "property", name="worst", value=words)
            tag, count = JUNIT.get(row["outcome"], ("skipped", "skipped"))
            counts["tests"] += 1
            if row["outcome"] != "passed":
                counts[count] += 1
                text = _xml(row["counterexample"] or row["outcome"])
                ElementTree.SubElement(case, tag, message=text.partition("\n")[0]).text = text
        for name, number in counts.items():
            suite.set(name, str(number))
    ElementTree.indent(root, " ")
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


JUNIT = {"failed": ("failure", "failures"), "error": ("error", "errors")}


def _seconds(verdicts: Verdicts, row: Row) -> float:
    """How long a test took."""
    return float(verdicts["times"]["seconds"].get(row["test"], 0.0))


def _xml(text: str) -> str:
    """Without what XML 1.0 has no character for."""
    return "".join(c for c in text if c in "\n\t" or c >= " ")[:MOST]


def ctrf(verdicts: Verdicts) -> str:
    """The Common Test Report Format; its times are in whole milliseconds."""
    found = [
        _ctrf_test(subject, row, ids, round(1000 * _seconds(verdicts, row)))
        for subject in verdicts["subjects"]
        for row, ids in asked(subject)
    ]
    counts = {
        status: sum(test["status"] == status for test in found)
        for status in ("passed", "failed", "skipped", "pending", "other")
    }
    suite, times = verdicts["suite"], verdicts["times"]
    start, stop = (round(1000 * times[name]) for name in ("start", "stop"))
    report = {
        "reportFormat": "CTRF",
        "specVersion": "0.0.0",
        "results": {
            "tool": {"name": "sums-to-one", "version": suite["version"]},
            "summary": {"tests": len(found), **counts, "start": start, "stop": stop},
            "tests": found,
            "environment": {"extra": suite},
        },
    }
    return (
        json.dumps(report, indent=1) + "\n"
    )  # ASCII: what no screen shows is escaped as JSON has it


CTRF = {"passed": "passed", "failed": "failed", "error": "failed", "tampered": "failed"}


def _ctrf_test(
    subject: dict[str, Any], row: Row, ids: list[str], milliseconds: int
) -> dict[str, Any]:
    told = {"message": row["counterexample"]} if row["counterexample"] else {}
    told |= {"extra": {"worst": row["worst"]}} if row["worst"] else {}
    return {
        "name": f"{row['component']}: {row['sentence']}",
        "status": CTRF.get(row["outcome"], "skipped"),
        "duration": milliseconds,
        "rawStatus": _in_our_words(subject, row),
        "suite": [subject["name"], row["component"]],
        "filePath": row["test"].partition("::")[0],
        "tags": ids,
        **told,
    }


def _in_our_words(subject: dict[str, Any], row: Row) -> str:
    """The outcome, where it says more than CTRF has a status for."""
    if tampered(row):
        return "tampered"
    conventions = subject.get("diagnoses", {}).get(row["component"], {}).get("conventions")
    return "different convention" if conventions and row["outcome"] == "failed" else row["outcome"]


def github(verdicts: Verdicts) -> str:
    """Workflow commands: one annotation for each component, since ten of a step are shown."""
    lines = []
    for subject in verdicts["subjects"]:
        for component, rows in _by_component(subject).items():
            refused = _refused(rows)
            if refused:
                counts = f"{_claims(refused)} of {_claims(rows)}"
                where = {"title": f"{component} is refused by {counts} claims"}
                where.update(_place(subject["asked"]["source"], component))
                properties = ",".join(f"{key}={_escaped(v, ':,')}" for key, v in where.items())
                first = "\n".join(_lesson(subject, refused[0]))
                lines.append(f"::error {properties}::{_escaped(first[:MOST])}")
    more = len(lines) - MOST_ANNOTATIONS
    if more > 0:
        title = f"{more + 1} more components are refused"
        lines[MOST_ANNOTATIONS - 1 :] = [f"::error title={title}::The verdicts have them all."]
    return "".join(f"{line}\n" for line in lines)


def _escaped(text: str, also: str = "") -> str:
    for character in "%\r\n" + also:
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def _place(subject: str, component: str) -> dict[str, str]:
    """The line where a component begins, if the subject is a file or a module that lies here."""
    path = Path(subject if subject.endswith(".py") else subject.replace(".", "/") + ".py")
    try:
        body = ast.parse(path.read_text(encoding="utf-8")).body
    except (OSError, ValueError, SyntaxError):
        return {}
    lines = [
        node.lineno
        for node in body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == component
    ]
    return {"file": os.path.relpath(path), **({"line": str(lines[-1])} if lines else {})}


def _by_component(subject: dict[str, Any]) -> dict[str, list[Row]]:
    """One row for each test about a component that was judged."""
    found: dict[str, list[Row]] = {}
    for row, _ in tests(subject):
        if row["outcome"] != "not provided":
            found.setdefault(row["component"], []).append(row)
    return found


def _claims(rows: list[Row]) -> int:
    """How many there are, each counted once, whatever its parameters, as on the screen."""
    return len({row["test"].partition("[")[0] for row in rows})


def _refused(rows: list[Row]) -> list[Row]:
    """Those that refuse, the most telling first."""
    found = [row for row in rows if row["outcome"] in ("failed", "error", "tampered")]
    return sorted(found, key=_telling)


def _telling(row: Row) -> tuple[int, ...]:
    from sums_to_one.tests.judge.causes import telling  # and with it torch
    from sums_to_one.tests.judge.verdicts import Verdict

    return telling(Verdict(**{field.name: row[field.name] for field in fields(Verdict)}))


def _lesson(subject: dict[str, Any], row: Row) -> Iterator[str]:
    """What is the matter, where that is known, and what came."""
    found = subject.get("diagnoses", {}).get(row["component"], {})
    if found.get("fault"):
        yield f"behaves like a known mistake: {found['fault']}"
    elif found.get("described"):
        yield f"what is wrong: {found['described']}"
    yield row["sentence"]
    yield row["counterexample"] or ""


def markdown(verdicts: Verdicts) -> str:
    """The summary of a job: a table, and each refusal behind a line to open."""
    lines, details = [], []
    for subject in verdicts["subjects"]:
        for component, rows in _by_component(subject).items():
            refused = _refused(rows)
            known = _claims([row for row in rows if row["outcome"] == "deviation"])
            words = f"**{_claims(refused)}**" if refused else "none"
            words += f", and {known} as is known" if known else ""
            holds = _claims(rows) - _claims(refused) - known
            lines.append(f"| {_cell(subject['name'])} | `{component}` | {holds} | {words} |")
            details += [_detail(subject["name"], row) for row in refused]
        if not _by_component(subject):
            lines.append(f"| {_cell(subject['name'])} | nothing was judged | | |")
    head = ["| subject | component | claims that hold | claims that refuse |", "| --- " * 4 + "|"]
    table = _first_of(lines, MOST_OF_A_TABLE, "| and {} more, which the verdicts have | | | |")
    told = _first_of(details, MOST_OF_A_SUMMARY, "and {} more refusals, which the verdicts have")
    return "\n".join([*head, *table, "", *told]) + "\n"


def _first_of(parts: list[str], most: int, words: str) -> list[str]:
    """As many as a summary has room for, and how many it has not."""
    sizes = itertools.accumulate(len(part.encode(errors="replace")) + 1 for part in parts)
    shown = [part for part, size in zip(parts, sizes, strict=True) if size < most]
    more = len(parts) - len(shown)
    return [*shown, words.format(more)] if more else shown


def _detail(subject: str, row: Row) -> str:
    title = f"{subject}, {row['component']}: {row['sentence']} ({row['id']})"
    told = plain(row["counterexample"] or "")[:MOST]
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", told)), default=0))
    summary = f"<details><summary>{_html(title)}</summary>"
    return f"{summary}\n\n{fence}\n{told}\n{fence}\n\n</details>\n"


def _cell(name: str) -> str:
    """The name of a file, in which anything may stand, as a cell of a table."""
    plain = name.replace("|", "\\|")
    return f"`{plain}`" if "`" not in name else f"<code>{_html(plain).replace('`', '&#96;')}</code>"


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


FORMATS: dict[str, Callable[[Verdicts], str]] = {
    "junit": junit,
    "ctrf": ctrf,
    "github": github,
    "markdown": markdown,
}
