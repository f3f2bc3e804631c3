"""The clean room: what is right agrees with it, what is not does not, and nothing else is sent."""

import base64
import importlib
import json
from contextlib import suppress
from functools import partial

import pytest
import torch

from sums_to_one.tests.common.limits import Limits
from sums_to_one.tests.judge.clean_room import MOST_BYTES, _decoded, _encoded
from sums_to_one.tests.judge.components import COMPONENTS, GROUPS, KNOWN
from sums_to_one.tests.judge.delegation import seen
from sums_to_one.tests.judge.fresh import cases, compare
from sums_to_one.tests.judge.further import further, program_of
from sums_to_one.tests.judge.hearing import hear
from sums_to_one.tests.judge.messages import TamperedError
from sums_to_one.tests.judge.programs import PROGRAMS, Case
from sums_to_one.tests.judge.subjects import OURS
from sums_to_one.tests.judge.teeth import torch_as_it_was
from sums_to_one.tests.judge.versions import Version, versions

SEED = 20250607
# Right versions that leave the work to a library, though their names do not say so.
LEANING = {
    *("tanh-in_double_precision_inside", "softmax-by_log_softmax", "zeros_-floating_point_only"),
    *("normal_-by_a_float32_copy", "normal_-without_a_generator", "normal_-options_by_name_only"),
    *("normal_-any_names_are_taken_and_most_refused", "normal_-a_std_must_be_above_0"),
    *("normal_-a_std_is_asserted", "kaiming_uniform_-a_layer_has_weights"),
    *("normal_-full_precision_only", "uniform_-by_a_float32_copy", "uniform_-without_a_generator"),
    *("uniform_-bounds_in_order_only", "xavier_normal_-without_options", "softmax-asserted"),
    "uniform_-of_parameters",
    "xavier_normal_-layers_of_networks_for_images",
    *("kaiming_normal_-for_relu_and_the_inputs_only", "kaiming_normal_-the_mode_is_all_there_is"),
    *("RMSprop-AroundTheFunction", "Adam-AroundTheFunction", "Variable-AroundTheLibrary"),
    *("Dropout-ByItsAttribute", "Dropout-CheckedWhenItDrops", "Dropout2d-DropoutOfOnes"),
    "Dropout2d-AsVolumes",
    *("BatchNorm1d-OfTheTransposedBatch", "BatchNorm1d-ByTheFunction"),
    *("BatchNorm2d-OfTheTransposedBatch", "BatchNorm2d-ByTheFunction"),
    *("BatchNorm1d-AnyMomentumButNone", "BatchNorm2d-AnyMomentumButNone"),
}
every_component = pytest.mark.parametrize(
    "component", [c for c in KNOWN if c not in COMPONENTS["checkpoints"]]
)


OPEN = (TypeError, ValueError, NotImplementedError)  # as which a refusal comes
# Right in every plain use, in the eyes of the clean room; the further uses tell.
RIGHT_IN_PLAIN_USES = {
    "softmax": ("straight_from_the_formula", "shifts_the_input_in_place"),
    "SGD": ("DampeningIgnored",),
    "Adam": ("DecayIgnored", "EpsilonInTheRoot", "LargestNeverKept"),
}


def right_versions(component: str) -> list[Version]:
    return [version for version in versions(component) if not version.refused_by]


def further_cases(version: Version) -> list[Case]:
    """Those inside of what it does not refuse."""
    heard = hear(version.of, version.function, version.limits(version.of)).limits
    return further(version.of, heard, SEED)


@every_component
def test_whatever_is_right_agrees_with_the_clean_room(component):
    for version in right_versions(component):
        answered, refused = set[bool](), list[tuple[Case, Exception]]()
        for case in [*cases(component, version.limits(component), SEED), *further_cases(version)]:
            try:
                came = program_of(component, case)(component, version.component, case)
            except Exception as error:
                refused.append((case, error))
                continue
            answered.add(case.tensors[0].is_floating_point())
            compare(component, case, came)
            assert len(json.dumps([_encoded(x) for x in came])) < MOST_BYTES, version
        plain = [(case, error) for case, error in refused if not case.needs and not case.use]
        assert not [one for one in plain if one[0].tensors[0].is_floating_point() in answered]
        assert answered, version


@pytest.mark.parametrize("component", RIGHT_IN_PLAIN_USES)
def test_who_is_right_in_plain_uses_alone_is_found(component):
    known = {version.name: version for version in versions(component)}
    for version in map(known.__getitem__, RIGHT_IN_PLAIN_USES[component]):
        assert any(is_wrong(version, case) for case in further_cases(version)), version


def is_wrong(version: Version, case: Case) -> bool:
    with torch_as_it_was(), suppress(*OPEN):
        came = program_of(version.of, case)(version.of, version.component, case)
        try:
            compare(version.of, case, came)
        except AssertionError:
            return True
    return False


@every_component
def test_ours_agrees_and_twice_as_much_does_not(component):
    limits = OURS[0].limits(component)
    for case in cases(component, limits, SEED):
        came = PROGRAMS[component](component, OURS[0].component, case)
        compare(component, case, came)
        if any(x.is_floating_point() and x.any() for x in came):
            with pytest.raises(AssertionError):
                compare(component, case, [2 * x + 1 for x in came])


@every_component
def test_who_leaves_the_work_to_a_library_is_seen_and_nobody_else(component):
    if component in GROUPS["optimizer"]:  # by which it is imported, slowly where all calls are seen
        importlib.import_module("torch._dynamo")
    for version in right_versions(component):
        for case in cases(component, version.limits(component), SEED):
            program = partial(PROGRAMS[component], component, version.component, case)
            with suppress(TypeError, ValueError):  # an open refusal
                program()  # what it imports late it imports now, where not every call is watched
                break
        else:
            continue
        found = seen(component, program)
        leans = str(version) in LEANING or "library" in version.name.lower()
        assert bool(found) == leans, f"{version}: {found}"


def test_other_cases_come_from_another_seed():
    limits = OURS[0].limits("softmax")
    (one, *_), (other, *_) = (cases("softmax", limits, seed) for seed in (1, 2))
    assert one.tensors[0].shape != other.tensors[0].shape or not torch.equal(
        one.tensors[0], other.tensors[0]
    )


def test_limits_are_heard_in_the_clean_room_too():
    found = cases("softmax", Limits((torch.float32,), (2,), gradients=0), SEED)
    assert {case.tensors[0].dtype for case in found} == {torch.float32}
    assert {case.tensors[0].ndim for case in found} == {2}
    assert not any(case.derivatives for case in found)


@pytest.mark.parametrize(
    "line",
    [
        {"dtype": "torch.float64"},
        [{"dtype": "torch.float64", "shape": [2], "data": base64.b64encode(b"1").decode()}],
        [{"dtype": "torch.float64", "shape": [-1], "data": "no base64"}],
        [{"dtype": "object", "shape": [0], "data": ""}],
        [{"dtype": "torch.float64", "shape": [2**40], "data": ""}],
        [{"dtype": "torch.float64", "shape": [0, 2**70], "data": ""}],
        [1],
        None,
    ],
)
def test_what_is_no_answer_is_refused(line):
    with pytest.raises(TamperedError):
        _decoded(line)


def test_every_component_has_a_program():
    assert set(PROGRAMS) == set(KNOWN)
