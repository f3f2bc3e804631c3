"""What happens to a model that is saved as an object: 7.2.1.

Pickle does not store a class, only the name of its module and its own. The file is good for as
long as both stay where they were, it follows every change of the code, and to load it is to run
what it says. A state_dict has none of these faults.
"""

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import nn

from sums_to_one.tests.checkpoints.saved import (
    Touch,
    assert_same_bits,
    refusal,
    saved_model,
    written,
)

SOURCE = """
import torch

class Net(torch.nn.Linear):
    def __init__(self):
        super().__init__(3, 2)

    def forward(self, x):
        return super().forward(x)
"""


@contextlib.contextmanager
def imported(folder: Path) -> Iterator[dict[str, Any]]:
    """The modules of a folder as they are now, imported: whoever asks for their names gets them."""
    modules = {file.stem: ModuleType(file.stem) for file in folder.glob("*.py")}
    for name, module in modules.items():
        exec((folder / f"{name}.py").read_text(), vars(module))
    sys.modules.update(modules)
    try:
        yield modules
    finally:
        for name in modules:
            del sys.modules[name]


def shop(here: Path, source: str = SOURCE) -> None:
    """Write a module `shop` with the class `Net`."""
    (here / "shop.py").write_text(source)


def load_whole(path: Path) -> Any:
    return torch.load(path, weights_only=False)


@pytest.mark.claim("7.2.1")
def test_a_whole_model_follows_the_code_and_not_what_was_saved(tmp_path):
    shop(tmp_path)
    x = torch.ones(1, 3)
    with imported(tmp_path) as modules:
        model = modules["shop"].Net()
        torch.save(model, tmp_path / "whole.pt")
    shop(tmp_path, SOURCE.replace("forward(x)", "forward(x) + 1"))
    with imported(tmp_path):
        came = load_whole(tmp_path / "whole.pt")(x)
    assert torch.equal(came, model(x) + 1), "no error, other outputs"


@pytest.mark.claim("7.2.1")
def test_by_default_pytorch_refuses_a_whole_model_even_while_its_class_is_there(tmp_path):
    shop(tmp_path)
    with imported(tmp_path) as modules:
        torch.save(modules["shop"].Net(), tmp_path / "whole.pt")
        assert "shop.Net" in refusal(torch.load, tmp_path / "whole.pt")


@pytest.mark.claim("7.2.1")
def test_to_load_a_whole_model_is_to_run_what_the_file_says(tmp_path):
    torch.save({"weight": Touch(tmp_path / "touched")}, tmp_path / "whole.pt")
    refusal(torch.load, tmp_path / "whole.pt")
    assert not (tmp_path / "touched").exists()
    load_whole(tmp_path / "whole.pt")
    assert (tmp_path / "touched").is_dir(), "weights_only=False has run it"


# Where the class is afterwards, its name there, and what changes.
CHANGES: dict[str, tuple[str, str, Callable[[Path], Any]]] = {
    "the module moved": ("store", "Net", lambda here: (here / "shop.py").rename(here / "store.py")),
    "the class renamed": (
        "shop",
        "Network",
        lambda here: shop(here, SOURCE.replace("class Net", "class Network")),
    ),
}
every_change = pytest.mark.parametrize(("module", "name", "change"), CHANGES.values(), ids=CHANGES)


@pytest.mark.claim("7.2.1")
@every_change
def test_a_whole_model_is_lost_when_its_class_moves_or_is_renamed(tmp_path, module, name, change):
    shop(tmp_path)
    with imported(tmp_path) as modules:
        torch.save(modules["shop"].Net(), tmp_path / "whole.pt")
        assert isinstance(load_whole(tmp_path / "whole.pt"), nn.Linear)
    change(tmp_path)
    with imported(tmp_path) as modules:
        assert hasattr(modules[module], name), "the class is there under its new name"
        words = refusal(load_whole, tmp_path / "whole.pt")
    assert words.startswith(("ModuleNotFoundError", "AttributeError")), words


@pytest.mark.claim("7.2.1", "7.1.2")
@every_change
def test_a_saved_state_outlives_the_class(save_checkpoint, reader, here, module, name, change):
    shop(here)
    with imported(here) as modules:
        model = modules["shop"].Net()
        save_checkpoint(here / "model.pt", model)
    change(here)
    with imported(here) as modules:
        new = getattr(modules[module], name)()
        found = saved_model(here / "model.pt", new, reader)
    assert_same_bits("in the new class", found, model.state_dict())


@pytest.mark.claim("7.2.1", "7.1.2")
@every_change
def test_the_state_is_loaded_into_the_class_where_it_is_now(
    load_checkpoint, writer, here, module, name, change
):
    shop(here)
    with imported(here) as modules:
        model = modules["shop"].Net()
        path = written(here / "model.pt", model, writer=writer)
    change(here)
    with imported(here) as modules:
        new = getattr(modules[module], name)()
        load_checkpoint(path, new)
    assert_same_bits("in the new class", new.state_dict(), model.state_dict())
