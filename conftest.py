"""How all tests are run; how claims judge a subject stands in `tests/judge`."""

import os
from collections.abc import Generator

import pytest
import torch

import sums_to_one.tests.judge.profiles  # noqa: F401 - registers them

# What starts the judge anew, and waits for it.
WAITING = ("test_attacks.py", "test_ways.py", "test_wheel.py", "test_kills.py", "test_subjects.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those first, or the last worker would be left with them."""
    items.sort(key=lambda item: item.path.name not in WAITING)


@pytest.fixture(scope="session", autouse=True)
def every_warning_is_given_every_time() -> None:
    """Or what PyTorch warns of once a process would refuse only whoever comes first."""
    torch.set_warn_always(True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None]:
    """Who leaves another default dtype behind fails itself, and not whoever comes next."""
    yield
    changed = torch.get_default_dtype() != torch.float32
    torch.set_default_dtype(torch.float32)
    assert not changed, "the test has left another default dtype behind"


def pytest_xdist_auto_num_workers() -> int:
    """One more than the cores: some tests wait for what they have started."""
    has = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if has else os.cpu_count() or 1
    return cores + 1
