"""What batch normalization remembers of its batches, and does with it in evaluation.

An answer must not depend on the other samples of a batch, so evaluation uses averages that training
has collected. They are learned by no gradient, and yet they are part of the model.
"""

import copy
import itertools
from typing import Any

import pytest
import torch
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.gradients import gradient
from sums_to_one.tests.common.inputs import DTYPES, exact, grid
from sums_to_one.tests.common.limits import inside
from sums_to_one.tests.common.options import feature, needs, provides
from sums_to_one.tests.common.refusals import outcome
from sums_to_one.tests.normalization.channels import (
    assert_averages,
    assert_averages_rounded,
    assert_same_future,
    assert_unchanged,
    averages,
    batch,
    by_channel,
    few_of,
    mean_and_variance,
    new_layer,
    normalized,
    remembered,
    several,
    taught,
    teach,
    trained,
    unusual_layer,
)

MOMENTA = (0.1, 0.25, 1.0, 0.0)
KEYS = {"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}


def few(batch_norm, dtype: torch.dtype) -> list[Tensor]:
    """The same of few values, which 16 bits can add up."""
    shapes = inside([shape for shape in few_of(batch_norm) if shape[1] == 3])
    return [batch(*shape, dtype=dtype, turn=turn) for turn, shape in enumerate(shapes * 2)]


@pytest.mark.claim("6.1.5")
def test_the_running_averages_are_those_of_all_batches(batch_norm):
    batches = several(batch_norm)
    for momentum in MOMENTA:
        layer = new_layer(batch_norm, 3, momentum=momentum)
        for count, x in enumerate(batches, start=1):
            layer(x)
            assert_averages(f"momentum {momentum}, {count}", layer, batches[:count], momentum)


@pytest.mark.claim("6.1.5")
def test_the_newest_batch_counts_by_the_momentum(batch_norm):
    shape = {"BatchNorm1d": (-1, 1), "BatchNorm2d": (1, 1, 1, -1)}[batch_norm.name]
    for momentum, numbers in itertools.product((0.0, 0.1, 0.75, 1.0), ([3, 8], [5, -2, 0, 9, 9])):
        layer, mean = new_layer(batch_norm, 1, momentum=momentum), sum(numbers) / len(numbers)
        needs(layer, "running_mean", "running_var")
        layer(exact(numbers).reshape(shape))
        assert_close(f"{momentum}: mean", layer.running_mean, exact([momentum * mean]))
        spread = sum((n - mean) ** 2 for n in numbers) / (len(numbers) - 1)
        expected = exact([1 - momentum + momentum * spread])
        assert_close(f"{momentum}: variance", layer.running_var, expected)


@pytest.mark.claim("6.1.5")
def test_a_tenth_is_of_the_newest_batch_unless_told_otherwise(batch_norm):
    layer, batches = new_layer(batch_norm, 3), several(batch_norm)
    for count, x in enumerate(batches, start=1):
        layer(x)
        assert_averages(f"after {count}", layer, batches[:count], 0.1)


@pytest.mark.claim("6.1.5")
def test_batches_are_counted_in_training_alone(batch_norm):
    for momentum in MOMENTA:
        layer = new_layer(batch_norm, 3, momentum=momentum)
        needs(layer, "num_batches_tracked")
        for count, x in enumerate(several(batch_norm)):
            assert layer.num_batches_tracked.item() == count
            layer.eval()(x)
            layer.train()(x)
        assert layer.num_batches_tracked.dtype == torch.int64, "a count is a whole number"


@pytest.mark.claim("6.1.9")
def test_without_gradients_training_is_training_as_well(batch_norm):
    for mode in (torch.no_grad, torch.inference_mode):
        layer, batches = taught(batch_norm, 3), several(batch_norm)
        with mode():
            for x in batches:
                expected = normalized(x, *mean_and_variance(x), 1e-5, layer)
                assert_close(f"in {mode.__name__}", layer(x), expected)
            assert_averages(f"in {mode.__name__}", layer, batches)


@pytest.mark.claim("6.1.5")
def test_the_averages_keep_no_graph_of_autograd(batch_norm):
    layer, batches = taught(batch_norm, 3), several(batch_norm)
    for x in [batches[0], *batches]:
        layer(x.requires_grad_()).sum().backward()  # twice, which an old graph would not allow
    for name in ("running_mean", "running_var"):
        needs(layer, name)
        average = getattr(layer, name)
        assert not average.requires_grad, f"{name} carries {average.grad_fn}"


@pytest.mark.claim("6.1.5")
def test_the_averages_are_kept_in_the_dtype_of_the_layer(batch_norm):
    for dtype in DTYPES:
        layer, batches = new_layer(batch_norm, 3, dtype), few(batch_norm, dtype)
        for x in batches:
            layer(x)
        assert_averages_rounded(f"{dtype}", layer, batches, dtype)
        found = layer.running_mean.dtype, layer.running_var.dtype
        assert found == (dtype, dtype), f"{found} in a layer of {dtype}"


@pytest.mark.claim("6.1.5")
def test_batches_in_half_precision_leave_the_averages_their_digits(batch_norm):
    for dtype in inside(DTYPES[2:]):
        layer, batches = new_layer(batch_norm, 3, torch.float32), few(batch_norm, dtype)
        for x in batches:
            with feature("half precision in a layer of float32"):
                layer(x)
        assert_averages_rounded(f"{dtype} in float32", layer, batches, dtype)
        found = layer.running_mean.dtype, layer.running_var.dtype
        assert found == (torch.float32, torch.float32), f"{found} in a layer of float32"


@pytest.mark.claim("6.1.2")
def test_in_evaluation_the_running_averages_are_used(batch_norm):
    for eps in (1e-5, 0.5):
        layer, batches = taught(batch_norm, 3, eps=eps), several(batch_norm)
        for count, x in enumerate(batches):
            layer.eval()
            expected = normalized(batches[-1], *averages(batches[:count]), eps, layer)
            assert_close(f"after {count} batches", layer(batches[-1]), expected)
            layer.train()(x)


@pytest.mark.claim("6.1.2")
def test_in_evaluation_every_sample_is_on_its_own(batch_norm):
    layer = trained(batch_norm).eval()
    for x in several(batch_norm):
        alone = torch.cat([layer(sample) for sample in x.split(1)])
        assert_close("one by one", alone, layer(x).detach())
        assert_close("8 more", layer(x + 8) - layer(x), (layer(x * 0 + 8) - layer(x * 0)).detach())


@pytest.mark.claim("6.1.2")
def test_evaluation_changes_nothing(batch_norm):
    for momentum in MOMENTA:
        layer = trained(batch_norm, momentum=momentum)
        before = remembered(layer)
        for x in several(batch_norm):
            layer.eval()(x)
        assert_unchanged(f"momentum {momentum}, evaluated", layer, before)


@pytest.mark.claim("6.1.2")
def test_back_in_training_the_batch_is_used_again(batch_norm):
    layer, batches = taught(batch_norm, 3), several(batch_norm)
    for x in batches:
        layer.eval()(x + 100)
        expected = normalized(x, *mean_and_variance(x), 1e-5, layer)
        assert_close("in training", layer.train()(x), expected)
    assert_averages("the averages", layer, batches)


@pytest.mark.claim("6.1.2")
def test_what_is_in_the_buffers_is_used(batch_norm):
    mean, variance = torch.tensor([[3.0, -5, 0.125], [0.25, 16, 2]]).double()
    for x in several(batch_norm):
        layer = taught(batch_norm, 3).eval()
        layer(x)
        needs(layer, "running_mean", "running_var")
        layer.running_mean.copy_(mean)
        layer.running_var.copy_(variance)
        assert_close("by copy_", layer(x), normalized(x, mean, variance, 1e-5, layer))
        layer.running_mean.data.copy_(variance)  # of which autograd is told nothing
        layer.running_var.data.copy_(mean.abs())
        expected = normalized(x, variance, mean.abs(), 1e-5, layer)
        assert_close("by .data.copy_", layer(x), expected)


@pytest.mark.claim("6.1.4")
def test_in_evaluation_the_gradient_is_weight_over_the_root(batch_norm):
    for eps, dtype in itertools.product((1e-5, 0.5), inside(DTYPES[:2])):
        layer = trained(batch_norm, dtype, eps=eps).eval()
        needs(layer, "running_var")
        scale = layer.weight.double() / (layer.running_var.double() + eps).sqrt()
        for x in several(batch_norm, dtype):
            cotangent = grid(*x.shape).to(dtype)
            expected = cotangent * scale.detach().reshape(-1, *[1] * (x.ndim - 2))
            assert_close("the gradient", gradient(layer, x, cotangent), expected)


@pytest.mark.claim("6.1.4")
def test_in_evaluation_weight_and_bias_get_their_gradients(batch_norm):
    cases = itertools.product((1e-5, 0.5), inside(DTYPES[:2]), range(len(several(batch_norm))))
    for eps, dtype, turn in cases:
        x, layer = several(batch_norm, dtype)[turn], trained(batch_norm, dtype, eps=eps).eval()
        cotangent = grid(*x.shape).to(dtype)
        (layer(x.requires_grad_(turn % 2 == 0)) * cotangent).sum().backward()
        needs(layer, "running_mean", "running_var")
        running = layer.running_mean.double(), layer.running_var.double()
        plain, pull = by_channel(normalized(x, *running, eps)), by_channel(cotangent)
        assert_close("the weight's", layer.weight.grad, (plain * pull).sum(1))
        assert_close("the bias's", layer.bias.grad, pull.sum(1))


@pytest.mark.claim("6.3.2")
def test_without_running_statistics_evaluation_is_like_training(batch_norm):
    layer = teach(unusual_layer(batch_norm, 3, track_running_stats=False))
    tracked = taught(batch_norm, 3)
    for mode, x in itertools.product((True, False), several(batch_norm)):
        expected, pull = tracked(x).detach(), gradient(tracked, x, grid(*x.shape))
        assert_close(f"training is {mode}", layer.train(mode)(x), expected)
        assert_close("its gradient", gradient(layer, x, grid(*x.shape)), pull)
    for name in KEYS - {"weight", "bias"}:
        assert getattr(layer, name, None) is None, f"{name} is {getattr(layer, name)}"


@pytest.mark.claim("6.3.2")
def test_without_running_statistics_one_value_a_channel_is_refused_or_becomes_the_bias(batch_norm):
    layer = teach(unusual_layer(batch_norm, 3, track_running_stats=False))
    one = batch(1, 3, *[1] * (several(batch_norm)[-1].ndim - 2))
    with pytest.raises(Exception, match=r"."):  # and it says why
        layer.train()(one)
    came = outcome(lambda: layer.eval()(one))  # of one value the mean is the value itself
    if not isinstance(came, Exception):
        assert_close("in evaluation", came.flatten(), layer.bias.detach().double())


@pytest.mark.claim("6.1.5")
def test_a_layer_saves_parameters_and_averages_by_these_names(batch_norm):
    layer = new_layer(batch_norm, 3)
    needs(layer, "weight", "bias", "running_mean", "running_var")
    saved = {name: tuple(numbers.shape) for name, numbers in remembered(layer).items()}
    expected = dict.fromkeys(("weight", "bias", "running_mean", "running_var"), (3,))
    counted = {"num_batches_tracked": ()} if hasattr(layer, "num_batches_tracked") else {}
    assert saved == expected | counted


@pytest.mark.claim("6.3.2")
@pytest.mark.parametrize(
    ("option", "without"),
    [
        ("affine", {"weight", "bias"}),
        ("bias", {"bias"}),
        ("track_running_stats", {"running_mean", "running_var", "num_batches_tracked"}),
    ],
)
def test_what_a_layer_is_told_to_do_without_it_does_not_save(batch_norm, option, without):
    layer = unusual_layer(batch_norm, 3, **{option: False})
    usual = remembered(new_layer(batch_norm, 3))
    assert remembered(layer).keys() == usual.keys() - without


@pytest.mark.claim("6.1.5")
def test_after_loading_it_continues_bit_for_bit(batch_norm):
    for dtype, count in itertools.product(DTYPES, (0, 3)):
        layer, fresh = trained(batch_norm, dtype, count), new_layer(batch_norm, 3, dtype)
        saved = remembered(layer)
        fresh.load_state_dict(saved)
        assert_same_future(f"{dtype}, loaded after {count}", batch_norm, fresh, layer)


@pytest.mark.claim("6.1.5")
def test_it_can_be_set_back(batch_norm):
    layer, twin = (trained(batch_norm, count=1) for _ in range(2))
    saved = remembered(layer)
    for x in several(batch_norm):
        layer.train()(x)
        layer.eval()(x)
    layer.load_state_dict(saved)  # while in evaluation, which it stays
    x = several(batch_norm)[-1]
    assert_close("evaluated", layer(x), twin.eval()(x).detach())
    assert_same_future("set back", batch_norm, layer, twin)


@pytest.mark.claim("6.1.5")
def test_averages_that_are_reset_begin_again(batch_norm):
    layer = trained(batch_norm)
    needs(layer, "reset_running_stats")
    layer.reset_running_stats()
    batches = several(batch_norm)
    for count, x in enumerate(batches, start=1):
        assert getattr(layer, "num_batches_tracked", count - 1) == count - 1
        layer(x)
        assert_averages(f"reset, and after {count}", layer, batches[:count])


@pytest.mark.claim("6.1.5")
def test_copies_go_their_own_ways(batch_norm):
    settings: Any = {n: v for n, v in (("eps", 0.5), ("momentum", 0.25)) if provides(batch_norm, n)}
    layer, twin = (trained(batch_norm, **settings) for _ in range(2))
    other = copy.deepcopy(layer)
    before = remembered(layer)
    for x in several(batch_norm):
        other(x + 8)
    assert_unchanged("a copy was trained", layer, before)
    assert_same_future("after its copy was trained", batch_norm, layer, twin)
    assert_same_future("a copy", batch_norm, copy.deepcopy(layer), layer)


@pytest.mark.claim("6.1.5")
def test_without_a_momentum_all_batches_count_alike(batch_norm):
    layer, batches = unusual_layer(batch_norm, 3, momentum=None), several(batch_norm)
    for count, x in enumerate(batches, start=1):
        assert getattr(layer, "num_batches_tracked", count - 1) == count - 1
        layer.train()(x)
        assert_averages(f"after {count}", layer, batches[:count], None)
        expected = normalized(x, *averages(batches[:count], None), 1e-5)
        assert_close("in evaluation", layer.eval()(x), expected)


@pytest.mark.claim("6.1.5")
def test_without_a_momentum_the_count_goes_on_after_loading(batch_norm):
    batches = several(batch_norm)
    for before, after in ((0, 1), (1, 3), (3, 1)):
        layer, saved = (unusual_layer(batch_norm, 3, momentum=None) for _ in range(2))
        for which, count in ((layer, after), (saved, before)):
            for x in batches[:count]:
                which(x)
        state = remembered(saved)
        layer.load_state_dict(state)
        layer(batches[before])
        assert_averages(f"{before} batches and one more", layer, batches[: before + 1], None)


@pytest.mark.claim("6.1.5")
def test_two_layers_share_nothing(batch_norm):
    layer, other = batch_norm(3), batch_norm(3)
    needs(layer, "weight", "state_dict", "load_state_dict")
    other.load_state_dict(layer.state_dict())  # a copy of the numbers, not the tensors
    before = remembered(other)
    for x in several(batch_norm, torch.get_default_dtype()):
        layer(x).sum().backward()
    with torch.no_grad():
        layer.weight.mul_(2)
    assert_unchanged("another layer was trained", other, before)


@pytest.mark.claim("6.1.5")
def test_it_remembers_after_hundreds_of_batches_as_after_a_few(batch_norm):
    x = several(batch_norm)[0]
    batches = [x] * 260 + [x + 8] * 40
    for momentum in (0.1, None):
        layer = unusual_layer(batch_norm, 3, momentum=momentum)
        for each in batches:
            layer(each)
        assert_averages_rounded(f"momentum {momentum}", layer, batches, x.dtype, momentum)
