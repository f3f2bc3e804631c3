"""What is known of others' code: each finding names what there is, and the table counts them.

Nothing of theirs is run here: that takes their libraries, and minutes.
"""

import ast
import re
from pathlib import Path

import pytest

from sums_to_one.cifar.modules import ROOT
from sums_to_one.tests.judge.others.__main__ import HERE, KINDS, LIBRARIES, Finding, findings
from sums_to_one.tests.judge.places import places_of

CHECKS = ast.parse((HERE / "checks.py").read_text(encoding="utf-8")).body
SHOWN = {part.name for part in CHECKS if isinstance(part, ast.FunctionDef)}
NAMES = {
    "compiled_eager": "torch.compile, eager",
    "compiled_aot_eager": "torch.compile, aot_eager",
    "scripted": "TorchScript",
    "mapped": "torch.func.vmap",
    "keras": "keras 3.15.1 on torch",
}


def name_in_the_table(library: str) -> str:
    packages = LIBRARIES[library]
    return NAMES.get(library) or packages[0].replace("==", " ")


@pytest.mark.parametrize("finding", findings(), ids=lambda f: f"{f.component} {f.check}")
def test_a_finding_is_about_claims_that_there_are(finding: Finding):
    assert finding.subject in LIBRARIES
    assert finding.kind in KINDS
    assert finding.check in SHOWN, "a few lines must show it"
    asked = {place.name.removeprefix("test_") for place in places_of(finding.component)}
    assert set(finding.claims) <= asked


def test_whatever_is_shown_is_what_a_finding_says():
    assert {name for name in SHOWN if name[0] != "_"} == {finding.check for finding in findings()}


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_table_counts_the_findings(library):
    text = Path(ROOT, "README.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| {re.escape(name_in_the_table(library))} \|(.*)\|$", text, re.MULTILINE)
    assert row, f"{library} has no row"
    *_, refused, bugs, conventions, limits = map(int, row[1].split("|"))
    own = [(f.kind, f.component, c) for f in findings() if f.subject == library for c in f.claims]
    assert [bugs, conventions, limits] == [sum(k == kind for k, *_ in own) for kind in KINDS]
    assert refused == bugs + conventions + limits
