"""Which refusals have one cause, and which of them tells most of it.

A claim that is about plain values is nearest to the definition: where it is refused, claims about
gradients, digits, sizes, settings and training can hardly hold. The table says which topic blocks
which; a claim belongs to the first topic that has one of its words.
"""

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from sums_to_one.cifar.modules import ROOT
from sums_to_one.tests.judge.components import COMPONENTS, GROUPS, chapter_of, file_of
from sums_to_one.tests.judge.ledger import ledger
from sums_to_one.tests.judge.places import Place, places_in
from sums_to_one.tests.judge.verdicts import Verdict

# Topics, each with words of its claims: a claim is of the first topic that has one of its words.
TOPICS = {
    "core": r"is not refused",
    "elsewhere": r"device that is not here",
    "memory": (
        r"place.* in memory|layouts|wherever|(lies?|laid) anywhere|in a view|lies otherwise|"
        r"place of the incoming|shares the memory"
    ),
    "untouched": (
        r"left as|left alone|state of|settings? of torch|touched|is to look|"
        r"changes neither|draws no|stays? what|stays as|"
        r"no numbers are changed"
    ),
    "calls": (
        r"remembered|used loss|share nothing|shares no|a copy|copies go|apart$|changes? no |"
        r"keep their (gradient|output|slope)|setting of torch makes|knows nothing of|"
        r"do not mix|default dtype|"
        r"memory of its own|evaluate or to train|may be written to"
    ),
    "errors": r"refused|is an error|is named|are not hidden|makes no sense",
    "chance": (
        r"seed|generator|random(ness| numbers)|draw anew|chance|next( call)?$|call to call|"
        r"has an order|fates? of|twice$|no part of a large|have nothing|has nothing|says? nothing|"
        r"in common|share one draw"
    ),
    "state": r"load|saved?\b|set back|continue|reset|survives a file",
    "digits": r"digits|precision|any dtype|16 bits|float32|kinds of numbers",
    "sizes": (
        r"large |^far out|^exactly 0 and 1|many (classes|channels)|any number|any size|^long sums|"
        r"small tensors|empty|infinity"
    ),
    "gradients": r"gradient|its slope|slope (is|of|takes)|differentiated|pull|walk|way back",
    "settings": (
        r"options?\b|told by place|not given|unless|group|closure|inplace|asked for|maximize|"
        r"decay|smooth|ignored|one by one|default"
    ),
    "values": r"",
}
# Where a claim of a topic is refused, these may be for the same reason, as all others of its own.
BLOCKS = {
    "values": {
        *("chance", "gradients", "settings", "state", "memory", "calls"),
        *("sizes", "digits", "training"),
    },
    "chance": {"settings", "memory", "sizes", "digits", "training"},
    "gradients": {"memory", "calls", "sizes", "digits", "training"},
    "settings": {"state", "digits", "training"},
    "memory": {"sizes"},
    "sizes": {"digits", "training"},
}
ORDER = (
    *("core", "values", "chance", "gradients", "settings", "state", "memory"),
    *("calls", "untouched", "errors", "sizes", "digits", "elsewhere", "training"),
)
FILED_TOGETHER = COMPONENTS["checkpoints"]  # whose claims name both, in any file
A_FEW, SOME = 50, 120  # numbers, which are read at a glance, or with patience
MANY = 60  # of which three are shown, and which tell little


@dataclass
class Cause:
    """Refusals that probably have one reason: the one that tells most, and the others."""

    first: Verdict
    others: list[Verdict] = field(default_factory=list)

    def explains(self, row: Verdict) -> bool:
        error = error_of(row)
        if error is not None and error == error_of(self.first):
            return True
        topic, own = topic_of(row), topic_of(self.first)
        return topic == own or topic in BLOCKS.get(own, ())


def causes(rows: Iterable[Verdict]) -> list[Cause]:
    """Refused claims by what probably caused them, the most telling first."""
    found: list[Cause] = []
    for row in sorted(rows, key=telling):
        for cause in found:
            if cause.explains(row):
                cause.others.append(row)
                break
        else:
            found.append(Cause(row))
    return found


def topic_of(row: Verdict) -> str:
    """What a claim is about, by the words of its sentence."""
    if all(ledger()[id].kind == ["experiment"] for id in row.id.split()) or _distance(row) == 2:
        return "training"
    sentence = row.test.rpartition("::")[2].partition("[")[0].removeprefix("test_")
    sentence = sentence.replace("_", " ")
    found = [topic for topic, words in TOPICS.items() if re.search(words, sentence)]
    # What an optimizer does is all about gradients, and what a Variable is for.
    if found[0] == "gradients" and chapter_of(row.component) == "optimization":
        return "values"
    # Where an error was due, other numbers may have come before.
    other = found[0] == "errors" and "  should be " in (row.counterexample or "")
    return "calls" if other else found[0]


def error_of(row: Verdict) -> str | None:
    """What refusals share that have one cause: the error, and the line of the subject."""
    found = re.search(r"(?:^|\n)(raised .*)", row.counterexample or "", re.DOTALL)
    if not found:
        return None
    message, _, place = found[1].rpartition("\n")
    return re.sub(r"-?\d+(\.\d+)?(e[-+]?\d+)?", "#", message) + place


def telling(row: Verdict) -> tuple[int, int, int, int]:
    """First what is nearest to the definition, then what has the fewest numbers."""
    numbers = len(re.findall(r"(?<!float)\b\d[\d.e+-]*", row.counterexample or ""))
    numbers += MANY * len(re.findall(r"\(\d+ numbers\)", row.counterexample or ""))
    size = (numbers > A_FEW) + (numbers > SOME)
    place = place_of(row)
    kinds = {kind for id in row.id.split() for kind in ledger()[id].kind}
    far = 2 * _distance(row) + ("experiment" in kinds)
    return ORDER.index(topic_of(row)), size, far, place.line if place else 0


def _distance(row: Verdict) -> int:
    """0 for a claim of the component's own file, 1 for one of its group's, 2 for the chapter's."""
    place = place_of(row)
    if place is None or place.file.stem == f"test_{file_of(row.component)}":
        return 0
    return 1 if {*place.arguments} & {*GROUPS} or row.component in FILED_TOGETHER else 2


def place_of(row: Verdict) -> Place | None:
    file, _, name = row.test.partition("::")
    return _places(file).get(name.partition("[")[0])


@functools.cache
def _places(file: str) -> dict[str, Place]:
    return {place.name: place for place in places_in(ROOT / file)}
