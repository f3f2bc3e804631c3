"""Declares that it takes what has a great many dimensions, of which the judge is to draw some.

Verdict: cannot be judged
"""

LIMITS = {"zeros_": {"dimensions": [10**30]}}


def zeros_(tensor):
    return tensor.detach().fill_(0.0)
