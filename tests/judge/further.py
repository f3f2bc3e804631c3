"""Further uses for the clean room: what a forger who is right in plain uses would get wrong.

Options, edges, layouts, lower precision, second derivatives, what is left as it was, what is saved
and loaded. Programs as in `programs.py`; what should come is PyTorch's, or a law.
"""

import copy
import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Generator, Tensor, nn

from sums_to_one.tests.common.limits import Limits
from sums_to_one.tests.judge.components import COMPONENTS, GROUPS
from sums_to_one.tests.judge.programs import PROGRAMS, Case, Get, plain_numbers, to_evaluation

IN_ANY_DTYPE = "lower precision"  # what needs it is asked for in every dtype


# What is computed.


def function(name: str, get: Get, case: Case) -> list[Tensor]:
    """Values, derivatives, and the input afterwards."""
    x, *weights = case.tensors
    leaf = x.clone().requires_grad_(case.derivatives > 0)
    y = get(name)(leaf, **case.options)
    return [y.detach(), *_derivatives(y, leaf, weights, case), leaf.detach()]


def in_place(name: str, get: Get, case: Case) -> list[Tensor]:
    """The result, and the input, which is the result; derivatives as of others."""
    x, weights = case.tensors
    leaf = x.clone().requires_grad_(case.derivatives > 0)
    between = leaf * 1 if leaf.requires_grad else leaf
    y = get(name)(between, inplace=True, **case.options)
    return [y.detach(), between.detach(), *_derivatives(y, leaf, [weights], case)]


def two_calls(name: str, get: Get, case: Case) -> list[Tensor]:
    """Each call has gradients of its own, whichever backward pass comes first."""
    leaves = [x.clone().requires_grad_() for x in case.tensors]
    results = [get(name)(leaf, **case.options) for leaf in leaves]
    for y in results:
        y.square().sum().backward(retain_graph=True)
        y.sum().backward()
    return [leaf.grad for leaf in leaves if leaf.grad is not None]


def loss(name: str, get: Get, case: Case) -> list[Tensor]:
    """Value, derivatives, and what was given, afterwards."""
    x, target, *weights = case.tensors
    options = {k: v.to(x.dtype) if isinstance(v, Tensor) else v for k, v in case.options.items()}
    leaf = x.clone().requires_grad_(case.derivatives > 0)
    made = get(name)(**options)
    y = made(leaf, target)
    found = [y.detach(), *_derivatives(y, leaf, weights, case), leaf.detach(), target]
    return [*found, made(x, target).detach()]


def penalty(name: str, get: Get, case: Case) -> list[Tensor]:
    leaves = [x.clone().requires_grad_() for x in case.tensors]
    y = get(name)(iter(leaves) if case.options.get("once") else leaves)
    first = torch.autograd.grad(y, leaves, create_graph=case.derivatives > 1)
    found = [y.detach(), *(g.detach() for g in first)]
    if case.derivatives > 1:
        if first[0].requires_grad:
            first[0].square().sum().backward()
        found += [torch.zeros_like(leaf) if leaf.grad is None else leaf.grad for leaf in leaves[:1]]
    return [*found, *(leaf.detach() for leaf in leaves)]


def filled(name: str, get: Get, case: Case) -> list[Tensor]:
    """Every second column of a parameter; the others are to stay what they were."""
    (x,) = case.tensors
    torch.manual_seed(case.seed)
    part = x.clone()[:, ::2]
    whole = part._base if part._base is not None else part
    came = get(name)(part, **case.options)
    return [part.contiguous(), whole[:, 1::2].contiguous(), _flag(came is part)]


def filled_parameter(name: str, get: Get, case: Case) -> list[Tensor]:
    leaf = case.tensors[0].clone().requires_grad_()
    leaf.grad = torch.ones_like(leaf)
    get(name)(leaf, **case.options)
    same = leaf.is_leaf and leaf.requires_grad and leaf.grad is not None
    return [leaf.detach() * 0, _flag(same), leaf.grad if leaf.grad is not None else _flag(False)]


def steps(name: str, get: Get, case: Case) -> list[Tensor]:
    """Some steps of two parameters; the second rests for a while, and the gradients stay."""
    first, second, *gradients = case.tensors
    parameters = [first.clone().requires_grad_(), second.clone().requires_grad_()]
    made = get(name)(parameters, **case.options)
    found = []
    for number, gradient in enumerate(gradients):
        for parameter in parameters:
            parameter.grad = gradient.reshape(parameter.shape).clone()
        parameters[1].grad = None if number == 1 else parameters[1].grad
        made.step()
        found += [p.detach().clone() for p in parameters]
        found += [p.grad.clone() for p in parameters if p.grad is not None]
    return found


def groups(name: str, get: Get, case: Case) -> list[Tensor]:
    """Two groups with rates of their own, one of which is changed on the way."""
    first, second, *gradients = case.tensors
    parameters = [first.clone().requires_grad_(), second.clone().requires_grad_()]
    made = get(name)(
        [{"params": [p], "lr": lr} for p, lr in zip(parameters, (0.5, 0.125), strict=True)], lr=0.25
    )
    for gradient in gradients:
        for parameter in parameters:
            parameter.grad = gradient.reshape(parameter.shape).clone()
        made.step()
        made.param_groups[1]["lr"] = 0.0625
    made.zero_grad()
    return [*(p.detach() for p in parameters), _flag(all(p.grad is None for p in parameters))]


def added(name: str, get: Get, case: Case) -> list[Tensor]:
    """A second group joins after two steps."""
    first, second, *gradients = case.tensors
    parameters = [first.clone().requires_grad_(), second.clone().requires_grad_()]
    made = get(name)(parameters[:1], **case.options)
    for number, gradient in enumerate(gradients):
        if number == 2:
            made.add_param_group({"params": parameters[1:], "lr": 0.5})
        for parameter in parameters:
            parameter.grad = gradient.reshape(parameter.shape).clone()
        made.step()
    return [p.detach() for p in parameters]


def loaded(name: str, get: Get, case: Case) -> list[Tensor]:
    """Another optimizer, with other settings, goes on with what the first one has saved."""
    first, second, *gradients = case.tensors
    parameters = [first.clone().requires_grad_(), second.clone().requires_grad_()]
    made = get(name)(parameters, **case.options)
    for number, gradient in enumerate(gradients):
        if number == 2:
            saved = copy.deepcopy(made.state_dict())
            parameters = [p.detach().clone().requires_grad_() for p in parameters]
            made = get(name)(parameters, lr=0.75)
            made.load_state_dict(saved)
        for parameter in parameters:
            parameter.grad = gradient.reshape(parameter.shape).clone()
        made.step()
    return [p.detach() for p in parameters]


def closure(name: str, get: Get, case: Case) -> list[Tensor]:
    first, *_ = case.tensors
    leaf = first.clone().requires_grad_()
    made = get(name)([leaf], **case.options)
    calls = []

    def again() -> Tensor:
        leaf.grad = None
        value = leaf.square().sum()
        value.backward()
        calls.append(1)
        return value

    value = made.step(again)
    return [leaf.detach(), value.detach(), torch.tensor(float(len(calls)))]


def normalized(name: str, get: Get, case: Case) -> list[Tensor]:
    """Two batches in training and one in evaluation, all that is learned, all that is saved."""
    first, second, third, weight, bias, weights = case.tensors
    made = get(name)(first.shape[1], **case.options)
    made = made.to(first.dtype) if hasattr(made, "to") else made
    affine = case.options.get("affine", True)
    if affine:
        with torch.no_grad():
            made.weight.copy_(weight)
            made.bias.copy_(bias)
    leaf = first.clone().requires_grad_()
    y = made(leaf)
    found = [y.detach(), *_derivatives(y, leaf, [weights], case, retain=True), leaf.detach()]
    if affine:
        (y * weights).sum().backward()
        found += [torch.zeros(3) if p.grad is None else p.grad for p in (made.weight, made.bias)]
    made(second)
    to_evaluation(made)
    evaluated = made(third)
    if case.options.get("track_running_stats", True):
        found += [made.running_mean.clone(), made.running_var.clone()]
    return [*found, evaluated.detach()]


def dropped(name: str, get: Get, case: Case) -> list[Tensor]:
    """Three times, once with gradients; in evaluation; with all kept, and with none."""
    x = case.tensors[0]
    made = get(name)(p=0.25, **case.options)
    torch.manual_seed(case.seed)
    first = made(x.clone())
    leaf = x.clone().requires_grad_()
    second = made(leaf * 1)
    other = made(x.clone())
    second.sum().backward()
    assert leaf.grad is not None
    to_evaluation(made)
    before = torch.random.get_rng_state()
    evaluated = made(x.clone())
    drew = not torch.equal(before, torch.random.get_rng_state())
    none, every = get(name)(p=0.0)(x.clone()), get(name)(p=1.0)(x.clone())
    flags = not torch.equal(first, other), not drew
    return [second.detach(), leaf.grad, evaluated, none, every, *map(_flag, flags)]


def transformed(name: str, get: Get, case: Case) -> list[Tensor]:
    (x, *_) = case.tensors
    image = x.clone()
    torch.manual_seed(case.seed)
    return [get(name)(**case.options)(image), image]


def chained(name: str, get: Get, case: Case) -> list[Tensor]:
    """Every transform once more, in its place; what is beside an image goes through them, too."""
    (x,) = case.tensors
    made = get(name)((lambda image: image + 1, nn.ReLU(), lambda image: image * 3, nn.ReLU()))
    nested = get(name)([made, lambda image: image.sum()])
    return [made(x), made(x), nested(x), get(name)([lambda image: (image, 2 * image)])(x)[1]]


OPERATIONS: tuple[Callable[[Any, Any], Any], ...] = (
    lambda x, y: x + y,
    lambda x, y: x - y,
    lambda x, y: 2.5 - x,
    lambda x, y: x * y,
    lambda x, y: -x,
    lambda x, y: x / y,
    lambda x, y: 2.5 / y,
    lambda x, y: x**3,
    lambda x, y: y**-1,
    lambda x, y: 2.0**x,
    lambda x, y: y**x,
    lambda x, y: x @ y.T,
    lambda x, y: x.exp(),
    lambda x, y: y.log(),
    lambda x, y: x.relu(),
    lambda x, y: x.sigmoid(),
    lambda x, y: x.tanh(),
    lambda x, y: x.sum(dim=0),
    lambda x, y: x.sum(dim=-1, keepdim=True),
    lambda x, y: x.mean(dim=1),
    lambda x, y: x.mean(),
    lambda x, y: x.reshape(-1),
    lambda x, y: x[1],
    lambda x, y: x * y[0],
    lambda x, y: x + y[:, :1],
    lambda x, y: x * x + x,
    lambda x, y: (x * 700).sigmoid() + (x * 700).tanh(),
    lambda x, y: x.max(),
)


def operations(name: str, get: Get, case: Case) -> list[Tensor]:
    """Each operation that it has, and what it passes back, twice."""
    number = case.options["number"]
    made = [get(name)(x.clone(), requires_grad=True) for x in case.tensors]
    for _ in range(2):
        result = OPERATIONS[number](*made)
        value = plain_numbers(result)
        start = torch.linspace(-1, 2, value.numel(), dtype=value.dtype).reshape(value.shape)
        result.backward(start)
    used = [plain_numbers(x.grad) for x in made if x.grad is not None]
    return [value, *used, *(plain_numbers(x) for x in made)]


def _derivatives(
    y: Tensor, leaf: Tensor, weights: list[Tensor], case: Case, retain: bool = False
) -> list[Tensor]:
    """The first, or both, along some weights."""
    if not case.derivatives:
        return []
    along = (y * weights[0].to(y.dtype)).sum() if weights else y.sum()
    (first,) = torch.autograd.grad(
        along, leaf, create_graph=case.derivatives > 1, retain_graph=retain or None
    )
    if case.derivatives == 1:
        return [first]
    second = torch.zeros_like(leaf)
    if first.requires_grad:
        (found,) = torch.autograd.grad(
            first.square().sum(), leaf, allow_unused=True, retain_graph=retain or None
        )
        second = second if found is None else found
    return [first.detach(), second]


def _flag(is_so: bool) -> Tensor:
    return torch.tensor(float(is_so), dtype=torch.float64)


def program_of(component: str, case: Case) -> Callable[[str, Get, Case], list[Tensor]]:
    """Who computes a case, be it plain or further."""
    return FURTHER[case.use] if case.use else PROGRAMS[component]


FURTHER: dict[str, Callable[[str, Get, Case], list[Tensor]]] = {
    program.__name__: program
    for program in (
        *(function, in_place, two_calls, loss, penalty, filled, filled_parameter),
        *(steps, groups, added, loaded, closure, normalized, dropped, transformed, chained),
        operations,
    )
}


# For which numbers.


def further(component: str, limits: Limits, seed: int) -> list[Case]:
    """Uses inside of the limits, each with what an implementation need not have for it."""
    random = Generator().manual_seed(seed)
    found = []
    for case in _drawn(component, limits, random):
        dtypes = limits.dtypes if IN_ANY_DTYPE in case.needs else limits.dtypes[:1]
        for dtype in dtypes:
            tensors = tuple(x.to(dtype) if x.is_floating_point() else x for x in case.tensors)
            if not any(map(limits.why_not_shape, tensors[:1])) and not limits.why_not(tensors[0]):
                words = f"{case.words}, {str(dtype).removeprefix('torch.')}"
                order = min(case.derivatives, limits.gradients)
                found.append(
                    replace(
                        case, words=words, tensors=tensors, derivatives=order, seed=seed % 2**31
                    )
                )
    return [case for case in found if not limits.without & {*case.needs}]


def _drawn(component: str, limits: Limits, random: Generator) -> Iterator[Case]:
    return DRAWN[component](component, limits, random) if component in DRAWN else iter(())


def _normal(random: Generator, *shape: int, spread: float = 1.0) -> Tensor:
    return torch.randn(shape, generator=random, dtype=torch.float64) * spread


SPECIAL = (
    *(float("nan"), float("inf"), float("-inf"), 0.0, -0.0, 1e-3, -1e-3, 17.0, -17.0, 40.0),
    *(-40.0, 100.0, -100.0, 800.0, -800.0, 30_000.0, -30_000.0, 1e-30, -1e-30),
)

SPECIAL_LOGITS = (float("-inf"), *(x for x in SPECIAL if abs(x) < 1e4))


def _activation(name: str, limits: Limits, random: Generator) -> Iterator[Case]:
    special = torch.tensor(SPECIAL_LOGITS if name == "softmax" else SPECIAL, dtype=torch.float64)
    rows = torch.stack([special.roll(k)[:3] for k in range(len(special))])

    def case(
        words: str, *tensors: Tensor, use: str = "function", order: int = 0, **more: Any
    ) -> Case:
        needs = more.pop("needs", ())
        last = {"dim": tensors[0].ndim - 1} if name == "softmax" else {}
        return Case(words, tensors, {**last, **more}, order, use=use, needs=needs)

    yield case("numbers of all sizes in a row", rows.T.contiguous().flatten()[None])
    yield case("numbers of all sizes", rows)
    yield case("numbers of all sizes, one dimension", special)
    finite = rows[rows.isfinite().all(1) & (rows.abs() < 1e4).all(1)]
    finite = finite[(finite != 0).all(1)]
    yield case("large and small numbers", finite, _normal(random, *finite.shape), order=1)
    x, w = _normal(random, 7, 5, spread=2.0), _normal(random, 7, 5)
    yield case("a transposed matrix", x.T, w.T, order=1, needs=("strided inputs",))
    yield case("a matrix in any dtype", x, needs=(IN_ANY_DTYPE,))
    yield case("a matrix", x, w, order=2, needs=("second derivatives",))
    yield case("one of two calls", x, _normal(random, 3, 4), use="two_calls", order=1)
    for n in (3, 4):
        shape = (2, 3, 5, 4)[:n]
        yield case(
            f"{n} dimensions",
            _normal(random, *shape),
            _normal(random, *shape),
            order=1,
            needs=(f"{n} dimensions",),
        )
    yield case("no rows", x[:0], needs=("empty batches",))
    yield case("a single row", x[:1], w[:1], order=1, needs=("single samples",))
    if name in ("relu", "leaky_relu"):
        yield case("in place", x, w, use="in_place", order=1, needs=("inplace",))
    if name == "leaky_relu":
        yield case("a slope of 0.25", x, w, order=1, negative_slope=0.25)
    if name == "softmax":
        yield case("the first dimension", x, w, order=1, dim=0, needs=("dim of 0",))
        cube = _normal(random, 3, 4, 5)
        yield case(
            "the middle dimension", cube, cube.flip(1), order=1, dim=1, needs=("3 dimensions",)
        )
        yield case("another dtype", x, dtype=torch.float64, needs=("dtype",))


def _loss(name: str, limits: Limits, random: Generator) -> Iterator[Case]:
    x, w = _normal(random, 5, 3, spread=2.0), _normal(random, 5, 3)
    far = _normal(random, 5, 3, spread=300.0)
    target = torch.rand((5, 3), generator=random, dtype=torch.float64)
    if name == "BCELoss":
        x, far = x.sigmoid().clamp(0.1, 0.9), far.sigmoid().clamp(1e-3, 1 - 1e-3)
    classes = torch.randint(3, (5,), generator=random)
    given = classes if name == "CrossEntropyLoss" else target
    along = w[:, 0] if name == "CrossEntropyLoss" else w

    def case(
        words: str,
        x: Tensor,
        target: Tensor,
        *more: Tensor,
        order: int = 1,
        use: str = "loss",
        needs: tuple[str, ...] = (),
        **options: Any,
    ) -> Case:
        return Case(words, (x, target, *more), options, order, use=use, needs=needs)

    for reduction in ("sum", "none"):
        weights = (along,) if reduction == "none" else ()
        yield case(f"by {reduction}", x, given, *weights, reduction=reduction, needs=("reduction",))
    yield case("far numbers", far, given)
    yield case("scores in any dtype", x, given, order=0, needs=(IN_ANY_DTYPE,))
    yield case("far numbers, each", far, given, along, reduction="none", needs=("reduction",))
    yield case("a transposed matrix", x.T.contiguous().T, given, needs=("strided inputs",))
    if name != "BCELoss":  # whose small summands PyTorch's second derivative counts otherwise
        yield case("both derivatives", x, given, order=2, needs=("second derivatives",))
    yield case(
        "no rows, summed", x[:0], given[:0], reduction="sum", needs=("reduction", "empty batches")
    )
    if name in ("BCELoss", "BCEWithLogitsLoss"):
        weight = torch.rand(3, generator=random, dtype=torch.float64)
        yield case("weights", x, target, weight=weight, needs=("weight",))
        certain = (target > 0.5).double()
        ends = certain if name == "BCELoss" else (2 * certain - 1) * 200
        yield case("certain and right or wrong", ends, certain.flip(0), order=0)
    if name == "BCEWithLogitsLoss":
        yield case("positive weights", x, target, pos_weight=1 + 2 * weight, needs=("pos_weight",))
        yield case(
            "both weights",
            far,
            target,
            w,
            pos_weight=1 + 2 * weight,
            weight=weight,
            reduction="none",
            needs=("pos_weight", "weight", "reduction"),
        )
    if name == "CrossEntropyLoss":
        yield from _cross_entropy(case, x, far, classes, random)


def _cross_entropy(
    case: Callable[..., Case], x: Tensor, far: Tensor, classes: Tensor, random: Generator
) -> Iterator[Case]:
    weight = torch.tensor([0.5, 2.0, 0.75], dtype=torch.float64)
    ignored = classes.clone()
    ignored[1] = -100
    every: dict[str, Any] = {"weight": weight, "label_smoothing": 0.25, "ignore_index": -100}
    for count in (1, 2, 3):
        for names in itertools.combinations(every, count):
            options = {name: every[name] for name in names}
            target = ignored if "ignore_index" in names else classes
            yield case(" and ".join(names), far / 20, target, needs=names, **options)
    yield case("an ignored row", x, ignored, needs=("ignore_index",))
    chances = x.flip(0).softmax(1)
    yield case("probabilities", x, chances, needs=("probabilities",))
    options = {"weight": weight, "label_smoothing": 0.25}
    yield case(
        "probabilities with options", x, chances, needs=("probabilities", *options), **options
    )
    places = _normal(random, 2, 3, 4)
    where = torch.randint(3, (2, 4), generator=random)
    yield case("classes by place", places, where, needs=("3 dimensions",))
    yield case("a single row", x[0], classes[0], needs=("1 dimension",))


def _penalty(name: str, limits: Limits, random: Generator) -> Iterator[Case]:
    x, y = _normal(random, 3, 4), _normal(random, 5)
    yield Case(
        "two parameters, both derivatives",
        (x, y),
        {},
        2,
        use="penalty",
        needs=("second derivatives",),
    )
    yield Case("weights of 0", (x * (x > 0), y * 0), {}, use="penalty")
    yield Case("gone through once", (x, y), {"once": True}, use="penalty", needs=("once",))
    yield Case("large and small", (x * 1e6, y * 1e-6), {}, use="penalty")
    yield Case("a transposed one", (x.T, y), {}, use="penalty", needs=("strided inputs",))


def _initializer(name: str, limits: Limits, random: Generator) -> Iterator[Case]:
    x = _normal(random, 90, 140)
    given: dict[str, Any] = {"val": 0.375} if name == "constant_" else {}
    for use in ("filled", "filled_parameter"):
        yield Case(
            "a part of a matrix" if use == "filled" else "a parameter", (x,), given, 0, use=use
        )
    if name == "constant_":
        yield Case("a large number", (x,), {"val": 1e30}, 0, use="filled")
    for options in OF_INITIALIZERS.get(name, ()):
        words = " and ".join(f"{name} of {value}" for name, value in options.items())
        yield Case(words, (x,), options, 0, use="filled", needs=(*options,))
    if name in GROUPS["random_initializer"] and name not in ("normal_", "uniform_"):
        yield Case(
            "a kernel",
            (_normal(random, 20, 50, 3, 2),),
            {},
            0,
            use="filled",
            needs=("4 dimensions",),
        )


OF_INITIALIZERS: dict[str, tuple[dict[str, Any], ...]] = {
    "normal_": ({"mean": -3.0, "std": 0.25}, {"std": 0.0, "mean": 2.0}),
    "uniform_": ({"a": -3.0, "b": 0.5}, {"a": 2.0, "b": 2.0}),
    **dict.fromkeys(("xavier_uniform_", "xavier_normal_"), ({"gain": 0.5}, {"gain": 3.0})),
    **dict.fromkeys(
        ("kaiming_uniform_", "kaiming_normal_"),
        (
            {"mode": "fan_out"},
            {"nonlinearity": "relu"},
            {"nonlinearity": "linear", "mode": "fan_out"},
            {"nonlinearity": "tanh"},
            {"a": 0.75},
            {"a": 0.75, "nonlinearity": "relu"},
        ),
    ),
}


def _optimizer(name: str, limits: Limits, random: Generator) -> Iterator[Case]:
    parameters = _normal(random, 3, 4), _normal(random, 4, 3)
    gradients = [_normal(random, 12) for _ in range(5)]
    gradients[3][::2] = 0
    tensors = (*parameters, *gradients)
    every = {"lr": 0.0625}
    for options in ({}, *OF_OPTIMIZERS[name]):
        words = " and ".join(options) or "no options"
        yield Case(words, tensors, {**every, **options}, 0, use="steps", needs=(*options,))
    widest = {**every, **OF_OPTIMIZERS[name][-1]}
    names = (*OF_OPTIMIZERS[name][-1],)
    yield Case("two groups", tensors, {}, 0, use="groups", needs=("groups", "zero_grad"))
    yield Case("a group that joins", tensors, every, 0, use="added", needs=("add_param_group",))
    saved = ("state_dict", "load_state_dict")
    yield Case("saved and loaded", tensors, every, 0, use="loaded", needs=saved)
    yield Case(
        "saved and loaded, with options", tensors, widest, 0, use="loaded", needs=(*saved, *names)
    )
    yield Case("a closure", tensors, every, 0, use="closure", needs=("closure",))
    strided = tuple(x.T.contiguous().T for x in parameters)
    yield Case(
        "a transposed parameter",
        (*strided, *gradients),
        every,
        0,
        use="steps",
        needs=("strided inputs",),
    )


OF_OPTIMIZERS: dict[str, tuple[dict[str, Any], ...]] = {
    "SGD": (
        {"momentum": 0.75},
        {"weight_decay": 0.25},
        {"momentum": 0.75, "dampening": 0.25},
        {"momentum": 0.75, "nesterov": True},
        {"maximize": True},
        {"maximize": True, "weight_decay": 0.25, "momentum": 0.75, "nesterov": True},
        {"momentum": 0.75, "weight_decay": 0.25},
    ),
    "Adagrad": (
        {"lr_decay": 0.25},
        {"weight_decay": 0.25},
        {"initial_accumulator_value": 0.5},
        {"eps": 0.125},
        {"maximize": True},
        {"lr_decay": 0.25, "weight_decay": 0.25, "initial_accumulator_value": 0.5},
    ),
    "RMSprop": (
        {"momentum": 0.75},
        {"centered": True},
        {"centered": True, "momentum": 0.75},
        {"weight_decay": 0.25},
        {"eps": 0.125},
        {"alpha": 0.5},
        {"maximize": True},
        {"centered": True, "momentum": 0.75, "weight_decay": 0.25, "eps": 0.125},
    ),
    "Adam": (
        {"betas": (0.5, 0.75)},
        {"weight_decay": 0.25},
        {"eps": 0.125},
        {"amsgrad": True, "betas": (0.5, 0.75)},
        {"amsgrad": True, "betas": (0.9, 0.5), "eps": 0.125},
        {"maximize": True},
        {"weight_decay": 0.25, "decoupled_weight_decay": True},
        {"weight_decay": 0.25, "amsgrad": True, "betas": (0.5, 0.25)},
    ),
}


def _batch_norm(name: str, limits: Limits, random: Generator) -> Iterator[Case]:
    shapes = [(6, 3), (5, 3, 4)] if name == "BatchNorm1d" else [(4, 3, 5, 2)]
    every: tuple[dict[str, Any], ...] = (
        {},
        {"eps": 0.5},
        {"momentum": 0.5},
        {"momentum": None},
        {"affine": False},
        {"track_running_stats": False},
        {"eps": 0.5, "momentum": 0.25, "affine": False},
    )
    for shape, options in itertools.product(shapes, every):
        batches = [_normal(random, *shape, spread=3.0) + k for k in range(3)]
        learned = _normal(random, 3), _normal(random, 3)
        needs = (*options, f"{len(shape)} dimensions")
        words = f"{len(shape)} dimensions, {options}"
        tensors = (*batches, *learned, _normal(random, *shape))
        yield Case(words, tensors, options, 1, use="normalized", needs=needs)
    second = (*needs, "second derivatives")
    yield Case("both derivatives", tensors, {}, 2, use="normalized", needs=second)
    strided = tuple(x.transpose(0, -1).contiguous().transpose(0, -1) for x in batches)
    yield Case(
        "strided batches",
        (*strided, *tensors[3:]),
        {},
        1,
        use="normalized",
        needs=("strided inputs",),
    )
    away = tuple(x + 100 for x in batches)
    yield Case("a large mean", (*away, *tensors[3:]), {}, 1, use="normalized", needs=("float32",))


def _dropout(name: str, limits: Limits, random: Generator) -> Iterator[Case]:
    shape = (70, 50, 2, 2) if name == "Dropout2d" else (70, 50)
    yield Case("several calls", (_normal(random, *shape),), {}, 0, use="dropped")
    yield Case(
        "in place",
        (_normal(random, *shape),),
        {"inplace": True},
        0,
        use="dropped",
        needs=("inplace",),
    )


def _transform(name: str, limits: Limits, random: Generator) -> Iterator[Case]:
    image = torch.rand((3, 7, 5), generator=random, dtype=torch.float64)
    for options in OF_TRANSFORMS.get(name, ()):
        words = " and ".join(f"{name} of {value}" for name, value in options.items())
        yield Case(words, (image,), options, 0, use="transformed", needs=(*options,))
        batch = torch.rand((2, 3, 7, 5), generator=random, dtype=torch.float64)
        yield Case(
            f"a batch, {words}",
            (batch,),
            options,
            0,
            use="transformed",
            needs=(*options, "4 dimensions"),
        )
    if name == "Compose":
        yield Case("nested", (image,), {}, 0, use="chained", needs=("a tuple of transforms",))


OF_TRANSFORMS: dict[str, tuple[dict[str, Any], ...]] = {
    "RandomHorizontalFlip": ({"p": 1.0}, {"p": 0.0}),
    "RandomCrop": (
        {"size": 7, "padding": (1, 0)},
        {"size": (7, 9), "padding": (2, 0), "fill": 0.5},
        {"size": (9, 7), "padding": 1, "padding_mode": "reflect"},
        {"size": (9, 7), "padding": 1, "padding_mode": "edge"},
        {"size": (9, 7), "padding": [0, 1, 2, 1], "padding_mode": "symmetric"},
    ),
    "RandomRotation": (
        {"degrees": (90, 90), "expand": True},
        {"degrees": (33, 33)},
        {"degrees": (-71, -71), "fill": 0.5},
        {"degrees": (33, 33), "center": (1, 2)},
        {"degrees": (33, 33), "expand": True},
    ),
    "ColorJitter": (
        {"contrast": (0.5, 0.5)},
        {"contrast": (1.5, 1.5)},
        {"saturation": (0.5, 0.5)},
        {"saturation": (1.75, 1.75)},
        {"hue": (0.25, 0.25)},
        {"hue": (-0.125, -0.125)},
        {"brightness": (1.5, 1.5)},
    ),
    "Normalize": ({"mean": [0.1, 0.2, 0.3], "std": [0.5, 0.25, 1e-4]},),
}


def _variable(name: str, limits: Limits, random: Generator) -> Iterator[Case]:
    x, y = _normal(random, 3, 2), _normal(random, 3, 2).abs() + 0.25
    for number in range(len(OPERATIONS)):
        needs = (f"operation {number}",)
        yield Case(f"operation {number}", (x, y), {"number": number}, use="operations", needs=needs)


DRAWN: dict[str, Callable[[str, Limits, Generator], Iterator[Case]]] = {
    **dict.fromkeys(COMPONENTS["activations"], _activation),
    **dict.fromkeys(COMPONENTS["losses"], _loss),
    **dict.fromkeys(GROUPS["penalty"], _penalty),
    **dict.fromkeys(COMPONENTS["initialization"], _initializer),
    **dict.fromkeys(GROUPS["optimizer"], _optimizer),
    **dict.fromkeys(COMPONENTS["normalization"], _batch_norm),
    **dict.fromkeys(GROUPS["dropout"], _dropout),
    **dict.fromkeys((*GROUPS["transform"], "Compose"), _transform),
    "Variable": _variable,
}
