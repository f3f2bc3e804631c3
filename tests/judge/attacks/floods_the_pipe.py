"""Sends the judge a line without an end.

Verdict: tampered
"""

import os
import sys


def zeros_(tensor):
    frame = sys._getframe()
    while frame and "sender" not in frame.f_locals:
        frame = frame.f_back
    while True:
        os.write(frame.f_locals["sender"], b"9" * 2**16)
