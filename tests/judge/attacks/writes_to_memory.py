"""Overwrites the memory of the process.

Verdict: refused
"""

import ctypes


def zeros_(tensor):
    ctypes.memset(id(tensor), 255, 4096)
