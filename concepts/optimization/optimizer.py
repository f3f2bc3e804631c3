"""What every optimizer does, whatever its rule: keep the books.

An optimizer holds the parameters in groups, each with settings of its own, and remembers something
about each parameter from step to step, its state. All that differs is the rule: where a parameter
moves to, given its gradient and its state. That is `_move`, in the file of each optimizer.

Read next: `concepts/optimization/sgd.py`, the shortest rule.
"""

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

Group = dict[str, Any]
State = dict[str, Any]


class Optimizer(ABC):
    """Parameter groups, gradients, and the state that a checkpoint has to keep.

    Args:
        params: the parameters, or groups of them: dictionaries of "params" and the settings
            in which the group differs from the defaults.
        defaults: the settings of all groups that do not say otherwise.

    Raises:
        ValueError: there are no parameters, or one comes twice, or is not a leaf.
    """

    param_groups: list[Group]
    state: dict[Tensor, State]

    def __init__(self, params: Iterable[Any], **defaults: Any) -> None:
        self.defaults = defaults
        self.param_groups = []
        self.state = {}
        groups = list(params)
        if not groups:
            raise ValueError("an optimizer must have parameters, got none")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def add_param_group(self, param_group: Group) -> None:
        """Take more parameters on, with settings of their own."""
        given = param_group["params"]
        own = [given] if isinstance(given, Tensor) else list(given)
        known = {p for group in self.param_groups for p in group["params"]}
        for p in own:
            if not isinstance(p, Tensor) or not p.is_leaf:
                raise ValueError(f"a parameter must be a tensor that nothing computed, got {p!r}")
            if p in known:
                raise ValueError("a parameter must be in one group, once; this one came again")
            known.add(p)
        self.param_groups.append({**self.defaults, **param_group, "params": own})

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, which otherwise add up from one backward pass to the next."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none or p.grad is None:
                    p.grad = None
                else:
                    p.grad = torch.zeros_like(p.grad)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move every parameter that has a gradient; the others stay, and so does their state.

        Args:
            closure: computes the gradients anew, and returns the loss.

        Returns:
            The loss, or None without a closure.
        """
        with torch.enable_grad():
            loss = closure() if closure is not None else None
        with torch.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        gradient = _downhill(p, p.grad, group)
                        self._move(p, gradient, self.state.setdefault(p, {}), group)
        return loss

    @abstractmethod
    def _move(self, p: Tensor, gradient: Tensor, state: State, group: Group) -> None:
        """Write to p and to its state, which is empty before the first step."""

    def state_dict(self) -> dict[str, Any]:
        """All that the next step depends on, but for the parameters; they go by their number."""
        every = [p for group in self.param_groups for p in group["params"]]
        number = {p: n for n, p in enumerate(every)}
        groups = [
            {**group, "params": [number[p] for p in group["params"]]} for group in self.param_groups
        ]
        return {
            "state": {number[p]: state for p, state in self.state.items()},
            "param_groups": groups,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue where another optimizer of the same parameters, in the same order, stopped.

        Raises:
            ValueError: the groups are not as many, or not as large.
        """
        saved = copy.deepcopy(state_dict)  # or two optimizers would write to one state
        came = [len(group["params"]) for group in saved["param_groups"]]
        own = [len(group["params"]) for group in self.param_groups]
        if came != own:
            raise ValueError(f"the groups must have {own} parameters as here, got {came}")
        every = [p for group in self.param_groups for p in group["params"]]
        self.state = {every[n]: _near(every[n], state) for n, state in saved["state"].items()}
        self.param_groups = [
            {**loaded, "params": group["params"]}
            for loaded, group in zip(saved["param_groups"], self.param_groups, strict=True)
        ]


def _near(p: Tensor, state: State) -> State:
    """The state on the device of its parameter: it may have been saved from another."""
    return {n: v.to(p.device) if isinstance(v, Tensor) else v for n, v in state.items()}


def _downhill(p: Tensor, gradient: Tensor, group: Group) -> Tensor:
    """The gradient of what is to be made small: the objective, plus weight_decay / 2 * p^2."""
    # The gradient itself is never written to: it is not ours, and may be added to later.
    if group["maximize"]:
        gradient = -gradient
    return gradient + group["weight_decay"] * p if group["weight_decay"] else gradient


def checked(**settings: float) -> dict[str, float]:
    """The settings, none of which may be negative."""
    for name, value in settings.items():
        if not value >= 0:
            raise ValueError(f"{name} must not be negative, got {value}")
    return settings


def checked_share(**settings: float) -> dict[str, float]:
    """The settings, each of them the share of an average that stays: from 0 to below 1."""
    for name, value in settings.items():
        if not 0 <= value < 1:
            raise ValueError(f"{name} must be at least 0 and below 1, got {value}")
    return settings
