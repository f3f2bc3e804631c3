"""Random crop: look at the picture through a smaller window, or a shifted one.

    out[..., i, j] = padded[..., top + i, left + j]
    top from 0 to H' - h, left from 0 to W' - w, both ends included, each place equally likely

What a picture shows doesn't depend on where in the frame it stands. Padding by 4 and cropping to
the old size, which is usual for CIFAR-10, shifts it by up to 4 pixels in each direction: one of
81 pictures. The last place is easily forgotten, for `randint(n)` stops at n - 1.

The padded image is never made here: each pixel of the window asks which pixel of the image, or
whether the fill, belongs there.

Read next: `concepts/regularization/random_rotation.py`, which tilts it.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

PADDING_MODES = ("constant", "edge", "reflect", "symmetric")


class RandomCrop(nn.Module):
    """Cut a window out of images at a random place.

    Each call draws one place, also for a batch, whose images all share it.

    Args:
        size: height and width of the window in pixels, or one number for both.
        padding: pixels put around the image before: one number for all sides, two for left and
            right and for top and bottom, or four for left, top, right, bottom.
        pad_if_needed: whether a side that is still too short gets what it lacks, at both ends.
        fill: the number to pad with in the mode "constant", or one for each channel.
        padding_mode: "constant", "edge" to repeat the last pixel, "reflect" to mirror the image at
            its last pixel, or "symmetric" to mirror it behind its last pixel.

    Raises:
        ValueError: if an argument isn't as above, or the padded image is smaller than the window.

    Example:
        >>> image = torch.tensor([[[1, 2], [3, 4]]])
        >>> RandomCrop(2)(image)  # there is only one place
        tensor([[[1, 2],
                 [3, 4]]])
        >>> RandomCrop((2, 4), padding=(1, 0), fill=9)(image)
        tensor([[[9, 1, 2, 9],
                 [9, 3, 4, 9]]])

    Source: K. He et al., "Deep Residual Learning for Image Recognition", 2015, section 4.2.
    """

    def __init__(
        self,
        size: int | Sequence[int],
        padding: int | Sequence[int] | None = None,
        pad_if_needed: bool = False,
        fill: float | Sequence[float] = 0,
        padding_mode: str = "constant",
    ) -> None:
        super().__init__()
        sizes = (size,) if isinstance(size, int) else tuple(size)
        pads = (padding or 0,) if isinstance(padding, int | None) else tuple(padding)
        if len(sizes) not in (1, 2) or min(sizes) < 0:
            raise ValueError(f"size must be one number of pixels or two, got {size}")
        if len(pads) not in (1, 2, 4) or min(pads) < 0:
            raise ValueError(f"padding must be 1, 2 or 4 numbers of pixels, got {padding}")
        if padding_mode not in PADDING_MODES:
            raise ValueError(
                f"padding_mode must be one of {', '.join(PADDING_MODES)}, got {padding_mode!r}"
            )
        self.height, self.width = sizes * (2 // len(sizes))
        self.left, self.top, self.right, self.bottom = pads * (4 // len(pads))
        self.pad_if_needed = pad_if_needed
        self.fill = fill
        self.padding_mode = padding_mode

    def forward(self, image: Tensor) -> Tensor:
        """A window of an image of any dtype and shape (..., C, H, W): one of (..., C, h, w)."""
        height, width = image.shape[-2:]
        rows = self.places(height, self.height, self.top, self.bottom).to(image.device)
        columns = self.places(width, self.width, self.left, self.right).to(image.device)
        window = image[..., self.sources(rows, height)[:, None], self.sources(columns, width)]
        if self.padding_mode != "constant":
            return window
        inside = ((rows >= 0) & (rows < height))[:, None] & (columns >= 0) & (columns < width)
        fill = torch.as_tensor(self.fill, device=image.device).to(image.dtype)
        return torch.where(inside, window, fill.reshape(-1, 1, 1))

    def places(self, length: int, size: int, before: int, after: int) -> Tensor:
        """A random window of a row of pixels, of which the image's have the numbers from 0 on."""
        lacking = max(0, size - before - length - after) if self.pad_if_needed else 0
        before, after = before + lacking, after + lacking
        spare = before + length + after - size
        if spare < 0:
            raise ValueError(
                f"the padded image must be no smaller than the window of {size} pixels, "
                f"got {before + length + after} of them"
            )
        return torch.arange(size) + torch.randint(spare + 1, ()) - before

    def sources(self, places: Tensor, length: int) -> Tensor:
        """From which pixel of the image each place gets its number."""
        if self.padding_mode == "reflect" and length > 1:  # 0 1 2 3 2 1, and again 0 1 2 3 2 1
            folded = places.remainder(2 * length - 2)
            return torch.minimum(folded, 2 * length - 2 - folded)
        if self.padding_mode == "symmetric":  # 0 1 2 3 3 2 1 0, and again
            folded = places.remainder(2 * length)
            return torch.minimum(folded, 2 * length - 1 - folded)
        return places.clamp(0, length - 1)
