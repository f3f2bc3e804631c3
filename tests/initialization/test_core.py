"""What everybody must do, who does not say that it is outside of their limits."""

import pytest


@pytest.mark.claim("2.0.8")
def test_what_every_initializer_does_is_not_refused(initializer, heard):
    assert not heard.refused, heard.words(initializer.name)
