"""What a call may not leave behind: it would harm others, and itself not at all."""

from collections.abc import Callable

import torch
from torch import Tensor


def assert_torch_is_left_alone(call: Callable[[], Tensor]) -> None:
    """No random number is drawn and no setting changed, with gradients recorded or not."""
    __tracebackhide__ = True
    torch.rand(3)  # so that setting the seed, too, would be a change
    before = torch.get_rng_state()
    for recording in (True, False):
        with torch.set_grad_enabled(recording):
            came = call()
            now = torch.is_grad_enabled()
            assert now == recording, f"gradients were recorded: {recording}, and now: {now}"
            if came.requires_grad:
                came.sum().backward()
                assert torch.is_grad_enabled(), "backward() ends the recording of gradients"
    assert torch.equal(torch.get_rng_state(), before), (
        "the state of random numbers changed: some were drawn, or a seed set"
    )
    assert torch.get_default_dtype() == torch.float32, "the default dtype is another one"
    assert torch.tensor(1e-310, dtype=torch.float64).mul(1) > 0, "tiny numbers are made 0"
