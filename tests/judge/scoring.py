"""A learner's own claims, scored: which impostors they refuse, and which right versions wrongly.

A claim is a function `test_...` whose argument is called like the component; pytest's marks for
parameters and Hypothesis's `@given` work as in ours. Every version is asked in a fork of its own,
and the first claim that fails ends it.
"""

import ast
import gc
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from rich.console import Console
from rich.text import Text

from sums_to_one.cifar.modules import load
from sums_to_one.tests.judge import forks, progress, teeth, worked
from sums_to_one.tests.judge.asking import cases
from sums_to_one.tests.judge.chinese import evidence, wrapped
from sums_to_one.tests.judge.components import KNOWN, asked_for, file_of
from sums_to_one.tests.judge.counterexample import abridged
from sums_to_one.tests.judge.languages import in_language
from sums_to_one.tests.judge.places import places_in
from sums_to_one.tests.judge.subjects import OURS, Subject
from sums_to_one.tests.judge.versions import Version, versions

REFERENCES = ("ours", "PyTorch's")
EXAMPLES = 20  # of each claim that draws its inputs
PATIENCE = 20.0  # seconds for one version, which may be one that never ends
FIRST = {
    False: "What must be true of {component}, in your own words: a claim is a test.",
    True: "{component} 应当满足什么，由你来写：每个测试就是一条论断。",
}


class ClaimsError(Exception):
    """A file whose claims cannot be scored; the message is for the person who wrote it."""


class Beside(Version):
    """A version whose claims may be about other components, too: PyTorch's, or else ours."""

    def component(self, name: str) -> Any:
        return super().component(name) or OURS[0].component(name)


@dataclass
class Answer:
    """Of one version: the first of the claims that refuses it, and what it says."""

    version: Version
    claim: str = ""
    said: str = ""


@dataclass
class Score:
    """What a learner's claims about one component do."""

    component: str
    claims: list[str]
    impostors: list[Answer] = field(default_factory=list)
    right: list[Answer] = field(default_factory=list)

    @property
    def wronged(self) -> list[Answer]:
        return [answer for answer in self.right if answer.claim]

    @property
    def missed(self) -> list[Version]:
        return [answer.version for answer in self.impostors if not answer.claim]

    @property
    def refused(self) -> int:
        return len(self.impostors) - len(self.missed)


def write(component: str, folder: Path, chinese: bool = False) -> Path:
    """Write a file of claims with a worked one; an existing file stays.

    Raises:
        FileExistsError: there is such a file.
    """
    path = folder / f"test_{file_of(component)}.py"
    folder.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8") as file:
        file.write(worked_claim(component, chinese, path))
    return path


def worked_claim(component: str, chinese: bool, path: Path) -> str:
    """The text of a file with one claim about a component."""
    source = Path(worked.__file__).read_text(encoding="utf-8")
    (claim,) = [p for p in places_in(Path(worked.__file__)) if component in p.arguments]
    written = _text(source, claim.name)
    helpers = [name for name in ("stepped",) if f"{name}(" in written]
    text = "\n\n\n".join([*(_text(source, name) for name in helpers), written])
    imports = "import torch\n" + "from torch import nn\n" * ("nn." in text)
    head = FIRST[chinese].format(component=component)
    return f'"""{head}\n\n    sums-to-one score-claims {path}\n"""\n\n{imports}\n\n{text}\n'


def _text(source: str, name: str) -> str:
    nodes = ast.parse(source).body
    node = next(n for n in nodes if isinstance(n, ast.FunctionDef) and n.name == name)
    return str(ast.get_source_segment(source, node))


def scores(file: Path) -> Iterator[Score]:
    """Of each component that the claims of a file are about, all versions asked.

    Raises:
        ClaimsError: there are no claims, or one asks for what there is not.
    """
    found = claims_of(file)
    asked = {name for claim in found for names in asked_for(claim.arguments) for name in names}
    for component in [name for name in KNOWN if name in asked]:
        own = [claim for claim in found if _is_about(claim, component)]
        score = Score(component, list(dict.fromkeys(claim.name for claim in own)))
        for version in _references(component):  # here: what is imported for them is there later
            refusal = _first_refusal(own, Beside(**vars(version)))
            score.right.append(Answer(version, *refusal))
        gc.freeze()  # what is imported by now is never garbage, and forks need not look for any
        for version in versions(component):
            answer = asked_in_a_fork(own, Beside(**vars(version)))
            (score.impostors if version.refused_by else score.right).append(answer)
        gc.unfreeze()
        yield score


def claims_of(file: Path) -> list[teeth.Claim]:
    """The claims of a learner's file, with all of their parameters."""
    found = [
        teeth.Claim(test, parameters)
        for name, test in vars(_loaded(file)).items()
        if name.startswith("test_") and callable(test)
        for parameters in teeth._parameters(test)
    ]
    if not found:
        raise ClaimsError(f"a claim is a function `test_...`, and {file} has none")
    for claim in found:
        if not asked_for(claim.arguments):
            raise ClaimsError(
                f"a claim needs an argument that is called like its component; {claim.name} in "
                f"{file} has none of {', '.join(KNOWN)}"
            )
    return found


def _loaded(file: Path) -> ModuleType:
    if not file.is_file():
        raise ClaimsError(
            f"there is no file {file}; `sums-to-one exercise --claims softmax` writes one"
        )
    try:
        return load(str(file))
    except Exception as error:
        told = "".join(traceback.format_exception_only(error)).strip()
        raise ClaimsError(f"{file} cannot be imported:\n{told}") from None


def _is_about(claim: teeth.Claim, component: str) -> bool:
    return any(component in names for names in asked_for(claim.arguments))


def _references(component: str) -> list[Version]:
    """Ours, and PyTorch's where it has one."""
    both = dict(zip(REFERENCES, (subject.component(component) for subject in OURS), strict=True))
    return [Version(component, name, function) for name, function in both.items() if function]


def asked_in_a_fork(claims: list[teeth.Claim], version: Version) -> Answer:
    """The first claim that refuses a version, which may loop, crash, or change torch."""
    settings = dict(forks.settings)
    forks.settings |= {"walls": False, "limit": PATIENCE}  # these are our own versions
    try:
        found = forks.in_a_fork(lambda: _first_refusal(claims, version), "asking it")
    finally:
        forks.settings |= settings
    if isinstance(found, str):  # why there is no answer
        return Answer(version, claims[0].name, found)
    return Answer(version, *found)


def _first_refusal(claims: list[teeth.Claim], version: Version) -> list[str]:
    """Its name and words; what a right version does not provide, and says so, is no refusal."""
    judges = version.refused_by or version.name in REFERENCES
    for claim in claims:
        refusal = claim.refuses(version, EXAMPLES)
        if refusal is not None and (judges or isinstance(refusal, AssertionError)):
            return [claim.name, _said(refusal)]
    return []


def _said(refusal: BaseException) -> str:
    """The error, and the line of the claim, where a claim has no words of its own."""
    words = abridged(" ".join(str(refusal).split()))
    kind = "" if isinstance(refusal, AssertionError) else f"{type(refusal).__name__}: "
    if words:
        return f"{kind}{words}"[:200]
    *_, last = traceback.extract_tb(refusal.__traceback__)
    return f"{kind}line {last.lineno}: {last.line}"


def behaviour(version: Version) -> str:
    """What an impostor does, by the smallest input on which the claim named for it refuses it."""
    return str(forks.in_a_fork(lambda: _behaviour(version), "asking it"))


def _behaviour(version: Version) -> str:
    for case in cases(cast(Subject, version), version.of):
        if case.place.name in version.refused_by:
            for found in case.verdicts():
                if found.counterexample:
                    return found.counterexample
    return ""


def show(score: Score, console: Console, chinese: bool) -> None:
    """Which claim refuses whom, right versions that are refused, and whom to catch next."""

    def say(text: str, style: str = "", indent: int = 0, **parts: object) -> None:
        wide, told = console.width - indent, in_language(text, chinese, **parts)
        lines = [line.plain.rstrip() for line in Text(told).wrap(console, wide)]
        for line in wrapped(told, wide) if chinese else lines:
            console.print(Text(" " * indent + line, style=style), soft_wrap=True)

    counts = {"refused": score.refused, "impostors": len(score.impostors)}
    console.rule(Text(score.component, style="bold"), align="left")
    say("your claims about {name} refuse {refused} of {impostors} impostors", "bold", 0,
        name=score.component, **counts)  # fmt: skip
    for claim in score.claims:
        names = [a.version.name for a in score.impostors if a.claim == claim]
        say(f"{claim.removeprefix('test_').replace('_', ' ')}: {len(names)}", "", 2)
        if names:
            say(", ".join(names), "bright_black", 4)
    say("{count} of {all} right versions are accepted", "red" if score.wronged else "green", 2,
        count=len(score.right) - len(score.wronged), all=len(score.right))  # fmt: skip
    for answer in score.wronged:
        claim = answer.claim.removeprefix("test_").replace("_", " ")
        say("{claim}: wrongly refuses {who}", "red", 4, claim=claim, who=answer.version.name)
        say("{said}", "", 6, said=evidence(answer.said) if chinese else answer.said)
    for version in score.missed[:1]:
        say("the next to catch is one that does this:", "yellow", 2)
        for line in behaviour(version).splitlines():
            told = evidence(line) if chinese else line
            say("{line}", "", 4 + len(line) - len(line.lstrip()), line=told.strip())
    if not score.missed:
        say("all impostors are caught", "green", 2)


def note(score: Score, folder: Path) -> None:
    """Keep the score with the learner's progress."""
    counts = score.refused, len(score.impostors), len(score.wronged)
    progress.note_score(folder, score.component, *counts)
