"""What impostors and right versions of several optimizers do alike; each changes one step."""

from typing import Any

import torch
from torch import Tensor

from sums_to_one.tests.optimization.impostors.bookkeeping import Bookkeeping, Group, State

# Wrong.


class DecaysBesideTheDirection(Bookkeeping):
    """The decay is added to the step, after all else, and not to the gradient."""

    def decayed(self, p: Tensor, g: Tensor, group: Group) -> Tensor:
        return g

    def direction(self, p: Tensor, g: Tensor, state: State, group: Group) -> Tensor:
        return super().direction(p, g, state, group) + group["weight_decay"] * p


class DecaysInTheGradient(Bookkeeping):
    """The decay is added in place, and the gradient is the caller's."""

    def decayed(self, p: Tensor, g: Tensor, group: Group) -> Tensor:
        return g.add_(p, alpha=group["weight_decay"]) if group["weight_decay"] else g


class CountsStepsOfAll(Bookkeeping):
    """There is one count, of the steps of the optimizer, and not one for each parameter."""

    steps = 0

    def loss(self, closure: Any) -> Any:
        self.steps += 1
        return super().loss(closure)

    def count(self, state: State) -> None:
        state["step"] = self.steps

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        self.steps = max((state["step"] for state in self.state.values()), default=0)


class CountsFromThereOn(Bookkeeping):
    """What is loaded begins to count again."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        for state in self.state.values():
            state["step"] = 0


class LoadsAllInOneDtype(Bookkeeping):
    """All that is loaded gets the dtype of its parameter; but there is a count among it."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        for p, state in self.state.items():
            state.update({n: torch.as_tensor(v).to(p.dtype) for n, v in state.items()})


class CopiesAllInOneDtype(Bookkeeping):
    """A copy is made of tensors, all of one dtype."""

    def __setstate__(self, made: dict[str, Any]) -> None:
        self.__dict__.update(made)
        for p, state in self.state.items():
            state.update({n: torch.as_tensor(v).to(p.dtype) for n, v in state.items()})


class StateByItsPlace(Bookkeeping):
    """Whoever has a gradient is counted, and the count says whose state it is (PennyLane #1928)."""

    def state_of(self, p: Tensor, group: Group) -> State:
        for each in group["params"]:
            super().state_of(each, group)
        place = sum(each.grad is not None for each in group["params"][: _place(p, group)])
        owner = group["params"][place]
        return super().state_of(owner if owner.shape == p.shape else p, group)


def _place(p: Tensor, group: Group) -> int:
    return next(i for i, each in enumerate(group["params"]) if each is p)


# Right.


class InDoublePrecision(Bookkeeping):
    """Computes and remembers more digits than the parameter has."""

    def fresh_state(self, p: Tensor, group: Group) -> State:
        return super().fresh_state(p.double(), group)

    def slope(self, p: Tensor, group: Group) -> Tensor:
        return super().slope(p, group).double()

    def decayed(self, p: Tensor, g: Tensor, group: Group) -> Tensor:
        return super().decayed(p.double(), g, group)


class SavesLists(Bookkeeping):
    """Saves lists, without names and numbers."""

    def names(self, p: Tensor, group: Group) -> list[str]:
        """Of what is remembered."""
        return list(self.fresh_state(p, group))

    def state_dict(self) -> dict[str, Any]:
        states = [list(self.state[p].values()) if p in self.state else [] for p, _ in self.pairs()]
        options = [[v for k, v in g.items() if k != "params"] for g in self.param_groups]
        return {"states": states, "options": options}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.state = {}
        for (p, group), values in zip(self.pairs(), state_dict["states"], strict=True):
            if values:
                self.state[p] = dict(zip(self.names(p, group), values, strict=True))
        for group, values in zip(self.param_groups, state_dict["options"], strict=True):
            group.update(zip([k for k in group if k != "params"], values, strict=True))


class AsInAFirstLesson:
    """What it takes to be an optimizer: gradients can be forgotten, and nothing can be saved."""

    params: list[Tensor]

    def zero_grad(self) -> None:
        for p in self.params:
            p.grad = None
