"""Limits: what is declared is not asked, what is refused openly is heard; no wrong number is."""

import dataclasses
import functools
import json
import operator
import re

import pytest
import torch

from sums_to_one.tests.common.limits import (
    DTYPES,
    KINDS,
    LONG_SUMS,
    Limits,
    LimitsError,
    NotProvided,
    read,
)
from sums_to_one.tests.judge import warm
from sums_to_one.tests.judge.arguments import heard
from sums_to_one.tests.judge.controls import LIMITS, behind
from sums_to_one.tests.judge.hearing import hear
from sums_to_one.tests.judge.plain_use import CORE, USES
from sums_to_one.tests.judge.subjects import Subject, SubjectError, requested
from sums_to_one.tests.judge.teeth import claims_about
from sums_to_one.tests.judge.versions import Version

FLOAT32 = """import torch

def relu(x):
    if x.dtype != torch.float32:
        raise TypeError(f"float32 only, got {x.dtype}")
    return torch.relu(x)
"""
NO_BFLOAT16 = FLOAT32.replace("x.dtype != torch.float32", "x.dtype == torch.bfloat16")
DECLARED = '\nLIMITS = {"relu": {"dtypes": ["float32"]}}\n'
ATTRIBUTE = '\nrelu.limits = {"dtypes": ["float32"]}\n'
# Some of the claims: those that meet the dtypes, and one that does not.
SOME = "-k=what_every_activation or lower_precision or shape_and_dtype or the_larger_of"
TRIPLES = FLOAT32.replace("torch.relu(x)", "3 * torch.relu(x)") + DECLARED


def judge(folder, text, *options):
    (folder / "solution.py").write_text(text)
    file = folder / "verdicts.json"
    command = ["pytest", "-q", "--subject=solution.py"]
    told = warm.run(*command, f"--verdicts={file}", *options, cwd=folder)
    (subject,) = json.loads(file.read_text())["subjects"] if file.exists() else [None]
    return told, subject


def said(told):
    """What was printed, in one line."""
    return " ".join(told.stdout.split())


def refused(subject):
    """The names of the claims that refuse it."""
    rows = [row for row in subject["claims"] if row["outcome"] in ("failed", "error")]
    return {row["test"].partition("::")[2].partition("[")[0] for row in rows}


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (FLOAT32 + DECLARED, [SOME]),
        (FLOAT32 + ATTRIBUTE, [SOME]),
        (FLOAT32, [SOME, '--limits=relu={"dtypes": ["float32"]}']),
    ],
    ids=["in the file", "as an attribute", "on the command line"],
)
def test_a_declared_limit_is_heard(tmp_path, text, options):
    told, subject = judge(tmp_path, text, "--show=all", *options)
    assert told.returncode == 0, told.stdout
    assert subject["limits"]["relu"]["within"] == {"dtypes": ["float32"]}
    assert "within its limits: float32" in said(told)


def test_the_core_that_is_refused_without_a_word_is_one_entry(tmp_path):
    told, subject = judge(tmp_path, FLOAT32)
    assert refused(subject) == {"test_what_every_activation_does_is_not_refused"}
    assert 'LIMITS = {"relu": {"dtypes": ["float32"]}}' in said(told)
    assert "float64: TypeError: float32 only, got torch.float64" in said(told)


def test_an_extra_that_is_refused_is_a_remark(tmp_path):
    told, subject = judge(tmp_path, NO_BFLOAT16, "--show=all", SOME)
    assert told.returncode == 0, told.stdout
    assert list(subject["limits"]["relu"]["remarks"]) == ["bfloat16"]
    assert "remark: bfloat16 is refused openly" in told.stdout


def test_with_strict_limits_an_extra_must_be_declared(tmp_path):
    told, subject = judge(tmp_path, NO_BFLOAT16, "--strict-limits", SOME)
    assert refused(subject) == {"test_what_every_activation_does_is_not_refused"}
    assert told.returncode == 1
    assert '"dtypes": ["float64", "float32", "float16"]' in said(told)


def test_a_wrong_number_within_the_limits_is_refused(tmp_path):
    told, subject = judge(tmp_path, TRIPLES, SOME)
    assert told.returncode == 1
    assert "test_it_is_the_larger_of_the_number_and_0" in refused(subject)


UNREADABLE: list[tuple[object, str]] = [
    (3, "keys among dtypes, dimensions, gradients, without, reason, got 3"),
    ({"dtype": "float32"}, "must be a dictionary with keys among"),
    ({"dtypes": "float32"}, "the dtypes of relu must be a list of names of dtypes"),
    ({"dtypes": []}, "must not be empty"),
    ({"dimensions": [2.5]}, "the dimensions of relu must be a list of whole numbers"),
    ({"gradients": 3}, "the gradients of relu must be 0, 1 or 2, got 3"),
]


@pytest.mark.parametrize(("declared", "words"), UNREADABLE)
def test_a_declaration_that_cannot_be_read_is_refused_with_the_rule(declared, words):
    with pytest.raises(LimitsError, match=re.escape(words)):
        read(declared, "relu")


@pytest.mark.parametrize("text", ["relu", "relu=", "relu={", "Relu={}"])
def test_limits_on_the_command_line_that_cannot_be_read_are_refused(text):
    with pytest.raises(SubjectError, match="--limits"):
        requested(["torch"], [text])


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        (FLOAT32 + '\nLIMITS = {"relu": {"dtypes": []}}\n', [], "must not be empty"),
        (FLOAT32, ['--limits=relu={"dtypes": ["float33"]}'], "--limits"),
    ],
    ids=["in the file", "on the command line"],
)
def test_limits_that_cannot_be_read_end_with_code_4(tmp_path, text, options, words):
    told, _ = judge(tmp_path, text, *options)
    assert told.returncode == 4, told.stdout
    assert words in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize("component", USES)
def test_of_pytorchs_own_nothing_is_heard(component):
    function = Subject("torch").component(component)
    assert function is None or hear(component, function, Limits()).limits == Limits()


@pytest.mark.parametrize("title", LIMITS)
@pytest.mark.parametrize("component", ["softmax", "MSELoss", "Adam", "BatchNorm2d", "uniform_"])
def test_what_a_control_refuses_is_heard(component, title):
    declared = read(LIMITS[title], component)
    function = behind(Subject("torch").component(component), LIMITS[title], declared=False)
    found = hear(component, function, Limits())
    expected = [d for d in DTYPES if d in declared.dtypes]
    if set(declared.dimensions or CORE[component]) & set(CORE[component]):
        assert list(found.limits.dtypes) == expected
    assert found.limits.gradients <= 2


def test_limits_are_read_as_they_are_written():
    limits = Limits((torch.float32,), (2, 3), 1, frozenset(["inplace"]))
    assert read(limits.declared(), "softmax") == limits
    assert str(limits) == "float32; 2-D, 3-D; first derivatives; no inplace"
    with pytest.raises(LimitsError, match="the without of softmax must be a list of names"):
        read({"without": [3]}, "softmax")


def test_limits_have_a_reason_that_is_told_and_changes_nothing():
    declared = {"gradients": 1, "reason": "no double\n backward"}
    limits = read(declared, "softmax")
    assert limits == read({"gradients": 1}, "softmax")
    assert limits.within(limits).declared() == {"gradients": 1, "reason": "no double backward"}
    assert str(limits) == "first derivatives (no double backward)"
    assert read({"reason": "of nothing"}, "softmax").declared() == {}
    with pytest.raises(LimitsError, match="must be words, got 3"):
        read({"reason": 3}, "softmax")


def says(kind):
    """PyTorch's softmax, which refuses this kind of inputs by an error of its own."""

    def softmax(x, dim):
        assert not KINDS[kind](x), f"no {kind}, please"
        return torch.softmax(x, dim)

    return softmax


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_inputs_that_is_refused_is_heard_and_nothing_else_is_lost(kind):
    found = hear("softmax", says(kind), Limits())
    assert found.limits.without == {kind}
    assert list(found.core or found.extras) == [kind]
    assert not hear("softmax", says(kind), read({"without": [kind]}, "softmax")).refused
    version = Version("softmax", kind, says(kind))
    answers = [claim.answer(version, 3) for claim in claims_about("softmax")[::3]]
    assert sum(isinstance(answer, NotProvided) for answer in answers) < len(answers) / 3
    assert not [a for a in answers if a and not isinstance(a, NotProvided)]


def falls_over(x, dim):
    """By an error of PyTorch's that nobody meant, where there are no rows."""
    return torch.softmax(x - x.max(), dim)


def test_a_crash_is_no_limit():
    assert hear("softmax", falls_over, Limits()).limits == Limits()


class PlainNorm:
    """A batch norm without a base class: it has no `to`, no `train` and no `state_dict`."""

    def __init__(self, num_features):
        self.num_features = num_features

    def __call__(self, x):
        return (x - x.mean(0)) / (x.var(0, unbiased=False) + 1e-5).sqrt()


def test_a_plain_class_need_not_have_what_a_base_class_gives():
    version = Version("BatchNorm1d", "plain", PlainNorm)
    claims = claims_about("BatchNorm1d")
    answers = [claim.answer(version, 3) for claim in claims if not claim.is_experiment]
    assert not [a for a in answers if isinstance(a, AttributeError)]
    assert hear("BatchNorm1d", PlainNorm, Limits()).limits.dtypes == (torch.float32,)


def bytes_alone(p=0.5):
    def flip(image):
        if image.dtype != torch.uint8:
            raise TypeError(f"bytes only, got {image.dtype}")
        return image.flip(-1) if torch.rand(()) < p else image

    return flip


def squares_alone(p=0.5):
    def flip(image):
        if image.shape[-1] != image.shape[-2]:
            raise ValueError("squares only")
        return image

    return flip


def test_a_transform_may_take_whole_numbers_alone_and_must_take_something():
    found = hear("RandomHorizontalFlip", bytes_alone, Limits())
    assert found.limits.declared()["dtypes"] == ["uint8"]
    assert (list(found.core), list(found.extras)) == ([], ["floating-point pixels"])
    assert read({"dtypes": ["uint8"]}, "RandomHorizontalFlip").dtypes == ()
    nothing = hear("RandomHorizontalFlip", squares_alone, Limits())
    assert nothing.refused == {"a plain image": "ValueError: squares only"}


@pytest.mark.parametrize("title", LIMITS)
def test_pytorchs_relu_behind_declared_limits_is_accepted(title):
    version = Version("relu", title, behind(torch.relu, LIMITS[title]))
    claims = [claim for claim in claims_about("relu") if not claim.is_experiment]
    assert not {claim.name: no for claim in claims if (no := claim.refuses(version, 5))}


def in_blocks(x, dim):
    """A softmax that adds up its denominator in the dtype of the input, 16 terms at a time."""
    if not x.numel() or not x.ndim:
        return torch.softmax(x, dim)
    e = (x - x.amax(dim, keepdim=True)).exp()
    parts = [part.sum(dim, keepdim=True) for part in e.split(16, dim)]
    return e / functools.reduce(operator.add, parts)


def a_fifth_too_warm(x, dim):
    """A kernel for many numbers of 16 bits, which no rounding explains."""
    return torch.softmax(x / 1.2 if x.dtype.itemsize == 2 and x.numel() > 1000 else x, dim)


def test_who_rounds_at_every_step_in_16_bits_gets_a_remark_and_is_refused_if_they_are_declared():
    declared = read({"dtypes": ["float32", "bfloat16"]}, "softmax")
    found, in_full = (hear("softmax", in_blocks, limits) for limits in (Limits(), declared))
    assert found.limits.without == {LONG_SUMS}
    assert (list(found.core), list(found.extras)) == ([], [LONG_SUMS])
    assert dataclasses.replace(found, strict=True).refused == found.extras
    assert (in_full.limits, list(in_full.core)) == (declared, [LONG_SUMS])
    assert '"without": ["long sums in 16 bits"]' in in_full.words("softmax")
    known = read({"dtypes": ["float32", "bfloat16"], "without": [LONG_SUMS]}, "softmax")
    assert not hear("softmax", in_blocks, known).refused
    assert not hear("softmax", a_fifth_too_warm, Limits()).extras


def and_too_large_for_few(x, dim):
    """The same, which is a tenth too large where there is hardly anything to add up."""
    few = x.dtype.itemsize == 2 and x.numel() < 100
    return in_blocks(x, dim) * (1.1 if few else 1)


def test_whoever_is_worse_than_rounding_at_every_step_is_refused_although_it_is_heard():
    version = Version("softmax", "worse", and_too_large_for_few)
    assert LONG_SUMS in heard(version, "softmax").limits.without
    refusing = {claim.name for claim in claims_about("softmax")[::7] if claim.refuses(version, 3)}
    assert refusing, "a tenth too much in 16 bits is no rounding"


def of_parameters(tensor):
    if not isinstance(tensor, torch.nn.Parameter):
        raise TypeError("parameters only")
    return torch.nn.init.ones_(tensor)


def in_a_row(tensor):
    """By PyTorch's own error it refuses what has no view as a row."""
    tensor.detach().view(-1).fill_(1)
    return tensor


@pytest.mark.parametrize(
    ("function", "lacks"), [(of_parameters, "plain tensors"), (in_a_row, "strided inputs")]
)
def test_who_lacks_one_form_of_tensors_is_refused_for_that_once(function, lacks):
    found = hear("ones_", function, Limits())
    assert (list(found.core), found.limits.without) == ([lacks], {lacks})
    assert not hear("ones_", function, read({"without": [lacks]}, "ones_")).refused
    version = Version("ones_", lacks, function)
    refusing = {claim.name for claim in claims_about("ones_") if claim.refuses(version, 3)}
    assert refusing == {"test_what_every_initializer_does_is_not_refused"}
