"""No attack: wrong.

Verdict: refused
"""

import torch


def zeros_(tensor):
    with torch.no_grad():
        return tensor.fill_(2.0)
