"""Everything together: a fully connected network, trained on CIFAR-10.

`python -m sums_to_one.cifar` runs it. Start to read in `cifar/train.py`.
"""
