"""The experiments as figures: the same functions as in the tests, with our components."""

import re
from functools import partial
from typing import Any

import torch

from sums_to_one.book.figures import COLOURS, INK, figure, named, ours
from sums_to_one.book.words import WORDS, Words
from sums_to_one.cifar.modules import ROOT
from sums_to_one.tests.activations.test_depth import DEPTH, norms
from sums_to_one.tests.activations.test_dying_units import below_0, continued, struck
from sums_to_one.tests.common.experiments import RULES, descend, disc_loss, networks
from sums_to_one.tests.initialization.signals import second_moments, through
from sums_to_one.tests.normalization.test_slight_regularization import losses_in_groups
from sums_to_one.tests.regularization.overfitted import dropped_out, plain


@figure("vanishing", columns=2, height=3)
def vanishing(axes: Any, words: Words) -> None:
    """The gradient in front of each of 20 layers, over that behind the last: five networks of
    each kind, first with weights of Xavier's size, then of Kaiming's."""
    for one, gain, title in zip(axes, (1.0, 2**0.5), ("Xavier", "Kaiming"), strict=True):
        for colour, name in zip(COLOURS, ("sigmoid", "tanh", "relu"), strict=False):
            sizes = norms(ours(name), gain)
            one.plot(sizes / sizes[-1], color=colour, linewidth=0.8)
            one.plot([], color=colour, label=name)
        one.set(title=title, yscale="log", xlabel=words("layer"), xlim=(0, DEPTH))
        one.set_xticks(range(0, DEPTH + 1, 5))
    axes[0].set_ylabel(words("gradient"))
    axes[0].legend()


@figure("variance", columns=2, height=3)
def variance(axes: Any, words: Words) -> None:
    """The mean square of a signal on its way through 50 layers of 128 units, in three networks of
    each kind: first with ReLU, then with tanh."""
    for one, activation in zip(axes, ("relu", "tanh"), strict=True):
        for colour, name in zip(COLOURS, ("kaiming_normal_", "xavier_normal_"), strict=False):
            signals, _ = through(ours(name), ours(activation))
            one.plot(second_moments(signals).T, color=colour, linewidth=0.8)
            one.plot([], color=colour, label=name)
        one.set(title=activation, yscale="log", xlabel=words("layer"))
    axes[0].set_ylabel(words("mean_square"))
    axes[0].legend()


@figure("dying", columns=2, height=2.8)
def dying(axes: Any, words: Words) -> None:
    """Ten networks after five steps at far too large a rate: the share of units that are below 0
    at every point. And their losses after 150 more steps at a good rate, with the units as they
    are and with a slope of 0.1."""
    leaky = partial(ours("leaky_relu"), negative_slope=0.1)
    shares = [below_0(struck(f)).double().mean(dim=-1) for f in (ours("relu"), leaky)]
    losses = [continued(f, struck(ours("relu"))) for f in (ours("relu"), leaky)]
    for one, numbers, label in zip(axes, (shares, losses), ("share_dead", "loss"), strict=True):
        for k, values in enumerate(numbers):
            values = values.flatten()
            spread = torch.linspace(-0.15, 0.15, len(values))
            one.plot(k + spread, values, "o", color=COLOURS[k], markersize=4)
            one.plot([k - 0.25, k + 0.25], [values.mean()] * 2, color=INK, linewidth=1.5)
        one.set(ylabel=words(label), xlim=(-0.6, 1.6), ylim=(0, 1.05 if one is axes[0] else None))
        one.set_xticks([0, 1], ["relu", "leaky_relu"])


@figure("paths", columns=2, height=3.2)
def paths(axes: Any, words: Words) -> None:
    """Forty steps of each optimizer from the same place, on a ravine thirty times as steep across
    as along; and what is left of the loss."""
    from sums_to_one.concepts.optimization import draw

    x, y = torch.linspace(-10, 3, 131), torch.linspace(-2.1, 2.1, 85)
    axes[0].contour(
        x,
        y,
        draw.height(x[None], y[:, None]),
        levels=draw.LEVELS,
        colors=INK,
        linewidths=0.4,
        alpha=0.4,
    )
    runs = [draw.PICTURES["sgd"].runs[0], draw.PICTURES["sgd"].runs[1]]
    runs += [draw.PICTURES[name].runs[0] for name in ("adagrad", "rmsprop", "adam")]
    for run in runs:
        way = draw.path(run)
        label = run.label if run.label[0].isupper() else f"SGD, {run.label}"
        axes[0].plot(*way.T, "o-", markersize=2, linewidth=1)
        axes[1].plot(draw.height(*way.T), label=named(label, words), linewidth=1.5)
    axes[0].plot(0, 0, "*", color=INK, markersize=9)
    axes[0].set(xlabel=words("ravine"))
    axes[1].set(yscale="log", xlabel=words("step"), ylabel=words("loss"))
    axes[1].legend(fontsize=8)


@figure("learning", height=3)
def learning(axes: Any, words: Words) -> None:
    """Five networks learn which points lie in a disc, with each rule at the best of three rates:
    the median loss, and the range of the five."""
    for colour, rule in zip(COLOURS, RULES, strict=False):
        tried = [curves(rule, rate) for rate in (0.03, 0.3, 1.0)]
        best = min(tried, key=lambda losses: losses[-1].median().item())
        axes.fill_between(
            range(101), best.amin(1), best.amax(1), color=colour, alpha=0.15, linewidth=0
        )
        axes.plot(range(101), best.median(1).values, label=words(rule), color=colour, linewidth=2)
    axes.set(yscale="log", xlabel=words("step"), ylabel=words("loss"))
    axes.legend(loc="upper right")


def curves(rule: str, rate: float) -> torch.Tensor:
    """The losses of five networks before each of a hundred steps, and after the last."""
    parameters = networks(5, [2, 16, 1], gain=1)
    losses: list[torch.Tensor] = []

    def loss() -> torch.Tensor:
        losses.append(disc_loss(parameters, ours("tanh")))
        return losses[-1]

    descend(parameters, loss, 100, rate, rule)
    return torch.stack(losses).detach().nan_to_num(torch.inf).clamp(max=1e3)


@figure("gap", height=3)
def gap(axes: Any, words: Words) -> None:
    """Errors of ten networks on the samples that they learned from and on new ones, with more and
    more dropout: each point is a mean, each bar a standard deviation."""
    shares = (0.0, 0.2, 0.4, 0.6, 0.8, 0.95)
    all_ = [dropped_out(ours("Dropout"), p) if p else plain() for p in shares]
    for kind, label in (("trained", "on_training"), ("new", "on_new")):
        errors = torch.stack([getattr(results, kind) for results in all_])
        axes.errorbar(
            shares, errors.mean(1), errors.std(1), marker="o", capsize=3, label=words(label)
        )
    axes.set(xlabel="p", ylabel=words("loss"), ylim=(0, None))
    axes.legend(loc=(0.03, 0.16))


@figure("groups", height=3)
def groups(axes: Any, words: Words) -> None:
    """Losses of eight networks whose batch normalization sees groups of 6, 12 or all 48 points:
    each dot is a network, each line a mean."""
    sizes = (6, 12, 48)
    for colour, kind, label in zip(
        COLOURS, ("learned", "new"), ("on_training", "on_new"), strict=False
    ):
        means = []
        for k, size in enumerate(sizes):
            losses = getattr(losses_in_groups(ours("BatchNorm1d"), size), kind)
            axes.plot(
                k + torch.linspace(-0.1, 0.1, len(losses)),
                losses,
                "o",
                color=colour,
                markersize=4,
                alpha=0.6,
            )
            means.append(losses.mean().item())
        axes.plot(range(3), means, color=colour, label=words(label))
    axes.set_xticks(range(3), map(str, sizes))
    axes.set(xlabel=words("points"), ylabel=words("loss"), ylim=(0, None))
    axes.legend()


ROW = r"(?m)^\| ([^|]+) \| ([^|]+) \| [0-9.]+% \| ([+-][0-9.]+) ± ([0-9.]+) \|"


def measured(readme: str) -> list[tuple[str, float, float]]:
    """What was changed, what that did in points of accuracy, and its margin."""
    rows = re.findall(ROW, (ROOT / readme).read_text(encoding="utf-8"))
    colon = WORDS["colon"]["zh" if "zh" in readme else "en"]
    return [
        (f"{a}{colon}{b}", float(difference), float(margin)) for a, b, difference, margin in rows
    ]


@figure("ablation", height=5.6)
def ablation(axes: Any, words: Words) -> None:
    """What each change costs or buys, in points of accuracy on CIFAR-10: the mean over three seeds,
    with its 95 % confidence interval, as `sums-to-one ablate` measured it for the README."""
    both = zip(measured("README.md"), measured("README.zh-CN.md"), strict=True)
    for k, ((change, difference, margin), (chinese, *_)) in enumerate(both):
        sure = abs(difference) > margin
        colour, alpha = (COLOURS[0], 1.0) if sure else (INK, 0.5)
        axes.errorbar(difference, k, xerr=margin, marker="o", capsize=3, color=colour, alpha=alpha)
        label = words.either(change, chinese)
        axes.text(
            0, k - 0.4, label, transform=axes.get_yaxis_transform(), fontsize=7.5, va="center"
        )
    axes.invert_yaxis()
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.axvline(0, color=INK, linewidth=0.8, alpha=0.5)
    axes.set(xlabel=words("points_of_accuracy"), xscale="symlog", xlim=(-80, 6))
    axes.set_xticks([-50, -10, -3, 0, 3], map(str, (-50, -10, -3, 0, "+3")))
