"""Our profiles of Hypothesis, "suite" and "explore"; all else is in `tests/judge`."""

import sums_to_one.tests.judge.profiles  # noqa: F401 - registers them
