"""load_checkpoint writes what a file holds into a model, and into its optimizer, or does nothing.

The files are written by the subject's own save_checkpoint, for the two may agree on any format, or
where there is none with torch.save, as ours documents them; and then spoiled. What ours promises
besides is in `test_our_promises.py`.
"""

import contextlib
import copy
import itertools
import os
import pickle
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import torch
from torch import Tensor, nn

from sums_to_one.tests.checkpoints.crashes import open_files
from sums_to_one.tests.checkpoints.misfits import OPTIMIZER_MISFITS, every_misfit
from sums_to_one.tests.checkpoints.saved import (
    DTYPES,
    FLOATS,
    OPTIMIZERS_OF,
    Counting,
    Holder,
    Momentum,
    Told,
    Touch,
    Versioned,
    assert_same_bits,
    assert_same_training,
    every_history,
    every_other_dtype,
    freeze_others,
    grouped,
    is_noticed,
    named_oddly,
    network,
    of_extremes,
    refusal,
    same_bits,
    steps,
    taught,
    tied,
    unless_refused,
    with_a_bit_altered,
    written,
)
from sums_to_one.tests.common.inputs import SHAPES, VIEWS, grid
from sums_to_one.tests.common.options import NotProvided, feature
from sums_to_one.tests.common.surroundings import assert_torch_is_left_alone


def of_ones(dtype: torch.dtype) -> Holder:
    """The same model with other numbers."""
    return Holder(**{n: torch.ones_like(t) for n, t in of_extremes(dtype).state_dict().items()})


@pytest.mark.claim("7.1.1")
def test_the_numbers_come_back_bit_for_bit(load_checkpoint, writer, here):
    for dtype in DTYPES:
        saved, model = of_extremes(dtype), of_ones(dtype)
        load_checkpoint(written(here / f"{dtype}.pt", saved, writer=writer), model)
        assert_same_bits(f"{dtype}", model.state_dict(), saved.state_dict())


@pytest.mark.claim("7.1.1")
@every_other_dtype
def test_what_a_file_takes_of_other_dtypes_comes_back_bit_for_bit(
    load_checkpoint, writer, here, dtype
):
    saved, model = of_extremes(dtype), of_ones(dtype)
    with unless_refused(f"{dtype}"):
        load_checkpoint(written(here / "model.pt", saved, writer=writer), model)
    assert_same_bits(f"{dtype}", model.state_dict(), saved.state_dict())


def of_every_shape(start: float) -> Holder:
    """A model of tensors of every shape and layout, of other numbers for each start."""
    tensors = {f"shape{n}": start + grid(*shape) for n, shape in enumerate(SHAPES)}
    tensors |= {f"layout{n}": layout(start + grid(3, 5)) for n, layout in enumerate(VIEWS.values())}
    tensors |= {"zeros": torch.full((7,), start), "no": torch.tensor([start > 0] * 5)}
    return Holder(**tensors, large=start + grid(521, 523).float())


@pytest.mark.claim("7.1.1")
def test_tensors_of_every_shape_come_back_into_every_layout(load_checkpoint, writer, here):
    saved, model = of_every_shape(0.0), of_every_shape(1.0)
    load_checkpoint(written(here / "model.pt", saved, writer=writer), model)
    assert_same_bits("the model", model.state_dict(), of_every_shape(0.0).state_dict())


@pytest.mark.claim("7.1.1")
def test_names_come_back_as_they_were(load_checkpoint, writer, here):
    for wrapped in (lambda model: model, nn.Sequential):
        saved, model = wrapped(named_oddly(0.0)), wrapped(named_oddly(0.5))
        load_checkpoint(written(here / "model.pt", saved, writer=writer), model)
        assert_same_bits("the model", model.state_dict(), saved.state_dict())


@pytest.mark.claim("7.1.1")
def test_what_a_module_says_is_its_state_comes_back(load_checkpoint, writer, here):
    saved, model = Counting(3, 2), Counting(3, 2)
    saved.calls = 7
    with unless_refused("a state that holds more than tensors"):
        load_checkpoint(written(here / "model.pt", saved, writer=writer), model)
    assert model.calls == 7, f"the state was of 7 calls, and is of {model.calls}"


@pytest.mark.claim("7.1.1")
def test_the_model_gives_the_same_outputs_again(load_checkpoint, writer, here):
    trained, model, x = network(), network(3), grid(7, 3).float()
    steps(trained, Momentum(trained.parameters()), range(3))
    load_checkpoint(written(here / "model.pt", trained, writer=writer), model)
    assert torch.equal(model.eval()(x), trained.eval()(x)), (
        "the loaded model gives other outputs than the saved one"
    )


def adam(model: nn.Sequential, lr: float = 1e-3) -> Any:
    """PyTorch's own, which may load in ways of its own."""
    return torch.optim.Adam(grouped(model), lr=lr)


@pytest.mark.claim("7.1.3")
@pytest.mark.parametrize(
    "optimizer_of", [*OPTIMIZERS_OF.values(), adam], ids=[*OPTIMIZERS_OF, "PyTorch's Adam"]
)
def test_training_goes_on_bit_for_bit(load_checkpoint, writer, here, optimizer_of):
    # Who has taken no step yet remembers nothing.
    for dtype, taken in itertools.product(FLOATS, (3, 0)):
        model, other = network().to(dtype), network(5).to(dtype)
        optimizer, resumed = optimizer_of(model, lr=0.1), optimizer_of(other, lr=1.0)
        steps(model, optimizer, range(taken))
        steps(other, resumed, range(1))
        path = written(here / "model.pt", model, optimizer, writer=writer)
        load_checkpoint(path, other, resumed)
        assert_same_bits("the optimizer", resumed.state_dict(), optimizer.state_dict())
        assert_same_training((other, resumed), (model, optimizer), range(taken, taken + 3))


@pytest.mark.claim("7.1.3")
@every_history
def test_each_parameter_gets_what_the_optimizer_knew_of_it(load_checkpoint, writer, here, history):
    (model, optimizer), other = taught(history), network(5)
    freeze_others(other, history[-1])
    resumed = Momentum(other.parameters())
    load_checkpoint(written(here / "model.pt", model, optimizer, writer=writer), other, resumed)
    assert_same_bits("the optimizer", resumed.state_dict(), optimizer.state_dict())


@pytest.mark.claim("7.1.4")
def test_two_that_are_loaded_from_one_file_go_their_own_ways(load_checkpoint, writer, here):
    model = network()
    optimizer = Momentum(model.parameters())
    steps(model, optimizer, range(2))
    path = written(here / "model.pt", model, optimizer, writer=writer)
    pairs = [(m, Momentum(m.parameters())) for m in (network(3), network(4))]
    for pair in pairs:
        load_checkpoint(path, *pair)
    steps(*pairs[0], range(2, 5))
    assert_same_training(pairs[1], (model, optimizer), range(2, 5))


def identities(model: nn.Module) -> list[Any]:
    """Which tensors the model has, whatever the numbers in them."""
    tensors = [*model.parameters(), *model.buffers()]
    return [(id(t), t.data_ptr(), t.requires_grad, t.is_leaf) for t in tensors]


@pytest.mark.claim("7.1.4")
def test_the_parameters_stay_the_same_tensors(load_checkpoint, writer, here):
    model, saved = tied(3), tied(0)
    tensors = [*model.parameters(), *model.buffers()]
    before = identities(model)
    load_checkpoint(written(here / "model.pt", saved, writer=writer), model)
    assert identities(model) == before, "optimizers and tied layers hold the old tensors"
    assert_same_bits("the tensors", tensors[1], saved[0][0].bias)
    assert_same_bits("frozen and tied ones too", model.state_dict(), saved.state_dict())


def bfloat16_may_be_refused(*dtypes: torch.dtype) -> Any:
    """Which NumPy lacks; elsewhere an error is an error."""
    extra = torch.bfloat16 in dtypes
    return unless_refused("bfloat16") if extra else contextlib.nullcontext()


DTYPE_PAIRS = [*itertools.permutations((torch.float64, torch.float32, torch.bfloat16), 2)]


@pytest.mark.claim("7.1.4")
@pytest.mark.parametrize(
    ("theirs", "own"), DTYPE_PAIRS, ids=lambda dtype: str(dtype).removeprefix("torch.")
)
def test_numbers_are_converted_to_the_dtype_that_is_there(
    load_checkpoint, writer, here, theirs, own
):
    saved, model, twin = (network(n).to(d) for n, d in enumerate((theirs, own, own)))
    former, optimizer, other = (torch.optim.Adam(m.parameters()) for m in (saved, model, twin))
    for p in saved.parameters():
        p.grad = grid(*p.shape).to(theirs)
    former.step()
    twin.load_state_dict(saved.state_dict())
    other.load_state_dict(former.state_dict())
    with bfloat16_may_be_refused(theirs, own):
        path = written(here / "model.pt", saved, former, writer=writer)
        load_checkpoint(path, model, optimizer)
    assert_same_bits("the model", model.state_dict(), twin.state_dict())
    assert_same_bits("the optimizer", optimizer.state_dict(), other.state_dict())


def surroundings_of(model: nn.Module) -> Any:
    """What is no number of the model, and yet may change with it."""
    return {
        "modes": [module.training for module in model.modules()],
        "gradients": [p.grad for p in model.parameters()],
        "torch's generator": torch.get_rng_state(),
        "Python's generator": random.getstate(),
    }


@pytest.mark.claim("7.1.4")
def test_loading_changes_no_mode_no_gradient_and_no_random_numbers(load_checkpoint, writer, here):
    model = network(3)
    steps(model, Momentum(model.parameters()), range(1))
    model[1].eval()
    torch.rand(3), random.random()  # so that setting the seed, too, would be a change
    before = copy.deepcopy(surroundings_of(model))
    load_checkpoint(written(here / "model.pt", network(), writer=writer), model)
    assert_same_bits("after loading", surroundings_of(model), before)


@pytest.mark.claim("7.1.4")
def test_a_model_in_evaluation_is_loaded_as_any_other(load_checkpoint, writer, here):
    model, path = network(3).eval(), written(here / "model.pt", network(), writer=writer)
    load_checkpoint(path, model)
    assert_same_bits("in evaluation", model.state_dict(), network().state_dict())


@pytest.mark.claim("7.1.4")
def test_loading_leaves_the_settings_of_torch_as_they_were(load_checkpoint, writer, here):
    path, model = written(here / "model.pt", network(), writer=writer), network(3)
    assert_torch_is_left_alone(lambda: (load_checkpoint(path, model), torch.zeros(()))[1])


@pytest.mark.claim("7.1.4")
def test_a_file_is_found_by_any_path_to_it(load_checkpoint, writer, here):
    (here / "a b").mkdir()
    written(here / "ä.pt", network(1), writer=writer)
    written(here / "a b" / "ä.pt", network(2), writer=writer)
    (here / "link").symlink_to(here / "a b" / "ä.pt")
    with contextlib.chdir(here):
        for path in ("a b/ä.pt", Path("a b") / "ä.pt", here / "a b" / "ä.pt", "./a b/ä.pt", "link"):
            model = network()
            load_checkpoint(path, model)
            assert_same_bits(f"{path}", model.state_dict(), network(2).state_dict())


@pytest.mark.claim("7.1.4")
def test_the_file_is_left_as_it_was_and_closed(load_checkpoint, writer, here):
    model, other = network(3), network(4)
    path = written(here / "model.pt", network(), writer=writer)
    before = path.read_bytes()
    load_checkpoint(str(path), model)
    files = open_files()
    load_checkpoint(path, other)
    assert open_files() <= files, "a file is still open"
    steps(other, Momentum(other.parameters()), range(1))
    assert path.read_bytes() == before, "the file has changed"


@pytest.mark.claim("7.1.4")
def test_the_file_may_go_and_another_may_take_its_name(load_checkpoint, writer, here):
    model, path = network(3), written(here / "model.pt", network(), writer=writer)
    load_checkpoint(path, model)
    path.write_bytes(bytes(path.stat().st_size))
    assert_same_bits("of the file that is gone", model.state_dict(), network().state_dict())
    load_checkpoint(written(path, network(7), writer=writer), model)
    assert_same_bits("of a new file of this name", model.state_dict(), network(7).state_dict())


@pytest.mark.claim("7.1.4")
def test_the_optimizer_in_the_file_may_be_left_alone(load_checkpoint, writer, here):
    model, saved = network(3), network()
    more = {"epoch": 3, "note": "of a Monday"}
    optimizer = Momentum(saved.parameters())
    path = written(here / "model.pt", saved, optimizer, writer=writer, **more)
    load_checkpoint(path, model)
    assert_same_bits("the model", model.state_dict(), saved.state_dict())
    load_checkpoint(path, model, Momentum(model.parameters()))


@pytest.mark.claim("7.1.2")
def test_what_was_saved_on_a_device_that_is_not_here_is_loaded_nevertheless(
    load_checkpoint, writer, here
):
    model, saved = network(3), network()
    optimizer, resumed = Momentum(saved.parameters()), Momentum(model.parameters())
    steps(saved, optimizer, range(1))
    with feature("a file of a device that is not here"):
        with mock.patch("torch.serialization.location_tag", return_value="cuda:99"):
            path = written(here / "model.pt", saved, optimizer, writer=writer)  # may read it again
        load_checkpoint(path, model, resumed)
    assert_same_bits("the model", model.state_dict(), saved.state_dict())
    assert_same_bits("the optimizer", resumed.state_dict(), optimizer.state_dict())


@pytest.mark.claim("7.1.2", "7.1.5")
@every_misfit
def test_what_does_not_fit_is_named(load_checkpoint, writer, here, name, spoil):
    state = network().state_dict()
    spoil(state)
    path = written(here / "model.pt", Told(state), writer=writer)
    message = refusal(load_checkpoint, path, network(3))
    assert re.search(name, message), f"it does not say which: {message}"


@pytest.mark.claim("7.1.5")
def test_an_optimizer_that_does_not_fit_is_refused(load_checkpoint, writer, here):
    for number, state in enumerate(OPTIMIZER_MISFITS.values()):
        model, path = network(3), here / f"{number}.pt"
        optimizer = Momentum(model.parameters())
        steps(model, optimizer, range(2))
        try:
            written(path, network(), None if state is None else Told(state), writer=writer)
        except Exception:  # then nobody will ever have to load it
            continue
        refusal(load_checkpoint, path, model, optimizer)


def versioned(version: int, start: int) -> tuple[nn.Sequential, Momentum]:
    """A network whose last layer takes its own version alone, and its optimizer, after a step."""
    model = nn.Sequential(*network(start), Versioned(version))
    optimizer = Momentum(model.parameters())
    steps(model, optimizer, range(1))
    return model, optimizer


def all_of(model: nn.Module, optimizer: Momentum) -> dict[str, Any]:
    """What there is of both, as it is now, and what may change with them."""
    states = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
    return copy.deepcopy({**states, **surroundings_of(model)})


def needs_undoing(load_checkpoint: Any, path: Path, model: nn.Module, optimizer: Any) -> None:
    """End a claim where parameters that were loaded before it failed stay, as PyTorch has it."""
    before = copy.deepcopy([*model.parameters()])
    with contextlib.suppress(Exception):  # how it fails is its own affair
        load_checkpoint(path, model, optimizer)
    if not same_bits([*model.parameters()], before):
        raise NotProvided("not provided: undoing a load that failed")


def misfits(here: Path, writer: Any) -> Iterator[Path]:
    """Files that do not fit `versioned(1, ...)`: of another version, model, or optimizer."""
    yield written(here / "version.pt", *versioned(2, start=0), writer=writer)
    fitting, optimizer = versioned(1, start=0)
    state = fitting.state_dict()
    del state["3.bias"]
    yield written(here / "model.pt", Told(state), optimizer, writer=writer)
    for number, other in enumerate(OPTIMIZER_MISFITS.values()):
        path, theirs = here / f"{number}.pt", None if other is None else Told(other)
        with contextlib.suppress(Exception):  # what is not written need not be loaded
            written(path, fitting, theirs, writer=writer)
        if path.exists():
            yield path


@pytest.mark.claim("7.1.5")
def test_who_undoes_a_load_that_failed_undoes_all_of_it_whatever_did_not_fit(
    load_checkpoint, writer, here
):
    model, optimizer = versioned(1, start=3)
    before = all_of(model, optimizer)
    for number, path in enumerate(misfits(here, writer)):
        if number == 0:
            needs_undoing(load_checkpoint, path, *versioned(1, start=3))
        refusal(load_checkpoint, path, model, optimizer)
        assert_same_bits("after the refusal", all_of(model, optimizer), before)


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
def test_a_program_in_the_file_is_not_run(load_checkpoint, here, program):
    model = network(3)
    content = program(Touch(here / "touched"), network().state_dict())
    torch.save(content, here / "model.pt")
    torch.save(content, here / "legacy.pt", _use_new_zipfile_serialization=False)
    (here / "model.pkl").write_bytes(pickle.dumps(content))
    for name in ("model.pt", "legacy.pt", "model.pkl"):
        refusal(load_checkpoint, here / name, model)
        assert not (here / "touched").exists(), f"the program in {name} was run"
    assert_same_bits("the model", model.state_dict(), network(3).state_dict())


@pytest.mark.claim("7.2.2")
def test_a_whole_model_is_refused(load_checkpoint, here):
    model = network(3)
    for content in (network(), {"model": network()}):
        torch.save(content, here / "model.pt")
        refusal(load_checkpoint, here / "model.pt", model)
    assert_same_bits("the model", model.state_dict(), network(3).state_dict())


# What is in a file that is no checkpoint: these bytes, or what torch.save wrote.
OTHER_FILES = {"text": b"no checkpoint", "empty": b"", "zip": b"PK\5\6" + bytes(18)}
OTHER_CONTENTS: dict[str, Callable[[], Any]] = {
    "tensor": lambda: grid(3),
    "list": lambda: [1],
    "dict": dict,
    "none": lambda: None,
    "nothing": lambda: {"model": None},
    "pairs": lambda: {"model": [*network().state_dict().items()]},
}


@pytest.mark.claim("7.2.3")
def test_what_is_no_checkpoint_is_refused(load_checkpoint, here):
    model = network(3)
    for name, whole in OTHER_FILES.items():
        (here / name).write_bytes(whole)
    for name, content in OTHER_CONTENTS.items():
        torch.save(content(), here / name)
    (here / "folder").mkdir()
    for name in [*os.listdir(here), "not there"]:
        refusal(load_checkpoint, here / name, model)
    assert_same_bits("the model", model.state_dict(), network(3).state_dict())


@pytest.mark.claim("7.2.3")
def test_a_file_that_was_cut_short_is_refused(load_checkpoint, writer, here):
    model = Holder(a=grid(5), b=grid(2, 3))
    before = copy.deepcopy(model.state_dict())
    saved = Holder(a=grid(5) + 1, b=grid(2, 3) + 1)
    path = written(here / "model.pt", saved, writer=writer)
    whole = path.read_bytes().rstrip()  # the end of the last line of a text says nothing
    written(here / "other.pt", saved, writer=writer)  # which nobody has asked for
    for size in {*range(0, len(whole), 23), *range(len(whole))[-25:]}:
        path.write_bytes(whole[:size])
        refusal(load_checkpoint, path, model)
    assert_same_bits("the model", model.state_dict(), before)


@pytest.mark.claim("7.2.3")
def test_who_notices_that_a_number_was_altered_does_so_in_every_tensor(
    load_checkpoint, writer, here
):
    sizes = {"few": 5, "more": 8193, "most": 270_001, "last": 3}
    tensors = {name: n + torch.arange(n, dtype=torch.float64) for name, n in sizes.items()}
    saved, path = Holder(**tensors, whole=torch.arange(7)), here / "model.pt"
    whole = written(path, saved, writer=writer).read_bytes()
    for name, tensor in saved.state_dict().items():
        for share in (0.0, 0.5, 1.0):
            altered = with_a_bit_altered(whole, tensor, share)
            noticed = is_noticed(load_checkpoint, path, altered, saved)
            if name == "few" and not noticed:  # PyTorch compares no checksums either
                raise NotProvided("not provided: checksums")
            assert noticed, f"an altered number in {name}, of {len(tensor)}, is taken for saved"


@pytest.mark.claim("7.2.3")
def test_who_notices_altered_numbers_of_a_model_notices_those_of_its_optimizer(
    load_checkpoint, writer, here
):
    saved, path = Holder(a=torch.arange(5.0).double()), here / "model.pt"
    optimizer = Momentum(saved.parameters())
    saved.a.grad = 1 / (3 + torch.arange(5.0).double())
    optimizer.step()
    whole = written(path, saved, optimizer, writer=writer).read_bytes()
    altered = with_a_bit_altered(whole, saved.a.detach(), 0.5)
    if not is_noticed(load_checkpoint, path, altered, saved, optimizer):
        raise NotProvided("not provided: checksums")
    altered = with_a_bit_altered(whole, optimizer.state[saved.a]["velocity"], 0.5)
    noticed = is_noticed(load_checkpoint, path, altered, saved, optimizer)
    assert noticed, "an altered number of the optimizer is taken for saved"
