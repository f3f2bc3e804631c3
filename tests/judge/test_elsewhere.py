"""No claim makes a tensor where its subject is not, and who did would be found out."""

import pytest
import torch

from sums_to_one.tests.common.here import generator, here
from sums_to_one.tests.judge.elsewhere import WrongDeviceError, asked, elsewhere, wrong_device

CONSTANT = torch.ones(3)


A_FEW = (
    "limit_of_differences",
    "of_pytorch",
    "a_generator",
    "formula",
    "in_memory_changes_nothing",
)


@pytest.mark.parametrize("component", ["tanh", "normal_"])
def test_claims_stay_where_their_subject_is(component):
    few = [case for case in asked(component) if any(word in case.place.name for word in A_FEW)]
    found = {case.place.name: wrong_device(case) for case in few}
    assert found
    assert {name: told for name, told in found.items() if told} == {}


def test_what_one_claim_keeps_another_one_meets_where_it_is():
    with elsewhere():
        kept = torch.ones(3)
    with elsewhere():
        assert (torch.zeros(3) + kept).device == kept.device != torch.device("cpu")


@pytest.mark.parametrize(
    "leave",
    [
        lambda: torch.zeros(3) + CONSTANT,
        lambda: torch.zeros(3) + torch.zeros(3, device="cpu"),
        lambda: torch.randn(3, generator=torch.Generator()),
        lambda: torch.zeros(3).numpy(),
        lambda: torch.zeros(3).cpu() + torch.zeros(3),
    ],
    ids=["a constant", "the CPU by name", "a generator of the CPU", "numpy", "a copy of the CPU"],
)
def test_who_leaves_it_is_found_out(leave):
    with elsewhere(), pytest.raises(WrongDeviceError):
        leave()


@pytest.mark.parametrize(
    "stay",
    [
        lambda: torch.zeros(3) + here(CONSTANT),
        lambda: torch.zeros(3) + torch.ones(3, device=torch.zeros(1).device),
        lambda: torch.randn(3, generator=generator(1)),
        lambda: torch.zeros(3).cpu().numpy(),
        lambda: torch.zeros(3).copy_(CONSTANT),
    ],
    ids=["a constant", "its device", "its generator", "by way of the CPU", "a copy"],
)
def test_what_a_device_allows_is_allowed(stay):
    with elsewhere():
        stay()
