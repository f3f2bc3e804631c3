"""A lesson fits on a screen, and begins with what tells most."""

import random
import re
from contextlib import ExitStack
from typing import Any

import pytest
import torch
from rich.cells import cell_len

from sums_to_one.cifar.modules import ROOT
from sums_to_one.tests.common.calls import watching
from sums_to_one.tests.common.limits import asking
from sums_to_one.tests.common.wording import shown
from sums_to_one.tests.judge.arguments import Judged
from sums_to_one.tests.judge.causes import BLOCKS, ORDER, TOPICS, causes, topic_of
from sums_to_one.tests.judge.components import GROUPS, KNOWN
from sums_to_one.tests.judge.counterexample import counterexample, shortened
from sums_to_one.tests.judge.ledger import ledger
from sums_to_one.tests.judge.lesson import SCREEN, Page
from sums_to_one.tests.judge.places import places_of
from sums_to_one.tests.judge.teeth import Claim, claims_about, torch_as_it_was
from sums_to_one.tests.judge.verdicts import NOT_PROVIDED, Verdict
from sums_to_one.tests.judge.versions import Version, versions

# Whose calls give other numbers each time.
CHANCE = {*GROUPS["random_initializer"], *GROUPS["dropout"], *GROUPS["random_transform"]}
LONG = "\n".join(["x=torch.tensor([1., 2.], dtype=torch.float64)"] * 9 + ["came 1, " * 80] * 9)


def verdicts(component: str, outcome: str, said: str | None = None) -> list[Verdict]:
    """One for each claim about a component."""
    places = [(place, place.file.relative_to(ROOT).as_posix()) for place in places_of(component)]
    return [
        Verdict(" ".join(p.ids), component, f"{file}::{p.name}", p.sentence, outcome, said)
        for p, file in places
    ]


def lines(rows: list[Verdict], chinese: bool = False, everything: bool = False) -> list[str]:
    page = Page(80, everything, chinese, {})
    return [line.plain for line in page.lines_of(rows, {})]


@pytest.mark.parametrize("chinese", [False, True], ids=["English", "Chinese"])
@pytest.mark.parametrize("component", KNOWN)
def test_whatever_is_refused_fits_on_a_screen(component, chinese):
    for count in (1, 3, 1000):
        rows = verdicts(component, "passed")
        rows[:count] = verdicts(component, "failed", LONG)[:count]
        said = lines(rows, chinese)
        assert len(said) <= SCREEN, f"{len(said)} lines:\n" + "\n".join(said)
        assert max(map(cell_len, said)) <= 80


@pytest.mark.parametrize("component", KNOWN)
def test_everything_is_shown_where_that_is_asked_for(component):
    rows = verdicts(component, "failed", LONG)
    said = " ".join("\n".join(lines(rows, everything=True)).split())
    assert not [row.sentence for row in rows if row.sentence not in said]


def test_what_holds_is_counted_and_what_is_not_asked_says_why():
    rows = verdicts("relu", "passed")
    rows[3] = Verdict(rows[3].id, "relu", rows[3].test, rows[3].sentence, NOT_PROVIDED)
    page = Page(80, False, False, {rows[3].test: "'inplace'"})
    said = [line.plain for line in page.lines_of(rows, {})]
    assert said == [
        f"activations: relu: all {len(rows) - 1} claims hold",
        "  1 not asked: needs 'inplace'",
    ]


def test_the_sentence_of_the_ledger_stands_under_the_cross_in_the_readers_language():
    rows = [
        row for row in verdicts("softmax", "failed", "came 1, should be 2") if "1.5.1" in row.id
    ]
    english, chinese = " ".join(lines(rows)), "".join(lines(rows, chinese=True))
    assert ledger()["1.5.1"].en in " ".join(english.split())
    assert "".join(ledger()["1.5.1"].zh.split()) in "".join(chinese.split())
    assert "定律" in chinese


def test_every_claim_has_a_topic_that_is_told_in_its_turn():
    for component in KNOWN:
        assert {topic_of(row) for row in verdicts(component, "failed")} <= set(ORDER)
    assert set(TOPICS) | {"training"} == set(ORDER)


def test_what_blocks_is_told_before_what_it_blocks():
    for topic, blocked in BLOCKS.items():
        assert all(ORDER.index(topic) < ORDER.index(other) for other in blocked), topic


def refusals(version: Version) -> list[Verdict]:
    """What all claims say against a version, briefly."""
    own = [row for row in verdicts(version.of, "failed") if topic_of(row) != "training"]
    asked = {row.test.rpartition("::")[2] for row in own}
    claims = [claim for claim in claims_about(version.of) if claim.name in asked]
    names = {claim.name for claim in claims if claim.refuses(version)}
    return [row for row in own if row.test.rpartition("::")[2] in names]


def version(component: str, name: str) -> Version:
    return next(v for v in versions(component) if v.name == name)


@pytest.mark.parametrize(
    ("component", "name", "first"),
    [
        ("relu", "relu6", ["it is the larger of the number and 0"]),
        ("leaky_relu", "sign_of_the_output", ["its gradient is 1 or the slope everywhere"]),
        ("softmax", "in_single_precision_inside", ["each row is a probability distribution"]),
        ("MSELoss", "OutliersClamped", ["it is the mean of the squared errors"]),
        ("BatchNorm1d", "MomentumOfTheOld", ["the running averages are those of all batches"]),
        ("zeros_", "the_whole_storage", ["a part of a parameter can be written alone"]),
    ],
)
def test_of_an_impostor_the_claim_nearest_to_the_definition_is_told_first(component, name, first):
    found = causes(refusals(version(component, name)))
    assert [cause.first.sentence for cause in found] == first


def claims_named(impostor: Version) -> list[Claim]:
    """Those that must refuse it, each with the parameters with which it does at first."""
    claims = [claim for claim in claims_about(impostor.of) if claim.name in impostor.refused_by]
    refusing = [claim for claim in claims if claim.refuses(impostor, examples=20)] or claims
    return list({claim.name: claim for claim in reversed(refusing)}.values())


def said_of(impostor: Version) -> list[str]:
    """What the claims that are named for an impostor say, whole and with the smallest input."""
    return [text for claim in claims_named(impostor) if (text := said_by(claim, impostor))]


def said_by(claim: Claim, impostor: Version) -> str | None:
    judged = Judged(impostor, (impostor.of,), as_group=impostor.of not in claim.arguments)
    try:
        with torch_as_it_was(), asking(judged.limits), watching(), ExitStack() as until:
            arguments = {name: judged.argument(name, until) for name in claim.arguments}
            claim.test(**arguments, **dict(claim.parameters))
    except Exception as refusal:
        return counterexample(refusal, judged)
    return None


def pasted(text: str, impostor: Version) -> int:
    """How many calls of a counterexample give again what was printed; of chance they only run."""
    names: dict[str, Any] = {"torch": torch, impostor.of: impostor.function}
    if "optimizer = " in text:
        program = re.search(r"^p = .*?optimizer\.step\(\)$", text, re.MULTILINE | re.DOTALL)
        assert program, text
        exec(program[0], names)
        ends = [f"{number:.{digits}g}" for number in names["p"].flatten() for digits in range(1, 9)]
        assert set(ends) & set(re.findall(r"[-\w.+]+", text)), f"{impostor}: {names['p']}\n{text}"
        return 1
    calls = re.findall(rf"^({impostor.of}\([^<\n]*\))\n  gave (.*)$", text, re.MULTILINE)
    for call, gave in calls:
        again = shown(eval(call, names))
        assert again == gave or impostor.of in CHANCE, f"{impostor}: {call} gave {again}\n{text}"
    return len(calls)


@pytest.mark.parametrize("component", ["relu", "leaky_relu", "softmax", "sigmoid", "l1_penalty"])
def test_a_counterexample_can_be_pasted_and_gives_what_was_printed(component):
    sample = [v for v in versions(component)[::4] if v.refused_by]
    assert sum(pasted(text, v) for v in sample for text in said_of(v)), "no call was pasted"


@pytest.mark.parametrize("component", KNOWN)
def test_the_lesson_of_an_impostor_fits_on_a_screen_and_its_code_runs(component):
    impostors = [v for v in versions(component) if v.refused_by]
    impostor = random.Random(f"a sample, {component}").choice(impostors)
    said = {claim.name: said_by(claim, impostor) for claim in claims_named(impostor)}
    rows = [
        Verdict(row.id, component, row.test, row.sentence, "failed", said[name])
        for row in verdicts(component, "failed")
        if (name := row.test.rpartition("::")[2]) in said
    ]
    for chinese in (False, True):
        shown_lines = lines(rows, chinese)
        assert len(shown_lines) <= SCREEN
        assert max(map(cell_len, shown_lines)) <= 80
    with torch_as_it_was():
        for text in filter(None, said.values()):
            pasted(text, impostor)


def test_of_a_pair_in_two_lines_no_digit_is_left_out():
    line = "came      [0.12345678, 0.2345678, 0.3456789, 0.4567891]"
    assert shortened(line) == line


def test_many_numbers_keep_as_many_digits_as_the_difference_needs():
    numbers = "1.123456, 2.123456, 3.123456"
    came, due = f"[0.6428264, {numbers}]", f"[0.6428225, {numbers}]"
    told = shortened(f"{{'lr': 0.25}}, loaded after 1: came {came}, expected {due}")
    assert "came [0.64283, 1.1235, 2.1235, 3.1235], expected [0.64282, 1.1235" in told
