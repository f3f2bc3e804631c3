"""The figures of the book, drawn from our own components while it is built.

The docstring of a function is the caption of its figure. Colours are names until the page gives
them a value, so that a figure fits a bright page and a dark one.
"""

import fcntl
import hashlib
import inspect
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from html import escape
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sums_to_one.book.words import WORDS, Words
from sums_to_one.cifar.modules import ROOT
from sums_to_one.cifar.standin import draw as draw_images
from sums_to_one.tests.judge.components import COMPONENTS
from sums_to_one.tests.judge.subjects import Subject

OURS = Subject("concepts", "sums_to_one.concepts")
WIDE, NARROW = 6.8, 4.4  # inches
INK = "#010203"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")  # B. Wong, Nature Methods, 2011
NAMES = {INK: "currentColor", **{c: f"var(--series-{k})" for k, c in enumerate(COLOURS)}}
STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "sums-to-one",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": "cycler('color', ['" + "', '".join(COLOURS) + "'])",
    "legend.frameon": False,
    **dict.fromkeys(
        ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK
    ),
}

Draw = Callable[[Any, Words], None]


@dataclass(frozen=True)
class Figure:
    """What draws it on `columns` axes beside each other, and what is said below it."""

    draw: Draw
    caption: str
    columns: int = 1
    height: float = 2.8


FIGURES: dict[str, Figure] = {}


def figure(name: str, columns: int = 1, height: float = 2.8) -> Callable[[Draw], Draw]:
    def register(draw: Draw) -> Draw:
        FIGURES[name] = Figure(draw, inspect.getdoc(draw) or "", columns, height)
        return draw

    return register


def drawn(name: str, words: Words, kept: Path | None = None) -> str:
    """The figure as SVG, to stand in a page.

    Args:
        name: a key of FIGURES.
        words: of the language of the page.
        kept: a folder where drawings are kept from build to build, if they are.
    """
    picture, said = _kept(name, kept) if kept else _draw(name)
    for english, (key, numbers) in said.items():
        text = words(key, **numbers) if key else words.either(**numbers)
        picture = picture.replace(f">{escape(english)}<", f">{escape(text)}<")
    return str(picture)


def _kept(name: str, folder: Path) -> tuple[str, dict[str, Any]]:
    """What was drawn already, by an earlier build or by that of another language just now."""
    file = folder / f"{name}-{_state()}.json"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.is_file():
            for old in folder.glob(f"{name}-*"):
                old.unlink()
            new = file.with_suffix(".new")
            new.write_text(json.dumps(_draw(name)), encoding="utf-8")
            new.replace(file)
        picture, said = json.loads(file.read_text(encoding="utf-8"))
        return picture, said


class Recorded(Words):
    """English words, and what they were made of, by which they are said in another language."""

    def __init__(self) -> None:
        super().__init__("en")
        self.said: dict[str, tuple[str, dict[str, object]]] = {}

    def __call__(self, key: str, **numbers: object) -> str:
        text = super().__call__(key, **numbers)
        self.said[text] = (key, numbers)
        return text

    def either(self, en: str, zh: str) -> str:
        self.said[en] = ("", {"en": en, "zh": zh})
        return en


def _draw(name: str) -> tuple[str, dict[str, tuple[str, dict[str, object]]]]:
    import matplotlib
    from matplotlib.figure import Figure as Canvas

    torch.set_num_threads(1)  # all is small here, and threads would wait for one another
    one, words = FIGURES[name], Recorded()
    with matplotlib.rc_context(STYLE):
        canvas = Canvas(figsize=(WIDE, one.height), layout="constrained")
        axes = canvas.subplots(1, one.columns, squeeze=False)[0]
        one.draw(axes[0] if one.columns == 1 else axes, words)
        wide = _as_svg(canvas, name, "on-wide")
        # On a telephone the letters stay as large, and what was on the right comes below.
        factor = {1: 1.0, 2: 2.0}.get(one.columns, 0.8)
        canvas.set_size_inches(NARROW, one.height * factor)
        if one.columns == 2:
            below = canvas.add_gridspec(2, 1)
            for k, part in enumerate(axes):
                part.set_subplotspec(below[k])
        return wide + _as_svg(canvas, name, "on-narrow"), words.said


def _as_svg(canvas: Any, name: str, shown: str) -> str:
    text = io.StringIO()
    cut = "tight" if len(canvas.axes) > 2 else None  # rows of pictures fill no canvas
    canvas.savefig(text, format="svg", transparent=True, metadata={"Date": None}, bbox_inches=cut)
    return for_a_page(text.getvalue(), name, shown)


@cache
def _state() -> str:
    """A name for the code as it is now, all of which may have a part in a drawing."""
    files = [
        file for folder in ("book", "concepts", "tests") for file in (ROOT / folder).rglob("*.py")
    ]
    files += [ROOT / "README.md", ROOT / "README.zh-CN.md", ROOT / "book" / "words.toml"]
    digest = hashlib.sha256()
    for file in sorted(files):
        if "impostors" not in file.parts:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def for_a_page(text: str, name: str, shown: str) -> str:
    """Without a head of its own, with names that are unique, and with colours of the page."""
    text = text[text.index("<svg") :]
    text = re.sub("<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    for colour, called in NAMES.items():
        text = re.sub(f'(?i)(="|: ?){colour}', rf"\g<1>{called}", text)
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-{shown}-", text)
    text = re.sub('<style.*?</style>|font-family: [^;"]*;', "", text, flags=re.DOTALL)
    box = re.search(r'viewBox="[^"]+"', text)
    assert box, "matplotlib's SVG has a view box"
    head = f'<svg {box[0]} class="{shown}" role="img" aria-labelledby="caption-{name}" '
    head += 'xmlns:xlink="http://www.w3.org/1999/xlink">'
    return re.sub("<svg[^>]*>", head, text, count=1)


def source(name: str) -> str:
    """What draws a figure."""
    function = FIGURES[name].draw
    return inspect.getsource(function.func if isinstance(function, partial) else function)


def ours(name: str) -> Any:
    found = OURS.component(name)
    assert found, f"{name} must be one of our components"
    return found


# The figure of each component: first those that are curves.


def with_slope(f: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    """The values of a function at each number, and its slopes there."""
    x = x.clone().requires_grad_()
    y = f(x)
    return y.detach(), torch.autograd.grad(y.sum(), x)[0]


def curve(axes: Any, words: Words, f: Callable[[Tensor], Tensor], x: Tensor, label: str) -> None:
    y, slope = with_slope(f, x)
    axes.axhline(0, color=INK, linewidth=0.5, alpha=0.4)
    axes.plot(x, y, label=words("value"), linewidth=2)
    axes.plot(x, slope, "--", label=words("slope"), linewidth=2)
    axes.set_xlabel(words(label))
    axes.legend()


def line(low: float, high: float) -> Tensor:
    return torch.linspace(low, high, 241, dtype=torch.float64)


def each(f: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """A function of one number at a time, for one of all numbers."""
    return lambda x: torch.stack([f(one) for one in x])


def loss_at(loss: Any, target: Tensor) -> Callable[[Tensor], Tensor]:
    return each(lambda x: loss(x.reshape(1), target))


def right_class(x: Tensor) -> Tensor:
    """The loss of three scores, the others 0, whose first is of the right class."""
    return each(
        lambda one: ours("CrossEntropyLoss")()(
            torch.stack([one, one * 0, one * 0])[None], torch.tensor([0])
        )
    )(x)


def share_of_the_first(x: Tensor) -> Tensor:
    others = torch.zeros_like(x)
    shares: Tensor = ours("softmax")(torch.stack([x, others + 1, others]), dim=0)[0]
    return shares


def by_variable(x: Tensor) -> tuple[Tensor, Tensor]:
    v = ours("Variable")(x, requires_grad=True)
    y = v * v * v - 3 * v
    y.sum().backward()
    return y.data, v.grad


ONE = torch.ones(1, dtype=torch.float64)
CURVES: dict[str, tuple[Callable[[Tensor], Tensor], Tensor, str]] = {
    **{name: (ours(name), line(-6, 6), "x") for name in ("sigmoid", "tanh", "relu")},
    "leaky_relu": (partial(ours("leaky_relu"), negative_slope=0.1), line(-6, 6), "x"),
    "softmax": (share_of_the_first, line(-6, 8), "score"),
    "L1Loss": (loss_at(ours("L1Loss")(), 0 * ONE), line(-3, 3), "error"),
    "MSELoss": (loss_at(ours("MSELoss")(), 0 * ONE), line(-3, 3), "error"),
    "CrossEntropyLoss": (right_class, line(-6, 6), "right_score"),
    "BCELoss": (loss_at(ours("BCELoss")(), ONE), line(0.02, 1), "probability"),
    "BCEWithLogitsLoss": (loss_at(ours("BCEWithLogitsLoss")(), ONE), line(-6, 6), "logit"),
    "l1_penalty": (each(lambda w: ours("l1_penalty")([w])), line(-2, 2), "weight"),
    "l2_penalty": (each(lambda w: ours("l2_penalty")([w])), line(-2, 2), "weight"),
}
CAPTIONS = {
    "softmax": "The probability of the first of three logits, as that logit grows and the others"
    " stay at 1 and 0; and its slope, p (1 - p).",
    "leaky_relu": "`leaky_relu` with a negative slope of 0.1, so that it can be seen, and its"
    " slope.",
    "CrossEntropyLoss": "The loss as the logit of the right class grows, with two others at 0;"
    " and its slope, the probability of that class less 1.",
    "BCELoss": "The loss of a probability where 1 came, and its slope, which is -1 / p and so"
    " leaves the picture near 0.",
    "BCEWithLogitsLoss": "The loss of a logit where 1 came; and its slope, which stays -1 where"
    " the logit is far too low.",
}


def of_a_curve(name: str, axes: Any, words: Words) -> None:
    f, x, label = CURVES[name]
    curve(axes, words, f, x, label)
    if name == "BCELoss":  # whose slope would make its values look flat
        axes.set_ylim(-8, 4.2)


for _name in CURVES:
    FIGURES[_name] = Figure(
        partial(of_a_curve, _name), CAPTIONS.get(_name, f"`{_name}` and its slope.")
    )


@figure("Variable")
def of_variable(axes: Any, words: Words) -> None:
    """The value of v * v * v - 3 * v, and the gradient that one walk back gives for all v."""
    x = line(-2.5, 2.5)
    y, slope = by_variable(x)
    axes.axhline(0, color=INK, linewidth=0.5, alpha=0.4)
    axes.plot(x, y, label=words("value"), linewidth=2)
    axes.plot(x, slope, "--", label=words("slope"), linewidth=2)
    axes.set_xlabel("v")
    axes.legend()


# Initialization: what numbers come, and what they do to a signal.

SETTINGS: dict[str, dict[str, Any]] = {"constant_": {"val": 0.1}, "normal_": {}, "uniform_": {}}
BY_FANS = ("xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_")


def of_numbers(name: str, axes: Any, words: Words) -> None:
    torch.manual_seed(0)
    weight = ours(name)(torch.empty(128, 256), **SETTINGS.get(name, {})).flatten()
    first = axes[0] if name in BY_FANS else axes
    low, high = float(weight.min()), float(weight.max())
    edges = torch.linspace(-0.5, 1.5, 61).tolist() if low == high else 60
    first.hist(weight.tolist(), bins=edges, histtype="stepfilled")
    first.set(xlabel=words("weight"), ylabel=words("count"))
    if name in BY_FANS:
        through_layers(name, axes[1], words)


def through_layers(name: str, axes: Any, words: Words) -> None:
    """The size of a signal from layer to layer."""
    for label, f in (("tanh", torch.tanh), ("relu", torch.relu)):
        torch.manual_seed(0)
        x, sizes = torch.randn(64, 128), []
        for _ in range(31):
            sizes.append(x.square().mean().sqrt().item())
            x = f(x @ ours(name)(torch.empty(128, 128)).T)
        axes.plot(sizes, label=label, linewidth=2)
    axes.set(yscale="log", xlabel=words("layer"), ylabel=words("size"), ylim=(1e-6, 3))
    axes.legend()


for _name in COMPONENTS["initialization"]:
    _two = _name in BY_FANS
    FIGURES[_name] = Figure(
        partial(of_numbers, _name),
        f"A weight of 128 rows and 256 columns after `{_name}`"
        + (
            "; and the root mean square of a signal on its way through 30 square layers of it,"
            " with tanh and with ReLU."
            if _two
            else "."
        ),
        columns=2 if _two else 1,
        height=2.6,
    )


# Optimization: paths on a ravine.


def named(label: str, words: Words) -> str:
    """The label of a run, which has the names of arguments, and few words."""
    chinese = label
    for key in ("without_momentum", "no_momentum", "momentum"):
        chinese = chinese.replace(WORDS[key]["en"], WORDS[key]["zh"])
    return words.either(label, chinese)


def of_an_optimizer(picture: str, axes: Any, words: Words) -> None:
    from sums_to_one.concepts.optimization import draw as paths

    x, y = torch.linspace(-10, 3, 131), torch.linspace(-2.1, 2.1, 85)
    ground, falling = axes
    ground.contour(
        x,
        y,
        paths.height(x[None], y[:, None]),
        levels=paths.LEVELS,
        colors=INK,
        linewidths=0.4,
        alpha=0.4,
    )
    for run in paths.PICTURES[picture].runs:
        way = paths.path(run)
        ground.plot(*way.T, "o-", markersize=2.5, linewidth=1)
        falling.plot(paths.height(*way.T), label=named(run.label, words), linewidth=1.5)
    ground.plot(0, 0, "*", color=INK, markersize=9)
    ground.set(xlabel=words("ravine"))
    falling.set(yscale="log", xlabel=words("step"), ylabel=words("loss"))
    falling.legend(fontsize=8)


for _name in ("SGD", "Adagrad", "RMSprop", "Adam"):
    FIGURES[_name] = Figure(
        partial(of_an_optimizer, _name.lower()),
        f"The paths of `{_name}` down a ravine that is thirty times as steep across as along, from"
        " the left to the star; and what is left of the loss after each step.",
        columns=2,
        height=3,
    )


@figure("gradient_descent")
def of_gradient_descent(axes: Any, words: Words) -> None:
    """The loss over all 64 samples of a regression, against how many gradients were spent: small
    batches are noisy, and far ahead; all samples at once go the straight way, slowly."""
    random = torch.Generator().manual_seed(0)
    samples = torch.randn(64, 5, generator=random)
    target = samples @ torch.arange(1.0, 6) + 0.5 * torch.randn(64, generator=random)
    for size in (1, 8, 64):
        w = torch.zeros(5, requires_grad=True)
        losses: list[float] = []

        def loss(x: Tensor, y: Tensor, w: Tensor = w, losses: list[float] = losses) -> Tensor:
            losses.append((samples @ w - target).square().mean().item())
            return (x @ w - y).square().mean()

        rate = {1: 0.02, 8: 0.05, 64: 0.05}[size]
        ours("gradient_descent")(
            [w], loss, (samples, target), lr=rate, batch_size=size, epochs=12, generator=random
        )
        spent = [size * step for step in range(len(losses))]
        axes.plot(spent, losses, label=words("batch", size=size), linewidth=1.5)
    axes.set(yscale="log", xlabel=words("spent"), ylabel=words("loss"))
    axes.legend()


# Regularization: what becomes of units, and of pictures.


def tiles(axes: Any, pictures: list[Tensor], titles: list[str], **settings: Any) -> None:
    for one, picture, title in zip(axes, pictures, titles, strict=True):
        one.imshow(picture.detach().numpy(), interpolation="nearest", **settings)
        one.set_title(title, fontsize=9)
        one.set_axis_off()


@figure("Dropout", columns=3, height=2.2)
def of_dropout(axes: Any, words: Words) -> None:
    """Eight samples of sixteen units that are all 1, after `Dropout(0.25)`: in training dark units
    are 0 and bright ones 1 / 0.75, anew in every call; in evaluation all are 1."""
    torch.manual_seed(0)
    layer, x = ours("Dropout")(0.25), torch.ones(8, 16)
    pictures = [layer(x), layer(x), layer.eval()(x)]
    titles = [words("training"), words("again"), words("evaluation")]
    tiles(axes, pictures, titles, vmin=0, vmax=4 / 3, cmap="cividis")


@figure("Dropout2d", columns=3, height=2.2)
def of_dropout2d(axes: Any, words: Words) -> None:
    """Two samples of four channels, beside each other, after `Dropout2d(0.25)`: whole channels are
    dark, or brighter by 1 / 0.75."""
    torch.manual_seed(1)
    layer, x = ours("Dropout2d")(0.25), torch.rand(2, 4, 6, 6) / 2 + 0.5
    pictures = [
        y.permute(0, 2, 1, 3).reshape(12, 24) for y in (layer(x), layer(x), layer.eval()(x))
    ]
    titles = [words("training"), words("again"), words("evaluation")]
    tiles(axes, pictures, titles, vmin=0, vmax=4 / 3, cmap="cividis")


TRANSFORMS: dict[str, tuple[dict[str, Any], str]] = {
    "RandomHorizontalFlip": ({}, "`RandomHorizontalFlip()`"),
    "RandomCrop": ({"size": 32, "padding": 8}, "`RandomCrop(32, padding=8)`"),
    "RandomRotation": ({"degrees": 40}, "`RandomRotation(40)`"),
    "ColorJitter": (
        {"brightness": 0.5, "contrast": 0.5, "saturation": 0.8, "hue": 0.3},
        "`ColorJitter(brightness=0.5, contrast=0.5, saturation=0.8, hue=0.3)`",
    ),
}


def an_image() -> Tensor:
    """A picture of our own, which tells left from right and up from down: a boat, and the sun."""
    y, x = torch.meshgrid(torch.arange(32), torch.arange(32), indexing="ij")
    parts: list[tuple[Tensor, tuple[int, int, int]]] = [
        (y >= 0, (120, 180, 235)),  # the sky
        (y >= 23, (30, 90, 150)),  # the sea
        ((x - 6) ** 2 + (y - 6) ** 2 < 14, (250, 210, 60)),
        ((y - 22).abs() * 2 + (x - 17).abs() < 12, (140, 60, 40)),  # the hull, and its
        ((y < 21) & (y > 2) & (x == 16), (70, 40, 30)),  # mast
        ((y < 19) & (x > 16) & (2 * (x - 16) < y - 3), (245, 245, 240)),  # with a sail
    ]
    image = torch.zeros(3, 32, 32, dtype=torch.uint8)
    for place, colour in parts:
        image[:, place] = torch.tensor(colour, dtype=torch.uint8)[:, None]
    return image


def of_a_transform(name: str, axes: Any, words: Words) -> None:
    torch.manual_seed(2)
    image, change = an_image(), ours(name)(**TRANSFORMS[name][0])
    pictures = [image, *(change(image) for _ in range(4))]
    titles = [words("original"), *(words("draw", n=n) for n in range(1, 5))]
    tiles(axes, [picture.permute(1, 2, 0) for picture in pictures], titles)


for _name, (_, _call) in TRANSFORMS.items():
    FIGURES[_name] = Figure(
        partial(of_a_transform, _name),
        f"A picture, and what four calls of {_call} make of it.",
        columns=5,
        height=1.7,
    )


@figure("Compose", columns=4, height=1.9)
def of_compose(axes: Any, words: Words) -> None:
    """A picture after each of three steps, of which the last is that of the whole: a flip, a crop,
    a rotation."""
    torch.manual_seed(4)
    steps = [
        ours("RandomHorizontalFlip")(1.0),
        ours("RandomCrop")(32, padding=8),
        ours("RandomRotation")(30),
    ]
    pictures = [an_image()]
    for step in steps:
        pictures.append(step(pictures[-1]))
    titles = [words("original"), *(words("draw", n=n) for n in range(1, 4))]
    tiles(axes, [picture.permute(1, 2, 0) for picture in pictures], titles)


def spread(axes: Any, words: Words, before: Tensor, after: Tensor, what: str) -> None:
    """The numbers of three channels or features, before and after."""
    for one, numbers, title in zip(axes, (before, after), ("before", "after"), strict=True):
        for k in range(3):
            label = words(what, n=k + 1)
            values = numbers[:, k].flatten().tolist()
            one.hist(values, bins=40, alpha=0.6, histtype="stepfilled", label=label)
        one.set_title(words(title), fontsize=10)
        one.set_ylabel(words("count"))
    if what == "feature":
        axes[0].legend(loc="upper right")
    else:  # there is room between black and white
        axes[1].legend(loc="upper center")


@figure("Normalize", columns=2)
def of_normalize(axes: Any, words: Words) -> None:
    """The numbers of the three channels of 64 pictures; and after `Normalize` with the means and
    deviations of all of them."""
    images = draw_images(torch.arange(64) % 10, torch.Generator().manual_seed(0)) / 255
    images = images * torch.tensor([1.0, 0.6, 0.3]).reshape(3, 1, 1)
    mean, std = images.mean((0, 2, 3)), images.std((0, 2, 3))
    spread(axes, words, images, ours("Normalize")(mean.tolist(), std.tolist())(images), "channel")


@figure("BatchNorm1d", columns=2)
def of_batch_norm1d(axes: Any, words: Words) -> None:
    """Three features of 2,000 samples with means and deviations of their own; and after
    `BatchNorm1d(3)`, in training."""
    x = torch.randn(2000, 3, generator=torch.Generator().manual_seed(0))
    x = x * torch.tensor([0.5, 2.0, 4.0]) + torch.tensor([3.0, -6.0, 8.0])
    spread(axes, words, x, ours("BatchNorm1d")(3)(x).detach(), "feature")


@figure("BatchNorm2d", columns=2)
def of_batch_norm2d(axes: Any, words: Words) -> None:
    """The numbers of the three channels of 64 pictures; and after `BatchNorm2d(3)`, in training."""
    images = draw_images(torch.arange(64) % 10, torch.Generator().manual_seed(0)) / 255
    images = images * torch.tensor([1.0, 0.6, 0.3]).reshape(3, 1, 1)
    spread(axes, words, images, ours("BatchNorm2d")(3)(images).detach(), "channel")


# Checkpoints: a training that is interrupted.


def trained(steps: int, stop: int, keep: str) -> list[float]:
    """The losses of a training; after `stop` steps it goes on from a checkpoint, or does not."""
    from tempfile import TemporaryDirectory

    def fresh() -> tuple[nn.Module, torch.optim.Optimizer]:
        torch.manual_seed(0)
        model = nn.Linear(6, 1)
        return model, torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)

    random = torch.Generator().manual_seed(0)
    x = torch.randn(64, 6, generator=random)
    y = x.sum(1, keepdim=True)
    model, optimizer = fresh()
    losses = []
    for step in range(steps):
        if step == stop and keep:
            with TemporaryDirectory() as folder:
                ours("save_checkpoint")(f"{folder}/c.pt", model, optimizer)
                model, optimizer = fresh()
                into = optimizer if keep == "all" else None
                ours("load_checkpoint")(f"{folder}/c.pt", model, into)
        loss = (model(x) - y).square().mean()
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


def of_a_checkpoint(axes: Any, words: Words) -> None:
    axes.plot(trained(40, 12, ""), label=words("uninterrupted"), linewidth=5, alpha=0.35)
    axes.plot(trained(40, 12, "all"), "--", label=words("with_optimizer"), linewidth=1.5)
    axes.plot(trained(40, 12, "model"), label=words("model_only"), linewidth=1.5)
    axes.axvline(12, color=INK, linewidth=0.8, linestyle=":")
    axes.set(yscale="log", xlabel=words("step"), ylabel=words("loss"))
    axes.legend()


for _name in COMPONENTS["checkpoints"]:
    FIGURES[_name] = Figure(
        of_a_checkpoint,
        "A training that was interrupted after step 12: from a checkpoint with the state of the"
        " optimizer it goes on as if nothing had been; without it, momentum starts anew, and the"
        " training goes another way.",
    )


def missing() -> list[str]:
    """The components that have no figure yet."""
    return [name for names in COMPONENTS.values() for name in names if name not in FIGURES]
