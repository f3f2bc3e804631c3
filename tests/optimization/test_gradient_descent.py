"""Batch, stochastic and mini-batch gradient descent are one function of the batch size.

Two laws define it: a step goes against the mean gradient of its batch, and an epoch deals out all
samples at random. What the three kinds trade follows: a batch drawn at random points the right
way on average, and its size sets how far it strays from there and how much memory it takes.
"""

import functools
import itertools
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close, tolerance
from sums_to_one.tests.common.inputs import DTYPES, VIEWS, exact, grid
from sums_to_one.tests.common.limits import widest
from sums_to_one.tests.common.refusals import REFUSALS
from sums_to_one.tests.common.statistical import (
    assert_mean,
    assert_shape,
    assert_std,
    randomness,
    uniform_scores,
)
from sums_to_one.tests.optimization.descents import (
    Memory,
    Plan,
    Samples,
    any_samples,
    dealt,
    direction_told,
    end_of,
    gradient_of,
    in_a_row,
    learning_rates,
    models,
    network,
    part_of,
    plans,
    regression,
    seeded,
    some_samples,
    start_of,
    watched_descent,
)

# All data at once.


@pytest.mark.claim("4.1.1")
@given(any_samples(), models, learning_rates)
def test_a_step_on_all_data_goes_against_the_mean_of_the_single_gradients(
    gradient_descent, data, model, lr
):
    before = start_of(model)
    singles = [gradient_of(model, before, part_of(data, [i])) for i in range(len(data.x))]
    expected = in_a_row(before) - lr * torch.stack(singles).mean(dim=0)
    assert_close("the parameters", end_of(gradient_descent, model, data, lr=lr), expected)


@pytest.mark.claim("4.1.1")
def test_with_all_data_in_a_batch_the_order_makes_no_difference(gradient_descent):
    one, *others = (
        end_of(gradient_descent, network, some_samples(7), epochs=5, generator=seeded(n))
        for n in range(4)
    )
    for other in others:
        assert_close("the parameters, with another seed", other, one)


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


def most_kept(gradient_descent, samples: int, **options) -> int:
    memory = Memory()
    with memory:
        end_of(gradient_descent, network, some_samples(samples), **options)
    return memory.most


@pytest.mark.claim("4.1.1")
def test_gradients_added_up_part_by_part_give_the_same_direction(gradient_descent):
    data = some_samples(13)
    for size in (1, 2, 5, 12):
        total = torch.zeros_like(in_a_row(start_of(network)))
        for numbers in torch.arange(13).split(size):
            share = len(numbers) / 13
            total += share * direction_told(gradient_descent, network, part_of(data, numbers))
        assert_close(f"in parts of {size}", total, direction_told(gradient_descent, network, data))


# A batch drawn at random.


@pytest.mark.claim("4.1.2", "4.1.3")
@pytest.mark.parametrize("model", [regression, network], ids=lambda model: model.__name__)
def test_all_batches_of_b_have_the_right_mean_and_the_variance_that_is_said(
    gradient_descent, model
):
    n, data = 7, some_samples(7)
    full = direction_told(gradient_descent, model, data)
    singles = directions(gradient_descent, model, data, itertools.combinations(range(n), 1))
    for b in range(1, n + 1):
        each = directions(gradient_descent, model, data, itertools.combinations(range(n), b))
        assert_close(f"the mean of all batches of {b}", each.mean(dim=0), full)
        said = variance_of(singles) / b * (n - b) / (n - 1)
        assert_close(f"the variance with {b}", variance_of(each), said)


@pytest.mark.claim("4.1.3")
def test_drawn_with_replacement_the_variance_is_that_of_one_sample_over_b(gradient_descent):
    came = []
    for b in (1, 2, 3):
        batches = itertools.product(range(5), repeat=b)
        came.append(variance_of(directions(gradient_descent, network, some_samples(5), batches)))
        assert_close(f"the variance with {b}", came[-1], came[0] / b)


def directions(gradient_descent, model, data: Samples, batches) -> Tensor:
    return torch.stack(
        [direction_told(gradient_descent, model, part_of(data, list(b))) for b in batches]
    )


def variance_of(of: Tensor) -> Tensor:
    return of.var(dim=0, correction=0)


# Refused with odds of 99.9 % are scores whose mean is 0.55 off, or whose std is 0.66 or 1.45.
DRAWN_PLANS = [Plan(5, 1, 300), Plan(11, 3, 300), Plan(23, 17, 300)]
every_plan = pytest.mark.parametrize(
    "plan", DRAWN_PLANS, ids=lambda plan: f"{plan.batch_size} of {plan.samples}"
)


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


def strays(gradient_descent, plan: Plan) -> dict[str, Tensor]:
    """By how much the moves miss the full gradient, along two directions.

    As scores: a row for each batch of an epoch, a column for each epoch.
    """
    batches, first = (
        told_by_the_moves(gradient_descent, plan),
        torch.arange(plan.samples) < plan.samples // 2,
    )
    found = {}
    for half, marked in {"first half": first, "middle": first.roll(plan.samples // 4)}.items():
        counts, k = batches[:, :, marked].sum(dim=2).T, int(marked.sum())
        sizes = batches[0].sum(dim=1).int().tolist()
        of_each = zip(counts, sizes, strict=True)
        rows = [share_scores(row, k, plan.samples - k, size) for row, size in of_each]
        found[f"samples of the {half} in each batch of an epoch"] = torch.stack(rows)
    return found


@pytest.mark.claim("4.1.5")
@every_plan
def test_an_epoch_says_nothing_about_those_after_it(gradient_descent, plan):
    first = told_by_the_moves(gradient_descent, plan)[:, 0]
    size = int(first[0].sum())
    for further in (1, 2, 3):
        again = (first[:-further] * first[further:]).sum(dim=1)
        scores = share_scores(again, size, plan.samples - size, size)
        sentence = f"how many of a first batch are in the first batch {further} epochs later, too"
        assert_mean(sentence, scores)


@pytest.mark.claim("4.1.5")
def test_any_place_in_the_order_is_as_likely_for_every_sample(gradient_descent):
    n = 6007  # in 4 epochs, a gap of 0.033 is found with odds of 99.9 %; a swap of each has 0.042
    epochs = dealt(gradient_descent, Plan(n, 61, 4), seeded(1))
    order = torch.tensor([list(itertools.chain(*batches)) for batches in epochs])
    further = (order - torch.arange(n)) % n  # how much, in a circle, a sample has moved
    share = (further + torch.rand(further.shape, generator=seeded(0))) / n
    assert_shape("how far samples are moved", uniform_scores(share.double(), 0, 1).flatten())


@pytest.mark.claim("4.1.5")
def test_two_samples_that_follow_each_other_are_any_two(gradient_descent):
    n = 1009  # with odds of 99.9 % it finds 58.4 % that go up, or a gap of 0.162
    (batches,) = dealt(gradient_descent, Plan(n, 1, 1), seeded(1))
    ways = torch.tensor(batches).flatten().diff().double()
    ups = ((ways > 0).sum() - (n - 1) / 2) / ((n + 1) / 12) ** 0.5
    assert_mean("how many follow one that comes earlier in the data", ups)
    share = (ways % n - torch.rand(n - 1, generator=seeded(0))) / (n - 1)
    assert_shape("how far apart they are in the data, in a circle", uniform_scores(share, 0, 1))


@pytest.mark.claim("4.1.5")
def test_as_many_samples_keep_their_place_as_in_any_random_order(gradient_descent):
    for since, order in orders_of_five(gradient_descent).items():
        # With odds of 99.9 % it finds a gap of 0.3; where every sample moves there is one of 0.63.
        scores = scores_by_their_law(stayed(order), stayed(EVERY_ORDER))
        assert_shape(f"how many of 5 samples are in the place that they had in {since}", scores)


@pytest.mark.claim("4.1.5")
def test_whether_an_order_takes_an_odd_number_of_swaps_is_chance(gradient_descent):
    for since, order in orders_of_five(gradient_descent).items():
        # It finds a gap of 0.3; where all take an even number there is one of 0.5.
        scores = scores_by_their_law(odd(order), odd(EVERY_ORDER))
        assert_shape(f"whether an odd number of swaps leads there from {since}", scores)


EVERY_ORDER = torch.tensor(list(itertools.permutations(range(5))))


def stayed(orders: Tensor) -> Tensor:
    """How many are in their own place, in each order."""
    return (orders == torch.arange(orders.shape[1])).sum(dim=1)


def odd(orders: Tensor) -> Tensor:
    """1 for each order that takes an odd number of swaps, which is how often two are reversed."""
    return (orders[:, :, None] > orders[:, None]).triu(1).sum(dim=(1, 2)) % 2


def orders_of_five(gradient_descent) -> dict[str, Tensor]:
    """The orders of 300 epochs, one a row: of the samples, and of their places an epoch before."""
    order = told_by_the_moves(gradient_descent, DRAWN_PLANS[0]).argmax(dim=2)
    again = order[:-1].argsort(dim=1).gather(dim=1, index=order[1:])
    return {"the data": order, "the epoch before": again}


@functools.cache  # five claims look at the same steps
def told_by_the_moves(gradient_descent, plan: Plan) -> Tensor:
    """How often each sample (last dimension) is in each batch of each epoch, told from the moves.

    The gradient of a sample is a row of zeros with a single 1, wherever the parameters are.
    """
    one_hot = torch.eye(plan.samples, dtype=widest())
    w = torch.zeros_like(one_hot[0]).requires_grad_()
    options = {"lr": 1.0, "batch_size": plan.batch_size, "epochs": plan.epochs}
    with randomness():
        _, batches = watched_descent(
            gradient_descent, lambda p, x: (x @ p[0]).mean(), one_hot, [w], **options
        )
    places = torch.stack([*(batch.at[0] for batch in batches), w.detach()])
    sizes = torch.tensor([len(batch.rows[0]) for batch in batches])
    return (-places.diff(dim=0) * sizes[:, None]).round().reshape(plan.epochs, -1, plan.samples)


def share_scores(counts: Tensor, marked: int, others: int, size: int) -> Tensor:
    """How many of the marked samples are in a batch of that size, made standard normal.

    Their law is hypergeometric.
    """
    from scipy import stats

    law = stats.hypergeom(marked + others, marked, size)
    return scores_of_counts(counts, torch.as_tensor(law.pmf(range(size + 1))))


def scores_by_their_law(counts: Tensor, of_all: Tensor) -> Tensor:
    """Counts of what is drawn from so many equally likely cases, made standard normal."""
    return scores_of_counts(counts, of_all.bincount().double() / len(of_all))


def scores_of_counts(counts: Tensor, share: Tensor) -> Tensor:
    """Each whole number becomes any number of its share of the law, made standard normal."""
    counts = counts.long().clamp(0, len(share) - 1)
    within = torch.rand(counts.shape, generator=seeded(0), dtype=torch.float64)
    below = share.cumsum(dim=0)[counts] - share[counts]
    return torch.special.ndtri((below + within * share[counts]).clamp(1e-15, 1 - 1e-15))


# The step.


@pytest.mark.claim("4.1.4")
@given(any_samples(), models, learning_rates, st.integers(1, 5), st.integers(1, 2))
def test_each_step_starts_where_the_one_before_ended(
    gradient_descent, data, model, lr, size, epochs
):
    parameters, options = start_of(model), {"batch_size": min(size, len(data.x)), "epochs": epochs}
    _, batches = watched_descent(gradient_descent, model, data, parameters, lr=lr, **options)
    expected = start_of(model)
    for batch in batches:
        assert_close("where a step starts", in_a_row(batch.at), in_a_row(expected))
        moved = in_a_row(expected) - lr * gradient_of(model, expected, batch.rows)
        pieces = moved.split([p.numel() for p in expected])
        expected = [m.reshape(p.shape) for m, p in zip(pieces, expected, strict=True)]
    assert_close("where the last one ends", in_a_row(parameters), in_a_row(expected))


@pytest.mark.claim("4.1.4")
def test_the_loss_of_every_batch_before_its_step_is_returned(gradient_descent):
    for model in (regression, lambda *rows: regression(*rows).reshape(1)):
        options = {"batch_size": 3, "epochs": 2}
        came, batches = watched_descent(
            gradient_descent, model, some_samples(7), start_of(regression), **options
        )
        assert [type(loss) for loss in came] == [float] * 6
        assert came == [batch.loss for batch in batches]


@pytest.mark.claim("4.1.4")
def test_numbers_of_any_precision_are_moved(gradient_descent):
    for dtype in DTYPES:
        data, parameters = tuple(t.to(dtype) for t in some_samples(7)), start_of(network, dtype)
        _, batches = watched_descent(
            gradient_descent, network, data, parameters, lr=0.5, batch_size=3, epochs=2
        )
        places = [in_a_row(batch.at) for batch in batches] + [in_a_row(parameters)]
        for batch, (before, after) in zip(batches, itertools.pairwise(places), strict=True):
            expected = before.double() - 0.5 * gradient_of(network, batch.at, batch.rows)
            assert_close(f"after a step in {dtype}", after, expected)
            assert after.dtype == dtype


@pytest.mark.claim("4.1.4")
def test_gradients_from_before_do_not_count(gradient_descent):
    parameters, options = start_of(network), {"lr": 0.125, "batch_size": 7, "epochs": 2}
    for p in parameters:
        p.grad = torch.ones_like(p)
    gradient_descent(parameters, functools.partial(network, parameters), some_samples(7), **options)
    expected = end_of(gradient_descent, network, some_samples(7), **options)
    assert_close("where it ends", in_a_row(parameters), expected)


@pytest.mark.claim("4.1.4")
def test_what_the_loss_does_not_use_stays(gradient_descent):
    unused, used = grid(3).requires_grad_(), grid(2).requires_grad_()
    options = {"batch_size": 2, "epochs": 2}
    watched_descent(
        gradient_descent, lambda p, x: (x @ p[1]).mean(), grid(5, 2), [unused, used], **options
    )
    assert torch.equal(unused, grid(3)), f"should be {grid(3)}, came {unused}"


@pytest.mark.claim("4.1.4")
def test_what_only_some_batches_use_moves_with_these_alone(gradient_descent):
    pair, turn = [exact([0.0, 0.0]).requires_grad_() for _ in range(2)], itertools.cycle([0, 1])
    data, options = grid(6, 2), {"batch_size": 1}
    _, batches = watched_descent(
        gradient_descent, lambda p, x: (x @ p[next(turn)]).mean(), data, pair, **options
    )
    for i, (one, other) in enumerate(itertools.pairwise(batch.at for batch in batches)):
        idle = 1 - i % 2
        assert torch.equal(one[idle], other[idle]), f"without a gradient it moved to {other[idle]}"


@pytest.mark.claim("4.1.4")
def test_parameters_may_be_such_as_can_be_gone_through_once(gradient_descent):
    parameters, options = start_of(network), {"lr": 0.125, "batch_size": 7, "epochs": 3}
    loss = functools.partial(network, parameters)
    gradient_descent(iter(parameters), loss, some_samples(7), **options)
    expected = end_of(gradient_descent, network, some_samples(7), **options)
    assert_close("where it ends", in_a_row(parameters), expected)


@pytest.mark.claim("4.1.4")
def test_parameters_are_written_to_and_stay_leaves(gradient_descent):
    parameters = start_of(network)
    views = [p.detach() for p in parameters]
    watched_descent(gradient_descent, network, some_samples(7), parameters, batch_size=3)
    for p, view in zip(parameters, views, strict=True):
        assert torch.equal(p, view), f"the parameters are {p}, a view of them is {view}"
        assert (p.is_leaf, p.requires_grad) == (True, True), "whether it is a leaf that learns"


@pytest.mark.claim("4.1.4")
@pytest.mark.parametrize("layout", VIEWS.values(), ids=VIEWS)
def test_parameters_move_alike_wherever_they_lie(gradient_descent, layout):
    laid_out, plain = start_of(network), start_of(network)
    laid_out = [layout(p.detach()).requires_grad_() for p in laid_out]
    for parameters in (laid_out, plain):
        loss = functools.partial(network, parameters)
        gradient_descent(parameters, loss, some_samples(7), lr=0.5, batch_size=7)
    for one, other in zip(laid_out, plain, strict=True):
        assert_close("the parameters", one.detach(), other.detach().double())


@pytest.mark.claim("4.1.4")
def test_without_an_epoch_nothing_happens(gradient_descent):
    parameters = start_of(network)
    came, batches = watched_descent(
        gradient_descent, network, some_samples(7), parameters, batch_size=3, epochs=0
    )
    assert (came, batches) == ([], [])
    assert torch.equal(in_a_row(parameters), in_a_row(start_of(network))), "it moved all the same"


@pytest.mark.claim("4.1.4")
def test_with_a_learning_rate_of_0_the_losses_come_and_nothing_moves(gradient_descent):
    parameters = start_of(network)
    came, _ = watched_descent(
        gradient_descent, network, some_samples(7), parameters, lr=0, batch_size=3, epochs=2
    )
    assert len(came) == 6, f"there are 6 batches, {len(came)} losses came"
    assert torch.equal(in_a_row(parameters), in_a_row(start_of(network))), "it moved all the same"


NONSENSE: dict[str, dict[str, Any]] = {
    "batches of 0": {"batch_size": 0},
    "batches of -1": {"batch_size": -1},
    "batches larger than the data": {"batch_size": 8},
    "-1 epochs": {"epochs": -1},
    "a learning rate below 0": {"lr": -0.125},
    "fewer labels": {"data": (torch.zeros(7, 3), torch.zeros(5, 2))},
    "more labels": {"data": (torch.zeros(5, 3), torch.zeros(7, 2))},
    "no samples": {"data": (torch.zeros(0, 3), torch.zeros(0, 2))},
}


@pytest.mark.claim("4.1.4")
@pytest.mark.parametrize("wrong", NONSENSE.values(), ids=NONSENSE)
def test_what_makes_no_sense_is_refused(gradient_descent, wrong):
    parameters, asked = start_of(network), {"data": some_samples(7), "batch_size": 3, **wrong}
    asked["data"] = tuple(part.to(widest()) for part in asked["data"])
    with pytest.raises(REFUSALS, match=r"."):  # in words
        watched_descent(gradient_descent, network, parameters=parameters, **asked)
    assert torch.equal(in_a_row(parameters), in_a_row(start_of(network))), "it moved all the same"


@pytest.mark.claim("4.1.4")
def test_the_data_are_left_as_they_were(gradient_descent):
    data = some_samples(7)
    watched_descent(gradient_descent, network, data, start_of(network), batch_size=3, epochs=2)
    for t, before in zip(data, some_samples(7), strict=True):
        assert torch.equal(t, before), f"the data were {before}, now {t}"


@pytest.mark.claim("4.1.4")
def test_the_settings_of_torch_are_left_as_they_were(gradient_descent):
    seen = []

    def loss(parameters, *rows):
        seen.append((torch.get_default_dtype(), torch.is_grad_enabled()))
        return network(parameters, *rows)

    watched_descent(gradient_descent, loss, some_samples(7), start_of(network), batch_size=3)
    seen.append((torch.get_default_dtype(), torch.is_grad_enabled()))
    now = [state for state in seen if state != (torch.float32, True)]
    assert not now, f"default dtype and gradients should stay float32 and recorded, became {now}"


# The epoch.


@pytest.mark.claim("4.1.5")
@given(plans)
def test_every_epoch_uses_every_sample_exactly_once(gradient_descent, plan):
    epochs = dealt(gradient_descent, plan)
    assert len(epochs) == plan.epochs, f"should be {plan.epochs} epochs, came {epochs}"
    for batches in epochs:
        used = sorted(itertools.chain(*batches))
        assert used == list(range(plan.samples)), f"the batches of an epoch are {batches}"


@pytest.mark.claim("4.1.5")
def test_of_more_samples_than_two_bytes_count_each_is_used_exactly_once(gradient_descent):
    for plan in (Plan(70_001, 66_001, 1), Plan(33_001, 32_801, 1)):
        (batches,) = dealt(gradient_descent, plan)
        used = sorted(itertools.chain(*batches))
        assert used == list(range(plan.samples)), f"of {plan}, {len({*used})} samples were used"


@pytest.mark.claim("4.1.2", "4.1.3", "4.1.5")
@given(plans)
def test_batches_are_as_large_as_asked_and_the_last_has_what_is_left(gradient_descent, plan):
    for batches in dealt(gradient_descent, plan):
        sizes = [len(batch) for batch in batches]
        assert sizes == plan.sizes, f"should be {plan.sizes}, came {sizes}"


@pytest.mark.claim("4.1.5")
def test_every_epoch_has_an_order_of_its_own(gradient_descent):
    epochs = dealt(gradient_descent, Plan(101, 7, 5), seeded(1))
    for (i, one), (j, other) in itertools.combinations(enumerate(epochs), 2):
        assert one != other, f"epochs {i} and {j} have the same batches: {one}"


@pytest.mark.claim("4.1.5")
def test_the_rows_of_a_batch_are_rows_of_the_data(gradient_descent):
    w, shapes = exact(0.0).requires_grad_(), [(7,), (7, 1), (7, 3), (7, 2, 5, 3)]
    for shape, dtype, b in itertools.product(shapes, [widest(), torch.int64], [1, 2, 7]):
        data = grid(*shape, limit=1000).to(dtype)
        _, batches = watched_descent(
            gradient_descent, lambda p, x: p[0] * x.to(p[0].dtype).mean(), data, [w], batch_size=b
        )
        rows = torch.cat([batch.rows[0] for batch in batches])
        assert (rows.dtype, rows.shape[1:]) == (dtype, data.shape[1:])
        strangers = [row for row in rows.tolist() if row not in data.tolist()]
        assert not strangers, f"{strangers} are no rows of {data.tolist()}"


@pytest.mark.claim("4.1.5")
def test_the_parts_of_a_sample_stay_together(gradient_descent):
    w, numbers = exact(0.0).requires_grad_(), torch.arange(13)
    wide = numbers[:, None, None].to(widest())
    data = (wide.expand(13, 2, 3), numbers, wide[:, 0])
    _, batches = watched_descent(
        gradient_descent, lambda p, x, y, z: p[0] * x.mean(), data, [w], batch_size=3, epochs=2
    )
    for x, y, z in (batch.rows for batch in batches):
        one, two, three = x[:, 0, 0].tolist(), y.tolist(), z[:, 0].tolist()
        assert one == two == three, f"the parts of a batch are of samples {one}, {two}, {three}"


PLAN = Plan(13, 3, 2)


@pytest.mark.claim("4.1.5")
def test_a_generator_is_all_that_decides(gradient_descent):
    one, again, other = (dealt(gradient_descent, PLAN, seeded(n)) for n in (1, 1, 2))
    assert one == again, f"the same seed gave the batches {one}, and then {again}"
    assert one != other, f"two seeds gave the same batches: {one}"


@pytest.mark.claim("4.1.5")
def test_a_generator_moves_on_from_call_to_call(gradient_descent):
    generator = seeded(1)
    one, other = (dealt(gradient_descent, PLAN, generator) for _ in range(2))
    assert one != other, f"two calls gave the same batches: {one}"


@pytest.mark.claim("4.1.5")
def test_with_a_generator_the_random_numbers_of_torch_are_left_alone(gradient_descent):
    torch.rand(3)  # so that setting the seed, too, would be a change
    before = torch.get_rng_state()
    dealt(gradient_descent, PLAN, seeded(1))
    assert torch.equal(torch.get_rng_state(), before), (
        "the state of random numbers changed: some were drawn, or a seed set"
    )


@pytest.mark.claim("4.1.5")
def test_without_a_generator_that_of_torch_decides(gradient_descent):
    with randomness():
        one, further = (dealt(gradient_descent, PLAN) for _ in range(2))
    with randomness():
        again = dealt(gradient_descent, PLAN)
    assert one == again, f"the same seed gave the batches {one}, and then {again}"
    assert one != further, f"two calls gave the same batches: {one}"


# What the noise does in the long run.


@pytest.mark.claim("4.1.6")
def test_the_smaller_the_batch_the_farther_it_hovers_from_the_minimum(gradient_descent):
    for number in range(3):
        one, three, ten, all_ = (hovering(gradient_descent, number, b, 0.5) for b in (1, 3, 10, 30))
        told = f"with batches of 1, 3, 10 and all 30 it is {one}, {three}, {ten} and {all_} away"
        assert one > 1.4 * three > 1.4**2 * ten, told
        assert all_ < tolerance(widest()), told


@pytest.mark.claim("4.1.6")
def test_the_smaller_the_learning_rate_the_nearer_it_hovers(gradient_descent):
    for number in range(3):
        far, near = (hovering(gradient_descent, number, 1, lr) for lr in (0.5, 0.125))
        assert far > 1.8 * near, f"with 0.5 it is {far} away, with 0.125 it is {near}"


def hovering(gradient_descent, number: int, batch_size: int, lr: float) -> float:
    """How far from the minimum the parameters are on average, in the epochs 2 to 4 from there.

    The loss is half the squared distance to the samples; so the minimum is their mean.
    """
    x = torch.randn(30, 2, generator=seeded(number), dtype=torch.float64).to(widest())
    w = x.mean(dim=0).requires_grad_()
    options = {"batch_size": batch_size, "lr": lr, "epochs": 4, "generator": seeded(number)}
    _, batches = watched_descent(
        gradient_descent, lambda p, x: (p[0] - x).square().sum(dim=1).mean() / 2, x, [w], **options
    )
    later = batches[len(batches) // 4 :]
    away = torch.stack([batch.at[0] for batch in later]) - x.mean(dim=0)
    return away.square().sum(dim=1).mean().sqrt().item()


@pytest.mark.claim("4.1.6")
def test_where_one_answer_suits_every_sample_it_comes_to_rest(gradient_descent):
    answer = exact([3, -1])
    for number in range(3):
        x = torch.randn(30, 2, generator=seeded(number), dtype=torch.float64).to(widest())
        w = exact([0.0, 0.0]).requires_grad_()
        options = {"batch_size": 1, "lr": 0.125, "epochs": 6, "generator": seeded(number)}
        watched_descent(gradient_descent, half_the_squared_error, (x, x @ answer), [w], **options)
        assert (w - answer).norm() < 0.01, f"it is at {w.tolist()}"


def half_the_squared_error(parameters: list[Tensor], x: Tensor, y: Tensor) -> Tensor:
    return (x @ parameters[0] - y).square().mean() / 2
