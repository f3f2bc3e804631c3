"""Trials of initializers and optimizers."""

import copy
import functools
import itertools
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from sums_to_one.tests.common.limits import Limits, widest
from sums_to_one.tests.judge.components import GROUPS
from sums_to_one.tests.judge.trial import (
    DTYPES,
    INCOMING,
    SIZES,
    Found,
    Function,
    Run,
    Trial,
    layouts,
    leaving,
    normal,
    twin,
    weights_of,
)

SAME = 1e-5  # by which sums may differ that are the same but for rounding
NUMBERED = ("first", "second", "third")
VIEWS: dict[str, Function] = {
    "for a transposed view": lambda x: x.T,
    "for every second number of a memory": lambda x: x[:, ::2],
}
NOTABLY = 0.03  # by which the spread is another one
SPREADS = 7  # standard deviations, beyond which nothing is chance
FEW_LEVELS = 300  # different numbers, which 8 bits have
MANY_MORE = 70_000  # numbers, than 16 bits can tell apart
MOSTLY = 0.9  # of many numbers, which are all different
ENOUGH = 190_000  # numbers, of which a deviation is known to a fraction of a percent
TIMES = 400  # of which the variance of a sum is known to 7 %
FILLS = {"constant_": {"val": 0.3}}


def initializer(name: str, limits: Limits) -> Iterator[Trial]:
    drawn = name in GROUPS["random_initializer"]
    fans = name in GROUPS["fan_initializer"]

    def use(x: Tensor, options: dict[str, Any], function: Function) -> Found:
        found: Found = {}
        memory = torch.empty(0, dtype=x.dtype).set_(x.untyped_storage())
        memory.fill_(7.0)
        torch.manual_seed(5)
        place = x.data_ptr()
        result = function(x, **{**FILLS.get(name, {}), **options})
        found["returned"] = torch.tensor(result is x)
        found["same memory"] = torch.tensor(x.data_ptr() == place)
        found["recording"] = torch.tensor(torch.is_grad_enabled())
        found["default dtype"] = torch.tensor(torch.finfo(torch.get_default_dtype()).bits)
        beside = memory.numel() - x.numel()
        found["beside"] = torch.tensor(int((memory == 7).sum()) >= beside)
        if not drawn:
            found["written"] = torch.tensor(not x.numel() or bool((x != 7).any()))
            found["filled"] = x.detach().clone()
            found["random numbers"] = torch.rand(3)
            return found
        numbers = x.detach().double()
        found["written"] = torch.tensor(bool((numbers != 7).all()))
        if x.dtype == torch.float16 and x.numel() > FEW_LEVELS**2:
            found["levels"] = torch.tensor(x.unique().numel() > FEW_LEVELS)
        if x.numel() < ENOUGH:
            return found
        flat = numbers.flatten()[: 2**18 + 2000]
        again = any(
            torch.equal(flat[:1000], flat[n : n + 1000])
            for n in (1024, 4096, 65536, 2**18, x.shape[-1])
            if len(flat) >= n + 1000
        )
        few = x.dtype.itemsize >= 4 and flat[:MANY_MORE].unique().numel() < MOSTLY * MANY_MORE
        # What is always 0 has another name.
        found["repeats"] = torch.tensor(not ((again or few) and numbers.any()))
        found["spread"] = numbers.std()
        found["mean"] = numbers.mean() / numbers.std()
        if "uniform" in name:
            digits = "" if x.dtype.itemsize >= 4 else " of few digits"
            found[f"largest{digits}"] = numbers.max()
        away = (numbers - numbers.mean()) / numbers.std()
        fourth, due = (away**4).mean().item(), 1.8 if "uniform" in name else 3.0
        found["bell" if "normal" in name else "even"] = torch.tensor(abs(fourth - due) < 0.08)
        kept = x.detach().clone()
        torch.manual_seed(5)
        function(x, **options)
        found["seed"] = torch.tensor(bool(torch.equal(kept, x)))
        return found

    def independent(x: Tensor, function: Function) -> Found:
        """Whether the sum of a few numbers varies as that of independent ones does."""
        torch.manual_seed(6)
        drawn = torch.stack([function(torch.empty_like(x)).flatten() for _ in range(TIMES)])
        away = drawn.double() - drawn.double().mean()
        share = away.sum(1).square().mean() / (x.numel() * away.square().mean())
        rising, sums = drawn.double().sort(1).values, drawn.double().sum(1)
        pairs = rising + rising.flip(1)
        each = away.mean(0).abs() * (TIMES**0.5) / away.std()
        widths = away.square().mean(0) / away.square().mean()
        alike = each.max() < SPREADS and widths.min() > 0.5 and widths.max() < 1.6
        return {
            "positions": torch.tensor(bool(alike)),
            "twice": torch.tensor(bool((rising.diff() > 0).all(1).double().mean() > 0.9)),
            "mirrors": torch.tensor(bool((pairs - pairs[:, :1]).abs().max() > SAME)),
            "adds up": torch.tensor(bool((sums - sums[0]).abs().max() > SAME)),
            "independent": torch.tensor(bool(0.4 < share < 1.7)),
        }

    def seeded(function: Function) -> Found:
        """Whether the same seed draws the same after an odd count of numbers as before it."""
        found = []
        for count in (4, 4, 3, 4):
            torch.manual_seed(5)
            found.append(function(torch.empty(count, 1, dtype=widest())))
        _, before, _, after = found
        return {"spare": torch.tensor(bool(torch.equal(before, after)))}

    def over_nan(x: Tensor, function: Function) -> Found:
        y = function(torch.full_like(x, torch.nan), **FILLS.get(name, {}))
        return {"NaN": torch.tensor(not bool(y.isnan().any()))}

    def learned(x: Tensor, function: Function) -> Found:
        leaf = torch.nn.Parameter(x)
        leaf.grad = torch.full_like(x, 3.0)
        function(leaf, **FILLS.get(name, {}))
        return {
            "learns": torch.tensor(leaf.requires_grad and leaf.is_leaf),
            "its gradient": torch.tensor(leaf.grad is not None and bool((leaf.grad == 3).all())),
        }

    def refuses(x: Tensor, options: dict[str, Any], function: Function) -> Found:
        try:
            function(x, **options)
        except Exception:  # of whatever kind
            return {"refusal": torch.tensor(True)}
        return {"refusal": torch.tensor(False)}

    def generated(
        shape: tuple[int, ...], function: Function, view: Function = torch.detach, **options: Any
    ) -> Found:
        found = {}
        function = functools.partial(function, **options)
        a, b = view(torch.empty(shape)), view(torch.empty(shape))
        for seed, x in ((1, a), (2, b)):
            torch.manual_seed(seed)
            function(x, generator=torch.Generator().manual_seed(4))
        found["generator"] = torch.tensor(bool(torch.equal(a, b)))
        first = view(torch.empty(shape))
        own = torch.Generator().manual_seed(4)
        function(first, generator=own)
        function(b, generator=own)
        found["generator moves"] = torch.tensor(not torch.equal(first, b))
        torch.manual_seed(1)
        function(a, generator=own)
        found["random numbers"] = torch.rand(3)
        return found

    def unrecorded(x: Tensor, function: Function) -> Found:
        with torch.no_grad():
            function(x, **FILLS.get(name, {}))
            return {"recording": torch.tensor(torch.is_grad_enabled())}

    def scaled(x: Tensor, options: dict[str, Any], factor: float, function: Function) -> Found:
        found = use(x, options, function)
        return {what: factor * found[what] for what in ("spread", "largest") if what in found}

    def trial(about: str, x: Tensor, **options: Any) -> Trial:
        as_if: dict[str, Run] = {}
        if options:
            as_if["what it is without the option"] = functools.partial(use, x.clone(), {})
        if options.get("mode"):
            other = {"fan_in": "fan_out", "fan_out": "fan_in"}[options["mode"]]
            words = f"that of {other}, where {options['mode']} is due"
            as_if[words] = functools.partial(use, x.clone(), {"mode": other})
        if "xavier" in name and x.ndim > 1:
            outputs, inputs = x.shape[0] * x[0][0].numel(), x[0].numel()
            flat = (x.shape[0] + x.shape[1]) / 2
            for words, fan in {
                "that of fan_in alone": inputs,
                "that of fan_out alone": outputs,
                "that of the number of columns and rows, without the kernel": flat,
            }.items():
                factor = ((outputs + inputs) / 2 / fan) ** 0.5
                if abs(factor - 1) > NOTABLY:
                    as_if[words] = functools.partial(scaled, x.clone(), options, factor)
        if fans and x.ndim > 3:
            for n, size in zip(NUMBERED, x.shape[2:], strict=False):
                words = f"that of a kernel without its {n} dimension"
                as_if[words] = functools.partial(scaled, x.clone(), options, size**0.5)
        if "gain" in options:
            gain = options["gain"]
            for words, changed in {
                "what it is with the gain squared": gain**2,
                "what it is with the root of the gain": gain**0.5,
            }.items():
                as_if[words] = functools.partial(use, x.clone(), {"gain": changed})
        return Trial(about, functools.partial(use, x, options), as_if)

    def empty(*shape: int, dtype: torch.dtype | None = None) -> Tensor:
        return torch.empty(shape, dtype=dtype or widest())

    usual = (500, 600) if drawn else (50, 60)
    yield trial("", empty(*usual))
    yield trial("for small tensors", empty(3, 2))
    yield Trial("where NaN was before", functools.partial(over_nan, empty(3, 5)))
    yield Trial("under no_grad", functools.partial(unrecorded, empty(3, 2)))
    yield trial("for the first rows of a tensor", empty(usual[0] + 100, usual[1])[:-100])
    yield trial("for rows of a tensor", empty(usual[0] + 100, usual[1])[50:-50])
    if drawn:
        yield Trial("", functools.partial(independent, empty(3, 2)))
        yield Trial("for an odd count", functools.partial(independent, empty(7, 3)))
        yield trial("for large fans in float16", empty(3, 70_001, dtype=torch.float16))
        yield Trial("", seeded)
        yield Trial("with a generator", functools.partial(generated, (50, 40)))
        yield Trial("with a generator for small tensors", functools.partial(generated, (3, 2)))
        large = functools.partial(generated, (300, 300))
        yield Trial("with a generator for large tensors", large)
        yield Trial("with a generator for kernels", functools.partial(generated, (5, 4, 3, 3)))
        for words, view in VIEWS.items():
            run = functools.partial(generated, (40, 50), view=view)
            yield Trial(f"with a generator {words}", run)
    if "xavier" in name:
        yield trial("for kernels", empty(160, 128, 3, 5))
        yield trial("for kernels of 3 dimensions", empty(48, 44, 3, 5, 7))
        yield trial("for kernels of one input channel", empty(2200, 1, 10, 10))
        yield trial("where there are more outputs than inputs", empty(1500, 200))
        yield trial("where there are more inputs than outputs", empty(200, 1500))
    if "xavier" in name:
        words = "with a generator and a gain"
        yield Trial(words, functools.partial(generated, (50, 40), gain=2.0))
        yield trial("with a gain", empty(500, 600), gain=2.0)
        yield trial("with a gain below 1", empty(500, 600), gain=0.25)
    if "kaiming" in name:
        for mode, about in (("fan_in", "told the default"), ("fan_out", "with mode='fan_out'")):
            yield trial(about, empty(200, 1500), mode=mode)
            kernels = "for kernels" if mode == "fan_in" else "with mode='fan_out' for kernels"
            yield trial(kernels, empty(160, 128, 3, 5), mode=mode)
            words = f"{kernels} of 3 dimensions"
            yield trial(words, empty(48, 44, 3, 5, 7), mode=mode)
            words = f"{kernels} of one input channel"
            yield trial(words, empty(2200, 1, 10, 10), mode=mode)
            if mode == "fan_out":
                yield trial("with mode='fan_out' for 3 dimensions", empty(160, 128, 15), mode=mode)
        yield trial("with a slope", empty(500, 600), a=0.5)
        yield trial("with nonlinearity='relu'", empty(500, 600), nonlinearity="relu", a=0.5)
        yield trial("with nonlinearity='linear'", empty(500, 600), nonlinearity="linear")
        yield trial("with a slope that is a whole number", empty(500, 600), a=1)
        for gain in ("tanh", "selu", "sigmoid"):
            yield trial(f"with nonlinearity='{gain}'", empty(500, 600), nonlinearity=gain)
    if name == "normal_":
        yield trial("with a mean", empty(500, 600), mean=3.0)
        yield trial("with another std", empty(500, 600), std=0.25)
        yield trial("with a small std", empty(500, 600), std=0.01)
        yield Trial("with a std of 0", _without_spread)
        yield trial("with a mean and another std", empty(500, 600), mean=3.0, std=4.0)
    if name == "uniform_":
        yield trial("with other bounds", empty(500, 600), a=-2.0, b=6.0)
        yield trial("with bounds that are both above 0", empty(500, 600), a=2.0, b=3.0)
    if name == "constant_":
        for words, value in {
            "for a value of 0": 0.0,
            "for a value below 0": -0.3,
            "for a large value": 16777217.0,
            "for NaN": torch.nan,
            "for infinity": torch.inf,
        }.items():
            yield trial(words, empty(20, 30), val=value)
        for dtype, value in {torch.float16: 1e-6, torch.bfloat16: 1e-39, None: 1e-42}.items():
            words = f"for a tiny value {DTYPES[dtype]}" if dtype else "for a tiny value"
            yield trial(words, empty(3, 5, dtype=dtype), val=value)
        yield Trial("", _negative_zero)
        whole, truth = torch.empty(3, dtype=torch.int64), torch.empty(3, dtype=torch.bool)
        yield trial("for a value between whole numbers", whole, val=2.7)
        yield trial("for true and false", truth, val=0.3)
    for dtype, words in DTYPES.items():
        yield trial(words, empty(*usual, dtype=dtype))
        if not drawn:
            yield trial(f"for an odd count {words}", empty(51, 61, dtype=dtype))
    yield Trial("for a parameter", functools.partial(learned, empty(30, 40)))
    if fans:
        yield Trial("for a vector, which has no fans", functools.partial(refuses, empty(7), {}))
    if not fans:
        yield trial("for 1 dimension", empty(5001))
        yield trial("for a number without dimensions", empty())
        yield (
            trial("for whole numbers", torch.empty((3, 5), dtype=torch.int64))
            if not drawn
            else trial("", empty(500, 600))
        )
    yield trial("for 3 dimensions", empty(80, 100, 40) if drawn else empty(8, 10, 4))
    yield trial("for a transposed view", empty(*usual[::-1]).T)
    yield trial("for a part of a tensor", empty(700, 900)[100:600, 100:700])
    yield trial("for every second number of a memory", empty(usual[0], 2 * usual[1])[:, ::2])
    images = empty(50, 60, 10, 10) if drawn else empty(5, 6, 10, 10)
    yield trial("in channels last", images.contiguous(memory_format=torch.channels_last))
    yield trial("beyond 65,535 rows", empty(66001, 3))
    yield trial("beyond 2^18 numbers", empty(600, 500))


def _without_spread(function: Function) -> Found:
    return {"filled": function(torch.empty(3, 5, dtype=widest()), mean=1.5, std=0.0)}


def _negative_zero(function: Function) -> Found:
    y = function(torch.full((3,), 5.0, dtype=widest()), -0.0)
    return {"minus 0": torch.tensor(bool(y.signbit().all()))}


MANY = 4000  # numbers, of which fewer steps are taken
OPTIONS: dict[str, dict[str, dict[str, Any]]] = {
    "SGD": {
        "with momentum": {"momentum": 0.5},
        "with weight_decay": {"weight_decay": 0.25},
        "with momentum and weight_decay": {"momentum": 0.5, "weight_decay": 0.25},
        "with dampening": {"momentum": 0.5, "dampening": 0.25},
        "with nesterov": {"momentum": 0.5, "nesterov": True},
        "with nesterov and weight_decay": {"momentum": 0.5, "nesterov": True, "weight_decay": 0.25},
        "with dampening and weight_decay": {
            "momentum": 0.5,
            "dampening": 0.25,
            "weight_decay": 0.25,
        },
        "with maximize": {"maximize": True},
        "with maximize and weight_decay": {"maximize": True, "weight_decay": 0.25},
        "with maximize and momentum": {"maximize": True, "momentum": 0.5},
        "with maximize and nesterov": {"maximize": True, "momentum": 0.5, "nesterov": True},
    },
    "Adagrad": {
        "with lr_decay": {"lr_decay": 0.25},
        "with weight_decay": {"weight_decay": 0.25},
        "with lr_decay and weight_decay": {"lr_decay": 0.25, "weight_decay": 0.25},
        "with initial_accumulator_value": {"initial_accumulator_value": 0.5},
        "with a large eps": {"eps": 0.5},
        "with maximize": {"maximize": True},
        "with maximize and weight_decay": {"maximize": True, "weight_decay": 0.25},
    },
    "RMSprop": {
        "with another alpha": {"alpha": 0.75},
        "with momentum": {"momentum": 0.5},
        "with weight_decay": {"weight_decay": 0.25},
        "with centered": {"centered": True},
        "with centered and momentum": {"centered": True, "momentum": 0.5},
        "with centered and weight_decay": {"centered": True, "weight_decay": 0.25},
        "with momentum and weight_decay": {"momentum": 0.5, "weight_decay": 0.25},
        "with maximize and momentum": {"maximize": True, "momentum": 0.5},
        "with maximize and centered": {"maximize": True, "centered": True},
        "with an alpha of 0": {"alpha": 0.0},
        "with a large eps": {"eps": 0.5},
        "with a large eps and centered": {"eps": 0.5, "centered": True},
        "with maximize": {"maximize": True},
        "with maximize and weight_decay": {"maximize": True, "weight_decay": 0.25},
    },
    "Adam": {
        "with another beta1": {"betas": (0.5, 0.999)},
        "with another beta2": {"betas": (0.9, 0.75)},
        "with betas of 0": {"betas": (0.0, 0.0)},
        "with a large eps": {"eps": 0.5},
        "with weight_decay": {"weight_decay": 0.25},
        "with amsgrad": {"amsgrad": True, "betas": (0.5, 0.5)},
        "with amsgrad and the usual betas": {"amsgrad": True},
        "with maximize and amsgrad": {"maximize": True, "amsgrad": True, "betas": (0.5, 0.5)},
        "with amsgrad and weight_decay": {
            "amsgrad": True,
            "betas": (0.5, 0.5),
            "weight_decay": 0.25,
        },
        "with maximize": {"maximize": True},
        "with maximize and weight_decay": {"maximize": True, "weight_decay": 0.25},
    },
}
LONG = 258  # steps, just more than 8 bits can count
VERY_LONG = 500  # steps, after which it matters whether they were counted
# By setting, with which options it is changed on the way, and to what.
CHANGES: dict[str, dict[str, tuple[dict[str, Any], Any]]] = {
    "SGD": {"momentum": ({"momentum": 0.5}, 0.75), "weight_decay": ({}, 0.25)},
    "Adagrad": {"lr_decay": ({}, 0.25), "weight_decay": ({}, 0.25), "eps": ({}, 0.5)},
    "RMSprop": {
        "alpha": ({}, 0.75),
        "momentum": ({"momentum": 0.5}, 0.75),
        "weight_decay": ({}, 0.25),
        "eps": ({}, 0.5),
    },
    "Adam": {"betas": ({}, (0.5, 0.75)), "weight_decay": ({}, 0.25), "eps": ({}, 0.5)},
}
DEFAULTS: dict[str, dict[str, Any]] = {
    "Adagrad": {"eps": 1e-10},
    "RMSprop": {"alpha": 0.99, "eps": 1e-8},
    "Adam": {"betas": (0.9, 0.999), "eps": 1e-8},
}


def optimizer(name: str, limits: Limits) -> Iterator[Trial]:
    steps = 5

    def use(
        change: Function, starts: list[Tensor], options: dict[str, Any], function: Function
    ) -> Found:
        found: Found = {}
        ps = [twin(x).requires_grad_() for x in starts]
        made = function(ps, **{"lr": 0.125, **options})
        for n in range(steps if starts[0].numel() < MANY else 2):
            for k, p in enumerate(ps):
                pull = normal(p.numel(), seed=20 + n + 7 * k).reshape(p.shape).to(p.dtype)
                p.grad = torch.empty_like(p).copy_(pull)
            made = change(made, ps, n, function) or made
            before = [None if p.grad is None else p.grad.clone() for p in ps]
            with torch.no_grad(), leaving(found):
                made.step()
            same = all(
                (p.grad is None and b is None)
                or (p.grad is not None and b is not None and torch.equal(p.grad, b))
                for p, b in zip(ps, before, strict=True)
            )
            found["gradients"] = torch.tensor(same) & found.get("gradients", torch.tensor(True))
            moved = [(p.detach() - x).flatten() for p, x in zip(ps, starts, strict=False)]
            moved += [p.detach().flatten() for p in ps[len(starts) :]]
            found["first step" if n == 0 else "later step"] = torch.cat(moved)
        return found

    def nothing(made: Any, ps: list[Tensor], n: int, function: Function) -> None:
        pass

    def reloaded(made: Any, ps: list[Tensor], n: int, function: Function) -> Any:
        if n != 2:
            return made
        other = function(ps, lr=0.125)
        other.load_state_dict(copy.deepcopy(made.state_dict()))
        return other

    def copied(made: Any, ps: list[Tensor], n: int, function: Function) -> Any:
        if n != 2 or not hasattr(made, "state_dict"):
            return made
        twin, others = copy.deepcopy((made, ps))
        made.step()  # of which the copy must not know
        ps[:] = others
        return twin

    def kept(moment: str, beta: float) -> Function:
        """What comes of a moment that is stored as it is corrected."""

        def change(made: Any, ps: list[Tensor], n: int, function: Function) -> None:
            for p in ps if n else ():
                made.state[p][moment].div_(1 - beta**n)

        return change

    def at_once(made: Any, ps: list[Tensor], n: int, function: Function) -> None:
        if n == 2:
            for group in made.param_groups:
                group["lr"] = 0.5

    def reset(settings: dict[str, Any]) -> Function:
        """A change of settings before the third step."""

        def change(made: Any, ps: list[Tensor], n: int, function: Function) -> None:
            for group in made.param_groups if n == 2 else ():
                group.update(settings)

        return change

    def otherwise(made: Any, ps: list[Tensor], n: int, function: Function) -> None:
        """Gradients that lie in memory as the parameter does not."""
        for p in ps:
            assert p.grad is not None
            p.grad = p.grad.contiguous() if not p.is_contiguous() else p.grad.mT.contiguous().mT

    def sparse(function: Function) -> Found:
        p = normal(4, 2).requires_grad_()
        made = function([p], lr=0.125)
        with_one_twice = torch.tensor([[1, 3, 1]])
        p.grad = torch.sparse_coo_tensor(with_one_twice, normal(3, 2, seed=2).to(p.dtype), (4, 2))
        try:
            made.step()
        except Exception:  # of whatever kind: nobody need take them
            return {}
        return {"first step": p.detach() - normal(4, 2)}

    def for_very_long(loads: bool, function: Function) -> Tensor:
        """The last of many steps in bfloat16, from 0, where it has all its digits."""
        p = normal(3).bfloat16().requires_grad_()
        made, pull = function([p], lr=0.125), normal(3, seed=2).bfloat16()
        for n in range(VERY_LONG):
            p.grad = pull if n % 3 else -pull
            if loads and n == LONG:
                state, made = copy.deepcopy(made.state_dict()), function([p], lr=0.125)
                made.load_state_dict(state)
            if n == VERY_LONG - 1:
                p.data.zero_()
            made.step()
        return p.detach()

    def as_before_loading(function: Function) -> Found:
        """What a step is to the same one without a load: 16 bits round as they do, but alike."""
        steps = [for_very_long(loads, function) for loads in (True, False)]
        return {"later step": steps[0] / steps[1]}

    def for_long(function: Function) -> Found:
        p = normal(3).requires_grad_()
        options = own.get("with momentum", {})
        made, pull = function([p], lr=0.125, **options), normal(3, seed=2)
        for n in range(LONG):
            p.grad = pull if n % 3 else -pull
            made.step()
        return {"later step": p.detach() - normal(3)}

    def without(made: Any, ps: list[Tensor], n: int, function: Function) -> None:
        if n in (0, 2):
            ps[0].grad = None

    def loaded_late(made: Any, ps: list[Tensor], n: int, function: Function) -> Any:
        if n < 3:
            ps[0].grad = None
        return reloaded(made, ps, n, function)

    def zero(made: Any, ps: list[Tensor], n: int, function: Function) -> None:
        ps[0].grad = torch.zeros_like(ps[0])

    def nowhere(made: Any, ps: list[Tensor], n: int, function: Function) -> None:
        for p in ps if n == 1 else ():
            p.grad = torch.zeros_like(p)

    def in_part(made: Any, ps: list[Tensor], n: int, function: Function) -> None:
        assert ps[0].grad is not None
        ps[0].grad[1:] = 0

    def looked_at(made: Any, ps: list[Tensor], n: int, function: Function) -> None:
        if n == 0 and hasattr(made, "state_dict"):
            made.state_dict()

    def enlarged(made: Any, ps: list[Tensor], n: int, function: Function) -> None:
        for p in ps:
            assert p.grad is not None
            p.grad *= 1000

    def closed(function: Function) -> Found:
        p = normal(3).requires_grad_()
        p.grad = torch.ones_like(p)
        made = function([p], lr=0.125, **own.get("with momentum", {}))

        def closure() -> Tensor:
            p.grad = normal(3, seed=3)
            return torch.tensor(2.5)

        came = made.step(closure)
        loss = torch.tensor(came is not None and float(came) == 2.5)
        return {"first step": p.detach() - normal(3), "loss": loss}

    def added(made: Any, ps: list[Tensor], n: int, function: Function) -> None:
        if n == 2:
            ps.append(normal(2, 3, seed=3).requires_grad_())
            ps[-1].grad = normal(2, 3, seed=4)
            made.add_param_group({"params": [ps[-1]], "lr": 0.25})

    def apart(decay: float, made: Any, ps: list[Tensor], n: int, function: Function) -> None:
        with torch.no_grad():
            for p in ps:
                p.mul_(1 - 0.125 * decay)

    plain = [normal(3, 5), normal(7)]

    def in_groups(
        options: dict[str, Any], function: Function, others: dict[str, Any] | None = None
    ) -> Found:
        """The first parameter with settings of its own."""

        def grouped(ps: list[Tensor], lr: float) -> Any:
            groups = [{"params": ps[:1], **options}, {"params": ps[1:]}]
            return function(groups, lr=lr, **(others or {}))

        return use(nothing, plain, {}, grouped)

    def trial(
        about: str, starts: list[Tensor] = plain, change: Function = nothing, **options: Any
    ) -> Trial:
        as_if = {}
        if about in OPTIONS[name]:
            as_if["what it is without the option"] = functools.partial(use, change, starts, {})
        if about.endswith("with weight_decay"):
            decoupled = functools.partial(apart, options["weight_decay"])
            words = "that of a decay apart from the gradient"
            as_if[words] = functools.partial(use, decoupled, starts, {})
        return Trial(about, functools.partial(use, change, starts, options), as_if)

    own = OPTIONS[name]
    corrected: dict[str, Run] = {}
    if name == "Adam":
        for words, moment in {
            "that of a mean that is kept corrected": kept("exp_avg", 0.9),
            "that of a second moment that is kept corrected": kept("exp_avg_sq", 0.999),
        }.items():
            corrected[words] = functools.partial(use, moment, plain, {})
    yield Trial("", functools.partial(use, nothing, plain, {}), corrected)
    for words, options in OPTIONS[name].items():
        yield trial(words, **options)
    rate = {"lr": 0.5}
    also = [{**rate, "lr_decay": 0.25}] if name == "Adagrad" else []
    for options in [rate, *also, *OPTIONS[name].values()]:
        if "initial_accumulator_value" in options:
            continue  # which may be asked for before there are groups
        as_if = {"what it is without the option": functools.partial(use, nothing, plain, {})}
        words = "for a group with settings of its own"
        yield Trial(words, functools.partial(in_groups, options), as_if)
    yield trial("told the default", **DEFAULTS.get(name, {}))
    for setting in ("weight_decay", "momentum"):
        if options := own.get(f"with {setting}", {}):
            none: dict[str, Any] = dict.fromkeys(options, 0.0)
            run = functools.partial(in_groups, none, others=options)
            lost = functools.partial(in_groups, {}, others=options)
            words = f"for a group whose {setting} is 0"
            yield Trial(words, run, {"what it is without the option": lost})
    for words, options in _states(name).items():
        yield trial(words, plain, reloaded, **options)
    yield trial("after the rate has been changed", plain, at_once, **own.get("with momentum", {}))
    yield trial("after a copy has been made", plain, copied, **own.get("with momentum", {}))
    yield trial("where a gradient is None", plain, without, **own.get("with momentum", {}))
    pair = [normal(3, 5), normal(3, 5, seed=2)]
    yield trial("for parameters of one shape", pair, **own.get("with momentum", {}))
    words = "for parameters of one shape where a gradient is None"
    yield trial(words, pair, without, **own.get("with momentum", {}))
    if name == "SGD":
        words = "with dampening where a gradient is None"
        yield trial(words, plain, without, **own["with dampening"])
        words = "after load_state_dict where a gradient was None"
        yield trial(words, plain, loaded_late, **own["with dampening"])
    if name == "Adagrad":
        words = "with lr_decay where a gradient is None"
        yield trial(words, plain, without, **own["with lr_decay"])
    if name == "Adam":
        yield Trial("after 256 steps in bfloat16 and load_state_dict", as_before_loading)
    for setting, (options, value) in CHANGES[name].items():
        unchanged = {
            "what it is without the change": functools.partial(use, nothing, plain, options)
        }
        run = functools.partial(use, reset({setting: value}), plain, options)
        yield Trial(f"after {setting} has been changed", run, unchanged)
    run = functools.partial(use, reset({"maximize": True}), plain, {})
    unchanged = {"what it is without the change": functools.partial(use, nothing, plain, {})}
    yield Trial("after maximize has been changed", run, unchanged)
    if "with momentum" in own:
        run = functools.partial(use, reset({"momentum": 0.5}), plain, {})
        yield Trial("after momentum has been switched on", run, unchanged)
    yield Trial("after 256 steps", for_long)
    if name in ("SGD", "Adagrad"):
        yield Trial("for a sparse gradient", sparse)
    images = normal(2, 3, 4, 5).contiguous(memory_format=torch.channels_last)
    words = "for gradients that lie otherwise in memory"
    yield trial(words, [images, normal(3, 5)], otherwise, **own.get("with momentum", {}))
    words = "where rows of a gradient are 0"
    yield trial(words, plain, in_part, **own.get("with weight_decay", {}))
    yield trial("after a look at state_dict", plain, looked_at)
    few = [normal(2, seed=n) for n in range(70)]
    yield trial("for many parameters", few, **own.get("with momentum", {}))
    yield trial("for large gradients", plain, enlarged, **own.get("with momentum", {}))
    yield trial("where all gradients are 0", plain, nowhere, **own.get("with lr_decay", {}))
    yield Trial("with a closure", closed)
    yield trial("where a gradient is 0", plain, zero, **own.get("with momentum", {}))
    yield trial("for a group that is added later", plain, added, **own.get("with momentum", {}))
    for dtype, words in DTYPES.items():
        if (name, dtype) != ("Adam", torch.float16):  # in which PyTorch's own is off by 3 %
            yield trial(words, [x.to(dtype) for x in plain])
    for words, view in layouts(normal(3, 5)):
        if "repeated" not in words:
            yield trial(words, [view], **own.get("with momentum", {}))
    yield trial("for an empty parameter", [normal(0), normal(3)])
    yield trial("for a number without dimensions", [normal(), normal(3)])
    for n in (5001, 270001):
        yield trial(SIZES[n], [normal(n)], **own.get("with momentum", {}))
    yield trial("beyond 65,535 rows", [normal(66001, 2)])
    many, options = [normal(5001).float()], own["with weight_decay"]
    yield trial("for many numbers with weight_decay", many, **options)


def _states(name: str) -> dict[str, dict[str, Any]]:
    """Options that have a state of their own, which has to be saved."""
    found: dict[str, dict[str, dict[str, Any]]] = {
        "SGD": {"after load_state_dict": {"momentum": 0.5}},
        "Adagrad": {"after load_state_dict": {"lr_decay": 0.25}},
        "RMSprop": {
            "after load_state_dict": {},
            "after load_state_dict with momentum": {"momentum": 0.5},
            "after load_state_dict with centered": {"centered": True},
        },
        "Adam": {
            "after load_state_dict": {},
            "after load_state_dict with amsgrad": {"amsgrad": True, "betas": (0.5, 0.5)},
        },
    }
    return found.get(name, {})


def variable(name: str, limits: Limits) -> Iterator[Trial]:
    """Each operation, with its gradients for both operands."""

    def use(
        call: Function, tensors: list[Tensor], function: Function, twice: bool = False
    ) -> Found:
        found: Found = {}
        made = [function(x.clone(), requires_grad=True) for x in tensors]
        made = [made[0], made[0]] if twice else made
        with leaving(found):
            y = call(*made)
            data = y.data.detach()
            found["value"] = data.clone()
            weights = normal(data.numel(), seed=8).reshape(data.shape).to(data.dtype)
            y.backward(weights)
        found["gradient"] = made[0].grad.detach().clone()
        if len(made) > 1:
            found["second operand's gradient"] = made[1].grad.detach().clone()
        return found

    def trial(about: str, call: Function, *tensors: Tensor, twice: bool = False) -> Trial:
        return Trial(about, functools.partial(use, call, list(tensors), twice=twice))

    a, b = normal(3, 5), normal(3, 5, seed=2)
    yield trial("", lambda a, b: a * b + a, a, b)
    of_two: dict[str, Function] = {
        "of a sum": lambda a, b: a + b,
        "of a product": lambda a, b: a * b,
        "of a difference": lambda a, b: a - b,
        "of a quotient": lambda a, b: a / b,
    }
    for words, call in of_two.items():
        yield trial(words, call, a, b)
        yield trial(f"{words} that is broadcast", call, a, b[:1])
        yield trial(f"{words} of one variable with itself", call, a, a, twice=True)
        for dtype, told in DTYPES.items():
            yield trial(f"{words} {told}", call, a.to(dtype), b.to(dtype))
    yield trial("of a matrix product", lambda a, b: a @ b, a, b.T.contiguous())
    yield trial("of a vector times a matrix", lambda a, b: a @ b, normal(3), normal(3, 5))
    yield trial("of a matrix times a vector", lambda a, b: a @ b, a, normal(5, seed=2))
    square = normal(4, 4)
    yield trial("of a square matrix times a vector", lambda a, b: a @ b, square, normal(4, seed=2))
    yield trial("of a vector times a square matrix", lambda a, b: a @ b, normal(4, seed=2), square)
    words = "of a matrix product of one variable with itself"
    yield trial(words, lambda a, b: a @ b, square, square, twice=True)
    words = "of a power whose exponent learns, at 0"
    yield trial(words, lambda a, b: a**b, a * 0, b.abs() + 1)
    words = "of a power whose exponent learns"
    yield trial(words, lambda a, b: a**b, a.abs() + 0.5, b)
    yield trial("of two vectors", lambda a, b: a @ b, normal(5), normal(5, seed=2))
    yield trial("of a stack of matrices", lambda a, b: a @ b, normal(2, 3, 5), normal(5, 4))
    of_one: dict[str, Function] = {
        "of a negative": lambda a: -a,
        "of a power that is no whole number": lambda a: (a * a + 1) ** 2.5,
        "of mean with keepdim": lambda a: a.mean(dim=0, keepdim=True),
        "of sum over two dimensions": lambda a: a.reshape(3, 5, 1).sum(dim=(0, 2)),
        "of a product with one number": lambda a: a * torch.tensor(1.5, dtype=a.data.dtype),
        "where a tensor is on the left": lambda a: b - a + b / (a * a + 1) + b * a,
        "of relu at 0": lambda a: (a * 0).relu(),
        "of a power": lambda a: a**3,
        "of a power of 0": lambda a: a**0,
        "of a root": lambda a: (a * a + 1) ** (1 / 3),
        "of a square root": lambda a: (a * a + 1) ** 0.5,
        "of a power of -0.5": lambda a: (a * a + 1) ** -0.5,
        "of a power of -1": lambda a: (a * a + 1) ** -1,
        "of a square": lambda a: a**2,
        "of reshape of a transpose": lambda a: a.t().reshape(15),
        "of a broadcast sum of a transpose": lambda a: (a.t() + 1).sum(dim=1),
        "of exp": lambda a: a.exp(),
        "of log": lambda a: (a * a).log(),
        "of relu": lambda a: a.relu(),
        "of sigmoid": lambda a: a.sigmoid(),
        "of tanh": lambda a: a.tanh(),
        "of sum": lambda a: a.sum(),
        "of sum over a dimension": lambda a: a.sum(dim=0),
        "of sum over a dimension from the end": lambda a: a.sum(dim=-2),
        "of sum with keepdim": lambda a: a.sum(dim=1, keepdim=True),
        "of mean": lambda a: a.mean(),
        "of mean over a dimension": lambda a: a.mean(dim=1),
        "of mean over two dimensions": lambda a: a.mean(dim=(0, 1)),
        "of mean over two dimensions from the end": lambda a: (
            a.reshape(3, 5, 1) * torch.ones(4, dtype=a.data.dtype)
        ).mean(dim=(-2, -1)),
        "of reshape": lambda a: a.reshape(5, 3),
        "of a transpose": lambda a: a.t(),
        "of a part": lambda a: a[1:, 2],
        "of a part that is taken twice": lambda a: a[[0, 0, 2]],
        "where a variable is used twice": lambda a: a * 2 + a.exp() * a,
        "where a number is on the left": lambda a: 2 - a + 3 / a,
    }
    for words, call in of_one.items():
        yield trial(words, call, a)
    many = (b * 0 + 300).half()
    yield trial("of a sum with one variable of no dimensions", lambda a, b: a + b * a, a, b[0, 0])
    yield trial("of a quotient that is broadcast from one row", lambda a, b: b / a, a, b[:1])
    yield trial("of a quotient by large numbers in float16", lambda a, b: a / b, a.half(), many)
    yield trial("of a product of two dtypes", lambda a, b: a * b, a.half(), b.float())
    yield trial("of sigmoid far out", lambda a: a.sigmoid(), a * 500)
    yield trial("of a power of 0 at 0", lambda a: a**0, a * 0)

    def again(function: Function) -> Found:
        made = function(a.clone(), requires_grad=True)
        for _ in range(2):
            (made * made).sum().backward()
        leaf, passed = function(a.clone(), requires_grad=True), b.clone()
        leaf.backward(passed)
        leaf.backward(passed)
        between = made * 2
        (between * 3).sum().backward()
        kept = torch.tensor(getattr(between, "grad", None) is None)
        one, other = (function(x.clone(), requires_grad=True) for x in (a, b))
        (one + other).backward(b.clone())
        apart = torch.tensor(one.grad.data_ptr() != other.grad.data_ptr())
        found = {"gradient": made.grad.detach().clone(), "passed": passed, "between": kept}
        return {"shared gradient": apart, **found}

    def passing(about: str, function: Function) -> Found:
        made, also = (function(x.clone(), requires_grad=True) for x in (a, b))
        made_of = made * also
        made_of.backward(weights_of(made_of.data, about))
        found = {"gradient": made.grad, "second operand's gradient": also.grad}
        return {what: one.detach().clone() for what, one in found.items()}

    for words in INCOMING:
        yield Trial(words, functools.partial(passing, words))

    yield Trial("after a second backward", again)


def descent(name: str, limits: Limits) -> Iterator[Trial]:
    """Least squares."""

    def use(
        batch_size: int,
        options: dict[str, Any],
        function: Function,
        unused: str = "",
        seed: int = 4,
    ) -> Found:
        found: Found = {}
        x, y, start = normal(12, 3), normal(12, seed=2), normal(3, seed=3)
        w, b = start.clone().requires_grad_(), normal(seed=4).requires_grad_()
        idle = normal(3).requires_grad_()
        w.grad = torch.full_like(w, 3.0)
        seen = []

        def loss(x: Tensor, y: Tensor) -> Tensor:
            seen.append(x[:, 0])
            return (x @ w + b * b - y).square().mean()

        torch.manual_seed(seed)
        generator = torch.Generator().manual_seed(6)
        own = {"generator": generator} if options.pop("generated", False) else {}
        idles = {"": [w, b], "last": [w, b, idle], "first": [idle, w, b]}
        parameters = idles[unused]
        settings = {"lr": 0.0625, "epochs": 1, **options, **own}
        losses = function(parameters, loss, (x, y), batch_size=batch_size, **settings)
        found["recording"] = torch.tensor(torch.is_grad_enabled())
        found["gradients"] = torch.tensor(w.grad is not None and bool((w.grad == 3).all()))
        whole, epochs = batch_size == 12, settings["epochs"]
        due = -(-12 // batch_size) * epochs
        found["number of batches"] = torch.tensor(float(len(seen) - due))
        each = torch.cat(seen).reshape(epochs, -1) if len(torch.cat(seen)) == 12 * epochs else None
        orders = each is not None and bool((each.sort(1).values == x[:, 0].sort().values).all())
        found["all samples"] = torch.tensor(orders)
        if epochs > 1 and not whole and each is not None:
            found["orders"] = torch.tensor(not torch.equal(each[0], each[1]))
            turned = any(torch.equal(a, b.flip(0)) for a, b in itertools.pairwise(each))
            found["backwards"] = torch.tensor(not turned)
        if whole:
            found["value"] = torch.cat([w.detach(), b.detach().reshape(1)]).clone()
            found["losses"] = torch.tensor([float(one) for one in losses], dtype=torch.float64)
        elif len(losses) == len(seen):
            found["last loss"] = torch.tensor(len(losses))
        if own:
            first = each[0] if each is not None else x[:, 0]
            found["random numbers"] = torch.rand(3)
            found["drawn"] = first
        return found

    def generated(function: Function) -> Found:
        one, other = (_with_seed(n, function) for n in (4, 5))
        same = torch.equal(one.pop("drawn"), other.pop("drawn"))
        return {**one, "generator": torch.tensor(bool(same))}

    def _with_seed(n: int, function: Function) -> Found:
        return use(4, {"generated": True}, function, seed=n)

    yield Trial("", lambda function: use(12, {}, function))
    yield Trial("for several epochs", lambda function: use(12, {"epochs": 3}, function))
    yield Trial("for small batches", lambda function: use(4, {"epochs": 3}, function))
    yield Trial(
        "where the last batch is not full", lambda function: use(5, {"epochs": 3}, function)
    )
    yield Trial("for batches of one", lambda function: use(1, {}, function))
    yield Trial("with a generator", generated)
    yield Trial("for a rate of 0", lambda function: use(12, {"lr": 0.0}, function))
    for which in ("last", "first"):
        words = f"where the loss does not use the {which} parameter"
        yield Trial(words, functools.partial(use, 12, {}, unused=which))
    yield Trial("where the last batch is not full", _all_count)
    yield Trial("for three parts of data", _three_parts)
    yield Trial("under no_grad", torch.no_grad()(functools.partial(use, 12, {})))
    yield Trial("for many samples", _late_samples)
    yield Trial("for a transposed view", _transposed)


def _all_count(function: Function) -> Found:
    """How far parameters move by a loss whose gradient is always 1."""
    w = torch.zeros(3, dtype=widest()).requires_grad_()
    function([w], lambda x: w.sum() + 0 * x.sum(), normal(12, 3), lr=0.5, batch_size=5, epochs=2)
    return {"value": w.detach().clone()}


def _three_parts(function: Function) -> Found:
    parts = tuple(torch.arange(12, dtype=widest()) + 100 * n for n in range(3))
    w, matched = torch.zeros(3, dtype=widest()).requires_grad_(), []

    def loss(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        matched.append(torch.equal(x + 100, y) and torch.equal(x + 200, z))
        return (w * x.sum()).sum()

    function([w], loss, parts, lr=0.0, batch_size=4, epochs=3)
    return {"matched": torch.tensor(all(matched))}


def _late_samples(function: Function) -> Found:
    """Whether samples from the end of many ever come first, and those from the start last."""
    w, seen = torch.zeros(1, dtype=widest()).requires_grad_(), []

    def loss(x: Tensor) -> Tensor:
        seen.append(x)
        return (w * x.sum()).sum()

    torch.manual_seed(4)
    function([w], loss, torch.arange(2000), lr=0.0, batch_size=200, epochs=1)
    mixed = bool((seen[0] > 1500).any() and (seen[-1] < 500).any())
    return {"mixed": torch.tensor(mixed)}


def _transposed(function: Function) -> Found:
    w = torch.zeros(2, 3, dtype=widest()).T.requires_grad_()
    function([w], lambda x: w.sum() + 0 * x.sum(), normal(12, 3), lr=0.5, batch_size=12, epochs=1)
    return {"value": w.detach().clone()}
