"""Calls itself without an end.

Verdict: refused
"""


def zeros_(tensor):
    return zeros_(tensor)
