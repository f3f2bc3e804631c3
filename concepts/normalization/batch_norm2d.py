"""Batch normalization of images: one mean and variance for every channel.

A convolution treats all places of an image alike, so normalization does, too: of a batch of shape
(N, C, H, W) a channel has N times H times W values. How it is done stands in `batch_norm.py`.

Read next: `concepts/checkpoints/file_format.py`, for what it remembers has to be saved.
"""

from sums_to_one.concepts.normalization.batch_norm import BatchNorm


class BatchNorm2d(BatchNorm):
    """Normalizes the channels of images over the batch and over all places.

    Args:
        num_features: how many channels there are, C of an input of shape (N, C, H, W).
        eps: is added to the variance, in its unit.
        momentum: the weight of the newest batch in the running averages, or None for the plain
            average of all batches.
        affine: learn a weight and a bias for every channel.
        track_running_stats: collect the averages; without them, evaluation uses the batch, too.
        bias: learn a bias, if affine; the bias of a layer in front is lost in the mean.

    Raises:
        ValueError: an input has other dimensions or another number of channels, or in training
            only one value for each.

    Example:
        >>> import torch
        >>> norm = BatchNorm2d(1, eps=0)
        >>> image = torch.tensor([[[[1.0, 1.0], [3.0, 3.0]]]])
        >>> norm(image).detach()
        tensor([[[[-1., -1.],
                  [ 1.,  1.]]]])
        >>> norm.running_mean
        tensor([0.2000])

    Source: S. Ioffe, C. Szegedy, "Batch Normalization: Accelerating Deep Network Training by
    Reducing Internal Covariate Shift", 2015, section 3.2.
    """

    dimensions = (4,)
