"""Reads where there is no memory.

Verdict: refused
"""

import ctypes


def zeros_(tensor):
    ctypes.string_at(0)
