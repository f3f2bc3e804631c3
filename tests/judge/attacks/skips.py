"""Asks pytest to skip the claim.

Verdict: refused
"""

import pytest


def zeros_(tensor):
    pytest.skip("no thanks")
