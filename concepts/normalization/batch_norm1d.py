"""Batch normalization of features, or of sequences: one mean and variance for every feature.

Of a batch (N, C) a feature has N values, of sequences (N, C, L) it has N times L. How it is done
stands in `batch_norm.py`.

Read next: `concepts/normalization/batch_norm2d.py`, for images.
"""

from sums_to_one.concepts.normalization.batch_norm import BatchNorm


class BatchNorm1d(BatchNorm):
    """Normalizes features over the batch, and over the positions of a sequence if there are any.

    Args:
        num_features: how many features there are, C of an input of shape (N, C) or (N, C, L).
        eps: is added to the variance, in its unit.
        momentum: the weight of the newest batch in the running averages, or None for the plain
            average of all batches.
        affine: learn a weight and a bias for every feature.
        track_running_stats: collect the averages; without them, evaluation uses the batch, too.
        bias: learn a bias, if affine; the bias of a layer in front is lost in the mean.

    Raises:
        ValueError: an input has other dimensions or another number of features, or in training
            only one value for each.

    Example:
        >>> import torch
        >>> norm = BatchNorm1d(2, eps=0)
        >>> norm(torch.tensor([[1.0, 20.0], [3.0, 60.0]])).detach()
        tensor([[-1., -1.],
                [ 1.,  1.]])

    Source: S. Ioffe, C. Szegedy, "Batch Normalization: Accelerating Deep Network Training by
    Reducing Internal Covariate Shift", 2015, section 3, algorithms 1 and 2.
    """

    dimensions = (2, 3)
