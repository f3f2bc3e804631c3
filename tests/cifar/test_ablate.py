"""An ablation compares seed by seed, goes on where it was stopped, and says what it cannot tell."""

import io
import re

import pytest
from PIL import Image
from rich.console import Console

from sums_to_one.cifar import ablate as ablation
from sums_to_one.cifar.ablate import (
    EITHER,
    LESS,
    MORE,
    UNCHANGED,
    VARIANTS,
    AblationError,
    Row,
    Variant,
)
from sums_to_one.cifar.machine import Machine
from sums_to_one.cifar.recipes import MINUTE, RECIPES, Recipe
from sums_to_one.cifar.settings import Settings
from sums_to_one.tests.judge.ledger import ledger

TINY = Recipe("tiny", Settings(hidden=(13,), epochs=1, batch_size=50), 0, 0, 0, 0, 0)
TWO = (
    Variant("dropout", "none", {"dropout": 0.0}, "5.2.5", LESS),
    Variant("loss", "softmax twice", {"doubled_softmax": True}, "3.2.2", LESS),
)


@pytest.fixture
def given_accuracies(monkeypatch):
    """Stand-ins for trainings: each variant adds so much to 0.5, and each seed a tenth of it."""
    trained = []

    def accuracy(data, settings, machine):
        trained.append(settings)
        gain = -0.1 if settings.doubled_softmax else 0.02 if settings.dropout == 0 else 0
        return 0.5 + 0.1 * settings.seed + gain

    monkeypatch.setattr(ablation, "_accuracy", accuracy)
    return trained


def ablate(data, folder, seeds=3, recipe=TINY, variants=TWO):
    return ablation.ablate(data, recipe, seeds, folder, Machine(), variants=variants)


def test_differences_are_taken_seed_by_seed(few, given_accuracies, tmp_path):
    unchanged, dropout, loss = ablate(few, tmp_path)
    assert unchanged.accuracies == pytest.approx((0.5, 0.6, 0.7))
    assert (dropout.difference, loss.difference) == pytest.approx((0.02, -0.1))
    assert dropout.margin < 1e-9, "seeds that differ alike leave no doubt"


def test_the_interval_is_that_of_students_t(few, monkeypatch, tmp_path):
    gains = iter([0, 0.01, 0, 0.02, 0, 0.06])  # unchanged and changed in turn
    monkeypatch.setattr(ablation, "_accuracy", lambda *ignored: next(gains))
    _, row = ablate(few, tmp_path, variants=TWO[:1])
    assert row.difference == pytest.approx(0.03)
    # The standard error of 1, 2, 6 is sqrt(7 / 3), the quantile for two degrees 4.302653.
    assert row.margin == pytest.approx(0.01 * 4.302653 * (7 / 3) ** 0.5, rel=1e-5)


@pytest.mark.parametrize(
    ("expected", "difference", "agrees"),
    [
        (LESS, -0.03, "yes"),
        (LESS, -0.01, "undecided"),
        (LESS, 0.03, "no"),
        (MORE, 0.03, "yes"),
        (MORE, -0.01, "undecided"),
        (MORE, -0.03, "no"),
        (EITHER, 0.04, "no"),
        (EITHER, -0.04, "no"),
    ],
)
def test_a_row_agrees_with_its_claim_only_beyond_its_interval(expected, difference, agrees):
    variant = Variant("dropout", "none", claim="5.2.5", expected=expected)
    assert Row(variant, (0.5,), difference, 0.02).agrees == agrees


@pytest.mark.parametrize(
    ("difference", "margin", "agrees"),
    [
        (0.0, 0.009, "yes"),
        (0.002, 0.009, "undecided"),
        (0.0, 0.5, "undecided"),
        (-0.03, 0.01, "no"),
    ],
)
def test_that_it_makes_no_difference_agrees_only_with_an_interval_within_a_point(
    difference, margin, agrees
):
    variant = Variant("activation", "leaky ReLU", claim="1.6.1", expected=EITHER)
    assert Row(variant, (0.5,), difference, margin).agrees == agrees


def test_a_variant_may_be_compared_with_another_one(few, given_accuracies, tmp_path):
    both = Variant("loss", "both", {"dropout": 0.0, "doubled_softmax": True}, against="none")
    unchanged, dropout, loss = ablate(few, tmp_path, variants=(TWO[0], both))
    assert loss.difference == pytest.approx(-0.12), "0.4 against 0.52, not against 0.5"
    assert "both, against none" in ablation.markdown([unchanged, dropout, loss], "title")


def test_what_was_trained_before_is_not_trained_again(few, given_accuracies, tmp_path):
    first = ablate(few, tmp_path, seeds=2)
    assert len(given_accuracies) == 2 * 3
    assert ablate(few, tmp_path, seeds=2) == first
    assert len(given_accuracies) == 2 * 3
    ablate(few, tmp_path, seeds=3)
    assert [settings.seed for settings in given_accuracies[6:]] == [2, 2, 2]


def test_a_line_that_was_cut_off_is_found_out_again(few, given_accuracies, tmp_path):
    rows = ablate(few, tmp_path)
    path = tmp_path / ablation.RUNS
    path.write_text(path.read_text()[:-20])
    assert ablate(few, tmp_path) == rows
    assert len(given_accuracies) == 9 + 1
    assert ablate(few, tmp_path) == rows
    assert len(given_accuracies) == 9 + 1


def test_the_folder_of_another_ablation_is_refused(few, given_accuracies, tmp_path):
    ablate(few, tmp_path)
    with pytest.raises(AblationError, match="must hold an ablation of the same recipe and data"):
        ablate(few, tmp_path, recipe=MINUTE)


def test_one_seed_is_not_enough(few, tmp_path):
    with pytest.raises(AblationError, match="must have at least 2 seeds, got 1"):
        ablate(few, tmp_path, seeds=1)


@pytest.mark.stand_in
def test_a_variant_is_really_trained(few, tmp_path):
    rows = ablate(few, tmp_path, seeds=2, variants=TWO[1:])
    assert all(0 <= accuracy <= 1 for row in rows for accuracy in row.accuracies)
    assert rows[0].accuracies != rows[1].accuracies


def test_every_variant_changes_the_recipe_and_names_a_claim_that_there_is():
    for variant in VARIANTS:
        for recipe in RECIPES.values():
            changed = ablation.settings_of(variant, recipe, seed=0, epochs=None)
            assert changed != recipe.settings, f"{variant.name} changes nothing in {recipe.name}"
        assert not variant.claim or variant.claim in ledger()
        assert not variant.against or variant.against in {v.name for v in VARIANTS}


@pytest.fixture
def rows(few, given_accuracies, tmp_path):
    """Those of an ablation whose results have been written."""
    rows = ablate(few, tmp_path)
    ablation.write(rows, "What each concept buys on made-up data", tmp_path)
    return rows


def test_the_first_row_is_the_unchanged_recipe(rows):
    assert rows[0].variant == UNCHANGED


def test_the_written_table_has_what_each_variant_buys_and_whether_its_claim_agrees(rows, tmp_path):
    text = (tmp_path / ablation.TABLE).read_text()
    assert "| loss | softmax twice | 50.0% | -10.0 ± 0.0 | 3.2.2 | yes |" in text
    assert "| dropout | none | 62.0% | +2.0 ± 0.0 | 5.2.5 | no |" in text


def test_the_printed_table_has_what_each_variant_buys(rows):
    printed = io.StringIO()
    Console(width=80, file=printed).print(ablation.table(rows, "title"))
    assert re.search(r"softmax twice.*50\.0%.*-10\.0 ± 0\.0", printed.getvalue())


def test_the_chart_names_the_data(rows, tmp_path):
    with Image.open(tmp_path / ablation.CHART) as image:
        assert image.info["Title"].endswith("on made-up data")
