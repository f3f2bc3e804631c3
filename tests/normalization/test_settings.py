"""What a layer is told: each option with all the others, and settings that change on the way.

What an option does alone is in `test_every_batch_norm.py` and `test_running_statistics.py`.
"""

import itertools
from typing import Any

import pytest
import torch
from torch import nn

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.inputs import grid
from sums_to_one.tests.common.limits import inside, widest
from sums_to_one.tests.common.options import feature, needs, option, provides
from sums_to_one.tests.normalization.channels import (
    assert_averages,
    assert_same_future,
    averages,
    batch,
    mean_and_variance,
    new_layer,
    normalized,
    remembered,
    several,
    shapes_of,
    teach,
    trained,
    unusual_layer,
)

# What each option may be, the usual value first.
CHOICES: dict[str, tuple[Any, Any]] = {
    "affine": (True, False),
    "bias": (True, False),
    "track_running_stats": (True, False),
    "eps": (1e-5, 0.5),
    "momentum": (0.1, None),
}


def combinations(batch_norm) -> list[dict[str, Any]]:
    """All of those options that a component has, from the usual ones on."""
    names = [name for name in CHOICES if provides(batch_norm, name)]
    values = itertools.product(*(CHOICES[name] for name in reversed(names)))
    return [dict(zip(reversed(names), each, strict=True)) for each in values]


@pytest.mark.claim("6.3.2")
def test_every_option_does_the_same_whatever_the_others_are(batch_norm):
    for options in combinations(batch_norm):
        layer, eps = teach(unusual_layer(batch_norm, 3, **options)), options.get("eps", 1e-5)
        batches = several(batch_norm)[:2]
        for x in batches:
            expected = normalized(x, *mean_and_variance(x), eps, layer)
            assert_close(f"{options}, in training", layer.train()(x), expected)
        tracked = averages(batches, options.get("momentum", 0.1))
        found = tracked if options.get("track_running_stats", True) else mean_and_variance(x)
        expected = normalized(x, *found, eps, layer)
        assert_close(f"{options}, in evaluation", layer.eval()(x), expected)


@pytest.mark.claim("6.3.2")
def test_an_eps_of_0_is_none_at_all(batch_norm):
    option(batch_norm, "eps")
    for shape in shapes_of(batch_norm):
        x, layer = batch(*shape) / 1000, unusual_layer(batch_norm, shape[1], eps=0.0)
        expected = normalized(x, *mean_and_variance(x), 0.0, layer)
        assert_close(f"{shape}, in training", layer(x), expected)
        expected = normalized(x, *averages([x]), 0.0, layer)
        assert_close(f"{shape}, in evaluation", layer.eval()(x), expected)


@pytest.mark.claim("6.3.2")
def test_settings_that_are_changed_count_from_then_on(batch_norm):
    layer = trained(batch_norm)
    needs(layer, "momentum", "eps", "running_mean", "running_var")
    for momentum, eps in ((0.5, 1e-3), (0.0, 0.5), (0.25, 2.0)):
        layer.momentum, layer.eps = momentum, eps
        for x in several(batch_norm):
            before = layer.running_mean.clone()
            expected = normalized(x, *mean_and_variance(x), eps, layer)
            assert_close(f"eps is now {eps}", layer(x), expected)
            mean = before.double().lerp(mean_and_variance(x)[0], momentum)
            assert_close(f"momentum is now {momentum}", layer.running_mean, mean)


NEAR = [0.25, *(0.25 + 2.0**-power for power in (6, 12, 20, 33))]


@pytest.mark.claim("6.3.2")
def test_settings_that_are_nearly_alike_are_told_apart(batch_norm):
    for near in (*NEAR, *NEAR[::-1]):
        layer, x = trained(batch_norm, count=0, eps=near, momentum=near), several(batch_norm)[0]
        expected = normalized(x, *mean_and_variance(x), near, layer)
        assert_close(f"with an eps of {near}", layer(x), expected)
        assert_averages(f"with a momentum of {near}", layer, [x], near)


@pytest.mark.claim("6.1.1")
def test_weights_count_as_they_are_now(batch_norm):
    cases = itertools.product((True, False), (True, False), several(batch_norm)[:3])
    for mode, recording, x in cases:
        layer = trained(batch_norm).train(mode)
        found = mean_and_variance(x) if mode else averages(several(batch_norm)[:3])
        for changed in (as_they_are, in_place, unseen, in_place, exchanged):
            changed(layer)
            with torch.set_grad_enabled(recording):
                expected = normalized(x, *found, 1e-5, layer)
                assert_close(f"parameters {changed.__name__}", layer(x), expected)


def as_they_are(layer) -> None:
    """A first call, in which somebody may compute what is to serve all others."""


@torch.no_grad()
def in_place(layer) -> None:
    """As an optimizer changes them."""
    layer.weight.mul_(2)
    layer.bias.add_(3)


def unseen(layer) -> None:
    """As averages of weights are written: autograd is told nothing, and no `_version` changes."""
    layer.weight.data.mul_(2)
    layer.bias.data.add_(3)


def exchanged(layer) -> None:
    """As whoever shares or prunes them does."""
    both = [(p.detach() + 1, p.requires_grad) for p in (layer.weight, layer.bias)]
    layer.weight, layer.bias = (nn.Parameter(p, requires_grad=learns) for p, learns in both)


@pytest.mark.claim("6.1.2")
def test_the_mode_is_that_of_the_network_around_it(batch_norm):
    layer, batches = trained(batch_norm, count=0), several(batch_norm)
    needs(layer, "named_modules")  # only who is a module can be a part of a network
    network = nn.Sequential(layer)
    for count, x in enumerate(batches):
        expected = normalized(x, *averages(batches[:count]), 1e-5, layer)
        assert_close(f"the network evaluates, after {count}", network.eval()(x), expected)
        expected = normalized(x, *mean_and_variance(x), 1e-5, layer)
        assert_close("the network trains", network.train()(x), expected)
        assert_averages("the network trains", layer, batches[: count + 1])


@pytest.mark.claim("6.1.5")
def test_a_layer_of_another_dtype_goes_on_with_what_it_has_learned(batch_norm):
    for dtype, mode in itertools.product(inside([torch.float32, torch.float16]), (True, False)):
        layer, twin = trained(batch_norm).train(mode), new_layer(batch_norm, 3, dtype)
        layer(several(batch_norm)[0])
        state = remembered(layer)
        twin.load_state_dict(state)
        x = several(batch_norm, dtype)[0]
        came, expected = layer.to(dtype)(x), twin.train(mode)(x)
        assert torch.equal(came, expected), f"{came.tolist()}, {expected.tolist()} if loaded"
        assert_same_future(f"{widest()} made {dtype}", batch_norm, layer, twin)


@pytest.mark.claim("6.3.2")
def test_parameters_that_are_reset_begin_again(batch_norm):
    layer = teach(trained(batch_norm))
    needs(layer, "reset_parameters", "weight", "bias")
    layer.reset_parameters()
    new = new_layer(batch_norm, 3)
    for name, numbers in remembered(new).items():
        assert torch.equal(layer.state_dict()[name], numbers), f"{name} is {getattr(layer, name)}"


@pytest.mark.claim("6.1.2")
def test_an_empty_batch_stays_empty_in_evaluation(batch_norm):
    layer = trained(batch_norm).eval()
    for x in several(batch_norm):
        with feature("an empty batch"):
            layer(x[:0])
        came = layer(x[:0].requires_grad_())
        assert came.shape == x[:0].shape, f"{tuple(came.shape)} from {tuple(x[:0].shape)}"
        if came.requires_grad:
            (came * grid(*came.shape)).sum().backward()
        gradient = layer.weight.grad
        assert gradient is None or gradient.tolist() == [0.0] * 3, f"of no sample came {gradient}"
        layer.weight.grad = None
