"""Stochastic gradient descents that look right and are not, and some that are, and look odd.

The docstring says what the author was thinking.
"""

import itertools

import torch
from torch import Tensor

from sums_to_one.tests.judge.versions import accepted, refused_by, remarked
from sums_to_one.tests.optimization.impostors.bookkeeping import Bookkeeping, Group, State
from sums_to_one.tests.optimization.impostors.habits import (
    AsInAFirstLesson,
    DecaysBesideTheDirection,
    DecaysInTheGradient,
    InDoublePrecision,
    SavesLists,
)


class _SGD(Bookkeeping):
    """A right one, of which each version changes one step."""

    def __init__(
        self,
        params,
        lr=1e-3,
        momentum=0,
        dampening=0,
        weight_decay=0,
        nesterov=False,
        *,
        maximize=False,
    ):
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("nesterov must have momentum, and no dampening")
        super().__init__(
            params,
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
            maximize=maximize,
        )

    def direction(self, p: Tensor, g: Tensor, state: State, group: Group) -> Tensor:
        if not group["momentum"]:
            return g
        v = state["velocity"] = self.velocity(g, state, group)
        return self.ahead(g, v, group) if group["nesterov"] else v

    def velocity(self, g: Tensor, state: State, group: Group) -> Tensor:
        if "velocity" not in state:
            return self.first_velocity(g, group)
        return group["momentum"] * state["velocity"] + (1 - group["dampening"]) * g

    def first_velocity(self, g: Tensor, group: Group) -> Tensor:
        return g.clone()

    def ahead(self, g: Tensor, v: Tensor, group: Group) -> Tensor:
        return g + group["momentum"] * v


# Momentum.


@refused_by("test_dampening_withholds_from_all_gradients_but_the_first")
class AverageInsteadOfTheSum(_SGD):
    """Momentum is a moving average, and an average has weights that add up to 1 (mlx #87)."""

    def velocity(self, g, state, group):
        return group["momentum"] * state.get("velocity", 0) + (1 - group["momentum"]) * g


@refused_by("test_dampening_withholds_from_all_gradients_but_the_first")
class DampedByTheMomentum(_SGD):
    """Dampening that nobody set is the momentum, as it was in Lua (torch/optim #163)."""

    def velocity(self, g, state, group):
        return super().velocity(
            g, state, {**group, "dampening": group["dampening"] or group["momentum"]}
        )


@refused_by("test_dampening_withholds_from_all_gradients_but_the_first")
class VelocityNeverFades(_SGD):
    """The coefficient tells how much of the gradient is taken along (AiDotNet #2008)."""

    def velocity(self, g, state, group):
        return state.get("velocity", 0) + group["momentum"] * g


@refused_by("test_dampening_withholds_from_all_gradients_but_the_first")
class DampedFromTheFirstStep(_SGD):
    """The velocity is 0 before the first step, which is then like any other (mlx before #473)."""

    def first_velocity(self, g, group):
        return (1 - group["dampening"]) * g


@refused_by("test_dampening_withholds_from_all_gradients_but_the_first")
class DampeningIgnored(_SGD):
    """Nobody damps; the argument is there so that old scripts run."""

    def velocity(self, g, state, group):
        return super().velocity(g, state, {**group, "dampening": 0})


@refused_by("test_every_step_is_as_long_as_the_learning_rate_of_that_moment")
class RateInTheVelocity(_SGD):
    """v = mu v + lr g and p = p - v, as Sutskever writes it (mxnet #15533)."""

    def direction(self, p, g, state, group):
        return super().direction(p, group["lr"] * g, state, group)

    def rate(self, state, group):
        return 1


@refused_by("test_every_step_is_as_long_as_the_learning_rate_of_that_moment")
class RateTwice(_SGD):
    """The last step and the gradient are added, and their sum is times lr (Boltzmann.jl #14)."""

    def velocity(self, g, state, group):
        return super().velocity(g, state, {**group, "momentum": group["lr"] * group["momentum"]})


@refused_by("test_every_step_is_as_long_as_the_learning_rate_of_that_moment")
class RateEntersTheVelocity(_SGD):
    """The step is the velocity times lr, in place, to save memory (CAME #2)."""

    def direction(self, p, g, state, group):
        way = super().direction(p, g, state, group)
        return way.mul_(group["lr"]) if way is state.get("velocity") else group["lr"] * way

    def rate(self, state, group):
        return 1


@refused_by("test_writing_into_a_gradient_afterwards_changes_nothing")
class VelocityIsTheGradient(_SGD):
    """The first velocity is the gradient, so there is nothing to compute and nothing to copy."""

    def first_velocity(self, g, group):
        return g


@refused_by("test_dampening_withholds_from_all_gradients_but_the_first")
class VelocityForgotten(_SGD):
    """The buffers are set to 0 at the head of the step, of every step (pytorch_optimizer #516)."""

    def velocity(self, g, state, group):
        return self.first_velocity(g, group)


@refused_by("test_what_is_no_number_stays_where_it_is")
class VelocityOneStepLate(_SGD):
    """Both are updated at once, each from the values before the step (mdenil/dropout #4)."""

    def direction(self, p, g, state, group):
        before = state.get("velocity", torch.zeros_like(g))
        way = super().direction(p, g, state, group)
        return before if group["momentum"] else way


@refused_by("test_steady_gradients_add_up_to_a_geometric_series")
class FreshStartEveryHundredSteps(_SGD):
    """Momentum gathers rust, and starting again now and then speeds it up."""

    def velocity(self, g, state, group):
        state["step"] = state.get("step", 0) + 1
        if state["step"] % 100 == 1:
            return self.first_velocity(g, group)
        return super().velocity(g, state, group)


# Nesterov's momentum.


@refused_by("test_a_gradient_fades_by_the_momentum_in_every_step")
class NesterovIgnored(_SGD):
    """The kernel has a flag for it, which is always false (AiDotNet.Tensors #949)."""

    def ahead(self, g, v, group):
        return v


@refused_by("test_a_gradient_fades_by_the_momentum_in_every_step")
class NesterovBackwards(_SGD):
    """p - lr g + lr mu v: a pair of parentheses was opened on the way (Paddle #12231)."""

    def ahead(self, g, v, group):
        return g - group["momentum"] * v


@refused_by("test_a_gradient_fades_by_the_momentum_in_every_step")
class NesterovFromTheOldVelocity(_SGD):
    """One looks ahead along the velocity that one has, before the gradient joins it."""

    def direction(self, p, g, state, group):
        before = state.get("velocity", torch.zeros_like(g))
        way = super().direction(p, g, state, group)
        return g + group["momentum"] * before if group["nesterov"] else way


@refused_by("test_a_gradient_fades_by_the_momentum_in_every_step")
class NesterovInTheVelocity(_SGD):
    """The look ahead is written into the velocity, which is at hand (google-research #1711)."""

    def ahead(self, g, v, group):
        return v.mul_(group["momentum"]).add_(g)


@refused_by("test_weight_decay_adds_to_the_gradient")
class NesterovDecaysAgain(_SGD):
    """Where one looks ahead, weights decay as they do here."""

    def direction(self, p, g, state, group):
        way = super().direction(p, g, state, group)
        return way + group["weight_decay"] * p if group["nesterov"] else way


# Weight decay and maximize.


@refused_by("test_weight_decay_adds_to_the_gradient")
class NoDecayWithoutMomentum(_SGD):
    """Without momentum there is little to do, so that comes first, and returns (mlx #440)."""

    def decayed(self, p, g, group):
        return super().decayed(p, g, group) if group["momentum"] else g


@refused_by("test_weight_decay_adds_to_the_gradient")
class DecayAfterTheMomentum(DecaysBesideTheDirection, _SGD):
    """Momentum is for gradients, and the decay is added to the step (pytorch before #13801)."""


@refused_by("test_weight_decay_adds_to_the_gradient")
class DecayAfterTheStep(_SGD):
    """Weights shrink when the step is done, as the name says: weight decay."""

    def decayed(self, p, g, group):
        return g

    def move(self, p, group):
        super().move(p, group)
        p.mul_(1 - group["lr"] * group["weight_decay"])


@refused_by("test_weight_decay_adds_to_the_gradient")
class DecaySubtracted(_SGD):
    """Decay makes things smaller, so it is subtracted (chainer #261)."""

    def decayed(self, p, g, group):
        return g - group["weight_decay"] * p


@refused_by("test_gradients_are_left_as_they_were")
class DecayWritesIntoTheGradient(DecaysInTheGradient, _SGD):
    """g += weight_decay * p; the gradient is used up anyway (pytorch #12218)."""


@refused_by("test_to_maximize_is_to_minimize_the_opposite")
class WeightsGrowUphill(_SGD):
    """To maximize, the step is taken the other way; all of it (asked in pytorch #75330)."""

    def slope(self, p, group):
        return p.grad

    def decayed(self, p, g, group):
        g = super().decayed(p, g, group)
        return -g if group["maximize"] else g


@refused_by("test_gradients_are_left_as_they_were")
class TurnsTheGradientItself(_SGD):
    """The gradient is negated in place, and so again in the next pass (pytorch_optimizer #528)."""

    def slope(self, p, group):
        return p.grad.neg_() if group["maximize"] else p.grad


@refused_by("test_to_maximize_is_to_minimize_the_opposite")
class MomentumOnlyGoesDown(_SGD):
    """maximize came later, and the branch with momentum was overlooked."""

    def slope(self, p, group):
        return p.grad if group["momentum"] else super().slope(p, group)


# Groups and their options.


@refused_by("test_a_group_that_is_added_later_begins_then")
class OptionsOfTheFirstGroup(_SGD):
    """The options are read once before the loop."""

    def move(self, p, group):
        super().move(p, self.param_groups[0])


@refused_by("test_every_step_is_as_long_as_the_learning_rate_of_that_moment")
class RateOfTheBeginning(_SGD):
    """The rate of a group is an argument, and remembered as one (tensorflow #31324)."""

    def add_param_group(self, group):
        super().add_param_group(group)
        self.param_groups[-1]["initial_lr"] = self.param_groups[-1]["lr"]

    def rate(self, state, group):
        return group["initial_lr"]


@refused_by("test_a_group_that_is_added_later_begins_then")
class OwnOptionsOrTheUsualOnes(_SGD):
    """A group with options of its own has the library's defaults for the rest (pytorch #141884)."""

    def add_param_group(self, group):
        usual = {"lr": 1e-3, "momentum": 0, "dampening": 0, "weight_decay": 0, "nesterov": False}
        super().add_param_group({**usual, **group} if len(group) > 1 else group)


@refused_by("test_every_parameter_goes_its_own_way")
class OneVelocityForEachShape(_SGD):
    """Buffers of one shape can be used by all parameters of that shape."""

    def state_of(self, p, group):
        return self.state.setdefault(p.shape, {})

    def state_dict(self):
        return {**super().state_dict(), "state": dict(self.state)}

    def load_state_dict(self, state_dict):
        super().load_state_dict({**state_dict, "state": {}})
        self.state = {shape: dict(state) for shape, state in state_dict["state"].items()}


# What happens to parameters and gradients.


@refused_by("test_without_a_gradient_nothing_happens_to_a_parameter")
class CoastsWithoutGradient(_SGD):
    """Where there is no gradient, the velocity still carries the parameter on."""

    def moves(self, p, group):
        return p.grad is not None or "velocity" in self.state.get(p, {})

    def slope(self, p, group):
        return torch.zeros_like(p) if p.grad is None else super().slope(p, group)


@refused_by("test_without_a_gradient_nothing_happens_to_a_parameter")
class DecaysWithoutGradient(_SGD):
    """Decay is for all weights, also for those that the loss did not use (Muon #54)."""

    @torch.no_grad()
    def step(self, closure=None):
        loss = super().step(closure)
        for p, group in self.pairs():
            if p.grad is None:
                p.mul_(1 - group["lr"] * group["weight_decay"])
        return loss


@refused_by("test_a_gradient_of_0_is_a_gradient")
class RestsWhereItIsFlat(_SGD):
    """Where the gradient is 0 there is nothing to do."""

    def moves(self, p, group):
        return p.grad is not None and bool(p.grad.any())


@refused_by("test_what_is_no_number_stays_where_it_is")
class NothingReachesTheCaller(_SGD):
    """p = p - lr * g, as in the lecture; but that p is another one (as in nntrainer #241)."""

    def apply(self, p, way):
        p = p - way


@refused_by("test_the_place_in_memory_changes_nothing")
class MovesACopyOfAView(_SGD):
    """Flattened, all parameters are alike; some are copied for it (bitsandbytes #1187)."""

    def apply(self, p, way):
        p.reshape(-1).sub_(way.reshape(-1))


@refused_by("test_the_settings_not_given_are_those_of_the_documentation")
class RateInTheDefaultDtype(_SGD):
    """The rate is a tensor, so that a scheduler can write to it."""

    def rate(self, state, group):
        return torch.as_tensor(group["lr"], dtype=torch.get_default_dtype())


@refused_by("test_every_number_goes_its_own_way")
class ClippedUnasked(_SGD):
    """Gradients are clipped to a norm of 5, which never hurts (dynet #1511)."""

    def slope(self, p, group):
        g = super().slope(p, group)
        return g * (5 / g.norm()).clamp(max=1) if g.numel() else g


@refused_by("test_zero_grad_forgets_the_gradients_of_every_group")
class ClearsTheFirstGroup(_SGD):
    """There is one group, as a rule; the others keep their gradients (KempnerForge #182)."""

    def zero_grad(self, set_to_none=True):
        for p in self.param_groups[0]["params"]:
            p.grad = None if set_to_none or p.grad is None else torch.zeros_like(p.grad)


@refused_by("test_parameters_may_come_one_by_one")
class LooksAtAllParametersFirst(_SGD):
    """A check of what came, which uses a generator up (pytorch #47594)."""

    def gathered(self, params):
        if any(isinstance(p, Tensor) and p.is_sparse for p in params):
            raise ValueError("parameters must be dense")
        return super().gathered(params)


@refused_by("test_a_closure_is_called_once_and_its_loss_comes_back")
class ClosureWithoutGraph(_SGD):
    """No gradients are needed in a step; but the closure computes them (HeavyBall #10)."""

    def loss(self, closure):
        return None if closure is None else closure()


# What is saved and loaded.


@refused_by("test_the_settings_are_loaded_too")
class KeepsTheOptionsItWasMadeWith(_SGD):
    """What is loaded is the state; the options are those of the constructor."""

    def restore(self, group, options):
        pass


@refused_by("test_after_loading_it_continues_bit_for_bit")
class VelocityIsNotSaved(_SGD):
    """The state dictionary has the options, from which all can be made again."""

    def state_dict(self):
        return {**super().state_dict(), "state": {}}


@refused_by("test_zero_grad_sets_to_none_or_to_zeros_as_it_is_told")
class KeepsWhatIsNotNone(_SGD):
    """A gradient becomes None or it does not; that the others should be 0 is easily forgotten."""

    def zero_grad(self, set_to_none=True):
        for p, _ in self.pairs():
            p.grad = None if set_to_none else p.grad


@refused_by("test_a_parameter_of_any_shape_moves_as_the_row_of_its_numbers")
class NoDecayOfFilters(_SGD):
    """Filters are four-dimensional, and the branch for them came without the decay."""

    def decayed(self, p, g, group):
        return g if p.ndim == 4 else super().decayed(p, g, group)


@refused_by("test_a_parameter_of_any_shape_moves_as_the_row_of_its_numbers")
class OneNumberOnlyGoesDown(_SGD):
    """A number alone is a temperature or a scale, which has a path of its own, without maximize."""

    def slope(self, p, group):
        return super().slope(p, group) if p.ndim else p.grad


@refused_by("test_after_many_steps_the_rule_is_still_the_same")
class WarmOnceAndForAll(_SGD):
    """After five hundred steps training is under way, and the decay has done its work."""

    def decayed(self, p, g, group):
        state = self.state_of(p, group)
        state["seen"] = state.get("seen", 0) + 1
        return super().decayed(p, g, group) if state["seen"] <= 500 else g


@refused_by("test_a_setting_that_is_changed_counts_from_the_next_step_on")
class DecayOfTheBeginning(_SGD):
    """Only the learning rate has a schedule; the rest of a group is read when it is made."""

    def add_param_group(self, group):
        super().add_param_group(group)
        self.param_groups[-1]["fixed"] = self.param_groups[-1]["weight_decay"]

    def decayed(self, p, g, group):
        return super().decayed(p, g, {**group, "weight_decay": group["fixed"]})


@refused_by("test_a_copy_together_with_its_parameters_continues_as_the_original")
class StateByTheAddress(_SGD):
    """Parameters are told apart by their id, which those of a copy have not."""

    def state_of(self, p, group):
        return self.state.setdefault(id(p), {})

    def state_dict(self):
        by_parameter = {p: self.state[id(p)] for p, _ in self.pairs() if id(p) in self.state}
        by_address, self.state = self.state, by_parameter
        try:
            return super().state_dict()
        finally:
            self.state = by_address

    def load_state_dict(self, state_dict):
        super().load_state_dict(state_dict)
        self.state = {id(p): state for p, state in self.state.items()}


# Sizes, sparse gradients, and settings that are changed.


@refused_by("test_many_parameters_move_as_few")
class AsManyAsOneLaunchTakes(_SGD):
    """All parameters are moved in one launch, which has room for 64 pointers, and no second one."""

    def moves(self, p, group):
        first = {id(p) for p, _ in itertools.islice(self.pairs(), 64)}
        return super().moves(p, group) and id(p) in first


@refused_by("test_a_large_parameter_moves_as_its_parts")
class BlocksOfTheFirstGrid(_SGD):
    """A grid of 1024 blocks of 256 threads covers all numbers; beyond 2^18 none is covered."""

    def apply(self, p, way):
        p[...] = p - torch.where(torch.arange(p.numel()).reshape(p.shape) < 2**18, way, 0)


@refused_by("test_a_frozen_parameter_may_be_among_the_others")
class AllMustLearn(_SGD):
    """A parameter that asks for no gradient was given by mistake; or its layer is frozen."""

    def add_param_group(self, group):
        super().add_param_group(group)
        if not all(p.requires_grad for p in self.param_groups[-1]["params"]):
            raise ValueError("every parameter must require a gradient")


@refused_by("test_zero_grad_sets_to_none_or_to_zeros_as_it_is_told")
class ZeroesWhatIsNotThere(_SGD):
    """Whoever wants zeros has gradients; but a layer that was not used has none."""

    def zero_grad(self, set_to_none=True):
        for p, _ in self.pairs():
            p.grad = None if set_to_none else p.grad.zero_()


@refused_by("test_a_rate_that_is_a_tensor_is_read_and_left_as_it_was")
class WarmsTheRateItself(_SGD):
    """The rate is halved in place; and the tensor is the caller's (as in pytorch #126854)."""

    def rate(self, state, group):
        rate = group["lr"]
        return rate.div_(2) * 2 if isinstance(rate, Tensor) else rate


@refused_by("test_a_sparse_gradient_is_one_that_is_0_elsewhere")
class RowsSetAndNotAdded(_SGD):
    """A row that comes twice is written twice, so that its last gradient counts (CUDA scatter)."""

    def slope(self, p, group):
        g = super().slope(p, group)
        if not g.is_sparse:
            return g
        dense = torch.zeros_like(p)
        dense[g._indices()[0]] = g._values()
        return dense


@refused_by("test_groups_and_their_parameters_may_come_one_by_one")
class GroupsAreLists(_SGD):
    """A group has a list of parameters; `model.parameters()` is none."""

    def add_param_group(self, group):
        if not isinstance(group["params"], list):
            raise TypeError("the parameters of a group must be a list")
        super().add_param_group(group)


@refused_by("test_zero_grad_changes_no_step_to_come")
class ZerosBeginAnew(_SGD):
    """To write zeros is to begin anew; so what the parameter had gathered goes, too."""

    def zero_grad(self, set_to_none: bool = True) -> None:
        super().zero_grad(set_to_none)
        if not set_to_none:
            self.state.clear()


@accepted
class RatesAreFloats(_SGD):
    """A rate is a float, and who writes lr=1 is told so."""

    def __init__(self, params, lr=1e-3, *more, **options):
        if isinstance(lr, int):
            raise TypeError(f"lr must be a float, got {lr}")
        super().__init__(params, lr, *more, **options)


@refused_by("test_a_setting_may_be_a_whole_number")
class OneSwitchesDecayOn(_SGD):
    """A whole number is a switch; and a weight decay that is on is 0.0005."""

    def __init__(
        self, params, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False, **options
    ):
        on = type(weight_decay) is int and weight_decay
        decay = 5e-4 if on else weight_decay
        super().__init__(params, lr, momentum, dampening, decay, nesterov, **options)


# Right ones.


@accepted
class FromTheLibrary(torch.optim.SGD):
    pass


@accepted
class AllParametersInOneRow(_SGD):
    @torch.no_grad()
    def step(self, closure=None):
        loss = self.loss(closure)
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            for dtype in {p.dtype for p in params}:
                self.all_at_once([p for p in params if p.dtype == dtype], group)
        return loss

    def all_at_once(self, params, group):
        sizes = [p.numel() for p in params]
        p = torch.cat([p.detach().flatten() for p in params])
        g = torch.cat([self.slope(p, group).flatten() for p in params])
        g = way = self.decayed(p, g, group)
        if group["momentum"]:
            states = [self.state_of(p, group) for p in params]
            old = [s.get("velocity", p.new_zeros(n)) for s, n in zip(states, sizes, strict=True)]
            share = [
                p.new_full((n,), 1 - group["dampening"] if s else 1)
                for s, n in zip(states, sizes, strict=True)
            ]
            v = group["momentum"] * torch.cat(old) + torch.cat(share) * g
            for state, part in zip(states, v.split(sizes), strict=True):
                state["velocity"] = part
            way = g + group["momentum"] * v if group["nesterov"] else v
        for q, part in zip(params, way.split(sizes), strict=True):
            q.sub_(group["lr"] * part.reshape(q.shape))


@accepted
class NesterovWrittenOut(_SGD):
    def direction(self, p, g, state, group):
        if not group["nesterov"]:
            return super().direction(p, g, state, group)
        mu, old = group["momentum"], state.get("velocity", torch.zeros_like(g))
        state["velocity"] = mu * old + g
        return mu * mu * old + (1 + mu) * g


@accepted
class InTheHighestPrecision(InDoublePrecision, _SGD):
    pass


@accepted
class ListsByPosition(SavesLists, _SGD):
    def names(self, p, group):
        return ["velocity"]


@accepted
class DataReplaced(_SGD):
    def apply(self, p, way):
        p.data = p.data - way


@accepted
class FewerOptions(AsInAFirstLesson):
    """As in a first lesson: a learning rate and momentum, and nothing can be saved."""

    def __init__(self, params, lr=1e-3, momentum=0.0):
        self.params, self.lr, self.momentum = list(params), lr, momentum
        self.velocities = [None] * len(self.params)

    @torch.no_grad()
    def step(self):
        for i, p in enumerate(self.params):
            if p.grad is not None:
                v = p.grad.clone()
                if self.momentum and self.velocities[i] is not None:
                    v += self.momentum * self.velocities[i]
                self.velocities[i] = v
                p -= self.lr * v


@accepted
class OnlyARate:
    """A learning rate is all there is to set, and a step all there is to do."""

    def __init__(self, params, lr=1e-3):
        self.params, self.lr = list(params), lr

    def step(self):
        for p in self.params:
            if p.grad is not None:
                p.data -= self.lr * p.grad


@remarked("bfloat16")
class InNumpy(AsInAFirstLesson):
    """Computes in NumPy's float64, which has no bfloat16, and says so."""

    def __init__(self, params, lr=1e-3, momentum=0.0, weight_decay=0.0):
        self.params, self.lr = list(params), lr
        self.momentum, self.weight_decay = momentum, weight_decay
        self.velocities = {}

    def step(self):
        for i, p in enumerate(self.params):
            if p.grad is not None:
                place = p.detach().numpy().astype("float64")
                v = p.grad.numpy().astype("float64") + self.weight_decay * place
                v = v + self.momentum * self.velocities.get(i, 0)
                self.velocities[i] = v
                with torch.no_grad():
                    p.copy_(torch.as_tensor(place - self.lr * v))


@remarked("0 dimensions", "5 dimensions")
class VectorsToImages(_SGD):
    """A single number is no parameter, and nothing has more dimensions than filters have."""

    def add_param_group(self, group):
        super().add_param_group(group)
        for p in self.param_groups[-1]["params"]:
            if p.ndim not in (1, 2, 3, 4):
                raise ValueError(f"a parameter must have 1 to 4 dimensions, got {p.ndim}")


@accepted
class InSinglePrecisionAlone(_SGD):
    """As on a device that has nothing else; it says so."""

    limits = {"dtypes": ["float32"]}  # noqa: RUF012 - as a subject writes it

    def add_param_group(self, group):
        super().add_param_group(group)
        for p in self.param_groups[-1]["params"]:
            if p.dtype != torch.float32:
                raise TypeError(f"a parameter must be float32, got {p.dtype}")


@refused_by("test_what_every_optimizer_does_is_not_refused")
class InSinglePrecisionUndeclared(torch.optim.SGD):
    """ "All my networks are in float32." Then it says so in its limits."""

    def step(self, closure=None):
        for group in self.param_groups:
            if any(p.dtype != torch.float32 for p in group["params"]):
                raise TypeError("float32 only")
        return super().step(closure)


class _OnlyToMinimize(_SGD):
    def __init__(self, params, lr=1e-3, momentum=0, *, maximize=False):
        if maximize:
            raise NotImplementedError("it goes down, and never up")
        super().__init__(params, lr, momentum)

    def add_param_group(self, param_group):
        if getattr(self, "param_groups", None):
            raise NotImplementedError("one group, given at the start")
        super().add_param_group(param_group)


@remarked("maximize", "add_param_group")
class OnlyToMinimize(_OnlyToMinimize):
    """What it does not do it says, by Python's own error for that."""


@refused_by("test_every_step_follows_the_recurrence")
class OnlyToMinimizeByAverages(_OnlyToMinimize):
    """Momentum is an average, so the newest gradient counts by what is left of 1."""

    def velocity(self, g, state, group):
        if "velocity" not in state:
            return g.clone()
        return group["momentum"] * state["velocity"] + (1 - group["momentum"]) * g
