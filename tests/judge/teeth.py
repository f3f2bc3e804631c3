"""Do the claims have teeth? Impostors must be refused, right versions accepted.

This module runs the claims on both, in this process; `python -m sums_to_one.tests.judge.teeth`
prints both rates, of all components or of the chapters and components named. Each claim must be
the only one to refuse some impostor, or it is decoration; those that are spared this, and why,
stand in `tests/<chapter>/impostors/spared.py`.

Of a right version only the laws are asked, of few examples each, unless `--full` is said. What that
catches was measured: 127 right versions had been written elsewhere, and claims that had never seen
them refused 84, in 676 ways. One example a claim shows 671 of these, five show 675, and experiments
refused nobody whom no law refused. With `--turns`, as in the tests, each right version is asked all
laws that cost little, two thirds of them, and one in nine of the dear ones, which take nine tenths
of the time; which, changes with the sources, so that each is asked again and again. `dear.toml` has
those that took more than 10 ms on average; `--dear` measures it anew.
"""

import contextlib
import functools
import gc
import hashlib
import importlib
import inspect
import itertools
import multiprocessing
import os
import sys
import time
import tomllib
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import torch
from rich.progress import track

from sums_to_one.cifar.modules import ROOT
from sums_to_one.tests.common.limits import NotProvided, asking
from sums_to_one.tests.common.worst import Measure, measuring
from sums_to_one.tests.judge import profiles, remembered
from sums_to_one.tests.judge.arguments import ARGUMENTS, Judged, heard
from sums_to_one.tests.judge.at_every_step import as_rounding_allows
from sums_to_one.tests.judge.components import GROUPS, KNOWN, asked_for, chapter_of, file_of
from sums_to_one.tests.judge.ledger import is_experiment
from sums_to_one.tests.judge.places import files_of
from sums_to_one.tests.judge.slow import import_what_is_slow
from sums_to_one.tests.judge.versions import Version, versions

Function = Callable[..., Any]
RATES = "--rates"  # both rates alone, not whether a claim is decoration
FULL = "--full"  # all examples of right versions, and the experiments
TURNS = "--turns"  # of the laws that are dear, one in TURN is asked of each right version
DEAR = "--dear"  # measure which these are
TURN = 9
ANEW = "--no-cache"  # ask also what has been asked before
ALL = 50  # examples, as of anybody who is judged
A_FEW = 10  # where it matters little whether a claim refuses an impostor rarely
FEW = 5  # of right versions
MUCH = 0.01  # seconds of a processor that a question takes on average
DEAR_CLAIMS = Path(__file__).with_name("dear.toml")
# reason: each is an answer of a claim, and `refuses` tells them apart
ANSWERS = (Exception, pytest.fail.Exception, pytest.skip.Exception)


@dataclass(frozen=True)
class Claim:
    """One test of the chapter, with one set of its parameters."""

    test: Function
    parameters: tuple[tuple[str, Any], ...]

    @property
    def name(self) -> str:
        return self.test.__name__

    @property
    def arguments(self) -> list[str]:
        """What it is given, less its parameters and what Hypothesis draws."""
        return [name for name in inspect.signature(self.test).parameters if name in ARGUMENTS]

    @property
    def place(self) -> tuple[str, str]:
        """Its module and its name: other chapters may have a claim of the same name."""
        return self.test.__module__, self.name

    @property
    def id(self) -> str:
        """As spared.py writes it."""
        return f"{self.test.__module__.rpartition('.')[2]}::{self.name}"

    @property
    def spared(self) -> str | None:
        """Why the claim stays although it is not the only one to refuse some impostor."""
        return spared(self.test.__module__.split(".")[-2]).get(self.id)

    @property
    def is_experiment(self) -> bool:
        ids = [id for mark in _marks(self.test) if mark.name == "claim" for id in mark.args]
        return is_experiment(ids, self.test.__module__.rpartition(".")[2])

    def refuses(self, version: Version, examples: int = ALL) -> BaseException | None:
        """What the claim says against a version, or None where it holds."""
        answer = self.answer(version, examples)
        return None if isinstance(answer, NotProvided) else answer

    def answer(self, version: Version, examples: int = ALL) -> BaseException | None:
        """What the claim says: a refusal, NotProvided, or None where it holds."""
        as_group = any(name in GROUPS for name in self.arguments)
        judged = Judged(version, (version.of,), as_group)
        with torch_as_it_was(), _few_examples(self.test, examples):
            try:
                self._ask(judged)
            except ANSWERS as refusal:
                return self._again(judged, refusal)
        return None

    def _again(self, judged: Judged, refusal: BaseException) -> BaseException | None:
        """What is left of a refusal, where sums may be rounded at every step."""
        if isinstance(refusal, NotProvided):
            return refusal
        try:
            return None if as_rounding_allows(judged, self._ask) else refusal
        except ANSWERS as other:
            return other

    def _ask(self, judged: Judged, measure: Measure | None = None) -> None:
        with ExitStack() as until, warnings.catch_warnings():
            if measure is not None:
                until.enter_context(measuring(measure))
            arguments = {name: judged.argument(name, until) for name in self.arguments}
            warnings.simplefilter("ignore")  # a version may warn of anything
            with asking(judged.limits, judged.hears):
                self.test(**arguments, **dict(self.parameters))


@functools.cache
def spared(chapter: str) -> dict[str, str]:
    """Why each of the claims of a chapter that are spared is, by file and name."""
    module = importlib.import_module(f"sums_to_one.tests.{chapter}.impostors.spared")
    return {claim: why for why, claims in module.SPARED.items() for claim in claims}


@functools.cache
def claims_about(component: str) -> list[Claim]:
    """Every test, with every set of its parameters, that judges the component."""
    chapter = chapter_of(component)
    found = []
    for path in files_of(chapter):
        module = importlib.import_module(f"sums_to_one.tests.{chapter}.{path.stem}")
        for name, test in vars(module).items():
            if name.startswith("test_") and _judges(test, component):
                found += [Claim(test, parameters) for parameters in _parameters(test)]
    return found


def _judges(test: Function, component: str) -> bool:
    return any(component in names for names in asked_for(list(inspect.signature(test).parameters)))


def _marks(test: Function) -> list[pytest.Mark]:
    return list(getattr(test, "pytestmark", []))


def _parameters(test: Function) -> Iterator[tuple[tuple[str, Any], ...]]:
    """The product of the parametrize marks, as pytest takes it."""
    axes = []
    for mark in _marks(test):
        if mark.name == "parametrize":
            names, values = mark.args[0], list(mark.args[1])
            single = isinstance(names, str)
            names = (names,) if single else names
            rows = [
                # pytest.param wraps a row of values, to give it an id
                value.values if hasattr(value, "marks") else (value,) if single else value
                for value in values
            ]
            axes.append([tuple(zip(names, row, strict=True)) for row in rows])
    for combination in itertools.product(*axes):
        yield tuple(itertools.chain.from_iterable(combination))


@contextlib.contextmanager
def torch_as_it_was() -> Iterator[None]:
    """An impostor may change what all share; the next one shall not notice."""
    default, enabled = torch.get_default_dtype(), torch.is_grad_enabled()
    with torch.random.fork_rng(devices=[]):
        try:
            yield
        finally:
            torch.set_default_dtype(default)
            torch.set_grad_enabled(enabled)


@contextlib.contextmanager
def _few_examples(test: Function, count: int) -> Iterator[None]:
    """That many examples, and no search for the smallest: here only the outcome counts."""
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    handle, name = vars(test), "_hypothesis_internal_use_settings"  # there is no public way
    before, profile = handle.get(name), hypothesis.settings.get_current_profile_name()
    few = hypothesis.settings(before, max_examples=count, phases=phases)
    hypothesis.settings.register_profile("few", few)
    hypothesis.settings.load_profile("few")  # for state machines, which take the current one
    if before:
        handle[name] = few
    try:
        yield
    finally:
        hypothesis.settings.load_profile(profile)
        if before:
            handle[name] = before


def _is_refused(version: Version) -> bool:
    """Whether every claim that is named for an impostor refuses it."""
    return not missed_by(version)


def missed_by(impostor: Version) -> list[str]:
    """The claims that are named for an impostor, and do not refuse it."""
    found = []
    for name in impostor.refused_by:
        named = [claim for claim in claims_about(impostor.of) if claim.name == name]
        ask = functools.partial(_missed, impostor, named)
        question = _question(impostor, named, "refused by", name)
        found += [name] if not named else remembered.unless_known(question, ask)
    return found


def _missed(impostor: Version, named: list[Claim]) -> list[str]:
    return [] if any(claim.refuses(impostor) for claim in named) else [named[0].name]


def refusals(right: Version, full: bool = False, turns: bool = False) -> list[str]:
    """What is wrong with the claims about a right version: refusals, and remarks it has not.

    Args:
        right: the version.
        full: whether experiments are asked, too, and everybody with all examples.
        turns: whether of the dear claims only those are asked whose turn it is.
    """
    asked = [claim for claim in claims_about(right.of) if full or not claim.is_experiment]
    asked = [claim for claim in asked if not turns or _has_its_turn(right, claim)]
    found = []
    for _, group in itertools.groupby(asked, lambda claim: claim.test.__module__):
        claims = list(group)
        ask = functools.partial(_refusals, right, claims, ALL if full else FEW)
        question = _question(right, claims, "accepted", full)
        found += remembered.unless_known(question, ask)
    return sorted(set(found))


def _has_its_turn(right: Version, claim: Claim) -> bool:
    words = f"{right} {claim.id} {_state_of_the_sources()}"
    return claim.id not in dear() or int(hashlib.sha256(words.encode()).hexdigest(), 16) % TURN == 0


@functools.cache
def dear() -> frozenset[str]:
    """The claims that take long, as spared.py writes them."""
    found = tomllib.loads(DEAR_CLAIMS.read_text(encoding="utf-8"))
    return frozenset(f"{file}::{name}" for file, names in found.items() for name in names)


def _costs(right: Version) -> dict[str, list[float]]:
    """How many seconds of a processor each law takes about a version."""
    found: dict[str, list[float]] = {}
    heard(right, right.of)
    for claim in claims_about(right.of):
        if not claim.is_experiment:
            began = time.process_time()
            claim.refuses(right, FEW)
            found.setdefault(claim.id, []).append(time.process_time() - began)
    return found


def _write_the_dear(costs: Iterable[dict[str, list[float]]]) -> None:
    each: dict[str, list[float]] = {}
    for found in costs:
        for claim, seconds in found.items():
            each.setdefault(claim, []).extend(seconds)
    own = {claim: s for claim, s in sorted(each.items()) if sum(s) / len(s) > MUCH}
    by_file: dict[str, list[str]] = {}
    for claim in own:
        file, _, name = claim.partition("::")
        by_file.setdefault(file, []).append(f'    "{name}",\n')
    lists = [f"{file} = [\n{''.join(names)}]\n" for file, names in by_file.items()]
    head = "# Claims of which each question takes long; `teeth.py` measures them, with --dear.\n\n"
    DEAR_CLAIMS.write_text(head + "\n".join(lists), encoding="utf-8")
    total, part = (sum(sum(s) for s in some.values()) for some in (each, own))
    print(f"{len(own)} of {len(each)} laws take {part:.0f} of {total:.0f} s of a processor")


@functools.cache
def _state_of_the_sources() -> str:
    """Another whenever a claim, a helper or a version is."""
    return " ".join(remembered.text_of(file) for file in sorted((ROOT / "tests").rglob("*.py")))


def _refusals(right: Version, claims: list[Claim], examples: int) -> list[str]:
    extras = heard(right, right.of).extras
    wrong = [f"remarks: {extras}" for _ in [0] if set(extras) != set(right.remarked)]
    return wrong + [claim.name for claim in claims if claim.refuses(right, examples)]


def _question(version: Version, claims: list[Claim], *words: object) -> str:
    """A digest of what is asked, for `remembered`."""
    chapter = chapter_of(version.of)
    folder = ROOT / "tests" / chapter
    tests = {folder / f"{claim.test.__module__.rpartition('.')[2]}.py" for claim in claims}
    names = sorted({claim.name for claim in claims})
    own = folder / "impostors" / f"{file_of(version.of)}.py"
    return remembered.digest(chapter, {own, *tests}, version, *names, *words)


def _has_one_of_its_own(test: tuple[str, str]) -> bool:
    """Whether some impostor is refused by this test of that module alone.

    Experiments need not have teeth of their own, nor do they take them from others.
    """
    for version in _named_for(*test):
        laws = [claim for claim in claims_about(version.of) if not claim.is_experiment]
        others = [claim for claim in laws if claim.place != test]
        alone = not any(claim.refuses(version, A_FEW) for claim in others)
        if alone and _is_refused(version):
            return True
    return False


def _named_for(module: str, name: str) -> list[Version]:
    """The impostors that no other claim is named for either."""
    test = getattr(importlib.import_module(module), name)
    judged = [component for component in KNOWN if _judges(test, component)]
    found = [version for component in judged for version in versions(component)]
    return [version for version in found if version.refused_by == (name,)]


def _quietly(question: Callable[[Any], Any], about: Any) -> Any:
    """The answer to a question; no output of theirs matters here."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        return question(about)


def main(*names: str) -> int:
    """Both rates, and the claims that refuse nothing of their own."""
    only = {*names} - {RATES, FULL, TURNS, DEAR, ANEW}
    asked = [c for c in KNOWN if not only or {c, chapter_of(c)} & only]
    remembered.settings["use"] &= ANEW not in names
    profiles.load_suite()
    torch.set_num_threads(1)
    everything = [version for component in asked for version in versions(component)]
    impostors = [version for version in everything if version.refused_by]
    right = [version for version in everything if not version.refused_by]
    limited = [version for version in right if version.remarked]
    claims = {claim.place: claim for c in asked for claim in claims_about(c)}
    to_prove = [place for place, claim in claims.items() if not claim.is_experiment]
    import_what_is_slow(asked)
    gc.freeze()  # or each collection in a fork would copy all pages
    with multiprocessing.get_context("fork").Pool() as pool:

        def answers(question: Callable[[Any], Any], all_: list[Any], words: str) -> list[Any]:
            each = pool.imap(functools.partial(_quietly, question), all_)
            return list(zip(all_, track(each, words, total=len(all_)), strict=True))

        if DEAR in names:
            _write_the_dear(found for _, found in answers(_costs, right, "Right versions"))
            return 0
        missing = answers(missed_by, impostors, "Impostors")
        missed = [f"{v}: not refused by {', '.join(names)}" for v, names in missing if names]
        _tell(f"impostors refused: {len(impostors) - len(missed)} of {len(impostors)}", missed)

        all_claims = functools.partial(refusals, full=FULL in names, turns=TURNS in names)
        rejected = answers(all_claims, right, "Right versions")
        wronged = [f"{v}: refused by {', '.join(n)}" for v, n in rejected if n]
        _tell(f"right versions accepted: {len(right) - len(wronged)} of {len(right)}", wronged)
        print(f"of them within limits of their own, with a remark: {len(limited)}", flush=True)
        if FULL not in names:
            which = f"the laws, of the dear one in {TURN}," if TURNS in names else "the laws"
            print(f"they were asked {which}, of {FEW} examples each; {FULL} asks everything")

        alone = [] if RATES in names else answers(_has_one_of_its_own, to_prove, "Claims")
    needless = [
        f"{claims[place].id}: refuses no impostor alone, and is not spared that"
        for place, is_alone in alone
        if not is_alone and not claims[place].spared
    ]
    needless += [
        f"{claims[place].id}: is spared, and refuses an impostor alone by now"
        for place, is_alone in alone
        if is_alone and claims[place].spared
    ]
    gc.unfreeze()
    _tell(f"claims that are needless, or needlessly spared: {len(needless)}", needless)
    return bool(missed or wronged or needless)


def _tell(rate: str, exceptions: list[str]) -> None:
    """At once, for what follows takes minutes."""
    print("\n".join([rate, *(f"  {line}" for line in exceptions)]), flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
