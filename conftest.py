"""Options, the Hypothesis profiles, and the look-up of subjects; nothing else."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.subjects import (
    COMPONENTS,
    GROUPS,
    KNOWN,
    Judged,
    Member,
    Subject,
    SubjectError,
    asked_for,
    requested,
)
from tests.verdicts import Verdicts, judged_by

# max_examples: claims are many, and half as many inputs each find the same faults.
# derandomize: every subject meets the same inputs, on every machine.
# deadline, too_slow: an implementation may be slow and right.
# phases: no `explain`, whose comments would be about our helpers; nothing to `reuse`.
SUITE = hypothesis.settings(
    max_examples=50,
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=False,
    report_multiple_bugs=False,
    phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate, hypothesis.Phase.shrink),
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile("suite", SUITE)
hypothesis.settings.register_profile("explore", SUITE, derandomize=False, max_examples=200)

SUBJECTS = pytest.StashKey[list[Subject]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("sums-to-one", "judging implementations")
    group.addoption(
        "--subject",
        action="append",
        default=[],
        dest="subjects",
        metavar="X",
        help="judge this module: a dotted name or the path of a .py file (repeatable)",
    )
    group.addoption("--verdicts", metavar="FILE", help="write the verdicts to FILE, as JSON")
    group.addoption(
        "--show",
        choices=("refused", "all"),
        default="refused",
        help="whose claims to list at the end: of refused subjects (default) or of all",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    if config.option.subjects and hasattr(config.option, "numprocesses"):
        config.option.numprocesses = 0  # tests.isolation forks processes of its own


def pytest_configure(config: pytest.Config) -> None:
    if not config.option.hypothesis_profile:
        hypothesis.settings.load_profile("suite")
    config.pluginmanager.register(Verdicts(config), "verdicts")
    try:
        config.stash[SUBJECTS] = requested(config.option.subjects)
    except SubjectError as problem:
        raise pytest.UsageError(str(problem)) from None
    if config.option.subjects:
        from tests.isolation import Isolation

        config.pluginmanager.register(Isolation(), "isolation")


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


def _component_fixture(name: str) -> Any:
    @pytest.fixture(scope="session", name=name)
    def component(judged: Judged) -> Callable[..., Any] | None:
        return judged.subject.component(name)

    return component


def _group_fixture(name: str) -> Any:
    @pytest.fixture(scope="session", name=name)
    def member(judged: Judged) -> Member | None:
        (component,) = judged.components
        found = judged.subject.component(component)
        return found and Member(component, found)

    return member


for _name in KNOWN:
    globals()[f"component_{_name}"] = _component_fixture(_name)
for _name in GROUPS:
    globals()[f"group_{_name}"] = _group_fixture(_name)
