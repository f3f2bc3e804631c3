"""Whether a component does the work itself, or leaves it to a library's component of that name.

Seen while it runs, whatever it is called there and however it was found: by the operations that
reach PyTorch's core, and by the Python functions that are entered, in whichever thread.
"""

import resource
import sys
import sysconfig
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from types import FrameType

import torch
from torch._C._profiler import _ExperimentalConfig

from sums_to_one.cifar.modules import ROOT
from sums_to_one.tests.common.profiling import profile
from sums_to_one.tests.judge.components import COMPONENTS, GROUPS

LIBRARIES = Path(sysconfig.get_paths()["purelib"])
RELATIVES = ("leaky_relu", "_prelu_kernel", "rrelu", "elu", "celu")  # which differ by a constant
# Operations of PyTorch's core that do all of the work, by the beginning of their names.
OPERATIONS = {
    "sigmoid": ("sigmoid", "silu", "glu"),
    "tanh": ("tanh",),
    "relu": ("relu", "threshold", "hardtanh", *RELATIVES),
    "leaky_relu": RELATIVES,
    "softmax": (
        *("_softmax", "_log_softmax", "_safe_softmax", "_sparse_softmax"),
        *("_scaled_dot_product", "scaled_dot_product"),  # the weights of attention are one
    ),
    "L1Loss": ("l1_loss", "smooth_l1_loss", "huber_loss"),
    "MSELoss": ("mse_loss", "huber_loss"),
    "CrossEntropyLoss": ("nll_loss", "cross_entropy_loss", "kl_div"),
    "BCELoss": ("binary_cross_entropy",),
    "BCEWithLogitsLoss": ("binary_cross_entropy", "soft_margin_loss"),
    **dict.fromkeys(GROUPS["optimizer"], ("_fused_", "_foreach_adam", "_single_")),
    **dict.fromkeys(
        GROUPS["dropout"], ("dropout", "native_dropout", "feature_dropout", "alpha_dropout")
    ),
    **dict.fromkeys(
        GROUPS["batch_norm"],
        (
            "native_batch_norm",
            "_native_batch_norm",
            "cudnn_batch_norm",
            "_batch_norm",
            "batch_norm",
        ),
    ),
}
# Python files of libraries, by chapter, whose functions do all of the work; of
# those that have building blocks, too, the functions that FUNCTIONAL names.
FILES: dict[str, tuple[str, ...]] = {
    "initialization": ("torch/nn/init.py",),
    "losses": ("torch/nn/modules/loss.py",),
    "activations": ("torch/nn/modules/activation.py",),
    "normalization": ("torch/nn/modules/batchnorm.py", "torch/nn/modules/instancenorm.py"),
    "optimization": tuple(
        f"torch/{place}"
        for place in (
            *("optim/sgd", "optim/adam", "optim/adagrad", "optim/rmsprop", "optim/nadam"),
            *("optim/radam", "optim/_functional", "distributed/optim/"),
        )
    ),
    "regularization": ("torch/nn/modules/dropout.py", "torchvision/transforms/"),
    "checkpoints": (),
    "Variable": ("torch/autograd/__init__.py", "torch/autograd/graph.py"),
}
FUNCTIONAL = {
    **{name: (name, f"{name}_") for name in COMPONENTS["activations"]},
    "L1Loss": ("l1_loss", "smooth_l1_loss"),
    "MSELoss": ("mse_loss", "gaussian_nll_loss"),
    "CrossEntropyLoss": ("cross_entropy", "nll_loss", "nll_loss_forward"),
    "BCELoss": ("binary_cross_entropy",),
    "BCEWithLogitsLoss": ("binary_cross_entropy_with_logits", "binary_cross_entropy"),
    **dict.fromkeys(GROUPS["dropout"], ("dropout", "dropout2d", "feature_alpha_dropout")),
    **dict.fromkeys(GROUPS["batch_norm"], ("batch_norm", "instance_norm")),
}
THE_LAST = "special_entr"  # which the watched process calls itself: was it watched to the end?
IN_PART = ("torch/nn/functional.py", "torch/_refs/", "torch/_decomp/")
HELPERS = ("_calculate_fan_in_and_fan_out", "_calculate_correct_fan", "calculate_gain")
OTHERS = ("scipy/special", "scipy/stats", "sklearn", "jax", "keras", "tensorflow")


def seen(
    component: str, run: Callable[[], object], ours: Collection[str] | None = None
) -> list[str]:
    """What a component leaves to others while it runs, by its name there; PyTorch's core first.

    Where its own code ends the watching, or asks where nobody watches, that is what is told.

    Args:
        component: its name.
        run: calls it.
        ours: processes below this one that it has not started; by default all that there are.
    """
    chapter = next(c for c, names in COMPONENTS.items() if component in names)
    found: set[str] = set()
    operations = tuple(f"aten::{name}" for name in OPERATIONS.get(component, ()))

    def entered(frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            name = _library_function(frame, component, chapter)
            if name:
                found.add(name)

    used = _used_by_ended()
    known = _processes() if ours is None else {*ours}
    # The profiler, and no TorchDispatchMode: that one imports the compiler, which takes seconds.
    with profile(experimental_config=_ExperimentalConfig(profile_all_threads=True)) as watch:
        threading.setprofile(entered)
        sys.setprofile(entered)
        try:
            run()
            is_watched = sys.getprofile() is entered
            torch.special.entr(torch.ones(()))
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
    # As it was recorded; to look through it event by event takes a hundred times as long.
    recorded = watch.kineto_results
    names = {event.name() for event in recorded.events()} if recorded else set()
    found |= {n for n in names if n.startswith(operations) and "backward" not in n}
    if not (is_watched and f"aten::{THE_LAST}" in names):
        found.add("nobody can say: it ended the watching")
    if _used_by_ended() != used or _processes() - known:
        found.add("nobody can say: it asks another process")
    return sorted(found)


def _processes() -> set[str]:
    """Those that this one has started and that are at work, where the system tells that."""
    files = Path("/proc/self/task").glob("*/children")
    return {name for file in files for name in file.read_text().split()}


def _used_by_ended() -> float:
    """What those took that have ended; it grows with each."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime + used.ru_minflt


def _library_function(frame: FrameType, component: str, chapter: str) -> str | None:
    """The name of a function that does all of the work, or None."""
    path, function = Path(frame.f_code.co_filename), frame.f_code.co_name
    if path.is_relative_to(ROOT / "concepts"):
        return f"sums_to_one.concepts: {function}"
    if not path.is_relative_to(LIBRARIES):
        return None
    file = path.relative_to(LIBRARIES).as_posix()
    work = (*FILES[chapter], *FILES.get(component, ()), *OTHERS)
    whole = file.startswith(work) and function not in HELPERS
    names = FUNCTIONAL.get(component, ())
    part = file.startswith(IN_PART) and function.removeprefix("_") in names
    return f"{file}: {function}" if whole or part else None
