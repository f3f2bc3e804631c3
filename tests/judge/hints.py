"""What helps a learner on, a step at a time: what is claimed, how it is asked, the idea, ours."""

import ast
import inspect
import re

from sums_to_one.cifar.modules import ROOT
from sums_to_one.tests.judge.causes import place_of
from sums_to_one.tests.judge.chinese import paragraphs
from sums_to_one.tests.judge.components import chapter_of
from sums_to_one.tests.judge.exercise import source_of
from sums_to_one.tests.judge.languages import in_language
from sums_to_one.tests.judge.ledger import ledger
from sums_to_one.tests.judge.verdicts import Verdict


def hints(row: Verdict, chinese: bool) -> list[str]:
    """Three hints on a refused claim, and our solution."""
    source = source_of(row.component)
    idea = inspect.cleandoc(ast.get_docstring(source.tree) or "").partition("\n\nRead next")[0]
    idea = paragraphs(row.component, idea) if chinese else idea
    return [_claimed(row, chinese), _asked(row), idea, source.file.read_text(encoding="utf-8")]


def _claimed(row: Verdict, chinese: bool) -> str:
    """Each claim that the test backs, and what it leaves out or gets wrong."""
    claims = [ledger()[id] for id in row.id.split()]
    said = [(c.zh, c.care_zh) if chinese else (c.en, c.care) for c in claims]
    return "\n".join("\n".join(filter(None, texts)) for texts in said)


def _asked(row: Verdict) -> str:
    """The test itself, which reads as a specification."""
    place = place_of(row)
    if place is None:
        return ""
    lines = place.file.read_text(encoding="utf-8").splitlines()
    head = f"# {place.file.relative_to(ROOT)}, line {place.line}"
    return "\n".join([head, *lines[place.line - 1 : place.body[-1].end_lineno]])


def what_is_next(component: str, chinese: bool = False) -> str:
    """Where our file says to read on."""
    text = ast.get_docstring(source_of(component).tree) or ""
    last = text.rpartition("\n")[2]
    if not last.startswith("Read next"):
        return in_language("the end of {chapter}", chinese, chapter=chapter_of(component))
    return re.sub(r"Read next: (`.*?`).*", r"接下来读：\1", last) if chinese else last
