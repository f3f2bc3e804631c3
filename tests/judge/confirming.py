"""Whom the claims have accepted is confirmed in a clean room, and the judge keeps account of it."""

import os
from collections import Counter
from collections.abc import Iterable
from typing import Any, Protocol

import pytest

from sums_to_one.tests.common.limits import Limits
from sums_to_one.tests.common.limits import read as read_limits
from sums_to_one.tests.judge.arguments import Judged
from sums_to_one.tests.judge.clean_room import OUTSIDE, TIME, CleanRoom
from sums_to_one.tests.judge.components import COMPONENTS, asked_for
from sums_to_one.tests.judge.deviations import read
from sums_to_one.tests.judge.forks import Share
from sums_to_one.tests.judge.fresh import cases
from sums_to_one.tests.judge.further import further
from sums_to_one.tests.judge.ledger import is_experiment
from sums_to_one.tests.judge.places import places_of
from sums_to_one.tests.judge.subjects import Subject, declared, readable
from sums_to_one.tests.judge.variants import CPU
from sums_to_one.tests.judge.verdicts import CLEAN_ROOM, SENTENCE, TAMPERED, judged_by

Key = tuple[Subject, str]  # a subject and the component of it that is judged


class Ended(Protocol):
    """A job of the judge that has come to its end."""

    key: Key
    refused: bool


class Confirmation:
    """The clean room for one component of one subject: a job as the claims are."""

    def __init__(self, key: Key, item: pytest.Item, seed: int) -> None:
        self.key, self.item, self.seed = key, item, seed
        self.ended, self.refused = False, False
        self.starved, self.alone = False, False

    def start(self) -> None:
        """Fork the process."""
        subject, component = self.key
        limits = declared(subject, component)
        drawn = cases(component, limits, self.seed)
        if not subject.conventions and not subject.variant.transform:
            drawn += further(component, limits.within(self._heard()), self.seed)
        load, files = lambda: subject.component, readable(subject.source)
        self.room = CleanRoom(component, load, drawn, files, self._heard())
        self.home, self.process = self.room.home, self.room.process
        self.deadline, self.share = self.room.deadline, Share()

    def _heard(self) -> Limits:
        """What it has refused while claims were asked; verdicts tell everybody of it."""
        subject, component = self.key
        verdicts: Any = self.item.config.pluginmanager.get_plugin("verdicts")
        heard = verdicts.limits.get(subject.name, {}).get(component, {})
        return read_limits(heard.get("within", {}), component)

    def is_late(self) -> None:
        """A slow answer is no forged one; but nothing is confirmed."""
        self.ended, self.starved = True, self.share.is_small and not self.alone
        if self.starved:
            return
        self.refused = True
        text = f"it could not be confirmed: no answer to fresh numbers within {TIME:.0f} s"
        report(self.item, "setup", text, (SENTENCE, CONFIRMED))

    def ask_alone(self) -> bool:
        """Whether others left it no time: then it is asked once more."""
        self.alone, again, self.starved = True, self.starved, False
        self.ended = not again
        return again

    def listen(self) -> None:
        """Take what came; in the end it is confirmed, or a forger has been found."""
        problem = self.room.listen()
        if problem is None:
            return
        self.ended, self.refused = True, bool(problem)
        others, config = self.room.left_to_others, self.item.config
        if problem:
            # It is the judge's own fault where the comparison itself has not come to its end.
            forged = [(TAMPERED, TAMPERED)] if problem.startswith(OUTSIDE) else []
            report(
                self.item,
                "setup" if not forged else "call",
                problem,
                *forged,
                (SENTENCE, CONFIRMED),
            )
        elif others and config.option.from_scratch:
            text = f"it leaves its work to {', '.join(others)}"
            report(self.item, "call", text, (SENTENCE, FROM_SCRATCH))
        else:
            verdicts: Any = config.pluginmanager.get_plugin("verdicts")
            verdicts.confirmed(self.key[0].name, self.key[1], others)

    def close(self) -> None:
        self.room.close()


CONFIRMED = "what the claims found is so outside of them, too"
FROM_SCRATCH = "it does its work itself, and leaves it to no library"


class Confirming:
    """Whom to confirm: whoever has been asked all claims about a component, and has passed."""

    def __init__(self, session: pytest.Session, jobs: Iterable[Ended]) -> None:
        self.parts = Counter(job.key for job in jobs)
        self.refused: set[Key] = set()
        self.seed = session.config.option.seed
        self.deviating = _deviating(session.config)
        self.fast = session.config.option.fast
        self.items: dict[Key, dict[str, pytest.Item]] = {}
        for item in session.items:
            name = getattr(item, "originalname", item.name)
            self.items.setdefault(key_of(item), {})[name] = item

    def after(self, job: Ended) -> list[Confirmation]:
        """What there is to do when a job has ended."""
        self.parts[job.key] -= 1
        if job.refused:
            self.refused.add(job.key)
        if self.parts[job.key] != 0 or job.key in self.refused or not self._is_complete(job.key):
            return []
        return [Confirmation(job.key, next(iter(self.items[job.key].values())), self.seed)]

    def _is_complete(self, key: Key) -> bool:
        subject, component = key
        if subject.source == "torch":  # which is trusted, and what others are compared with
            return False
        if subject.variant.device != CPU or component in self.deviating:
            return False  # what is known to be wrong, or lives elsewhere, gives other numbers
        if component in COMPONENTS["checkpoints"] and not subject.provides(
            COMPONENTS["checkpoints"]
        ):
            return False  # nobody else need be able to read what it writes
        due = {
            place.name
            for place in places_of(component)
            if not (self.fast and is_experiment(place.ids, place.file.stem))
            for names in asked_for(place.arguments)
            if names[0] == component and subject.provides(names)
        }
        return due <= set(self.items[key])


def _deviating(config: pytest.Config) -> set[str]:
    """The components of which a refusal is known, and borne."""
    file = config.option.deviations
    return {deviation.component for deviation in read(file)} if file else set()


def fresh_seed() -> int:
    """Nobody can know it beforehand."""
    return int.from_bytes(os.urandom(4), "big")


def key_of(item: pytest.Item) -> Key:
    """Whom a claim judges, in which of its components."""
    found = judged_by(item)
    assert isinstance(found, Judged), f"with subjects, only what judges is run: {item.nodeid}"
    assert isinstance(found.subject, Subject), found
    return found.subject, found.components[0]


def report(item: pytest.Item, when: Any, text: str, *properties: tuple[str, object]) -> None:
    """A refusal by the judge itself, as if the item had reported it."""
    of_the_room = SENTENCE in dict(properties)
    item.config.hook.pytest_runtest_logreport(
        report=pytest.TestReport(
            nodeid=f"{CLEAN_ROOM}::{key_of(item)[1]}" if of_the_room else item.nodeid,
            location=item.location,
            keywords={},
            outcome="failed",
            longrepr=text,
            when=when,
            user_properties=[*item.user_properties, ("counterexample", text), *properties],
        )
    )
