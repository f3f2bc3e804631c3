"""Weights decay, biases do not; every optimizer gets what it has a name for."""

from dataclasses import replace

import pytest
import torch

from sums_to_one.cifar.components import Components
from sums_to_one.cifar.model import FullyConnected
from sums_to_one.cifar.optimization import optimizers, share_of_lr
from sums_to_one.cifar.settings import OPTIMIZERS, Settings

SETTINGS = Settings(hidden=(13, 11), lr=0.03, momentum=0.8, weight_decay=0.07)


def made(name, *parts):
    components = Components(*(parts or ("torch",)))
    model = FullyConnected(SETTINGS, components)
    return model, optimizers(model, replace(SETTINGS, optimizer=name), components)


@pytest.mark.parametrize("parts", [("torch",), ("concepts", "torch")], ids=lambda parts: parts[0])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_parameter_has_one_optimizer_and_only_weights_decay(name, parts):
    model, made_optimizers = made(name, *parts)
    decays = {
        id(parameter): group["weight_decay"]
        for optimizer in made_optimizers
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    assert decays == {id(p): 0.07 if p.ndim == 2 else 0.0 for p in model.parameters()}


def test_momentum_goes_by_the_name_that_an_optimizer_has_for_it():
    (sgd,), (adam,), (rmsprop,) = (made(name)[1] for name in ("SGD", "AdamW", "RMSprop"))
    assert sgd.param_groups[0]["momentum"] == 0.8
    assert adam.param_groups[0]["betas"] == (0.8, 0.99)
    assert rmsprop.param_groups[0]["momentum"] == 0.8


def test_muon_takes_the_matrices_between_hidden_layers():
    model, (muon, rest) = made("Muon")
    hidden = [linear.weight for linear in model.linears]
    assert {id(p) for p in muon.param_groups[0]["params"]} == {id(p) for p in hidden}
    assert rest.param_groups[0]["params"] == [model.output.weight]


def test_the_learning_rate_rises_to_the_highest_and_falls_to_almost_nothing():
    shares = torch.tensor([share_of_lr(step, 100, 0.2) for step in range(100)])
    assert shares.argmax() in (19, 20)
    assert shares.max() == 1
    assert (shares[:20].diff() > 0).all()
    assert (shares[20:].diff() < 0).all()
    assert shares[-1].item() == pytest.approx(1 / 80)
