"""What our two functions promise beyond what everybody owes: the price is a few more lines.

Nobody else is judged by these claims, for PyTorch's tutorials promise none of it.
"""

import io
import os
import re
import stat
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from sums_to_one.concepts.checkpoints.file_format import CheckpointError, read
from sums_to_one.concepts.checkpoints.load_checkpoint import load_checkpoint
from sums_to_one.concepts.checkpoints.save_checkpoint import save_checkpoint
from sums_to_one.tests.checkpoints.saved import (
    Holder,
    Momentum,
    assert_same,
    folder,
    kept,
    network,
    refusal,
    steps,
    watched,
    written,
)
from sums_to_one.tests.checkpoints.test_load_checkpoint import MISFITS, OPTIMIZERS
from sums_to_one.tests.common.inputs import grid


def sizes(here: Path) -> set[int]:
    """Of the files in a folder."""
    return {file.stat().st_size for file in here.iterdir()}


@pytest.mark.claim("7.1.1")
def test_the_file_is_a_dictionary_of_state_dicts():
    model = network()
    optimizer = Momentum(model.parameters())
    steps(model, optimizer, range(2))
    with folder() as here:
        save_checkpoint(here / "model.pt", model, optimizer)
        content = torch.load(here / "model.pt", weights_only=True)
        assert_same("the model", content["model"], model.state_dict())
        assert_same("the optimizer", content["optimizer"], optimizer.state_dict())
        versions = content["model"]._metadata
        assert versions == model.state_dict()._metadata, "layers ask it for their versions"
        save_checkpoint(here / "model.pt", model)
        assert list(kept(here / "model.pt")) == ["model"], "without an optimizer there is none"


@pytest.mark.claim("7.1.2")
def test_a_part_of_it_can_be_loaded_into_another_model():
    with folder() as here:
        save_checkpoint(here / "model.pt", network())
        state = kept(here / "model.pt")["model"]
    other = nn.Sequential(
        nn.Linear(3, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 2), nn.PReLU()
    )
    assert "4.weight" in refusal(other.load_state_dict, state)
    found = other.load_state_dict(state, strict=False)
    assert (found.missing_keys, found.unexpected_keys) == (["4.weight"], [])
    assert_same("what fits", other[:4].state_dict(), network().state_dict())


@pytest.mark.claim("7.1.4")
def test_a_link_stays_a_link():
    with folder() as here:
        (here / "links").mkdir()
        (here / "link").symlink_to(here / "target.pt")
        (here / "links" / "link").symlink_to("../other.pt")
        for link in (here / "link", here / "links" / "link"):
            for start in (1, 2):
                save_checkpoint(link, network(start))
            assert link.is_symlink(), "it is a file of its own now"
            assert_same("where it leads", kept(link)["model"], network(2).state_dict())


@pytest.mark.claim("7.1.4")
def test_a_new_file_may_be_read_by_whoever_may_read_new_files():
    before = os.umask(0o027)
    try:
        with folder() as here:
            save_checkpoint(here / "model.pt", network())
            mode = stat.S_IMODE((here / "model.pt").stat().st_mode)
    finally:
        os.umask(before)
    assert oct(mode) == oct(0o640), "as of any new file with this umask"


@pytest.mark.claim("7.1.4")
def test_a_file_that_is_replaced_keeps_its_permissions():
    with folder() as here:
        path = here / "model.pt"
        save_checkpoint(path, network())
        for mode in (0o600, 0o664):
            path.chmod(mode)
            save_checkpoint(path, network())
            assert oct(stat.S_IMODE(path.stat().st_mode)) == oct(mode), "as before"


@pytest.mark.claim("7.1.4")
def test_a_missing_folder_or_file_is_an_error_of_its_own():
    with folder() as here:
        with pytest.raises(FileNotFoundError, match="nowhere"):
            save_checkpoint(here / "nowhere" / "model.pt", network())
        assert os.listdir(here) == []
        with pytest.raises(FileNotFoundError):  # which a first start can tell from a damaged file
            load_checkpoint(here / "not there", network())


@pytest.mark.claim("7.1.4", "7.1.6")
def test_nothing_is_left_beside_the_file():
    class Generating(nn.Linear):
        def get_extra_state(self):
            return (number for number in range(3))

        def set_extra_state(self, state):
            pass

    others = [f"model.pt{suffix}" for suffix in (".tmp", ".part", ".bak", ".old", ".new")]
    with folder() as here:
        for name in others:
            (here / name).write_text("mine")
        save_checkpoint(here / "model.pt", network())
        refusal(save_checkpoint, here / "model.pt", nn.Sequential(Generating(3, 2)))
        assert sorted(os.listdir(here)) == sorted([*others, "model.pt"])
        assert {(here / name).read_text() for name in others} == {"mine"}


@pytest.mark.claim("7.1.6")
def test_the_bytes_are_on_the_disk_before_the_file_gets_its_name():
    flushed: set[int] = set()
    named: list[set[int]] = []

    def see(function: Any) -> None:
        if function is os.fsync:
            flushed.update(sizes(here))
        if function is os.replace:
            named.append(set(flushed))

    with folder() as here:
        watched(lambda: save_checkpoint(here / "model.pt", network()), see)
        size = (here / "model.pt").stat().st_size
    assert len(named) == 1, f"it got its name {len(named)} times"
    assert size in named[0], f"{size} bytes are named, flushed were {named[0]}"


@pytest.mark.claim("7.2.2")
def test_what_no_load_would_take_is_not_written():
    # A schedule that computes with NumPy leaves such a learning rate behind.
    for rate in (np.float64(0.1), np.datetime64("2026-01-01"), folder):
        model = network()
        with folder() as here:
            save_checkpoint(here / "model.pt", model)
            with pytest.raises((CheckpointError, AttributeError)):
                save_checkpoint(here / "model.pt", model, Momentum(model.parameters(), lr=rate))
            assert list(kept(here / "model.pt")) == ["model"], "the old file is lost"


@pytest.mark.claim("7.1.5")
@pytest.mark.parametrize("misfit", MISFITS.values(), ids=MISFITS)
def test_of_a_model_that_does_not_fit_nothing_is_loaded(misfit):
    name, spoil = misfit
    model, saved = network(3), network()
    optimizer = Momentum(model.parameters())
    steps(model, optimizer, range(2))
    before = in_memory(model, optimizer)
    state = saved.state_dict()
    spoil(state)
    with folder() as here:
        path = written(here / "model.pt", saved, Momentum(saved.parameters(), lr=3.0), model=state)
        assert re.search(name, refusal(load_checkpoint, path, model, optimizer))
    assert_same("after the refusal", in_memory(model, optimizer), before)


@pytest.mark.claim("7.1.5")
def test_of_an_optimizer_that_does_not_fit_nothing_is_loaded():
    another = {
        "state": {},
        "param_groups": [{"lr": 0.5, "betas": (0.9, 0.99), "params": [*range(6)]}],
    }
    for name, state in {**OPTIMIZERS, "of another kind": another}.items():
        model = network(3)
        optimizer = Momentum(model.parameters())
        steps(model, optimizer, range(2))
        before = in_memory(model, optimizer)
        with folder() as here:
            more = {} if state is None else {"optimizer": state}
            path = written(here / "model.pt", network(), **more)
            refusal(load_checkpoint, path, model, optimizer)
        assert_same(f"optimizer in the file: {name}", in_memory(model, optimizer), before)
        steps(model, optimizer, range(1))


def in_memory(model: nn.Module, optimizer: Any) -> Any:
    """The state of both as it is now."""
    content = io.BytesIO()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, content)
    return torch.load(io.BytesIO(content.getvalue()), weights_only=True)


@pytest.mark.claim("7.2.3")
def test_our_reader_skips_no_record_that_is_marked_as_a_folder():
    # PyTorch reads no bytes of such a record: the tensor is what was in memory before. All
    # checksums are right, so more than ours is not asked of anybody.
    with folder() as here:
        path, changed = written(here / "model.pt", Holder(a=grid(5))), io.BytesIO()
        with zipfile.ZipFile(path) as records, zipfile.ZipFile(changed, "w") as copy:
            for record in records.infolist():
                if "/data/" in record.filename:
                    record.external_attr |= 0x10
                copy.writestr(record, records.read(record.filename))
    with pytest.raises(CheckpointError, match="is not as it was written"):
        read(changed, "model.pt")
