"""Where chance comes from in the initializers that draw: from a seed, and from nothing else.

What the numbers are like is in `test_every_distribution.py`. The options of each initializer have
claims of their own; but for one claim here, they are left as they are.
"""

from typing import Any

import pytest
import torch
from torch import Tensor

from sums_to_one.tests.common import layouts
from sums_to_one.tests.common.component import Component
from sums_to_one.tests.common.here import generator
from sums_to_one.tests.common.inputs import DTYPES
from sums_to_one.tests.common.limits import inside
from sums_to_one.tests.common.statistical import assert_mean, assert_std, normal_scores, randomness
from sums_to_one.tests.initialization.weights import (
    PRECISE,
    WEIGHT_SHAPES,
    asked,
    drawn,
    unwritten,
    usual,
)


def shapes_and_dtypes() -> list[tuple[tuple[int, ...], torch.dtype]]:
    """Every shape in the usual dtype, every dtype in one shape."""
    shapes = [*WEIGHT_SHAPES]
    return [*((shape, usual()) for shape in shapes), *((shapes[1], dtype) for dtype in DTYPES)]


def four_calls(
    initializer: Component,
    shape: tuple[int, ...],
    dtype: torch.dtype | None = None,
    further: int = 0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """What four calls draw, from torch's randomness or from a generator."""
    options = {} if generator is None else {"generator": generator}
    with randomness(further):
        each = [initializer(unwritten(*shape, dtype=dtype), **options) for _ in range(4)]
    return torch.stack([w.clone() for w in each])


@pytest.mark.claim("2.0.6")
def test_the_same_seed_gives_the_same_weights(random_initializer):
    for shape, dtype in shapes_and_dtypes():
        one, same, other = (four_calls(random_initializer, shape, dtype, k) for k in (0, 0, 1))
        assert torch.equal(one, same), (
            f"{dtype} of shape {shape}: the same seed gives other numbers"
        )
        assert not torch.equal(one, other), f"{dtype} of shape {shape}: no seed changes it"


@pytest.mark.claim("2.0.6")
def test_a_generator_is_all_that_decides(random_initializer):
    asked(random_initializer, generator=generator(20))
    for shape, dtype in shapes_and_dtypes():
        one, same, other = (
            four_calls(random_initializer, shape, dtype, further, generator(seed))
            for further, seed in [(0, 20), (1, 20), (1, 21)]  # of torch, and of the generator
        )
        assert torch.equal(one, same), (
            f"{dtype} of shape {shape}: generators of one seed give other numbers"
        )
        assert not torch.equal(one, other), f"{dtype} of shape {shape}: no generator changes it"


@pytest.mark.claim("2.0.6")
def test_the_next_call_gives_other_weights(random_initializer):
    for shape in WEIGHT_SHAPES:
        each = four_calls(random_initializer, shape)
        assert len(each.unique(dim=0)) == len(each), (
            f"no two calls should be alike, came {each.tolist()}"
        )


def assert_the_generator_decides(
    what: str, initializer: Component, each: list[Tensor], **options: Any
) -> None:
    """Of three tensors, two that are written to with the same seed become the same."""
    __tracebackhide__ = True
    before = torch.get_rng_state()
    for w, seed in zip(each, (20, 20, 21), strict=True):
        came = initializer(w, generator=generator(seed), **options)
        assert came is w, f"{what}: another tensor came back"
    assert torch.equal(each[0], each[1]), f"{what}: generators of one seed give other numbers"
    assert not torch.equal(each[0], each[2]), f"{what}: no generator changes it"
    assert torch.equal(before, torch.get_rng_state()), f"{what}: torch's state moved"


@pytest.mark.claim("2.0.6")
def test_a_generator_decides_wherever_the_numbers_lie(random_initializer):
    asked(random_initializer, generator=generator(20))
    for shape in inside([(3, 5), (2, 3, 5, 7)]):
        both = (layouts.in_pairs(unwritten(*shape)) for _ in range(2))
        for (words, one, same), (_, other, _) in zip(*both, strict=True):
            assert_the_generator_decides(words, random_initializer, [one, same, other])


XAVIERS = [{"gain": 0.5}, {"gain": 5 / 3}]
KAIMINGS = [
    {"mode": mode, "nonlinearity": nonlinearity, "a": a}
    for mode in ("fan_in", "fan_out")
    for nonlinearity in ("leaky_relu", "relu", "tanh", "linear", "sigmoid", "selu", "conv2d")
    for a in (0, 0.2)
]
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "normal_": [{"mean": 3, "std": 2}, {"mean": -1}, {"std": 0.5}],
    "uniform_": [{"a": -2, "b": 5}, {"a": -1}, {"b": 2}],
    "xavier_uniform_": XAVIERS,
    "xavier_normal_": XAVIERS,
    "kaiming_uniform_": KAIMINGS,
    "kaiming_normal_": KAIMINGS,
}


@pytest.mark.claim("2.0.3", "2.0.4", "2.0.6")
def test_options_change_the_distribution_and_nothing_else(random_initializer):
    for options in OPTIONS[random_initializer.name]:
        asked(random_initializer, **options, generator=generator(20))
        each = [torch.nn.Parameter(unwritten(3, 5)) for _ in range(3)]
        assert_the_generator_decides(f"with {options}", random_initializer, each, **options)
        for w in each:
            assert (w.is_leaf, w.requires_grad, w.grad_fn) == (True, True, None)
            assert not w.isnan().any(), f"with {options} NaN is left: {w.tolist()}"


OTHER_OPTIONS: dict[str, dict[str, Any]] = {
    "normal_": {"mean": 3, "std": 0.25},
    "uniform_": {"a": -3, "b": -2},
    "xavier_uniform_": {"gain": 3},
    "xavier_normal_": {"gain": 3},
    "kaiming_uniform_": {"mode": "fan_out", "a": 2},
    "kaiming_normal_": {"mode": "fan_out", "a": 2},
}


@pytest.mark.claim("2.2.1", "2.3.1", "2.4.1")
def test_a_generator_changes_the_numbers_and_not_their_distribution(random_initializer):
    options = OTHER_OPTIONS[random_initializer.name]
    for dtype in PRECISE:
        without = drawn(random_initializer, 101, 257, dtype=dtype, **options).double()
        options_too = {**options, "generator": generator(20)}
        w = drawn(random_initializer, 101, 257, dtype=dtype, **options_too)
        scores = normal_scores(w, without.mean(), without.std()).flatten()
        assert_mean(f"the numbers in {dtype}, with {options}", scores, blur=0.05)
        assert_std(f"the numbers in {dtype}, with {options}", scores, blur=0.05)


@pytest.mark.claim("2.0.5")
def test_options_are_forgotten_when_the_next_call_has_others(random_initializer):
    options, shape = OTHER_OPTIONS[random_initializer.name], (103, 211)
    first = drawn(random_initializer, *shape)
    other = drawn(random_initializer, *shape, **options)
    again = drawn(random_initializer, *shape)
    assert torch.equal(first, again), f"after a call with {options}, {again} in place of {first}"
    assert not torch.equal(first, other), f"{options} changed nothing"


@pytest.mark.claim("2.0.6")
def test_a_generator_decides_a_large_weight_to_its_end(random_initializer):
    asked(random_initializer, generator=generator(20))
    each = [unwritten(187_511, 7) for _ in range(3)]
    assert_the_generator_decides("a large weight", random_initializer, each)


@pytest.mark.claim("2.0.6")
def test_no_generator_is_torchs_own_randomness(random_initializer):
    asked(random_initializer, generator=generator(20))
    one, same = drawn(random_initializer, 3, 5), drawn(random_initializer, 3, 5, generator=None)
    assert torch.equal(one, same), f"without {one.tolist()}, with None {same.tolist()}"


@pytest.mark.claim("2.0.6")
def test_a_generator_moves_on_from_call_to_call(random_initializer):
    asked(random_initializer, generator=generator(20))
    for shape in WEIGHT_SHAPES:
        random, again = generator(20), generator()
        each = four_calls(random_initializer, shape, generator=random)
        assert len(each.unique(dim=0)) == len(each), (
            f"no two calls should be alike, came {each.tolist()}"
        )
        again.set_state(random.get_state())
        one, same = (random_initializer(unwritten(*shape), generator=g) for g in (random, again))
        assert torch.equal(one, same), f"from one state {one.tolist()} and {same.tolist()}"


@pytest.mark.claim("2.0.6")
def test_a_generator_leaves_the_other_randomness_alone(random_initializer):
    asked(random_initializer, generator=generator(20))
    random = generator(20)
    torch.rand(3)  # so that setting the seed, too, would be a change
    before = torch.get_rng_state()
    for shape, dtype in shapes_and_dtypes():
        random_initializer(unwritten(*shape, dtype=dtype), generator=random)
        assert torch.equal(before, torch.get_rng_state()), f"torch's state moved, at {shape}"
