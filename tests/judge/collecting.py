"""Lets pytest run the claims: what it collects, for which subjects, and what it gives to each."""

import importlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sums_to_one.cifar.modules import ROOT, name_of
from sums_to_one.tests.judge import profiles
from sums_to_one.tests.judge.arguments import ARGUMENTS, Judged
from sums_to_one.tests.judge.components import COMPONENTS, GROUPS, asked_for
from sums_to_one.tests.judge.lesson import Lesson
from sums_to_one.tests.judge.subjects import Subject, SubjectError, requested
from sums_to_one.tests.judge.verdicts import Verdicts, judged_by

TESTS = ROOT / "tests"
SUBJECTS = pytest.StashKey[list[Subject]]()


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    if config.option.subjects:
        if hasattr(config.option, "numprocesses"):
            config.option.numprocesses = 0  # `isolation` forks processes of its own
        if config.args_source is not pytest.Config.ArgsSource.ARGS:
            config.args[:] = [str(file) for chapter in COMPONENTS for file in files_of(chapter)]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "claim(*ids): the claims of the ledger that this test backs")
    if not config.getoption("hypothesis_profile", None):
        profiles.load_suite()
    verdicts = Verdicts(config)
    config.pluginmanager.register(verdicts, "verdicts")
    config.pluginmanager.register(Lesson(verdicts), "lesson")
    try:
        config.stash[SUBJECTS] = requested(config.option.subjects)
    except SubjectError as problem:
        raise pytest.UsageError(str(problem)) from None
    if config.option.subjects:
        from sums_to_one.tests.judge.isolation import Isolation

        config.pluginmanager.register(Isolation(), "isolation")


def files_of(chapter: str) -> list[Path]:
    """Those that hold the claims of a chapter."""
    return sorted((TESTS / chapter).glob("test_*.py"))


class OurModule(pytest.Module):
    """A test file of ours: it has one name and one node id, whoever runs it, and from where."""

    def _getobj(self) -> ModuleType:
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
    judging = {collection_path.name, collection_path.parent.name} & set(COMPONENTS)
    below_tests = collection_path.is_dir() and collection_path.parent.name == "tests"
    alien = collection_path.is_file() or below_tests
    return True if config.option.subjects and alien and not judging else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that names components runs once for every subject that provides them."""
    wanted = asked_for(metafunc.fixturenames)
    as_group = any(name in GROUPS for name in metafunc.fixturenames)
    cases = []
    for subject in metafunc.config.stash[SUBJECTS]:
        for components in wanted:
            case = Judged(subject, components, as_group)
            if subject.provides(components):
                cases.append(case)
            else:
                metafunc.config.pluginmanager.getplugin("verdicts").lacks(metafunc, case)
    if wanted:
        labels = [case.label for case in cases]
        metafunc.parametrize("judged", cases, ids=labels, indirect=True, scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --subject only what judges runs; what no subject provides never does."""
    kept: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in items:
        plain = not config.option.subjects and not asked_for(getattr(item, "fixturenames", ()))
        (kept if judged_by(item) or plain else others).append(item)
    config.hook.pytest_deselected(items=others)
    items[:] = kept


def pytest_collection_finish(session: pytest.Session) -> None:
    """One thread a process: there is a process for every core, and threads would wait in turn."""
    if session.items:
        import torch

        torch.set_num_threads(1)


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
