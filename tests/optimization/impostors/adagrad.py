"""Adagrads that look right and are not, and some that are, and look odd.

The docstring says what the author was thinking.
"""

import torch
from torch import Tensor

from sums_to_one.tests.judge.versions import accepted, refused_by
from sums_to_one.tests.optimization.impostors.bookkeeping import Bookkeeping, Group, State
from sums_to_one.tests.optimization.impostors.habits import (
    AsInAFirstLesson,
    CopiesAllInOneDtype,
    CountsFromThereOn,
    CountsStepsOfAll,
    DecaysBesideTheDirection,
    InDoublePrecision,
    LoadsAllInOneDtype,
    SavesLists,
    StateByItsPlace,
)


class _Adagrad(Bookkeeping):
    """A right one, of which each version changes one step."""

    def __init__(
        self,
        params,
        lr=1e-2,
        lr_decay=0,
        weight_decay=0,
        initial_accumulator_value=0,
        eps=1e-10,
        *,
        maximize=False,
    ):
        super().__init__(
            params,
            lr=lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
            maximize=maximize,
        )

    def fresh_state(self, p: Tensor, group: Group) -> State:
        return {"step": 0, "sum": torch.full_like(p, group["initial_accumulator_value"])}

    def direction(self, p: Tensor, g: Tensor, state: State, group: Group) -> Tensor:
        self.count(state)
        state["sum"] = self.added(g, state, group)
        return g / self.root(state["sum"], group)

    def count(self, state: State) -> None:
        state["step"] += 1

    def added(self, g: Tensor, state: State, group: Group) -> Tensor:
        return state["sum"] + g * g

    def root(self, total: Tensor, group: Group) -> Tensor:
        return total.sqrt() + group["eps"]

    def rate(self, state: State, group: Group) -> float:
        return group["lr"] / (1 + (state["step"] - 1) * group["lr_decay"])


# The sum of the squares.


@refused_by("test_every_step_is_as_long_as_the_learning_rate_of_that_moment")
class RateInTheSum(_Adagrad):
    """lr times g is what the step needs, so it comes first, and is squared too (GloVe #134)."""

    def direction(self, p, g, state, group):
        return super().direction(p, group["lr"] * g, state, group)

    def rate(self, state, group):
        return super().rate(state, {**group, "lr": 1})


@refused_by("test_lr_decay_divides_the_rate_from_the_second_step_on")
class DividesByTheOldSum(_Adagrad):
    """The scale is known before the gradient comes, which joins it afterwards."""

    def direction(self, p, g, state, group):
        before = state["sum"]
        super().direction(p, g, state, group)
        return g / self.root(before, group)


@refused_by("test_weight_decay_adds_to_the_gradient")
class WhatIsNotUsedDoesNotDecay(_Adagrad):
    """A gradient of 0 means that a number was not used, and it may rest (as rows of embeddings)."""

    def direction(self, p, g, state, group):
        pulled = g != group["weight_decay"] * p.detach()
        return super().direction(p, torch.where(pulled, g, 0), state, group)


@refused_by("test_steady_gradients_make_steps_fall_with_the_root_of_time")
class OldGradientsFade(_Adagrad):
    """A sum that only grows would stop all learning."""

    def added(self, g, state, group):
        return 0.95 * state["sum"] + g * g


@refused_by("test_a_large_parameter_moves_as_its_parts")
class SumNeverKept(_Adagrad):
    """The gradient of this step is what counts."""

    def direction(self, p, g, state, group):
        before = state["sum"]
        way = super().direction(p, g, state, group)
        state["sum"] = before
        return way


@refused_by("test_the_first_step_is_as_long_as_the_learning_rate")
class NoRoot(_Adagrad):
    """The gradient over the sum of its squares."""

    def root(self, total, group):
        return total + group["eps"]


@refused_by("test_every_number_goes_its_own_way")
class OneSumForTheTensor(_Adagrad):
    """One number for each tensor saves memory, and is right on average."""

    def added(self, g, state, group):
        return state["sum"] + (g * g).mean()


@refused_by("test_eps_is_added_to_the_size_of_the_gradient")
class SumInSinglePrecision(_Adagrad):
    """A sum of squares has no digits to lose."""

    def added(self, g, state, group):
        return super().added(g, state, group).float()


@refused_by("test_steady_gradients_make_steps_fall_with_the_root_of_time")
class StopsAddingAfterAHundredSteps(_Adagrad):
    """By then the scale is known, and learning shall not come to a standstill."""

    def added(self, g, state, group):
        return super().added(g, state, group) if state["step"] <= 100 else state["sum"]


# The value at the beginning.


@refused_by("test_the_sum_begins_as_if_another_gradient_had_come")
class StartsAtOne(_Adagrad):
    """A sum of 0 could be divided by (deeplearning4j #953)."""

    def fresh_state(self, p, group):
        value = group["initial_accumulator_value"] or 1
        return super().fresh_state(p, {**group, "initial_accumulator_value": value})


@refused_by("test_the_sum_begins_as_if_another_gradient_had_come")
class StartsAtZero(_Adagrad):
    """The sum of no gradients is 0."""

    def fresh_state(self, p, group):
        return super().fresh_state(p, {**group, "initial_accumulator_value": 0})


@refused_by("test_the_sum_begins_as_if_another_gradient_had_come")
class StartsAtTheRoot(_Adagrad):
    """The value at the beginning is one of a gradient."""

    def fresh_state(self, p, group):
        value = group["initial_accumulator_value"] ** 2
        return super().fresh_state(p, {**group, "initial_accumulator_value": value})


@refused_by("test_the_sum_begins_as_if_another_gradient_had_come")
class InitialValueEveryStep(_Adagrad):
    """The value is added to the squares, so that their sum is never 0."""

    def added(self, g, state, group):
        again = group["initial_accumulator_value"] if state["step"] > 1 else 0
        return super().added(g, state, group) + again


@refused_by("test_after_loading_it_continues_bit_for_bit")
class InitialValueAfterLoading(_Adagrad):
    """An optimizer begins with the initial value, also if it begins with what was saved."""

    def load_state_dict(self, state_dict):
        super().load_state_dict(state_dict)
        for p, group in self.pairs():
            if p in self.state:
                self.state[p]["sum"] += group["initial_accumulator_value"]


# Epsilon.


@refused_by("test_eps_is_added_to_the_size_of_the_gradient")
class EpsilonInTheRoot(_Adagrad):
    """A root of 0 is what has to be avoided (keras #17391)."""

    def root(self, total, group):
        return (total + group["eps"]).sqrt()


@refused_by("test_the_sum_begins_as_if_another_gradient_had_come")
class EpsilonInEverySum(_Adagrad):
    """A little is added each time, so that it is there whenever it is needed (nd4j before #888)."""

    def added(self, g, state, group):
        return super().added(g, state, group) + group["eps"]

    def root(self, total, group):
        return total.sqrt()


@refused_by("test_eps_is_added_to_the_size_of_the_gradient")
class NoEpsilon(_Adagrad):
    """A sum of squares is never 0, unless nothing has happened (pylearn2 #1496)."""

    def root(self, total, group):
        return total.sqrt()


@refused_by("test_eps_is_added_to_the_size_of_the_gradient")
class EpsilonIsTheLeast(_Adagrad):
    """The denominator shall not be smaller than eps (pylearn2 #1499)."""

    def root(self, total, group):
        return total.sqrt().clamp(min=group["eps"])


@refused_by("test_the_first_step_is_as_long_as_the_learning_rate")
class EpsilonIsAlwaysTheSame(_Adagrad):
    """Adagrad had no eps for a long time, and 1e-10 stands where it is used (higher #44)."""

    def root(self, total, group):
        return super().root(total, {"eps": 1e-10})


# The decay of the rate.


@refused_by("test_lr_decay_divides_the_rate_from_the_second_step_on")
class RateDecaysAtOnce(_Adagrad):
    """After one step, one step has passed."""

    def rate(self, state, group):
        return group["lr"] / (1 + state["step"] * group["lr_decay"])


@refused_by("test_lr_decay_divides_the_rate_from_the_second_step_on")
class RateDecaysByAFactor(_Adagrad):
    """Every step divides by 1 + lr_decay; that is the same in the second."""

    def rate(self, state, group):
        return group["lr"] / (1 + group["lr_decay"]) ** (state["step"] - 1)


@refused_by("test_without_a_gradient_nothing_happens_to_a_parameter")
class DecayedRateIsKept(_Adagrad):
    """The rate that was computed is the rate from now on."""

    def rate(self, state, group):
        group["lr"] = super().rate(state, group)
        return group["lr"]


@refused_by("test_lr_decay_divides_the_rate_from_the_second_step_on")
class RateNeverDecays(_Adagrad):
    """Adagrad decays by itself, so a line overwrites the argument (tensorflow_scala #55)."""

    def rate(self, state, group):
        return group["lr"]


@refused_by("test_without_a_gradient_nothing_happens_to_a_parameter")
class OneCountForAll(CountsStepsOfAll, _Adagrad):
    """The rate decays with the steps of the optimizer, not with those of a parameter."""


@refused_by("test_after_loading_it_continues_bit_for_bit")
class CountsAgainAfterLoading(CountsFromThereOn, _Adagrad):
    """The sum is the state; a count of steps is none."""


# Everything else.


@refused_by("test_weight_decay_adds_to_the_gradient")
class DecayBesideTheSum(DecaysBesideTheDirection, _Adagrad):
    """Weight decay is added to the step, and the sum is one of gradients (mxnet #9363)."""


@refused_by("test_settings_have_their_places_in_the_order_of_the_documentation")
class EpsilonBeforeWeightDecay(_Adagrad):
    """The arguments in the order of the other optimizers (first draft of pytorch #24980)."""

    def __init__(
        self,
        params,
        lr=1e-2,
        lr_decay=0,
        eps=1e-10,
        weight_decay=0,
        initial_accumulator_value=0,
        *,
        maximize=False,
    ):
        super().__init__(
            params, lr, lr_decay, weight_decay, initial_accumulator_value, eps, maximize=maximize
        )


@refused_by("test_a_group_that_is_added_later_begins_then")
class NoStateForLaterGroups(_Adagrad):
    """The sums are made with the optimizer, when all parameters are known (pytorch #53712)."""

    def __init__(
        self,
        params,
        lr=1e-2,
        lr_decay=0,
        weight_decay=0,
        initial_accumulator_value=0,
        eps=1e-10,
        *,
        maximize=False,
    ):
        super().__init__(
            params, lr, lr_decay, weight_decay, initial_accumulator_value, eps, maximize=maximize
        )
        self.state = {p: self.fresh_state(p, group) for p, group in self.pairs()}

    def state_of(self, p, group):
        return self.state[p]


@refused_by("test_a_gradient_of_0_is_a_gradient")
class RestsWhereItIsFlat(_Adagrad):
    """Without a gradient the sum does not grow, so there is nothing to do."""

    def moves(self, p, group):
        return p.grad is not None and bool(p.grad.any())


@refused_by("test_a_group_that_is_added_later_begins_then")
class SecondGroupStaysWhereItIs(_Adagrad):
    """for p in self.param_groups[0]["params"]."""

    def moves(self, p, group):
        return super().moves(p, group) and group is self.param_groups[0]


@refused_by("test_what_is_no_number_stays_where_it_is")
class SweepsAwayWhatIsNoNumber(_Adagrad):
    """A gradient that is NaN would spoil everything, and becomes 0."""

    def slope(self, p, group):
        return super().slope(p, group).nan_to_num()


@refused_by("test_a_large_parameter_moves_as_its_parts")
class WholeBlocksOnly(_Adagrad):
    """Large tensors go through the kernel block by block."""

    def apply(self, p, way):
        reached = torch.arange(p.numel()) < (p.numel() // 1024 * 1024 or p.numel())
        super().apply(p, way.where(reached.view(p.shape), 0))


@refused_by("test_to_maximize_is_to_minimize_the_opposite")
class OnlyGoesDown(_Adagrad):
    """Squares have no sign, so maximize makes no difference."""

    def slope(self, p, group):
        return p.grad


@refused_by("test_a_closure_is_called_once_and_its_loss_comes_back")
class ClosureTwice(_Adagrad):
    """Once for the gradients, and once for the loss."""

    def loss(self, closure):
        super().loss(closure)
        return super().loss(closure)


@refused_by("test_zero_grad_sets_to_none_or_to_zeros_as_it_is_told")
class GradientsBecomeZero(_Adagrad):
    """zero_grad zeroes the gradients, as it says."""

    def zero_grad(self, set_to_none=True):
        super().zero_grad(set_to_none=False)


@refused_by("test_after_loading_it_continues_bit_for_bit")
class LoadsInSinglePrecision(_Adagrad):
    """What is loaded comes from a file, where numbers are float32."""

    def load_state_dict(self, state_dict):
        super().load_state_dict(state_dict)
        for state in self.state.values():
            state["sum"] = state["sum"].float()


@refused_by("test_loaded_or_copied_it_takes_the_same_step_after_a_long_rest")
class CountsLikeTheRestOnceLoaded(LoadsAllInOneDtype, _Adagrad):
    """What is loaded gets the dtype of its parameter, as the sum does."""


@refused_by("test_loaded_or_copied_it_takes_the_same_step_after_a_long_rest")
class CountsLikeTheRestOnceCopied(CopiesAllInOneDtype, _Adagrad):
    """What is copied is all made tensors, of the dtype of the parameter."""


@refused_by("test_lr_decay_counts_every_step_of_a_long_rest")
class CountsInTheDtypeOfTheParameter(_Adagrad):
    """All state has one dtype, and in bfloat16 256 + 1 is 256 (fairscale #50)."""

    def fresh_state(self, p, group):
        return {**super().fresh_state(p, group), "step": torch.zeros((), dtype=p.dtype)}


# Sizes, sparse gradients, and settings that are changed.


@refused_by("test_a_sparse_gradient_is_one_that_is_0_elsewhere")
class SquaresOfEachOccurrence(_Adagrad):
    """Rows that come twice add two squares, not that of their sum (as in AiDotNet #1526)."""

    def direction(self, p, g, state, group):
        if not g.is_sparse:
            return super().direction(p, g, state, group)
        self.count(state)
        state["sum"].index_add_(0, g._indices()[0], g._values() ** 2)
        return g.to_dense() / self.root(state["sum"], group)


@refused_by("test_a_sparse_gradient_is_one_that_is_0_elsewhere")
class SparseEndsTheStep(_Adagrad):
    """What is sparse has a function of its own, and returns behind it (pytorch #110444)."""

    @torch.no_grad()
    def step(self, closure=None):
        loss = self.loss(closure)
        for p, group in self.pairs():
            if p.grad is not None:
                sparse, p.grad = p.grad.is_sparse, p.grad.to_dense()
                self.move(p, group)
                if sparse:
                    return loss
        return loss


# Right ones.


@accepted
class FromTheLibrary(torch.optim.Adagrad):
    pass


@accepted
class KeepsTheRoot(_Adagrad):
    """The root of a sum of squares is the length of a hypotenuse."""

    def fresh_state(self, p, group):
        value = group["initial_accumulator_value"] ** 0.5
        return super().fresh_state(p, {**group, "initial_accumulator_value": value})

    def added(self, g, state, group):
        return torch.hypot(state["sum"], g)

    def root(self, total, group):
        return total + group["eps"]


@accepted
class KeepsTheMean(_Adagrad):
    """A sum is the mean times how many they are."""

    def fresh_state(self, p, group):
        return {**super().fresh_state(p, group), "mean": torch.zeros_like(p)}

    def added(self, g, state, group):
        state["mean"] = state["mean"] + (g * g - state["mean"]) / state["step"]
        return state["mean"] * state["step"] + group["initial_accumulator_value"]


@accepted
class InTheHighestPrecision(InDoublePrecision, _Adagrad):
    pass


@accepted
class ListsByPosition(SavesLists, _Adagrad):
    pass


@accepted
class FewerOptions(AsInAFirstLesson):
    """As in a first lesson: a learning rate, and nothing can be saved."""

    def __init__(self, params, lr=1e-2):
        self.params, self.lr = list(params), lr
        self.sums = [torch.zeros_like(p) for p in self.params]

    @torch.no_grad()
    def step(self):
        for p, total in zip(self.params, self.sums, strict=True):
            if p.grad is not None:
                total += p.grad**2
                p -= self.lr * p.grad / (total.sqrt() + 1e-10)


@accepted
class OnlyARate:
    """A learning rate is all there is to set, and a step all there is to do."""

    def __init__(self, params, lr=1e-2):
        self.params, self.lr, self.sums = list(params), lr, {}

    def step(self):
        for i, p in enumerate(self.params):
            if p.grad is not None:
                self.sums[i] = self.sums.get(i, 0.0) + p.grad**2
                p.data.sub_(self.lr * p.grad / (self.sums[i].sqrt() + 1e-10))


@refused_by("test_without_a_gradient_nothing_happens_to_a_parameter")
class TakesTheStateOfItsPlace(StateByItsPlace, _Adagrad):
    __doc__ = StateByItsPlace.__doc__
