"""The recipes are what the README says they are, and take no more than their names promise."""

from pathlib import Path

import pytest

from sums_to_one.cifar.recipes import RECIPES, RecipeError, recipe_named, table

README = Path(__file__).parents[2] / "README.md"
CORE_MINUTES = {"minute": 1, "coffee": 5, "lunch": 30}


def test_the_readme_has_the_figures_of_the_recipes():
    assert table() in README.read_text(encoding="utf-8")


def test_a_recipe_takes_no_longer_than_its_name_promises():
    assert RECIPES.keys() == CORE_MINUTES.keys()
    for name, recipe in RECIPES.items():
        assert 0 < recipe.core_minutes <= CORE_MINUTES[name]


def test_a_longer_recipe_is_a_better_one():
    accuracies = [recipe.accuracy for recipe in RECIPES.values()]
    assert accuracies == sorted(accuracies)
    assert accuracies[0] > 0.1


def test_images_are_held_out_by_every_recipe():
    assert all(recipe.settings.held_out >= 1000 for recipe in RECIPES.values())


def test_an_unknown_recipe_is_refused():
    with pytest.raises(RecipeError, match="must be one of minute, coffee, lunch, got feast"):
        recipe_named("feast")
