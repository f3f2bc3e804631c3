"""The panel: eight small problems, on which optimizers race at every learning rate of a grid.

    uv run python -m sums_to_one.tests.optimization.panel [subject]

prints what each leaves of the loss. What that tells is claimed in `test_panel.py`.
"""

import sys
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from sums_to_one.tests.common.experiments import IN_DISC, POINTS
from sums_to_one.tests.common.inputs import exact
from sums_to_one.tests.common.limits import widest
from sums_to_one.tests.judge.subjects import Subject
from sums_to_one.tests.optimization.trajectories import leaf, pushed

COUNT, STEPS = 20, 100  # of each problem so many versions, which differ in where they start
RATES = [10 ** (k / 2) for k in range(-6, 3)]  # from 0.001 to 10
DEFAULT_RATES = {"SGD": 1e-3, "Adagrad": 1e-2, "RMSprop": 1e-2, "Adam": 1e-3}
SOLVED = 1e-4  # of the loss at the start; what is below is counted as this


Left = dict[str, Tensor]  # of the loss, by optimizer, for each of the rates


class Problem(NamedTuple):
    """`loss` takes places of shape (runs, versions, parameters), and so does `gradient`."""

    start: Tensor
    loss: Callable[[Tensor], Tensor]
    gradient: Callable[[Tensor], Tensor]


def normals_of(random: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(shape, generator=random, dtype=torch.float64).to(widest())


def bowl(
    curvatures: list[float],
    random: torch.Generator,
    *,
    turned: bool = False,
    noise: Callable[[Tensor], Tensor] = torch.zeros_like,
) -> Problem:
    """A quadratic loss, along the axes or turned at random, from a contour line of 1/2."""
    curvature = exact(curvatures)
    size = len(curvature)
    axes = torch.eye(size, dtype=widest()).expand(COUNT, -1, -1)
    if turned:
        axes, _ = torch.linalg.qr(normals_of(random, COUNT, size, size))
    hessian = axes @ (curvature[:, None] * axes.mT)
    along = F.normalize(normals_of(random, COUNT, size, 1), dim=1)
    start = (axes @ (along / curvature.sqrt()[:, None]))[..., 0]

    def slope(places: Tensor) -> Tensor:
        return torch.einsum("sij,rsj->rsi", hessian, places)

    return Problem(
        start,
        lambda places: (places * slope(places)).sum(dim=-1) / 2,
        lambda places: slope(places) + noise(start),  # all runs meet the same noise
    )


def curved_valley(random: torch.Generator) -> Problem:
    """(1 - x)^2 + 10 (y - x^2)^2, over 20, from the far end of its curve (H. Rosenbrock, 1960)."""
    start = torch.rand(COUNT, 2, generator=random, dtype=torch.float64).to(widest())

    def loss(places: Tensor) -> Tensor:
        x, y = places.unbind(dim=-1)
        return ((1 - x) ** 2 + 10 * (y - x * x) ** 2) / 20

    def gradient(places: Tensor) -> Tensor:
        x, y = places.unbind(dim=-1)
        return torch.stack([x - 1 - 20 * x * (y - x * x), 10 * (y - x * x)], dim=-1) / 10

    return Problem(start * exact([0.5, 2.0]) - exact([1.5, 0.0]), loss, gradient)


def rare_features(random: torch.Generator) -> Problem:
    """A regression on batches of 8; ten features are in every second sample, ten in every 50th."""
    share = exact([0.5] * 10 + [0.02] * 10)
    wanted = 2 * torch.randint(2, (COUNT, 20), generator=random).to(widest()) - 1

    def gradient(places: Tensor) -> Tensor:
        numbers = torch.rand(COUNT, 8, 20, generator=random, dtype=torch.float64)
        x = (numbers < share / 2).to(widest()) - (numbers > 1 - share / 2).to(widest())
        return (x.mT @ (x @ (places - wanted)[..., None]))[..., 0] / 8

    start = torch.zeros_like(wanted)
    return Problem(start, lambda places: ((places - wanted) ** 2 * share).sum(dim=-1), gradient)


def disc(random: torch.Generator) -> Problem:
    """Four networks of 8 hidden units learn which points lie in a disc."""
    start = [normals_of(random, 4, 16) / 2**0.5, torch.zeros(4, 8, dtype=widest())]
    start += [normals_of(random, 4, 8) / 8**0.5, torch.zeros(4, 1, dtype=widest())]

    def loss(places: Tensor) -> Tensor:
        first, bias, last, shift = places.split([16, 8, 8, 1], dim=-1)
        hidden = (POINTS.to(widest()) @ first.unflatten(-1, (2, 8)) + bias[..., None, :]).tanh()
        scores = hidden @ last[..., None] + shift[..., None]
        wrong = F.binary_cross_entropy_with_logits(
            scores, IN_DISC.to(widest()).expand_as(scores), reduction="none"
        )
        return wrong.mean(dim=(-1, -2))

    def gradient(places: Tensor) -> Tensor:
        with torch.enable_grad():
            places = places.requires_grad_()
            return torch.autograd.grad(loss(places).sum(), places)[0]

    return Problem(torch.cat(start, dim=1), loss, gradient)


def panel(seed: int = 0) -> dict[str, Problem]:
    random = torch.Generator().manual_seed(seed)
    ravine = [400 ** (-k / 4) for k in range(5)]

    def bell(like: Tensor) -> Tensor:
        return normals_of(random, *like.shape)

    def outliers(like: Tensor) -> Tensor:  # Cauchy's distribution, which has no variance
        return 0.3 * bell(like) / bell(like)

    return {
        "a ravine": bowl(ravine, random, turned=True),
        "a curved valley": curved_valley(random),
        "a ravine along an axis": bowl(ravine, random),
        "a wide round bowl": bowl([0.01] * 5, random),
        "noise": bowl([1.0] * 5, random, noise=bell),
        "noise with outliers": bowl([1.0] * 5, random, noise=outliers),
        "rare features": rare_features(random),
        "a network": disc(random),
    }


@cache
def what_is_left(
    seed: int = 0, **optimizers: Callable[..., object]
) -> dict[str, dict[str, Tensor]]:
    """What is left of the loss, by problem, optimizer and rate: the geometric mean of versions."""
    problems = panel(seed)
    sizes = [problem.start.numel() for problem in problems.values()]
    # An optimizer treats each number on its own, so all the problems can be one parameter.
    start = torch.cat([problem.start.flatten() for problem in problems.values()])
    runs = [(name, lr) for name in optimizers for lr in RATES]
    places = [leaf(start) for _ in runs]
    made = [
        optimizers[name]([place], lr=lr, **({"momentum": 0.9} if name == "SGD" else {}))
        for (name, lr), place in zip(runs, places, strict=True)
    ]

    def apart() -> list[tuple[Problem, Tensor]]:
        now = torch.stack(places).detach().split(sizes, dim=1)
        shaped = [
            n.unflatten(1, p.start.shape) for n, p in zip(now, problems.values(), strict=True)
        ]
        return list(zip(problems.values(), shaped, strict=True))

    for _ in range(STEPS):
        pulls = torch.cat([problem.gradient(now).flatten(1) for problem, now in apart()], dim=1)
        for one, place, pull in zip(made, places, pulls, strict=True):
            pushed(one, [place], [pull])
    left = {}
    for name, (problem, now) in zip(problems, apart(), strict=True):
        shares = problem.loss(now) / problem.loss(problem.start[None])
        shares = shares.nan_to_num(torch.inf).clamp(1e-12, 1e12).log().mean(dim=1).exp()
        left[name] = dict(zip(optimizers, shares.reshape(-1, len(RATES)), strict=True))
    return left


def at_best(left: Left) -> dict[str, float]:
    return {name: by_rate.min().item() for name, by_rate in left.items()}


def at_default(left: Left) -> dict[str, float]:
    return {
        name: by_rate[RATES.index(DEFAULT_RATES[name])].item() for name, by_rate in left.items()
    }


def behind(left: Left) -> dict[str, float]:
    """How many times as much is left of the loss as with the best optimizer."""
    shares = {name: max(share, SOLVED) for name, share in at_best(left).items()}
    return {name: share / min(shares.values()) for name, share in shares.items()}


def main() -> None:
    """Print the table of the panel, for one subject."""
    subject = Subject(sys.argv[1] if len(sys.argv) > 1 else "concepts")
    optimizers = {name: subject.component(name) for name in DEFAULT_RATES}
    assert all(optimizers.values()), f"{subject.name} lacks one of {', '.join(DEFAULT_RATES)}"
    left = what_is_left(**optimizers)
    for title, pick in (("at the best of the rates", at_best), ("at the default rate", at_default)):
        print(f"What is left of the loss after {STEPS} steps, {title}\n")
        print(f"{'':24}" + "".join(f"{name:>12}" for name in DEFAULT_RATES))
        for problem, by_rate in left.items():
            shares = pick(by_rate)
            print(f"{problem:24}" + "".join(f"{shares[name]:12.1e}" for name in DEFAULT_RATES))
        print()


if __name__ == "__main__":
    main()
