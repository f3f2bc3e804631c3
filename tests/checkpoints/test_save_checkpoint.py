"""save_checkpoint writes the state of a model, and of its optimizer, to a file.

The file is judged by what the subject's own load_checkpoint reads from it, for the two may agree
on any format; where there is none, by what PyTorch reads: a dictionary of state_dicts. What a crash
leaves behind is in `test_crashes.py`, what ours promises besides in `test_our_promises.py`.
"""

import contextlib
import copy
import os
import random
import tempfile

import pytest
import torch
from torch import nn

from sums_to_one.tests.checkpoints.crashes import in_a_child, open_files
from sums_to_one.tests.checkpoints.saved import (
    DTYPES,
    FLOATS,
    OPTIMIZERS_OF,
    Counting,
    Holder,
    Momentum,
    assert_same_bits,
    assert_same_training,
    every_history,
    every_other_dtype,
    freeze_others,
    named_oddly,
    needs_models_alone,
    network,
    of_extremes,
    refusal,
    restore,
    saved_model,
    steps,
    taught,
    tied,
    unless_refused,
)
from sums_to_one.tests.common.inputs import SHAPES, VIEWS, grid
from sums_to_one.tests.common.surroundings import assert_torch_is_left_alone


@pytest.mark.claim("7.1.1")
def test_the_numbers_are_in_the_file_bit_for_bit(save_checkpoint, reader, here):
    for dtype in DTYPES:
        model = of_extremes(dtype)
        save_checkpoint(here / "model.pt", model)
        found = saved_model(here / "model.pt", model, reader)
        assert_same_bits(f"{dtype} in the file", found, model.state_dict())


@pytest.mark.claim("7.1.1")
@every_other_dtype
def test_what_a_file_takes_of_other_dtypes_is_in_it_bit_for_bit(
    save_checkpoint, reader, here, dtype
):
    model = of_extremes(dtype)
    with unless_refused(f"{dtype}"):
        save_checkpoint(here / "model.pt", model)
        found = saved_model(here / "model.pt", model, reader)
    assert_same_bits(f"{dtype} in the file", found, model.state_dict())


@pytest.mark.claim("7.1.1")
def test_tensors_of_every_shape_and_layout_are_in_the_file(save_checkpoint, reader, here):
    tensors = {f"shape{n}": grid(*shape) for n, shape in enumerate(SHAPES)}
    tensors |= {f"layout{n}": layout(grid(3, 5)) for n, layout in enumerate(VIEWS.values())}
    model = Holder(**tensors, large=grid(521, 523).float())
    save_checkpoint(here / "model.pt", model)
    found = saved_model(here / "model.pt", model, reader)
    assert_same_bits("the file", found, model.state_dict())


def of_one_memory() -> Holder:
    """A model of tensors that begin at one place in memory: a square and its parts, transposed."""
    square = grid(4, 4)
    twins = {"square": square, "columns": square.T, "lines": square[:, :2], "wide": square[:, ::2]}
    rows = {"row": square[0], "column": square[:, 0], "slope": square.diagonal()}
    repeated = {"number": square[0, 0], "again": square[:1].expand(4, 4)}
    return Holder(**twins, **rows, **repeated)


@pytest.mark.claim("7.1.1")
def test_views_of_one_memory_are_in_the_file_each_as_it_is(save_checkpoint, reader, here):
    model = of_one_memory()
    with unless_refused("views of one memory"):
        save_checkpoint(here / "model.pt", model)
        found = saved_model(here / "model.pt", model, reader)
    assert_same_bits("the file", found, model.state_dict())


@pytest.mark.claim("7.1.1")
def test_names_are_in_the_file_as_they_are(save_checkpoint, reader, here):
    for model in (named_oddly(0.0), nn.Sequential(named_oddly(0.0)), nn.ReLU()):
        save_checkpoint(here / "model.pt", model)
        found = saved_model(here / "model.pt", model, reader)
        assert_same_bits("the file", found, model.state_dict())


@pytest.mark.claim("7.1.1")
def test_buffers_and_tied_and_frozen_parameters_are_in_the_file_too(save_checkpoint, reader, here):
    model = tied(0)
    model.register_buffer("cache", grid(3), persistent=False)
    save_checkpoint(here / "model.pt", model)
    found = saved_model(here / "model.pt", model, reader)
    assert_same_bits("the file", found, model.state_dict())


@pytest.mark.claim("7.1.1")
def test_what_a_module_says_is_its_state_is_saved(save_checkpoint, reader, here):
    model = Counting(3, 2)
    model.calls = 7
    with unless_refused("a state that holds more than tensors"):
        save_checkpoint(here / "model.pt", model)
        model.calls = 0
        state = saved_model(here / "model.pt", model, reader)
    assert state["_extra_state"] == {"calls": 7, "rate": 0.1}


@pytest.mark.claim("7.1.3")
@pytest.mark.parametrize("optimizer_of", OPTIMIZERS_OF.values(), ids=OPTIMIZERS_OF)
def test_training_goes_on_from_the_file_bit_for_bit(save_checkpoint, reader, here, optimizer_of):
    for dtype in FLOATS:
        model, other = network().to(dtype), network(5).to(dtype)
        optimizer, resumed = optimizer_of(model, lr=0.1), optimizer_of(other, lr=1.0)
        steps(model, optimizer, range(3))
        save_checkpoint(here / "model.pt", model, optimizer)
        restore(here / "model.pt", other, resumed, reader)
        assert_same_training((other, resumed), (model, optimizer), range(3, 6))


@pytest.mark.claim("7.1.3")
@every_history
def test_what_the_optimizer_knows_of_each_parameter_is_in_the_file_as_of_that_one(
    save_checkpoint, reader, here, history
):
    (model, optimizer), other = taught(history), network(5)
    freeze_others(other, history[-1])
    resumed = Momentum(other.parameters())
    save_checkpoint(here / "model.pt", model, optimizer)
    restore(here / "model.pt", other, resumed, reader)
    assert_same_bits("the optimizer", resumed.state_dict(), optimizer.state_dict())


@pytest.mark.claim("7.1.3")
def test_without_an_optimizer_there_is_none_in_the_file(save_checkpoint, reader, here):
    needs_models_alone()
    model = network()
    optimizer = Momentum(model.parameters())
    save_checkpoint(here / "model.pt", model, optimizer)
    save_checkpoint(here / "model.pt", model)
    refusal(restore, here / "model.pt", model, optimizer, reader)


def everything_in(model: nn.Module, optimizer: Momentum):
    """Of both, the numbers and all that is no number."""
    tensors = [*model.parameters(), *model.buffers()]
    flags = [(p.requires_grad, p.data_ptr(), p.grad) for p in tensors]
    modes = [module.training for module in model.modules()]
    return {"model": model.state_dict(), "optimizer": optimizer.state_dict()}, flags, modes


@pytest.mark.claim("7.1.4")
def test_saving_changes_neither_model_nor_optimizer(save_checkpoint, here):
    model = network()
    optimizer = Momentum(model.parameters())
    steps(model, optimizer, range(2))
    model[1].eval()
    before = copy.deepcopy(everything_in(model, optimizer))
    save_checkpoint(here / "model.pt", model, optimizer)
    assert_same_bits("after saving", everything_in(model, optimizer), before)


@pytest.mark.claim("7.1.4")
def test_saving_draws_no_random_numbers(save_checkpoint, here):
    torch.rand(3), random.random()  # so that setting the seed, too, would be a change
    before = torch.get_rng_state(), random.getstate()
    save_checkpoint(here / "model.pt", network())
    after = torch.get_rng_state(), random.getstate()
    assert torch.equal(after[0], before[0]), "torch's generator has moved"
    assert after[1] == before[1], "Python's generator has moved"


@pytest.mark.claim("7.1.4")
def test_saving_leaves_the_settings_of_torch_as_they_were(save_checkpoint, here):
    model, path = network(), here / "model.pt"
    assert_torch_is_left_alone(lambda: (save_checkpoint(path, model), torch.zeros(()))[1])


@pytest.mark.claim("7.1.4")
def test_the_file_is_done_when_it_returns_and_stays_as_training_goes_on(save_checkpoint, here):
    model = network()
    optimizer = Momentum(model.parameters())
    save_checkpoint(here / "model.pt", model, optimizer)
    before, files = (here / "model.pt").read_bytes(), open_files()
    save_checkpoint(here / "again.pt", model, optimizer)
    assert open_files() <= files, "a file is still open"
    steps(model, optimizer, range(3))
    assert (here / "model.pt").read_bytes() == before, "the file has changed"


@pytest.mark.claim("7.1.4")
def test_any_path_will_do(save_checkpoint, reader, here):
    with contextlib.chdir(here):
        for path in (str(here / "a"), here / "b.tar.gz", "c d", "ä.pt", "./e.pt"):
            for start in (1, 2):  # the second replaces the first
                save_checkpoint(path, network(start))
            found = saved_model(path, network(), reader)
            assert_same_bits(f"{path}", found, network(2).state_dict())


@pytest.mark.claim("7.1.4")
def test_no_other_file_is_touched(save_checkpoint, here):
    others = ["model", "tmp", "checkpoint.tmp", "model.pth", "model.pt~", "model.pt1", "other.pt"]
    for name in others:
        (here / name).write_text("mine")
    for start in (1, 2):
        save_checkpoint(here / "model.pt", network(start))
        assert set(os.listdir(here)) >= {*others, "model.pt"}
        # Beside it there may be another, such as a checksum, but not one more each time.
        assert len(os.listdir(here)) <= len(others) + 2, f"there are {os.listdir(here)}"
    assert {(here / name).read_text() for name in others} == {"mine"}


@pytest.mark.claim("7.1.4")
def test_a_folder_in_the_way_stays_as_it_is(save_checkpoint, here):
    (here / "model.pt").mkdir()
    (here / "model.pt" / "mine").write_text("mine")
    with contextlib.suppress(Exception):  # that it may fail is its own affair
        save_checkpoint(here / "model.pt", network())
    assert os.listdir(here / "model.pt")[:1] == ["mine"], "the folder has been cleared away"


@pytest.mark.claim("7.1.4")
def test_a_missing_folder_is_named_or_made(save_checkpoint, reader, here):
    path = here / "nowhere" / "model.pt"
    try:
        save_checkpoint(path, network(1))
    except Exception:  # how it refuses is its own affair, as long as it says what is missing
        assert "nowhere" in refusal(save_checkpoint, path, network(1))
        assert os.listdir(here) == []
    else:
        assert_same_bits("the file", saved_model(path, network(), reader), network(1).state_dict())


def without_other_folders(gone, work):
    """Do it where neither the working folder nor one for temporary files is there, when called."""
    gone.mkdir()

    def homeless():
        os.chdir(gone)
        gone.rmdir()
        tempfile.tempdir = os.environ["TMPDIR"] = str(gone)
        work()

    return homeless


@pytest.mark.claim("7.1.4")
def test_nothing_but_the_folder_of_the_file_is_needed(save_checkpoint, reader, here):
    path = here / "model.pt"
    save_checkpoint(here / "usual.pt", network())  # who refuses it, says so here
    work = without_other_folders(here / "gone", lambda: save_checkpoint(path, network()))
    assert in_a_child(work, here) == 0, "it needs a folder for temporary files"
    found = saved_model(path, network(5), reader)
    assert_same_bits("the file", found, network().state_dict())


@pytest.mark.claim("7.1.2")
def test_the_file_is_as_large_as_its_numbers_and_so_is_the_whole_model(save_checkpoint, here):
    model = nn.Sequential(nn.Linear(211, 101), nn.Linear(101, 97))
    model(torch.ones(1, 211)).sum().backward()  # gradients are not saved
    save_checkpoint(here / "model.pt", model)
    torch.save(model, here / "whole.pt")
    numbers = sum(t.nbytes for t in model.state_dict().values())
    light, whole = ((here / name).stat().st_size for name in ("model.pt", "whole.pt"))
    # As text they take a third more, and packed a little less.
    assert light < 1.5 * numbers, f"{light} bytes for {numbers} bytes of numbers"
    assert numbers < whole < 1.05 * numbers, f"{whole} bytes for the whole model, code and all"


@pytest.mark.claim("7.2.2")
def test_there_is_no_code_in_the_file(save_checkpoint, reader, here):
    class Net(nn.Sequential):
        """No pickle can name a class that is inside a function."""

    model = Net(network())
    optimizer = Momentum(model.parameters())
    steps(model, optimizer, range(1))
    save_checkpoint(here / "model.pt", model, optimizer)
    found = saved_model(here / "model.pt", model, reader)
    assert_same_bits("the file", found, model.state_dict())
