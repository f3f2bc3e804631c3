"""Ten inputs a claim, for libraries that compile anew for every shape that they meet."""

import hypothesis

from sums_to_one.tests.judge.profiles import SUITE

hypothesis.settings.register_profile("few", SUITE, max_examples=10)
