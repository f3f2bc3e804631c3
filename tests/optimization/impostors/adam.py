"""Adams that look right and are not, and some that are, and look odd.

The docstring says what the author was thinking.
"""

from typing import ClassVar

import torch
from torch import Tensor
from torch.optim.adam import adam

from sums_to_one.tests.judge.versions import accepted, refused_by, remarked
from sums_to_one.tests.optimization.impostors.bookkeeping import Bookkeeping, Group, State
from sums_to_one.tests.optimization.impostors.habits import (
    AsInAFirstLesson,
    CopiesAllInOneDtype,
    CountsFromThereOn,
    CountsStepsOfAll,
    DecaysInTheGradient,
    InDoublePrecision,
    LoadsAllInOneDtype,
    SavesLists,
    StateByItsPlace,
)


class _Adam(Bookkeeping):
    """A right one, of which each version changes one step."""

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        amsgrad=False,
        *,
        maximize=False,
    ):
        if max(betas) >= 1:
            raise ValueError(f"betas must be below 1, got {betas}")
        super().__init__(
            params,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            amsgrad=amsgrad,
            maximize=maximize,
        )

    def fresh_state(self, p: Tensor, group: Group) -> State:
        return {"step": 0, **{m: torch.zeros_like(p) for m in ("mean", "square", "largest")}}

    def direction(self, p: Tensor, g: Tensor, state: State, group: Group) -> Tensor:
        self.count(state)
        self.average(p, g, state, group)
        mean = state["mean"] / self.correction(0, state, group)
        return self.quotient(mean, self.spread(state, group), state, group)

    def count(self, state: State) -> None:
        state["step"] += 1

    def average(self, p: Tensor, g: Tensor, state: State, group: Group) -> None:
        beta1, beta2 = group["betas"]
        state["mean"] = beta1 * state["mean"] + (1 - beta1) * g
        state["square"] = beta2 * state["square"] + (1 - beta2) * g * g

    def spread(self, state: State, group: Group) -> Tensor:
        """The second moment, without its bias."""
        square = self.largest(state, group) if group["amsgrad"] else state["square"]
        return square / self.correction(1, state, group)

    def largest(self, state: State, group: Group) -> Tensor:
        state["largest"] = torch.maximum(state["largest"], state["square"])
        return state["largest"]

    def correction(self, moment: int, state: State, group: Group) -> float:
        return 1 - group["betas"][moment] ** state["step"]

    def quotient(self, mean: Tensor, square: Tensor, state: State, group: Group) -> Tensor:
        return mean / (square.sqrt() + group["eps"])


# The bias and its correction.


@refused_by("test_the_first_step_is_as_long_as_the_learning_rate")
class NoCorrection(_Adam):
    """The moments are what matters; the bias is gone after a while (mlx before #1640)."""

    def correction(self, moment, state, group):
        return 1


@refused_by("test_the_first_step_is_as_long_as_the_learning_rate")
class MeanUncorrected(_Adam):
    """A small first moment at the beginning is a warm-up for free."""

    def correction(self, moment, state, group):
        return super().correction(moment, state, group) if moment == 1 else 1


@refused_by("test_the_first_step_is_as_long_as_the_learning_rate")
class SquareUncorrected(_Adam):
    """RMSprop's average has no correction, and it comes from there."""

    def correction(self, moment, state, group):
        return super().correction(moment, state, group) if moment == 0 else 1


@refused_by("test_the_first_step_is_as_long_as_the_learning_rate")
class OnePowerAhead(_Adam):
    """The powers are multiplied on before each use, the first one too (tiny-dnn before #824)."""

    def correction(self, moment, state, group):
        return super().correction(moment, {"step": state["step"] + 1}, group)


@refused_by("test_steady_gradients_make_all_steps_alike")
class OnePowerBehind(_Adam):
    """Steps are counted from 0, and in the first there is no bias to correct."""

    def correction(self, moment, state, group):
        return super().correction(moment, {"step": max(state["step"] - 1, 1)}, group)


@refused_by("test_steady_gradients_make_all_steps_alike")
class CorrectionWithoutPowers(_Adam):
    """m / (1 - beta1), as the share of the gradient is 1 - beta1 (ML-From-Scratch #35)."""

    def correction(self, moment, state, group):
        return 1 - group["betas"][moment]


@refused_by("test_the_first_step_is_as_long_as_the_learning_rate")
class CorrectionTurnedAround(_Adam):
    """The moments are biased by a factor, which is applied (convnetjs #70)."""

    def correction(self, moment, state, group):
        return 1 / super().correction(moment, state, group)


@refused_by("test_the_first_step_is_as_long_as_the_learning_rate")
class OneBetaCorrectsBoth(_Adam):
    """The correction is a number that depends on the step."""

    def correction(self, moment, state, group):
        return super().correction(0, state, group)


@refused_by("test_steady_gradients_make_all_steps_alike")
class CorrectedForAHundredSteps(_Adam):
    """A correction that is hardly one can be left out."""

    def correction(self, moment, state, group):
        return super().correction(moment, state, group) if state["step"] <= 100 else 1


@refused_by("test_the_first_step_is_as_long_as_the_learning_rate")
class PowersInSinglePrecision(_Adam):
    """The powers are float32, as all numbers are (first draft of MXNet.jl #10)."""

    def correction(self, moment, state, group):
        beta = torch.tensor(group["betas"][moment], dtype=torch.float32)
        return 1 - (beta ** state["step"]).item()


@refused_by("test_after_a_peak_amsgrads_rate_rises_with_the_correction")
class StartsWithTheFirstGradient(_Adam):
    """An average that starts with the first number has no bias, so there is none to correct."""

    def average(self, p, g, state, group):
        if state["step"] == 1:
            state["mean"], state["square"] = g.clone(), g * g
        else:
            super().average(p, g, state, group)

    def correction(self, moment, state, group):
        return 1


# The count of steps.


@refused_by("test_without_a_gradient_nothing_happens_to_a_parameter")
class CountsEveryParameter(_Adam):
    """t = t + 1 stands in the loop over the parameters (flashlight #143)."""

    steps = 0

    def count(self, state):
        self.steps += 1
        state["step"] = self.steps


@refused_by("test_without_a_gradient_nothing_happens_to_a_parameter")
class OneCountForAll(CountsStepsOfAll, _Adam):
    """A step is a step, also for a parameter that takes part later (InfiniTrain #235)."""


# The moments.


@refused_by("test_steady_gradients_make_all_steps_alike")
class MomentsNeverKept(_Adam):
    """The new moments come from the old, and are used; nobody keeps them (rust-autograd #16)."""

    def direction(self, p, g, state, group):
        state["step"] += 1
        return super().direction(p, g, {**state, "step": state["step"] - 1}, group)


@refused_by("test_after_a_peak_amsgrads_rate_rises_with_the_correction")
class BetasSwapped(_Adam):
    """The smoother one belongs to the gradient, which is noisier."""

    def average(self, p, g, state, group):
        super().average(p, g, state, {**group, "betas": group["betas"][::-1]})

    def correction(self, moment, state, group):
        return super().correction(1 - moment, state, group)


@refused_by("test_steady_gradients_make_all_steps_alike")
class BetaFadesWithItsPower(_Adam):
    """The power of beta1 is at hand, and serves the average too (blocks before #1144)."""

    def average(self, p, g, state, group):
        beta1, beta2 = group["betas"]
        super().average(p, g, state, {**group, "betas": (beta1 ** state["step"], beta2)})


@refused_by("test_the_first_step_is_as_long_as_the_learning_rate")
class SquareOfTheMean(_Adam):
    """The second moment is the square of what the step uses, which is the first."""

    def average(self, p, g, state, group):
        before = state["square"]
        super().average(p, g, state, group)
        beta = group["betas"][1]
        state["square"] = beta * before + (1 - beta) * state["mean"].square()


@refused_by("test_with_amsgrad_no_step_is_longer_than_without")
class MeanOfTheQuotients(_Adam):
    """RMSprop with momentum: first the quotient, then its average, without its bias."""

    def average(self, p, g, state, group):
        before = state["mean"]
        super().average(p, g, state, group)
        quotient = g / (self.spread(state, group).sqrt() + group["eps"])
        beta = group["betas"][0]
        state["mean"] = beta * before + (1 - beta) * quotient

    def quotient(self, mean, square, state, group):
        return mean


@refused_by("test_every_number_goes_its_own_way")
class OneScaleForTheTensor(_Adam):
    """The numbers of a tensor are alike, so one second moment serves all of them."""

    def quotient(self, mean, square, state, group):
        return super().quotient(mean, square.mean(), state, group)


@refused_by("test_a_single_gradient_fades_from_both_averages")
class LazyWhereTheGradientIsZero(_Adam):
    """What had no gradient was not used, and waits (LazyAdam; tensorflow #23668)."""

    def average(self, p, g, state, group):
        before = state["mean"], state["square"]
        super().average(p, g, state, group)
        state["mean"] = state["mean"].where(g != 0, before[0])
        state["square"] = state["square"].where(g != 0, before[1])

    def move(self, p, group):
        used = p.grad != 0
        before = p.clone()
        super().move(p, group)
        p.copy_(p.where(used, before))


# Epsilon.


@refused_by("test_steady_gradients_make_all_steps_alike")
class EpsilonInTheRoot(_Adam):
    """A root of 0 is what has to be avoided (Flux.jl before #448)."""

    def quotient(self, mean, square, state, group):
        return mean / (square + group["eps"]).sqrt()


@refused_by("test_steady_gradients_make_all_steps_alike")
class EpsilonBeforeTheCorrection(_Adam):
    """sqrt(v) + eps, and the corrections go with the rate (pytorch before #22628)."""

    def quotient(self, mean, square, state, group):
        root = self.correction(1, state, group) ** 0.5
        return super().quotient(mean, square, state, {**group, "eps": group["eps"] / root})


@refused_by("test_the_first_step_is_as_long_as_the_learning_rate")
class EpsilonIsAlwaysTheSame(_Adam):
    """Nobody changes 1e-8 (deeplearning4j #2705)."""

    def quotient(self, mean, square, state, group):
        return super().quotient(mean, square, state, {**group, "eps": 1e-8})


@refused_by("test_steady_gradients_make_all_steps_alike")
class EpsilonIsTheLeast(_Adam):
    """The denominator shall not be smaller than eps."""

    def quotient(self, mean, square, state, group):
        return mean / square.sqrt().clamp(min=group["eps"])


# AMSGrad.


@refused_by("test_after_a_peak_amsgrads_rate_rises_with_the_correction")
class AMSGradIgnored(_Adam):
    """The maximum is kept, for those who want to look at it."""

    def largest(self, state, group):
        super().largest(state, group)
        return state["square"]


@refused_by("test_after_a_peak_amsgrads_rate_rises_with_the_correction")
class LargestAfterTheCorrection(_Adam):
    """The largest of all second moments without bias (optax #1389)."""

    def spread(self, state, group):
        square = state["square"] / self.correction(1, state, group)
        if group["amsgrad"]:
            square = state["largest"] = torch.maximum(state["largest"], square)
        return square


@refused_by("test_after_a_peak_amsgrads_rate_rises_with_the_correction")
class LargestNeverKept(_Adam):
    """The maximum of the old and the new, into a new tensor (pytorch #78807)."""

    def largest(self, state, group):
        return torch.maximum(state["largest"], state["square"])


@refused_by("test_while_gradients_grow_amsgrad_changes_nothing")
class LargestLosesItsSquare(_Adam):
    """The root is taken in place, of a number that is needed again (review of pytorch #4314)."""

    def spread(self, state, group):
        square = super().spread(state, group)
        if group["amsgrad"]:
            state["largest"].sqrt_()
        return square


@refused_by("test_while_gradients_grow_amsgrad_changes_nothing")
class AMSGradUncorrected(_Adam):
    """The paper on AMSGrad has no correction."""

    def correction(self, moment, state, group):
        return 1 if group["amsgrad"] else super().correction(moment, state, group)


# Weight decay and maximize.


@refused_by("test_weight_decay_adds_to_the_gradient")
class DecayDecoupled(_Adam):
    """Weight decay is better done beside the moments, and it is Adam still (FlagGems #4989)."""

    def decayed(self, p, g, group):
        p.mul_(1 - group["lr"] * group["weight_decay"])
        return g


@refused_by("test_weight_decay_adds_to_the_gradient")
class DecayIgnored(_Adam):
    """L2 belongs to the loss, and the argument leads nowhere (Paddle #5836)."""

    def decayed(self, p, g, group):
        return g


@refused_by("test_weight_decay_adds_to_the_gradient")
class DecayOnlyInTheMean(_Adam):
    """The second moment is the scale of the gradient, which decay shall not change."""

    def decayed(self, p, g, group):
        return g

    def average(self, p, g, state, group):
        before = state["mean"]
        super().average(p, g, state, group)
        beta, decay = group["betas"][0], group["weight_decay"]
        state["mean"] = beta * before + (1 - beta) * (g + decay * p)


@refused_by("test_gradients_are_left_as_they_were")
class DecayWritesIntoTheGradient(DecaysInTheGradient, _Adam):
    """Adding in place saves a copy (proposed in pytorch #12107)."""


@refused_by("test_to_maximize_is_to_minimize_the_opposite")
class RateTurnedAround(_Adam):
    """To maximize is to step the other way; no moment need know (draft of pytorch #68164)."""

    def slope(self, p, group):
        return p.grad

    def rate(self, state, group):
        return -group["lr"] if group["maximize"] else group["lr"]


@refused_by("test_to_maximize_is_to_minimize_the_opposite")
class AMSGradOnlyGoesDown(_Adam):
    """The two options came from two authors."""

    def slope(self, p, group):
        return p.grad if group["amsgrad"] else super().slope(p, group)


# Parameters, groups, gradients.


@refused_by("test_a_new_optimizer_knows_nothing_of_the_one_before")
class OneStateForAllOptimizers(_Adam):
    """state = {} in the body of the class."""

    everyones: ClassVar[dict[Tensor, State]] = {}

    def add_param_group(self, group):
        super().add_param_group(group)
        self.state = self.everyones


@refused_by("test_a_group_that_is_added_later_begins_then")
class LaterGroupsStayWhereTheyAre(_Adam):
    """The parameters are gathered when the optimizer is made."""

    def gathered(self, params):
        given = super().gathered(params)
        self.first = len(given) if isinstance(given[0], dict) else 1
        return given

    def moves(self, p, group):
        known = any(group is one for one in self.param_groups[: self.first])
        return known and super().moves(p, group)


@refused_by("test_every_parameter_goes_its_own_way")
class EmptyParameterEndsTheGroup(_Adam):
    """The last parameter launches the work, if it has any (TransformerEngine before #3212)."""

    def moves(self, p, group):
        return super().moves(p, group) and group["params"][-1].numel() > 0


@refused_by("test_the_place_in_memory_changes_nothing")
class GradientInTheOrderOfTheParameter(_Adam):
    """The kernel walks through both as they lie in memory (ROCm/apex #97)."""

    def slope(self, p, group):
        return super().slope(p, group).as_strided(p.shape, p.stride())


@refused_by("test_every_number_goes_its_own_way")
class AsManyNumbersAsRows(_Adam):
    """The size of a parameter is size(0); the tests had none that was larger (ColossalAI #633)."""

    def apply(self, p, way):
        reached = torch.arange(p.numel()) < p.shape[:1].numel()
        super().apply(p, way.where(reached.view(p.shape), 0))


@refused_by("test_the_state_of_torch_is_left_as_it_was")
class GradientsStayOff(_Adam):
    """Gradients are switched off before the step, and there is no need for them after it."""

    def step(self, closure=None):
        loss = super().step(closure)
        torch.set_grad_enabled(False)
        return loss


@refused_by("test_a_closure_is_called_once_and_its_loss_comes_back")
class LossDropped(_Adam):
    """The closure is called for its gradients."""

    def loss(self, closure):
        super().loss(closure)


# What is saved and loaded.


@refused_by("test_after_loading_it_continues_bit_for_bit")
class CountsAgainAfterLoading(CountsFromThereOn, _Adam):
    """The moments are saved; the count of steps is a plain number, and begins again."""


@refused_by("test_after_loading_it_continues_bit_for_bit")
class LargestIsNotLoaded(_Adam):
    """An Adam has two moments, and both are loaded."""

    def load_state_dict(self, state_dict):
        super().load_state_dict(state_dict)
        for state in self.state.values():
            state["largest"].zero_()


@refused_by("test_the_settings_are_loaded_too")
class CorrectsWithTheBetasItWasMadeWith(_Adam):
    """The powers are computed while the state is loaded, the betas after it (tt-metal #53212)."""

    def load_state_dict(self, state_dict):
        made_with = [group["betas"] for group in self.param_groups]
        super().load_state_dict(state_dict)
        for group, betas in zip(self.param_groups, made_with, strict=True):
            group["corrected with"] = betas

    def correction(self, moment, state, group):
        betas = group.get("corrected with", group["betas"])
        return super().correction(moment, state, {**group, "betas": betas})


@refused_by("test_every_parameter_gets_its_own_state_back")
class StatesInTheOrderOfTheirSteps(_Adam):
    """The states are loaded one after the other, as they came to be (fairscale #380)."""

    def load_state_dict(self, state_dict):
        super().load_state_dict(state_dict)
        params = (p for p, _ in self.pairs())
        self.state = dict(zip(params, self.state.values(), strict=False))


@refused_by("test_loaded_or_copied_it_takes_the_same_step_after_a_long_rest")
class CountsLikeTheRestOnceLoaded(LoadsAllInOneDtype, _Adam):
    """What is loaded gets the dtype of its parameter, as the moments do (pytorch #75214)."""

    def correction(self, moment, state, group):
        return super().correction(moment, {**state, "step": float(state["step"])}, group)


@refused_by("test_loaded_or_copied_it_takes_the_same_step_after_a_long_rest")
class CountsLikeTheRestOnceCopied(CopiesAllInOneDtype, _Adam):
    """What is copied is all made tensors, of the dtype of the parameter."""

    def correction(self, moment, state, group):
        return super().correction(moment, {**state, "step": float(state["step"])}, group)


@refused_by("test_after_a_long_rest_the_first_step_is_corrected_for_every_step_of_it")
class CountsInTheDtypeOfTheParameter(_Adam):
    """All state has one dtype, and in bfloat16 256 + 1 is 256 (pytorch #173901)."""

    def fresh_state(self, p, group):
        return {**super().fresh_state(p, group), "step": torch.zeros((), dtype=p.dtype)}

    def correction(self, moment, state, group):
        return super().correction(moment, {**state, "step": state["step"].item()}, group)


class _DecouplesIfAsked(_Adam):
    """A right one, with the option of a decay beside the moments."""

    def __init__(self, params, lr=1e-3, *arguments, decoupled_weight_decay=False, **options):
        super().__init__(params, lr, *arguments, **options)
        self.options["decoupled_weight_decay"] = decoupled_weight_decay
        for group in self.param_groups:
            group.setdefault("decoupled_weight_decay", decoupled_weight_decay)
            group["shrinks by"] = 1 - group["lr"] * group["weight_decay"]

    def decayed(self, p, g, group):
        if not group["decoupled_weight_decay"]:
            return super().decayed(p, g, group)
        p.mul_(self.shrinking(group))
        return g

    def shrinking(self, group):
        return 1 - group["lr"] * group["weight_decay"]


@refused_by("test_a_setting_that_is_changed_counts_from_the_next_step_on")
class DecayKeepsTheFirstRate(_DecouplesIfAsked):
    """By how much weights shrink is computed once, with the rate that there is then."""

    def shrinking(self, group):
        return group["shrinks by"]


@refused_by("test_the_first_step_is_right_in_lower_precision")
class EpsilonOfTheDtype(_Adam):
    """With fewer digits eps should be at least the dtype's own, else it is lost."""

    def quotient(self, mean, square, state, group):
        eps = group["eps"]
        if mean.dtype == torch.float32:
            eps = max(eps, torch.finfo(mean.dtype).eps)
        return super().quotient(mean, square, state, {**group, "eps": eps})


# Sizes, sparse gradients, and settings that are changed.


@refused_by("test_parameters_of_several_dtypes_go_on_in_their_own")
class StateLikeTheFirstOfItsGroup(_Adam):
    """One buffer holds the moments of a group; its dtype is that of the first parameter."""

    def fresh_state(self, p, group):
        return super().fresh_state(p.to(group["params"][0].dtype), group)

    def direction(self, p, g, state, group):
        return super().direction(p, g.to(state["mean"].dtype), state, group).to(p.dtype)


@refused_by("test_a_group_may_have_off_what_is_on_in_the_others")
class NoDecayIsNotGiven(_Adam):
    """A group without a decay of its own has the others'; but biases are to have none at all."""

    def add_param_group(self, group):
        decay = group.get("weight_decay") or self.options["weight_decay"]
        super().add_param_group({**group, "weight_decay": decay})


@refused_by("test_what_was_off_when_it_was_saved_is_off_after_loading")
class OnceOnAlwaysOn(_Adam):
    """Who asks for amsgrad wants it, whatever is in the file."""

    def restore(self, group, options):
        super().restore(group, {**options, "amsgrad": group["amsgrad"] or options["amsgrad"]})


@refused_by("test_what_a_group_says_before_the_first_step_counts")
class BetasReadWhenMade(_Adam):
    """Only rates have schedules; but a one-cycle schedule turns beta1, too (pytorch #73910)."""

    def add_param_group(self, group):
        super().add_param_group(group)
        self.param_groups[-1]["of_old"] = self.param_groups[-1]["betas"]

    def average(self, p, g, state, group):
        super().average(p, g, state, {**group, "betas": group["of_old"]})

    def correction(self, moment, state, group):
        return super().correction(moment, state, {**group, "betas": group["of_old"]})


@refused_by("test_a_setting_that_is_changed_counts_from_the_next_step_on")
class BetasReadInTheFirstStep(_Adam):
    """What an average remembers is part of its state, and stays as long as it does."""

    def fresh_state(self, p, group):
        return {**super().fresh_state(p, group), "betas": group["betas"]}

    def average(self, p, g, state, group):
        super().average(p, g, state, {**group, "betas": state["betas"]})

    def correction(self, moment, state, group):
        return super().correction(moment, state, {**group, "betas": state["betas"]})


@refused_by("test_the_place_in_memory_changes_nothing")
class OffsetOfTheStorageForgotten(_Adam):
    """Channels last are read by their strides, from where memory begins (pytorch #174345)."""

    def slope(self, p, group):
        g = super().slope(p, group)
        if g.ndim == 4 and g.is_contiguous(memory_format=torch.channels_last):
            return torch.as_strided(g, g.shape, g.stride(), 0)
        return g


# Right ones.


@accepted
class FromTheLibrary(torch.optim.Adam):
    pass


@accepted
class CorrectedByTheRate(_Adam):
    def direction(self, p, g, state, group):
        self.count(state)
        self.average(p, g, state, group)
        square = self.largest(state, group) if group["amsgrad"] else state["square"]
        root = self.correction(1, state, group) ** 0.5
        return state["mean"] / (square.sqrt() + group["eps"] * root)

    def rate(self, state, group):
        first, second = (self.correction(moment, state, group) for moment in (0, 1))
        return group["lr"] * second**0.5 / first


@accepted
class PowersAsProducts(_Adam):
    def fresh_state(self, p, group):
        return {**super().fresh_state(p, group), "powers": [1.0, 1.0]}

    def count(self, state):
        state["step"] += 1
        state["new"] = True

    def correction(self, moment, state, group):
        if state.pop("new", False):
            powers = zip(state["powers"], group["betas"], strict=True)
            state["powers"] = [power * beta for power, beta in powers]
        return 1 - state["powers"][moment]


@accepted
class SumsInsteadOfAverages(_Adam):
    """Divided by the sum of their weights, which needs no correction."""

    def average(self, p, g, state, group):
        for moment, number, beta in zip(
            ("mean", "square"), (g, g * g), group["betas"], strict=True
        ):
            state[moment] = beta * state[moment] + number

    def correction(self, moment, state, group):
        beta = group["betas"][moment]
        return (1 - beta ** state["step"]) / (1 - beta)


@accepted
class InTheHighestPrecision(InDoublePrecision, _Adam):
    pass


@accepted
class CountsInFloat32(_Adam):
    """Of what is loaded, the moments get the dtype of the parameter, and the count does not."""

    def fresh_state(self, p, group):
        return {**super().fresh_state(p, group), "step": torch.zeros((), dtype=torch.float32)}

    def correction(self, moment, state, group):
        return super().correction(moment, {**state, "step": state["step"].item()}, group)

    def load_state_dict(self, state_dict):
        super().load_state_dict(state_dict)
        for p, state in self.state.items():
            moments = {n: v.to(p.dtype) for n, v in state.items() if n != "step"}
            self.state[p] = {**moments, "step": state["step"].float()}


@accepted
class ListsByPosition(SavesLists, _Adam):
    pass


@accepted
class FewerOptions(AsInAFirstLesson):
    """As in a first lesson: a learning rate and betas, and nothing can be saved."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999)):
        self.params, self.lr, self.betas = list(params), lr, betas
        self.moments = dict.fromkeys(self.params, (0, 0, 0))

    @torch.no_grad()
    def step(self):
        a, b = self.betas
        for p in self.params:
            if p.grad is None:
                continue
            t, m, v = self.moments[p]
            t, m, v = t + 1, m * a + p.grad * (1 - a), v * b + p.grad**2 * (1 - b)
            self.moments[p] = t, m, v
            p -= self.lr * m / (1 - a**t) / ((v / (1 - b**t)) ** 0.5 + 1e-8)


@accepted
class DecouplesIfAsked(_DecouplesIfAsked):
    pass


@accepted
class OnlyARate:
    """A learning rate is all there is to set, and a step all there is to do."""

    def __init__(self, params, lr=1e-3):
        self.params, self.lr, self.t = list(params), lr, {}

    def step(self):
        for p in self.params:
            if p.grad is not None:
                t, m, v = self.t.get(id(p), (0, 0.0, 0.0))
                t, m, v = t + 1, m + 0.1 * (p.grad - m), v + 0.001 * (p.grad.square() - v)
                self.t[id(p)] = t, m, v
                mean, square = m / (1 - 0.9**t), v / (1 - 0.999**t)
                p.data = p.data - self.lr * mean / (square.sqrt() + 1e-8)


@remarked("0 dimensions")
class NotOfSingleNumbers(_Adam):
    def add_param_group(self, group):
        super().add_param_group(group)
        if any(p.ndim == 0 for p in self.param_groups[-1]["params"]):
            raise ValueError("a parameter must have a dimension, got a single number")


@accepted
class AroundTheFunction(AsInAFirstLesson):
    """A thin class around the library's function, which refuses a count in float16."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        self.params = list(params)
        self.settings = {
            "lr": lr,
            "beta1": betas[0],
            "beta2": betas[1],
            "eps": eps,
            "weight_decay": weight_decay,
        }
        self.states = {}

    def step(self):
        params = [p for p in self.params if p.grad is not None]
        for p in params:
            if id(p) not in self.states:
                moments = [torch.zeros_like(p.detach()) for _ in range(2)]
                self.states[id(p)] = [*moments, torch.tensor(0.0)]
        columns = [
            list(column) for column in zip(*(self.states[id(p)] for p in params), strict=True)
        ]
        if not params:
            return
        mean, square, steps = columns
        grads = [p.grad for p in params]
        options = {"amsgrad": False, "maximize": False, "foreach": True}
        with torch.no_grad():
            adam(params, grads, mean, square, [], steps, **options, **self.settings)


@refused_by("test_without_a_gradient_nothing_happens_to_a_parameter")
class TakesTheStateOfItsPlace(StateByItsPlace, _Adam):
    __doc__ = StateByItsPlace.__doc__
