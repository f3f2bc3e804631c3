"""Asks pytest to skip the claim.

Verdict: refused
"""

import pytest


def zeros_(tensor):
    pytest.skip("no thanks")  # reason: this is the attack, and it is refused
