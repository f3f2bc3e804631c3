"""The number that `sums-to-one judge` ends with, and what it writes for machines."""

import json
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sums_to_one.cifar.modules import ROOT
from sums_to_one.tests.judge import endings, reports, warm
from sums_to_one.tests.judge.components import KNOWN
from sums_to_one.tests.judge.deviations import read
from sums_to_one.tests.judge.formats import FORMATS, ctrf, github, junit, markdown
from sums_to_one.tests.judge.verdicts import SCHEMA

RIGHT = "from torch.nn.init import zeros_  # noqa: F401\n"
SEVERAL = "from torch.nn.init import ones_, zeros_  # noqa: F401\n"
TAMPERS = """
import contextlib, os
def zeros_(x):
    for handle in range(3, 64):
        with contextlib.suppress(OSError):
            os.write(handle, b"{}\\n")
"""
NOTHING = """
def zeros_(x):
    if not x.is_floating_point():
        raise NotImplementedError
    return x
"""
# One job at a time; and SIGTERM, once a claim about zeros_ is judged.
A_TIME_LIMIT = """
import os, signal
os.cpu_count = lambda: 1
def pytest_runtest_logreport(report):
    about = dict(report.user_properties)["judging"]
    if about["component"] == "zeros_":
        os.kill(os.getpid(), signal.SIGTERM)
"""
WRONG = "def zeros_(x):\n    return x\n"
FILE = "tests/initialization/test_zeros_.py"

NAMES = ("lower_precision_costs_only_rounding", "every_element_is_0")


def row(outcome: str, **other: Any) -> dict[str, Any]:
    told = {
        "id": "2.0.3",
        "component": "zeros_",
        "test": f"{FILE}::test_a[s]",
        "sentence": "a is b",
    }
    return {**told, "outcome": outcome, "counterexample": None, "worst": None, **other}


def verdicts(*rows: dict[str, Any]) -> dict[str, Any]:
    asked = {"source": "s", "dtype": "", "device": "cpu", "transform": ""}
    times = {"start": 10.0, "stop": 12.0, "seconds": {f"{FILE}::b[s]": 0.25}}
    subjects = [{"name": "s", "asked": asked, "claims": [*rows]}]
    return {"suite": {"version": "1"}, "subjects": subjects, "times": times}


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([row("passed"), row("not provided")], endings.HOLDS),
        ([row("passed"), row("failed")], endings.REFUSED),
        ([row("failed"), row("failed", counterexample="tampered with its verdict")], 5),
        ([row("not provided")], endings.NOT_JUDGED),
        ([row("passed"), row("error")], endings.NOT_JUDGED),
        ([], endings.NOT_JUDGED),
    ],
)
def test_verdicts_come_to_one_number(rows, code):
    assert endings.ending(verdicts(*rows)) == code


def test_no_subject_at_all_is_no_success():
    assert endings.ending({"suite": {}, "subjects": []}) == endings.NOT_JUDGED


def judge(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return warm.run("sums_to_one.tests.judge.command", "judge", *arguments, cwd=folder)


# Of what is refused below, and of claims that nobody knows in test_command.py.
@pytest.mark.parametrize(
    ("text", "claim", "code"),
    [
        (RIGHT, "every_element_is_0", endings.HOLDS),
        ("1 / 0\n", "every_element_is_0", endings.NOT_JUDGED),
        (NOTHING, "other_kinds", endings.NOT_JUDGED),
        (TAMPERS, "every_element_is_0", endings.TAMPERED),
    ],
    ids=["right", "cannot be imported", "nothing is asked", "tampers"],
)
def test_judge_ends_with_it(tmp_path, text, claim, code):
    (tmp_path / "mine.py").write_text(text)
    told = judge(tmp_path, "mine.py", "-k", claim)
    assert told.returncode == code, told.stdout + told.stderr


def test_compare_ends_with_another_where_not_the_same_was_asked(tmp_path):
    (tmp_path / "mine.py").write_text(RIGHT)
    for claim in ("every_element_is_0", "nothing_about"):
        judge(tmp_path, "mine.py", "-k", claim, f"--verdicts={claim}.json")
    both = "every_element_is_0.json", "nothing_about.json"
    told = warm.run("sums_to_one.tests.judge.command", "compare", *both, cwd=tmp_path)
    assert told.returncode == endings.NOT_COMPARABLE, told.stdout + told.stderr


def test_a_run_that_is_told_to_end_says_what_was_judged_and_what_was_not(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(SEVERAL)
    (tmp_path / "yours.py").write_text(RIGHT)
    (tmp_path / "a_time_limit.py").write_text(A_TIME_LIMIT)
    monkeypatch.setenv("PYTEST_PLUGINS", "a_time_limit")
    told = judge(tmp_path, "mine.py", "yours.py", "-k", "other_kinds", "--verdicts=found.json")
    assert told.returncode == endings.NOT_JUDGED, told.stdout + told.stderr
    found = json.loads((tmp_path / "found.json").read_text())
    assert [subject["components"] for subject in found["subjects"]] == [["ones_"]]
    assert [why.rpartition(" ")[2] for why in found["not judged"].values()] == ["zeros_", "zeros_"]
    jsonschema.validate(found, json.loads(SCHEMA.read_text()))


def test_what_refuses_can_be_written_down_to_be_borne(tmp_path):
    (tmp_path / "mine.py").write_text(WRONG)
    claims = ("-k", "every_element_is_0 or nothing_about")
    told = judge(tmp_path, "mine.py", *claims, "--write-deviations", "known.toml")
    assert told.returncode == endings.REFUSED, told.stdout + told.stderr
    (found,) = read(tmp_path / "known.toml")
    assert (found.component, found.claim) == ("zeros_", "every element is 0")
    assert found.replay


@pytest.mark.parametrize("report", ["sarif=x", "junit=no/such/folder/x.xml"])
def test_a_wrong_report_is_refused_before_any_work(tmp_path, report):
    told = judge(tmp_path, "no_such_file.py", "--report", report)
    assert told.returncode == endings.USAGE
    assert "error: --report must" in told.stderr


FOUND = verdicts(
    row("passed"),
    row(
        "failed",
        test=f"{FILE}::b[s]",
        sentence="b < c, 100 %",
        counterexample="x=1\n\x1b[1mcame 2 & 3",
    ),
    row("failed", id="2.0.4", test=f"{FILE}::b[s]", sentence="b < c, 100 %", counterexample="x=1"),
    row("not provided", test=f"{FILE}::c[s]"),
    row(
        "failed", test=f"{FILE}::d[s]", counterexample="tampered with its verdict: it sent nothing"
    ),
)


def test_the_action_asks_for_reports_that_there_are():
    text = (ROOT / "action.yml").read_text()
    kinds = re.findall(r"--report (\w+)", text)
    assert sorted(kinds) == ["github", "junit", "markdown"]
    assert set(kinds) <= set(FORMATS)


def test_junit_has_a_case_for_each_test():
    root = ElementTree.fromstring(junit(FOUND))
    (suite,) = root
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "4", "failures": "2", "errors": "0", "skipped": "1"}
    ids = [part.get("value") for part in suite[1].iter("property")]
    assert ids == ["2.0.3", "2.0.4"]


def test_ctrf_counts_what_it_lists():
    results = json.loads(ctrf(FOUND))["results"]
    assert results["summary"] | {"tests": 4, "passed": 1, "failed": 2} == results["summary"]
    assert [test["rawStatus"] for test in results["tests"]][-1] == "tampered"
    assert [test["duration"] for test in results["tests"]] == [0, 250, 0, 0]
    assert (results["summary"]["start"], results["summary"]["stop"]) == (10_000, 12_000)


# The fields of CTRF that are used here, as its schema has them.
WORDS, WHOLE = {"type": "string", "minLength": 1}, {"type": "integer", "minimum": 0}
STATUS = ["passed", "failed", "skipped", "pending", "other"]


def form(required: dict[str, Any], **further: Any) -> dict[str, Any]:
    """A JSON schema of an object that has these fields and no others."""
    properties = {**required, **further}
    return {
        "type": "object",
        "required": [*required],
        "properties": properties,
        "additionalProperties": False,
    }


CTRF_TEST = form(
    {"name": WORDS, "status": {"enum": STATUS}, "duration": WHOLE},
    rawStatus=WORDS,
    suite={"type": "array", "minItems": 1, "items": WORDS},
    filePath=WORDS,
    tags={"type": "array", "items": WORDS},
    message=WORDS,
    extra={"type": "object"},
)
CTRF = form(
    {
        "reportFormat": {"const": "CTRF"},
        "specVersion": {"type": "string", "pattern": "^[0-9]+[.][0-9]+[.][0-9]+$"},
        "results": form(
            {
                "tool": form({"name": WORDS}, version=WORDS),
                "summary": form(dict.fromkeys(["tests", *STATUS, "start", "stop"], WHOLE)),
                "tests": {"type": "array", "items": CTRF_TEST},
            },
            environment=form({}, extra={"type": "object"}),
        ),
    }
)


def test_ctrf_has_the_form_of_its_schema():
    jsonschema.validate(json.loads(ctrf(FOUND)), CTRF)


def test_ctrf_says_that_what_refuses_is_another_convention():
    told = verdicts(row("failed"), row("passed", test=f"{FILE}::b[s]"))
    told["subjects"][0]["diagnoses"] = {"zeros_": {"conventions": ["ones"]}}
    tests = json.loads(ctrf(told))["results"]["tests"]
    assert [test["rawStatus"] for test in tests] == ["different convention", "passed"]


STRANGE = "\x00\x1b[1m\x85\u2028\ud800\ufffe\U000e0001 ]]> ``` &"


@pytest.mark.parametrize("kind", FORMATS)
def test_whatever_a_subject_says_a_report_can_be_read(tmp_path, kind):
    told = verdicts(row("failed", counterexample=STRANGE, sentence=f"a{STRANGE}"))
    reports.write(told, {kind: tmp_path / "report"})
    text = (tmp_path / "report").read_text()
    read = {"junit": ElementTree.fromstring, "ctrf": json.loads}.get(kind, str)
    assert read(text) is not None
    assert kind != "github" or len(text.splitlines()) == 1


def test_github_gets_one_annotation_for_each_component():
    (line,) = github(FOUND).splitlines()
    title, _, message = line.removeprefix("::error ").partition("::")
    assert title == "title=zeros_ is refused by 2 of 3 claims"
    assert message.startswith("b < c, 100 %25%0Ax=1%0A")


def test_an_annotation_says_the_known_mistake_and_then_the_claim_nearest_to_the_definition():
    rows = [row("failed", sentence=s.replace("_", " "), test=f"{FILE}::test_{s}[s]") for s in NAMES]
    told = verdicts(*rows)
    told["subjects"][0]["diagnoses"] = {"zeros_": {"fault": "fills it with ones"}}
    _, _, message = github(told).partition("::error ")[2].partition("::")
    assert message.startswith("behaves like a known mistake: fills it with ones%0A")
    assert message.split("%0A")[1] == "every element is 0"


def test_a_claim_counts_once_whatever_its_parameters_and_what_is_wrong_is_said():
    several = [row("failed", test=f"{FILE}::b[s-{n}]") for n in range(5)]
    told = verdicts(row("passed"), *several)
    told["subjects"][0]["diagnoses"] = {"zeros_": {"fault": "", "described": "it is 2"}}
    assert "title=zeros_ is refused by 1 of 2 claims::what is wrong: it is 2%0A" in github(told)
    assert "| `s` | `zeros_` | 1 | **1** |" in markdown(told)


def test_only_claims_about_what_is_provided_are_listed():
    lacking = row("not provided", component="ones_", test=f"{FILE}::other[s]")
    told = verdicts(row("passed"), row("not provided", test=f"{FILE}::third[s]"), lacking)
    assert json.loads(ctrf(told))["results"]["summary"]["tests"] == 2
    assert len([*ElementTree.fromstring(junit(told)).iter("testcase")]) == 2


def test_github_shows_ten_annotations_and_the_last_says_that_there_are_more():
    many = [row("failed", component=name, test=f"{FILE}::{name}") for name in KNOWN[:12]]
    lines = github(verdicts(*many)).splitlines()
    assert len(lines) == 10
    assert "3 more components are refused" in lines[-1]


def test_what_is_known_is_no_failure_in_any_format():
    known = verdicts(
        row("passed"), row("deviation", test=f"{FILE}::b[s]", counterexample="a reason")
    )
    assert endings.ending(known) == endings.HOLDS
    assert "<failure" not in junit(known)
    assert json.loads(ctrf(known))["results"]["summary"]["failed"] == 0
    assert github(known) == ""
    assert "none, and 1 as is known" in markdown(known)


def test_an_annotation_stands_where_the_component_begins(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(f"# mine\n\n{WRONG}")
    told = {**FOUND, "subjects": [{**FOUND["subjects"][0], "asked": {"source": "mine.py"}}]}
    assert ",file=mine.py,line=3::" in github(told)


def test_the_summary_has_a_table_and_folds_the_rest():
    text = markdown(FOUND)
    assert "| `s` | `zeros_` | 1 | **2** |" in text
    assert text.count("<details>") == 2
    assert "b &lt; c" in text


def test_a_summary_stays_below_the_limit():
    many = [row("failed", test=f"{FILE}::{n}", counterexample="y" * 4000) for n in range(400)]
    text = markdown(verdicts(*many))
    assert len(text.encode()) < 1_000_000
    assert text.count("<details>") == text.count("</details>")
    assert "more refusals, which the verdicts have" in text


def test_what_anybody_wrote_stays_behind_its_fence_and_in_its_cell():
    told = verdicts(row("failed", counterexample="`````````\n</details>\n| a |"))
    told["subjects"][0]["name"] = "a|`b`.py"
    table, _, detail = markdown(told).partition("\n\n")
    assert table.splitlines()[-1].startswith(r"| <code>a\|&#96;b&#96;.py</code> | `zeros_` |")
    assert detail.count("`" * 10) == 2


def test_the_table_of_many_subjects_stays_below_the_limit_too():
    told = verdicts(row("passed"))
    told["subjects"] = [{**told["subjects"][0], "name": f"solution {n}"} for n in range(10_000)]
    text = markdown(told)
    assert len(text.encode()) < 1_000_000
    assert "more, which the verdicts have" in text
