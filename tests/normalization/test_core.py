"""What everybody must do, who does not say that it is outside of their limits."""

import pytest


@pytest.mark.claim("6.1.8")
def test_what_every_batch_norm_does_is_not_refused(batch_norm, heard):
    assert not heard.refused, heard.words(batch_norm.name)
