"""Our profile, and the fixtures of our own tests; all else is in `tests/judge`."""

pytest_plugins = ["sums_to_one.tests.judge.collecting", "sums_to_one.tests.cifar.fixtures"]
