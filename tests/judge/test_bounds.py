"""Faults as small as the bounds that are stated are refused, and smaller errors are not."""

import pytest
import torch

from sums_to_one.tests.common.closeness import tolerance
from sums_to_one.tests.judge.asking import cases, given
from sums_to_one.tests.judge.bounds import bound


@pytest.mark.parametrize(
    ("component", "dtype"),
    [("L1Loss", torch.float64), ("Normalize", torch.float32), ("constant_", torch.bfloat16)],
    ids=str,
)
def test_a_fault_of_twice_the_tolerance_is_refused(component, dtype):
    found = bound(component, dtype)
    assert found.result <= 2 * tolerance(dtype)
    assert found.gradient is None or found.gradient <= 2 * tolerance(dtype)
    assert found.share <= 1


def with_an_error_of(delta):
    """PyTorch's own loss, with an error of so many roundings."""

    class MSELoss(torch.nn.MSELoss):
        def forward(self, input, target):
            return super().forward(input, target) * (1 + delta)

    return MSELoss


@pytest.mark.parametrize(("roundings", "refused"), [(2, False), (12, True)])
def test_a_kernel_with_twice_the_error_of_pytorchs_own_is_no_more_wrong(roundings, refused):
    delta = roundings * torch.finfo(torch.bfloat16).eps
    subject = given({"MSELoss": with_an_error_of(delta)}, {"MSELoss": {"dtypes": ["bfloat16"]}})
    found = [verdict for case in cases(subject, "MSELoss") for verdict in case.verdicts()]
    outcomes = {row.outcome for row in found}
    assert ("failed" in outcomes) == refused, [r.sentence for r in found if r.outcome == "failed"]
