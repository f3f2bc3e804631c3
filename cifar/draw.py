"""Pictures of a training run: the learning curve and the worst mistakes.

The name of the data set is in every title, and in the title that the file itself carries.
"""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from cifar.data import Data
from cifar.evaluate import Evaluation
from cifar.train import Epoch

TRAIN, HELD_OUT = "tab:blue", "tab:orange"


def learning_curve(history: Sequence[Epoch], data: Data, path: Path) -> None:
    """Draw loss and accuracy over the epochs, on the training and on the held-out images.

    Args:
        history: at least one epoch.
        data: whose name goes into the title.
        path: the PNG to write.
    """
    figure = Figure(figsize=(9, 4), layout="constrained")
    title = f"Learning curve on {data.name}"
    figure.suptitle(title)
    losses, accuracies = figure.subplots(1, 2)
    epochs = range(1, len(history) + 1)

    losses.plot(epochs, [e.loss for e in history], "o-", color=TRAIN, label="training")
    losses.plot(epochs, [e.held_out_loss for e in history], "o-", color=HELD_OUT, label="held out")
    losses.set(xlabel="epoch", ylabel="mean cross-entropy (nats)")
    losses.legend()

    accuracies.plot(epochs, [e.accuracy for e in history], "o-", color=TRAIN)
    accuracies.plot(epochs, [e.held_out_accuracy for e in history], "o-", color=HELD_OUT)
    accuracies.axhline(1 / len(data.classes), color="grey", linestyle=":")
    accuracies.text(1, 1 / len(data.classes), "chance", color="grey", va="bottom")
    accuracies.set(xlabel="epoch", ylabel="accuracy")
    accuracies.yaxis.set_major_formatter(PercentFormatter(xmax=1))

    for axes in (losses, accuracies):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Title": title})


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
    title = f"The surest of {wrong:,} mistakes on {data.name}"
    figure.suptitle(title)
    for axes in figure.subplots(rows, columns, squeeze=False).flat:
        axes.axis("off")
    for axes, row in zip(figure.axes, worst, strict=False):
        said, truth = result.predictions[row], result.labels[row]
        sure = result.probabilities[row].max()
        axes.imshow(data.test_images[row].permute(1, 2, 0).numpy())
        axes.set_title(f"{data.classes[said]} {sure:.0%}\nis {data.classes[truth]}", fontsize=9)
    figure.savefig(path, metadata={"Title": title})
