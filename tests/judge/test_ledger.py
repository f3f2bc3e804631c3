"""The ledger and the tests speak of the same claims."""

import importlib
import re
from pathlib import Path

import pytest

from sums_to_one.tests.judge.components import COMPONENTS
from sums_to_one.tests.judge.ledger import CHAPTERS, KINDS, VERDICTS, Entry, ledger

TESTS = Path(__file__).parents[1]
DONE = [*COMPONENTS, "cifar"]


def backed(chapter: str) -> dict[str, list[str]]:
    """The names of a chapter's tests, and the claims that each says it backs."""
    found = {}
    for path in sorted((TESTS / chapter).glob("test_*.py")):
        module = importlib.import_module(f"sums_to_one.tests.{chapter}.{path.stem}")
        for name, test in vars(module).items():
            if name.startswith("test_") and callable(test):
                marks = [m for m in getattr(test, "pytestmark", []) if m.name == "claim"]
                found[f"{path.name}::{name}"] = [id for mark in marks for id in mark.args]
    return found


@pytest.mark.parametrize("chapter", DONE)
def test_every_claim_of_a_finished_chapter_is_backed_by_a_test(chapter: str) -> None:
    ids = {id for ids in backed(chapter).values() for id in ids}
    open_ = [c.id for c in ledger().values() if c.chapter == chapter and not c.reported_by]
    assert set(open_) <= ids, f"claims without a test: {sorted(set(open_) - ids)}"


@pytest.mark.parametrize("chapter", COMPONENTS)
def test_every_judging_test_backs_a_claim_of_its_chapter(chapter: str) -> None:
    for test, ids in backed(chapter).items():
        assert ids, f"{test} names no claim"
        wrong = [id for id in ids if id not in ledger() or ledger()[id].chapter != chapter]
        assert not wrong, f"{test} names claims that chapter {chapter} does not have: {wrong}"


def test_chapters_that_are_not_finished_have_no_tests_yet() -> None:
    unfinished = [chapter for chapter in CHAPTERS.values() if chapter not in DONE]
    assert not [chapter for chapter in unfinished if backed(chapter)]


@pytest.mark.parametrize("claim", ledger().values(), ids=lambda claim: claim.id)
def test_every_claim_is_complete(claim: Entry) -> None:
    assert set(claim.kind) <= set(KINDS), claim.kind
    assert claim.verdict in VERDICTS
    assert re.search("[\u4e00-\u9fff]", claim.zh), "the Chinese sentence"
    assert bool(claim.care) == bool(claim.care_zh), "care in both languages"
    assert claim.care or claim.verdict == "holds", "a verdict that is not plain needs a reason"


def test_what_no_test_may_gate_is_reported_by_a_benchmark() -> None:
    for claim in ledger().values():
        if claim.reported_by:
            assert (TESTS.parent / claim.reported_by).is_file(), claim.reported_by
