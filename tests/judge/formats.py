"""The verdicts as other machines read them: JUnit, CTRF, annotations and a summary for GitHub.

Each takes what verdicts.schema.json describes and gives a text; none adds a finding of its own.
"""

import ast
import json
import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sums_to_one.tests.judge.endings import Verdicts, tampered

Row = dict[str, Any]

MOST = 4_000  # characters of a counterexample: what reads JUnit keeps few thousand bytes
MOST_OF_A_SUMMARY = 900_000  # bytes: GitHub drops a summary of more than 1,024 kB
MARKS = {"passed": "holds", "failed": "refused", "error": "not judged"}


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
        for row, ids in tests(subject):
            case = ElementTree.SubElement(
                suite, "testcase", classname=row["component"], name=row["sentence"], time="0"
            )
            told = ElementTree.SubElement(case, "properties")
            for id in ids:
                ElementTree.SubElement(told, "property", name="claim", value=id)
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


def _xml(text: str) -> str:
    """Without what XML 1.0 has no character for."""
    return "".join(c for c in text if c in "\n\t" or c >= " ")[:MOST]


def ctrf(verdicts: Verdicts) -> str:
    """The Common Test Report Format; how long each test took is not known."""
    found = [
        _ctrf_test(subject["name"], row, ids)
        for subject in verdicts["subjects"]
        for row, ids in tests(subject)
    ]
    counts = {
        status: sum(test["status"] == status for test in found)
        for status in ("passed", "failed", "skipped", "pending", "other")
    }
    suite = verdicts["suite"]
    report = {
        "reportFormat": "CTRF",
        "specVersion": "0.0.0",
        "results": {
            "tool": {"name": "sums-to-one", "version": suite["version"]},
            "summary": {"tests": len(found), **counts, "start": 0, "stop": 0},
            "tests": found,
            "environment": {"extra": suite},
        },
    }
    return json.dumps(report, indent=1, ensure_ascii=False) + "\n"


CTRF = {"passed": "passed", "failed": "failed", "error": "failed", "tampered": "failed"}


def _ctrf_test(subject: str, row: Row, ids: list[str]) -> dict[str, Any]:
    told = {"message": row["counterexample"]} if row["counterexample"] else {}
    return {
        "name": f"{row['component']}: {row['sentence']}",
        "status": CTRF.get(row["outcome"], "skipped"),
        "duration": 0,
        "rawStatus": "tampered" if tampered(row) else row["outcome"],
        "suite": [subject, row["component"]],
        "tags": ids,
        **told,
    }


def github(verdicts: Verdicts) -> str:
    """Workflow commands: one annotation for each component, since ten of a step are shown."""
    lines = []
    for subject in verdicts["subjects"]:
        for component, rows in _by_component(subject).items():
            refused = [row for row in rows if _is_refused(row)]
            if refused:
                where = {"title": f"{component} is refused by {len(refused)} of {len(rows)} claims"}
                where.update(_place(subject["name"], component))
                properties = ",".join(f"{key}={_escaped(v, ':,')}" for key, v in where.items())
                first = f"{refused[0]['sentence']}\n{refused[0]['counterexample'] or ''}"
                lines.append(f"::error {properties}::{_escaped(first[:MOST])}")
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


def _is_refused(row: Row) -> bool:
    return row["outcome"] in ("failed", "error", "tampered")


def markdown(verdicts: Verdicts) -> str:
    """The summary of a job: a table, and each refusal behind a line to open."""
    lines = ["| subject | component | claims that hold | claims that refuse |", "| --- " * 4 + "|"]
    details = []
    for subject in verdicts["subjects"]:
        for component, rows in _by_component(subject).items():
            refused = [row for row in rows if _is_refused(row)]
            words = f"**{len(refused)}**" if refused else "none"
            holds = sum(row["outcome"] == "passed" for row in rows)
            lines.append(f"| `{subject['name']}` | `{component}` | {holds} | {words} |")
            details += [_detail(subject["name"], row) for row in refused]
        if not _by_component(subject):
            lines.append(f"| `{subject['name']}` | nothing was judged | | |")
    text = "\n".join([*lines, "", *details])
    return text.encode()[:MOST_OF_A_SUMMARY].decode(errors="ignore") + "\n"


def _detail(subject: str, row: Row) -> str:
    title = f"{subject}, {row['component']}: {row['sentence']} ({row['id']})"
    fence = "`" * 8  # longer than any in a counterexample is likely to be
    told = (row["counterexample"] or "")[:MOST]
    summary = f"<details><summary>{_html(title)}</summary>"
    return f"{summary}\n\n{fence}\n{told}\n{fence}\n\n</details>\n"


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


FORMATS: dict[str, Callable[[Verdicts], str]] = {
    "junit": junit,
    "ctrf": ctrf,
    "github": github,
    "markdown": markdown,
}
