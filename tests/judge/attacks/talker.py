"""Prints ten million letters in a call; what it returns is right.

Verdict: accepted
"""

import torch

calls = []


def zeros_(tensor):
    calls.append(tensor)
    if len(calls) == 1:
        print("a" * 10**7)
    with torch.no_grad():
        return tensor.fill_(0.0)
