"""What happens to a model that is saved as an object: 7.2.1.

Pickle does not store a class, only the name of its module and its own. The file is good for as
long as both stay where they were, it follows every change of the code, and to load it is to run
what it says. A state_dict has none of these faults.
"""

import contextlib
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from sums_to_one.tests.checkpoints.saved import assert_same, folder, refusal, saved_model, written

SOURCE = """
import torch

class Net(torch.nn.Linear):
    def __init__(self):
        super().__init__(3, 2)

    def forward(self, x):
        return super().forward(x)
"""


@contextlib.contextmanager
def project() -> Iterator[Path]:
    """A folder of modules that can be imported, one of them `shop`, with the class `Net`."""
    with folder() as here:
        (here / "shop.py").write_text(SOURCE)
        sys.path.insert(0, str(here))
        before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
        try:
            yield here
        finally:
            sys.path.remove(str(here))
            sys.dont_write_bytecode = before
            _forget()


def _forget() -> None:
    for name in ("shop", "store"):
        sys.modules.pop(name, None)
    importlib.invalidate_caches()


def made(module: str, name: str = "Net") -> nn.Module:
    """A model of the class as it is now in the file of the module."""
    _forget()
    model: nn.Module = getattr(importlib.import_module(module), name)()
    return model


def load_whole(path: Path) -> Any:
    return torch.load(path, weights_only=False)


CHANGES: dict[str, tuple[str, str, Callable[[Path], Any]]] = {
    "the module moved": ("store", "Net", lambda here: (here / "shop.py").rename(here / "store.py")),
    "the class renamed": (
        "shop",
        "Network",
        lambda here: (here / "shop.py").write_text(SOURCE.replace("class Net", "class Network")),
    ),
}


@pytest.mark.claim("7.2.1")
def test_a_whole_model_is_lost_when_its_class_moves_or_is_renamed():
    for module, name, change in CHANGES.values():
        with project() as here:
            torch.save(made("shop"), here / "whole.pt")
            assert isinstance(load_whole(here / "whole.pt"), nn.Linear)
            change(here)
            made(module, name)
            words = refusal(load_whole, here / "whole.pt")
            assert words.startswith(("ModuleNotFoundError", "AttributeError")), words


@pytest.mark.claim("7.2.1", "7.1.2")
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_saved_state_outlives_the_class(save_checkpoint, reader, change):
    module, name, change = change
    with project() as here:
        model = made("shop")
        save_checkpoint(here / "model.pt", model)
        change(here)
        found = saved_model(here / "model.pt", made(module, name), reader)
        assert_same("in the new class", found, model.state_dict())


@pytest.mark.claim("7.2.1", "7.1.2")
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_state_is_loaded_into_the_class_where_it_is_now(load_checkpoint, writer, change):
    module, name, change = change
    with project() as here:
        model = made("shop")
        path = written(here / "model.pt", model, writer=writer)
        change(here)
        other = made(module, name)
        load_checkpoint(path, other)
        assert_same("in the new class", other.state_dict(), model.state_dict())


@pytest.mark.claim("7.2.1")
def test_a_whole_model_follows_the_code_and_not_what_was_saved():
    with project() as here:
        model, x = made("shop"), torch.ones(1, 3)
        torch.save(model, here / "whole.pt")
        was = model(x)
        (here / "shop.py").write_text(SOURCE.replace("forward(x)", "forward(x) + 1"))
        _forget()
        assert torch.equal(load_whole(here / "whole.pt")(x), was + 1), "no error, other outputs"


@pytest.mark.claim("7.2.1")
def test_by_default_pytorch_refuses_it_even_while_the_class_is_there():
    with project() as here:
        torch.save(made("shop"), here / "whole.pt")
        assert "shop.Net" in refusal(torch.load, here / "whole.pt")


class Touch:
    """Whoever unpickles it makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


@pytest.mark.claim("7.2.1")
def test_to_load_a_whole_model_is_to_run_what_the_file_says():
    with folder() as here:
        torch.save({"weight": Touch(here / "touched")}, here / "whole.pt")
        refusal(torch.load, here / "whole.pt")
        assert not (here / "touched").exists()
        load_whole(here / "whole.pt")
        assert (here / "touched").is_dir(), "weights_only=False has run it"
