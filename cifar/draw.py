"""Pictures of a training run: how it went, what it confuses, what it looks at, where it fails.

The name of the data set is in every title, and in the title that the file itself carries.

Read next: `cifar/page.py`, which puts them on one page.
"""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from torch import Tensor
from torchvision.utils import make_grid

from sums_to_one.cifar.data import Data
from sums_to_one.cifar.evaluate import Evaluation
from sums_to_one.cifar.inputs import PrincipalComponents
from sums_to_one.cifar.model import FullyConnected
from sums_to_one.cifar.train import Epoch

LEARNT, HELD_OUT = "tab:blue", "tab:orange"
MARKED = 20  # epochs; with more of them the dots would hide the line
UNITS = 60


def learning_curve(history: Sequence[Epoch], data: Data, path: Path) -> None:
    """Draw loss and accuracy after each epoch, on images learnt from and on those held out.

    Both are measured alike: images as they are, no dropout, and the plain cross-entropy. The band
    is two standard errors to either side: as far as as many other images may well be off.

    Args:
        history: at least one epoch.
        data: whose name goes into the title, and how many images are held out.
        path: the PNG to write.
    """
    figure = Figure(figsize=(9, 4), layout="constrained")
    losses, accuracies = figure.subplots(1, 2)
    held_out = [e.held_out_loss for e in history]
    _curves(losses, [e.learnt_loss for e in history], held_out, [e.held_out_error for e in history])
    losses.set_ylabel("mean cross-entropy (nats)")
    losses.legend(frameon=False)

    right, count = [e.held_out_accuracy for e in history], len(data.held_out_labels)
    errors = [(share * (1 - share) / count) ** 0.5 for share in right]
    _curves(accuracies, [e.learnt_accuracy for e in history], right, errors)
    accuracies.set_ylabel("accuracy")
    accuracies.set_ylim(bottom=0)
    accuracies.yaxis.set_major_formatter(PercentFormatter(xmax=1))
    guess = 1 / len(data.classes)
    accuracies.axhline(guess, color="grey", linestyle=":")
    accuracies.text(len(history), guess, "a guess", color="grey", ha="right", va="bottom")
    last = history[-1].held_out_accuracy
    accuracies.annotate(
        f"{last:.1%}",
        (len(history), last),
        (4, 0),
        textcoords="offset points",
        color=HELD_OUT,
        va="center",
        annotation_clip=False,
    )
    _save(figure, f"Learning curve on {data.name}", path)


def confusion_matrix(result: Evaluation, data: Data, path: Path) -> None:
    """Draw how often the images of each class are taken for each class.

    Args:
        result: of any labelled images of `data`.
        data: the names of the classes, and the title.
        path: the PNG to write.
    """
    shares = confusions(result)
    figure = Figure(figsize=(7.5, 7), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares.numpy(), cmap="Blues", vmin=0, vmax=1)
    for truth, row in enumerate(shares.tolist()):
        for said, share in enumerate(row):
            if share == share:  # is not NaN: there are images of this class
                colour = "white" if share > 0.5 else "black" if share >= 0.005 else "silver"
                axes.text(said, truth, f"{100 * share:.0f}", color=colour, ha="center", va="center")
    places = range(len(data.classes))
    axes.set_xticks(places, data.classes, rotation=45, ha="left", rotation_mode="anchor")
    axes.set_yticks(places, data.classes)
    axes.set_xlabel("is taken for", labelpad=10)
    axes.xaxis.set_label_position("top")
    axes.set_ylabel("an image of")
    axes.tick_params(length=0, top=False, bottom=False, labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)
    _save(figure, f"Answers in % of the images of each class, on {data.name}", path)


def confusions(result: Evaluation) -> Tensor:
    """How often the images of each class are taken for each class.

    Returns:
        Shares of the images of a class, float64 of shape (C, C): rows are the right classes,
        columns the answers. The row of a class without images is NaN.

    Example:
        >>> import torch
        >>> cat, dog = [0.9, 0.1], [0.2, 0.8]
        >>> said = Evaluation(0.5, torch.tensor([cat, dog, dog]), torch.tensor([0, 0, 1]))
        >>> confusions(said).tolist()
        [[0.5, 0.5], [0.0, 1.0]]
    """
    classes = result.probabilities.shape[1]
    pairs = result.labels * classes + result.predictions
    counts = pairs.bincount(minlength=classes**2).view(classes, classes).double()
    return counts / counts.sum(dim=1, keepdim=True)


def first_layer(model: FullyConnected, data: Data, path: Path) -> None:
    """Draw what the units of the first layer answer to, the heaviest units first.

    Args:
        model: without hidden layers it has one unit for each class.
        data: what it has learnt from: the names of the classes, and the title.
        path: the PNG to write.
    """
    images = weights_as_images(model)
    # Grey is a weight of 0; each unit has a scale of its own, whose ends few weights go beyond.
    scale = 3 * images.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
    images = (0.5 + 0.5 * images / scale.clamp(min=1e-30)).clamp(0, 1)
    if not model.linears:
        figure = Figure(figsize=(8, 4), layout="constrained")
        rows = -(-len(data.classes) // 5)
        for axes in figure.subplots(rows, 5, squeeze=False).flat:
            axes.axis("off")
        for axes, image, name in zip(figure.axes, images, data.classes, strict=False):
            axes.imshow(image.permute(1, 2, 0).numpy())
            axes.set_title(name, fontsize=10)
        _save(figure, f"What speaks for each class in a linear model, on {data.name}", path)
        return
    heaviest = _first(model).cpu().norm(dim=1).argsort(descending=True)[:UNITS]
    # One large image: sixty pairs of axes would take seconds to arrange.
    grid = make_grid(images[heaviest], nrow=min(10, len(heaviest)), padding=2, pad_value=1.0)
    # Each weight becomes 3 x 3 dots, which a PNG keeps in a quarter of the bytes of blurred ones.
    height, width, title = 3 * grid.shape[1] / 100, max(3 * grid.shape[2] / 100, 7), 0.4
    figure = Figure(figsize=(width, height + title), dpi=100)
    axes = figure.add_axes((0, 0, 1, height / (height + title)))
    axes.axis("off")
    axes.imshow(grid.permute(1, 2, 0).numpy(), interpolation="nearest")
    chosen = f"{len(heaviest)} of {len(images)} units of the first layer"
    _save(figure, f"What {chosen} answer to, on {data.name}", path)


def weights_as_images(model: FullyConnected) -> Tensor:
    """The weight that each unit of the first layer gives to each pixel, whatever its inputs are.

    Returns:
        float32 of shape (units, 3, 32, 32), on the CPU.
    """
    weight = _first(model)
    if isinstance(model.inputs, PrincipalComponents):
        weight = weight @ model.inputs.patterns.T
    return weight.view(-1, 3, 32, 32).cpu()


def _first(model: FullyConnected) -> Tensor:
    layer = model.linears[0] if model.linears else model.output
    return layer.get_parameter("weight").detach()


def worst_mistakes(
    result: Evaluation, data: Data, path: Path, rows: int = 3, columns: int = 6
) -> None:
    """Draw the test images that the network was surest about and wrong, surest first.

    Args:
        result: of the test images of `data`.
        data: the images, the names of the classes, and the title.
        path: the PNG to write.
        rows: of the grid.
        columns: of the grid.
    """
    figure = Figure(figsize=(1.6 * columns, 2 * rows + 0.5), layout="constrained")
    worst = result.worst_mistakes(rows * columns).tolist()
    wrong = int((result.predictions != result.labels).sum())
    for axes in figure.subplots(rows, columns, squeeze=False).flat:
        axes.axis("off")
    for axes, row in zip(figure.axes, worst, strict=False):
        said, truth = result.predictions[row], result.labels[row]
        sure = result.probabilities[row].max()
        axes.imshow(data.test_images[row].permute(1, 2, 0).numpy())
        axes.set_title(f"{data.classes[said]} {sure:.0%}\nis {data.classes[truth]}", fontsize=9)
    _save(figure, f"The surest of {wrong:,} mistakes on {data.name}", path)


def _curves(
    axes: Axes, learnt: Sequence[float], held_out: Sequence[float], errors: Sequence[float]
) -> None:
    epochs = range(1, len(learnt) + 1)
    style = "o-" if len(learnt) <= MARKED else "-"
    axes.plot(epochs, learnt, style, color=LEARNT, label="learnt from")
    axes.plot(epochs, held_out, style, color=HELD_OUT, label="held out")
    low = [value - 2 * error for value, error in zip(held_out, errors, strict=True)]
    high = [value + 2 * error for value, error in zip(held_out, errors, strict=True)]
    band = axes.fill_between(epochs, low, high, color=HELD_OUT, alpha=0.2, linewidth=0)
    band.set_label("± 2 standard errors")
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _save(figure: Figure, title: str, path: Path) -> None:
    figure.suptitle(title)
    figure.savefig(path, metadata={"Title": title})
