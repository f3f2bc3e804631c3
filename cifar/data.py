"""The images: the real CIFAR-10 where it can be had, else a stand-in that says so.

CIFAR-10 is 60,000 photographs of 32x32 pixels in ten classes (Krizhevsky 2009, "Learning Multiple
Layers of Features from Tiny Images"). All of it stays in memory as bytes, 184 MB, so that a batch
is one indexing operation.

Read next: `cifar/standin.py`, where they cannot be had.
"""

import os
import socket
import tempfile
import threading
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from http.client import HTTPException
from pathlib import Path

import torch
from torch import Tensor
from torchvision.datasets import CIFAR10
from torchvision.datasets.utils import calculate_md5

from sums_to_one.cifar.settings import RefusedError
from sums_to_one.cifar.standin import SHAPES, labelled_images

SYNTHETIC = "synthetic"  # the word that asks for the stand-in in place of a folder
ROOT_VARIABLE = "CIFAR10_ROOT"
DEFAULT_ROOT = Path("data")
HELD_OUT = 5_000  # of the training images, to compare settings by
PATIENCE = 10.0  # seconds without an answer after which the network counts as absent


class DataError(RefusedError):
    """A folder that does not hold the whole CIFAR-10, unaltered."""


@dataclass(frozen=True)
class Data:
    """Labelled images in three parts.

    The network learns from `train`, `held_out` shows how it is doing meanwhile, and `test` is
    looked at once, at the end. Images are uint8 of shape (N, 3, 32, 32), labels int64 of shape
    (N,).
    """

    name: str
    classes: tuple[str, ...]
    train_images: Tensor
    train_labels: Tensor
    held_out_images: Tensor
    held_out_labels: Tensor
    test_images: Tensor
    test_labels: Tensor
    synthetic: bool = False

    @cached_property
    def checksum(self) -> str:
        """Of the images and labels that a run learns from or measures itself on."""
        learning = (self.train_images, self.train_labels)
        total = 0
        for part in (*learning, self.held_out_images, self.held_out_labels):
            total = zlib.crc32(part.contiguous().numpy().data, total)
        return f"{total:08x}"


def find(folder: str | None = None) -> Path | None:
    """The folder that should hold CIFAR-10, or None where there is no sign of any.

    Args:
        folder: what the user named. Else $CIFAR10_ROOT counts, else ./data if it has the images.
    """
    if folder is not None:
        return Path(folder)
    if os.environ.get(ROOT_VARIABLE):
        return Path(os.environ[ROOT_VARIABLE])
    return DEFAULT_ROOT if (DEFAULT_ROOT / CIFAR10.base_folder).exists() else None


def load(
    folder: str | None = None, say: Callable[[str], None] = print, held_out: int = HELD_OUT
) -> Data:
    """Load CIFAR-10, downloading it if need be, or else draw the stand-in.

    Args:
        folder: where the images are, or the word `synthetic` for the stand-in.
        say: told of a download, and why it failed.
        held_out: how many of the 50,000 training images not to learn from; the stand-in holds out
            as many as it does.

    Raises:
        DataError: the folder that was named does not hold the whole CIFAR-10 unaltered.
    """
    if folder == SYNTHETIC:
        return stand_in()
    root = find(folder)
    if root is None:
        say(f"no CIFAR-10 in ./{DEFAULT_ROOT}: trying to download it (170 MB)")
        try:
            root = download()
        except (OSError, RuntimeError, HTTPException) as problem:
            say(f"the download failed ({problem})")
            return stand_in()
    try:
        return cifar10(root, held_out)
    except DataError as problem:
        if folder is not None or root == DEFAULT_ROOT:
            raise
        raise DataError(f"{problem} (${ROOT_VARIABLE} names this folder)") from None


def cifar10(root: Path, held_out: int = HELD_OUT) -> Data:
    """Read CIFAR-10 from a folder, every file checked against its MD5 sum.

    Args:
        root: the folder in which `cifar-10-batches-py` lies.
        held_out: how many of the training images not to learn from.

    Raises:
        DataError: a file is missing, unreadable, or not the one that was published.
    """
    try:
        train, test = CIFAR10(root, train=True), CIFAR10(root, train=False)
    except (RuntimeError, OSError) as problem:
        raise DataError(
            f"a data folder must hold {CIFAR10.base_folder}, complete and unaltered, "
            f"got {root}: {_first_fault(root) or problem}"
        ) from None
    images, labels = _tensors(train)
    return Data(
        "CIFAR-10", tuple(train.classes), *_split(images, labels, held_out), *_tensors(test)
    )


@cache
def stand_in() -> Data:
    """The synthetic stand-in: 4,000 images to learn from, 1,000 held out, 1,000 to test."""
    return Data(
        "SYNTHETIC STAND-IN, not CIFAR-10",
        tuple(SHAPES),
        *labelled_images(4000, seed=0),
        *labelled_images(1000, seed=1),
        *labelled_images(1000, seed=2),
        synthetic=True,
    )


def download() -> Path:
    """Download CIFAR-10 into ./data: all of it, or nothing is left behind.

    Raises:
        OSError, RuntimeError, HTTPException: no network, no room, or not the published file.
    """
    _expect_an_answer(CIFAR10.url)
    with tempfile.TemporaryDirectory(prefix=".cifar-10-", dir=".") as unfinished, _impatient():
        CIFAR10(unfinished, download=True)
        DEFAULT_ROOT.mkdir(exist_ok=True)
        finished = Path(unfinished) / CIFAR10.base_folder
        finished.rename(DEFAULT_ROOT / CIFAR10.base_folder)
    return DEFAULT_ROOT


def _tensors(part: CIFAR10) -> tuple[Tensor, Tensor]:
    channels_first = part.data.transpose(0, 3, 1, 2)
    return torch.from_numpy(channels_first).contiguous(), torch.tensor(part.targets)


def _split(images: Tensor, labels: Tensor, held_out: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Hold out the last ones; the published order is random already."""
    kept = len(images) - held_out
    return images[:kept], labels[:kept], images[kept:], labels[kept:]


def _first_fault(root: Path) -> str | None:
    if not root.is_dir():
        return "there is no such folder"
    meta = (CIFAR10.meta["filename"], CIFAR10.meta["md5"])
    for name, published in [*CIFAR10.train_list, *CIFAR10.test_list, meta]:
        path = root / CIFAR10.base_folder / name
        if not path.is_file():
            return f"there is no file {CIFAR10.base_folder}/{name}"
        if (came := calculate_md5(path)) != published:
            return f"{name} has {path.stat().st_size:,} bytes and MD5 {came}, not {published}"
    return None


def _expect_an_answer(url: str) -> None:
    """Looking up a name can take minutes offline, and no timeout of a socket covers it."""
    answers: list[Exception | None] = []

    def ask() -> None:
        try:
            urllib.request.urlopen(url, timeout=PATIENCE).close()
            answers.append(None)
        except Exception as problem:
            answers.append(problem)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(PATIENCE)
    if not answers:
        raise TimeoutError(f"no answer from {url} in {PATIENCE:g} s")
    if answers[0] is not None:
        raise OSError(f"no answer from {url}: {answers[0]}")


@contextmanager
def _impatient() -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
