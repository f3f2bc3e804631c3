"""How fast the training is, next to the usual way and next to what the machine can do at all.

`python -m sums_to_one.cifar.benchmark` measures everything in one run, in turns, and prints it; the
figures are only good for ratios, for a machine has better and worse moments. A random data set of
CIFAR-10's size does: nobody's speed depends on what is in the pictures.

- The usual way: a data set of PIL images, torchvision's transforms one image at a time, a
  DataLoader with a worker for each core, a loop that asks every step for the loss.
- The bound: the products of matrices that the network consists of, and nothing else. For a layer of
  W weights they take 2 W operations an image forwards, 2 W for the gradient of its weights and 2 W
  for that of its inputs, which the first layer can do without: 2 (3 sum(W) - W_1) in all.

Read next: `cifar/ablate.py`, what each concept was good for.
"""

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
import torchvision.transforms as transforms
from PIL import Image
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from sums_to_one.cifar.batches import Batches
from sums_to_one.cifar.components import Components
from sums_to_one.cifar.data import Data
from sums_to_one.cifar.inputs import Pixels
from sums_to_one.cifar.machine import Machine, machine
from sums_to_one.cifar.settings import CLASSES, PIXELS, Settings
from sums_to_one.cifar.train import Training

SETTINGS = Settings(hidden=(1024, 512), batch_size=512, crop=4, flip="random", epochs=1)
IMAGES = 45_000
TURNS = 2
ATTEMPTS = 20  # of a step's products of matrices, in each turn


@dataclass(frozen=True)
class Row:
    """One line of the result: what was measured, images a second, and a ratio with its goal."""

    name: str
    speed: float
    ratio: float | None = None
    beside: str = ""
    goal: float | None = None


class Pictures(Dataset[tuple[Tensor, int]]):
    """Images as the usual way has them, one PIL image at a time."""

    def __init__(self, images: Tensor, labels: Tensor) -> None:
        self._images = images.permute(0, 2, 3, 1).contiguous().numpy()
        self._labels = labels.tolist()
        self._transform = transforms.Compose(
            [
                transforms.RandomCrop(32, padding=SETTINGS.crop, padding_mode="reflect"),
                transforms.RandomHorizontalFlip(),
                transforms.ToTensor(),
                transforms.Normalize((0.5, 0.5, 0.5), (0.25, 0.25, 0.25)),
            ]
        )

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self._transform(Image.fromarray(self._images[index])), self._labels[index]


def usual_loader(data: Data) -> DataLoader[tuple[Tensor, int]]:
    """Batches the usual way, a worker process for each core."""
    return DataLoader(
        Pictures(data.train_images, data.train_labels),
        batch_size=SETTINGS.batch_size,
        shuffle=True,
        drop_last=True,
        num_workers=cores(),
    )


def usual_epoch(data: Data) -> None:
    """One epoch the usual way."""
    widths = (PIXELS, *SETTINGS.hidden)
    layers: list[nn.Module] = [nn.Flatten()]
    for fan_in, fan_out in zip(widths, SETTINGS.hidden, strict=False):
        layers += [nn.Linear(fan_in, fan_out), nn.BatchNorm1d(fan_out), nn.ReLU()]
        layers += [nn.Dropout(SETTINGS.dropout)]
    model = nn.Sequential(*layers, nn.Linear(widths[-1], CLASSES))
    optimizer = torch.optim.SGD(
        model.parameters(), SETTINGS.lr, SETTINGS.momentum, weight_decay=SETTINGS.weight_decay
    )
    mean_loss = nn.CrossEntropyLoss()
    for images, labels in usual_loader(data):
        optimizer.zero_grad()
        loss = mean_loss(model(images), labels)
        loss.backward()
        optimizer.step()
        loss.item()


def bare_products(here: Machine) -> Callable[[], None]:
    """The products of matrices of one step, into memory that is there already."""
    size, widths = SETTINGS.batch_size, (PIXELS, *SETTINGS.hidden, CLASSES)

    def new(*shape: int) -> Tensor:
        return torch.randn(*shape, device=here.device).to(here.precision)

    layers = [
        (new(size, n), new(m, n), new(size, m), new(size, m), new(m, n), new(size, n))
        for n, m in pairwise(widths)
    ]

    def multiply() -> None:
        for depth, (x, weight, output, slope, of_weight, of_x) in enumerate(layers):
            torch.mm(x, weight.t(), out=output)
            torch.mm(slope.t(), x, out=of_weight)
            if depth:
                torch.mm(slope, weight, out=of_x)

    return multiply


def random_data() -> Data:
    """As many images as the training part of CIFAR-10 has, and a few to hold out and to test."""
    images = torch.randint(256, (IMAGES + 2000, 3, 32, 32), dtype=torch.uint8)
    labels = torch.arange(len(images)) % CLASSES
    parts = [IMAGES, 1000, 1000]
    (a, b, c), (d, e, f) = torch.split(images, parts), torch.split(labels, parts)
    return Data("random images", tuple("0123456789"), a, d, b, e, c, f)


def measure(here: Machine) -> list[Row]:
    """All rows, each the best of a few turns."""
    data = random_data()
    whole = len(data.train_images) // SETTINGS.batch_size * SETTINGS.batch_size
    products = bare_products(here)
    loader = Batches(data.train_images, data.train_labels, Pixels(), SETTINGS, here)

    def trained(*subjects: str) -> Callable[[], float]:
        def seconds() -> float:
            return Training(data, SETTINGS, Components(*subjects), here).run().seconds

        return seconds

    def loaded() -> None:
        for step in range(loader.an_epoch):
            _ = loader[step]

    def usually_loaded() -> None:
        for _ in usual_loader(data):
            pass

    attempts: dict[str, tuple[Callable[[], float], int]] = {
        "loader, usual way": (_timed(usually_loaded), whole),
        "loader, ours": (_timed(loaded), whole),
        "training, usual way": (_timed(lambda: usual_epoch(data)), whole),
        "training, ours": (trained("torch"), whole),
        "--components concepts": (trained("concepts", "torch"), whole),
        "bare products": (
            _timed(lambda: [products() for _ in range(ATTEMPTS)]),
            ATTEMPTS * SETTINGS.batch_size,
        ),
    }
    speeds: dict[str, list[float]] = {name: [] for name in attempts}
    turns = [name for _ in range(TURNS) for name in attempts]
    for name in track(turns, "measuring", transient=True):
        seconds, images = attempts[name]
        speeds[name].append(images / seconds())
    best = {name: max(of) for name, of in speeds.items()}
    usual, loading, usual_training, training, concepts, bound = best.values()
    names = iter(best)
    return [
        Row(next(names), usual),
        Row(next(names), loading, loading / usual, "the usual way", 12),
        Row(next(names), usual_training),
        Row(next(names), training, training / usual_training, "the usual way", 3),
        Row(next(names), concepts, concepts / training, "ours with PyTorch's"),
        Row(next(names), bound),
        Row("training, ours", training, training / bound, "the bare products", 0.8),
    ]


def _timed(action: Callable[[], Any]) -> Callable[[], float]:
    def seconds() -> float:
        started = time.perf_counter()
        action()
        return time.perf_counter() - started

    return seconds


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def table(rows: list[Row], here: Machine) -> Table:
    """The rows as a table that fits 80 columns."""
    flops = 2 * (3 * sum(_weights()) - _weights()[0])
    precision = str(here.precision).removeprefix("torch.")
    network = "-".join(map(str, (PIXELS, *SETTINGS.hidden, CLASSES)))
    result = Table(
        "measured",
        "images/s",
        "times",
        "goal",
        title=f"{platform.machine()}, {cores()} cores, {here.device}, {precision}, "
        f"torch {torch.__version__}\n"
        f"{network}, {flops / 1e6:.1f} MFLOP an image, batch {SETTINGS.batch_size}",
    )
    for row in rows:
        times = "" if row.ratio is None else f"{row.ratio:.2f} x {row.beside}"
        goal = "" if row.goal is None else f"{row.goal:g}"
        result.add_row(row.name, f"{row.speed:,.0f}", times, goal)
    return result


def _weights() -> list[int]:
    widths = (PIXELS, *SETTINGS.hidden, CLASSES)
    return [n * m for n, m in pairwise(widths)]


def main() -> None:
    """Measure, and print."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    with machine() as here:
        Console().print(table(measure(here), here))


if __name__ == "__main__":
    main()
