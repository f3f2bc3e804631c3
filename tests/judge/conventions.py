"""Where libraries differ on purpose: the same component under another convention than PyTorch's.

Whoever follows one is no more wrong than somebody who writes from right to left, but the claims
are written for PyTorch's. So each convention has a translation: a subject that follows it behaves
like PyTorch's once it is wrapped, and all claims are then asked as ever. A subject that is refused
and holds with a translation is told which, and `--convention NAME` accepts it.
"""

import contextlib
import functools
import itertools
import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

Function = Callable[..., Any]
Changed = Callable[[Any], contextlib.AbstractContextManager[None]]


@dataclass(frozen=True)
class Convention:
    """One way to mean the same.

    Args:
        name: as it is asked for.
        components: whose it is.
        says: what is so under it, in a sentence that goes on from the component's name.
        zh: the same in Chinese.
        who: libraries and papers that do it so.
        translated: from this convention to PyTorch's.
    """

    name: str
    components: tuple[str, ...]
    says: str
    zh: str
    who: str
    translated: Callable[[Function], Function]


def adapted(function: Function, component: str, names: tuple[str, ...]) -> Function:
    """A component behind the translations of those conventions that are its own."""
    own = tuple(name for name in CONVENTIONS if name in names)
    own = tuple(name for name in own if component in CONVENTIONS[name].components)
    return _adapted(function, own) if own else function


@functools.cache  # one and the same, also for who asks whether two are
def _adapted(function: Function, names: tuple[str, ...]) -> Function:
    for name in names:
        function = CONVENTIONS[name].translated(function)
    return function


def chosen(conventions: Mapping[str, str | Collection[str]]) -> dict[str, tuple[str, ...]]:
    """By component the names of its conventions, of which one may be given without a list.

    Raises:
        ValueError: a component has no convention of that name.
    """
    found = {
        c: (names,) if isinstance(names, str) else (*names,) for c, names in conventions.items()
    }
    for component, names in found.items():
        own = {c.name: c.says for c in CONVENTIONS.values() if component in c.components}
        unknown = [name for name in names if name not in own]
        if unknown:
            known = "".join(f"\n  {name}: {says}" for name, says in own.items()) or " none"
            raise ValueError(
                f"conventions of {component} must be among{known}\ngot {', '.join(unknown)}"
            )
    return found


def of_each(names: Collection[str]) -> dict[str, list[str]]:
    """Of these conventions, by component, its own."""
    own = [CONVENTIONS[name] for name in names]
    return {c: [o.name for o in own if c in o.components] for each in own for c in each.components}


def sets_of(component: str) -> Iterator[tuple[str, ...]]:
    """The conventions of a component, alone and in pairs."""
    own = [c.name for c in CONVENTIONS.values() if component in c.components]
    yield from itertools.chain(itertools.combinations(own, 1), itertools.combinations(own, 2))


def _like(made: Any, **names: Any) -> Any:
    """A class below that of a subject, with its name and place."""
    place = {"__module__": made.__module__, "__qualname__": made.__qualname__}
    return type(made.__name__, (made,), {**place, "__doc__": made.__doc__, **names})


def _calling(made: Any, call: Function) -> Any:
    """A class whose calls go through `call(self, plain, input, ...)`."""
    if not isinstance(made, type):
        return made
    name = "forward" if issubclass(made, nn.Module) else "__call__"
    plain: Function = getattr(made, name)

    @functools.wraps(plain)
    def through(self: Any, *inputs: Any) -> Any:
        return call(self, functools.partial(plain, self), *inputs)

    return _like(made, **{name: through})


def _stepping(change: Changed) -> Callable[[Any], Any]:
    """An optimizer whose steps are taken while something is changed."""

    def translated(made: Any) -> Any:
        if not isinstance(made, type):
            return made
        plain: Function = made.step  # type: ignore[attr-defined]  # as every optimizer has

        def step(self: Any, closure: Any = None) -> Any:
            loss = None
            if closure is not None:
                with torch.enable_grad():
                    loss = closure()
            with torch.no_grad(), change(self):
                plain(self)
            return loss

        return _like(made, step=step)

    return translated


@contextlib.contextmanager
def _with_settings(
    made: Any, changed: Callable[[dict[str, Any]], dict[str, Any]]
) -> Iterator[None]:
    """For one step the groups have other settings."""
    before = [{**group} for group in made.param_groups]
    for group in made.param_groups:
        group.update(changed(group))
    try:
        yield
    finally:
        for group, own in zip(made.param_groups, before, strict=True):
            group.update({name: own[name] for name in changed(own)})


def _averaged(made: Any) -> contextlib.AbstractContextManager[None]:
    return _with_settings(made, lambda g: {"lr": g["lr"] / (1 - g.get("momentum", 0))})


def _moving(made: Any) -> list[tuple[dict[str, Any], Tensor, Tensor]]:
    """The parameters that a step moves, each with its group and where it was."""
    pairs = [(group, p) for group in made.param_groups for p in group["params"]]
    return [(group, p, p.clone()) for group, p in pairs if p.grad is not None]


@contextlib.contextmanager
def _rate_outside(made: Any) -> Iterator[None]:
    """A step at the rate 1, of which the rate is taken afterwards."""
    moving = [(group["lr"], p, before) for group, p, before in _moving(made)]
    with _with_settings(made, lambda g: {"lr": g["lr"] / g["lr"] if g["lr"] else 1.0}):
        yield
    for rate, p, before in moving:
        p.copy_(before + rate * (p - before))


@contextlib.contextmanager
def _decay_coupled(made: Any) -> Iterator[None]:
    """The decay joins the gradient; what the optimizer takes off besides is put back."""
    moving = [(group, p, b) for group, p, b in _moving(made) if group.get("weight_decay")]
    gradients, lent = [p.grad for _, p, _ in moving], []
    for group, p, before in moving:
        sign = -1 if group.get("maximize") else 1
        coupled: Tensor = p.grad + sign * group["weight_decay"] * before
        p.grad = coupled
        lent.append((coupled, coupled._version))
    yield
    for (group, p, before), gradient, one in zip(moving, gradients, lent, strict=True):
        p.add_(group["lr"] * group["weight_decay"] * before)
        coupled, version = one
        if (
            p.grad is coupled and coupled._version == version
        ):  # else a claim shall see who writes there
            p.grad = gradient


def _eps_of_the_corrected(made: Any) -> Any:
    """Each parameter by itself, with the eps that is due after so many steps of its own."""
    plain: Function = made.step

    def step(self: Any, closure: Any = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        groups = self.param_groups
        for group in groups:
            params, eps = group["params"], group["eps"]
            for p in [p for p in params if p.grad is not None]:
                count = 1 + int(self.state.get(p, {}).get("step", 0))
                group["params"] = [p]
                group["eps"] = eps * math.sqrt(1 - group["betas"][1] ** count)
                self.param_groups = [group]
                plain(self)
            group["params"], group["eps"] = params, eps
        self.param_groups = groups
        return loss

    return _like(made, step=step) if isinstance(made, type) else made


def _complement(name: str, place: int, default: float) -> Callable[[Any], Any]:
    """A layer that means 1 less this setting by it, when it is made and when it is called."""

    def translated(made: Any) -> Any:
        if not isinstance(made, type):
            return made
        plain: Function = made.__init__  # type: ignore[misc]  # the subject's own

        @functools.wraps(plain)
        def begin(self: Any, *arguments: Any, **options: Any) -> None:
            given = [*arguments]
            told = given[place] if len(given) > place else options.get(name, default)
            other = told if told is None else 1 - told
            if len(given) > place:
                given[place] = other
            else:
                options[name] = other
            plain(self, *given, **options)
            if getattr(self, name, None) == other:  # from outside it is as it was told
                setattr(self, name, told)

        def call(self: Any, plain: Function, *inputs: Any) -> Any:
            told = getattr(self, name, None)
            if told is None:
                return plain(*inputs)
            setattr(self, name, 1 - told)
            try:
                return plain(*inputs)
            finally:
                setattr(self, name, told)

        return _like(_calling(made, call), __init__=begin)

    return translated


def _unbiased(made: Any) -> Any:
    def call(self: Any, plain: Function, x: Tensor) -> Any:
        kept = getattr(self, "running_var", None)
        before = None if kept is None else kept.clone()
        result = plain(x)
        count = x.numel() // x.shape[1] if x.ndim > 1 and x.shape[1] else 0
        if before is not None and self.training and count > 1:
            share = self.momentum
            share = 1 / int(self.num_batches_tracked) if share is None else share
            newest = self.running_var - (1 - share) * before
            with torch.no_grad():
                self.running_var.add_(newest / (count - 1))
        return result

    return _calling(made, call)


def _scaled_in_training(made: Any) -> Any:
    def call(self: Any, plain: Function, x: Tensor) -> Any:
        result = plain(x)
        if not self.training:  # what was multiplied does not come back bit for bit
            due = torch.allclose(result, x * (1 - self.p), rtol=1e-2, atol=0, equal_nan=True)
            return x if due else result / (1 - self.p)
        if self.p == 1:
            return result
        return result.div_(1 - self.p) if result is x else result / (1 - self.p)

    return _calling(made, call)


def _by_axis(function: Function) -> Function:
    def softmax(input: Tensor, dim: int) -> Any:
        return function(input, axis=dim)

    return softmax


def _doubled(made: Any) -> Any:
    return _calling(made, lambda self, plain, *inputs: 2 * plain(*inputs))


def _over_the_elements(made: Any) -> Any:
    def call(self: Any, plain: Function, x: Tensor, *others: Any) -> Any:
        result = plain(x, *others)
        is_mean = getattr(self, "reduction", "mean") == "mean"
        return result * len(x) / x.numel() if is_mean and x.ndim > 1 and x.numel() else result

    return _calling(made, call)


def _told_unless(name: str, value: Any) -> Callable[[Any], Any]:
    """Another default of an option, told where nobody tells one."""

    def translated(made: Any) -> Any:
        if isinstance(made, type):
            plain: Function = made.__init__  # type: ignore[misc]  # the subject's own

            @functools.wraps(plain)
            def begin(self: Any, *arguments: Any, **options: Any) -> None:
                plain(self, *arguments, **{name: value, **options})

            return _like(made, __init__=begin)

        @functools.wraps(made)
        def function(*arguments: Any, **options: Any) -> Any:
            positional = len(arguments) > 2  # tensor, a, mode
            return made(*arguments, **options if positional else {name: value, **options})

        return function

    return translated


def _of_one_fan(function: Function) -> Function:
    @functools.wraps(function)
    def initializer(
        tensor: Tensor, a: float = 0, mode: str = "fan_in", *more: Any, **also: Any
    ) -> Any:
        function(tensor, a, mode, *more, **also)
        outputs, inputs = tensor.shape[:2]
        fan = inputs if mode == "fan_in" else outputs
        with torch.no_grad():
            return tensor.mul_(math.sqrt((outputs + inputs) / 2 / fan)) if fan else tensor

    return initializer


def _outputs_first(function: Function) -> Function:
    @functools.wraps(function)
    def initializer(tensor: Tensor, *arguments: Any, **options: Any) -> Tensor:
        order = [*range(2, tensor.ndim), 1, 0] if tensor.ndim > 1 else [0]
        function(
            tensor.detach().permute(order) if tensor.ndim > 1 else tensor, *arguments, **options
        )
        return tensor

    return initializer


KAIMING = ("kaiming_uniform_", "kaiming_normal_")
FANS = ("xavier_uniform_", "xavier_normal_", *KAIMING)
CONVENTIONS = {
    convention.name: convention
    for convention in (
        Convention(
            "axis",
            ("softmax",),
            "takes its dimension as axis, by default the last",
            "以 axis 指定维度，默认是最后一维",
            "Keras, JAX",
            _by_axis,
        ),
        Convention(
            "momentum-as-average",
            ("SGD",),
            "averages the gradients: v = m v + (1 - m) g",
            "对梯度取平均：v = m v + (1 - m) g",
            "Ng's course on deep learning",
            _stepping(_averaged),
        ),
        Convention(
            "rate-in-the-velocity",
            ("SGD", "RMSprop"),
            "keeps the learning rate in the velocity: v = m v + lr g, p = p - v",
            "把学习率放进速度里：v = m v + lr g, p = p - v",
            "Keras, Caffe; Sutskever et al. 2013",
            _stepping(_rate_outside),
        ),
        Convention(
            "decoupled-decay",
            ("SGD", "Adam"),
            "shrinks the weights by lr * weight_decay apart from the gradient",
            "权重衰减与梯度分开：权重另乘 1 - lr * weight_decay",
            "AdamW and SGDW of Loshchilov and Hutter 2019; optax.adamw, Keras weight_decay",
            _stepping(_decay_coupled),
        ),
        Convention(
            "eps-before-the-correction",
            ("Adam",),
            "adds eps to the second moment's root before that is corrected (epsilon hat)",
            "先加 eps，再对二阶矩作偏差修正（epsilon hat）",
            "TensorFlow and Keras; Kingma and Ba 2015, end of section 2",
            _eps_of_the_corrected,
        ),
        Convention(
            "momentum-of-the-old",
            ("BatchNorm1d", "BatchNorm2d"),
            "takes momentum as the weight of the old average",
            "momentum 是旧平均值的权重",
            "Keras and flax (0.99), Caffe (moving_average_fraction)",
            _complement("momentum", 2, 0.1),
        ),
        Convention(
            "biased-running-variance",
            ("BatchNorm1d", "BatchNorm2d"),
            "averages the biased variance",
            "对有偏方差取滑动平均",
            "Keras, flax",
            _unbiased,
        ),
        Convention(
            "p-is-kept",
            ("Dropout", "Dropout2d"),
            "takes p as the probability of being kept",
            "p 是保留的概率",
            "TensorFlow 1 (keep_prob); Srivastava et al. 2014",
            _complement("p", 0, 0.5),
        ),
        Convention(
            "scaled-in-evaluation",
            ("Dropout", "Dropout2d"),
            "multiplies by 1 - p in evaluation, and scales nothing in training",
            "在评估时乘以 1 - p，训练时不缩放",
            "Srivastava et al. 2014; Lua Torch's nn.Dropout(p, true)",
            _scaled_in_training,
        ),
        Convention(
            "half-the-square",
            ("MSELoss",),
            "halves the squared errors",
            "平方误差取一半",
            "Caffe (EuclideanLoss), optax.l2_loss",
            _doubled,
        ),
        Convention(
            "mean-over-the-samples",
            ("MSELoss", "L1Loss"),
            "adds up the errors of a sample, and averages over the samples",
            "样本内求和，样本间取平均",
            "Caffe (EuclideanLoss)",
            _over_the_elements,
        ),
        Convention(
            "sum-by-default",
            ("MSELoss", "L1Loss", "CrossEntropyLoss", "BCELoss", "BCEWithLogitsLoss"),
            "adds the losses up unless it is told otherwise",
            "默认对各项损失求和",
            "Lua Torch with sizeAverage = false",
            _told_unless("reduction", "mean"),
        ),
        Convention(
            "fan-out-by-default",
            KAIMING,
            "divides by fan_out unless it is told otherwise",
            "默认除以 fan_out",
            "fvcore (c2_msra_fill)",
            _told_unless("mode", "fan_in"),
        ),
        Convention(
            "average-fan",
            KAIMING,
            "divides by the average of both fans, whatever mode is",
            "除以两个 fan 的平均值",
            "MXNet (MSRAPrelu with factor_type avg)",
            _of_one_fan,
        ),
        Convention(
            "inputs-first",
            FANS,
            "takes the last two dimensions of a weight for inputs and outputs",
            "权重的最后两维是输入和输出",
            "Keras, flax",
            _outputs_first,
        ),
    )
}
