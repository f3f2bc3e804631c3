"""What is slow to import is imported once, and not in every process that forks."""

import importlib
from collections.abc import Collection

from sums_to_one.tests.judge.components import COMPONENTS, GROUPS


def import_what_is_slow(components: Collection[str]) -> None:
    """Before processes fork that judge these."""
    if {*components} & {*COMPONENTS["initialization"], "gradient_descent"}:
        importlib.import_module("scipy.stats")  # for the tests of distributions
    if {*components} & {*GROUPS["optimizer"]}:
        importlib.import_module("torch._dynamo")  # by the first optimizer of PyTorch's that is made
