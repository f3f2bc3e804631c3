"""How all tests are run; how claims judge a subject stands in `tests/judge`."""

import os

import pytest
import torch

import sums_to_one.tests.judge.profiles  # noqa: F401 - registers them


@pytest.fixture(scope="session", autouse=True)
def every_warning_is_given_every_time() -> None:
    """Or what PyTorch warns of once a process would refuse only whoever comes first."""
    torch.set_warn_always(True)


def pytest_xdist_auto_num_workers() -> int:
    """One more than the cores: some tests wait for what they have started."""
    has = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if has else os.cpu_count() or 1
    return cores + 1
