"""Both binary losses are the surprise of a probability: -y log p - (1 - y) log(1 - p).

BCELoss takes that probability, BCEWithLogitsLoss the score whose sigmoid it is; each has a file of
its own for what only one of them promises. What both owe their caller like every loss is in
`test_every_loss.py`.
"""

import itertools

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from sums_to_one.tests.common import layouts
from sums_to_one.tests.common.closeness import assert_close, tolerance
from sums_to_one.tests.common.inputs import DTYPES, dtypes, exact, numbers, shapes
from sums_to_one.tests.common.limits import widest
from sums_to_one.tests.common.options import feature, option
from sums_to_one.tests.losses.binary import (
    all_weights,
    derivative,
    from_probability,
    from_score,
    predictions,
    probability,
    scores_and_targets,
    soft_targets,
    surprise,
    weighed,
    weights,
)
from sums_to_one.tests.losses.problems import reducing, reductions_of, unreduced
from sums_to_one.tests.losses.reduction import (
    enter,
    pull,
    pull_on_target,
    reduced,
    reductions,
    share,
)

LESS = [(shape, fewer) for shape in [(3, 5), (2, 3, 5)] for fewer in (torch.float32, torch.float16)]


@pytest.mark.claim("3.2.3", "3.2.4")
@given(scores_and_targets, reductions)
def test_it_is_minus_the_log_of_the_probability_of_the_target(binary_loss, pairs, reduction):
    scores, y = exact(pairs).T
    x = from_score(binary_loss, scores)
    expected = reduced(surprise(binary_loss, x, y), reduction)
    assert_close(f"the loss of {x.tolist()}", reducing(binary_loss, reduction)(x, y), expected)


@pytest.mark.claim("3.2.3", "3.2.4")
@given(shapes(), dtypes, reductions)
@example(shape=(), dtype=torch.float32, reduction="none")
def test_in_any_shape_every_element_costs_minus_its_log(binary_loss, shape, dtype, reduction):
    x, y = predictions(binary_loss, *shape).to(dtype), soft_targets(*shape).to(dtype)
    expected = reduced(surprise(binary_loss, x, y), reduction)
    assert_close(f"the {reduction}", reducing(binary_loss, reduction)(x, y), expected)


@pytest.mark.claim("3.2.11")
def test_weights_multiply_the_losses(binary_loss):
    cases = weighed(), reductions_of(binary_loss)
    for (shape, weighing), reduction in itertools.product(*cases):
        x, y, weight = predictions(binary_loss, *shape), soft_targets(*shape), weights(*weighing)
        function = reducing(binary_loss, reduction, weight=weight.clone())
        losses, slopes = surprise(binary_loss, x, y), derivative(binary_loss, x, y)
        assert_close(f"{shape}, {reduction}", function(x, y), reduced(losses * weight, reduction))
        expected = slopes * weight * share(x, reduction)
        assert_close(f"{shape}, {reduction}: the gradient", pull(function, x, y), expected)


@pytest.mark.claim("3.2.11")
def test_with_weights_lower_precision_costs_only_rounding(binary_loss):
    cases = weighed(), reductions_of(binary_loss), DTYPES
    for (shape, weighing), reduction, dtype in itertools.product(*cases):
        parts = predictions(binary_loss, *shape), soft_targets(*shape), weights(*weighing) / 4
        x, y, weight = (part.to(dtype) for part in parts)
        came = reducing(binary_loss, reduction, weight=weight)(x, y)
        assert came.dtype == dtype, f"asked in {dtype}, came in {came.dtype}"
        expected = reduced(surprise(binary_loss, x, y) * weight.double(), reduction)
        assert_close(f"{shape}, {reduction}, in {dtype}", came, expected)


@pytest.mark.claim("3.2.11", "3.0.3")
@pytest.mark.parametrize("name", ["weight", "pos_weight"])
def test_the_place_of_weights_in_memory_changes_nothing(binary_loss, name):
    option(binary_loss, name)
    x, y = predictions(binary_loss, 2, 3, 5), soft_targets(2, 3, 5)
    for words, view, _ in layouts.in_pairs(weights(2, 3, 5)):
        expected = reducing(binary_loss, "mean", **{name: layouts.copy(view)})(x, y)
        came = reducing(binary_loss, "mean", **{name: view})(x, y)
        assert_close(f"{name} {words}", came, expected)


@pytest.mark.claim("3.2.11")
@pytest.mark.parametrize("name", ["weight", "pos_weight"])
def test_weights_of_fewer_digits_take_none_from_the_numbers(binary_loss, name):
    option(binary_loss, name)
    for (shape, fewer), reduction in itertools.product(LESS, reductions_of(binary_loss)):
        x, y, weight = predictions(binary_loss, *shape), soft_targets(*shape), weights(*shape[1:])
        function = reducing(binary_loss, reduction, **{name: weight.to(fewer)})
        with feature(f"a {name} of {fewer} for numbers of {x.dtype}"):
            came = function(x, y)
        assert came.dtype == x.dtype, f"with a {name} of {fewer} {x.dtype} became {came.dtype}"
        expected = reducing(binary_loss, reduction, **{name: weight.to(fewer).to(x.dtype)})(x, y)
        assert_close(f"with a {name} of {fewer}", came, expected.double())


@pytest.mark.claim("3.2.11")
def test_weights_count_in_every_row_of_a_large_batch(binary_loss):
    x, y = predictions(binary_loss, 66_049, 5), soft_targets(66_049, 5)
    function = reducing(binary_loss, "none", **all_weights(binary_loss))
    last = slice(-3, None)
    assert_close("the last losses", function(x, y)[last], function(x[last].clone(), y[last]))
    expected = pull(function, x[last].clone(), y[last])
    assert_close("the last gradients", pull(function, x, y)[last], expected)


@pytest.mark.claim("3.0.3")
def test_with_weights_a_used_loss_is_as_good_as_a_new_one(binary_loss):
    used = binary_loss(**all_weights(binary_loss))
    for rows in (4, 3, 1, 4):
        x, y = predictions(binary_loss, rows, 5), soft_targets(rows, 5)
        expected = binary_loss(**all_weights(binary_loss))(x, y)
        assert_close(f"the loss of {rows} rows", used(x, y), expected)
        enter(used, "eval")
        assert_close(f"the loss of {rows} rows after .eval()", used(x, y), expected)


@pytest.mark.claim("3.0.3")
def test_weights_are_left_as_they_were(binary_loss):
    x, y, given = predictions(binary_loss, 3, 5), soft_targets(3, 5), all_weights(binary_loss)
    function = binary_loss(**given)
    first = function(x, y)
    assert_close("called again", function(x, y), first)
    for name, before in all_weights(binary_loss).items():
        assert torch.equal(given[name], before), f"{name} was {before}, now {given[name]}"


@pytest.mark.claim("3.0.1")
@given(st.floats(1e-6, 1 - 1e-6), numbers(limit=100))
@example(target=0.5, score=3.0)  # of the score 0, where |x| has a kink
def test_it_is_least_where_the_probability_is_the_target(binary_loss, target, score):
    y = exact([target])
    x, at_target = from_score(binary_loss, exact([score])), from_probability(binary_loss, y)
    least, other = binary_loss()(at_target, y), binary_loss()(x, y)
    assert other >= least - tolerance(x.dtype), f"{least} at the target, {other} at {x.item()}"
    slope = pull(binary_loss(), at_target, y)
    assert_close("the gradient at the target", slope, exact([0.0]))


@pytest.mark.claim("3.2.19")
def test_several_labels_of_one_example_are_as_many_questions_of_yes_or_no(binary_loss):
    x, labels = predictions(binary_loss, 7, 3), [[n & 1, n & 2, n & 4] for n in range(7)]
    y = exact(labels).clamp(max=1)  # none of them, one, or two: no label excludes another
    each = unreduced(binary_loss)
    alone = [each(x[:, k].clone(), y[:, k].clone()) for k in range(3)]
    assert_close("the losses of three labels", each(x, y), torch.stack(alone, dim=1))


@pytest.mark.claim("3.2.19")
@pytest.mark.parametrize("ones", range(11))
def test_a_target_between_0_and_1_costs_the_weighted_mean_of_both_ends(binary_loss, ones):
    x, soft = predictions(binary_loss, 7), torch.full((7,), ones / 10, dtype=widest())
    yes, no = binary_loss()(x, torch.ones_like(soft)), binary_loss()(x, torch.zeros_like(soft))
    expected = ones / 10 * yes.double() + (1 - ones / 10) * no.double()
    assert_close(f"the loss of a target of {ones / 10}", binary_loss()(x, soft), expected)


@pytest.mark.claim("3.0.4")
def test_a_target_that_requires_a_gradient_gets_the_log_odds_against_it(binary_loss):
    x, y = predictions(binary_loss, 3, 5), soft_targets(3, 5)
    p = probability(binary_loss, x.double())
    came = pull_on_target(binary_loss(), x, y)
    assert_close("the gradient of the target", came, -p.logit() / 15)


@pytest.mark.claim("3.2.3", "3.2.4")
@given(scores_and_targets)
def test_the_values_are_those_of_pytorch(binary_loss, pairs):
    scores, y = exact(pairs).T
    x, theirs = from_score(binary_loss, scores), getattr(torch.nn, binary_loss.name)()
    assert_close(f"the loss of {x.tolist()}", binary_loss()(x, y), theirs(x, y))
