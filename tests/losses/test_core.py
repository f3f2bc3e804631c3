"""What everybody must do, who does not say that it is outside of their limits."""

import pytest


@pytest.mark.claim("3.0.6")
def test_what_every_loss_does_is_not_refused(loss, heard):
    assert not heard.refused, heard.words(loss.name)
