"""What the book tells of the repository: read there, and nowhere written again."""

import ast
import inspect
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sums_to_one.cifar.modules import ROOT
from sums_to_one.tests.judge.components import COMPONENTS, GROUPS, KNOWN, chapter_of, file_of
from sums_to_one.tests.judge.formats import complete
from sums_to_one.tests.judge.ledger import CHAPTERS, Entry, ledger
from sums_to_one.tests.judge.places import TESTS, Place, files_of, places_in, places_of
from sums_to_one.tests.judge.versions import Version, versions


def page_of(component: str) -> str:
    return f"{chapter_of(component)}/{file_of(component).rstrip('_')}"


def concept(component: str) -> Path:
    return ROOT / "concepts" / chapter_of(component) / f"{file_of(component)}.py"


@dataclass(frozen=True)
class Idea:
    """The docstring of a module, in its parts."""

    title: str
    before: list[str]  # the formula
    after: list[str]


def idea(file: Path) -> Idea:
    """The docstring of a module: without its formula, and without what to read next."""
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    title, *parts = text.split("\n\n")
    prose = [part for part in parts if not part.startswith("Read next:")]
    formula = next((k for k, part in enumerate(prose) if part.startswith("    ")), 0)
    plain = [part for part in prose[formula:] if not part.startswith("    ")]
    return Idea(title, prose[:formula], plain)


@dataclass(frozen=True)
class Use:
    """The docstring of a function or class, in its parts."""

    summary: str
    arguments: dict[str, str]
    returns: str
    raises: dict[str, str]
    example: str
    source: str


def use(component: str) -> Use:
    """How a component is called, and where it comes from."""
    tree = ast.parse(concept(component).read_text(encoding="utf-8"))
    (node,) = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == component
    ]
    text = ast.get_docstring(node) or ""
    head = text.partition("\n\n")[0]
    parts = re.split(r"(?m)^(Args|Attributes|Returns|Raises|Example|Source):[ ]*", text)
    found = dict(zip(parts[1::2], parts[2::2], strict=True))
    return Use(
        head,
        {**_items(found.get("Args", "")), **_items(found.get("Attributes", ""))},
        found.get("Returns", ""),
        _items(found.get("Raises", "")),
        inspect.cleandoc(found.get("Example", "")),
        found.get("Source", ""),
    )


def _items(text: str) -> dict[str, str]:
    """`name: what it is`, each perhaps on several lines, further indented."""
    items = re.split(r"(?m)^    (?=\S)", text)
    return {
        name.strip(): " ".join(what.split())
        for name, _, what in (item.partition(": ") for item in items if ": " in item)
    }


def helpers(component: str) -> list[Path]:
    """The files of ours that a component is made with, and that are no component's."""
    own = {concept(name) for name in KNOWN}
    found, queue = [], [concept(component)]
    while queue:
        for node in ast.walk(ast.parse(queue.pop().read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and "sums_to_one.concepts." in (node.module or ""):
                parts = str(node.module).split(".")[1:]
                file = ROOT.joinpath(*parts).with_suffix(".py")
                if file not in own and file not in found:
                    found.append(file)
                    queue.append(file)
    return found


@cache
def _definitions(file: Path) -> dict[str, str]:
    """The functions and classes of a file, each as it stands there, with its decorators.

    `inspect` would read the file anew for each of them.
    """
    lines = file.read_text(encoding="utf-8").splitlines()
    found = {}
    for node in ast.parse("\n".join(lines)).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            first = min(part.lineno for part in (node, *node.decorator_list))
            found[node.name] = "\n".join(lines[first - 1 : node.end_lineno])
    return found


def source_of(place: Place) -> str:
    """A claim, as it stands in its file."""
    return _definitions(place.file)[place.name]


@dataclass(frozen=True)
class Impostor:
    """A wrong version: its name, what its author was thinking, its source."""

    name: str
    thought: str
    source: str
    refused_by: tuple[str, ...]


@cache
def impostors(component: str) -> tuple[Impostor, ...]:
    return tuple(_impostor(v) for v in versions(component) if v.refused_by)


def _impostor(version: Version) -> Impostor:
    file = Path(inspect.getfile(version.function))
    source = _definitions(file).get(version.name, "")
    thought = (inspect.getdoc(version.function) or "").partition("\n\n")[0]
    return Impostor(version.name, thought, source, version.refused_by)


def refused_by(place: Place, component: str) -> list[Impostor]:
    """The impostors that are marked with a claim, whatever its parameters."""
    return [
        one
        for one in impostors(component)
        if any(name.partition("[")[0] == place.name for name in one.refused_by)
    ]


@cache
def claims_of(component: str) -> list[tuple[Entry, list[Place]]]:
    """The ledger's claims about a component, each with the tests that back it."""
    places = places_of(component)
    ids = {id for place in places for id in place.ids}
    entries = [entry for entry in ledger().values() if entry.id in ids]
    return [(entry, [place for place in places if entry.id in place.ids]) for entry in entries]


def is_shared(places: list[Place]) -> bool:
    """Whether a claim is about all of a kind: most of its tests ask it of three or more."""
    large = {group for group, members in GROUPS.items() if len(members) > 2}
    return sum(bool(large & set(place.arguments)) for place in places) > 3 / 4 * len(places)


@cache
def all_places() -> tuple[Place, ...]:
    files = [file for chapter in CHAPTERS.values() for file in files_of(chapter)]
    return tuple(place for file in files for place in places_in(file))


def backing(id: str) -> list[Place]:
    """All tests that back a claim."""
    return [place for place in all_places() if id in place.ids]


@cache
def pages_with(id: str) -> tuple[str, ...]:
    """The components whose pages show a claim."""
    chapter = ledger()[id].chapter
    names = COMPONENTS.get(chapter, ())
    return tuple(name for name in names if any(entry.id == id for entry, _ in claims_of(name)))


@cache
def outcomes(file: str) -> dict[str, dict[str, Counter[str]]]:
    """By claim and subject, what a run of the suite found; nothing where there was none."""
    found: dict[str, dict[str, Counter[str]]] = {}
    if file and Path(file).is_file():
        for subject in complete(json.loads(Path(file).read_text(encoding="utf-8"))):
            for row in subject["claims"]:
                by_subject = found.setdefault(row["id"], {})
                by_subject.setdefault(subject["name"], Counter())[row["outcome"]] += 1
    return found


def everything_about(component: str) -> Iterator[Path]:
    """The files that its page is made of."""
    chapter = chapter_of(component)
    yield concept(component)
    yield from helpers(component)
    yield from files_of(chapter)
    yield from sorted((TESTS / chapter / "impostors").glob("*.py"))
    yield TESTS / "ledger.toml"
