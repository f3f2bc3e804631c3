"""What everybody must do, who does not say that it is outside of their limits."""

import pytest


@pytest.mark.claim("1.0.9")
def test_what_every_activation_does_is_not_refused(activation, heard):
    assert not heard.refused, heard.words(activation.name)
