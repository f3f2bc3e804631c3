"""One page about a training run: how good the network is, how it was made, and its pictures.

The page is one file. The pictures are inside it, and it has no scripts, so it opens with a double
click, on any machine, without a network; its own content policy forbids it to load anything.

Read next: `cifar/predict.py`, what the network says of your pictures.
"""

import base64
import dataclasses
import platform
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import NamedTuple

import torch

from sums_to_one.cifar import checkpoint
from sums_to_one.cifar.data import Data
from sums_to_one.cifar.draw import confusions
from sums_to_one.cifar.evaluate import Evaluation
from sums_to_one.cifar.settings import PIXELS, Settings
from sums_to_one.cifar.train import Training


class Picture(NamedTuple):
    """A picture beside the page, and what a learner can see in it."""

    file: str
    heading: str
    alt: str
    how_to_read: str


def write(
    path: Path,
    data: Data,
    training: Training,
    result: Evaluation,
    both_sides: float,
    recipe: str,
) -> None:
    """Write the page about a run that is done.

    Args:
        path: of the HTML file. The pictures are taken from its folder; one that is not there is
            left out.
        data: what was learnt from.
        training: the run, after its last step.
        result: of the test images.
        both_sides: the test accuracy where each image and its mirror image are answered together.
        recipe: what the settings are called.

    Raises:
        OSError: no room, or no right to write.
    """
    pictures = "\n".join(
        _figure(picture, path.with_name(picture.file).read_bytes())
        for picture in _pictures(data, training, result)
        if path.with_name(picture.file).exists()
    )
    accuracy = _percent(result.accuracy)
    title = f"{accuracy} on {data.name}"
    banner = _BANNER.format(name=escape(data.name)) if data.synthetic else ""
    text = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
{banner}
<h1><strong>{accuracy}</strong> of the test images right</h1>
<p class="lead">A fully connected network on {escape(data.name)}, trained by the recipe
“{escape(recipe)}”. A guess gets {_percent(1 / len(data.classes))}. Where the network sees each
image and its mirror image, too, and the mean of both answers counts, it gets
{_percent(both_sides)}.</p>
<h2>Class by class</h2>
<p>The share of the test images of each class that the network got right. {_confused(data, result)}
</p>
{_bars(data.classes, result.accuracy_per_class())}
{pictures}
<h2>How this came about</h2>
<p>On a machine of the same kind, the same of all this gives the same weights again, bit for
bit.</p>
{_table(facts(training, recipe))}
</main>
</body>
</html>
"""
    path.write_text(text, encoding="utf-8")


def facts(training: Training, recipe: str) -> dict[str, str]:
    """What the weights of a run depend on, and how long it took.

    Args:
        training: the run, after its last step.
        recipe: what the settings are called.

    Returns:
        Texts by their names, in the order in which they are to be read.
    """
    data, settings, machine = training.data, training.settings, training.machine
    inputs = f"{settings.whiten} principal components" if settings.whiten else f"{PIXELS} pixels"
    parameters = sum(p.numel() for p in training.model.parameters())
    widths = " → ".join(map(str, (inputs, *settings.hidden, f"{len(data.classes)} classes")))
    precision = str(machine.precision).removeprefix("torch.")
    return {
        "Data": f"{data.name}: {len(data.train_labels):,} images to learn from, "
        f"{len(data.held_out_labels):,} held out, {len(data.test_labels):,} to test; "
        f"checksum {data.checksum}",
        "Network": f"{widths}; {parameters:,} parameters",
        "Recipe": recipe,
        "Settings other than the defaults": _changed(settings) or "none",
        "Seed": str(settings.seed),
        "Training": f"{training.step:,} steps, {settings.epochs} epochs, "
        f"{_duration(training.seconds)}",
        "Components": str(training.components),
        "Machine": f"{machine.device.type}, {platform.machine()}, {precision}, "
        f"threads: {torch.get_num_threads()}, processes: {machine.ranks}",
        "Versions": ", ".join(f"{name} {of}" for name, of in checkpoint.versions().items()),
    }


def _changed(settings: Settings) -> str:
    """Settings that are not the defaults, as one would write them on the command line."""
    standard = Settings()
    values = {field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)}
    return ", ".join(
        f"{name}={_written(value)}"
        for name, value in values.items()
        if value != getattr(standard, name) and name != "seed"
    )


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _pictures(data: Data, training: Training, result: Evaluation) -> list[Picture]:
    first, last = training.history[0], training.history[-1]
    accuracies = f"{_percent(first.held_out_accuracy)} to {_percent(last.held_out_accuracy)}"
    count = len(data.held_out_labels)
    share = last.held_out_accuracy
    margin = 200 * (share * (1 - share) / count) ** 0.5
    whitened = training.settings.whiten > 0
    speckles = ", enlarged by whitening, which makes all patterns alike" if whitened else ""
    units = "hidden unit" if training.settings.hidden else "class"
    return [
        Picture(
            "learning-curve.png",
            "How it learnt",
            f"Two charts over {len(training.history)} epochs: the loss, and the accuracy, which "
            f"goes from {accuracies} on the images held out.",
            f"After every epoch the network is shown {count:,} images that it learns from, and "
            f"{count:,} that it never learns from, all as they are. Where it is far better on the "
            "first, it has learnt by heart. The band is two standard errors to either side: the "
            f"last accuracy may be {margin:.1f} points off, so do not expect the test to agree "
            "more closely than that.",
        ),
        Picture(
            "confusion-matrix.png",
            "What it confuses",
            f"A table of the {len(data.classes)} classes against the answers, in percent; "
            f"{_percent(result.accuracy)} of all images are on its diagonal.",
            "Each row is all images of one class, by what the network took them for: the darker "
            "the diagonal, the better. Dark places beside it are pairs that look alike to it.",
        ),
        Picture(
            "first-layer.png",
            "What it looks at",
            f"Small colour pictures, one for each {units}: the weights of the first layer.",
            f"Each small picture is the weights of one {units}, which answers the more the more an "
            "image looks like it; grey pixels do not count. Stripes and blobs were learnt, fine "
            f"speckles are left over from the random start{speckles}.",
        ),
        Picture(
            "worst-mistakes.png",
            "Where it fails",
            "Test images with the network's wrong answers, how sure it was, and the right classes.",
            "These are the wrong answers that the network was surest of. Ask of each what in it "
            "looks like what was said: often it is the colours and the background.",
        ),
    ]


def _figure(picture: Picture, png: bytes) -> str:
    return (
        f"<h2>{escape(picture.heading)}</h2>\n<figure>\n"
        f'<img alt="{escape(picture.alt)}" src="data:image/png;base64,'
        f'{base64.b64encode(png).decode()}">\n'
        f"<figcaption>{escape(picture.how_to_read)}</figcaption>\n</figure>"
    )


def _confused(data: Data, result: Evaluation) -> str:
    """The pair of classes that is confused most often, in a sentence."""
    shares = confusions(result).nan_to_num().fill_diagonal_(0)
    truth, said = divmod(int(shares.argmax()), len(data.classes))
    if not shares[truth, said]:
        return "It made no mistake."
    return (
        f"The commonest mistake: of the images of “{escape(data.classes[truth])}”, "
        f"{_percent(shares[truth, said].item())} are taken for “{escape(data.classes[said])}”."
    )


def _bars(names: Iterable[str], accuracies: Iterable[float]) -> str:
    rows = []
    for name, accuracy in zip(names, accuracies, strict=True):
        there = accuracy == accuracy  # NaN is that of a class without images
        bar = f'<div><div style="width: {100 * accuracy:.1f}%"></div></div>' if there else ""
        said = _percent(accuracy) if there else "no images"
        rows.append(
            f'<tr><th scope="row">{escape(name)}</th><td class="bar">{bar}</td>'
            f'<td class="number">{said}</td></tr>'
        )
    return '<table class="bars">\n' + "\n".join(rows) + "\n</table>"


def _table(texts: Mapping[str, str]) -> str:
    rows = (
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(text)}</td></tr>'
        for name, text in texts.items()
    )
    return '<table class="facts">\n' + "\n".join(rows) + "\n</table>"


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("%", "\N{NO-BREAK SPACE}%")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


_BANNER = """<p class="banner" role="alert"><strong>{name}</strong>
The images are drawn shapes. No figure on this page says anything about CIFAR-10.</p>"""

_STYLE = """
:root {
  color-scheme: light dark;
  --text: #1c2128; --soft: #5b6470; --page: #fff; --line: #dfe3e8; --bar: #2f7ebc;
  --track: #eef1f4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e4e8ec; --soft: #a0a9b4; --page: #14181d; --line: #313840; --bar: #5aa6df;
    --track: #22282f;
  }
}
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 1.0625rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; }
h1 { font-size: 1.5rem; line-height: 1.2; font-weight: 500; margin: 1.5rem 0 .75rem; }
h1 strong { display: block; font-size: 3.75rem; line-height: 1.1; letter-spacing: -.02em; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 2.75rem 0 .5rem; }
p { margin: 0 0 1rem; }
.lead, figcaption { color: var(--soft); }
.banner {
  background: #ffd400; color: #000; border: .3rem solid #c00000; padding: 1rem 1.25rem; margin: 0;
}
.banner strong { display: block; font-size: 1.5rem; line-height: 1.25; }
table { width: 100%; border-collapse: collapse; }
th { text-align: left; font-weight: 500; }
.bars th, .number { white-space: nowrap; width: 1%; }
.bars td, .bars th { padding: .2rem 0; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.bars .bar { padding: .2rem .9rem; }
.bar div { height: 1rem; border-radius: .15rem; background: var(--track); }
.bar div div { background: var(--bar); }
figure { margin: 0; }
img {
  display: block; width: 100%; height: auto; box-sizing: border-box; background: #fff;
  border: 1px solid var(--line); border-radius: .4rem; padding: .5rem; margin: 0 0 .75rem;
}
.facts th, .facts td {
  padding: .5rem 0; vertical-align: top; border-top: 1px solid var(--line); overflow-wrap: anywhere;
}
.facts th { width: 11rem; padding-right: 1.25rem; color: var(--soft); }
@media (max-width: 34rem) {
  h1 strong { font-size: 3rem; }
  .facts th, .facts td { display: block; width: auto; padding: .5rem 0 0; }
  .facts td { border-top: 0; padding: 0 0 .5rem; }
}
"""
