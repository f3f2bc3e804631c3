"""Compose is a transform made of transforms: they run one after the other, in the order given.

Most claims hand on a list of who has run so far, instead of an image.
"""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.gradients import gradient
from sums_to_one.tests.common.inputs import DTYPES, exact, grid
from sums_to_one.tests.common.options import feature
from sums_to_one.tests.common.refusals import outcome

some_names = st.lists(st.sampled_from("abcde"), min_size=1, max_size=7)


def note(name: str):
    """A transform that notes down that it has run."""
    return lambda before: [*before, name]


class NotingModule(torch.nn.Module):
    """The same, as a module."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def forward(self, before: list[str]) -> list[str]:
        return [*before, self.name]


@pytest.mark.claim("5.3.2")
@given(some_names)
def test_each_transform_runs_once_in_the_order_given(Compose, names):
    ran = Compose([note(name) for name in names])([])
    assert ran == names, f"of {names}, {ran} ran"


@pytest.mark.claim("5.3.2")
def test_many_transforms_run_in_the_order_given(Compose):
    for count in (10, 11, 21, 101, 257):  # which names, digits and bytes may sort otherwise
        for kind in (note, NotingModule):
            names = [str(i) for i in range(count)]
            ran = Compose([kind(name) for name in names])([])
            assert ran == names, f"of {count}, these ran: {', '.join(ran)}"


@pytest.mark.claim("5.3.2")
@given(some_names)
def test_it_can_be_called_again(Compose, names):
    transforms = [note(name) for name in names]
    given, composed = list(transforms), Compose(transforms)
    for _ in range(3):
        ran = composed([])
        assert ran == names, f"called again, of {names}, {ran} ran"
    assert transforms == given, "the list that was given is another one now"


@pytest.mark.claim("5.3.2")
@given(some_names, some_names)
def test_functions_and_modules_may_be_mixed_and_nested(Compose, some, others):
    kinds = itertools.cycle((note, NotingModule))
    mixed = [kind(name) for kind, name in zip(kinds, some, strict=False)]
    nested = Compose([note("first"), Compose(mixed), Compose([note(name) for name in others])])
    ran = nested([])
    assert ran == ["first", *some, *others], f"of {['first', *some, *others]}, {ran} ran"


@pytest.mark.claim("5.3.2")
def test_one_transform_may_be_there_twice(Compose):
    for kind in (note, NotingModule):
        one = kind("a")
        assert Compose([one, one, note("b"), one])([]) == ["a", "a", "b", "a"]


@pytest.mark.claim("5.3.2")
def test_a_tuple_of_transforms_will_do(Compose):
    with feature("a tuple of transforms"):
        made = Compose((note("a"), note("b"), note("a")))
    assert made([]) == ["a", "b", "a"]


@pytest.mark.claim("5.3.2")
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=5))
def test_on_an_image_it_is_the_transform_of_the_transform(Compose, numbers):
    image = grid(2, 3, 5, 7)
    expected = image
    for k in numbers:
        expected = (k * expected + k).flip(-1)
    composed = Compose([lambda x, k=k: (k * x + k).flip(-1) for k in numbers])
    assert_close(f"x -> {numbers} x + {numbers}", composed(image), expected)


@pytest.mark.claim("5.3.2")
def test_another_order_is_another_transform(Compose):
    double, clamp = (lambda x: 2 * x), (lambda x: x.clamp(0, 1))
    assert_close("doubled, then clamped", Compose([double, clamp])(exact([0.75])), exact([1.0]))
    assert_close("clamped, then doubled", Compose([clamp, double])(exact([0.75])), exact([1.5]))


@pytest.mark.claim("5.3.2")
@pytest.mark.parametrize("dtype", [*DTYPES, torch.uint8, torch.int64, torch.bool], ids=str)
def test_the_first_transform_gets_the_image_as_it_is(Compose, dtype):
    for shape in ((), (7,), (3, 5, 7), (1, 3, 5, 7), (2, 3, 5, 7), (0, 3, 2, 2), (2, 2, 3, 1, 1)):
        image, seen = grid(*shape).abs().to(dtype), []
        came = Compose([lambda x, seen=seen: seen.append(x.shape) or x])(image)
        assert seen == [image.shape], f"of shape {shape}, what came first was {seen}"
        assert came.dtype == dtype, f"of {dtype} came {came.dtype}"
        assert torch.equal(came, image), f"of {image.tolist()} came {came.tolist()}"


@pytest.mark.claim("5.3.2")
@pytest.mark.parametrize(
    "result", [0, None, False, "", (), torch.zeros(1), torch.zeros(0, 3)], ids=str
)
def test_whatever_a_transform_returns_is_handed_on(Compose, result):
    got = []
    came = Compose([lambda x: result])(1)
    assert came is result, f"the last transform gave {result!r}, and all together {came!r}"
    Compose([lambda x: result, got.append])(1)
    assert got[0] is result, f"the next one should get {result!r}, got {got[0]!r}"


@pytest.mark.claim("5.3.2")
def test_images_need_not_be_tensors(Compose):
    came = Compose([str.split, lambda words: exact([float(word) for word in words])])("1 2 5")
    assert_close("from text to a tensor", came, exact([1, 2, 5]))


@pytest.mark.claim("5.3.2")
def test_a_label_beside_the_image_comes_back_with_it(Compose):
    def raised(image, label=None):
        return image + 1 if label is None else (image + 1, label)

    with feature("several inputs"):
        came = Compose([raised, raised])(3, "cat")
    assert isinstance(came, tuple | list), f"of an image and its label came {came!r}"
    assert list(came) == [5, "cat"], f"of 3 raised twice, and 'cat', came {came!r}"


@pytest.mark.claim("5.3.2")
def test_everything_beside_the_image_comes_back_with_it(Compose):
    def raised(image, *others):
        return (image + 1, *others) if others else image + 1

    with feature("more than two inputs"):
        came = Compose([raised, raised])(3, "cat", 7)
    assert isinstance(came, tuple | list), f"of an image and two labels came {came!r}"
    assert list(came) == [5, "cat", 7], f"of 3 raised twice, 'cat' and 7, came {came!r}"


@pytest.mark.claim("5.3.2")
@pytest.mark.parametrize("given", [{"image": 3, "label": 7}, (3, 7), [3, 7], (3,)], ids=str)
def test_a_collection_is_handed_on_as_one_input(Compose, given):
    seen = []
    came = Compose([lambda *inputs: seen.append(inputs) or inputs[0]])(given)
    assert seen == [(given,)], f"of {given}, the first transform got {seen}"
    assert came is given, f"of {given} came {came}"


@pytest.mark.claim("5.3.2")
def test_random_transforms_draw_anew_for_each_image(Compose):
    composed = Compose([lambda x: x + torch.rand(()), lambda x: x * 2])
    equal, same = [torch.zeros(()) for _ in range(4)], [torch.zeros(())] * 4
    for what, images in (("four equal images", equal), ("one image four times", same)):
        came = [composed(image).item() for image in images]
        assert len(set(came)) == 4, f"for {what} they drew {came}"


@pytest.mark.claim("5.3.2")
@pytest.mark.parametrize("error", [ZeroDivisionError, TypeError, StopIteration])
def test_errors_are_not_hidden(Compose, error):
    def fails(x):
        raise error

    with pytest.raises((error, RuntimeError)):
        Compose([note("a"), fails, note("b")])([])


@pytest.mark.claim("5.3.2")
def test_modules_run_in_the_mode_that_they_are_in(Compose):
    for training in (True, False):
        dropout = torch.nn.Dropout(1.0).train(training)
        came = Compose([dropout, lambda x: 2 * x])(grid(3, 5, 7))
        assert dropout.training is training, f"training was {training}, now is {dropout.training}"
        assert_close(f"training={training}", came, (0 if training else 2) * grid(3, 5, 7))


@pytest.mark.claim("5.3.2")
def test_gradients_flow_through_it(Compose):
    came = gradient(Compose([lambda x: 3 * x, torch.square]), grid(3, 5, 7), grid(3, 5, 7))
    assert_close("the gradient of 9 x^2, times x", came, 18 * grid(3, 5, 7).square())


@pytest.mark.claim("5.3.2")
def test_in_training_or_in_evaluation_gradients_are_recorded_as_the_caller_says(Compose):
    for mode, enabled in itertools.product(("train", "eval"), (True, False)):
        seen, image = [], grid(3, 5, 7).requires_grad_()
        composed = Compose([lambda x, seen=seen: seen.append(torch.is_grad_enabled()) or 3 * x])
        getattr(composed, mode, lambda: None)()  # what is no torch.nn.Module has no modes
        with torch.set_grad_enabled(enabled):
            came = composed(image)
            assert torch.is_grad_enabled() == enabled, "whether they are is another now"
        assert seen == [enabled], f"after .{mode}(): {enabled} around it, {seen[0]} inside"
        assert came.requires_grad == enabled, f"after .{mode}(): came {came.requires_grad}"


@pytest.mark.claim("5.3.2")
def test_no_transforms_are_refused_or_change_nothing(Compose):
    came, image = outcome(lambda: Compose([])), grid(3, 5, 7)
    if isinstance(came, Exception):
        assert isinstance(came, ValueError | TypeError | AssertionError), f"the error is {came!r}"
    else:
        assert_close("the image", came(image), image)
