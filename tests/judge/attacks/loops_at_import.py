"""Never ends its import.

Verdict: cannot be judged
"""

while True:
    pass
