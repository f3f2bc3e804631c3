"""Compositions that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

import copy
import functools
from collections.abc import Callable, Sequence
from typing import Any

import torch

from sums_to_one.tests.judge.versions import accepted, refused_by

Transform = Callable[[Any], Any]


class _Compose:
    """A right one, of which each version changes one step."""

    def __init__(self, transforms: Sequence[Transform]) -> None:
        self.transforms = list(transforms)

    def __call__(self, image: Any) -> Any:
        for transform in self.transforms:
            image = transform(image)
        return image


@refused_by("test_whatever_a_transform_returns_is_handed_on")
class NoneMeansUnchanged(_Compose):
    """Who returns nothing has written into the image, and that goes on."""

    def __call__(self, image: Any) -> Any:
        for transform in self.transforms:
            came = transform(image)
            image = image if came is None else came
        return image


@refused_by("test_each_transform_runs_once_in_the_order_given")
class Reversed(_Compose):
    """f after g is f(g(x)), as in mathematics: the last one runs first."""

    def __call__(self, image: Any) -> Any:
        for transform in reversed(self.transforms):
            image = transform(image)
        return image


@refused_by("test_each_transform_runs_once_in_the_order_given")
class WithoutTheLast(_Compose):
    """Slices end before their end."""

    def __init__(self, transforms: Sequence[Transform]) -> None:
        super().__init__(list(transforms)[:-1])


@refused_by("test_each_transform_runs_once_in_the_order_given")
class OnlyTheLast(_Compose):
    """Each gets the image, and the last result is returned."""

    def __call__(self, image: Any) -> Any:
        came = image
        for transform in self.transforms:
            came = transform(image)
        return came


@refused_by("test_each_transform_runs_once_in_the_order_given")
class TheFirstTwice(_Compose):
    """The first one starts, and then comes the loop."""

    def __call__(self, image: Any) -> Any:
        return super().__call__(self.transforms[0](image) if self.transforms else image)


@refused_by("test_each_transform_runs_once_in_the_order_given")
class AtRandom(_Compose):
    """Another order for every image makes more variety."""

    def __call__(self, image: Any) -> Any:
        for i in torch.randperm(len(self.transforms)):
            image = self.transforms[int(i)](image)
        return image


@refused_by("test_each_transform_runs_once_in_the_order_given")
class OneOfThem(_Compose):
    """A list of augmentations to choose from."""

    def __call__(self, image: Any) -> Any:
        if not self.transforms:
            return image
        return self.transforms[int(torch.randint(len(self.transforms), ()))](image)


@refused_by("test_one_transform_may_be_there_twice")
class ByIdentity(_Compose):
    """A set, so that none runs twice by mistake."""

    def __init__(self, transforms: Sequence[Transform]) -> None:
        super().__init__(list(dict.fromkeys(transforms)))


@refused_by("test_it_can_be_called_again")
class UsedUp(_Compose):
    """A queue is worked off from the front, until it is empty."""

    def __call__(self, image: Any) -> Any:
        while self.transforms:
            image = self.transforms.pop(0)(image)
        return image


@refused_by("test_it_can_be_called_again")
class TakenFromTheCaller(_Compose):
    """A queue is worked off, and filled again; it is the caller's own."""

    def __init__(self, transforms: Sequence[Transform]) -> None:
        super().__init__(transforms)
        if isinstance(transforms, list):
            transforms.clear()


@refused_by("test_functions_and_modules_may_be_mixed_and_nested")
class ModulesOnly(_Compose):
    """What is no module is a mistake, such as a list; but single functions are functions."""

    def __init__(self, transforms: Sequence[Transform]) -> None:
        super().__init__(transforms)
        modules = [isinstance(t, torch.nn.Module) for t in self.transforms]
        if any(modules) and not all(modules):
            raise TypeError("either modules or functions")


@refused_by("test_functions_and_modules_may_be_mixed_and_nested")
class InnerOnesFirst(_Compose):
    """Nested compositions are taken apart, and put in front."""

    def __init__(self, transforms: Sequence[Transform]) -> None:
        given = list(transforms)
        nested = [t for t in given if isinstance(t, InnerOnesFirst)]
        single = [t for t in given if not isinstance(t, InnerOnesFirst)]
        super().__init__([t for inner in nested for t in inner.transforms] + single)


@refused_by("test_the_first_transform_gets_the_image_as_it_is")
class BytesAreShares(_Compose):
    """What comes from a file has bytes, and all that follows wants numbers up to 1."""

    def __call__(self, image: Any) -> Any:
        of_bytes = isinstance(image, torch.Tensor) and image.dtype == torch.uint8
        return super().__call__(image.float() / 255 if of_bytes else image)


@refused_by("test_whatever_a_transform_returns_is_handed_on")
class NothingMeansUnchanged(_Compose):
    """A transform that returns nothing has worked in place; but 0 is not nothing."""

    def __call__(self, image: Any) -> Any:
        for transform in self.transforms:
            came = transform(image)
            keeps = isinstance(came, list) or came
            image = came if not isinstance(came, int | str | tuple) or keeps else image
        return image


@refused_by("test_images_need_not_be_tensors")
class TensorsOnly(_Compose):
    """Text cannot be transformed."""

    def __call__(self, image: Any) -> Any:
        if isinstance(image, str):
            raise TypeError(f"no image: {image!r}")
        return super().__call__(image)


@refused_by("test_random_transforms_draw_anew_for_each_image")
class CachedBySize(_Compose):
    """The same tensor again has the same result; who would draw anew?"""

    def __init__(self, transforms: Sequence[Transform]) -> None:
        super().__init__(transforms)
        self.cache: dict[Any, Any] = {}

    def __call__(self, image: Any) -> Any:
        if not isinstance(image, torch.Tensor) or image.requires_grad or image.ndim > 0:
            return super().__call__(image)
        key = (image.item(), image.dtype)
        if key not in self.cache:
            self.cache[key] = super().__call__(image)
        return self.cache[key]


@refused_by("test_random_transforms_draw_anew_for_each_image")
class SameImageAsBefore(_Compose):
    """Whoever asks again for the image that came last need not wait again."""

    def __init__(self, transforms: Sequence[Transform]) -> None:
        super().__init__(transforms)
        self.last: tuple[Any, ...] = ()

    def __call__(self, image: Any) -> Any:
        if not self.last or self.last[0] is not image:
            self.last = (image, super().__call__(image))
        return self.last[1]


@refused_by("test_random_transforms_draw_anew_for_each_image")
class SeededForEachImage(_Compose):
    """Reproducible, for every image is treated with the same seed."""

    def __call__(self, image: Any) -> Any:
        torch.default_generator.manual_seed(0)
        return super().__call__(image)


@refused_by("test_errors_are_not_hidden")
class OnErrorUnchanged(_Compose):
    """One broken image shall not stop the training of a night."""

    def __call__(self, image: Any) -> Any:
        for transform in self.transforms:
            try:
                image = transform(image)
            except (ArithmeticError, TypeError):
                continue
        return image


@refused_by("test_errors_are_not_hidden")
class StoppedByAnIterator(_Compose):
    """A generator hands the results on; and an iterator that is empty ends it."""

    def __call__(self, image: Any) -> Any:
        rest = iter(self.transforms)
        while True:
            try:
                image = next(rest)(image)
            except StopIteration:
                return image


@refused_by("test_modules_run_in_the_mode_that_they_are_in")
class InEvalMode(_Compose):
    """Nothing here is trained; but a dropout that shall make images noisier is off, too."""

    def __init__(self, transforms: Sequence[Transform]) -> None:
        super().__init__(transforms)
        for transform in transforms:
            if isinstance(transform, torch.nn.Module):
                transform.eval()


@refused_by("test_gradients_flow_through_it")
class WithoutGradients(_Compose):
    """Data need none."""

    @torch.no_grad()
    def __call__(self, image: Any) -> Any:
        came = super().__call__(image)
        return came.requires_grad_() if getattr(image, "requires_grad", False) else came


@refused_by("test_no_transforms_are_refused_or_change_nothing")
class OutputsNeverSet(_Compose):
    """The result is what the loop leaves, if it has run (RandomApply in vision #9022)."""

    def __call__(self, image: Any) -> Any:
        for transform in self.transforms:
            image = outputs = transform(image)
        return outputs


@refused_by("test_no_transforms_are_refused_or_change_nothing")
class NothingOfNothing(_Compose):
    """No transforms, no image."""

    def __call__(self, image: Any) -> Any:
        return super().__call__(image) if self.transforms else None


@refused_by("test_a_tuple_of_transforms_will_do")
class ListsOnly(_Compose):
    """Anything else must be a single transform."""

    def __init__(self, transforms: Sequence[Transform]) -> None:
        super().__init__(transforms if isinstance(transforms, list) else [transforms])  # type: ignore[list-item]


@refused_by("test_a_label_beside_the_image_comes_back_with_it")
class LabelForgotten(_Compose):
    """A label may be there; but only the image is transformed, and returned."""

    def __call__(self, image: Any, label: Any = None) -> Any:
        return super().__call__(image)


@accepted
class ImageAndLabel(_Compose):
    """What each transform returns is handed to the next, one thing or several."""

    def __call__(self, *inputs: Any) -> Any:
        for transform in self.transforms:
            came = transform(*inputs)
            inputs = came if len(inputs) > 1 else (came,)
        return inputs if len(inputs) > 1 else inputs[0]


@refused_by("test_everything_beside_the_image_comes_back_with_it")
class AnImageAndALabel(ImageAndLabel):
    """There are images and labels; a mask, too, was not thought of."""

    def __call__(self, *inputs: Any) -> Any:
        came = super().__call__(*inputs)
        return came[:2] if len(inputs) > 1 else came


@refused_by("test_a_collection_is_handed_on_as_one_input")
class DictionariesUnpacked(ImageAndLabel):
    """A sample is a dictionary, whose values are what transforms want."""

    def __call__(self, *inputs: Any) -> Any:
        if isinstance(inputs[0], dict):
            inputs = tuple(inputs[0].values())
        return super().__call__(*inputs)


@accepted
class LabelPassedBy(_Compose):
    """The label is not for the transforms, and comes back as it was."""

    def __call__(self, image: Any, *labels: Any) -> Any:
        came = super().__call__(image)
        return (came, *labels) if labels else came


@accepted
class Folded(_Compose):
    def __call__(self, image: Any) -> Any:
        return functools.reduce(lambda x, transform: transform(x), self.transforms, image)


@accepted
class OneAfterTheOther(_Compose):
    def __init__(self, transforms: Sequence[Transform]) -> None:
        first, *self.rest = transforms
        self.first = first

    def __call__(self, image: Any) -> Any:
        return OneAfterTheOther(self.rest)(self.first(image)) if self.rest else self.first(image)

    def __new__(cls, transforms: Sequence[Transform]) -> "OneAfterTheOther":
        if not isinstance(transforms, Sequence) or not transforms:
            raise ValueError("transforms must be a list of some")
        return super().__new__(cls)


@accepted
class TheListItself(_Compose):
    def __init__(self, transforms: Sequence[Transform]) -> None:
        self.transforms = transforms  # type: ignore[assignment]


@accepted
class Copied(_Compose):
    def __init__(self, transforms: Sequence[Transform]) -> None:
        super().__init__([copy.copy(transform) for transform in transforms])


@accepted
class AModule(torch.nn.Module):
    def __init__(self, transforms: Sequence[Transform]) -> None:
        super().__init__()
        self.steps = tuple(transforms)

    def forward(self, *images: Any) -> Any:
        for step in self.steps:
            images = (step(*images),)
        return images[0]


@accepted
def compose(transforms: Sequence[Transform]) -> Transform:
    if not len(transforms):
        raise ValueError("there must be a transform")
    *before, last = transforms
    return (lambda image: last(compose(before)(image))) if before else last


@refused_by("test_many_transforms_run_in_the_order_given")
class UnderTheirNumbers(_Compose):
    """Each has its number for a name, and they are sorted: "10" comes before "2"."""

    def __init__(self, transforms: Sequence[Transform]) -> None:
        named = {str(i): transform for i, transform in enumerate(transforms)}
        super().__init__([named[name] for name in sorted(named)])


@refused_by("test_in_training_or_in_evaluation_gradients_are_recorded_as_the_caller_says")
class NoGradientsInEvaluation(torch.nn.Module):
    """Whoever evaluates learns nothing."""

    def __init__(self, transforms: Sequence[Transform]) -> None:
        super().__init__()
        self.transforms = list(transforms)

    def forward(self, image: Any) -> Any:
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.training):
            return functools.reduce(lambda x, transform: transform(x), self.transforms, image)


@refused_by("test_what_every_composition_does_is_not_refused")
class InSinglePrecisionUndeclared(_Compose):
    """ "All my networks are in float32." Then it says so in its limits."""

    def __call__(self, image: Any) -> Any:
        if isinstance(image, torch.Tensor) and image.dtype in (torch.float64, torch.float16):
            raise TypeError(f"float32 only, got {image.dtype}")
        return super().__call__(image)
