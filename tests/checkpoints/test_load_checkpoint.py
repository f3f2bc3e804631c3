"""load_checkpoint writes what a file holds into a model, and into its optimizer, or does nothing.

The files are written by the subject's own save_checkpoint, for the two may agree on any format, or
where there is none with torch.save, as ours documents them; and then spoiled. What ours promises
besides is in `test_our_promises.py`.
"""

import itertools
import os
import pickle
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import torch
from torch import Tensor, nn

from sums_to_one.concepts.optimization.adam import Adam
from sums_to_one.tests.checkpoints.saved import (
    DTYPES,
    EXTREMES,
    Holder,
    Momentum,
    Told,
    assert_same,
    folder,
    grouped,
    network,
    open_files,
    refusal,
    steps,
    written,
)
from sums_to_one.tests.common.inputs import SHAPES, VIEWS, grid


@pytest.mark.claim("7.1.1")
def test_numbers_of_every_dtype_come_back_bit_for_bit(load_checkpoint, writer):
    numbers = torch.tensor(EXTREMES, dtype=torch.float64)
    with folder() as here:
        for dtype in DTYPES:
            saved = Holder(a=numbers.to(dtype), b=grid(2, 3).to(dtype))
            model = Holder(a=torch.ones(9).to(dtype), b=torch.ones(2, 3).to(dtype))
            load_checkpoint(written(here / "model.pt", saved, writer=writer), model)
            assert_same(f"{dtype}", model.state_dict(), saved.state_dict())


@pytest.mark.claim("7.1.1")
def test_tensors_of_every_shape_come_back_into_every_layout(load_checkpoint, writer):
    def model(start: float) -> Holder:
        tensors = {f"shape{n}": start + grid(*shape) for n, shape in enumerate(SHAPES)}
        tensors |= {
            f"layout{n}": layout(start + grid(3, 5)) for n, layout in enumerate(VIEWS.values())
        }
        return Holder(**tensors, large=start + grid(101, 211).float())

    other = model(1.0)
    with folder() as here:
        load_checkpoint(written(here / "model.pt", model(0.0), writer=writer), other)
    assert_same("the model", other.state_dict(), model(0.0).state_dict())


@pytest.mark.claim("7.1.1")
def test_the_model_gives_the_same_outputs_again(load_checkpoint, writer):
    trained, model, x = network(), network(3), grid(7, 3).float()
    steps(trained, Momentum(trained.parameters()), range(3))
    with folder() as here:
        load_checkpoint(written(here / "model.pt", trained, writer=writer), model)
    assert torch.equal(model.eval()(x), trained.eval()(x)), "the outputs differ"


@pytest.mark.claim("7.1.3")
def test_training_goes_on_bit_for_bit(load_checkpoint, writer):
    ways = ((Momentum, nn.Module.parameters), (Adam, grouped), (torch.optim.Adam, grouped))
    for make, parameters in ways:
        model, other = network(), network(5)
        optimizer, resumed = make(parameters(model)), make(parameters(other), lr=1.0)
        steps(model, optimizer, range(3))
        steps(other, resumed, range(1))
        with folder() as here:
            load_checkpoint(
                written(here / "model.pt", model, optimizer, writer=writer), other, resumed
            )
        assert_same("the optimizer", resumed.state_dict(), optimizer.state_dict())
        for one, own in ((model, optimizer), (other, resumed)):
            steps(one, own, range(3, 6))
        assert_same("the model, trained on", other.state_dict(), model.state_dict())


@pytest.mark.claim("7.1.4")
def test_the_parameters_stay_the_same_tensors(load_checkpoint, writer):
    model = nn.Sequential(network(3), nn.Linear(2, 2), nn.Linear(2, 2))
    model[2].weight = model[1].weight
    model[0][0].weight.requires_grad_(False)
    tensors = [*model.parameters(), *model.buffers()]

    def about() -> list[Any]:
        found = [*model.parameters(), *model.buffers()]
        return [(id(t), t.data_ptr(), t.requires_grad, t.is_leaf) for t in found]

    before = about()
    saved = nn.Sequential(network(), nn.Linear(2, 2), nn.Linear(2, 2))
    saved[2].weight = saved[1].weight
    with folder() as here:
        load_checkpoint(written(here / "model.pt", saved, writer=writer), model)
    assert about() == before, "optimizers and tied layers hold the old tensors"
    assert_same("the tensors", tensors[1], saved[0][0].bias)


@pytest.mark.claim("7.1.4")
def test_numbers_are_converted_to_the_dtype_that_is_there(load_checkpoint, writer):
    dtypes = (torch.float64, torch.float32, torch.bfloat16)
    for theirs, own in itertools.permutations(dtypes, 2):
        saved, model, twin = (network(n).to(d) for n, d in enumerate((theirs, own, own)))
        former, optimizer, other = (torch.optim.Adam(m.parameters()) for m in (saved, model, twin))
        for p in saved.parameters():
            p.grad = grid(*p.shape).to(theirs)
        former.step()
        twin.load_state_dict(saved.state_dict())
        other.load_state_dict(former.state_dict())
        with folder() as here:
            load_checkpoint(
                written(here / "model.pt", saved, former, writer=writer), model, optimizer
            )
        assert_same(f"{theirs} in {own}", model.state_dict(), twin.state_dict())
        assert_same("the optimizer", optimizer.state_dict(), other.state_dict())


@pytest.mark.claim("7.1.4")
def test_loading_changes_no_mode_no_gradient_and_no_random_numbers(load_checkpoint, writer):
    model = network(3)
    steps(model, Momentum(model.parameters()), range(1))
    model[1].eval()

    def rest() -> Any:
        modes = [module.training for module in model.modules()]
        return modes, [p.grad for p in model.parameters()], torch.get_rng_state().tolist()

    torch.rand(3), random.random()  # so that setting the seed, too, would be a change
    with folder() as here:
        before = rest(), random.getstate()
        load_checkpoint(written(here / "model.pt", network(), writer=writer), model)
    assert_same("after loading", rest(), before[0])
    assert random.getstate() == before[1], "Python's generator has moved"


@pytest.mark.claim("7.1.4")
def test_the_file_is_left_as_it_was_and_may_then_go(load_checkpoint, writer):
    model, other = network(3), network(4)
    with folder() as here:
        path = written(here / "model.pt", network(), writer=writer)
        before = path.read_bytes()
        load_checkpoint(str(path), model)
        files = open_files()
        load_checkpoint(path, other)
        assert open_files() <= files, "a file is still open"
        steps(other, Momentum(other.parameters()), range(1))
        assert path.read_bytes() == before, "the file has changed"
        path.write_bytes(bytes(len(before)))
        assert_same("the first model", model.state_dict(), network().state_dict())
        load_checkpoint(written(path, network(7), writer=writer), model)
    assert_same("a new file of this name", model.state_dict(), network(7).state_dict())


@pytest.mark.claim("7.1.4")
def test_the_optimizer_in_the_file_may_be_left_alone(load_checkpoint, writer):
    model, saved = network(3), network()
    optimizer = Momentum(saved.parameters())
    with folder() as here:
        path = written(
            here / "model.pt", saved, optimizer, epoch=3, note="of a Monday", writer=writer
        )
        load_checkpoint(path, model)
        assert_same("the model", model.state_dict(), saved.state_dict())
        load_checkpoint(path, model, Momentum(model.parameters()))


@pytest.mark.claim("7.1.2")
def test_what_was_saved_on_a_device_that_is_not_here_is_loaded_nevertheless(
    load_checkpoint, writer
):
    model, saved = network(3), network()
    optimizer, resumed = Momentum(saved.parameters()), Momentum(model.parameters())
    steps(saved, optimizer, range(1))
    with folder() as here:
        with mock.patch("torch.serialization.location_tag", return_value="cuda:99"):
            path = written(here / "model.pt", saved, optimizer, writer=writer)
        load_checkpoint(path, model, resumed)
    assert_same("the model", model.state_dict(), saved.state_dict())
    assert_same("the optimizer", resumed.state_dict(), optimizer.state_dict())


MISFITS: dict[str, tuple[str, Callable[[dict[str, Any]], Any]]] = {
    "a missing parameter": ("3.bias", lambda state: state.pop("3.bias")),
    "a missing buffer": ("1.running_var", lambda state: state.pop("1.running_var")),
    "a parameter too many": ("4.weight", lambda state: state.update({"4.weight": grid(1)})),
    "another name": ("3.offset|3.bias", lambda s: s.update({"3.offset": s.pop("3.bias")})),
    "another size": ("3.bias", lambda state: state.update({"3.bias": grid(3).float()})),
    "the shape turned": ("3.weight", lambda s: s.update({"3.weight": s["3.weight"].t()})),
    "a size that would broadcast": ("3.bias", lambda s: s.update({"3.bias": grid(1).float()})),
    "as many numbers": ("3.bias", lambda s: s.update({"3.bias": s["3.bias"][None]})),
}
every_misfit = pytest.mark.parametrize("misfit", MISFITS.values(), ids=MISFITS)


@pytest.mark.claim("7.1.2", "7.1.5")
@every_misfit
def test_what_does_not_fit_is_named(load_checkpoint, writer, misfit):
    name, spoil = misfit
    model, saved = network(3), network()
    state = saved.state_dict()
    spoil(state)
    with folder() as here:
        path = written(here / "model.pt", Told(state), writer=writer)
        message = refusal(load_checkpoint, path, model)
        assert re.search(name, message), f"it does not say which: {message}"


OPTIMIZERS: dict[str, Any] = {
    "none": None,
    "of fewer parameters": {"state": {}, "param_groups": [{"lr": 1.0, "params": [0]}]},
    "of more groups": {"state": {}, "param_groups": [{"lr": 1.0, "params": [0]}] * 6},
    "of one group too many": {
        "state": {},
        "param_groups": [
            {"lr": 1.0, "momentum": 0.5, "params": [*range(6)]},
            {"lr": 1.0, "momentum": 0.5, "params": [6]},
        ],
    },
    "empty": {},
    "a number": 3,
}


@pytest.mark.claim("7.1.5")
def test_an_optimizer_that_does_not_fit_is_refused(load_checkpoint, writer):
    for state in OPTIMIZERS.values():
        model = network(3)
        optimizer = Momentum(model.parameters())
        steps(model, optimizer, range(2))
        with folder() as here:
            path = here / "model.pt"
            try:
                written(path, network(), None if state is None else Told(state), writer=writer)
            except Exception:  # then nobody will ever have to load it
                continue
            refusal(load_checkpoint, path, model, optimizer)


class Touch:
    """Whoever unpickles it makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


PROGRAMS: dict[str, Callable[[Touch, dict[str, Tensor]], Any]] = {
    "as the file": lambda touch, state: touch,
    "as the model": lambda touch, state: {"model": touch},
    "beside the parameters": lambda touch, state: {"model": {**state, "more": touch}},
    "instead of a parameter": lambda touch, state: {"model": {**state, "3.bias": touch}},
    "as the optimizer": lambda touch, state: {"model": state, "optimizer": touch},
    "in a note": lambda touch, state: {"model": state, "note": [touch]},
}


@pytest.mark.claim("7.2.2")
@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_in_the_file_is_not_run(load_checkpoint, program):
    model = network(3)
    with folder() as here:
        content = program(Touch(here / "touched"), network().state_dict())
        torch.save(content, here / "model.pt")
        torch.save(content, here / "legacy.pt", _use_new_zipfile_serialization=False)
        (here / "model.pkl").write_bytes(pickle.dumps(content))
        for name in ("model.pt", "legacy.pt", "model.pkl"):
            refusal(load_checkpoint, here / name, model)
            assert not (here / "touched").exists(), f"the program in {name} was run"
    assert_same("the model", model.state_dict(), network(3).state_dict())


@pytest.mark.claim("7.2.2")
def test_a_whole_model_is_refused(load_checkpoint):
    model = network(3)
    with folder() as here:
        for content in (network(), {"model": network()}):
            torch.save(content, here / "model.pt")
            refusal(load_checkpoint, here / "model.pt", model)
    assert_same("the model", model.state_dict(), network(3).state_dict())


@pytest.mark.claim("7.2.3")
def test_what_is_no_checkpoint_is_refused(load_checkpoint):
    model, others = (
        network(3),
        {"text": b"no checkpoint", "empty": b"", "zip": b"PK\5\6" + bytes(18)},
    )
    with folder() as here:
        for name, content in others.items():
            (here / name).write_bytes(content)
        for name, content in {"tensor": grid(3), "list": [1], "dict": {}, "none": None}.items():
            torch.save(content, here / name)
        torch.save({"model": None}, here / "nothing")
        torch.save({"model": [*network().state_dict().items()]}, here / "pairs")
        (here / "folder").mkdir()
        for name in os.listdir(here):
            refusal(load_checkpoint, here / name, model)
        refusal(load_checkpoint, here / "not there", model)
    assert_same("the model", model.state_dict(), network(3).state_dict())


@pytest.mark.claim("7.2.3")
def test_a_file_that_was_cut_short_is_refused(load_checkpoint, writer):
    model = Holder(a=grid(5), b=grid(2, 3))
    before = {name: t.clone() for name, t in model.state_dict().items()}
    with folder() as here:
        saved = Holder(a=grid(5) + 1, b=grid(2, 3) + 1)
        path = written(here / "model.pt", saved, writer=writer)
        whole = path.read_bytes()
        for size in {*range(0, len(whole), 23), *range(len(whole))[-25:]}:
            path.write_bytes(whole[:size])
            refusal(load_checkpoint, path, model)
    assert_same("the model", model.state_dict(), before)


def load_altered(load_checkpoint, path: Path, content: bytes, saved: Holder) -> None:
    """It must be refused, or come back as it was saved."""
    __tracebackhide__ = True
    model = Holder(a=grid(5), b=grid(2, 3))
    path.write_bytes(content)
    try:
        load_checkpoint(path, model)
    except Exception:  # how it refuses is its own affair
        return
    assert_same("taken for intact", model.state_dict(), saved.state_dict())


@pytest.mark.claim("7.2.3")
def test_an_altered_byte_is_noticed_or_changes_nothing(load_checkpoint, writer):
    saved = Holder(a=grid(5) + 1, b=grid(2, 3) + 1)
    with folder() as here:
        whole = written(here / "model.pt", saved, writer=writer).read_bytes()
        for place in range(0, len(whole), 13):
            content = bytearray(whole)
            content[place] ^= 1
            load_altered(load_checkpoint, here / "model.pt", bytes(content), saved)
