"""The other half: who writes checkpoints, and who reads them, may agree on any format."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.subjects import Judged


@pytest.fixture(scope="session")
def reader(judged: Judged) -> Callable[..., Any] | None:
    """The subject's own load_checkpoint, or None: then the file is read as documented."""
    return judged.subject.component("load_checkpoint")


@pytest.fixture(scope="session")
def writer(judged: Judged) -> Callable[..., Any] | None:
    """The subject's own save_checkpoint, or None: then the file is written as documented."""
    return judged.subject.component("save_checkpoint")
