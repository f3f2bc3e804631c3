"""Batch, stochastic and mini-batch gradient descent are one function of the batch size.

Two laws define it: a step goes against the mean gradient of its batch, and an epoch deals out all
samples at random. What the three kinds trade follows: a batch drawn at random points the right
way on average, and its size sets how far it strays from there and how much memory it takes.
"""

import functools
import itertools
import math
from typing import Any, NamedTuple

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Generator, Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.inputs import DTYPES, eighths, exact, grid
from sums_to_one.tests.common.statistical import assert_mean, assert_std, randomness


class Samples(NamedTuple):
    x: Tensor  # rows of three numbers
    y: Tensor  # rows of two


class Batch(NamedTuple):
    """What the loss was asked, and what it answered: for these rows, at these parameters."""

    rows: list[Tensor]
    at: list[Tensor]
    loss: float


class Plan(NamedTuple):
    samples: int
    batch_size: int
    epochs: int

    @property
    def sizes(self) -> list[int]:
        """How large the batches of an epoch must be, one after the other."""
        whole, rest = divmod(self.samples, self.batch_size)
        return [self.batch_size] * whole + [rest] * (rest > 0)


def regression(parameters, x, y):
    weight, bias = parameters
    return (x @ weight + bias - y).square().mean()


def network(parameters, x, y):
    first, bias, second = parameters
    return (torch.tanh(x @ first + bias) @ second - y).square().mean()


SHAPES = {regression: [(3, 2), (2,)], network: [(3, 5), (5,), (5, 2)]}
models = st.sampled_from([regression, network])
rates = st.integers(1, 4).map(lambda n: n / 8)
plans = st.integers(1, 11).flatmap(
    lambda n: st.builds(Plan, st.just(n), st.integers(1, n), st.integers(1, 2))
)


@st.composite
def samples(draw: st.DrawFn) -> Samples:
    rows = draw(st.lists(st.tuples(*[eighths(1)] * 5), min_size=1, max_size=5))
    return Samples(*exact(rows).split([3, 2], dim=1))


def some(count: int) -> Samples:
    """So many samples, always the same."""
    return Samples(*grid(count, 5, limit=1).split([3, 2], dim=1))


def part(data: Samples, numbers: Any) -> Samples:
    return Samples(data.x[numbers], data.y[numbers])


def start(model, dtype: torch.dtype = torch.float64) -> list[Tensor]:
    return [grid(*shape, limit=1).to(dtype).requires_grad_() for shape in SHAPES[model]]


def in_a_row(parameters: list[Tensor]) -> Tensor:
    return torch.cat([p.detach().flatten() for p in parameters])


def gradient(model, parameters: list[Tensor], rows) -> Tensor:
    """The gradient of the loss of these rows, in float64, all parameters in a row."""
    leaves = [p.detach().double().requires_grad_() for p in parameters]
    return in_a_row(list(torch.autograd.grad(model(leaves, *(r.double() for r in rows)), leaves)))


def seed(number: int) -> Generator:
    return Generator().manual_seed(number)


def watched(gradient_descent, model, data, parameters, **options) -> tuple[Any, list[Batch]]:
    """What a call returns, and all its batches, in their order."""
    batches = []

    def loss(*rows: Tensor) -> Tensor:
        value = model(parameters, *rows)
        at = [p.detach().clone() for p in parameters]
        batches.append(Batch([r.clone() for r in rows], at, value.item()))
        return value

    return gradient_descent(parameters, loss, data, **{"lr": 0.125, **options}), batches


def ended(gradient_descent, model, data, **options) -> Tensor:
    """Where a call ends that nobody watches, all parameters in a row."""
    parameters = start(model)
    loss = functools.partial(model, parameters)
    gradient_descent(parameters, loss, data, **{"lr": 0.125, "batch_size": len(data.x), **options})
    return in_a_row(parameters)


def direction(gradient_descent, model, data: Samples) -> Tensor:
    """The gradient of all these data, as a step of the subject tells it."""
    return (in_a_row(start(model)) - ended(gradient_descent, model, data)) / 0.125


def dealt(
    gradient_descent, plan: Plan, generator: Generator | None = None
) -> list[list[list[int]]]:
    """By epoch and batch the numbers of its samples, which have no order within it."""
    options = {"batch_size": plan.batch_size, "epochs": plan.epochs, "generator": generator}
    w, numbers = torch.zeros(1, requires_grad=True), torch.arange(plan.samples)[:, None]
    _, found = watched(gradient_descent, lambda p, n: (p[0] * n).mean(), numbers, [w], **options)
    batches = [sorted(batch.rows[0].flatten().tolist()) for batch in found]
    count = len(plan.sizes)
    return [batches[i : i + count] for i in range(0, len(batches), count)]


# All data at once.


@pytest.mark.claim("4.1.1")
@given(samples(), models, rates)
def test_a_step_on_all_data_goes_against_the_mean_of_the_single_gradients(
    gradient_descent, data, model, lr
):
    before = start(model)
    singles = [gradient(model, before, part(data, [i])) for i in range(len(data.x))]
    expected = in_a_row(before) - lr * torch.stack(singles).mean(dim=0)
    assert_close("the parameters", ended(gradient_descent, model, data, lr=lr), expected)


@pytest.mark.claim("4.1.1")
def test_with_all_data_in_a_batch_the_order_makes_no_difference(gradient_descent):
    one, *others = (
        ended(gradient_descent, network, some(7), epochs=5, generator=seed(n)) for n in range(4)
    )
    for other in others:
        assert_close("the parameters, with another seed", other, one)


class Memory(torch.autograd.graph.saved_tensors_hooks):
    """Counts the numbers that are kept for the backward pass: at the moment, and at most."""

    def __init__(self) -> None:
        super().__init__(lambda tensor: Kept(self, tensor), lambda kept: kept.tensor)
        self.now = self.most = 0


class Kept:
    """A tensor that autograd keeps, until it forgets it."""

    def __init__(self, memory: Memory, tensor: Tensor) -> None:
        self.memory, self.tensor = memory, tensor
        memory.now += tensor.numel()
        memory.most = max(memory.most, memory.now)

    def __del__(self) -> None:
        self.memory.now -= self.tensor.numel()


def most_kept(gradient_descent, samples: int, **options) -> int:
    memory = Memory()
    with memory:
        ended(gradient_descent, network, some(samples), **options)
    return memory.most


@pytest.mark.claim("4.1.1")
def test_every_further_sample_takes_as_much_memory_again(gradient_descent):
    one, two = most_kept(gradient_descent, 1), most_kept(gradient_descent, 2)
    assert two > one, f"{one} numbers are kept for one sample, {two} for two"
    for n in (3, 5, 13, 101):
        came, expected = most_kept(gradient_descent, n), one + (n - 1) * (two - one)
        assert came == expected, f"{came} numbers are kept for {n} samples, not {expected}"


@pytest.mark.claim("4.1.1")
def test_memory_depends_on_the_batch_alone(gradient_descent):
    expected = most_kept(gradient_descent, 2)
    for n, epochs in ((4, 1), (10, 1), (10, 5), (101, 1)):
        came = most_kept(gradient_descent, n, batch_size=2, epochs=epochs)
        where = f"{n} samples, {epochs} epochs, batches of 2"
        assert came <= expected, f"{where}: {came} numbers are kept; one batch takes {expected}"


@pytest.mark.claim("4.1.1")
def test_gradients_added_up_part_by_part_give_the_same_direction(gradient_descent):
    data = some(13)
    for size in (1, 2, 5, 12):
        total = torch.zeros_like(in_a_row(start(network)))
        for numbers in torch.arange(13).split(size):
            share = len(numbers) / 13
            total += share * direction(gradient_descent, network, part(data, numbers))
        assert_close(f"in parts of {size}", total, direction(gradient_descent, network, data))


# A batch drawn at random.


def directions(gradient_descent, model, data: Samples, batches) -> Tensor:
    return torch.stack([direction(gradient_descent, model, part(data, list(b))) for b in batches])


def variance(of: Tensor) -> Tensor:
    return of.var(dim=0, correction=0)


@pytest.mark.claim("4.1.2", "4.1.3")
@pytest.mark.parametrize("model", [regression, network], ids=lambda model: model.__name__)
def test_all_batches_of_b_have_the_right_mean_and_the_variance_that_is_said(
    gradient_descent, model
):
    n, data = 7, some(7)
    full = direction(gradient_descent, model, data)
    singles = directions(gradient_descent, model, data, itertools.combinations(range(n), 1))
    for b in range(1, n + 1):
        each = directions(gradient_descent, model, data, itertools.combinations(range(n), b))
        assert_close(f"the mean of all batches of {b}", each.mean(dim=0), full)
        said = variance(singles) / b * (n - b) / (n - 1)
        assert_close(f"the variance with {b}", variance(each), said)


@pytest.mark.claim("4.1.3")
def test_drawn_with_replacement_the_variance_is_that_of_one_sample_over_b(gradient_descent):
    came = []
    for b in (1, 2, 3):
        batches = itertools.product(range(5), repeat=b)
        came.append(variance(directions(gradient_descent, network, some(5), batches)))
        assert_close(f"the variance with {b}", came[-1], came[0] / b)


# Refused with odds of 99.9 % are scores whose mean is 0.55 off, or whose std is 0.66 or 1.45.
DRAWN = [Plan(5, 1, 300), Plan(11, 3, 300), Plan(23, 17, 300)]
every_plan = pytest.mark.parametrize(
    "plan", DRAWN, ids=lambda plan: f"{plan.batch_size} of {plan.samples}"
)


@functools.cache  # three claims look at the same steps
def moves(gradient_descent, plan: Plan) -> Tensor:
    """How often each sample (last dimension) is in each batch of each epoch, told from the moves.

    The gradient of a sample is a row of zeros with a single 1, wherever the parameters are.
    """
    w, one_hot = torch.zeros(plan.samples, requires_grad=True), torch.eye(plan.samples)
    options = {"lr": 1.0, "batch_size": plan.batch_size, "epochs": plan.epochs}
    with randomness():
        _, batches = watched(
            gradient_descent, lambda p, x: (x @ p[0]).mean(), one_hot, [w], **options
        )
    places = torch.stack([*(batch.at[0] for batch in batches), w.detach()])
    sizes = torch.tensor([len(batch.rows[0]) for batch in batches])
    return (-places.diff(dim=0) * sizes[:, None]).round().reshape(plan.epochs, -1, plan.samples)


def scores_of(counts: Tensor, marked: int, others: int, size: int) -> Tensor:
    """How many of the marked samples are in a batch of that size, made standard normal.

    Their law is hypergeometric. Each whole number becomes any number of its share of the law.
    """
    ways = [math.comb(marked, k) * math.comb(others, size - k) for k in range(size + 1)]
    share, counts = exact(ways) / math.comb(marked + others, size), counts.long().clamp(0, size)
    within = torch.rand(counts.shape, generator=seed(0), dtype=torch.float64)
    below = share.cumsum(dim=0)[counts] - share[counts]
    return torch.special.ndtri((below + within * share[counts]).clamp(1e-15, 1 - 1e-15))


def strays(gradient_descent, plan: Plan) -> dict[str, Tensor]:
    """By how much the moves miss the full gradient, along two directions.

    As scores: a row for each batch of an epoch, a column for each epoch.
    """
    batches, first = moves(gradient_descent, plan), torch.arange(plan.samples) < plan.samples // 2
    found = {}
    for half, marked in {"first half": first, "middle": first.roll(plan.samples // 4)}.items():
        counts, k = batches[:, :, marked].sum(dim=2).T, int(marked.sum())
        sizes = batches[0].sum(dim=1).int().tolist()
        of_each = zip(counts, sizes, strict=True)
        rows = [scores_of(row, k, plan.samples - k, size) for row, size in of_each]
        found[f"samples of the {half} in each batch of an epoch"] = torch.stack(rows)
    return found


@pytest.mark.claim("4.1.2")
@every_plan
def test_the_moves_are_right_on_average(gradient_descent, plan):
    for what, scores in strays(gradient_descent, plan).items():
        assert_mean(f"the number of {what}", scores)


@pytest.mark.claim("4.1.3")
@every_plan
def test_the_moves_stray_as_far_as_the_size_of_the_batch_says(gradient_descent, plan):
    for what, scores in strays(gradient_descent, plan).items():
        assert_std(f"the number of {what}", scores)


@pytest.mark.claim("4.1.5")
@every_plan
def test_an_epoch_says_nothing_about_those_after_it(gradient_descent, plan):
    first = moves(gradient_descent, plan)[:, 0]
    size = int(first[0].sum())
    for further in (1, 2, 3):
        again = (first[:-further] * first[further:]).sum(dim=1)
        scores = scores_of(again, size, plan.samples - size, size)
        sentence = f"how many of a first batch are in the first batch {further} epochs later, too"
        assert_mean(sentence, scores)


# The step.


@pytest.mark.claim("4.1.4")
@given(samples(), models, rates, st.integers(1, 5), st.integers(1, 2))
def test_each_step_starts_where_the_one_before_ended(
    gradient_descent, data, model, lr, size, epochs
):
    parameters, options = start(model), {"batch_size": min(size, len(data.x)), "epochs": epochs}
    _, batches = watched(gradient_descent, model, data, parameters, lr=lr, **options)
    expected = start(model)
    for batch in batches:
        assert_close("where a step starts", in_a_row(batch.at), in_a_row(expected))
        moved = in_a_row(expected) - lr * gradient(model, expected, batch.rows)
        pieces = moved.split([p.numel() for p in expected])
        expected = [m.reshape(p.shape) for m, p in zip(pieces, expected, strict=True)]
    assert_close("where the last one ends", in_a_row(parameters), in_a_row(expected))


@pytest.mark.claim("4.1.4")
def test_the_loss_of_every_batch_before_its_step_is_returned(gradient_descent):
    for model in (regression, lambda *rows: regression(*rows).reshape(1)):
        options = {"batch_size": 3, "epochs": 2}
        came, batches = watched(gradient_descent, model, some(7), start(regression), **options)
        assert [type(loss) for loss in came] == [float] * 6
        assert came == [batch.loss for batch in batches]


@pytest.mark.claim("4.1.4")
def test_numbers_of_any_precision_are_moved(gradient_descent):
    for dtype in DTYPES:
        data, parameters = tuple(t.to(dtype) for t in some(7)), start(network, dtype)
        _, batches = watched(
            gradient_descent, network, data, parameters, lr=0.5, batch_size=3, epochs=2
        )
        places = [in_a_row(batch.at) for batch in batches] + [in_a_row(parameters)]
        for batch, (before, after) in zip(batches, itertools.pairwise(places), strict=True):
            expected = before.double() - 0.5 * gradient(network, batch.at, batch.rows)
            assert_close(f"after a step in {dtype}", after, expected)
            assert after.dtype == dtype


@pytest.mark.claim("4.1.4")
def test_gradients_from_before_do_not_count(gradient_descent):
    parameters, options = start(network), {"lr": 0.125, "batch_size": 7, "epochs": 2}
    for p in parameters:
        p.grad = torch.ones_like(p)
    gradient_descent(parameters, functools.partial(network, parameters), some(7), **options)
    expected = ended(gradient_descent, network, some(7), **options)
    assert_close("where it ends", in_a_row(parameters), expected)


@pytest.mark.claim("4.1.4")
def test_what_the_loss_does_not_use_stays(gradient_descent):
    unused, used = grid(3).requires_grad_(), grid(2).requires_grad_()
    options = {"batch_size": 2, "epochs": 2}
    watched(gradient_descent, lambda p, x: (x @ p[1]).mean(), grid(5, 2), [unused, used], **options)
    assert torch.equal(unused, grid(3)), f"should be {grid(3)}, came {unused}"


@pytest.mark.claim("4.1.4")
def test_what_only_some_batches_use_moves_with_these_alone(gradient_descent):
    pair, turn = [torch.zeros(2, requires_grad=True) for _ in range(2)], itertools.cycle([0, 1])
    data, options = grid(6, 2).float(), {"batch_size": 1}
    _, batches = watched(
        gradient_descent, lambda p, x: (x @ p[next(turn)]).mean(), data, pair, **options
    )
    for i, (one, other) in enumerate(itertools.pairwise(batch.at for batch in batches)):
        idle = 1 - i % 2
        assert torch.equal(one[idle], other[idle]), f"without a gradient it moved to {other[idle]}"


@pytest.mark.claim("4.1.4")
def test_parameters_may_be_such_as_can_be_gone_through_once(gradient_descent):
    parameters, options = start(network), {"lr": 0.125, "batch_size": 7, "epochs": 3}
    loss = functools.partial(network, parameters)
    gradient_descent(iter(parameters), loss, some(7), **options)
    expected = ended(gradient_descent, network, some(7), **options)
    assert_close("where it ends", in_a_row(parameters), expected)


@pytest.mark.claim("4.1.4")
def test_parameters_are_written_to_and_stay_leaves(gradient_descent):
    parameters = start(network)
    views = [p.detach() for p in parameters]
    watched(gradient_descent, network, some(7), parameters, batch_size=3)
    for p, view in zip(parameters, views, strict=True):
        assert torch.equal(p, view), f"the parameters are {p}, a view of them is {view}"
        assert (p.is_leaf, p.requires_grad) == (True, True), "whether it is a leaf that learns"


@pytest.mark.claim("4.1.4")
def test_without_an_epoch_nothing_happens(gradient_descent):
    parameters = start(network)
    came, batches = watched(gradient_descent, network, some(7), parameters, batch_size=3, epochs=0)
    assert (came, batches) == ([], [])
    assert torch.equal(in_a_row(parameters), in_a_row(start(network))), "it moved all the same"


@pytest.mark.claim("4.1.4")
def test_with_a_learning_rate_of_0_the_losses_come_and_nothing_moves(gradient_descent):
    parameters = start(network)
    came, _ = watched(gradient_descent, network, some(7), parameters, lr=0, batch_size=3, epochs=2)
    assert len(came) == 6, f"there are 6 batches, {len(came)} losses came"
    assert torch.equal(in_a_row(parameters), in_a_row(start(network))), "it moved all the same"


NONSENSE: dict[str, dict[str, Any]] = {
    "batches of 0": {"batch_size": 0},
    "batches of -1": {"batch_size": -1},
    "batches larger than the data": {"batch_size": 8},
    "-1 epochs": {"epochs": -1},
    "a learning rate below 0": {"lr": -0.125},
    "fewer labels": {"data": (torch.zeros(7, 3), torch.zeros(5, 2))},
    "more labels": {"data": (torch.zeros(5, 3), torch.zeros(7, 2))},
    "no samples": {"data": torch.zeros(0, 3)},
}


@pytest.mark.claim("4.1.4")
@pytest.mark.parametrize("wrong", NONSENSE.values(), ids=NONSENSE)
def test_what_makes_no_sense_is_refused(gradient_descent, wrong):
    parameters, asked = start(network), {"data": some(7), "batch_size": 3, **wrong}
    with pytest.raises(ValueError, match=r"."):  # in words of its own
        watched(gradient_descent, network, parameters=parameters, **asked)
    assert torch.equal(in_a_row(parameters), in_a_row(start(network))), "it moved all the same"


@pytest.mark.claim("4.1.4")
def test_the_data_are_left_as_they_were(gradient_descent):
    data = some(7)
    watched(gradient_descent, network, data, start(network), batch_size=3, epochs=2)
    for t, before in zip(data, some(7), strict=True):
        assert torch.equal(t, before), f"the data were {before}, now {t}"


@pytest.mark.claim("4.1.4")
def test_the_settings_of_torch_are_left_as_they_were(gradient_descent):
    seen = []

    def loss(parameters, *rows):
        seen.append((torch.get_default_dtype(), torch.is_grad_enabled()))
        return network(parameters, *rows)

    watched(gradient_descent, loss, some(7), start(network), batch_size=3)
    seen.append((torch.get_default_dtype(), torch.is_grad_enabled()))
    assert seen == [(torch.float32, True)] * 4, "the default dtype, and whether gradients come"


# The epoch.


@pytest.mark.claim("4.1.5")
@given(plans)
def test_every_epoch_uses_every_sample_exactly_once(gradient_descent, plan):
    epochs = dealt(gradient_descent, plan)
    assert len(epochs) == plan.epochs, f"should be {plan.epochs} epochs, came {epochs}"
    for batches in epochs:
        used = sorted(itertools.chain(*batches))
        assert used == list(range(plan.samples)), f"the batches of an epoch are {batches}"


@pytest.mark.claim("4.1.2", "4.1.3", "4.1.5")
@given(plans)
def test_batches_are_as_large_as_asked_and_the_last_has_what_is_left(gradient_descent, plan):
    for batches in dealt(gradient_descent, plan):
        sizes = [len(batch) for batch in batches]
        assert sizes == plan.sizes, f"should be {plan.sizes}, came {sizes}"


@pytest.mark.claim("4.1.5")
def test_every_epoch_has_an_order_of_its_own(gradient_descent):
    epochs = dealt(gradient_descent, Plan(101, 7, 5), seed(1))
    for (i, one), (j, other) in itertools.combinations(enumerate(epochs), 2):
        assert one != other, f"epochs {i} and {j} have the same batches: {one}"


@pytest.mark.claim("4.1.5")
def test_the_rows_of_a_batch_are_rows_of_the_data(gradient_descent):
    w, shapes = torch.zeros((), requires_grad=True), [(7,), (7, 1), (7, 3), (7, 2, 5, 3)]
    for shape, dtype, b in itertools.product(shapes, [torch.float64, torch.int64], [1, 2, 7]):
        data = grid(*shape, limit=1000).to(dtype)
        _, batches = watched(
            gradient_descent, lambda p, x: p[0] * x.double().mean(), data, [w], batch_size=b
        )
        rows = torch.cat([batch.rows[0] for batch in batches])
        assert (rows.dtype, rows.shape[1:]) == (dtype, data.shape[1:])
        strangers = [row for row in rows.tolist() if row not in data.tolist()]
        assert not strangers, f"{strangers} are no rows of {data.tolist()}"


@pytest.mark.claim("4.1.5")
def test_the_parts_of_a_sample_stay_together(gradient_descent):
    w, numbers = torch.zeros((), requires_grad=True), torch.arange(13)
    data = (numbers[:, None, None].expand(13, 2, 3).float(), numbers, numbers[:, None].double())
    _, batches = watched(
        gradient_descent, lambda p, x, y, z: p[0] * x.mean(), data, [w], batch_size=3, epochs=2
    )
    for x, y, z in (batch.rows for batch in batches):
        one, two, three = x[:, 0, 0].tolist(), y.tolist(), z[:, 0].tolist()
        assert one == two == three, f"the parts of a batch are of samples {one}, {two}, {three}"


PLAN = Plan(13, 3, 2)


@pytest.mark.claim("4.1.5")
def test_a_generator_is_all_that_decides(gradient_descent):
    one, again, other = (dealt(gradient_descent, PLAN, seed(n)) for n in (1, 1, 2))
    assert one == again, f"the same seed gave the batches {one}, and then {again}"
    assert one != other, f"two seeds gave the same batches: {one}"


@pytest.mark.claim("4.1.5")
def test_a_generator_moves_on_from_call_to_call(gradient_descent):
    generator = seed(1)
    one, other = (dealt(gradient_descent, PLAN, generator) for _ in range(2))
    assert one != other, f"two calls gave the same batches: {one}"


@pytest.mark.claim("4.1.5")
def test_with_a_generator_the_random_numbers_of_torch_are_left_alone(gradient_descent):
    torch.rand(3)  # so that setting the seed, too, would be a change
    before = torch.get_rng_state()
    dealt(gradient_descent, PLAN, seed(1))
    assert torch.equal(torch.get_rng_state(), before), "random numbers were drawn, or seeded"


@pytest.mark.claim("4.1.5")
def test_without_a_generator_that_of_torch_decides(gradient_descent):
    with randomness():
        one, further = (dealt(gradient_descent, PLAN) for _ in range(2))
    with randomness():
        again = dealt(gradient_descent, PLAN)
    assert one == again, f"the same seed gave the batches {one}, and then {again}"
    assert one != further, f"two calls gave the same batches: {one}"


# What the noise does in the long run.


def hovering(gradient_descent, number: int, batch_size: int, lr: float) -> float:
    """How far from the minimum the parameters are on average, in the epochs 2 to 4 from there.

    The loss is half the squared distance to the samples; so the minimum is their mean.
    """
    x = torch.randn(30, 2, generator=seed(number), dtype=torch.float64)
    w = x.mean(dim=0).requires_grad_()
    options = {"batch_size": batch_size, "lr": lr, "epochs": 4, "generator": seed(number)}
    _, batches = watched(
        gradient_descent, lambda p, x: (p[0] - x).square().sum(dim=1).mean() / 2, x, [w], **options
    )
    later = batches[len(batches) // 4 :]
    away = torch.stack([batch.at[0] for batch in later]) - x.mean(dim=0)
    return away.square().sum(dim=1).mean().sqrt().item()


@pytest.mark.claim("4.1.6")
def test_the_smaller_the_batch_the_farther_it_hovers_from_the_minimum(gradient_descent):
    for number in range(3):
        one, three, ten, all_ = (hovering(gradient_descent, number, b, 0.5) for b in (1, 3, 10, 30))
        told = f"with batches of 1, 3, 10 and all 30 it is {one}, {three}, {ten} and {all_} away"
        assert one > 1.4 * three > 1.4**2 * ten, told
        assert all_ < 1e-12, told


@pytest.mark.claim("4.1.6")
def test_the_smaller_the_learning_rate_the_nearer_it_hovers(gradient_descent):
    for number in range(3):
        far, near = (hovering(gradient_descent, number, 1, lr) for lr in (0.5, 0.125))
        assert far > 1.8 * near, f"with 0.5 it is {far} away, with 0.125 it is {near}"


@pytest.mark.claim("4.1.6")
def test_where_one_answer_suits_every_sample_it_comes_to_rest(gradient_descent):
    for number in range(3):
        x, answer = torch.randn(30, 2, generator=seed(number), dtype=torch.float64), exact([3, -1])
        w = torch.zeros(2, dtype=torch.float64, requires_grad=True)
        options = {"batch_size": 1, "lr": 0.125, "epochs": 6, "generator": seed(number)}
        data = (x, x @ answer)
        watched(
            gradient_descent,
            lambda p, x, y: (x @ p[0] - y).square().mean() / 2,
            data,
            [w],
            **options,
        )
        assert (w - answer).norm() < 0.01, f"it is at {w.tolist()}"
