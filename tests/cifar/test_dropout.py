"""The trainer's own dropout is judged like anybody's, and nobody else's is replaced by it."""

from pathlib import Path

import torch

from sums_to_one.cifar.components import Components
from sums_to_one.cifar.dropout import CheapDropout
from sums_to_one.cifar.model import FullyConnected
from sums_to_one.cifar.settings import Settings
from sums_to_one.tests.judge import warm

ROOT = Path(__file__).parents[2]
SUBJECT = Path(__file__).with_name("cheap_dropout.py")


def test_all_claims_about_dropout_hold_for_the_cheap_one():
    told = warm.run("sums_to_one.tests.judge.command", "judge", SUBJECT, cwd=ROOT)
    assert told.returncode == 0, told.stdout
    assert "regularization: Dropout: all" in told.stdout


def test_the_cheap_dropout_stands_in_for_pytorchs_alone():
    class Dropout(torch.nn.Module):
        def __init__(self, p):
            super().__init__()

    components = Components("torch")
    assert isinstance(FullyConnected(Settings(), components).dropout, CheapDropout)
    assert isinstance(CheapDropout.instead_of(Dropout, 0.5), Dropout)
