"""Three things to touch: what they show before anybody does, and the numbers they are tested by.

The grids are computed by our components, and stand in the page as JSON; a test runs the
JavaScript on the same inputs. Without JavaScript there is a still picture, and the table.
"""

import json
from collections.abc import Callable
from html import escape
from typing import Any

import torch

from sums_to_one.book.figures import ours
from sums_to_one.book.words import Words

START = [2.0, 1.0, 0.0, -1.0]
KINDS = ("sigmoid", "tanh", "relu", "leaky_relu")
RACERS = ("SGD", "momentum", "Adagrad", "RMSprop", "Adam")
PLACE, STEPS = (-9.0, 1.6), 40


def softmax_grid() -> list[dict[str, Any]]:
    """Scores and temperatures, and the shares that our softmax gives."""
    scores = [START, [0.0] * 4, [10.0, -10, 5, 5], [-3.5, 2.25, 9, 0.5]]
    return [
        {
            "scores": row,
            "temperature": t,
            "shares": ours("softmax")(torch.tensor(row, dtype=torch.float64) / t, dim=0).tolist(),
        }
        for row in scores
        for t in (0.1, 0.5, 1.0, 4.0, 10.0)
    ]


def activations_grid() -> list[dict[str, Any]]:
    """The values of our activations, and their slopes."""
    rows = []
    for name in KINDS:
        x = torch.arange(-48, 49, dtype=torch.float64) / 8
        x.requires_grad_()
        y = ours(name)(x)
        (slope,) = torch.autograd.grad(y.sum(), x)
        points = zip(x.tolist(), y.tolist(), slope.tolist(), strict=True)
        rows += [{"name": name, "x": a, "value": b, "slope": c} for a, b, c in points]
    return rows


def race_grid() -> list[dict[str, Any]]:
    """Where our optimizers are after each step down a ravine."""
    return [
        {"name": name, "rate": rate, "steepness": steepness, "path": path(name, rate, steepness)}
        for name in RACERS
        for rate in (0.01, 0.05, 0.3)
        for steepness in (3.0, 30.0)
    ]


def path(name: str, rate: float, steepness: float) -> list[list[float]]:
    place = torch.tensor(PLACE, dtype=torch.float64, requires_grad=True)
    settings = {"momentum": 0.8} if name == "momentum" else {}
    optimizer = ours("SGD" if name == "momentum" else name)([place], lr=rate, **settings)
    places = [place.tolist()]
    for _ in range(STEPS):
        optimizer.zero_grad()
        x, y = place
        ((x**2 + steepness * y**2) / 2).backward()
        optimizer.step()
        places.append(place.tolist())
    return places


def slider(id: str, label: str, low: float, high: float, step: float, value: float) -> str:
    return (
        f'<label for="{id}">{escape(label)}</label>'
        f'<input type="range" id="{id}" min="{low}" max="{high}" step="{step}" value="{value}">'
        f'<output for="{id}">{value:g}</output>'
    )


def choice(id: str, label: str, options: tuple[str, ...], value: str) -> str:
    chosen = {value: " selected"}
    each = "".join(f"<option{chosen.get(o, '')}>{o}</option>" for o in options)
    return (
        f'<label for="{id}">{escape(label)}</label><select id="{id}">{each}</select><span></span>'
    )


def table(caption: str, columns: list[str], rows: list[list[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return (
        f"<details class='numbers'><summary>{escape(caption)}</summary><div class='wide'>"
        f"<table class='docutils'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        "</div></details>"
    )


def drawing(id: str, title: str, description: str, inside: str, box: str = "0 0 400 220") -> str:
    return (
        f'<svg viewBox="{box}" role="img" aria-labelledby="{id}-title {id}-description">'
        f'<title id="{id}-title">{escape(title)}</title>'
        f'<desc id="{id}-description">{escape(description)}</desc>{inside}</svg>'
    )


def softmax(words: Words) -> tuple[str, list[dict[str, Any]]]:
    shares = ours("softmax")(torch.tensor(START, dtype=torch.float64), dim=0).tolist()
    bars = "".join(
        f'<rect class="bar" x="{20 + 95 * k}" y="{200 - 180 * p}" width="70" height="{180 * p}"/>'
        f'<text class="share" x="{55 + 95 * k}" y="{195 - 180 * p}">{p:.3f}</text>'
        for k, p in enumerate(shares)
    )
    below = [words("score_n", n=k + 1) for k in range(4)]
    bars += "".join(
        f'<text x="{55 + 95 * k}" y="215">{label}</text>' for k, label in enumerate(below)
    )
    controls = "".join(
        slider(f"score-{k}", words("score_n", n=k + 1), -10, 10, 0.25, value)
        for k, value in enumerate(START)
    ) + slider("temperature", words("temperature"), 0.1, 10, 0.1, 1.0)
    picture = drawing("softmax", words("softmax_title"), words("softmax_says"), bars)
    rows = [
        [str(k + 1), f"{s:g}", f"{p:.6f}"]
        for k, (s, p) in enumerate(zip(START, shares, strict=True))
    ]
    numbers = table(words("numbers"), [words("id"), words("score_is"), words("share")], rows)
    total = f'<p class="told" role="status">{words("sum")} <output id="sum">1</output></p>'
    return f'<div class="controls">{controls}</div>{picture}{total}{numbers}', softmax_grid()


def activations(words: Words) -> tuple[str, list[dict[str, Any]]]:
    grid = activations_grid()
    points = [row for row in grid if row["name"] == "sigmoid"]

    def way(key: str) -> str:
        return " ".join(f"{200 + 32 * row['x']:.1f},{150 - 45 * row[key]:.1f}" for row in points)

    inside = (
        '<line class="axis" x1="0" x2="400" y1="150" y2="150"/>'
        '<line class="axis" x1="200" x2="200" y1="0" y2="220"/>'
        f'<polyline class="curve" points="{way("value")}"/>'
        f'<polyline class="slope" points="{way("slope")}"/>'
        '<line class="tangent" x1="0" x2="0" y1="0" y2="0"/>'
        '<circle class="point" cx="200" cy="127.5" r="5"/>'
        + "".join(f'<text x="{200 + 32 * x}" y="165">{x}</text>' for x in (-5, 5))
        + '<text x="190" y="109">1</text><line class="axis" x1="196" x2="204" y1="105" y2="105"/>'
    )
    controls = (
        choice("kind", words("activation"), KINDS, "sigmoid")
        + slider("x", "x", -6, 6, 0.125, 0)
        + slider("negative", words("negative_slope"), 0, 0.5, 0.01, 0.01)
    )
    picture = drawing("activations", words("activations_title"), words("activations_says"), inside)
    cells = [[f"{row['x']:g}", f"{row['value']:.6f}", f"{row['slope']:.6f}"] for row in points[::8]]
    numbers = table(words("numbers"), ["x", words("value"), words("slope")], cells)
    told = (
        f'<p class="told" role="status">{words("value")} <output id="value">0.5</output> · '
        f'{words("slope")} <output id="slope-is">0.25</output> · '
        f'{words("after_ten")} <output id="left">9.54e-7</output></p>'
    )
    return f'<div class="controls">{controls}</div>{picture}{told}{numbers}', grid


def race(words: Words) -> tuple[str, list[dict[str, Any]]]:
    first = path("SGD", 0.05, 30.0)
    dots = " ".join(f"{30 * (x + 10):.1f},{110 - 50 * y:.1f}" for x, y in first)
    inside = (
        '<g class="ground"></g>'
        f'<polyline class="way" points="{dots}"/><g class="dots"></g>'
        '<text x="300" y="115">★</text>'
    )
    controls = (
        choice("racer", words("optimizer"), RACERS, "SGD")
        + slider("rate", words("rate"), -3, 0, 0.05, -1.3)
        + slider("steepness", words("steepness"), 1, 100, 1, 30)
        + slider("steps", words("steps"), 0, STEPS, 1, STEPS)
    )
    picture = drawing("race", words("race_title"), words("race_says"), inside)
    cells = [
        [str(k), f"{x:.4f}", f"{y:.4f}", f"{(x * x + 30 * y * y) / 2:.4g}"]
        for k, (x, y) in enumerate(first)
    ]
    numbers = table(words("numbers"), [words("step"), "x", "y", words("loss")], cells)
    told = f'<p class="told" role="status">{words("loss_left")} <output id="left"></output></p>'
    button = f'<p><button type="button" id="start">{words("start")}</button></p>'
    body = f'<div class="controls">{controls}</div>{button}{picture}{told}{numbers}'
    return body, race_grid()


Thing = Callable[[Words], tuple[str, list[dict[str, Any]]]]
THINGS: dict[str, Thing] = {"softmax": softmax, "activations": activations, "race": race}


def html(name: str, words: Words) -> str:
    """What stands in the page: controls, a picture, the numbers, and the grid for the test."""
    body, grid = THINGS[name](words)
    return (
        f'<div class="touch" id="touch-{name}">{body}'
        f"<noscript><p>{escape(words('still'))}</p></noscript></div>"
        f'<script type="application/json" id="grid">{json.dumps(grid)}</script>'
        f'<script src="../_static/touch.js"></script><script src="../_static/{name}.js"></script>'
    )
