"""A run that was stopped and went on ends with the weights of the run that never was, bit for bit.

Whatever the next step depends on is in the checkpoint: what is missing there shows in the weights.
"""

from dataclasses import replace

import pytest
import torch

from sums_to_one.cifar import checkpoint
from sums_to_one.cifar.checkpoint import ResumeError
from sums_to_one.cifar.components import Components
from sums_to_one.cifar.machine import Machine
from sums_to_one.cifar.settings import OPTIMIZERS, Settings
from sums_to_one.cifar.train import Training

BRIEF = Settings(hidden=(13, 11), epochs=2, batch_size=50, dropout=0.3)
STEPS = 2 * 4
EVERYTHING = replace(BRIEF, whiten=17, crop=2, mixup=0.4, label_smoothing=0.1, warmup=0.5)


class StopError(Exception):
    """As a power cut would."""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "checkpoint.pt"


@pytest.fixture
def saved(few, components, path):
    """The checkpoint of a run that is about to begin."""
    checkpoint.save(path, Training(few, BRIEF, components), "test")
    return path


def stopped_after(step, training, path):
    """Train until that step, and save what there is then."""

    def on_step(training):
        if training.step == step:
            checkpoint.save(path, training, "test")
            raise StopError

    with pytest.raises(StopError):
        training.run(on_step)


def whole_state(training):
    """Weights, buffers, the state of the optimizer, and the history, in one comparable piece."""
    state = training.state()
    state.pop("seconds")
    return state


def differing(one, other, path=""):
    """Where two states differ; nothing where they are the same bit for bit."""
    if isinstance(one, torch.Tensor):
        return [] if torch.equal(one, other) else [path]
    if isinstance(one, dict):
        assert one.keys() == other.keys(), path
        return [p for key in one for p in differing(one[key], other[key], f"{path}/{key}")]
    if isinstance(one, list | tuple):
        assert len(one) == len(other), path
        pairs = enumerate(zip(one, other, strict=True))
        return [p for n, (a, b) in pairs for p in differing(a, b, f"{path}/{n}")]
    return [] if one == other else [path]


@pytest.fixture(scope="module")
def never_stopped(few, components):
    return Training(few, EVERYTHING, components).run()


@pytest.mark.claim("8.1.2")
@pytest.mark.stand_in
@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_run_stopped_after_any_step_goes_on_bit_for_bit(
    few, components, never_stopped, path, step
):
    stopped_after(step, Training(few, EVERYTHING, components), path)
    torch.rand(3)  # what others draw meanwhile does not matter
    resumed = checkpoint.resume(checkpoint.load(path), few, Machine()).run()
    assert differing(whole_state(resumed), whole_state(never_stopped)) == []


@pytest.mark.claim("8.1.2")
@pytest.mark.stand_in
@pytest.mark.parametrize("parts", [["torch"], ["concepts", "torch"]], ids=lambda parts: parts[0])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_goes_on_bit_for_bit(few, path, name, parts):
    settings, components = replace(BRIEF, optimizer=name, lr=0.01), Components(*parts)
    never_stopped = Training(few, settings, components).run()
    stopped_after(5, Training(few, settings, components), path)
    resumed = checkpoint.resume(checkpoint.load(path), few, Machine()).run()
    assert differing(whole_state(resumed), whole_state(never_stopped)) == []


@pytest.mark.stand_in
def test_an_optimizer_that_had_forgotten_its_state_would_be_found(few, components, path):
    stopped_after(5, Training(few, BRIEF, components), path)
    whole = whole_state(checkpoint.resume(checkpoint.load(path), few, Machine()).run())
    without = checkpoint.load(path)
    without["optimizers"] = Training(few, BRIEF, components).state()["optimizers"]
    resumed = checkpoint.resume(without, few, Machine()).run()
    assert "/model/output.weight" in differing(whole_state(resumed), whole)


@pytest.mark.stand_in
def test_a_checkpoint_says_where_it_comes_from(saved):
    kept = torch.load(saved, weights_only=True)
    assert kept["recipe"] == "test"
    assert kept["settings"]["hidden"] == (13, 11)
    assert kept["data"]["name"] == "SYNTHETIC STAND-IN, not CIFAR-10"
    assert kept["components"]["Linear"] == "torch"
    assert kept["components"]["relu"] == "concepts"


@pytest.mark.stand_in
def test_a_checkpoint_says_what_computed_it(saved):
    kept = torch.load(saved, weights_only=True)
    assert kept["machine"]["torch"] == torch.__version__
    assert kept["machine"]["threads"] == str(torch.get_num_threads())
    assert len(kept["machine"]["code"]) == 16


@pytest.mark.stand_in
def test_a_restored_network_gives_the_same_logits(few, components, path):
    training = Training(few, EVERYTHING, components)
    checkpoint.save(path, training, "test")
    restored = checkpoint.restore(path, components)
    images = few.test_images[:7]
    assert torch.equal(restored(images), training.model.eval()(images))


@pytest.mark.stand_in
def test_other_data_than_before_is_refused(few, saved):
    other = replace(few, train_labels=few.train_labels.flip(0))
    with pytest.raises(ResumeError, match="must go on with the data it began with"):
        checkpoint.resume(checkpoint.load(saved), other, Machine())


@pytest.mark.stand_in
def test_another_machine_is_told_apart(saved):
    kept = checkpoint.load(saved)
    assert checkpoint.differences(kept, Machine()) == []
    kept["machine"]["threads"] = "99"
    (difference,) = checkpoint.differences(kept, Machine())
    assert difference.startswith("threads: 99 then, ")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (None, "No such file"),
        (b"", "must be an intact checkpoint"),
        (b"junk", "must be an intact checkpoint"),
        ({"model": {}}, "must be of format 2, which this version writes, got 1"),
        ({"model": {}, "format": 3}, "must be of format 2, which this version writes, got 3"),
        ([1, 2], 'must hold a state_dict as "model"'),
    ],
    ids=["missing", "empty", "junk", "older", "newer", "something else"],
)
def test_what_is_no_checkpoint_of_this_format_is_refused(path, written, told):
    if isinstance(written, bytes):
        path.write_bytes(written)
    elif written is not None:
        torch.save(written, path)
    with pytest.raises(ResumeError, match=told):
        checkpoint.load(path)


def rewritten(path, change):
    """Change something in a checkpoint, and leave it intact."""
    kept = torch.load(path, weights_only=True)
    change(kept)
    torch.save(kept, path)
    return path


@pytest.mark.stand_in
@pytest.mark.parametrize(
    "change",
    [
        lambda kept: kept["settings"].update(colour="red"),
        lambda kept: kept["settings"].update(hidden=[99]),
        lambda kept: kept["settings"].update(lr=-1),
        lambda kept: kept["model"].pop("output.bias"),
    ],
    ids=["unknown setting", "another width", "a wrong rate", "no bias"],
)
def test_the_checkpoint_of_another_network_is_refused(few, components, saved, change):
    path = rewritten(saved, change)
    with pytest.raises(ResumeError, match="a network that this version knows"):
        checkpoint.resume(checkpoint.load(path), few, Machine())
    with pytest.raises(ResumeError, match="a network that this version knows"):
        checkpoint.restore(path, components)


@pytest.mark.stand_in
@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda kept: kept.pop("settings"), "got none of settings"),
        (lambda kept: kept["optimizers"].pop(), "a training run that this version knows"),
        (
            lambda kept: kept["optimizers"][0]["param_groups"].pop(),
            "a training run that this version knows",
        ),
        (lambda kept: kept.pop("sums"), "a training run that this version knows"),
    ],
    ids=["no settings", "no optimizer", "fewer groups", "no sums"],
)
def test_the_checkpoint_of_another_run_is_refused(few, saved, change, rule):
    path = rewritten(saved, change)
    with pytest.raises(ResumeError, match=rule):
        checkpoint.resume(checkpoint.load(path), few, Machine())


@pytest.mark.stand_in
def test_a_damaged_checkpoint_is_refused(saved):
    whole = bytearray(saved.read_bytes())
    whole[len(whole) // 2] ^= 1
    saved.write_bytes(whole)
    with pytest.raises(ResumeError, match="must be an intact checkpoint"):
        checkpoint.load(saved)


def full_disk(state, file):
    file.write(b"half")
    raise RuntimeError("no space left")


@pytest.mark.stand_in
def test_a_checkpoint_is_written_wholly_or_not_at_all(few, components, saved, monkeypatch):
    before = saved.read_bytes()
    monkeypatch.setattr(torch, "save", full_disk)
    with pytest.raises(OSError, match="no space left"):
        checkpoint.save(saved, Training(few, BRIEF, components), "test")
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]
