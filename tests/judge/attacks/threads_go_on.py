"""Leaves threads behind that never end; what it returns is right.

Verdict: accepted
"""

import threading
import time

import torch


def forever():
    while True:
        time.sleep(0.01)


threading.Thread(target=forever).start()


def zeros_(tensor):
    with torch.no_grad():
        return tensor.fill_(0.0)
