"""What PyTorch's own functions do not promise, so that ours have to: laws of theirs.

Without the optimizer's state training goes on otherwise; what does not fit is loaded in part; an
optimizer takes what is of another kind, or in another order; and nobody reads the checksums.
"""

import pytest
import torch
from torch import nn

from sums_to_one.tests.checkpoints.saved import (
    Holder,
    Momentum,
    assert_same_bits,
    network,
    refusal,
    steps,
)
from sums_to_one.tests.common.inputs import grid


@pytest.mark.claim("7.1.1")
def test_without_the_state_of_the_optimizer_training_goes_on_otherwise():
    model, resumed = network(), network(5)
    optimizer = Momentum(model.parameters())
    steps(model, optimizer, range(3))
    resumed.load_state_dict(model.state_dict())
    steps(model, optimizer, range(3, 4))
    steps(resumed, Momentum(resumed.parameters()), range(3, 4))
    assert not torch.equal(resumed[3].weight, model[3].weight), "as if nothing were missing"


@pytest.mark.claim("7.1.5")
def test_what_fits_is_loaded_before_the_error_comes():
    model, state = network(), network(3).state_dict()
    state["3.bias"] = grid(5).float()
    assert "3.bias" in refusal(model.load_state_dict, state)
    assert torch.equal(model[0].weight, network(3)[0].weight), "the old one would be expected"


@pytest.mark.claim("7.1.5")
def test_an_optimizer_takes_the_state_of_another_kind():
    model = network()
    other = torch.optim.SGD(network().parameters(), lr=0.5)
    optimizer = torch.optim.Adam(model.parameters())
    optimizer.load_state_dict(other.state_dict())
    steps_of_adam = refusal(steps, model, optimizer, range(1))
    assert steps_of_adam.startswith("KeyError"), "only the next step tells"


@pytest.mark.claim("7.1.5")
def test_an_optimizer_takes_the_state_of_the_same_parameters_in_another_order():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    there, back = (Momentum(part.parameters()) for part in (model, nn.Sequential(*model[::-1])))
    for number, p in enumerate(model.parameters()):
        p.grad = torch.full_like(p, number)
    there.step()
    back.load_state_dict(there.state_dict())
    kept = {name: back.state[p]["velocity"].mean() for name, p in model.named_parameters()}
    assert kept["0.weight"] == 2, "the first layer has what the second had"


@pytest.mark.claim("7.2.3")
def test_altered_numbers_are_loaded_although_their_checksum_does_not_fit(tmp_path):
    saved = Holder(a=grid(5))
    torch.save(saved.state_dict(), tmp_path / "model.pt")
    whole, numbers = (tmp_path / "model.pt").read_bytes(), saved.a.detach().numpy().tobytes()
    assert whole.count(numbers) == 1
    (tmp_path / "model.pt").write_bytes(whole.replace(numbers, bytes(len(numbers))))
    found = torch.load(tmp_path / "model.pt", weights_only=True)
    assert_same_bits("zeros, and no error", found, {"a": torch.zeros_like(saved.a.detach())})
