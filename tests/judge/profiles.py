"""How many inputs a claim is asked about, and which."""

import hypothesis

# max_examples: claims are many, and half as many inputs each find the same faults.
# derandomize: every subject meets the same inputs, on every machine.
# deadline, too_slow: an implementation may be slow and right.
# filter_too_much: most inputs may lie outside the limits of a subject.
# phases: no `explain`, whose comments would be about our helpers; nothing to `reuse`.
SUITE = hypothesis.settings(
    max_examples=50,
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=False,
    report_multiple_bugs=False,
    phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate, hypothesis.Phase.shrink),
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.filter_too_much],
)
hypothesis.settings.register_profile("suite", SUITE)
hypothesis.settings.register_profile("explore", SUITE, derandomize=False, max_examples=200)


def load_suite() -> None:
    """From now on claims are asked as the suite asks them; call it before they are imported."""
    hypothesis.settings.load_profile("suite")
