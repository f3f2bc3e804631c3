"""Two verdicts: what is worse, what is only changed, and what cannot be compared."""

import copy
import json

import pytest
from typer.testing import CliRunner

from sums_to_one.tests.judge.command import app
from sums_to_one.tests.judge.compare import compare
from sums_to_one.tests.judge.digests import digest

ROW = {
    "id": "2.0.3",
    "component": "zeros_",
    "test": "tests/x.py::test_a[mine]",
    "sentence": "a is b",
    "outcome": "passed",
    "counterexample": None,
    "inputs": "0123456789ab",
}


def verdicts(suite=(), name="mine", asked=(), **changes):
    found = {"profile": "suite", "torch": "2.13.0", **dict(suite)}
    how, rows = {"dtype": "", "device": "cpu", **dict(asked)}, [{**ROW, **changes}]
    return {"suite": found, "subjects": [{"name": name, "asked": how, "claims": rows}]}


def lacking():
    """The same claim, of a subject that has no such component."""
    found = verdicts()
    found["subjects"] = [{**found["subjects"][0], "claims": [], "lacks": ["zeros_"]}]
    asked = {"test": "tests/x.py::test_a", **{k: ROW[k] for k in ("id", "sentence", "inputs")}}
    return {**found, "not provided": {"zeros_": [asked]}}


def run(tmp_path, after, *options):
    files = tmp_path / "a.json", tmp_path / "b.json"
    for file, content in zip(files, (verdicts(), after), strict=True):
        file.write_text(json.dumps(content))
    return CliRunner().invoke(app, ["compare", *map(str, files), *options])


@pytest.mark.parametrize(
    ("after", "code", "words"),
    [
        (verdicts(), 0, "0 worse, 0 changed"),
        (verdicts(name="another"), 0, "0 worse, 0 changed"),
        (verdicts(suite={"torch": "2.15.0"}), 0, "torch: 2.13.0 before, 2.15.0 after"),
        (verdicts(outcome="failed", counterexample="came 2"), 1, "passed before, failed after"),
        (verdicts(outcome="not provided"), 1, "1 worse"),
        (lacking(), 1, "passed before, not provided after"),
        (verdicts(inputs="ba9876543210"), 3, "asked about other inputs: zeros_: a is b"),
        (verdicts(sentence="a is c"), 3, "asked after alone: zeros_: a is c"),
        (verdicts(asked={"device": "cuda"}), 0, "device: cpu before, cuda after"),
        (verdicts(asked={"dtype": "bfloat16"}), 3, "in other dtypes: all before, bfloat16 after"),
        (verdicts(suite={"profile": "explore"}), 3, "by the profile 'suite' alone"),
        ([], 2, "error: a file of verdicts must be one that --verdicts has written"),
    ],
)
@pytest.mark.parametrize("format", ["text", "md", "json"])
def test_a_comparison_ends_with_its_number(tmp_path, after, code, words, format):
    told = run(tmp_path, after, "--format", format)
    assert told.exit_code == code, told.output
    assert format != "text" or words in told.output


def test_what_is_better_is_a_change_and_no_regression():
    failed = verdicts(outcome="failed", counterexample="came 2")
    found = compare(failed, verdicts())
    assert len(found.changes) == 1
    assert not found.regressions


def test_another_counterexample_is_a_change(tmp_path):
    before, after = (verdicts(outcome="failed", counterexample=f"came {n}") for n in (2, 3))
    found = compare(before, after)
    assert len(found.changes) == 1
    assert not found.regressions


def test_other_numbers_are_told_with_their_largest_error_and_change_no_verdict(tmp_path):
    worst = {"ulp": 3.5, "dtype": "float32", "input": "zeros_(x)"}
    for format in ("text", "md", "json"):
        told = run(tmp_path, verdicts(worst=worst), "--format", format, "--fail-on", "change")
        assert told.exit_code == 0, told.output
        assert "3.5" in told.output
        assert "zeros_(x)" in told.output


def test_any_change_fails_if_that_is_wanted(tmp_path):
    better = copy.deepcopy(verdicts(counterexample="a note"))
    assert run(tmp_path, better).exit_code == 0
    assert run(tmp_path, better, "--fail-on", "change").exit_code == 1


def test_inputs_depend_on_the_claim_and_the_profile():
    a, b = (
        f"tests/initialization/test_zeros_.py::test_{n}[x]" for n in ("every_element_is_0", "b")
    )
    assert digest(a, "suite") == digest(a.replace("[x]", "[y]"), "suite")
    assert len({digest(a, "suite"), digest(b, "suite"), digest(a, "explore")}) == 3
