"""What an optimizer does besides its arithmetic: groups and their options, gradients, state.

The right versions of all four optimizers derive from it; of those, every impostor changes a step.
"""

import copy
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

Group = dict[str, Any]
State = dict[str, Any]


class Bookkeeping:
    """A right optimizer but for `direction`: where a parameter goes, in multiples of the rate."""

    def __init__(self, params: Iterable[Any], **options: Any) -> None:
        for name, value in options.items():
            if min(value if isinstance(value, tuple | list) else (value,)) < 0:
                raise ValueError(f"{name} must not be negative, got {value}")
        self.options = options
        self.param_groups: list[Group] = []
        self.state: dict[Tensor, State] = {}
        given = self.gathered(params)
        if not given:
            raise ValueError("there must be something to optimize, got no parameters")
        for group in given if isinstance(given[0], dict) else [{"params": given}]:
            self.add_param_group(group)

    def gathered(self, params: Iterable[Any]) -> list[Any]:
        return list(params)

    def add_param_group(self, group: Group) -> None:
        params = group["params"]
        params = [params] if isinstance(params, Tensor) else list(params)
        if {id(p) for p in params} & {id(p) for p, _ in self.pairs()}:
            raise ValueError("a parameter must be in one group, one came again")
        self.param_groups.append({**self.options, **group, "params": params})

    def pairs(self) -> Iterator[tuple[Tensor, Group]]:
        """Every parameter with its group."""
        for group in self.param_groups:
            for p in group["params"]:
                yield p, group

    def zero_grad(self, set_to_none: bool = True) -> None:
        for p, _ in self.pairs():
            if set_to_none:
                p.grad = None
            elif p.grad is not None:
                p.grad.detach_().zero_()

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = self.loss(closure)
        for p, group in self.pairs():
            if self.moves(p, group):
                self.move(p, group)
        return loss

    def loss(self, closure: Callable[[], Any] | None) -> Any:
        if closure is None:
            return None
        with torch.enable_grad():
            return closure()

    def moves(self, p: Tensor, group: Group) -> bool:
        return p.grad is not None

    def move(self, p: Tensor, group: Group) -> None:
        state = self.state_of(p, group)
        g = self.decayed(p, self.slope(p, group), group)
        direction = self.direction(p, g, state, group)
        self.apply(p, self.rate(state, group) * direction)

    def apply(self, p: Tensor, way: Tensor) -> None:
        p.sub_(way)

    def slope(self, p: Tensor, group: Group) -> Tensor:
        """The gradient of what is to become small; possibly p.grad itself."""
        assert p.grad is not None
        return -p.grad if group["maximize"] else p.grad

    def decayed(self, p: Tensor, g: Tensor, group: Group) -> Tensor:
        return g + group["weight_decay"] * p if group["weight_decay"] else g

    def direction(self, p: Tensor, g: Tensor, state: State, group: Group) -> Tensor:
        raise NotImplementedError

    def rate(self, state: State, group: Group) -> Any:
        return group["lr"]

    def state_of(self, p: Tensor, group: Group) -> State:
        if p not in self.state:
            self.state[p] = self.fresh_state(p, group)
        return self.state[p]

    def fresh_state(self, p: Tensor, group: Group) -> State:
        return {}

    def state_dict(self) -> dict[str, Any]:
        number = {p: n for n, (p, _) in enumerate(self.pairs())}
        groups = [
            {**group, "params": [number[p] for p in group["params"]]} for group in self.param_groups
        ]
        state = {number[p]: state for p, state in self.state.items() if p in number}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        saved = copy.deepcopy(state_dict)
        numbers = [group["params"] for group in saved["param_groups"]]
        if [len(n) for n in numbers] != [len(group["params"]) for group in self.param_groups]:
            raise ValueError("the groups must be as large as those that were saved")
        flat = itertools.chain.from_iterable(numbers)
        owner = dict(zip(flat, (p for p, _ in self.pairs()), strict=True))
        self.state = {owner[n]: state for n, state in saved["state"].items()}
        for group, options in zip(self.param_groups, saved["param_groups"], strict=True):
            self.restore(group, options)

    def restore(self, group: Group, options: Group) -> None:
        group.update({**options, "params": group["params"]})
