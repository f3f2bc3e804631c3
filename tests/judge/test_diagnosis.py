"""Where claims refuse, the lesson names the fault, if it is a known one."""

import math
import random
import re
from types import SimpleNamespace
from typing import Any

import pytest
from rich.cells import cell_len

from sums_to_one.tests.judge import likeness, trying
from sums_to_one.tests.judge.asking import Given, cases, function
from sums_to_one.tests.judge.components import COMPONENTS, KNOWN, chapter_of
from sums_to_one.tests.judge.diagnosis import (
    PERHAPS,
    SURE,
    THOUGHT,
    Diagnosis,
    diagnosis,
    faults,
    looked,
    thought_of,
)
from sums_to_one.tests.judge.languages import CHINESE
from sums_to_one.tests.judge.lesson import SCREEN, Page
from sums_to_one.tests.judge.likeness import likenesses
from sums_to_one.tests.judge.messages import TamperedError
from sums_to_one.tests.judge.teeth import Claim
from sums_to_one.tests.judge.test_lesson import LONG, verdicts
from sums_to_one.tests.judge.trials import FAMILIES
from sums_to_one.tests.judge.versions import Version, versions

# Of several kinds: a value, a gradient, a setting, a state, chance.
SOME = [
    ("softmax", "largest_of_all_subtracted"),
    ("sigmoid", "slope_of_the_output"),
    ("MSELoss", "GradientOfOneElement"),
    ("CrossEntropyLoss", "IgnoredTargetsAreSmoothed"),
    ("BatchNorm1d", "NoEpsInEvaluation"),
    ("Dropout", "DroppedAndNoMore"),
    ("l2_penalty", "mean_of_the_tensors"),
    ("Compose", "LabelForgotten"),
]
HAN = "[\u4e00-\u9fff]"
some_impostors = pytest.mark.parametrize(("component", "name"), SOME)


@pytest.fixture(autouse=True)
def however_long_it_takes(monkeypatch):
    """How much is asked must not depend on what else the machine does."""
    for module in (likeness, trying):
        monkeypatch.setattr(module, "LONG", math.inf)
        monkeypatch.setattr(module, "TIME", math.inf)


def impostor(component: str, name: str) -> Version:
    (found,) = [version for version in versions(component) if version.name == name]
    return found


def refused(version: Version) -> tuple[Given, list[str]]:
    """An impostor as somebody's subject, and the tests of its claim that refuse it."""
    subject = Given("somebody's", places=(SimpleNamespace(**{version.of: version.function}),))
    named = [case for case in cases(subject, version.of) if case.place.name in version.refused_by]
    claims = {
        case.test: Claim(function(case.place), tuple(case.parameters.items())) for case in named
    }
    return subject, [test for test, claim in claims.items() if claim.refuses(version)]


@pytest.mark.parametrize("component", KNOWN)
def test_each_impostor_has_a_sentence_of_its_own(component):
    told = faults(chapter_of(component))[component]
    assert list(told) == [v.name for v in versions(component) if v.refused_by]
    assert len({*told.values()}) == len(told), "two have the same sentence"


@pytest.mark.parametrize("chapter", COMPONENTS)
def test_the_sentences_are_short_and_go_on_from_it(chapter):
    said = [text for table in faults(chapter).values() for text in table.values()]
    assert not [text for text in said if len(text) > 80 or text.endswith(".") or text[0].isupper()]


@pytest.mark.parametrize("chapter", COMPONENTS)
def test_each_sentence_is_told_in_chinese_in_the_same_order(chapter):
    english, chinese = faults(chapter), faults(chapter, chinese=True)
    assert [*english] == [*chinese]
    for component, told in chinese.items():
        assert [*told] == [*english[component]]
        assert len({*told.values()}) == len(told), f"two of {component} have the same sentence"


@pytest.mark.parametrize("chapter", COMPONENTS)
def test_a_chinese_sentence_is_short_and_has_chinese_punctuation(chapter):
    said = [text for table in faults(chapter, chinese=True).values() for text in table.values()]
    half = re.compile(f"{HAN}[,.:;?!()]|[,:;?!()]{HAN}|。$")
    assert not [text for text in said if not re.search(HAN, text) or half.search(text)]
    assert not [text for text in said if cell_len(text) > 80]


@some_impostors
def test_an_impostor_is_named_itself(component, name):
    subject, tests = refused(impostor(component, name))
    (found,) = likenesses(component, subject, tests)
    assert (found.name, found.alike, found.sure) == (name, found.asked, found.asked > 1)


@some_impostors
def test_without_it_no_other_is_named_for_sure(component, name):
    subject, tests = refused(impostor(component, name))
    others = [version for version in versions(component) if version.name != name]
    assert not [one for one in likenesses(component, subject, tests, others) if one.sure]


# Who is refused for an open refusal alone has said himself what is the matter.
SILENT = [
    (c, v.name)
    for c in KNOWN
    if c in FAMILIES
    for v in versions(c)
    if v.refused_by and not all(claim.endswith("_is_not_refused") for claim in v.refused_by)
]
SAMPLE = random.Random("a sample of all impostors").sample(SILENT, 8)


@pytest.mark.parametrize(("component", "name"), SAMPLE)
def test_of_a_sample_each_is_named_and_no_other_where_it_is_unknown(component, name):
    subject, tests = refused(impostor(component, name))
    found = looked(component, subject, tests)
    assert name in found["impostors"] or found["conventions"], found
    others = [version for version in versions(component) if version.name != name]
    unknown = looked(component, subject, tests, others)
    assert found["conventions"] or not unknown["how sure"][2], unknown


def test_the_fault_comes_first_and_the_lesson_still_fits_on_a_screen():
    found = Diagnosis(("Halved",), "halves the squared errors", 3, 3, sure=True)
    rows = verdicts("MSELoss", "failed", LONG)
    page = Page(80, False, False, {}, None, {"MSELoss": found})
    said = [line.plain.strip() for line in page.lines_of(rows, {})]
    assert said[1].startswith("behaves like a known mistake: halves the squared errors (in 3 of 3")
    assert "A half in front" in "\n".join(said[2:5])
    assert len(said) <= SCREEN


@pytest.mark.parametrize("words", [SURE, PERHAPS, THOUGHT])
def test_what_is_said_around_it_is_said_in_chinese_too(words):
    assert words in CHINESE


def test_more_than_two_that_behave_alike_say_nothing():
    names = ["Halved", "SlopeOfTheHalf", "InTheUnitsOfTheTarget"]
    answer: dict[str, Any] = {"conventions": [], "impostors": names, "how sure": [3, 3, True]}
    answer["described"] = None
    assert diagnosis("MSELoss", answer) is None
    told = diagnosis("MSELoss", {**answer, "impostors": names[:2]})
    assert told
    assert told.fault.startswith("halves the squared errors; or has half the gradient")


@pytest.mark.parametrize("answer", [None, [], {"impostors": ["Nobody"]}, {"conventions": ["none"]}])
def test_what_is_no_answer_is_not_believed(answer):
    with pytest.raises(TamperedError):
        diagnosis("MSELoss", answer)


def test_a_thought_is_the_first_line_of_what_stands_beside_the_impostor():
    assert thought_of("relu", "absolute_value") == "No negative numbers come out."
