"""What our two functions promise beyond what everybody owes: the price is a few more lines.

Nobody else is judged by these claims, for PyTorch's tutorials promise none of it.
"""

import io
import os
import re
import resource
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
from sums_to_one.tests.checkpoints.crashes import in_a_child, watch_calls
from sums_to_one.tests.checkpoints.misfits import OPTIMIZER_MISFITS, every_misfit
from sums_to_one.tests.checkpoints.saved import (
    Holder,
    Momentum,
    assert_same_bits,
    contents_of,
    network,
    refusal,
    steps,
    unpicklable,
    written,
)
from sums_to_one.tests.common.inputs import grid


@pytest.mark.claim("7.1.1")
def test_the_file_is_a_dictionary_of_state_dicts(tmp_path):
    model = network()
    optimizer = Momentum(model.parameters())
    steps(model, optimizer, range(2))
    save_checkpoint(tmp_path / "model.pt", model, optimizer)
    content = torch.load(tmp_path / "model.pt", weights_only=True)
    assert_same_bits("the model", content["model"], model.state_dict())
    assert_same_bits("the optimizer", content["optimizer"], optimizer.state_dict())
    versions = content["model"]._metadata
    assert versions == model.state_dict()._metadata, "layers ask it for their versions"
    save_checkpoint(tmp_path / "model.pt", model)
    assert list(contents_of(tmp_path / "model.pt")) == ["model"], "there is no optimizer"


@pytest.mark.claim("7.1.2")
def test_a_part_of_a_checkpoint_can_be_loaded_into_another_model(tmp_path):
    save_checkpoint(tmp_path / "model.pt", network())
    state = contents_of(tmp_path / "model.pt")["model"]
    other = nn.Sequential(*network(3), nn.PReLU())
    assert "4.weight" in refusal(other.load_state_dict, state)
    found = other.load_state_dict(state, strict=False)
    assert (found.missing_keys, found.unexpected_keys) == (["4.weight"], [])
    assert_same_bits("what fits", other[:4].state_dict(), network().state_dict())


@pytest.mark.claim("7.1.4")
def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "links").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "target.pt")
    (tmp_path / "links" / "link").symlink_to("../other.pt")
    for link in (tmp_path / "link", tmp_path / "links" / "link"):
        for start in (1, 2):
            save_checkpoint(link, network(start))
        assert link.is_symlink(), "it is a file of its own now"
        assert_same_bits("where it leads", contents_of(link)["model"], network(2).state_dict())


@pytest.mark.claim("7.1.4")
def test_a_new_file_may_be_read_by_whoever_may_read_new_files(tmp_path):
    before = os.umask(0o027)
    try:
        save_checkpoint(tmp_path / "model.pt", network())
    finally:
        os.umask(before)
    mode = stat.S_IMODE((tmp_path / "model.pt").stat().st_mode)
    assert oct(mode) == oct(0o640), "as of any new file with this umask"


@pytest.mark.claim("7.1.4")
def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path):
    path = tmp_path / "model.pt"
    save_checkpoint(path, network())
    for mode in (0o600, 0o664):
        path.chmod(mode)
        save_checkpoint(path, network())
        assert oct(stat.S_IMODE(path.stat().st_mode)) == oct(mode), "as before"


@pytest.mark.claim("7.1.4")
def test_a_missing_folder_or_file_is_an_error_of_its_own(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        save_checkpoint(tmp_path / "nowhere" / "model.pt", network())
    assert os.listdir(tmp_path) == []
    with pytest.raises(FileNotFoundError):  # which a first start can tell from a damaged file
        load_checkpoint(tmp_path / "not there", network())


@pytest.mark.claim("7.1.4", "7.1.6")
def test_nothing_is_left_beside_the_file(tmp_path):
    others = [f"model.pt{suffix}" for suffix in (".tmp", ".part", ".bak", ".old", ".new")]
    for name in others:
        (tmp_path / name).write_text("mine")
    save_checkpoint(tmp_path / "model.pt", network())
    refusal(save_checkpoint, tmp_path / "model.pt", nn.Sequential(unpicklable()))
    assert sorted(os.listdir(tmp_path)) == sorted([*others, "model.pt"])
    assert {(tmp_path / name).read_text() for name in others} == {"mine"}


@pytest.mark.claim("7.1.6")
def test_a_full_disk_is_an_error_of_the_system(tmp_path):
    model = nn.Linear(211, 101)  # larger than what is held back before it goes to the disk
    save_checkpoint(tmp_path / "model.pt", model)
    whole = (tmp_path / "model.pt").stat().st_size

    def with_little_room():
        for room in (whole - 1, whole // 2, 64, 0):
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
            with pytest.raises(OSError, match="File too large"):
                save_checkpoint(tmp_path / "model.pt", model)

    assert in_a_child(with_little_room, tmp_path) == 0, "it is another error, or none"


class Flushed:
    """Which sizes of files had been flushed to the disk whenever a file got its name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sizes: set[int] = set()
        self.when_named: list[set[int]] = []

    def see(self, function: Any) -> None:
        if function is os.fsync:
            self.sizes.update(file.stat().st_size for file in self.folder.iterdir())
        if function is os.replace:
            self.when_named.append(set(self.sizes))


@pytest.mark.claim("7.1.6")
def test_the_bytes_are_on_the_disk_before_the_file_gets_its_name(tmp_path):
    flushed = Flushed(tmp_path)
    watch_calls(lambda: save_checkpoint(tmp_path / "model.pt", network()), flushed.see)
    size, named = (tmp_path / "model.pt").stat().st_size, flushed.when_named
    assert len(named) == 1, f"it got its name {len(named)} times"
    assert size in named[0], f"{size} bytes are named, flushed were {named[0]}"


@pytest.mark.claim("7.2.2")
def test_what_no_load_would_take_is_not_written(tmp_path):
    path, model = tmp_path / "model.pt", network()
    # A schedule that computes with NumPy leaves such a learning rate behind.
    for rate in (np.float64(0.1), np.datetime64("2026-01-01"), grid):
        save_checkpoint(path, model)
        with pytest.raises((CheckpointError, AttributeError)):
            save_checkpoint(path, model, Momentum(model.parameters(), lr=rate))
        assert list(contents_of(path)) == ["model"], "the old file is lost"


def learner() -> tuple[nn.Sequential, Momentum]:
    """A model and its optimizer after two steps."""
    model = network(3)
    optimizer = Momentum(model.parameters())
    steps(model, optimizer, range(2))
    return model, optimizer


def in_memory(model: nn.Module, optimizer: Any) -> Any:
    """The state of both as it is now."""
    content = io.BytesIO()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, content)
    return torch.load(io.BytesIO(content.getvalue()), weights_only=True)


@pytest.mark.claim("7.1.5")
@every_misfit
def test_of_a_model_that_does_not_fit_nothing_is_loaded(tmp_path, name, spoil):
    (model, optimizer), saved = learner(), network()
    before = in_memory(model, optimizer)
    state = saved.state_dict()
    spoil(state)
    theirs = Momentum(saved.parameters(), lr=3.0)
    path = written(tmp_path / "model.pt", saved, theirs, model=state)
    assert re.search(name, refusal(load_checkpoint, path, model, optimizer))
    assert_same_bits("after the refusal", in_memory(model, optimizer), before)


OF_ANOTHER_KIND = {"lr": 0.5, "betas": (0.9, 0.99), "params": [*range(6)]}
OURS_REFUSES = {
    **OPTIMIZER_MISFITS,
    "of another kind": {"state": {}, "param_groups": [OF_ANOTHER_KIND]},
}


@pytest.mark.claim("7.1.5")
@pytest.mark.parametrize("state", OURS_REFUSES.values(), ids=OURS_REFUSES)
def test_of_an_optimizer_that_does_not_fit_nothing_is_loaded(tmp_path, state):
    model, optimizer = learner()
    before = in_memory(model, optimizer)
    more = {} if state is None else {"optimizer": state}
    path = written(tmp_path / "model.pt", network(), **more)
    refusal(load_checkpoint, path, model, optimizer)
    assert_same_bits("after the refusal", in_memory(model, optimizer), before)
    steps(model, optimizer, range(1))


@pytest.mark.claim("7.2.3")
def test_our_reader_skips_no_record_that_is_marked_as_a_folder(tmp_path):
    # PyTorch reads no bytes of such a record: the tensor is what was in memory before. All
    # checksums are right, so more than ours is not asked of anybody.
    path, changed = written(tmp_path / "model.pt", Holder(a=grid(5))), io.BytesIO()
    with zipfile.ZipFile(path) as records, zipfile.ZipFile(changed, "w") as copy:
        for record in records.infolist():
            if "/data/" in record.filename:
                record.external_attr |= 0x10
            copy.writestr(record, records.read(record.filename))
    with pytest.raises(CheckpointError, match="is not as it was written"):
        read(changed, "model.pt")


def assert_noticed_or_intact(path: Path, content: bytes, saved: Holder) -> None:
    """What was altered is refused, or comes back as it was saved."""
    __tracebackhide__ = True
    model = Holder(a=grid(5), b=grid(2, 3))
    path.write_bytes(content)
    try:
        load_checkpoint(path, model)
    except CheckpointError:
        pass
    else:
        assert_same_bits("taken for intact", model.state_dict(), saved.state_dict())


@pytest.mark.claim("7.2.3")
def test_an_altered_byte_is_noticed_or_changes_nothing(tmp_path):
    saved = Holder(a=grid(5) + 1, b=grid(2, 3) + 1)
    save_checkpoint(tmp_path / "model.pt", saved)
    whole = (tmp_path / "model.pt").read_bytes()
    for place in range(0, len(whole), 13):
        content = bytearray(whole)
        content[place] ^= 1
        assert_noticed_or_intact(tmp_path / "model.pt", bytes(content), saved)
