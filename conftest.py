"""Our profiles of Hypothesis, "suite" and "explore"; all else is in `tests/judge`."""

import pytest
import torch

import sums_to_one.tests.judge.profiles  # noqa: F401 - registers them


@pytest.fixture(scope="session", autouse=True)
def every_warning_is_given_every_time() -> None:
    """Or what PyTorch warns of once a process would refuse only whoever comes first."""
    torch.set_warn_always(True)
