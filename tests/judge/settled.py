"""What a claim finds around it: the same settings of torch and Hypothesis wherever it is asked."""

import contextlib
import logging
import warnings
from collections.abc import Iterator
from contextlib import nullcontext

import hypothesis
import torch

import sums_to_one.tests.judge.profiles  # noqa: F401 - registers "suite"
from sums_to_one.tests.judge.compiling import limits_of_compiling


@contextlib.contextmanager
def in_our_surroundings(device: str = "cpu", profile: str = "suite") -> Iterator[None]:
    """A claim is asked with our settings whatever those around it are, which then are back.

    Args:
        device: where tensors are made.
        profile: of Hypothesis.
    """
    dtype, recording = torch.get_default_dtype(), torch.is_grad_enabled()
    threads, before = torch.get_num_threads(), hypothesis.settings.get_current_profile_name()
    trace = logging.getLogger(
        "torch.__trace"
    )  # hundreds of lines below a refusal, most of them empty
    traced, trace.propagate = trace.propagate, False
    elsewhere = torch.device(device) != torch.get_default_device()  # such a mode costs time
    with (
        torch.device(device) if elsewhere else nullcontext(),
        torch.random.fork_rng(devices=[]),
        limits_of_compiling(),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # a subject may warn of anything
        hypothesis.settings.load_profile(profile)
        torch.set_default_dtype(torch.float32)
        torch.set_grad_enabled(True)
        torch.set_num_threads(1)
        try:
            yield
        finally:
            trace.propagate = traced
            hypothesis.settings.load_profile(before)
            torch.set_default_dtype(dtype)
            torch.set_grad_enabled(recording)
            torch.set_num_threads(threads)
