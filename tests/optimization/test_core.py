"""What everybody must do, who does not say that it is outside of their limits."""

import pytest


@pytest.mark.claim("4.0.7")
def test_what_every_optimizer_does_is_not_refused(optimizer, heard):
    assert not heard.refused, heard.words(optimizer.name)


@pytest.mark.claim("4.0.7")
def test_what_every_variable_does_is_not_refused(Variable, heard):
    assert not heard.refused, heard.words(Variable.name)


@pytest.mark.claim("4.0.7")
def test_what_every_descent_does_is_not_refused(gradient_descent, heard):
    assert not heard.refused, heard.words(gradient_descent.name)
