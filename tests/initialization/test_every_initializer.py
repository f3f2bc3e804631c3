"""What every initializer owes its caller: it writes into a tensor, and does nothing else.

All of this is exact. What has to do with chance is in `test_every_random_initializer.py`. The
options of each initializer have claims of their own; here they are left as they are.
"""

import itertools
import random
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from sums_to_one.tests.common import layouts
from sums_to_one.tests.common.component import Component
from sums_to_one.tests.common.inputs import DTYPES, LAID_OUT, VIEWS, grid
from sums_to_one.tests.common.limits import Inside, inside
from sums_to_one.tests.common.options import feature
from sums_to_one.tests.common.statistical import randomness
from sums_to_one.tests.initialization.weights import KERNEL_SHAPES, WEIGHT_SHAPES, unwritten, usual


@pytest.mark.claim("2.0.3")
def test_the_tensor_that_was_given_comes_back(initializer):
    for shape in WEIGHT_SHAPES:
        w = unwritten(*shape)
        assert initializer(w) is w, f"of shape {shape} another one came back"


MATRICES = Inside(itertools.product((1, 2, 3, 8, 17), repeat=2))
LARGE_SHAPES = Inside(((509, 257), (1_048_601, 1), (1, 270_001), (67, 61, 5, 7)))  # beyond 2^20


@pytest.mark.claim("2.0.3")
def test_every_element_is_written(initializer):
    for shape in inside([*WEIGHT_SHAPES, *KERNEL_SHAPES, *MATRICES]):
        w = unwritten(*shape)
        initializer(w)
        assert not w.isnan().any(), f"where there is NaN nothing was written: {w.tolist()}"


@pytest.mark.claim("2.0.3")
def test_every_element_of_a_large_tensor_is_written(initializer):
    for shape in LARGE_SHAPES:
        w = unwritten(*shape)
        initializer(w)
        assert not w.isnan().any(), f"shape {shape}: of {w.numel()} {w.isnan().sum()} are left"


@pytest.mark.claim("2.0.3")
def test_fewer_dimensions_are_written_too(any_shape_initializer):
    for shape in inside([(), (1,), (7,), (1025,)]):
        w = unwritten(*shape)
        assert any_shape_initializer(w) is w, f"of shape {shape} another one came back"
        assert not w.isnan().any(), f"where there is NaN nothing was written: {w.tolist()}"


@pytest.mark.claim("2.0.3")
def test_an_empty_tensor_comes_back_empty(any_shape_initializer):
    for shape in inside([(0,), (3, 0), (0, 3, 5)]):
        w = unwritten(*shape)
        with feature("a tensor without elements"):
            came = any_shape_initializer(w)
        assert came is w, f"of shape {shape} another one came back"
        assert w.shape == shape


LAID_OUT_WEIGHTS = Inside(LAID_OUT[1:])  # a row has no fans


def assert_all_is_written_and_no_more(what: str, initializer: Component, w: Tensor) -> None:
    """Of a tensor of NaN in the middle of other numbers."""
    __tracebackhide__ = True
    memory, before = layouts.memory_of(w), layouts.memory_of(w).clone()
    initializer(w)
    assert not memory.isnan().any(), f"{what}: some elements were not written"
    changed = (memory != before) & ~before.isnan()
    assert not changed.any(), f"{what}: beside it now {memory[changed].tolist()}"


@pytest.mark.claim("2.0.3")
def test_in_a_view_every_element_is_written_and_nothing_beside_it(initializer):
    for (name, layout), shape, dtype in itertools.product(VIEWS.items(), LAID_OUT_WEIGHTS, DTYPES):
        w = layout(grid(*shape).to(dtype)).fill_(torch.nan)
        assert_all_is_written_and_no_more(f"{dtype}, shape {shape}, {name}", initializer, w)


@pytest.mark.claim("2.0.3")
def test_in_layouts_that_are_combined_every_element_is_written_and_no_other(initializer):
    for shape, dtype in itertools.product(inside([(4, 4), (2, 3, 5), (2, 3, 5, 7)]), DTYPES):
        for words, w, _ in layouts.in_pairs(grid(*shape).to(dtype)):
            what = f"{dtype}, shape {shape}, {words}"
            assert_all_is_written_and_no_more(what, initializer, w.fill_(torch.nan))


CONSTANTS = {"constant_": 0.75, "zeros_": 0.0, "ones_": 1.0}


@pytest.mark.claim("2.1.1")
def test_a_constant_is_one_number_in_large_tensors_and_in_views_too(constant_initializer):
    views = (
        v(grid(*s)).fill_(torch.nan) for v, s in itertools.product(VIEWS.values(), LAID_OUT_WEIGHTS)
    )
    for w in itertools.chain(views, (unwritten(*shape) for shape in LARGE_SHAPES)):
        constant_initializer(w)
        others = w[(w != CONSTANTS[constant_initializer.name]) & ~w.isnan()]  # NaN, others tell
        assert len(others) == 0, f"of {w.numel()} elements of {tuple(w.shape)}, {others} are others"


def about(w: Tensor) -> dict[str, object]:
    """All that there is to say of a tensor, but for its numbers."""
    form = {"dtype": w.dtype, "shape": (*w.shape,), "stride": w.stride(), "device": w.device}
    return {**form, "data_ptr": w.data_ptr(), "requires_grad": w.requires_grad}


@pytest.mark.claim("2.0.3")
def test_nothing_about_the_tensor_changes_but_its_numbers(initializer):
    for dtype in DTYPES:
        for w in (unwritten(3, 5, dtype=dtype), unwritten(5, 3, dtype=dtype).T):
            before = about(w)
            initializer(w)
            for what, came in about(w).items():
                assert came == before[what], f"its {what} is {came} now, and was {before[what]}"


@pytest.mark.claim("2.0.3")
def test_whoever_shares_the_memory_sees_the_new_numbers(initializer):
    w = unwritten(3, 5)
    same, row = w.view(-1), w[1]
    initializer(w)
    assert torch.equal(same, w.flatten()), f"a view of it still has {same.tolist()}"
    assert torch.equal(row, w[1]), f"a row of it still has {row.tolist()}"


@pytest.mark.claim("2.0.4")
def test_a_parameter_stays_a_leaf_and_keeps_its_gradient(initializer):
    for dtype in DTYPES:
        w = torch.nn.Parameter(unwritten(3, 5, dtype=dtype))
        gradient = w.grad = torch.ones(3, 5, dtype=dtype)
        assert initializer(w) is w
        assert (w.is_leaf, w.requires_grad, w.grad_fn) == (True, True, None)
        assert w.grad is gradient, "its .grad is another one now"
        assert w.grad.eq(1).all(), f"its .grad is {w.grad.tolist()}"


@pytest.mark.claim("2.0.4")
def test_whether_a_tensor_learns_stays_as_it_was(initializer):
    kinds = (("parameter", torch.nn.Parameter), ("tensor", Tensor.requires_grad_))
    for (kind, made), learns, dtype in itertools.product(kinds, (True, False), DTYPES):
        w = made(unwritten(3, 5, dtype=dtype), learns)
        initializer(w)
        came = w.requires_grad
        assert came == learns, f"of a {kind}, requires_grad is {came} now, and was {learns}"
        assert w.is_leaf, f"a {kind} is no leaf any more"


@pytest.mark.claim("2.0.4")
def test_what_is_computed_from_it_has_the_usual_gradient(initializer):
    w = torch.nn.Parameter(unwritten(3, 5))
    (initializer(w) * 3).sum().backward()
    assert w.grad.eq(3).all(), f"the gradient of sum(3 w) is {w.grad.tolist()}"


@pytest.mark.claim("2.0.4")
def test_a_part_of_a_parameter_can_be_written_alone(initializer):
    w = torch.nn.Parameter(torch.full((5, 3), 7.0, dtype=usual()))
    initializer(w[2:])  # as one does with the gates of an LSTM
    assert (w.is_leaf, w.requires_grad, w.grad_fn) == (True, True, None)
    assert w[:2].eq(7).all(), f"the other part was written to: {w[:2].tolist()}"
    assert not w[2:].eq(7).any(), f"left as they were: {w[2:].tolist()}"


@pytest.mark.claim("2.0.4")
def test_whether_gradients_are_recorded_stays_as_it_was(initializer):
    for enabled in (True, False):
        with torch.set_grad_enabled(enabled):
            initializer(torch.nn.Parameter(unwritten(3, 5)))
            after = torch.is_grad_enabled()
        assert after == enabled, f"gradients were recorded: {enabled} before, {after} after"


@pytest.mark.claim("2.0.5")
def test_what_was_there_before_makes_no_difference(initializer):
    for old in [0.0, -0.0, 1e-40, 1e30, -3e38, torch.inf, -torch.inf, torch.nan]:
        w, other = unwritten(3, 5).fill_(old), unwritten(3, 5).fill_(1)
        for target in (w, other):
            with randomness():
                initializer(target)
        assert torch.equal(w, other), f"over {old}: {w.tolist()}\nover 1: {other.tolist()}"


def states() -> tuple[object, ...]:
    """Where the random numbers of Python and NumPy are, and what seed torch had."""
    numpys: Any = np.random.get_state()  # noqa: NPY002 - it is the old one that all share
    return random.getstate(), numpys[1].tolist(), numpys[2], torch.initial_seed()


@pytest.mark.claim("2.0.5")
def test_the_state_of_python_numpy_and_torch_is_left_as_it_was(initializer):
    before = states()
    for dtype in DTYPES:
        initializer(unwritten(3, 5, dtype=dtype))
        assert states() == before, "other random numbers were drawn, or a seed was set"
        assert torch.get_default_dtype() == torch.float32, "the default dtype is another one"


@pytest.mark.claim("2.0.6")
def test_a_constant_needs_no_randomness(constant_initializer):
    before = torch.get_rng_state()
    for dtype in DTYPES:
        constant_initializer(unwritten(3, 5, dtype=dtype))
    assert torch.equal(before, torch.get_rng_state()), (
        "the state of random numbers changed: some were drawn, or a seed set"
    )


@pytest.mark.claim("2.3.1", "2.4.1")
def test_a_tensor_without_fans_is_refused(fan_initializer):
    for shape, dtype in itertools.product([(), (1,), (7,)], DTYPES):
        with pytest.raises(Exception):  # noqa: B017, PT011 - any kind of refusal will do
            fan_initializer(torch.full(shape, 7.0, dtype=dtype))
        assert torch.is_grad_enabled(), "gradients are no longer recorded"


@pytest.mark.claim("2.3.1", "2.4.1")
def test_a_layer_without_units_or_inputs_comes_back_empty(fan_initializer):
    for shape in inside([(0, 5), (5, 0), (0, 3, 2), (3, 0, 2)]):
        w = unwritten(*shape)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch's Kaiming warns that there is nothing to do
            with feature("a layer without units or inputs"):
                came = fan_initializer(w)
        assert came is w, f"of shape {shape} another one came back"
