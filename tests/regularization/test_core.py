"""What everybody must do, who does not say that it is outside of their limits."""

import pytest


@pytest.mark.claim("5.0.2")
def test_what_every_penalty_does_is_not_refused(penalty, heard):
    assert not heard.refused, heard.words(penalty.name)


@pytest.mark.claim("5.0.2")
def test_what_every_dropout_does_is_not_refused(dropout, heard):
    assert not heard.refused, heard.words(dropout.name)


@pytest.mark.claim("5.0.2")
def test_what_every_transform_does_is_not_refused(transform, heard):
    assert not heard.refused, heard.words(transform.name)


@pytest.mark.claim("5.0.2")
def test_what_every_composition_does_is_not_refused(Compose, heard):
    assert not heard.refused, heard.words(Compose.name)
