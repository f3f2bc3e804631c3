"""`parametrize_with_claims` and `check_component`: what they are given, and the names of tests."""

import re
import warnings
from contextlib import nullcontext
from types import ModuleType

import pytest
import torch

import sums_to_one
from sums_to_one import check_component, parametrize_with_claims


def softmax(x, dim):
    return torch.softmax(x, dim)


IN_FLOAT32 = {"softmax": {"dtypes": ["float32"]}}


def in_words(value):
    """The same in every process: what is no text may have an address in its name."""
    return value if isinstance(value, str) else re.sub(" at 0x[0-9a-f]+", "", str(value))


def ids_of(mark):
    return [row.id for row in mark.args[1]]


def test_a_test_is_called_by_component_claim_dtype_and_device():
    mark = parametrize_with_claims(
        {"softmax": softmax}, dtypes=["float32", "bfloat16"], devices=["cpu", "cuda:77"]
    )
    found, sentence = ids_of(mark), "each_row_is_a_probability_distribution"
    assert len(set(found)) == len(found)
    for dtype in ("float32", "bfloat16"):
        assert f"softmax-{sentence}-{dtype}-cpu" in found
        assert f"softmax-{sentence}-{dtype}-cuda:77" in found


def test_on_a_device_that_is_absent_all_is_skipped_and_says_so():
    mark = parametrize_with_claims({"softmax": softmax}, devices=["cuda:77"])
    marks = [own for row in mark.args[1] for own in row.marks]
    assert len(marks) >= len(mark.args[1])
    assert any("no device 'cuda:77'" in own.kwargs["reason"] for own in marks)


def test_in_a_dtype_that_a_component_does_not_take_all_is_skipped():
    ways = {"dtypes": ["float32", "bfloat16"], "limits": IN_FLOAT32}
    mark = parametrize_with_claims({"softmax": softmax}, **ways)
    reasons = {own.kwargs["reason"] for row in mark.args[1] for own in row.marks}
    assert "not provided: bfloat16" in reasons
    assert "not provided: float32" not in reasons


def in_place(tensor):
    with torch.no_grad():
        return tensor.zero_()


@pytest.mark.parametrize("name", ["vmap", "script"])
def test_a_transform_by_name_is_heard_whatever_warnings_are_errors(name):
    with warnings.catch_warnings(action="error"):
        mark = parametrize_with_claims({"zeros_": in_place}, transform=name)
    for row in mark.args[1]:
        if row.id.startswith("zeros_-the_tensor_that_was_given"):
            row.values[1](row.values[0])


def test_what_a_transform_does_not_take_is_not_provided():
    by_words = lambda x, **options: torch.relu(x)  # noqa: E731 - TorchScript has no such arguments
    mark = parametrize_with_claims({"relu": by_words, "zeros_": in_place}, transform="script")
    asked = {row.id.partition("-")[0] for row in mark.args[1] if not row.marks}
    assert asked == {"zeros_"}


def test_nobody_who_judges_nothing_succeeds():
    with pytest.raises(ValueError, match="something must be judged, and of softmax nothing"):
        parametrize_with_claims({"softmax": softmax}, dtypes=["float16"], limits=IN_FLOAT32)
    asked = {"dtype": "float16", "limits": IN_FLOAT32["softmax"]}
    with pytest.raises(AssertionError, match="softmax was not judged"):
        check_component("softmax", softmax, **asked)
    with pytest.warns(UserWarning, match="softmax was not judged"):
        check_component("softmax", softmax, **asked, on_fail="warn")


def test_a_module_gives_what_it_has_and_what_it_declares():
    module = ModuleType("layers")
    module.softmax, module.relu = softmax, torch.relu
    module.LIMITS = {"softmax": {"gradients": 1}}
    mark = parametrize_with_claims(module)
    assert {id.partition("-")[0] for id in ids_of(mark)} == {"softmax", "relu"}
    judged = [row.values[1].case.judged for row in mark.args[1] if row.id.startswith("softmax")]
    assert {own.subject.limits("softmax").gradients for own in judged} == {1}


def test_what_is_judged_is_what_became_of_it():
    mark = parametrize_with_claims({"softmax": softmax}, transform=lambda f: lambda x, dim: x)
    (claim,) = [row for row in mark.args[1] if row.id == "softmax-the_values_are_those_of_pytorch"]
    with pytest.raises(AssertionError, match="the values are those of pytorch"):
        claim.values[1](claim.values[0])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"subject": {"sofmax": softmax}}, "the components given must be among"),
        ({"subject": {}}, "must provide a component"),
        ({"components": ["relu"]}, "which lacks relu"),
        ({"components": ["rellu"]}, "components must be among"),
        ({"dtypes": ["float8"]}, "dtypes must be names among"),
        ({"dtypes": []}, "dtypes must be names among"),
        ({"devices": []}, "devices must name at least one"),
        ({"limits": {"relu6": {}}}, "the limits given must be among"),
        ({"limits": {"softmax": {"dtype": 1}}}, "must be a dictionary with keys among"),
        ({"conventions": {"relu6": "axis"}}, "components of the conventions given must be among"),
        ({"conventions": {"softmax": "p-is-kept"}}, "conventions of softmax must be among\n  axis"),
        ({"conventions": {"relu": "axis"}}, "conventions of relu must be among none"),
    ],
    ids=in_words,
)
def test_a_wrong_name_is_an_error(arguments, words):
    with pytest.raises(ValueError, match=words):
        parametrize_with_claims(**{"subject": {"softmax": softmax}, **arguments})


class Halved(torch.nn.MSELoss):
    """Right by one convention, which every claim is then asked by."""

    def forward(self, input, target):
        return super().forward(input, target) / 2


@pytest.mark.parametrize(
    "conventions", ["half-the-square", ["half-the-square"]], ids=["one", "list"]
)
def test_who_follows_a_convention_is_refused_without_it_and_holds_with_it(conventions):
    sentence = "MSELoss-it_is_the_mean_of_the_squared_errors"
    for names, refused in (({}, True), ({"MSELoss": conventions}, False)):
        mark = parametrize_with_claims({"MSELoss": Halved}, conventions=names)
        (row,) = [row for row in mark.args[1] if row.id == sentence]
        with pytest.raises(AssertionError) if refused else nullcontext():
            row.values[1](row.values[0])


def test_a_convention_holds_behind_a_transform_and_in_a_dtype():
    def inside(made):
        return type("Made", (made,), {})

    ways = {"transform": inside, "conventions": "half-the-square", "on_fail": None}
    found = check_component("MSELoss", Halved, dtype="float32", **ways)
    assert {row["outcome"] for row in found} <= {"passed", "not provided"}


def test_a_refusal_is_raised_or_warned_of_or_only_returned():
    wrong = torch.ones_like
    with pytest.raises(AssertionError, match="zeros_ is refused by"):
        check_component("zeros_", wrong)
    with pytest.warns(UserWarning, match="✗ every element is 0  2.1.1"):
        warned = check_component("zeros_", wrong, on_fail="warn")
    with warnings.catch_warnings(action="error"):
        assert check_component("zeros_", wrong, on_fail=None) == warned
    assert {"passed", "failed"} >= {row["outcome"] for row in warned} >= {"failed"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("zeros", torch.zeros_like), "must be among"),
        (("zeros_", torch.zeros_like, "never"), "on_fail must be"),
    ],
    ids=in_words,
)
def test_a_wrong_check_is_an_error(arguments, words):
    name, function, *on_fail = arguments
    with pytest.raises(ValueError, match=words):
        check_component(name, function, **({"on_fail": on_fail[0]} if on_fail else {}))


def test_the_package_says_what_it_has_and_what_it_lacks():
    assert {"check_component", "parametrize_with_claims"} <= {*dir(sums_to_one)}
    with pytest.raises(AttributeError, match="has no attribute 'chek_component'"):
        sums_to_one.chek_component  # noqa: B018 - to look is all that it takes
