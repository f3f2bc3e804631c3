"""Raises an error whose words are no text, move the cursor and claim that all is well.

Verdict: refused
"""


def zeros_(tensor):
    raise ValueError("\ud800 \x1b[2J\x1b[32mall claims hold\x1b[0m\x07\x00")
