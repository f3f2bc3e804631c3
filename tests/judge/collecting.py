"""Lets pytest run the claims: what it collects, for which subjects, and what it gives to each."""

import contextlib
import importlib
import json
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import hypothesis
import pytest

from sums_to_one.cifar.modules import ROOT, name_of
from sums_to_one.tests.common.calls import watching
from sums_to_one.tests.common.limits import NotProvided, asking
from sums_to_one.tests.common.worst import measuring
from sums_to_one.tests.judge import profiles
from sums_to_one.tests.judge.arguments import ARGUMENTS, Judged
from sums_to_one.tests.judge.asking import ANSWERS, Case
from sums_to_one.tests.judge.components import COMPONENTS, GROUPS, KNOWN, asked_for
from sums_to_one.tests.judge.deviations import (
    BORNE,
    Deviation,
    DeviationsError,
    check,
    known_of,
    read,
    verdict,
)
from sums_to_one.tests.judge.endings import NOT_JUDGED, nothing_judged
from sums_to_one.tests.judge.ledger import is_experiment
from sums_to_one.tests.judge.lesson import Lesson
from sums_to_one.tests.judge.places import TESTS, files_of, places_in
from sums_to_one.tests.judge.settled import in_our_surroundings
from sums_to_one.tests.judge.subjects import Subject, SubjectError, requested
from sums_to_one.tests.judge.variants import Variant, check_transform, variants
from sums_to_one.tests.judge.verdicts import (
    DEVIATES,
    WORST,
    Proof,
    Verdicts,
    ids_of,
    judged_by,
    parameters,
)

SUBJECTS = pytest.StashKey[list[Subject]]()
DEVIATIONS = pytest.StashKey[list[Deviation]]()
VERDICTS = pytest.StashKey[Verdicts]()
THREADS = pytest.StashKey[int]()  # of torch, before it was one
PROCESSES = pytest.StashKey[int | str]()  # as -n says


@pytest.hookimpl(wrapper=True)  # before pytest-xdist reads its options
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, object, object]:
    if hasattr(config.option, "numprocesses"):
        count = config.option.numprocesses
        if config.option.subjects:
            config.option.numprocesses = 0  # `isolation` forks processes of its own
        elif count and config.option.dist == "no" and not config.option.tx:
            config.stash[PROCESSES] = count
            config.option.numprocesses = 0  # `side_by_side` does, too
    return (yield)


def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("hypothesis_profile", None):
        profiles.load_suite()
    config.stash[VERDICTS] = verdicts = Verdicts(config)
    config.pluginmanager.register(verdicts, "verdicts")
    config.pluginmanager.register(Lesson(verdicts), "lesson")
    layers = _walls(config)
    try:
        config.stash[SUBJECTS], verdicts.not_judged = requested(
            config.option.subjects,
            config.option.limits,
            config.option.strict_limits,
            _variants(config),
            _conventions(config.option.convention),
        )
    except SubjectError as problem:
        raise pytest.UsageError(str(problem)) from problem
    if config.option.subjects:
        verdicts.asked = {subject.name: subject.how for subject in config.stash[SUBJECTS]}
        verdicts.proofs = _proofs(config, layers)
        config.option.importmode = "importlib"  # so that no folder of ours becomes importable
        from sums_to_one.tests.judge.isolation import Isolation

        config.pluginmanager.register(Isolation(), "isolation")
        if config.args_source is not pytest.Config.ArgsSource.ARGS:
            every = [file for chapter in COMPONENTS for file in files_of(chapter)]
            config.args[:] = [str(file) for file in every if not leaves_out(config, file)]
    else:
        _side_by_side(config)


def _side_by_side(config: pytest.Config) -> None:
    """Let as many processes run the tests as -n says."""
    count = config.stash.get(PROCESSES, 0)
    if isinstance(count, str):  # auto, or logical
        count = int(config.hook.pytest_xdist_auto_num_workers(config=config))
    if count > 1 and not config.option.usepdb:
        from sums_to_one.tests.judge.side_by_side import SideBySide

        config.pluginmanager.register(SideBySide(count), "side_by_side")


def _conventions(names: list[str]) -> list[str]:
    if names:
        from sums_to_one.tests.judge.conventions import CONVENTIONS

        unknown = [name for name in names if name not in CONVENTIONS]
        if unknown:
            known = "\n".join(f"  {c.name}: {c.says}" for c in CONVENTIONS.values())
            raise pytest.UsageError(f"--convention must name one of\n{known}\ngot {unknown[0]!r}")
    return names


def _walls(config: pytest.Config) -> list[str]:
    """The layers around the subjects, as was asked for, before any of their code runs."""
    if not config.option.subjects:
        return []
    from sums_to_one.tests.judge import forks, sandbox

    forks.settings["walls"] = config.option.sandbox != "none"
    forks.settings["limit"] = min(forks.IMPORT_LIMIT, config.getoption("timeout") or 60.0)
    found = forks.layers()
    lacking = [layer for layer in sandbox.LAYERS if layer not in found]
    if config.option.sandbox == "require" and lacking:
        raise pytest.UsageError(
            f"--sandbox=require needs the layers {', '.join(sandbox.LAYERS)}; this machine lacks "
            f"{', '.join(lacking)}"
        )
    return found


def _variants(config: pytest.Config) -> list[Variant]:
    """How the subjects are asked; what is known of them is read before anything is run."""
    option = config.option
    ways = [option.dtypes, option.devices, option.transform, option.deviations]
    if not option.subjects and any(ways):
        raise pytest.UsageError("--dtype, --device, --transform and --deviations need --subject")
    try:
        config.stash[DEVIATIONS] = read(option.deviations) if option.deviations else []
        if option.transform:
            check_transform(option.transform)
        return variants(option.dtypes or None, option.devices or None, option.transform)
    except ValueError as problem:
        raise pytest.UsageError(str(problem)) from None


def _proofs(config: pytest.Config, layers: list[str]) -> dict[str, Proof]:
    """What is known of each subject from outside."""
    from sums_to_one.tests.judge.confirming import fresh_seed
    from sums_to_one.tests.judge.proof import checksum, place_of

    if config.option.seed is None:
        config.option.seed = fresh_seed()
    places = {subject: place_of(subject.source) for subject in config.stash[SUBJECTS]}
    return {
        subject.name: Proof(str(place or ""), checksum(place), config.option.seed, layers)
        for subject, place in places.items()
    }


def pytest_report_header(config: pytest.Config) -> list[str]:
    """The layers that stand and those that this machine lacks, and how to repeat the verdict."""
    proofs = [*config.stash[VERDICTS].proofs.values()]
    if not proofs:
        return []
    from sums_to_one.tests.judge.sandbox import LAYERS

    lacking = [layer for layer in LAYERS if layer not in proofs[0].sandbox]
    lacks = f" (lacking: {', '.join(lacking)})" if lacking else ""
    walls = f"sandbox: {', '.join(proofs[0].sandbox) or 'none'}{lacks}"
    return [walls, f"seed of the clean room: {config.option.seed}"]


def leaves_out(config: pytest.Config, file: Path) -> bool:
    """Whether no claim in a file judges what the subjects provide; it is then not imported.

    What the subjects lack for its claims is noted all the same.
    """
    claims = [claim for claim in places_in(file) if asked_for(claim.arguments)]
    cases = [(claim, *case) for claim in claims for case in _cases(config, claim.arguments)]
    if any(provided for _, _, provided in cases):
        return False
    for claim, case, _ in cases:
        nodeid = f"{file.relative_to(ROOT).as_posix()}::{claim.name}"
        _note_what_lacks(config, nodeid, claim.ids, case)
    return True


def _note_what_lacks(config: pytest.Config, nodeid: str, ids: Sequence[str], case: Judged) -> None:
    assert isinstance(case.subject, Subject), case
    in_part = case.subject.provides(case.components[:1])
    config.stash[VERDICTS].lacks(nodeid, ids, case, in_part)


def _cases(config: pytest.Config, arguments: Sequence[str]) -> list[tuple[Judged, bool]]:
    """What a claim with these arguments is to judge, and whether the subject provides it."""
    as_group = any(name in GROUPS for name in arguments)
    return [
        (Judged(subject, components, as_group), subject.provides(components))
        for subject in config.stash[SUBJECTS]
        for components in asked_for(arguments)
    ]


class OurModule(pytest.Module):
    """A test file of ours: it has one name and one node id, whoever runs it, and from where."""

    def _getobj(self) -> ModuleType:
        with _settled(self.config):
            return importlib.import_module(name_of(self.path))

    def funcnamefilter(self, name: str) -> bool:
        return name.startswith("test_")  # whatever the settings of a stranger's project say


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> OurModule | None:
    if not module_path.is_relative_to(TESTS):
        return None
    nodeid = module_path.relative_to(ROOT).as_posix()
    found: OurModule = OurModule.from_parent(parent, path=module_path, nodeid=nodeid)
    return found


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With --subject, files in which nothing judges are not even imported, nor what they import."""
    if not config.option.subjects or collection_path.is_dir():
        return None
    if not collection_path.is_relative_to(TESTS) or not collection_path.match("test_*.py"):
        return True
    return True if leaves_out(config, collection_path) else None


@pytest.hookimpl(wrapper=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> Generator[None]:
    """A test that names components runs once for every subject that provides them."""
    cases = _cases(metafunc.config, metafunc.fixturenames)
    test = metafunc.definition
    for case in [case for case, provided in cases if not provided]:
        _note_what_lacks(metafunc.config, test.nodeid, ids_of(test), case)
    if cases:
        found = [case for case, provided in cases if provided]
        labels = [case.label for case in found]
        metafunc.parametrize("judged", found, ids=labels, indirect=True, scope="session")
    with _settled(metafunc.config):  # where parameters are tensors, their words depend on it
        yield


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --subject only what judges runs; what no subject provides never does.

    With --fast nothing runs that trains networks to show what it claims.
    """
    _check_deviations(config, items)
    kept: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in items:
        plain = not config.option.subjects and not asked_for(getattr(item, "fixturenames", ()))
        slow = config.option.fast and is_experiment(ids_of(item), item.path.stem)
        (kept if (judged_by(item) or plain) and not slow else others).append(item)
    for item in kept if config.option.subjects else ():
        item.add_marker(pytest.mark.filterwarnings("ignore"))  # a subject may warn of anything
    config.hook.pytest_deselected(items=others)
    if not config.option.subjects:  # so that of one component after the other all is known
        kept.sort(key=_turn)
    items[:] = kept


def _turn(item: pytest.Item) -> int:
    judged = judged_by(item)
    return KNOWN.index(judged.components[0]) if judged else -1


def _check_deviations(config: pytest.Config, items: list[pytest.Item]) -> None:
    """An entry about what nobody asks is an error, such as of a claim that has another name."""
    known = config.stash[DEVIATIONS]
    if not known:
        return
    verdicts = config.stash[VERDICTS]
    unasked = [about for tests in verdicts.unasked.values() for about in tests.values()]
    asked = [(about["component"], about["sentence"]) for about in [*verdicts.lacking, *unasked]]
    for item in items:
        judged = judged_by(item)
        if judged and isinstance(judged.subject, Subject):
            properties: dict[str, Any] = dict(item.user_properties)
            about, variant = properties["judging"], judged.subject.variant
            asked.append((about["component"], about["sentence"]))
            own = known_of(known, *asked[-1], variant.dtype, variant.device)
            if own:
                item.stash[BORNE] = own
    try:
        check(known, asked)
    except DeviationsError as problem:
        raise pytest.UsageError(str(problem)) from None


def pytest_collection_finish(session: pytest.Session) -> None:
    """One thread a process: there is a process for every core, and threads would wait in turn."""
    if session.items:
        import torch

        session.config.stash[THREADS] = torch.get_num_threads()
        torch.set_num_threads(1)


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None]:
    """Who was asked to judge a subject, and judged nothing, has not succeeded."""
    yield
    if THREADS in session.config.stash:
        import torch

        torch.set_num_threads(session.config.stash[THREADS])
    options, found = session.config.option, session.config.stash[VERDICTS].found
    outcomes = [{row.outcome for row in rows} for rows in found.values()]
    nothing = len(found) < len(options.subjects) or any(map(nothing_judged, outcomes))
    if options.subjects and nothing and not options.collectonly and session.exitstatus == 0:
        session.exitstatus = NOT_JUDGED


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """A claim is asked within the limits of whoever is judged, and where it lives."""
    judged = judged_by(item)
    if judged is None:
        return (yield)
    try:
        with (
            _settled(item.config, judged),
            asking(judged.limits, judged.hears),
            watching(),
            measuring() as worst,
        ):
            found = yield
    except NotProvided:
        raise
    except ANSWERS as error:
        again = _case_of(item, judged).again(error) if _has_inputs_of_the_suite() else None
        if again is None:
            raise
        found, worst = None, again
    if worst.found:
        item.user_properties.append((WORST, json.dumps(asdict(worst.found))))
    return found


def _has_inputs_of_the_suite() -> bool:
    """Whether who asks once more asks the same."""
    return hypothesis.settings.get_current_profile_name() == "suite"


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Of a refusal that is known the pinned input alone is asked; `verdicts` tells the rest."""
    judged, known = judged_by(pyfuncitem), pyfuncitem.stash.get(BORNE, None)
    if not judged or not known:
        return None
    __tracebackhide__ = True
    case = replace(_case_of(pyfuncitem, judged), deviation=known)
    pyfuncitem.user_properties.append((DEVIATES, verdict(known, case.ask)))
    return True


def _case_of(item: pytest.Item, judged: Judged) -> Case:
    """What this test asks, for those who ask it without pytest."""
    name = getattr(item, "originalname", item.name)
    (place,) = [place for place in places_in(item.path) if place.name == name]
    of_its_own = {key: value for key, value in item.callspec.params.items() if key != "judged"}  # type: ignore[attr-defined]  # judged_by has looked
    return Case(place, judged, of_its_own, parameters(item, judged), _device(judged))


def _device(judged: Judged | None) -> str:
    return getattr(getattr(judged, "subject", None), "variant", Variant()).device


def _settled(
    config: pytest.Config, judged: Judged | None = None
) -> contextlib.AbstractContextManager[None]:
    """A stranger's conftest.py may have other settings; the profile is the one that was chosen."""
    if not config.option.subjects:
        return contextlib.nullcontext()
    profile = hypothesis.settings.get_current_profile_name()
    return in_our_surroundings(_device(judged), profile)


@pytest.fixture(scope="session")
def judged(request: pytest.FixtureRequest) -> Judged:
    """The subject of this test and its components under judgement."""
    found: Judged = request.param
    return found


def _fixture(name: str, scope: Any) -> Any:
    @pytest.fixture(scope=scope, name=name)
    def argument(judged: Judged) -> Iterator[Any]:
        with ExitStack() as until:
            yield judged.argument(name, until)

    return argument


# Hypothesis refuses fixtures that are made anew for each test and not for each input.
for _name in ARGUMENTS:
    globals()[f"argument_{_name}"] = _fixture(_name, "function" if _name == "here" else "session")
