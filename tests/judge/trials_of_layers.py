"""Trials of activations, losses, penalties and the layers that normalize or drop."""

import copy
import functools
import warnings
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from sums_to_one.tests.common.limits import Limits, widest
from sums_to_one.tests.judge.trial import (
    DTYPES,
    INCOMING,
    SIZES,
    Found,
    Function,
    Run,
    Trial,
    bend_of,
    from_incoming,
    gradient_of,
    layouts,
    leaving,
    normal,
    of_incoming,
    of_tensor,
    of_two_passes,
    twin,
    weights_of,
)


def activation(name: str, limits: Limits) -> Iterator[Trial]:
    options: dict[str, Any] = {"dim": -1} if name == "softmax" else {}

    def plainly(function: Function, x: Tensor) -> Any:
        return function(x, **options)

    def with_(**also: Any) -> Function:
        return lambda function, x: function(x, **{**options, **also})

    def inside_out(function: Function, x: Tensor) -> Any:
        """A backward pass that takes the input for the output."""
        y = function(x, **options).detach()
        slope = 1 - x * x if name == "tanh" else x * (1 - x)
        return y + (x - x.detach()) * slope.detach()

    def straight_through(function: Function, x: Tensor) -> Any:
        return function(x, **options).detach() + (x - x.detach())

    def diagonal(function: Function, x: Tensor) -> Any:
        y = function(x, **options).detach()
        return y + (x - x.detach()) * (y * (1 - y))

    orders, x = limits.gradients, normal(3, 5)
    as_if: dict[str, Function] = {"as if its slope were 1": straight_through}
    if name in ("tanh", "sigmoid"):
        as_if["that of the input, where that of the output is due"] = inside_out
    if name == "softmax":
        as_if["y (1 - y), which forgets the other logits"] = diagonal
    yield of_tensor(x, orders, plainly, "", as_if)
    behind = "behind another function"
    yield of_tensor(x, orders, lambda function, x: plainly(function, x * 0.75), behind)
    if orders:
        yield Trial("", functools.partial(_incoming, plainly))
        for words in INCOMING:
            yield of_incoming(x, plainly, words, orders)
        yield of_two_passes(x, plainly)
    if name in ("sigmoid", "softmax"):
        yield Trial("", functools.partial(_within, plainly))
    yield of_tensor(x.abs(), orders, plainly, "for numbers above 0")
    if name != "relu":  # of which all of these are 0
        yield of_tensor(-x.abs(), orders, plainly, "for numbers below 0")
    for n in (1, 3, 4):
        of_n = normal(*(3, 2, 3, 5)[-n:])
        yield of_tensor(of_n, orders, plainly, f"for {n} dimension{'s' * (n > 1)}")
    yield of_tensor(normal(), min(orders, 1), plainly, "for a number without dimensions")
    for dtype, words in DTYPES.items():
        yield of_tensor(x.to(dtype), min(orders, 1), plainly, words)
        if name.endswith("relu"):
            below = f"for numbers below 0 {words}"
            yield of_tensor(-x.abs().to(dtype), min(orders, 1), plainly, below)
        far = torch.full((2, 40), 95.0, dtype=dtype) * torch.tensor([[1], [-1]]).to(dtype)
        yield of_tensor(far, 0, plainly, f"for numbers as large as 95 {words}")
        large = f"for larger numbers {words}"
        yield of_tensor(5 * x.to(dtype), min(orders, name != "softmax"), plainly, large)
    for words, view in layouts(x):
        yield of_tensor(view, orders, plainly, words)
    for words, view in layouts(normal(2, 7, 4, 5)):
        yield of_tensor(view, min(orders, 1), plainly, words)
    for words, number in {
        "at 0": 0.0,
        "for numbers from 20 to 100": 50.0,
        "for numbers from -100 to -20": -50.0,
        "for numbers from 5 to 20": 12.0,
        "for numbers from -20 to -5": -12.0,
        "for numbers beyond 700": 900.0,
        "for numbers beyond 65,504": 70_000.0,
        "for numbers below -700": -900.0,
        "for infinity": torch.inf,
        "for minus infinity": -torch.inf,
        "for NaN": torch.nan,
        "for tiny numbers": 1e-9,
        "for small numbers": 4e-3,
        "for subnormal numbers": 1e-310,
    }.items():
        row = torch.tensor([[number, 0.5, -0.25]], dtype=widest())
        if name != "softmax":
            wide = 5 < abs(number) < 100
            row = number * (torch.tensor([[0.5, 1, 1.6]]) if wide else torch.ones(1, 3)).to(row)
        # What the slope of a corner is, or of no number, is not for here.
        corner = name.endswith("relu") and words in ("at 0", "for NaN")
        if name == "softmax" and words == "for infinity":
            continue
        yield of_tensor(row, 0 if corner else min(orders, 1), plainly, words)
    for n, words in {67: "beyond 64 numbers", **SIZES}.items():
        yield of_tensor(normal(n), min(orders, 1), plainly, words)
    if name == "relu":
        whole = torch.tensor([-3, 0, 5, 2**24 + 1, 2**30 + 1])
        yield of_tensor(whole, 0, plainly, "for whole numbers beyond 2^24")
    yield of_tensor(normal(66001, 2), min(orders, 1), plainly, "beyond 65,535 rows")
    yield of_tensor(normal(0, 3), min(orders, 1), plainly, "for an empty tensor")
    if name == "softmax":
        apart = torch.tensor([[0.0], [-2000.0], [3000.0]], dtype=widest())
        yield of_tensor(x + apart, min(orders, 1), plainly, "for rows that lie far apart")
        yield of_tensor(x - 1e5, min(orders, 1), plainly, "for rows far below 0")
        none = torch.full((2, 3), -torch.inf, dtype=widest())
        yield of_tensor(none, 0, plainly, "where all logits are masked")
        yield of_tensor(normal(2, 3, 5), orders, with_(dim=-2), "for dim=-2")
        endless = torch.tensor([[torch.inf, 0.5], [-0.25, 0.5]], dtype=widest())
        yield of_tensor(endless, 0, plainly, "where a logit is infinite")
        masked, rising = normal(2, 100), torch.linspace(-9, 9, 3001, dtype=widest())
        masked[:, :70] = -torch.inf
        yield of_tensor(masked, min(orders, 1), plainly, "for masked logits")
        yield of_tensor(rising[None], min(orders, 1), plainly, "for long rows")
        words = "for long rows far below 0"
        yield of_tensor(rising[None] - 2000, min(orders, 1), plainly, words)
        alone = torch.tensor([[torch.nan], [2.0]], dtype=widest())
        yield of_tensor(alone, 0, plainly, "for one class")
        for dtype, words in DTYPES.items():
            many = torch.zeros(1, 70_001, dtype=dtype)
            yield of_tensor(many, 0, plainly, f"for long rows {words}")
            words = f"for long columns {words}"
            yield of_tensor(many[:, :2001].T, 0, with_(dim=0), words)
        for dim in (0, 1):
            yield of_tensor(normal(2, 3, 5), orders, with_(dim=dim), f"for dim={dim}")
        for dtype in (torch.float32, torch.float64):
            words = "where a dtype is asked for"
            yield of_tensor(x.float(), min(orders, 1), with_(dtype=dtype), words)
    if name == "leaky_relu":
        for words, slope in {
            "for another slope": 0.25,
            "for a slope below 0": -0.25,
            "for a slope above 1": 2.0,
            "for a slope of 0": 0.0,
        }.items():
            as_if = {"what it is without the option": plainly}
            yield of_tensor(x, orders, with_(negative_slope=slope), words, as_if)

        def nearly(function: Function, x: Tensor) -> Any:
            function(x, negative_slope=0.012)
            return function(x, negative_slope=0.0123)

        words = "for a slope that is nearly that of the call before"
        yield of_tensor(x, min(orders, 1), nearly, words)
        many = normal(5001)
        yield of_tensor(many, 0, with_(negative_slope=0.25), "for many numbers and another slope")
        yield of_tensor(x, orders, with_(negative_slope=0.01), "told the default")
    if name.endswith("relu"):

        def inplace(function: Function, x: Tensor) -> Any:
            return function(x * 1 if x.requires_grad else x, inplace=True)

        if name == "leaky_relu":
            both = with_(inplace=True, negative_slope=0.25)
            yield of_tensor(x, 0, both, "with inplace=True for another slope")
        yield of_tensor(x, min(orders, 1), inplace, "with inplace=True")
        yield of_tensor(x.mT, min(orders, 1), inplace, "with inplace=True for a view")


BOTH = ("gradient", "target's gradient")


def loss(name: str, limits: Limits) -> Iterator[Trial]:
    orders = limits.gradients
    several = name == "CrossEntropyLoss"

    def given(*shape: int) -> tuple[Tensor, Tensor]:
        x = normal(*shape, spread=2.0)
        if several:
            return x, (normal(shape[0], *shape[2:], seed=5).abs() * 10).long() % shape[1]
        target = normal(*shape, seed=6)
        if name.startswith("BCE"):
            target = (target > 0).double() * 0.75 + 0.125
        return (x.sigmoid() if name == "BCELoss" else x), target

    def use(target: Tensor, options: dict[str, Any]) -> Function:
        return lambda function, x: function(**options)(
            x, twin(target.to(x.dtype) if target.is_floating_point() else target)
        )

    def twice(x: Tensor, target: Tensor, function: Function) -> Found:
        """Another call comes before its backward pass, and another one came before it."""
        made = function()
        made(x.flip(0), target.clone())
        leaf = x.clone().requires_grad_(orders > 0)
        y = made(leaf, target.flip(0).clone())
        found = {"value": y.detach().clone()}
        made(x.flip(0), target.clone())
        if orders:
            y.backward()
            found["gradient"] = gradient_of(leaf)
        return found

    def of_targets(options: dict[str, Any], function: Function) -> Found:
        """What becomes of the targets: they stay, and may learn where that is provided."""
        mine = twin(target)
        function(**options)(x, mine)
        found = {"target": mine}
        if orders and not several:
            leaf = target.clone().requires_grad_()
            try:
                function(**options)(x, leaf).backward()
            except Exception:  # of whatever kind: targets need not learn
                return found
            found["target's gradient"] = gradient_of(leaf)
        return found

    def of_both(function: Function) -> Found:
        """The gradients of inputs and targets that learn together."""
        leaves = [one.clone().requires_grad_() for one in (x, target)]
        function()(*leaves).backward()
        return {what: gradient_of(one) for what, one in zip(BOTH, leaves, strict=True)}

    def rewritten(function: Function) -> Found:
        """What comes of a target whose numbers have changed since the call before."""
        made, mine = function(), twin(target)
        made(x, mine)
        mine.data.copy_(target.flip(0))
        return {"value": made(x, mine).detach()}

    def of_two_dtypes(function: Function, x: Tensor) -> Any:
        return function()(x.float(), target.clone()).float()

    def broadcast(function: Function, x: Tensor) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function()(x[:1], target.clone())

    def refuses(x: Tensor, target: Tensor, function: Function) -> Found:
        try:
            function()(x, target)
        except Exception:  # of whatever kind
            return {"refusal": torch.tensor(True)}
        return {"refusal": torch.tensor(False)}

    def trial(about: str, x: Tensor, target: Tensor, orders: int, **options: Any) -> Trial:
        as_if: dict[str, Function] = {}
        if options.keys() - {"reduction"}:
            as_if["what it is without the option"] = use(target, {})
            for left in options.keys() - {"reduction"} if len(options) > 1 else ():
                fewer = {name: one for name, one in options.items() if name != left}
                as_if[f"what it is without {left}"] = use(target, fewer)
            smoothing = options.get("label_smoothing", 0)
            if smoothing and several and x.ndim > 1:
                among = smoothing * x.shape[1] / (x.shape[1] - 1)
                words = "that of smoothing over the other classes alone"
                as_if[words] = use(target, {**options, "label_smoothing": among})
            if "weight" in options and several and "reduction" not in options:
                summed = use(target, {**options, "reduction": "sum"})
                kept = target[target != options.get("ignore_index", -100)].numel()
                kept = kept if target.dtype == torch.int64 else len(target)
                words = "the sum over the number of targets, not over their weights"
                as_if[words] = lambda function, x: summed(function, x) / kept
        elif options.get("reduction", "mean") != "none":
            total = use(target, {"reduction": "sum"})
            if options.get("reduction") != "sum":
                as_if["the sum, where the mean is due"] = total
            count = len(target) if target.ndim else 1
            as_if["the sum over the number of rows"] = lambda function, x: (
                total(function, x) / count
            )
            as_if["the mean, where the sum is due"] = use(target, {"reduction": "mean"})
        return of_tensor(x, orders, use(target, options), about, as_if)

    x, target = given(7, 5)
    yield trial("", x, target, orders)
    yield Trial("in a second call", functools.partial(twice, x, target))
    yield Trial("", functools.partial(of_targets, {}))
    yield Trial("after new numbers have been written into the target", rewritten)
    if orders and not several:
        yield Trial("where input and target both learn", of_both)
    if not several and torch.float32 in limits.dtypes:
        yield of_tensor(x, 0, of_two_dtypes, "for a target of another dtype")
        yield trial("for one number", *given(1), orders)
    yield trial("for an empty batch", *given(0, 5), 0, reduction="sum")
    if name in ("L1Loss", "MSELoss"):
        yield of_tensor(x, min(orders, 1), broadcast, "where the input is broadcast")
    yield trial("with reduction='sum'", x, target, orders, reduction="sum")
    yield trial("with reduction='none'", x, target, orders, reduction="none")
    if orders:
        yield of_two_passes(x, use(target, {}))
    for words in INCOMING if orders and not several else ():
        apart = use(target, {"reduction": "none"})
        yield of_incoming(x, apart, f"with reduction='none' {words}")
    if not several:
        yield trial("for 1 dimension", *given(11), orders)
    yield trial("for 3 dimensions", *given(2, 3, 5), orders)
    yield trial("for 4 dimensions", *given(2, 3, 5, 4), orders)
    for dtype, words in DTYPES.items():
        yield trial(words, x.to(dtype), target, min(orders, 1))
        if not several:
            many, each = given(70_001)
            scaled = lambda function, x, each=each: 5000 * use(each, {})(function, x)  # noqa: E731
            told = f"for many numbers {words}"
            once = 0 if name == "BCELoss" else min(orders, 1)
            yield of_tensor(many.to(dtype), once, scaled, told)
            if name != "BCELoss":
                for told, error in {"large": 300.0, "small": 1e-4}.items():
                    away = torch.full((11,), error, dtype=dtype)
                    told = f"for {told} errors {words}"
                    yield trial(told, away, away * 0, min(orders, 1))
        if name == "BCEWithLogitsLoss":
            yield trial(f"for larger numbers {words}", 5 * x.to(dtype), target, 0)
    for words, view in layouts(x):
        yield trial(words, view, target, min(orders, 1))
    if not several:
        words, (here, there) = "for a target that lies otherwise in memory", given(2, 3, 5, 4)
        last = there.contiguous(memory_format=torch.channels_last)
        yield trial(words, here, last, min(orders, 1))
        one = given(3, 1)
        yield trial("for a dimension of one number", *one, min(orders, 1), reduction="none")
        yield trial("for a number without dimensions", *given(), 0, reduction="none")
    for n, words in SIZES.items():
        yield trial(words, *(given(n, 2) if several else given(n)), min(orders, 1))
    yield trial("beyond 65,535 rows", *given(66001, 2), min(orders, 1))
    yield trial("for one row", *given(1, 5), orders)
    if not several and name != "BCELoss":
        far = {"for large errors": 1e6, "for small errors": 1e-3, "for tiny errors": 1e-6}
        for words, error in far.items():
            yield trial(words, target + error * normal(7, 5, seed=4), target, min(orders, 1))
    if name in ("CrossEntropyLoss", "BCEWithLogitsLoss"):
        yield trial("for logits of a thousand", x * 500, target, min(orders, 1))
    if name == "BCEWithLogitsLoss":
        tails = torch.tensor([-26.0, -22.0, 22.0, 25.0, 24.0], dtype=widest())
        sure, words = (tails > 0).to(tails.dtype), "for logits from 20 to 40"
        # Of e^-x a sum with 1 leaves few digits, which are enough here.
        roughly = lambda function, x: use(sure, {"reduction": "none"})(function, x).bfloat16()  # noqa: E731
        yield of_tensor(tails, min(orders, 1), roughly, words)
        positive = torch.linspace(0.25, 3, 5, dtype=widest())
        words = "with pos_weight for logits from -40 to -20"
        yield trial(words, -tails.abs(), sure * 0 + 1, min(orders, 1), pos_weight=positive)
    if name == "BCELoss":
        edge = torch.tensor([0.0, 1.0, 0.0, 1.0], dtype=widest())
        for words, at, due in (
            ("where it is certain", edge, edge.flip(0)),
            ("where it is certain and the target is not", edge, edge * 0.5 + 0.25),
            ("where it is certain in float32", edge.float(), edge.flip(0)),
        ):
            yield trial(words, at, due, 0, reduction="none")
        for words, number in (("above 1", 1.5), ("below 0", -0.5)):
            outside = functools.partial(refuses, edge * 0 + number, edge)
            yield Trial(f"for probabilities {words}", outside)
    if name == "L1Loss" or name == "MSELoss":
        yield trial("where the error is 0", target.clone(), target, orders)
    if name.startswith("BCE"):
        hard = (target > 0.5).double()
        yield trial("for targets of 0 and 1", x, hard, orders)
        weight = normal(5).abs()
        yield trial("with weight", x, target, orders, weight=weight)
        words = "with weight and reduction='sum'"
        yield trial(words, x, target, orders, weight=weight, reduction="sum")
        yield trial("with weight for a square", *given(5, 5), min(orders, 1), weight=weight)
        yield trial("with weight for images", *given(2, 5, 3, 5), min(orders, 1), weight=weight)
    if name == "BCEWithLogitsLoss":
        both = {"weight": normal(5).abs(), "pos_weight": normal(5, seed=2).abs()}
        yield trial("with weight and pos_weight", x, target, orders, **both)
        yield trial("with pos_weight", x, target, orders, pos_weight=normal(5).abs())
        # Of which no sum or product is rounded in float32.
        single = {"pos_weight": torch.tensor([0.25, 1.5, 2.0, 3.75, 0.5])}
        yield trial("with pos_weight in float32", x, target, min(orders, 1), **single)
        words, positive = "with pos_weight for images", normal(5).abs()
        yield trial(words, *given(2, 5, 3, 5), min(orders, 1), pos_weight=positive)
        yield Trial("with pos_weight", functools.partial(of_targets, {"pos_weight": positive}))
        yield trial("at 0", x * 0, target, orders)
    if several:
        weight = normal(5, seed=2).abs()
        named: dict[str, dict[str, Any]] = {
            "with weight": {"weight": weight},
            "with ignore_index": {"ignore_index": 1},
            "with label_smoothing": {"label_smoothing": 0.25},
            "with weight and label_smoothing": {"weight": weight, "label_smoothing": 0.25},
            "with ignore_index and label_smoothing": {"ignore_index": 1, "label_smoothing": 0.25},
            "with weight and ignore_index": {"weight": weight, "ignore_index": 1},
            "with weight and reduction='sum'": {"weight": weight, "reduction": "sum"},
            "with weight, ignore_index and label_smoothing": {
                "weight": weight,
                "ignore_index": 1,
                "label_smoothing": 0.25,
            },
        }
        for words, options in named.items():
            yield trial(words, x, target, orders, **options)
            yield trial(f"{words} for images", *given(2, 5, 3, 4), min(orders, 1), **options)
        for words in (
            *("with weight", "with ignore_index", "with label_smoothing"),
            "with ignore_index and label_smoothing",
        ):
            told = f"{words} and reduction='none'"
            yield trial(told, x, target, min(orders, 1), **named[words], reduction="none")
        for words in ("with ignore_index", "with label_smoothing"):
            yield Trial(words, functools.partial(of_targets, named[words]))
        words = "for two classes with weight and label_smoothing"
        two: dict[str, Any] = {"weight": weight[:2], "label_smoothing": 0.25}
        yield trial(words, *given(7, 2), min(orders, 1), **two)
        hard = torch.nn.functional.one_hot(target, 5).to(x.dtype)
        words = "for probabilities of 0 and 1 with weight"
        yield trial(words, x, hard, min(orders, 1), weight=weight)
        rising = torch.linspace(-2000, 2000, 40_001, dtype=widest()).repeat(2, 1)
        yield trial("for many classes", rising, torch.tensor([7, 39_999]), min(orders, 1))
        ignored, lacking = target.clone(), weight.clone()
        ignored[::3], lacking[2] = -100, 0
        yield trial("for targets of -100", x, ignored, min(orders, 1))
        yield trial("for targets of -100 with weight", x, ignored, min(orders, 1), weight=weight)
        yield trial("with a weight of 0", x, target, min(orders, 1), weight=lacking)
        yield trial("with label_smoothing=1", x, target, min(orders, 1), label_smoothing=1.0)
        yield trial("where all targets are ignored", x, target * 0 - 100, 0)
        words = "where all targets are ignored with reduction='sum'"
        yield trial(words, x, target * 0 - 100, 0, reduction="sum")
        small = normal(2, 5003, spread=0.5)
        words = "for many classes of small logits"
        yield trial(words, small, torch.tensor([7, 5000]), min(orders, 1))
        yield Trial("for a class below 0", functools.partial(refuses, x, target * 0 - 1))
        yield Trial("for a class that there is not", functools.partial(refuses, x, target * 0 + 5))
        soft = normal(7, 5, seed=3).softmax(1)
        softly: dict[str, dict[str, Any]] = {
            "for targets that are probabilities": {},
            "for targets that are probabilities with weight": {"weight": weight},
            "for targets that are probabilities with label_smoothing": {"label_smoothing": 0.25},
        }
        for words, options in softly.items():
            yield trial(words, x, soft, orders, **options)
        part = soft * torch.linspace(0.25, 3, 7, dtype=soft.dtype)[:, None]
        words = "for targets that do not add up to 1"
        yield trial(words, x, part, min(orders, 1))
        yield trial("for 1 dimension", x[0], torch.tensor(2), orders)
        yield trial("for a single row of probabilities", x[0], soft[0], orders)
        yield trial("for 1 dimension with weight", x[0], torch.tensor(2), orders, weight=weight)


def _within(call: Function, function: Function) -> Found:
    """Whether probabilities are from 0 to 1, far out as well."""
    found = []
    for dtype in (widest(), torch.float32):
        y = call(function, torch.linspace(-110, 110, 2003).to(dtype)[None])
        found.append(bool((y >= 0).all() and (y <= 1).all()))
    return {"outside": torch.tensor(all(found))}


class _Passing(torch.autograd.Function):
    """The identity, which passes a tensor back that somebody else holds as well."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, passed: Tensor) -> Tensor:
        ctx.passed = passed
        return x.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        return ctx.passed, None


def _incoming(call: Function, function: Function) -> Found:
    """Whether the gradient that comes in is left as it is."""
    x, passed = normal(3, 5).requires_grad_(), normal(3, 5, seed=3)
    _Passing.apply(call(function, x), passed).sum().backward()
    return {"passed": passed}


PENALIZED = {
    "for a number without dimensions": [normal()],
    "for one parameter": [normal(3, 5)],
    "for a vector": [normal(7)],
    "for five parameters": [normal(2, n + 3, seed=n) for n in range(5)],
    "for large numbers in float16": [normal(2, 3, seed=1).sign().half() * 300],
    "for tiny numbers in float16": [normal(2, 3, seed=1).sign().half() * 1e-4],
    "for a square matrix": [normal(4, 4)],
    "for an empty parameter": [normal(3, 5), normal(0)],
    "where a number is 0": [torch.zeros(2, 3, dtype=torch.float64)],
    "for tiny numbers": [normal(2, 3, spread=1e-4)],
    **{words: [normal(3, 5).to(dtype)] for dtype, words in DTYPES.items()},
    **{words: [normal(n)] for n, words in SIZES.items()},
    **{words: [view] for words, view in layouts(normal(3, 5))},
    "for no parameters at all": [],
    "for four dimensions": [normal(2, 3, 2, 2)],
}


# What a penalty may be in place of a sum.
INSTEAD: dict[str, Function] = {
    "the sum of the means of the tensors": lambda total: (
        lambda tensors: sum(total([x]) / x.numel() for x in tensors)
    ),
    "the mean over all numbers": lambda total: (
        lambda tensors: total(tensors) / sum(x.numel() for x in tensors)
    ),
    "the square root of the sum": lambda total: lambda tensors: total(tensors).sqrt(),
    "the sum of the square roots": lambda total: (
        lambda tensors: sum(total([x]).sqrt() for x in tensors)
    ),
}


def penalty(name: str, limits: Limits) -> Iterator[Trial]:
    def use(tensors: list[Tensor], frozen: bool, function: Function, factor: float = 0.75) -> Found:
        found: Found = {}
        given = [twin(x).requires_grad_(not frozen) for x in tensors]
        second = given[-1].detach().clone().requires_grad_() if frozen else None
        with leaving(found):
            y = function([*given, *([] if second is None else [second])])
            found["value"] = y.detach().to(given[0].dtype if given else torch.float64)
            if y.requires_grad:
                (y * factor).backward()
            found |= (
                {"gradient": torch.cat([gradient_of(x).flatten() for x in given])} if given else {}
            )
            found["input"] = torch.cat([x.detach().flatten() for x in given]) if given else y * 0
            with torch.no_grad():
                found["unrecorded"] = function(given) + found["value"] * 0
                for x in given:
                    x.data.copy_(x.data * 2 + 1)
                found["changed"] = function(given) + found["value"] * 0
        return found

    def bent(tensors: list[Tensor], function: Function) -> Found:
        leaves = [x.clone().requires_grad_() for x in tensors]
        y = function(leaves)
        if not y.requires_grad:
            return {}
        slopes = torch.autograd.grad(y, leaves, create_graph=True)
        bends = [bend_of(slope, leaf) for slope, leaf in zip(slopes, leaves, strict=True)]
        return {"second derivative": torch.cat([bend.flatten() for bend in bends])}

    plain = functools.partial(use, [normal(3, 5), normal(7, 2)], False)
    as_if = {"what it is without the factor behind it": functools.partial(plain, factor=1.0)}
    for words, change in INSTEAD.items():
        as_if[words] = functools.partial(lambda change, function: plain(change(function)), change)
    yield Trial("", plain, as_if)
    for words, tensors in PENALIZED.items():
        yield Trial(words, functools.partial(use, tensors, False))
    for mixed in ((torch.float32, torch.float64), (torch.float64, torch.float32)):
        yield Trial("for parameters of two dtypes", functools.partial(_of_two_dtypes, mixed))
    words = "for a parameter that needs no gradient"
    yield Trial(words, functools.partial(use, [normal(3, 5), normal(7)], True))
    if limits.gradients > 1:
        yield Trial("", functools.partial(bent, [normal(3, 5), normal(7, 2)]))
        yield Trial("where all numbers are 0", functools.partial(bent, [normal(3, 5) * 0]))
    yield Trial("for a generator", lambda function: plain(lambda each: function(x for x in each)))


def _of_two_dtypes(dtypes: tuple[torch.dtype, ...], function: Function) -> Found:
    given = [normal(5, seed=n).to(dtype) for n, dtype in enumerate(dtypes)]
    y = function(given)
    return {"value": torch.zeros((), dtype=y.dtype)}  # of which the dtype is to be told


def batch_norm(name: str, limits: Limits) -> Iterator[Trial]:
    shape = (7, 5) if name == "BatchNorm1d" else (3, 5, 2, 4)

    def use(
        batches: list[Tensor],
        options: dict[str, Any],
        change: Function | None,
        function: Function,
        sign: float = 1.0,
    ) -> Found:
        found: Found = {}
        made = function(batches[0].shape[1], **options)
        made = made.to(batches[0].dtype)
        learned = [p for p in (getattr(made, n, None) for n in ("weight", "bias")) if p is not None]
        with torch.no_grad():
            for p, numbers in zip(learned, _learned(batches[0].shape[1]), strict=False):
                p.copy_(numbers * (sign if p is learned[0] else 1))
        with leaving(found):
            for n, batch in enumerate(batches[:-1]):
                if n == 1 and change:
                    made = change(made, function, options) or made
                leaf = twin(batch)
                leaf = leaf.requires_grad_(limits.gradients > 0)
                y = made(leaf)
                if limits.gradients and not n:
                    weights = normal(y.numel(), seed=8).reshape(y.shape).to(y.dtype)
                    (y * weights).sum().backward()
                    found["gradient"] = gradient_of(leaf)
                    for words, p in zip(
                        ("weight's gradient", "bias's gradient"), learned, strict=False
                    ):
                        found[words] = gradient_of(p)
                found["value" if not n else "second batch"] = y.detach().clone()
                found["input"] = leaf.detach()
            for buffer, words in {
                "running_mean": "running mean",
                "running_var": "running variance",
                "num_batches_tracked": "count",
            }.items():
                if getattr(made, buffer, None) is not None:
                    found[words] = torch.as_tensor(getattr(made, buffer)).clone()
            for learned_name in ("weight", "bias"):
                there = getattr(made, learned_name, None) is not None
                found[f"a {learned_name}"] = torch.tensor(there)
            made.eval()
            found["evaluation"] = made(batches[-1]).detach().clone()
            if getattr(made, "running_mean", None) is not None:
                found["mean after evaluation"] = made.running_mean.clone()
            if found.get("count") is not None:
                after = torch.as_tensor(made.num_batches_tracked)
                found["count after evaluation"] = torch.tensor(bool(after == found["count"]))
        return found

    def reloaded(made: Any, function: Function, options: dict[str, Any]) -> Any:
        other = function(5, **options).to(widest())
        other.load_state_dict(copy.deepcopy(made.state_dict()))
        return other

    def copied(made: Any, function: Function, options: dict[str, Any]) -> Any:
        twin = copy.deepcopy(made)
        made(normal(*shape, seed=50))
        return twin

    def evaluated(made: Any, function: Function, options: dict[str, Any]) -> None:
        made.eval()
        made(normal(*shape, seed=51))
        made.train()

    def evaluating(incoming: str, function: Function) -> Found:
        """The gradients in evaluation, after one batch of training."""
        made = function(5).to(widest())
        made(plain[0].clone())
        made.eval()
        leaf = plain[1].clone().requires_grad_()
        y = made(leaf)
        if not y.requires_grad:
            return {}
        weights = normal(y.numel(), seed=8).reshape(y.shape).to(y.dtype)
        from_incoming(y, weights_of(y, incoming) if incoming else weights).backward()
        found = {"gradient": gradient_of(leaf)}
        for learned in ("weight", "bias"):
            found[f"{learned}'s gradient"] = gradient_of(getattr(made, learned))
        return found

    def relearned(function: Function) -> Found:
        """What evaluation gives after other numbers have been loaded, and after a step."""
        made, other = function(5).to(widest()), function(5).to(widest())
        other(plain[0].clone())
        made.eval()
        with torch.no_grad():
            made(plain[1].clone())
            made.load_state_dict(other.state_dict())
            made.weight.mul_(3)
            return {"evaluation": made(plain[1].clone())}

    def without_gradients(made: Any, function: Function, options: dict[str, Any]) -> None:
        with torch.no_grad():
            made(normal(*shape, seed=52) + 3)

    def batches(*sizes: int, dtype: torch.dtype | None = None, shift: float = 1.0) -> list[Tensor]:
        found = [normal(*sizes, spread=3.0, seed=40 + n) + shift for n in range(3)]
        return [x.to(dtype or widest()) for x in found]

    def trial(
        about: str, given: list[Tensor], change: Function | None = None, **options: Any
    ) -> Trial:
        run = functools.partial(use, given, options, change)
        as_if = {}
        if options:
            without = functools.partial(use, given, {}, change)
            as_if["what it is without the option"] = without
        return Trial(about, run, as_if)

    def constant(mean: bool, deviation: bool, function: Function) -> Found:
        """Of the gradient alone: statistics that are taken for constants."""
        x = plain[0].clone().requires_grad_()
        dims = [n for n in range(x.ndim) if n != 1]
        variance, center = torch.var_mean(x, dims, correction=0, keepdim=True)
        center = center.detach() if mean else center
        factor = _learned(5)[0].reshape(1, 5, *[1] * (x.ndim - 2))
        variance = variance.detach() if deviation else variance
        y = (x - center) / (variance + 1e-5).sqrt() * factor
        (y * normal(y.numel(), seed=8).reshape(y.shape)).sum().backward()
        return {"gradient": gradient_of(x)}

    plain = batches(*shape)
    as_if: dict[str, Run] = {
        "that of a constant mean and variance": functools.partial(constant, True, True),
        "that of a constant variance": functools.partial(constant, False, True),
        "that of a constant mean": functools.partial(constant, True, False),
    }

    def biased(function: Function) -> Found:
        average = torch.ones(5, dtype=torch.float64)
        for batch in plain[:2]:
            dims = [n for n in range(batch.ndim) if n != 1]
            average = 0.9 * average + 0.1 * batch.var(dims, correction=0)
        return {"running variance": average}

    as_if["that of the biased variance"] = biased

    def unbiased(function: Function) -> Found:
        x = plain[0]
        dims = [n for n in range(x.ndim) if n != 1]
        variance, center = torch.var_mean(x, dims, correction=1, keepdim=True)
        shape_of_one = (1, 5, *[1] * (x.ndim - 2))
        factor, shift = (each.reshape(shape_of_one) for each in _learned(5))
        return {"value": (x - center) / (variance + 1e-5).sqrt() * factor + shift}

    as_if["that of the unbiased variance"] = unbiased
    yield Trial("", functools.partial(use, plain, {}, None), as_if)
    named: dict[str, dict[str, Any]] = {
        "with another momentum": {"momentum": 0.25},
        "with momentum=None": {"momentum": None},
        "with momentum=0": {"momentum": 0.0},
        "with momentum=1": {"momentum": 1.0},
        "with a large eps": {"eps": 0.5},
        "with affine=False": {"affine": False},
        "with bias=False": {"bias": False},
        "with track_running_stats=False": {"track_running_stats": False},
    }
    for words, options in named.items():
        yield trial(words, plain, **options)
    yield trial("told the default", plain, eps=1e-5, momentum=0.1)
    yield Trial("for a weight below 0", functools.partial(use, plain, {}, None, sign=-1.0))
    yield trial("for one channel", batches(shape[0], 1, *shape[2:]))
    yield Trial("for a large variance in float16", functools.partial(_of_large_variance, plain[0]))
    yield trial("after load_state_dict", plain, reloaded)
    yield trial("after load_state_dict with momentum=None", plain, reloaded, momentum=None)
    yield trial("after a copy has been made", plain, copied)
    yield Trial("after new numbers are loaded in evaluation mode", relearned)
    yield trial("after an evaluation", plain, evaluated)
    yield trial("after a batch under no_grad", plain, without_gradients)
    many = [normal(*shape, spread=1.0 + n, seed=60 + n) for n in range(14)]
    yield trial("for many batches with momentum=None", many, momentum=None)
    if len(shape) > 2:
        yield trial("for odd sizes", batches(3, 5, 3, 7))
        for words, sizes in {
            "in channels last for odd sizes": (3, 5, 3, 7),
            "in channels last for large batches": (66, 5, 7, 9),
        }.items():
            last = [x.contiguous(memory_format=torch.channels_last) for x in batches(*sizes)]
            yield trial(words, last)
        yield trial("for a square", batches(3, 5, 4, 4))
    for dtype, words in DTYPES.items():
        yield trial(words, batches(*shape, dtype=dtype))
    if name == "BatchNorm1d":
        yield trial("for 3 dimensions", batches(3, 5, 4))
    for words, view in layouts(plain[0]):
        if "repeated" not in words:
            yield trial(words, [view, *plain[1:]])
    for words in ("", *INCOMING) if limits.gradients else ():
        told = f"in evaluation mode {words}".strip()
        yield Trial(told, functools.partial(evaluating, words))
        if words:
            call = lambda function, x: function(5).to(x.dtype)(x)  # noqa: E731
            yield of_incoming(plain[0], call, words)
    if limits.gradients > 1:
        call = lambda function, x: function(5).to(x.dtype)(x)  # noqa: E731
        yield of_tensor(plain[0], limits.gradients, call, "")
    ones = (1, 5, *(1 for _ in shape[2:]))
    yield Trial("where there is one value a channel", functools.partial(_of_one_value, ones))
    yield trial("for a batch of two", batches(2, *shape[1:]))
    yield trial("for one sample", batches(1, *shape[1:])) if len(shape) > 2 else trial("", plain)
    yield trial("where the mean is far from 0", batches(*shape, shift=1e4))
    yield trial("beyond 4096 numbers", batches(1001, *shape[1:]))
    yield trial("beyond 65,535 rows", batches(66001, 2, *(1 for _ in shape[2:])))
    zero = torch.zeros(shape, dtype=widest())
    yield trial("where all numbers are equal", [zero, *plain[1:]])
    constant_channel = plain[0].clone()
    constant_channel[:, 2] = 0.5
    yield trial("where one channel is constant", [constant_channel, *plain[1:]])


def _of_large_variance(x: Tensor, function: Function) -> Found:
    """Evaluation in float16 by statistics of float32, which float16 cannot hold."""
    made = function(5)
    made.running_var.fill_(1e5)
    made.eval()
    return {"evaluation": 100 * made(100 * x.half()).detach()}


def _learned(count: int) -> tuple[Tensor, Tensor]:
    """A weight, all above 0, and a bias."""
    return normal(count, seed=30).abs() + 0.5, normal(count, seed=31) + 2


SPREADS = 7  # standard deviations, beyond which nothing is chance


def dropout(name: str, limits: Limits) -> Iterator[Trial]:
    """Numbers that hardly depend on chance: what a mask does, and how many units it drops."""
    shape = (60, 50) if name == "Dropout" else (60, 50, 2, 3)

    def use(x: Tensor, p: float, options: dict[str, Any], function: Function) -> Found:
        found: Found = {}
        made = function(p, **options)
        torch.manual_seed(3)
        leaf = twin(x).requires_grad_(limits.gradients > 0)
        given = leaf * 1 if options else leaf
        y = made(given)
        kept = y != 0
        found["NaN"] = torch.tensor(not bool(y.isnan().any()))
        flat = kept.flatten()
        found["repeats"] = torch.tensor(
            not any(
                len(flat) > n + 1000 and torch.equal(flat[:1000], flat[n : n + 1000])
                for n in (1024, 4096, 65536, 2**18)
            )
            or p in (0, 1)
            or kept.all()
        )
        units = x.numel() if name == "Dropout" else x.shape[0] * x.shape[1]
        found["share"] = _share(kept.double().mean().item(), 1 - p, units)
        scales = (y / x)[kept]
        found["scale"] = scales.detach().flatten()[:1] if kept.any() else scales[:0].detach()
        found["scales"] = torch.tensor(
            bool(torch.allclose(scales, scales[:1].expand_as(scales), rtol=0.02))
        )
        if name == "Dropout" and x.ndim > 1:
            found["rows"] = torch.tensor(not torch.equal(kept[0], kept[1]) or p in (0, 1))
        if name == "Dropout2d" and x.ndim == 4:
            whole = kept.flatten(2)
            found["channels"] = torch.tensor(bool((whole.all(2) | ~whole.any(2)).all()))
            found["rows"] = torch.tensor(
                len(set(map(tuple, whole.any(2).tolist()))) > 1 or p in (0, 1)
            )
        if limits.gradients:
            weights = normal(y.numel(), seed=8).reshape(y.shape).to(y.dtype)
            (y * weights).sum().backward()
            due = torch.where(kept, weights * (1 / (1 - p) if p < 1 else 0), 0.0)
            found["mask of the gradient"] = torch.tensor(
                bool(torch.allclose(gradient_of(leaf).double(), due.double(), rtol=0.05, atol=1e-2))
            )
        again = made(x.clone())
        found["next call"] = torch.tensor(bool((again != 0).ne(kept).any()) or p in (0, 1))
        if options:
            copied = twin(x)
            with torch.no_grad():
                result = made(copied)
            found["in place"] = torch.tensor(
                result is copied or result.data_ptr() == copied.data_ptr()
            )
            found["written"] = torch.tensor(bool(torch.equal(result, copied)))
        else:
            copied = x.clone()
            with torch.no_grad():
                made(copied)
            found["input"] = copied
        torch.manual_seed(3)
        found["seed"] = torch.tensor(bool(torch.equal(made(x.clone()) != 0, kept)))
        if hasattr(made, "state_dict"):
            found["saved"] = torch.tensor(not made.state_dict())
        if hasattr(made, "eval"):
            made.eval()
            found["evaluation"] = made(x.clone()).detach()
        return found

    def counted(x: Tensor, p: float, change: bool, function: Function) -> Found:
        """How many of very many units it drops, perhaps after p has been changed."""
        made = function(0.25 if change else p)
        if change and not hasattr(made, "p"):
            return {}
        if change:
            made.p = p
        y = made(x.clone())
        kept = (y != 0).double().mean().item()
        scale = (y / x)[y != 0].detach().flatten()[:1]
        found = {"share": _share(kept, 1 - p, x.shape[0] * x.shape[1]), "scale": scale}
        whole = y.flatten(2)[..., 0] if y.ndim > 2 else y
        found["units"] = torch.tensor(not _depend((whole != 0).flatten().double()))
        masks = [made(x[:200]) != 0 for _ in range(5)]
        counts = {int(mask.sum()) for mask in masks}
        drawn = any(not torch.equal(mask, masks[0]) for mask in masks)
        found["number"] = torch.tensor(len(counts) > 1 or not drawn)
        leaf = x.clone().requires_grad_(limits.gradients > 0)
        y, _ = made(leaf * 1), made(x)
        before = torch.random.get_rng_state()
        if y.requires_grad:
            y.sum().backward()
        found["on the way back"] = torch.tensor(torch.equal(before, torch.random.get_rng_state()))
        if limits.gradients:
            zero = torch.zeros_like(x).requires_grad_()
            made(zero * 1).sum().backward()
            found["gradient at 0"] = torch.tensor(bool((gradient_of(zero) != 0).any()))
        return found

    def crossed(incoming: str, function: Function) -> Found:
        """Whether a gradient follows its mask, though another call came in between."""
        made, leaf = function(0.5), x.clone().requires_grad_()
        y = made(leaf * 1)
        kept = y.detach() != 0
        if not incoming:
            made(x.clone())
        if y.requires_grad:
            weights = normal(y.numel(), seed=8).reshape(y.shape).to(y.dtype)
            weights = weights_of(y, incoming) if incoming else weights
            from_incoming(y, weights).backward()
        due = torch.where(kept, 2 * weights if y.requires_grad else y, 0.0)
        same = torch.allclose(gradient_of(leaf), due, rtol=0.05, atol=1e-2)
        return {"mask of the gradient": torch.tensor(bool(same))}

    def awakened(x: Tensor, function: Function) -> Found:
        """What train() brings back after an evaluation, and whether it is the same each time."""
        made, masks = function(0.5), []
        if not hasattr(made, "eval"):
            return {}
        for _ in range(2):
            made.eval()
            made(x)
            made.train()
            masks.append(made(x) != 0)
        units = x.numel() if name == "Dropout" else x.shape[0] * x.shape[1]
        share = _share(masks[0].double().mean().item(), 0.5, units)
        return {"share": share, "next call": torch.tensor(not torch.equal(*masks))}

    def side_by_side(function: Function) -> Found:
        one, other = function(0.5), function(0.5)
        layers = one, other, copy.deepcopy(one)
        first, second, third = (made(x.clone()) != 0 for made in layers)
        copies = torch.tensor(not torch.equal(first, third))
        return {"layers": torch.tensor(not torch.equal(first, second)), "copies": copies}

    def unrecorded(function: Function) -> Found:
        made = function(0.5)
        with torch.no_grad():
            units = x.numel() if name == "Dropout" else x.shape[0] * x.shape[1]
            return {"share": _share((made(x) != 0).double().mean().item(), 0.5, units)}

    x = normal(*shape).abs() + 0.5
    yield Trial("", functools.partial(use, x, 0.5, {}))
    yield Trial("", side_by_side)
    yield Trial("under no_grad", unrecorded)
    many = normal(600, 500, *(1, 1)[: 2 * (name == "Dropout2d")]).abs() + 0.5
    yield Trial("", functools.partial(counted, many, 0.5, False))
    yield Trial("after an evaluation", functools.partial(awakened, x))
    between = "where another call comes before backward"
    for words in ("", *INCOMING) if limits.gradients else ():
        yield Trial(words or between, functools.partial(crossed, words))
    for dtype, words in DTYPES.items():
        yield Trial(
            f"for a small p {words}", functools.partial(counted, many.to(dtype), 0.001, False)
        )
    if name == "Dropout2d":
        single = normal(3000, 1, 2, 2).abs() + 0.5
        yield Trial("for one channel", functools.partial(counted, single, 0.5, False))
    yield Trial("after p has been changed", functools.partial(counted, many, 0.75, True))
    if name == "Dropout2d":
        one = normal(1, 300, 3, 4).abs() + 0.5
        yield Trial("for one sample", functools.partial(use, one, 0.5, {}))
    if name == "Dropout":
        yield Trial("for 1 dimension", functools.partial(use, x[0].repeat(40), 0.5, {}))
    if name == "Dropout2d":
        few = normal(2000, 2, 1, 1).abs() + 0.5
        yield Trial("for few channels", functools.partial(counted, few, 0.5, False))
    for p in (0.1, 0.9, 0.0, 1.0):
        yield Trial(f"for p={p:g}", functools.partial(use, x, p, {}))
    yield Trial("with inplace=True", functools.partial(use, x, 0.25, {"inplace": True}))
    yield Trial(
        "with inplace=True for a view", functools.partial(use, x.mT, 0.25, {"inplace": True})
    )
    for dtype, words in DTYPES.items():
        yield Trial(words, functools.partial(use, x.to(dtype), 0.25, {}))
    for words, view in layouts(x):
        yield Trial(words, functools.partial(use, view, 0.25, {}))
    for n, words in {70_001: "beyond 65,536 numbers", 270_001: "beyond 2^18 numbers"}.items():
        large = normal(*((n,) if name == "Dropout" else (n // 20, 20, 1, 1))).abs() + 0.5
        yield Trial(words, functools.partial(use, large, 0.25, {}))


def _of_one_value(shape: tuple[int, ...], function: Function) -> Found:
    try:
        function(5)(torch.ones(shape, dtype=torch.float32))
    except Exception:  # of whatever kind
        return {"refusal": torch.tensor(True)}
    return {"refusal": torch.tensor(False)}


def _depend(kept: Tensor) -> bool:
    """Whether a unit's fate has to do with that of its neighbour, or of one in the other half."""
    away, half = kept - kept.mean(), len(kept) // 2
    if not away.any():
        return False
    first, second = away[:half], away[half : 2 * half]
    pairs = [(away[1:], away[:-1]), (first, second), (first, second.flip(0))]
    return any((a * b).mean().abs() > SPREADS * kept.var() / len(a) ** 0.5 for a, b in pairs)


def _share(came: float, due: float, count: int) -> Tensor:
    """The share itself where chance cannot account for it, otherwise what is due."""
    spread = (due * (1 - due) / count) ** 0.5
    return torch.tensor(due if abs(came - due) <= SPREADS * spread else came, dtype=torch.float64)
