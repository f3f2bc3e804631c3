"""The ledger, or a part of it, as a table; and where the claims about a component stand."""

import itertools
import re
from collections import Counter
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from sums_to_one.cifar.modules import ROOT
from sums_to_one.tests.judge.components import KNOWN, chapter_of, file_of
from sums_to_one.tests.judge.languages import in_language
from sums_to_one.tests.judge.ledger import CHAPTERS, VERDICTS, Entry, ledger
from sums_to_one.tests.judge.places import places_of
from sums_to_one.tests.judge.terminal import Screen

STYLES = {"holds": "green", "holds when": "yellow", "fails as stated": "red"}
LEGEND = {
    "law": "true of every input, up to rounding",
    "contract": "what an API accepts, returns and refuses",
    "statistic": "true of a random sample, within stated odds",
    "experiment": "what a small training run shows",
    "holds": "true as it stands",
    "holds when": "true only under a condition that the sentence omits",
    "fails as stated": "it has a counterexample",
}
LEGEND_ZH = {
    "law": "对一切输入都成立（舍入误差除外）",
    "contract": "接口接受什么、返回什么、拒绝什么",
    "statistic": "对随机样本成立，出错概率已写明",
    "experiment": "一次小规模训练所显示的结果",
    "holds": "原话就是对的",
    "holds when": "只在原话没有提到的条件下成立",
    "fails as stated": "有反例",
}


def searched(about: str, verdict: str = "") -> list[Entry]:
    """The claims of a component, of a part of the ledger, or with these words; of this verdict.

    Raises:
        LookupError: there is none; the message says what there is.
    """
    verdicts = [name for name in VERDICTS if name.startswith(verdict)]
    if verdict in VERDICTS:
        verdicts = [verdict]
    if not verdicts:
        raise LookupError(f"a verdict must be one of {', '.join(VERDICTS)}, got {verdict!r}")
    found = [claim for claim in ledger().values() if _is_about(claim, about)]
    if not found:
        raise LookupError(_there_is(about))
    found = [claim for claim in found if claim.verdict in verdicts]
    if not found:
        raise LookupError(f"no claim about {about or 'anything'} has the verdict {verdict!r}")
    return found


def _is_about(claim: Entry, about: str) -> bool:
    if about in KNOWN:
        return claim.id in {id for place in places_of(about) for id in place.ids}
    if re.fullmatch(r"[\d.]+", about):
        return f"{claim.id}.".startswith(f"{about.rstrip('.')}.")
    texts = f"{claim.en} {claim.care} {claim.zh} {claim.care_zh} {claim.chapter}".lower()
    return all(word in texts for word in about.lower().split())


def _there_is(about: str) -> str:
    import difflib  # for this alone

    if re.fullmatch(r"[\d.]+", about):
        return f"a claim must have a number of the ledger, 1.0.1 to {max(ledger())}, got {about!r}"
    names = {name.lower(): name for name in KNOWN}
    near = difflib.get_close_matches(about.lower(), names, n=3, cutoff=0.5) or names
    known = ", ".join(names[name] for name in near)
    return (
        f"what is looked for must be a component, a number of the ledger, or words of a claim, "
        f"got {about!r}; there is {known}"
    )


def show_ledger(claims: Sequence[Entry], chinese: bool) -> None:
    """Claims as a table, whole at any width; then how many have each verdict, and the legend."""
    console = Screen()

    def say(text: str) -> str:
        return in_language(text, chinese)

    table = Table(title=say("The ledger"), show_lines=True)
    table.add_column(say("claim"), no_wrap=True)
    table.add_column(say("sentence"), overflow="fold", ratio=1)
    table.add_column(say("kind"), overflow="fold", max_width=10)
    table.add_column(say("verdict"), overflow="fold", max_width=10)
    for claim in claims:
        sentence, care = (claim.zh, claim.care_zh) if chinese else (claim.en, claim.care)
        text = Text.assemble(sentence, (f"\n{care}" if care else "", "bright_black"))
        kinds = ", ".join(map(say, claim.kind))
        verdict = Text(say(claim.verdict), style=STYLES[claim.verdict])
        table.add_row(claim.id, text, kinds, verdict)
    console.print(table)
    counts = Counter(claim.verdict for claim in claims)
    console.print(", ".join(f"{say(name)}: {counts[name]}" for name in VERDICTS if counts[name]))
    for word, meaning in (LEGEND_ZH if chinese else LEGEND).items():
        console.print(Text(f"  {say(word)}: {meaning}", style="bright_black"))


def show_places(component: str) -> None:
    """Each claim that judges a component, with its file and line."""
    console = Screen()
    chapter, stem = chapter_of(component), file_of(component)
    places = places_of(component)
    counts = Counter(claim.verdict for claim in searched(component))
    console.print(f"{component}, from scratch: concepts/{chapter}/{stem}.py")
    console.print(f"how it goes wrong: tests/{chapter}/impostors/{stem}.py")
    verdicts = ", ".join(f"{name} {counts[name]}" for name in VERDICTS if counts[name])
    number = next(number for number, name in CHAPTERS.items() if name == chapter)
    console.print(f"what must be true of it: {len(places)} claims")
    console.print(f"in the ledger (`claims {number}`): {verdicts}", highlight=False)
    for path, there in itertools.groupby(places, key=lambda place: place.file):
        console.print(f"\n{path.relative_to(ROOT)}", style="bold")
        table = Table.grid(padding=(0, 1))
        for place in there:
            ids = Text(" ".join(place.ids), style="bright_black")
            table.add_row(f"{place.line:>5}", place.sentence, ids)
        console.print(table)
