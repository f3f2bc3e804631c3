"""The house: packages point one way, claims hold sentences only, and their places are known."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from sums_to_one.cifar.modules import OUR_FOLDERS, PACKAGE, ROOT, name_of
from sums_to_one.tests.judge.components import COMPONENTS, GROUPS, KNOWN, chapter_of, file_of
from sums_to_one.tests.judge.places import TESTS, files_of, places_in, places_of
from sums_to_one.tests.judge.teeth import claims_about

FILES = [file for folder in OUR_FOLDERS for file in sorted((ROOT / folder).rglob("*.py"))]
CHAPTERS = [f"tests.{chapter}" for chapter in COMPONENTS]
# What the files of each folder may import of ours.
MAY_IMPORT = {
    "concepts": {"concepts"},
    "cifar": {"cifar", "concepts"},
    "tests.common": {"tests.common"},
    **{chapter: {chapter, "tests.common", "tests.judge.versions"} for chapter in CHAPTERS},
}
# Who may more, and why: the first judges ours alone, the second is a command for one subject.
EXCEPTIONS = {"tests.checkpoints.test_our_promises", "tests.optimization.panel"}


def imported(file: Path) -> Iterator[str]:
    """The modules of ours that a file imports, without the name of the package."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from [f"{node.module}.{alias.name}" for alias in node.names]
        if isinstance(node, ast.Import):
            yield from [alias.name for alias in node.names]


def within(name: str, folders: set[str]) -> bool:
    return any(f"{name}.".startswith(f"{folder}.") for folder in folders)


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_packages_point_one_way(folder):
    for file in FILES:
        name = name_of(file).removeprefix(f"{PACKAGE}.")
        if within(name, {folder}) and name not in EXCEPTIONS:
            found = {module for module in imported(file) if module.startswith(PACKAGE)}
            own = {module.removeprefix(f"{PACKAGE}.") for module in found}
            assert not {m for m in own if not within(m, MAY_IMPORT[folder])}, name


def test_every_module_of_ours_is_imported_by_its_one_name():
    for file in FILES:
        first = {module.partition(".")[0] for module in imported(file)}
        assert not first & set(OUR_FOLDERS), f"{file} imports {first & set(OUR_FOLDERS)}"


@pytest.mark.parametrize("chapter", COMPONENTS)
def test_claims_are_found_as_python_reads_them(chapter):
    for file in files_of(chapter):
        tests = tests_in(file)
        due = [(t.lineno, t.name, [a.arg for a in t.args.args], ids_of(t)) for t in tests]
        found = [(p.line, p.name, [*p.arguments], [*p.ids]) for p in places_in(file)]
        assert found == due, file


def tests_in(file: Path) -> list[ast.FunctionDef]:
    body = ast.parse(file.read_text(encoding="utf-8")).body
    return [n for n in body if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")]


def ids_of(test: ast.FunctionDef) -> list[str]:
    marks = [mark for mark in test.decorator_list if isinstance(mark, ast.Call)]
    claims = [m for m in marks if isinstance(m.func, ast.Attribute) and m.func.attr == "claim"]
    return [str(id.value) for m in claims for id in m.args if isinstance(id, ast.Constant)]


def returns_early(test: ast.FunctionDef) -> bool:
    """Whether some path through a claim ends before its last statement, with nothing said."""
    nested = [n for part in test.body for n in ast.walk(part) if isinstance(n, ast.FunctionDef)]
    inside = {id(node) for function in nested for node in ast.walk(function)}
    nodes = [node for part in test.body for node in ast.walk(part) if id(node) not in inside]
    return any(isinstance(node, ast.Return) for node in nodes)


@pytest.mark.parametrize("chapter", [*COMPONENTS, "cifar", "common", "judge"])
def test_no_claim_returns_before_its_end(chapter):
    for file in files_of(chapter):
        assert not [test.name for test in tests_in(file) if returns_early(test)], file


@pytest.mark.parametrize("component", KNOWN)
def test_every_component_has_its_three_files_by_name(component):
    chapter, file = chapter_of(component), file_of(component)
    assert (ROOT / "concepts" / chapter / f"{file}.py").is_file()
    assert (TESTS / chapter / f"test_{file}.py").is_file()
    assert (TESTS / chapter / "impostors" / f"{file}.py").is_file()


@pytest.mark.parametrize("component", KNOWN)
def test_the_claims_of_a_component_are_found_without_importing_them(component):
    found = {(place.file.stem, place.name) for place in places_of(component)}
    run = {(claim.place[0].rpartition(".")[2], claim.name) for claim in claims_about(component)}
    assert found == run


@pytest.mark.parametrize("group", GROUPS)
def test_the_members_of_a_group_are_of_one_chapter(group):
    assert set(GROUPS[group]) <= set(KNOWN)
    assert len({chapter_of(member) for member in GROUPS[group]}) == 1
