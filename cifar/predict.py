"""What a trained network says of pictures that nobody has labelled.

A picture of any size becomes one of 32x32 pixels, as the network knows them: the largest square in
its middle, made smaller. Where that cuts the subject away, the answer is about what is left.

Read next: `cifar/__main__.py`, how a person asks for all this.
"""

import stat
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from rich.console import Console
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text
from torch import Tensor
from torchvision.transforms.functional import pil_to_tensor

from sums_to_one.cifar import checkpoint
from sums_to_one.cifar.components import Components
from sums_to_one.cifar.settings import RefusedError
from sums_to_one.cifar.standin import SHAPES, SIZE

LATEST = "runs/*/checkpoint.pt"
SHOWN = 3
BAR = 50  # with the names and the figures 74 columns


class NoCheckpointError(RefusedError):
    """No checkpoint was named, and none is where runs leave theirs."""


class ImageError(RefusedError):
    """A file without a picture that can be looked at.

    Args:
        came: the name of the file, and what is wrong with it.
    """

    def __init__(self, came: str) -> None:
        super().__init__(f"an image must be a file with a picture in it, got {came}")
        self.came = came


@dataclass(frozen=True)
class Answer:
    """What a network says of one image.

    Args:
        image: its file.
        probabilities: of all classes by their names, the likeliest first.
    """

    image: Path
    probabilities: dict[str, float]


def predict(
    path: Path, images: Sequence[Path], components: Components
) -> tuple[list[Answer], list[ImageError]]:
    """Show pictures to the network of a checkpoint.

    Args:
        path: the checkpoint; the names of the classes are in it, too.
        images: files in any format that Pillow reads.
        components: where the layers and the softmax come from.

    Returns:
        An answer for each picture, in their order, and what is wrong with the other files.

    Raises:
        ResumeError: the checkpoint cannot be read.
    """
    classes = checkpoint.load(path)["data"]["classes"]
    model = checkpoint.restore(path, components)
    answers, refused = [], []
    for image in images:
        try:
            pixels = read_image(image)
        except ImageError as problem:
            refused.append(problem)
            continue
        with torch.no_grad():
            (probabilities,) = components.softmax(model(pixels.unsqueeze(0)), dim=1).tolist()
        likeliest = sorted(zip(classes, probabilities, strict=True), key=lambda pair: -pair[1])
        answers.append(Answer(image, dict(likeliest)))
    return answers, refused


def predict_command(images: Sequence[Path], path: Path | None, console: Console) -> None:
    """Print the likeliest classes of pictures.

    Args:
        images: files in any format that Pillow reads.
        path: the checkpoint, or None for the one in ./runs that was written last.
        console: where to print to.

    Raises:
        RefusedError: there is no checkpoint, or it cannot be read; or, after the answers for all
            others, some of the images cannot.
    """
    if path is None:
        path = latest_checkpoint()
    kept = checkpoint.load(path)
    console.print(Text(f"network   {_printable(path)}"), soft_wrap=True)
    console.print(Text(f"data      {kept['data']['name']}"))
    if strangers := sorted(set(kept["subjects"]) - {"concepts", "torch"}):
        # A checkpoint may come from anywhere, so it does not get to say which code is run.
        names = _printable(", ".join(strangers))
        console.print(Text(f"It learnt with components from {names}; here PyTorch's answer."))
    if tuple(kept["data"]["classes"]) == tuple(SHAPES):
        console.print(
            Panel(
                f"{kept['data']['name']}\n\nThis network has only seen drawn shapes. Of a "
                "photograph its answers mean nothing.",
                style="bold yellow",
                width=min(console.width, 80),
            )
        )
    answers, refused = predict(path, images, Components("torch"))
    for answer in answers:
        console.print()
        console.print(Text(_printable(answer.image)), soft_wrap=True)
        console.print(_bars(answer))
    if refused:
        raise ImageError("; ".join(problem.came for problem in refused))


def latest_checkpoint() -> Path:
    """The checkpoint in ./runs that was written last.

    Raises:
        NoCheckpointError: there is none.
    """
    found = list(Path().glob(LATEST))
    if not found:
        raise NoCheckpointError(
            f"a network must have been trained, or --checkpoint must name one, got none in {LATEST}"
        )
    return max(found, key=lambda path: path.stat().st_mtime)


def read_image(path: Path) -> Tensor:
    """Read a picture as the network wants it: upright, square, small, and of three colours.

    Args:
        path: a file in any format that Pillow reads. What is transparent becomes white.

    Returns:
        uint8 of shape (3, 32, 32).

    Raises:
        ImageError: there is no such file, or not a picture in it, or one of too many pixels.
    """
    name = _printable(path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe could keep us waiting for ever
            raise ValueError("not a file")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata, which nobody asked for
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                upright = ImageOps.exif_transpose(image)
                square = _in_colour(_middle(upright))
                small = square.resize((SIZE, SIZE), Image.Resampling.LANCZOS)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise ImageError(f"{name}: more than {Image.MAX_IMAGE_PIXELS:,} pixels") from None
    except UnidentifiedImageError:
        raise ImageError(f"{name}: no picture in any format that Pillow reads") from None
    except Exception as problem:  # anybody may have written it, and anything be wrong with it
        said = getattr(problem, "strerror", None) or str(problem)
        reason = said.partition("\n")[0] or type(problem).__name__
        raise ImageError(f"{name}: {_printable(reason)}") from None
    pixels: Tensor = pil_to_tensor(small)
    return pixels


def _middle(image: Image.Image) -> Image.Image:
    side = min(image.size)
    left, top = ((length - side) // 2 for length in image.size)
    return image.crop((left, top, left + side, top + side))


def _in_colour(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        raise ValueError("pixels that are fractions, and nothing says which is white")
    if image.mode.startswith("I"):
        # Greys of 16 bits: Pillow's own conversion makes white of all but the darkest.
        return image.convert("I").point(lambda grey: grey * (1 / 257)).convert("L").convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


def _bars(answer: Answer) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(min_width=12)
    table.add_column(width=BAR)
    table.add_column(justify="right", min_width=6)
    for name, probability in list(answer.probabilities.items())[:SHOWN]:
        bar = ProgressBar(total=1, completed=probability, width=BAR)
        table.add_row(Text(f"  {name}"), bar, Text(f"{probability:.1%}"))
    return table


def _printable(text: object) -> str:
    """With escapes in place of what would move the cursor, or cannot be printed at all."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(text))
