"""Accuracy counts right answers, mistakes are ranked by confidence, pictures name their data."""

import math
from dataclasses import replace

import pytest
import torch
from PIL import Image

from sums_to_one.cifar import draw
from sums_to_one.cifar.evaluate import Evaluation, evaluate
from sums_to_one.cifar.model import FullyConnected
from sums_to_one.cifar.settings import Settings
from sums_to_one.cifar.train import Epoch

RIGHT, WRONG = [0.7, 0.2, 0.1], [0.2, 0.7, 0.1]
SURELY_WRONG = [0.04, 0.95, 0.01]


@pytest.fixture
def said():
    """Five images of class 0, three of which are taken for class 1, and one of class 1."""
    rows = [RIGHT, WRONG, SURELY_WRONG, RIGHT, WRONG, WRONG]
    return Evaluation(0.5, torch.tensor(rows), torch.tensor([0, 0, 0, 0, 0, 1]))


def test_accuracy_is_the_share_of_right_answers(said):
    assert said.accuracy == pytest.approx(3 / 6)


def test_each_class_has_an_accuracy_of_its_own(said):
    assert said.accuracy_per_class() == pytest.approx([2 / 5, 1, math.nan], nan_ok=True)


def test_the_worst_mistake_is_the_surest(said):
    worst = said.worst_mistakes(9).tolist()
    assert worst[0] == 2
    assert sorted(worst) == [1, 2, 4], "right answers are no mistakes"
    assert said.worst_mistakes(1).tolist() == [2]


def test_a_network_without_an_opinion_has_the_loss_of_a_guess(synthetic, components):
    model = FullyConnected(Settings(hidden=()), components)
    torch.nn.init.zeros_(model.output.weight)
    result = evaluate(model, synthetic.test_images, synthetic.test_labels, components)
    assert result.loss == pytest.approx(math.log(10))
    assert result.accuracy == pytest.approx(0.1), "the classes are equally frequent"


def test_to_evaluate_a_network_does_not_change_it(synthetic, components):
    model = FullyConnected(Settings(hidden=(17,), dropout=0.5), components)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    evaluate(model, synthetic.test_images, synthetic.test_labels, components)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("images", [999, 1000, 1001], ids=str)
def test_images_are_judged_in_parts_and_none_is_left_out(synthetic, components, images):
    model = FullyConnected(Settings(hidden=(17,), dropout=0), components)
    many = torch.cat([synthetic.test_images, synthetic.held_out_images])[:images]
    assert len(evaluate(model, many, torch.zeros(images).long(), components).labels) == images


def test_seen_from_both_sides_an_image_and_its_mirror_image_are_the_same(synthetic, components):
    model = FullyConnected(Settings(hidden=(17,), dropout=0), components)
    torch.nn.init.normal_(model.output.weight)
    images, labels = synthetic.test_images[:7], synthetic.test_labels[:7]
    one, other = (
        evaluate(model, side, labels, components, both_sides=True).probabilities
        for side in (images, images.flip(-1))
    )
    torch.testing.assert_close(one, other)
    assert not torch.equal(one, evaluate(model, images, labels, components).probabilities)


def title(picture):
    with Image.open(picture) as image:
        return image.info["Title"]


@pytest.fixture
def epochs():
    return [Epoch(2.3, 0.1, 2.1, 0.2), Epoch(1.9, 0.3, 1.8, 0.4)]


@pytest.fixture
def shapes(synthetic, components):
    model = FullyConnected(Settings(hidden=(17,), dropout=0), components)
    return evaluate(model, synthetic.test_images, synthetic.test_labels, components)


def test_every_picture_names_the_data(synthetic, shapes, epochs, tmp_path):
    data = replace(synthetic, name="made-up data")
    draw.learning_curve(epochs, data, tmp_path / "curve.png")
    draw.worst_mistakes(shapes, data, tmp_path / "mistakes.png")
    for picture in tmp_path.iterdir():
        assert title(picture).endswith(" on made-up data")


def test_a_network_without_mistakes_still_gets_its_picture(synthetic, tmp_path):
    perfect = Evaluation(0.0, torch.eye(10)[synthetic.test_labels], synthetic.test_labels)
    draw.worst_mistakes(perfect, synthetic, tmp_path / "none.png")
    assert title(tmp_path / "none.png").startswith("The surest of 0 mistakes")
