"""Everything together: a fully connected network, trained on CIFAR-10.

Read `components`, `data`, `model`, `train`, `evaluate` in this order; `python -m cifar` runs them.
"""
