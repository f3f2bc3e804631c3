"""kornia: its augmentations of one image, and its focal loss where that is cross-entropy."""

from typing import Any

import kornia.augmentation
import kornia.losses


class Normalize(kornia.augmentation.Normalize):
    def __init__(self, mean: Any, std: Any) -> None:
        super().__init__(mean, std, keepdim=True)


class RandomCrop(kornia.augmentation.RandomCrop):
    def __init__(
        self,
        size: Any,
        padding: Any = None,
        pad_if_needed: bool = False,
        fill: float = 0,
        padding_mode: str = "constant",
    ) -> None:
        size = (size, size) if isinstance(size, int) else tuple(size)
        super().__init__(size, padding, pad_if_needed, fill, padding_mode, keepdim=True)


class RandomHorizontalFlip(kornia.augmentation.RandomHorizontalFlip):
    def __init__(self, p: float = 0.5) -> None:
        super().__init__(p, keepdim=True)


class RandomRotation(kornia.augmentation.RandomRotation):
    def __init__(self, degrees: Any) -> None:
        super().__init__(degrees, "NEAREST", p=1.0, keepdim=True)


class ColorJitter(kornia.augmentation.ColorJitter):
    def __init__(
        self, brightness: Any = 0.0, contrast: Any = 0.0, saturation: Any = 0.0, hue: Any = 0.0
    ) -> None:
        super().__init__(brightness, contrast, saturation, hue, keepdim=True)


# The images of a batch have a draw each.
TRANSFORMS = ("Normalize", "RandomCrop", "RandomHorizontalFlip", "RandomRotation", "ColorJitter")
LIMITS = {name: {"dimensions": [3]} for name in TRANSFORMS}
