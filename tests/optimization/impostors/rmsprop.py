"""RMSprops that look right and are not, and some that are, and look odd.

The docstring says what the author was thinking.
"""

import torch
from torch import Tensor
from torch.optim.rmsprop import rmsprop

from sums_to_one.tests.judge.versions import accepted, refused_by
from sums_to_one.tests.optimization.impostors.bookkeeping import Bookkeeping, Group, State
from sums_to_one.tests.optimization.impostors.habits import (
    AsInAFirstLesson,
    DecaysBesideTheDirection,
    DecaysInTheGradient,
    InDoublePrecision,
    SavesLists,
    StateByItsPlace,
)


class _RMSprop(Bookkeeping):
    """A right one, of which each version changes one step."""

    def __init__(
        self,
        params,
        lr=1e-2,
        alpha=0.99,
        eps=1e-8,
        weight_decay=0,
        momentum=0,
        centered=False,
        *,
        maximize=False,
    ):
        super().__init__(
            params,
            lr=lr,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
            maximize=maximize,
        )

    def fresh_state(self, p: Tensor, group: Group) -> State:
        return {name: torch.zeros_like(p) for name in ("square", "mean", "velocity")}

    def direction(self, p: Tensor, g: Tensor, state: State, group: Group) -> Tensor:
        state["square"] = self.averaged(state["square"], g * g, group)
        if group["centered"]:
            state["mean"] = self.averaged(state["mean"], g, group)
        way = self.quotient(g, state, group)
        if not group["momentum"]:
            return way
        state["velocity"] = self.carried(way, state, group)
        return state["velocity"]

    def averaged(self, old: Tensor, new: Tensor, group: Group) -> Tensor:
        return group["alpha"] * old + (1 - group["alpha"]) * new

    def quotient(self, g: Tensor, state: State, group: Group) -> Tensor:
        return g / self.root(self.spread(state, group), group)

    def spread(self, state: State, group: Group) -> Tensor:
        return state["square"] - state["mean"] ** 2 if group["centered"] else state["square"]

    def root(self, spread: Tensor, group: Group) -> Tensor:
        return spread.sqrt() + group["eps"]

    def carried(self, way: Tensor, state: State, group: Group) -> Tensor:
        return group["momentum"] * state["velocity"] + way


# The average of the squares.


@refused_by("test_a_gradient_of_0_is_a_gradient")
class ShareOfTheNewForgotten(_RMSprop):
    """Old squares fade, and the new one is added (fastbook before #342)."""

    def averaged(self, old, new, group):
        return group["alpha"] * old + new


@refused_by("test_the_first_step_is_longer_than_the_learning_rate")
class SharesSwapped(_RMSprop):
    """alpha is the share of the new, as with an exponential moving average elsewhere."""

    def averaged(self, old, new, group):
        return super().averaged(new, old, group)


@refused_by("test_the_first_step_is_longer_than_the_learning_rate")
class StartsAtOne(_RMSprop):
    """The mean square is 1 before anything is known (jax before #975)."""

    def fresh_state(self, p, group):
        return {**super().fresh_state(p, group), "square": torch.ones_like(p)}


@refused_by("test_the_first_step_is_longer_than_the_learning_rate")
class StartsWithTheFirstSquare(_RMSprop):
    """The best guess of the mean square is the first square."""

    def averaged(self, old, new, group):
        return super().averaged(old if old.any() else new, new, group)


@refused_by("test_the_first_step_is_longer_than_the_learning_rate")
class BiasCorrected(_RMSprop):
    """The average starts at 0, which is corrected, as in Adam."""

    def spread(self, state, group):
        state["step"] = state.get("step", 0) + 1
        return super().spread(state, group) / (1 - group["alpha"] ** state["step"])


@refused_by("test_the_first_step_is_longer_than_the_learning_rate")
class AveragesOfWhatThereIs(_RMSprop):
    """Of the first squares, each has the same share, until there are enough of them."""

    def direction(self, p, g, state, group):
        state["step"] = state.get("step", 0) + 1
        alpha = min(group["alpha"], 1 - 1 / state["step"])
        return super().direction(p, g, state, {**group, "alpha": alpha})


@refused_by("test_steady_gradients_come_to_steps_of_the_learning_rate")
class NeverForgets(_RMSprop):
    """The squares add up, as in Adagrad."""

    def averaged(self, old, new, group):
        return old + (1 - group["alpha"]) * new


@refused_by("test_the_first_step_is_longer_than_the_learning_rate")
class AverageInSinglePrecision(_RMSprop):
    """An average of squares needs no more digits than that."""

    def averaged(self, old, new, group):
        return super().averaged(old, new, group).float()


# Epsilon.


@refused_by("test_steady_gradients_come_to_steps_of_the_learning_rate")
class EpsilonInTheRoot(_RMSprop):
    """The eps under the root, as in TensorFlow (asked for in pytorch #23796)."""

    def root(self, spread, group):
        return (spread + group["eps"]).sqrt()


@refused_by("test_centered_every_step_follows_the_recurrence")
class EpsilonInTheRootOfAVariance(_RMSprop):
    """The variance might be negative, and eps covers that (FastNN #12)."""

    def root(self, spread, group):
        return (spread + group["eps"]).sqrt() if group["centered"] else super().root(spread, group)


@refused_by("test_steady_gradients_come_to_steps_of_the_learning_rate")
class EpsilonIsTheLeast(_RMSprop):
    """The denominator shall not be smaller than eps."""

    def root(self, spread, group):
        return spread.sqrt().clamp(min=group["eps"])


@refused_by("test_steady_gradients_come_to_steps_of_the_learning_rate")
class RootTakenInPlace(_RMSprop):
    """sqrt_ saves a tensor; but it is the average itself (proposed in pytorch #24170)."""

    def root(self, spread, group):
        return spread.sqrt_() + group["eps"]


# The variance.


@refused_by("test_centered_it_divides_by_the_standard_deviation")
class MeanIgnored(_RMSprop):
    """The mean of the gradients is near 0, so its square is nothing."""

    def spread(self, state, group):
        return state["square"]


@refused_by("test_centered_it_divides_by_the_standard_deviation")
class GradientCentered(_RMSprop):
    """Centered means that the mean is subtracted, from the gradient."""

    def quotient(self, g, state, group):
        g = g - state["mean"] if group["centered"] else g
        return g / self.root(state["square"], group)


@refused_by("test_centered_it_divides_by_the_standard_deviation")
class VarianceKeptAsTheSquare(_RMSprop):
    """addcmul_ for addcmul: what is subtracted is gone from the average too."""

    def spread(self, state, group):
        state["square"] = super().spread(state, group)
        return state["square"]


@refused_by("test_centered_it_divides_by_the_standard_deviation")
class MeanBeforeThisGradient(_RMSprop):
    """A deviation is one from the mean so far."""

    def direction(self, p, g, state, group):
        state["before"] = state["mean"]
        return super().direction(p, g, state, group)

    def spread(self, state, group):
        return super().spread({**state, "mean": state["before"]}, group)


@refused_by("test_momentum_adds_what_is_left_of_the_steps_before")
class MomentumForgetsTheMean(_RMSprop):
    """The branch with momentum is older than the variance."""

    def spread(self, state, group):
        return state["square"] if group["momentum"] else super().spread(state, group)


@refused_by("test_eps_is_added_to_the_root")
class VarianceAtLeastEpsilon(_RMSprop):
    """A root of something negative would be NaN, so the variance is clamped, at eps."""

    def spread(self, state, group):
        return super().spread(state, group).clamp(min=group["eps"])


# Momentum.


@refused_by("test_momentum_adds_what_is_left_of_the_steps_before")
class MomentumIgnored(_RMSprop):
    """RMSprop has no momentum; the argument is not used (tfjs-core before #139)."""

    def carried(self, way, state, group):
        return way


@refused_by("test_every_step_is_as_long_as_the_learning_rate_of_that_moment")
class RateInTheVelocity(_RMSprop):
    """The velocity is one of steps, with the rate in it (asked for in pytorch #32545)."""

    def carried(self, way, state, group):
        return super().carried(group["lr"] * way, state, group)

    def rate(self, state, group):
        return 1 if group["momentum"] else group["lr"]


@refused_by("test_momentum_adds_what_is_left_of_the_steps_before")
class VelocityOfTheGradient(_RMSprop):
    """Momentum is for gradients; what it makes of them is then divided."""

    def direction(self, p, g, state, group):
        before = state["velocity"]
        super().direction(p, g, state, group)
        state["velocity"] = group["momentum"] * before + g
        return self.quotient(state["velocity"], state, group)


@refused_by("test_momentum_adds_what_is_left_of_the_steps_before")
class VelocityIsAnAverage(_RMSprop):
    """Momentum is a moving average, and its weights add up to 1."""

    def carried(self, way, state, group):
        return super().carried((1 - group["momentum"]) * way, state, group)


@refused_by("test_settings_have_their_places_in_the_order_of_the_documentation")
class MomentumIsTheThirdArgument(_RMSprop):
    """The new options stand where they are important (first draft of pytorch #810)."""

    def __init__(
        self,
        params,
        lr=1e-2,
        momentum=0,
        alpha=0.99,
        eps=1e-8,
        centered=False,
        weight_decay=0,
        *,
        maximize=False,
    ):
        super().__init__(
            params, lr, alpha, eps, weight_decay, momentum, centered, maximize=maximize
        )


# Weight decay and maximize.


@refused_by("test_weight_decay_adds_to_the_gradient")
class DecayAfterTheRoot(DecaysBesideTheDirection, _RMSprop):
    """The decay is added to the step, so that it is the same for all."""


@refused_by("test_weight_decay_adds_to_the_gradient")
class DecayNotInTheSquare(_RMSprop):
    """The scale is that of the gradient; the decay joins it only when it is divided."""

    def decayed(self, p, g, group):
        return g

    def direction(self, p, g, state, group):
        self.decay = group["weight_decay"] * p
        return super().direction(p, g, state, group)

    def quotient(self, g, state, group):
        return super().quotient(g + self.decay, state, group)


@refused_by("test_gradients_are_left_as_they_were")
class DecayWritesIntoTheGradient(DecaysInTheGradient, _RMSprop):
    """Adding in place instead of a workaround (proposed in pytorch #18732)."""


@refused_by("test_to_maximize_is_to_minimize_the_opposite")
class VarianceOnlyGoesDown(_RMSprop):
    """maximize was forgotten where the variance is computed."""

    def slope(self, p, group):
        return p.grad if group["centered"] else super().slope(p, group)


# Groups, closures, and what is saved and loaded.


@refused_by("test_each_group_has_its_own_settings")
class AlphaItWasMadeWith(_RMSprop):
    """A group has its own learning rate; the rest is that of the optimizer."""

    def averaged(self, old, new, group):
        return super().averaged(old, new, self.options)


@refused_by("test_a_closure_is_called_once_and_its_loss_comes_back")
class ClosureForgotten(_RMSprop):
    """A closure is for other optimizers (bagua before #432)."""

    def loss(self, closure):
        return None


@refused_by("test_the_settings_are_loaded_too")
class RestoresTheFirstGroup(_RMSprop):
    """There is one group, as a rule."""

    def restore(self, group, options):
        if group is self.param_groups[0]:
            super().restore(group, options)


@refused_by("test_after_loading_it_continues_bit_for_bit")
class VelocityIsNotLoaded(_RMSprop):
    """What RMSprop remembers are the squares."""

    def load_state_dict(self, state_dict):
        super().load_state_dict(state_dict)
        for state in self.state.values():
            state["velocity"].zero_()


@refused_by("test_after_loading_it_continues_bit_for_bit")
class MeanIsNotLoaded(_RMSprop):
    """What RMSprop remembers are the squares, and the velocity."""

    def load_state_dict(self, state_dict):
        super().load_state_dict(state_dict)
        for state in self.state.values():
            state["mean"].zero_()


@refused_by("test_every_parameter_gets_its_own_state_back")
class LoadsBackwards(_RMSprop):
    """The states are popped from the list that was saved, from its end."""

    def load_state_dict(self, state_dict):
        super().load_state_dict(state_dict)
        sizes = {}
        for p, state in self.state.items():
            sizes.setdefault(p.shape, []).append(state)
        self.state = {p: sizes[p.shape].pop() for p in self.state}


@refused_by("test_after_many_steps_the_rule_is_still_the_same")
class MeanBegunAgain(_RMSprop):
    """Rounding gathers in an average of long standing, so now and then it begins again."""

    def averaged(self, old, new, group):
        self.calls = getattr(self, "calls", 0) + 1
        return super().averaged(old * (self.calls % 1024 > 0), new, group)


# Sizes, sparse gradients, and settings that are changed.


@refused_by("test_what_a_group_says_before_the_first_step_counts")
class AlphaReadWhenMade(_RMSprop):
    """How long it remembers is what it is, and not what it is told in between."""

    def add_param_group(self, group):
        super().add_param_group(group)
        self.param_groups[-1]["of_old"] = self.param_groups[-1]["alpha"]

    def direction(self, p, g, state, group):
        return super().direction(p, g, state, {**group, "alpha": group["of_old"]})


# Right ones.


@accepted
class FromTheLibrary(torch.optim.RMSprop):
    pass


@accepted
class VarianceStepByStep(_RMSprop):
    """The variance of an average with fading weights has a recursion of its own."""

    def direction(self, p, g, state, group):
        alpha = group["alpha"]
        deviation = (g - state["mean"]) ** 2
        variance = state.get("variance", torch.zeros_like(p))
        state["variance"] = alpha * (variance + (1 - alpha) * deviation)
        return super().direction(p, g, state, group)

    def spread(self, state, group):
        return state["variance"] if group["centered"] else state["square"]


@accepted
class NeverANegativeVariance(_RMSprop):
    def spread(self, state, group):
        return super().spread(state, group).clamp(min=0)


@accepted
class AverageByTheDifference(_RMSprop):
    def averaged(self, old, new, group):
        return torch.lerp(old, new, 1 - group["alpha"])


@accepted
class InTheHighestPrecision(InDoublePrecision, _RMSprop):
    pass


@accepted
class ListsByPosition(SavesLists, _RMSprop):
    pass


@accepted
class FewerOptions(AsInAFirstLesson):
    """As in a first lesson: a learning rate and alpha, and nothing can be saved."""

    def __init__(self, params, lr=1e-2, alpha=0.99):
        self.params, self.lr, self.alpha = list(params), lr, alpha
        self.squares = [torch.zeros_like(p) for p in self.params]

    @torch.no_grad()
    def step(self):
        for p, square in zip(self.params, self.squares, strict=True):
            if p.grad is not None:
                square += (1 - self.alpha) * (p.grad**2 - square)
                p -= self.lr * p.grad / (square.sqrt() + 1e-8)


@accepted
class OnlyARate:
    """A learning rate is all there is to set, and a step all there is to do."""

    def __init__(self, params, lr=1e-2):
        self.lr, self.squares = lr, {p: torch.zeros_like(p) for p in params}

    @torch.no_grad()
    def step(self):
        for p, square in self.squares.items():
            if p.grad is not None:
                square.lerp_(p.grad * p.grad, 1 - 0.99)
                p.addcdiv_(p.grad, square.sqrt().add_(1e-8), value=-self.lr)


@accepted
class AroundTheFunction(AsInAFirstLesson):
    """A thin class around the library's function, which refuses a count in float16."""

    def __init__(self, params, lr=1e-2, alpha=0.99, eps=1e-8, weight_decay=0.0):
        self.params = list(params)
        self.settings = {"lr": lr, "alpha": alpha, "eps": eps, "weight_decay": weight_decay}
        self.states = {}

    def step(self):
        params = [p for p in self.params if p.grad is not None]
        for p in params:
            if id(p) not in self.states:
                moments = [torch.zeros_like(p.detach()) for _ in range(1)]
                self.states[id(p)] = [*moments, torch.tensor(0.0)]
        columns = [
            list(column) for column in zip(*(self.states[id(p)] for p in params), strict=True)
        ]
        if not params:
            return
        square, steps = columns
        grads = [p.grad for p in params]
        options = {"momentum": 0.0, "centered": False, "foreach": True}
        with torch.no_grad():
            rmsprop(params, grads, square, [], [], steps, **options, **self.settings)


@refused_by("test_the_settings_not_given_are_those_of_the_documentation")
class OneEpsilonOnlyInsideTheRoot(_RMSprop):
    """Nobody needs another eps than the usual one, and that is too small to see where it is."""

    def __init__(self, params, lr=1e-2, alpha=0.99, eps=1e-8, momentum=0):
        if eps != 1e-8:
            raise NotImplementedError("eps is 1e-8")
        super().__init__(params, lr, alpha, eps, momentum=momentum)

    def root(self, spread: Tensor, group: Group) -> Tensor:
        return (spread + group["eps"]).sqrt()


@refused_by("test_without_a_gradient_nothing_happens_to_a_parameter")
class TakesTheStateOfItsPlace(StateByItsPlace, _RMSprop):
    __doc__ = StateByItsPlace.__doc__


@refused_by("test_a_group_may_have_off_what_is_on_in_the_others")
class AnAlphaOfNothing(_RMSprop):
    """alpha or 0.99: what is not given has its default; but 0 was given."""

    def __init__(self, params, lr=1e-2, alpha=0.99, **options):
        super().__init__(params, lr=lr, alpha=alpha or 0.99, **options)
