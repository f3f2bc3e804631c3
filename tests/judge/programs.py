"""What each component is made to do once more, outside of the claims, with fresh numbers.

A program calls a component as anybody would and returns numbers. It knows nothing of what should
come: that is for `clean_room`, in another process.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sums_to_one.tests.judge.components import COMPONENTS, GROUPS

Get = Callable[[str], Any]  # the subject's component of a name, or None


@dataclass(frozen=True)
class Case:
    """One input of a program.

    Args:
        words: what it is, for a person.
        tensors: the numbers.
        options: arguments of the component.
        derivatives: how many times gradients are computed, too.
        seed: of torch, where something is drawn.
        use: which of the further programs; the plain one of the component, if not said.
        needs: what an implementation need not have, and this asks for.
    """

    words: str
    tensors: tuple[Tensor, ...]
    options: dict[str, Any] = field(default_factory=dict)
    derivatives: int = 1
    seed: int = 0
    use: str = ""
    needs: tuple[str, ...] = ()


def activation(name: str, get: Get, case: Case) -> list[Tensor]:
    x, weights = case.tensors
    return _with_gradient(lambda leaf: get(name)(leaf, **case.options), x, weights, case)


def loss(name: str, get: Get, case: Case) -> list[Tensor]:
    x, target = case.tensors
    made = get(name)(**case.options)
    return _with_gradient(lambda leaf: made(leaf, target), x, torch.ones(()), case)


def penalty(name: str, get: Get, case: Case) -> list[Tensor]:
    x, y = case.tensors
    return _with_gradient(lambda leaf: get(name)([leaf, y]), x, torch.ones(()), case)


def initializer(name: str, get: Get, case: Case) -> list[Tensor]:
    (x,) = case.tensors
    x = torch.nn.Parameter(x.clone(), requires_grad=False)  # some take nothing else
    torch.manual_seed(case.seed)
    get(name)(x, **case.options)
    return [x.data]


def optimizer(name: str, get: Get, case: Case) -> list[Tensor]:
    """Some steps with given gradients of two parameters; they are returned after each."""
    first, second, *gradients = case.tensors
    parameters = [first.clone().requires_grad_(), second.clone().requires_grad_()]
    made = get(name)(parameters, **case.options)
    found = []
    for gradient in gradients:
        for parameter in parameters:
            parameter.grad = gradient[: parameter.numel()].reshape(parameter.shape).clone()
        made.step()
        found += [parameter.detach().clone() for parameter in parameters]
    return found


def descent(name: str, get: Get, case: Case) -> list[Tensor]:
    """Least squares, all samples in each batch."""
    *data, w = case.tensors
    leaf = w.clone().requires_grad_()

    def loss(*parts: Tensor) -> Tensor:
        x, y = parts if len(parts) == 2 else (parts[0][:, :-1], parts[0][:, -1])
        return (x @ leaf - y).square().mean()

    given = tuple(data) if len(data) == 2 else data[0]
    losses = get(name)([leaf], loss, given, batch_size=len(data[0]), **case.options)
    return [leaf.detach(), torch.tensor([float(loss) for loss in losses], dtype=w.dtype)]


def variable(name: str, get: Get, case: Case) -> list[Tensor]:
    made = [get(name)(x.clone(), requires_grad=True) for x in case.tensors]
    a, b = made
    result = a * b + a
    result.backward()
    return [plain_numbers(result), *(plain_numbers(x.grad) for x in made)]


def dropout(name: str, get: Get, case: Case) -> list[Tensor]:
    (x,) = case.tensors
    made = get(name)(**case.options)
    torch.manual_seed(case.seed)
    trained = made(x)
    to_evaluation(made)
    return [trained, made(x)]


def transform(name: str, get: Get, case: Case) -> list[Tensor]:
    torch.manual_seed(case.seed)
    return [get(name)(**case.options)(x) for x in case.tensors]


def composition(name: str, get: Get, case: Case) -> list[Tensor]:
    (x,) = case.tensors
    return [get(name)([lambda image: image + 1, lambda image: image * 3])(x)]


def batch_norm(name: str, get: Get, case: Case) -> list[Tensor]:
    """Two batches in training, a third one in evaluation."""
    first, second, third, weights = case.tensors
    made = get(name)(first.shape[1])
    made = made.to(first.dtype) if hasattr(made, "to") else made
    found = _with_gradient(made, first, weights, case)
    made(second)
    to_evaluation(made)
    return [*found, made(third)]


def checkpoint(name: str, get: Get, case: Case) -> list[Tensor]:
    """A model goes into a file and comes out in another model."""
    written, read = nn.Linear(3, 2).double(), nn.Linear(3, 2).double()
    weight, bias = case.tensors
    written.load_state_dict({"weight": weight, "bias": bias})
    with tempfile.TemporaryDirectory() as folder:
        get("save_checkpoint")(Path(folder, "checkpoint"), written)
        get("load_checkpoint")(Path(folder, "checkpoint"), read)
    return [read.weight.detach(), read.bias.detach()]


def _with_gradient(
    function: Callable[[Tensor], Tensor], x: Tensor, weights: Tensor, case: Case
) -> list[Tensor]:
    leaf = x.clone().requires_grad_(case.derivatives > 0)
    y = function(leaf)
    if case.derivatives:
        (y * weights.to(y.dtype)).sum().backward()
    return [y.detach(), leaf.grad] if leaf.grad is not None else [y.detach()]


def to_evaluation(made: Any) -> None:
    if hasattr(made, "eval"):
        made.eval()
    else:
        made.training = False


def plain_numbers(x: Any) -> Tensor:
    """The numbers of a tensor, or of something that keeps one in an attribute."""
    return x.detach() if isinstance(x, Tensor) else torch.as_tensor(x.data).detach()


PROGRAMS: dict[str, Callable[[str, Get, Case], list[Tensor]]] = {
    **dict.fromkeys(COMPONENTS["activations"], activation),
    **dict.fromkeys(COMPONENTS["initialization"], initializer),
    **dict.fromkeys(COMPONENTS["losses"], loss),
    "Variable": variable,
    "gradient_descent": descent,
    **dict.fromkeys(GROUPS["optimizer"], optimizer),
    **dict.fromkeys(GROUPS["penalty"], penalty),
    **dict.fromkeys(GROUPS["dropout"], dropout),
    **dict.fromkeys(GROUPS["transform"], transform),
    "Compose": composition,
    **dict.fromkeys(COMPONENTS["normalization"], batch_norm),
    **dict.fromkeys(COMPONENTS["checkpoints"], checkpoint),
}
