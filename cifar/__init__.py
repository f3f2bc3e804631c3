"""Everything together: a fully connected network, trained on CIFAR-10.

Read `components`, `data`, `model`, `train`, `evaluate` in this order;
`python -m sums_to_one.cifar` runs them.
"""
