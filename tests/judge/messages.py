"""What a judged process tells its parent: lines of JSON, of a bounded size, and nothing else.

The process holds a stranger's code, so nothing that it sends is executed, and only what has
exactly the form of a report is believed to be one.
"""

import json
import os
import re
from typing import Any, NoReturn

import pytest

from sums_to_one.tests.common.limits import LimitsError, read
from sums_to_one.tests.judge.deviations import BORNE
from sums_to_one.tests.judge.terminal import plain
from sums_to_one.tests.judge.verdicts import NOT_PROVIDED, judged_by

MOST_BYTES = 200_000  # of one line; what is longer comes from nobody of ours
MOST_TEXT = 20_000  # characters of one text in a report
MOST_WORDS = 2_000  # characters of what a limit is called, or of the error that told it
MOST_SECONDS = 10.0**6
MOST_DIGITS = 15  # of a whole number; what has more is neither a size nor a count
# What GitHub does as it is told, wherever a line of a log begins so.
ACTIONS, ORDERS = "GITHUB_ACTIONS", re.compile(r"::(?=[A-Za-z-]+[^\n]*::)|##(?=\[)")
TEXTS = ("counterexample", NOT_PROVIDED, "deviation", "worst")
LIMITS = {"within": dict, "refused": dict, "remarks": dict, "words": str}


class TamperedError(Exception):
    """A line that is no report."""


def _plain(content: Any) -> Any:
    """JSON with plain texts only, and none of them an order to the machine that shows them."""
    if isinstance(content, str):
        text = plain(content)
        return ORDERS.sub(lambda order: " ".join(order[0]), text) if ACTIONS in os.environ else text
    if isinstance(content, list):
        return [*map(_plain, content)]
    if isinstance(content, dict):
        return {_plain(key): _plain(value) for key, value in content.items()}
    return content


def send(pipe: int, content: object) -> None:
    """Write one line."""
    line = json.dumps(content).encode() + b"\n"
    while line:
        line = line[os.write(pipe, line) :]


class Lines:
    """The lines that come out of a pipe, read as they come."""

    def __init__(self, pipe: int, most: int = MOST_BYTES) -> None:
        self.pipe, self.most, self.rest = pipe, most, b""

    def read(self) -> list[Any]:
        """What has come, at least a part of a line; call it when something is there.

        Raises:
            EOFError: the other end is closed.
            TamperedError: a line is too long, or no JSON.
        """
        came = os.read(self.pipe, 65536)
        if not came:
            raise EOFError
        *lines, self.rest = (self.rest + came).split(b"\n")
        if max(map(len, [*lines, self.rest])) > self.most:
            raise TamperedError(f"more than {self.most} bytes in a line")
        try:
            return [_plain(_read(line)) for line in lines]
        except (ValueError, RecursionError):
            raise TamperedError("a line that is no JSON") from None

    def close(self) -> None:
        """Once or more often."""
        if self.pipe >= 0:
            os.close(self.pipe)
        self.pipe = -1


def _read(line: bytes) -> Any:
    return json.loads(line, parse_constant=_no_number, parse_int=_whole)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"a number in JSON is finite, got {name}")


def _whole(digits: str) -> int:
    """Whoever calculates with a longer one may find that no float holds it."""
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a whole number has at most {MOST_DIGITS} digits, got {len(digits)}")
    return int(digits)


def told(report: pytest.TestReport) -> dict[str, Any]:
    """What is sent of a report."""
    properties: dict[str, Any] = dict(report.user_properties)
    texts = {name: str(properties[name])[:MOST_TEXT] for name in TEXTS if name in properties}
    about = {"when": report.when, "outcome": report.outcome, "seconds": report.duration}
    limits = {name: _cut(found) for name, found in properties.get("limits", {}).items()}
    return {**about, "texts": texts, "limits": limits}


def _cut(limits: dict[str, Any]) -> dict[str, Any]:
    """With no more words for each refusal than anybody reads."""
    errors = {
        kind: {what: error[:MOST_WORDS] for what, error in limits[kind].items()}
        for kind in ("refused", "remarks")
    }
    return {**limits, **errors}


def due_after(found: pytest.TestReport) -> str | None:
    """What comes next of an item, once that much of it was heard; None is its end."""
    if found.when == "setup" and found.passed:
        return "call"
    return None if found.when == "teardown" else "teardown"


def heard(content: Any, item: pytest.Item) -> pytest.TestReport:
    """The report of an item, made anew from what was sent of it.

    Raises:
        TamperedError: it has not the form that `told` gives it.
    """
    if not isinstance(content, dict) or not _fits(content) or _is_unknown(content, item):
        raise TamperedError("a line that is no report")
    texts = {name: text[:MOST_TEXT] for name, text in content["texts"].items()}
    limits = {name: _limits(name, found, item) for name, found in content["limits"].items()}
    report = pytest.TestReport(
        nodeid=item.nodeid,
        location=item.location,
        keywords={},
        outcome=content["outcome"],
        longrepr=texts.get("counterexample") if content["outcome"] == "failed" else None,
        when=content["when"],
        duration=content["seconds"],
        user_properties=[*item.user_properties, *texts.items(), ("limits", limits)],
    )
    if "deviation" in texts and report.skipped:
        report.wasxfail = texts["deviation"]  # as pytest has expected failures
    return report


def _limits(component: str, found: dict[str, Any], item: pytest.Item) -> dict[str, Any]:
    """Those of a component that the item judges, as this process reads them.

    Raises:
        TamperedError: they are not such limits.
    """
    judged = judged_by(item)
    try:
        within = read(found["within"], component)
    except (LimitsError, TypeError):
        within = None
    if within is None or judged is None or component not in judged.components:
        raise TamperedError("limits that are none")
    errors = {
        kind: {what[:MOST_WORDS]: error[:MOST_WORDS] for what, error in found[kind].items()}
        for kind in ("refused", "remarks")
    }
    return {"within": within.declared(), **errors, "words": str(within)[:MOST_WORDS]}


def _is_unknown(content: dict[str, Any], item: pytest.Item) -> bool:
    """Whether it says that something is known or lacking, and nobody of ours has said so."""
    texts, skipped = content["texts"], content["outcome"] == "skipped"
    if "deviation" in texts:
        return BORNE not in item.stash
    return bool(skipped) != (NOT_PROVIDED in texts)


def _fits(content: dict[str, Any]) -> bool:
    return (
        content.keys() == {"when", "outcome", "seconds", "texts", "limits"}
        and content["when"] in ("setup", "call", "teardown")
        and content["outcome"] in ("passed", "failed", "skipped")
        and type(content["seconds"]) in (int, float)
        and 0 <= content["seconds"] <= MOST_SECONDS
        and isinstance(content["texts"], dict)
        and set(content["texts"]) <= set(TEXTS)
        and all(isinstance(text, str) for text in content["texts"].values())
        and isinstance(content["limits"], dict)
        and all(map(_are_limits, content["limits"].values()))
    )


def _are_limits(found: Any) -> bool:
    return (
        isinstance(found, dict)
        and found.keys() == LIMITS.keys()
        and all(isinstance(found[key], kind) for key, kind in LIMITS.items())
        and all(isinstance(e, str) for k in ("refused", "remarks") for e in found[k].values())
    )
