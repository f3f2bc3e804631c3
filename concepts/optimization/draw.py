"""The paths that the optimizers take down a ravine, one picture for each.

    uv run python -m sums_to_one.concepts.optimization.draw [folder]

A ravine is steep across and flat along its floor, so that no learning rate suits both directions.
All start at the same place and make as many steps; what differs is where these lead.

Read next: `concepts/regularization/l2_penalty.py`, which keeps weights small.
"""

import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from sums_to_one.concepts.optimization.adagrad import Adagrad
from sums_to_one.concepts.optimization.adam import Adam
from sums_to_one.concepts.optimization.optimizer import Optimizer
from sums_to_one.concepts.optimization.rmsprop import RMSprop
from sums_to_one.concepts.optimization.sgd import SGD

FOLDER = Path(__file__).parent / "pictures"
START = (-9.0, 1.6)
STEPS = 40
LEVELS = [2.0**k for k in range(9)]

COLOURS = ("#0072B2", "#D55E00", "#007F5F")  # which the colour-blind can tell apart
BLANK = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # behind words


class Run(NamedTuple):
    label: str
    optimizer: Callable[..., Optimizer]
    settings: dict[str, Any]


class Picture(NamedTuple):
    title: str
    runs: tuple[Run, ...]


PICTURES = {
    "sgd": Picture(
        "SGD zigzags across the ravine; momentum gains speed along it",
        (
            Run("no momentum, lr 0.06", SGD, {"lr": 0.06}),
            Run("momentum 0.8, lr 0.03", SGD, {"lr": 0.03, "momentum": 0.8}),
            Run(
                "Nesterov momentum 0.8, lr 0.03",
                SGD,
                {"lr": 0.03, "momentum": 0.8, "nesterov": True},
            ),
        ),
    ),
    "adagrad": Picture(
        "Adagrad goes along as fast as across, in ever shorter steps",
        (
            Run("Adagrad, lr 0.5", Adagrad, {"lr": 0.5}),
            Run("Adagrad, lr 1.5", Adagrad, {"lr": 1.5}),
        ),
    ),
    "rmsprop": Picture(
        "RMSprop forgets, and arrives where Adagrad comes to a halt",
        (
            Run("RMSprop, lr 0.3, alpha 0.9", RMSprop, {"lr": 0.3, "alpha": 0.9}),
            Run("Adagrad, lr 0.3", Adagrad, {"lr": 0.3}),
        ),
    ),
    "adam": Picture(
        "Adam steps as far along as across, and its momentum overshoots",
        (
            Run("Adam, lr 0.3", Adam, {"lr": 0.3}),
            Run("Adam, lr 1", Adam, {"lr": 1.0}),
            Run("Adam, lr 0.3, without momentum", Adam, {"lr": 0.3, "betas": (0.0, 0.999)}),
        ),
    ),
}


def height(x: Tensor, y: Tensor) -> Tensor:
    """The loss: a ravine along the x-axis, with its lowest point at 0."""
    return (x**2 + 30 * y**2) / 2


def path(run: Run) -> Tensor:
    """Where it is at the start and after each step, as rows."""
    place = torch.tensor(START, requires_grad=True)
    optimizer = run.optimizer([place], **run.settings)
    places = [place.detach().clone()]
    for _ in range(STEPS):
        optimizer.zero_grad()
        height(*place).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        places.append(place.detach().clone())
    return torch.stack(places)


def far_apart(places: Tensor) -> list[int]:
    """Every tenth step, from the last, but for those too near to another for a number of theirs."""
    chosen: list[int] = []
    for step in range(STEPS, 0, -10):
        if all((places[step] - places[other]).norm() > 0.9 for other in chosen):
            chosen.append(step)
    return chosen


def draw(picture: Picture, file: Path) -> None:
    """The paths one above the other, on the same map."""
    # Imported here, for it takes a second, and whoever collects doctests imports this module.
    from matplotlib.figure import Figure
    from PIL import Image  # comes with matplotlib

    rows = len(picture.runs)
    figure = Figure(figsize=(6.4, 0.9 + 2 * rows), dpi=150, layout="constrained")
    figure.suptitle(picture.title, fontsize=12)
    every = figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0]
    x, y = torch.linspace(-10, 3, 131), torch.linspace(-2.1, 2.1, 85)
    heights = height(x[None], y[:, None])
    for axes, run, colour in zip(every, picture.runs, COLOURS, strict=False):
        axes.contour(x, y, heights, levels=LEVELS, colors="0.85", linewidths=0.8)
        places = path(run)
        axes.plot(*places.T, "o-", color=colour, linewidth=1, markersize=3.5)
        axes.plot(*places[10::10].T, "o", color="white", markeredgecolor=colour, markersize=7)
        for step in far_apart(places):
            place = (places[step] + torch.tensor([0.0, 0.28])).tolist()
            axes.text(*place, str(step), ha="center", va="bottom", color=colour, fontsize=9)
        axes.plot(*START, "o", color="black")
        axes.plot(0, 0, "*", color="black", markersize=11)
        axes.text(2.9, 2.1, run.label, ha="right", va="top", color=colour, fontsize=11, bbox=BLANK)
        axes.set(xlim=(-10, 3), ylim=(-2.1, 2.2), aspect="equal", yticks=(-2, 0, 2))
        axes.spines[["top", "right"]].set_visible(False)
    every[0].text(START[0], 1.75, "start", ha="center", va="bottom", fontsize=9)
    every[0].text(0, -0.4, "minimum", ha="center", va="top", fontsize=9, bbox=BLANK)
    every[-1].set_xlabel("a dot after each step, a ring after each tenth")
    pixels = io.BytesIO()
    figure.savefig(pixels)
    # With a palette the file is a third as large; the lines have few colours.
    Image.open(pixels).convert("RGB").quantize(64).save(file, optimize=True)


def main(arguments: Sequence[str]) -> None:
    folder = Path(arguments[0]) if arguments else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in PICTURES.items():
        draw(picture, folder / f"{name}.png")
        print(folder / f"{name}.png")


if __name__ == "__main__":
    main(sys.argv[1:])
