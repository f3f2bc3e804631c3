"""Hands on our own reference.

Verdict: cannot be judged
"""

from sums_to_one.concepts import zeros_

__all__ = ["zeros_"]
