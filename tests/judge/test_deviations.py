"""Refusals that are known: each is replayed, and none may outlive its reason."""

import datetime

import pytest
import torch

from sums_to_one import parametrize_with_claims
from sums_to_one.tests.judge.asking import cases, given
from sums_to_one.tests.judge.deviations import DeviationsError, as_toml, read
from sums_to_one.tests.judge.parametrize import Claim

HUGE = "huge logits stay finite"
ENTRY = '[[deviation]]\ncomponent = "softmax"\nclaim = "huge logits stay finite"\n'


def without_a_shift(x, dim):
    e = x.exp()
    return e / e.sum(dim, keepdim=True)


def case_of(function, sentence=HUGE):
    subject = given({"softmax": function})
    (found,) = [case for case in cases(subject, "softmax") if case.sentence == sentence]
    return found


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A file as --write-deviations makes it."""
    path = tmp_path_factory.mktemp("known") / "deviations.toml"
    path.write_text(as_toml([case_of(without_a_shift).as_deviation("no shift: it costs a pass")]))
    return path


def claims(function, file):
    mark = parametrize_with_claims({"softmax": function}, deviations=file)
    return {repr(row.values[1]): row.values[1] for row in mark.args[1]}


def test_what_is_written_is_read(file):
    (found,) = read(file)
    assert (found.component, found.claim, found.reason) == (
        *("softmax", HUGE),
        "no shift: it costs a pass",
    )
    assert "nan" in found.pinned
    assert found.replay


def test_one_that_still_occurs_is_an_expected_failure_with_its_reason(file):
    with pytest.raises(pytest.xfail.Exception, match="no shift: it costs a pass"):
        claims(without_a_shift, file)[HUGE](without_a_shift)


def test_one_that_no_longer_occurs_fails(file):
    with pytest.raises(AssertionError, match="no longer occurs: take it out of the file"):
        claims(torch.softmax, file)[HUGE](torch.softmax)


def test_only_the_pinned_input_is_asked(file):
    seen = []

    def softmax(x, dim):
        seen.append(x.tolist())
        return without_a_shift(x, dim)

    claim = claims(softmax, file)[HUGE]
    assert claim.case.judged.limits.gradients == 2  # what it does at all has been looked at
    seen.clear()
    with pytest.raises(pytest.xfail.Exception):
        claim(softmax)
    assert len(seen) == 1


def test_one_that_is_past_its_date_fails(file, tmp_path):
    yesterday = datetime.date.today() - datetime.timedelta(days=1)
    (tmp_path / "over.toml").write_text(file.read_text() + f"until = {yesterday}\n")
    with pytest.raises(AssertionError, match=f"was to end by {yesterday}"):
        claims(without_a_shift, tmp_path / "over.toml")[HUGE](without_a_shift)


def test_one_that_is_of_elsewhere_is_not_heeded(file, tmp_path):
    (tmp_path / "elsewhere.toml").write_text(file.read_text() + 'where = { torch = "1.13" }\n')
    claim = claims(without_a_shift, tmp_path / "elsewhere.toml")[HUGE]
    with pytest.raises(AssertionError, match=r"huge logits stay finite  1\.5\.2"):
        claim(without_a_shift)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("deviation", "must be TOML"),
        ("known = 1", "must have entries"),
        (ENTRY, "must have a reason"),
        (ENTRY + 'reason = " "', "must have a reason"),
        (ENTRY + 'reason = "x"\nuntil = "soon"', "must end on a date"),
        (ENTRY + 'reason = "x"\nwhere = { moon = "full" }', "must say where by words for dtype"),
        (ENTRY + 'reason = "x"\nbecause = "x"', "must have keys among"),
        (ENTRY.replace("softmax", "sofmax") + 'reason = "x"', "must name a component"),
        (ENTRY.replace("finite", "small") + 'reason = "x"', "about a claim that is asked"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path, text, words):
    (tmp_path / "wrong.toml").write_text(text)
    with pytest.raises(DeviationsError, match=words):
        claims(torch.softmax, tmp_path / "wrong.toml")


def test_a_refusal_says_the_sentence_and_the_smallest_input():
    with pytest.raises(AssertionError) as refusal:
        Claim(case_of(without_a_shift))(without_a_shift)
    first, *lines = str(refusal.value).splitlines()
    assert first == "softmax: huge logits stay finite  1.5.2"
    assert any("0.125" in line for line in lines), lines
    assert "nan" in lines[-1]
