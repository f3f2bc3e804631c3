"""Never returns.

Verdict: refused
"""


def zeros_(tensor):
    while True:
        pass
