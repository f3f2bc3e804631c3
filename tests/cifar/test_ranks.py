"""Several processes train one network, as one process would, and one of them may die."""

from dataclasses import replace

import pytest
import torch

from sums_to_one.cifar import checkpoint
from sums_to_one.cifar.components import Components
from sums_to_one.cifar.machine import Machine, machine
from sums_to_one.cifar.settings import Settings
from sums_to_one.cifar.train import Training
from sums_to_one.tests.cifar.processes import ended, start_ranks
from sums_to_one.tests.cifar.trainings import few_images, weights

# Batch norm would look at half a batch, and dropout would draw other masks.
PLAIN = Settings(hidden=(13, 11), batch_norm=False, dropout=0, epochs=2, batch_size=50, crop=2)


def begun(settings, here):
    return Training(few_images(), settings, Components("torch"), here)


def train_and_save(settings, folder):
    """What each process does: train, and write down what it has then."""
    with machine("cpu", "float32") as here:
        training = begun(settings, here).run()
        torch.save(training.model.state_dict(), folder / f"{here.rank}.pt")


def train_until_one_dies(settings, folder):
    """The second process dies in the middle, without a word, as if it were killed."""
    with machine("cpu", "float32") as here:

        def on_step(training):
            if here.writes and training.step == 3:
                checkpoint.save(folder / "checkpoint.pt", training, "test")
            if not here.writes and training.step == 5:
                raise SystemExit

        begun(settings, here).run(on_step)


def trained_by_two(settings, folder):
    """What each of two processes has in the end."""
    processes = start_ranks(2, train_and_save, settings, folder)
    assert [ended(process) for process in processes] == [0, 0]
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(2)]


def shared(state):
    """All but what batch norm has seen last, which was of each process its own part."""
    return weights({name: value for name, value in state.items() if "running" not in name})


@pytest.fixture(scope="module")
def alone():
    return weights(begun(PLAIN, Machine()).run().model.state_dict())


@pytest.mark.claim("8.1.3")
@pytest.mark.stand_in
def test_two_processes_do_what_one_would_do_with_the_joined_batch(alone, tmp_path):
    first, _ = trained_by_two(PLAIN, tmp_path)
    torch.testing.assert_close(weights(first), alone, atol=1e-5, rtol=1e-4)
    start = begun(PLAIN, Machine()).model.state_dict()
    assert (weights(start) - alone).abs().max() > 1e-2, "nothing was learnt at all"


@pytest.mark.claim("8.1.3")
@pytest.mark.stand_in
def test_all_processes_end_with_the_same_weights(tmp_path):
    settings = replace(PLAIN, batch_norm=True, dropout=0.5, whiten=7)
    first, second = trained_by_two(settings, tmp_path)
    assert torch.equal(shared(first), shared(second))


@pytest.mark.claim("8.1.2")
@pytest.mark.stand_in
def test_after_a_death_fewer_processes_go_on_to_the_same_end(alone, tmp_path):
    first, second = start_ranks(2, train_until_one_dies, PLAIN, tmp_path)
    assert ended(second) == 0
    assert ended(first) == 1, "nobody waits for the dead"
    kept = checkpoint.load(tmp_path / "checkpoint.pt")
    assert kept["step"] == 3
    resumed = checkpoint.resume(kept, few_images(), Machine()).run().model.state_dict()
    torch.testing.assert_close(weights(resumed), alone, atol=1e-5, rtol=1e-4)
