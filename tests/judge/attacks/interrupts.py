"""Interrupts as a person at the keyboard does.

Verdict: refused
"""


def zeros_(tensor):
    raise KeyboardInterrupt
