"""Closes all open files.

Verdict: refused
"""

import os


def zeros_(tensor):
    os.closerange(0, 4096)
    return tensor.detach().fill_(2.0)
