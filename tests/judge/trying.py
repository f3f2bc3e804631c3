"""What is wrong with a refused subject, found by trying: where, in what, and how.

Each trial is a use that is unlike a plain one in one respect. A subject is tried beside a right
implementation; where it is wrong, and where not, says what its fault has to do with. That has a
name even where nobody has made this mistake before.
"""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from sums_to_one.tests.common.limits import Limits, judging
from sums_to_one.tests.common.wording import plain_ratio
from sums_to_one.tests.judge.fresh import OURS_ALONE
from sums_to_one.tests.judge.subjects import OURS, TRANSFORMS
from sums_to_one.tests.judge.trial import Found, Run, Trial
from sums_to_one.tests.judge.trials import FAMILIES, SISTERS
from sums_to_one.tests.judge.trials_of_checkpoints import tried_of
from sums_to_one.tests.judge.trying_words import (
    CONTRARY,
    FIRST,
    HOW,
    LEAVES,
    RANGES,
    SCALED,
    SIZES,
    STORED,
    TIMES,
    USUAL,
    WHAT,
    WHERE,
)

LONG = 0.5  # seconds of one trial, after which none with many numbers is begun
TIME = 4.0  # seconds after which no further trial is begun
SHARES = {"float64": 1e-11, "float32": 1e-4, "float16": 1e-2, "bfloat16": 5e-2}
MEASURED = {
    "spread": 4e-3,
    "largest": 1e-3,
    "largest of few digits": 0.012,
    "scale": 1e-2,
    "pixels": 2e-4,  # for grey is made of three weights, with three digits or four
    "pixels later": 2e-4,
    "second derivative": 1e-7,
}  # what is known no better than so
ROUGHLY = 2e-3  # by which a ratio may differ from a plain one, if that is told as "about"
MOSTLY = 0.6  # of the circumstances in which two are wrong that are alike
NEARLY = 0.1  # by which numbers may differ that chance has a part in
AT_MOST = 2  # circumstances that are named
MOST_OTHERS = 1000
HONEST = (
    TypeError,
    ValueError,
    NotImplementedError,
    AttributeError,
)  # by which somebody says: not here
REFUSES = "refuses"
ONE_SIDED = (REFUSES, "refusal", "error")  # what is looked for where it is amiss, and nowhere else
EXACT = ("filled", *STORED)  # what is no matter of rounding
REFUSING = HONEST  # the errors by which it does
MOST_REFUSED = 2  # circumstances; whoever refuses more has limits
WITH_DTYPE = (*STORED, "value", "filled", "pixels", "gradient", "second operand's gradient")
UNASKED = {"second operand's gradient"}  # of operations that nobody must have
FINE = 1e-5  # errors, relative to the largest number, of which the digits are told
FEW = 3  # numbers, of which a ratio is told even if it is that of one
BLOCK = 1000  # numbers, from which on a part that is wrong is told by where it begins

# What may have been done to all numbers, or not been done.
OTHERWISE: dict[str, Callable[[Tensor], Tensor]] = {
    "is the square of what it should be": torch.square,
    "is the square root of what it should be": torch.sqrt,
    "is 1 divided by what it should be": torch.reciprocal,
    "is 1 minus what it should be": lambda x: 1 - x,
    "has no sign": torch.abs,
    "is rounded to whole numbers": torch.round,
}

# What says what sizes do.
LARGE = (
    *("for many numbers ", "for many classes", "for long rows in ", "for more than 256 places"),
    "in channels last for large batches",
)
TAIL = 16  # numbers at the end, which are not enough for a block of many a loop
MIDDLING = 60  # numbers, of which it is no chance that the last alone are wrong
SLIGHT = 1.0  # per cent, by which something is off that may be more so elsewhere
MUCH = 10  # times as much is another matter, and less than that the same
NEARLY_ALL = 4  # times as many circumstances in which it is wrong as others
MANY_PLACES = 8  # circumstances, of which it says nothing to name two
MOST_ABOVE = 3  # circumstances in which something is much more wrong than elsewhere
ROUNDED = 6  # digits, of which as many are right if something is rounded to float32
DIGITS = "is right to {number} digits only"
SINGLE = "has no more digits than float32"
# What says little of how it is wrong, so that more is tried; and how an input of that many times
# is sought.
VAGUE = ("is wrong", "is off by up to {number} %")
STEPS, STEP, MOST_SCALED = 8, 1e-4, 100
How = tuple[str, float]  # what is said of it, and the number in it
Wrong = dict[tuple[str, str], How]  # by the circumstance and what came


@dataclass(frozen=True)
class Description:
    """What is wrong, in words that are known: nobody's own.

    Args:
        where: the circumstances in which alone it is; none if it always is.
        others: in how many further ones.
        what: what is wrong.
        how: in which way.
        number: that is told with it.
        but: whether results are right, where something else is told.
        above: whether it is always wrong, but much more so in these circumstances.
    """

    where: tuple[str, ...]
    others: int
    what: str
    how: str
    number: float
    but: bool
    above: bool = False

    def __post_init__(self) -> None:
        known = {**WHAT, **FIRST, **LEAVES}
        if not ({*self.where} <= {*WHERE} and self.what in known and self.how in ("", *HOW)):
            raise ValueError("no known words")
        whole = type(self.others) is int and 0 <= self.others <= MOST_OTHERS
        if not (whole and type(self.number) in (int, float) and math.isfinite(self.number)):
            raise ValueError("no numbers that a trial gives")

    def sentence(self, chinese: bool) -> str:
        """What is said of it."""
        said = self._said(chinese)
        if self.but:
            said = f"结果对，但{said}" if chinese else f"results are right, but {said}"
        if not self.where:
            return said
        places = [WHERE[one] if chinese else one for one in self.where]
        if self.others:
            places.append(f"另外 {self.others} 种情形" if chinese else f"{self.others} more")
        *some, last = places
        where = "、".join(places) if chinese else " and ".join([", ".join(some), last][not some :])
        space = " " * where[0].isascii()
        if chinese:
            return f"{'尤其是' if self.above else '只在'}{space}{where}：{said}"
        return f"{'above all' if self.above else 'only'} {where}: {said}"

    def _said(self, chinese: bool) -> str:
        if self.what not in WHAT:
            return {**FIRST, **LEAVES}[self.what][chinese]
        number = f"{self.number:,.4g}" if abs(self.number) < BLOCK else f"{self.number:,.0f}"
        digits = 4
        while self.how == TIMES and number == "1" and self.number != 1:
            digits += 1
            number = f"{self.number:.{digits}g}"
        if self.how == TIMES:
            ratio = plain_ratio(self.number, 1.0, 1e-6)
            if self.what in MEASURED:
                plain = plain_ratio(self.number, 1.0, ROUGHLY)
                ratio = f"about {plain or f'{self.number:.3g} times'}"
            number = f"{number} 倍" if chinese else ratio or f"{number} times"
        how = (HOW[self.how] if chinese else self.how).format(number=number)
        space = " " * (not chinese or how[0].isascii())
        return f"{WHAT[self.what][chinese]}{space}{how}"


def alike(one: Wrong, other: Wrong) -> bool:
    """Whether two are wrong in the same circumstances, of which chance may hide some."""
    either = {key for key in (*one, *other) if key[1] != REFUSES}
    # Where something is much more wrong than elsewhere, this is what tells one from another.
    much = {
        key for key in either if not all(_slight(each[key]) for each in (one, other) if key in each)
    }
    asked = much or either
    both = {key for key in asked & one.keys() & other.keys() if _same(one[key], other[key])}
    return len(both) >= MOSTLY * len(asked)


def _same(one: How, other: How) -> bool:
    """Whether two are wrong in the same way, and nearly as much."""
    return one[0] == other[0] and math.isclose(one[1], other[1], rel_tol=NEARLY)


def tried(component: str, function: Any, limits: Limits) -> tuple[Wrong, set[tuple[str, str]]]:
    """In which circumstances what is wrong, and in which it is right."""
    ours = component in OURS_ALONE or component in TRANSFORMS
    oracle = tried_of(component, OURS[0 if ours else 1])
    until, slow, wrong, right = time.thread_time() + TIME, False, Wrong(), set()
    with judging(limits):
        for trial in FAMILIES[component](component, limits):
            began = time.thread_time()
            if began > until:
                break
            # What is wrong of few numbers is not wrong for being many.
            plainly = any(not about and what in WHAT for about, what in wrong)
            if trial.about in SIZES and (slow or plainly):
                continue
            for what, how in _compared(component, trial, function, oracle, limits):
                if how:
                    wrong.setdefault((trial.about, what), how)
                else:
                    right.add((trial.about, what))
            slow = slow or time.thread_time() - began > LONG
    return wrong, right - wrong.keys()


def _sister(trial: Trial, component: str, came: Found | Exception, due: Found) -> How | None:
    """Which other component a plain use is like, in all numbers that came."""
    if trial.about or isinstance(came, Exception):
        return None
    told = [what for what in due if what in WHAT and what in came]
    if not any(_how(what, came[what], due[what]) for what in told):
        return None
    for name in SISTERS.get(component, ()):
        where = OURS[1] if OURS[1].component(name) else OURS[0]
        other = _found(trial.run, where.component(name))
        if isinstance(other, Exception) or not other.keys() >= {*told}:
            continue
        if not any(_how(what, came[what], other[what]) for what in told):
            return f"is what {name} gives", 0.0
    return None


def _compared(
    component: str, trial: Trial, function: Any, oracle: Any, limits: Limits
) -> Iterable[tuple[str, How | None]]:
    due = _found(trial.run, oracle)
    if isinstance(due, Exception):
        return
    first = next(iter(due.values()))
    beyond = first.is_floating_point() and first.dtype not in limits.dtypes
    if beyond and first.dim() and "float" in trial.about:
        return
    came = _found(trial.run, function)
    sister = _sister(trial, component, came, due)
    if isinstance(came, Exception) and due.keys() >= UNASKED:
        return
    if isinstance(came, HONEST):
        yield REFUSES, ("", 0.0)
        return
    if isinstance(came, Exception):
        yield "error", ("", 0.0)
        return
    for what, one in due.items():
        if what not in came:
            continue
        how = _how(what, came[what], one)
        if how and what in WHAT and how[0] != "is 0":
            how = sister or _as_if(trial, what, came[what], oracle) or how
            if how[0] in VAGUE and not trial.about and trial.scaled:
                how = _as_if_scaled(trial.scaled, what, came[what], one, oracle) or how
        yield what, how and (how if what in WHAT else ("", 0.0))


def _found(run: Callable[[Any], Found], function: Any) -> Found | Exception:
    before = torch.get_default_dtype()
    try:
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            torch.manual_seed(1)
            return run(function)
    except Exception as error:  # whatever a stranger's code may raise
        return error
    finally:
        torch.set_default_dtype(before)


def _as_if(trial: Trial, what: str, came: Tensor, oracle: Any) -> How | None:
    """What it does in place of what it should."""
    if not came.isfinite().all():
        return None  # whatever it is, it is so by the way
    for how, run in trial.as_if.items():
        other = _found(run, oracle)
        if isinstance(other, dict) and what in other and not _how(what, came, other[what]):
            return f"is {how}", 0.0
    return None


def _as_if_scaled(
    scaled: Callable[[float], Run], what: str, came: Tensor, due: Tensor, oracle: Any
) -> How | None:
    """Whether it is as if the input had been times a number, which is sought step by step."""
    factor, right = 1.0, due
    for _ in range(STEPS):
        nearby = _found(scaled(factor * (1 + STEP)), oracle)
        if isinstance(nearby, Exception) or not came.isfinite().all():
            return None
        slope = ((nearby[what] - right) / (STEP * factor)).double()
        steep = slope.square().sum().item()
        if not steep > 0:  # 0, where it is flat, or NaN
            return None
        factor += ((came - right).double() * slope).sum().item() / steep
        other = _found(scaled(factor), oracle) if 0 < abs(factor) < MOST_SCALED else None
        if not isinstance(other, dict):
            return None
        right = other[what]
        if not _how(what, came, right):
            return SCALED, factor
    return None


def _how(what: str, came: Tensor, due: Tensor) -> How | None:
    """In which way numbers are wrong; nothing if they are right."""
    if came.dtype != due.dtype and what in WITH_DTYPE:
        return "has another dtype", 0.0
    if came.shape != due.shape:
        return "has another shape", 0.0
    name = str(came.dtype).removeprefix("torch.")
    share = max(MEASURED.get(what, 0.0), SHARES.get(name, 0.0))
    share = max(share, 2 * torch.finfo(came.dtype).eps) if came.is_floating_point() else share
    share = 0.0 if what in EXACT else share
    a, b = (x.detach().double().flatten() for x in (came, due))
    finite = b[b.isfinite()].abs()
    room = share * (finite.max().item() if finite.any() else 1)
    if what == "mean" or (what.startswith("pixels") and name == "uint8"):
        room = 0.02 if what == "mean" else 1.0
    elif what.endswith("gradient") or what == "second derivative":
        room = max(room, share)
    bad = ~torch.isclose(a, b, rtol=share, atol=room, equal_nan=True)
    if not bad.any():
        return None
    first = int(bad.nonzero()[0])
    if what == "share" and (a == 1).all():
        return "is 1, so that nothing is dropped", 0.0
    last = first >= max(len(bad) - TAIL, 1) and len(bad) >= MIDDLING
    if last and (bad[first:].sum() > 2 or first >= len(bad) - 3):
        return "is wrong in its last numbers alone", 0.0
    if first >= BLOCK and bad[first:].double().mean() > 0.8:
        return "is wrong from number {number} on", float(first)
    how, number = _kind(a[bad], b[bad], a, b)
    if how == DIGITS and came.dtype == torch.float64:
        how = f"{DIGITS}, of the 15 of float64"
    return how, number


def _kind(a: Tensor, b: Tensor, all_a: Tensor, all_b: Tensor) -> How:
    if a.isnan().all():
        return "is NaN", 0.0
    if a.isinf().all():
        return "is infinite", 0.0
    if (a == 0).all():
        return ("is 0" if not all_a.any() else "is 0 in places"), 0.0
    if b.isnan().all():
        return "is a number where NaN is due", 0.0
    told = (b != 0) & b.isfinite() & a.isfinite()
    if not told.any():
        return "is wrong", 0.0
    ratios, off = (a / b)[told], (a - b)[told]
    middle = ratios.median().item()
    errors = off.abs().max().item() / all_b[all_b.isfinite()].abs().max().item()
    parts = bool((all_a != all_a.round()).any()) or bool((all_b.abs() > 2**24).any())
    single = (
        parts
        and torch.equal(all_a.float().double(), all_a)
        and not torch.equal(all_b.float().double(), all_b)
    )
    if errors < 2e-7 and single:
        return SINGLE, 0.0
    if errors < FINE:
        return DIGITS, float(math.floor(-math.log10(errors)))
    if len(a) == 1 and len(all_a) > FEW:
        return "is wrong in 1 of {number} numbers", float(len(all_a))
    if told.all() and (ratios - middle).abs().max() <= 1e-3 * abs(middle - 1):
        sign = abs(middle + 1) < 1e-3
        return ("has the wrong sign", 0.0) if sign else (TIMES, middle)
    for words, other in OTHERWISE.items():
        if told.all() and a.numel() > 2 and torch.allclose(a, other(b), rtol=1e-6, atol=0):
            return words, 0.0
    if a.numel() > 2 and (off - off.median()).abs().max() <= 1e-3 * off.median().abs():
        return "is off by {number}", off.median().item()
    several = all_b.abs().float().unique().numel() > FEW
    if (
        several
        and a.numel() > 3
        and torch.allclose(all_a.sort().values, all_b.sort().values, rtol=1e-6)
    ):
        return "has the right numbers in another order", 0.0
    if errors < 0.1:
        return "is off by up to {number} %", 100 * errors
    # How much is not told, for it says nothing; but two that are wrong alike are so as much.
    share = (off.abs().mean() / b[told].abs().mean()).item()
    return "is wrong", share if math.isfinite(share) else 0.0


def _slight(how: How) -> bool:
    few = how[0].startswith(DIGITS) or how[0] == SINGLE
    return few or (how[0] == "is off by up to {number} %" and how[1] < SLIGHT)


def _above(wrong: Wrong, what: str) -> list[str]:
    """Where something is much more wrong that is slightly so in plain uses."""
    there = [about for about, other in wrong if other == what and about not in (*SIZES, *USUAL)]
    told = [one for one in there if "float" not in one and not one.startswith(LARGE)]
    usual = wrong[("", what)]
    found = [one for one in told if _is_much(wrong[(one, what)], usual)]
    return found if len(found) <= MOST_ABOVE and _slight(usual) else []


def _is_much(how: How, usual: How) -> bool:
    alike = how[0] == usual[0] == "is off by up to {number} %"
    return not _slight(how) and not (alike and how[1] < MUCH * usual[1])


def _is_part(one: str, whole: str) -> bool:
    """Whether a circumstance is one of several that are named together."""
    ends = f" {one}", f" and {one.removeprefix('with ')}"
    return whole.startswith(f"{one} ") or whole.endswith(ends)


def _rounds(how: How) -> bool:
    return how[0].startswith(DIGITS) and how[1] >= ROUNDED


def described(wrong: Wrong, right: set[tuple[str, str]]) -> Description | None:
    """What is said of where something is wrong, and where not, if trials show that."""
    order = [*FIRST, *WHAT, "error", *LEAVES]
    # Who refuses much has limits, of which nothing is to be said.
    for end in (REFUSES, "error"):
        if sum(what == end for _, what in wrong) > MOST_REFUSED:
            wrong = {key: how for key, how in wrong.items() if key[1] != end}
    # Rounding in one circumstance is hardly all that is the matter, if there is more.
    more = {key: how for key, how in wrong.items() if not key[0] or not _rounds(how)}
    wrong = more or wrong
    found = dict.fromkeys(what for _, what in wrong)
    # What is always wrong comes before what is so somewhere; and numbers before what is left.
    whats = sorted(
        found, key=lambda what: (what in LEAVES, ("", what) not in wrong, order.index(what))
    )
    if not whats:
        return None
    what = whats[0]
    where = [about for about, other in wrong if other == what]
    results = (
        "value",
        "unrecorded",
        "filled",
        "pixels",
        "first step",
        "error",
        "share",
        "spread",
        *STORED,
    )
    but = what in WHAT and what not in results and not any(o in results for _, o in wrong)
    if "" in where and (places := _above(wrong, what)):
        much = wrong[(places[0], what)]
        return Description(tuple(places[:AT_MOST]), 0, what, *much, but, above=True)
    if "" in where:
        # Where it is right tells where alone it is wrong.
        where = [words for one, words in CONTRARY.items() if (one, what) in right and what in WHAT]
        return Description(tuple(where[:1]), 0, what, *wrong[("", what)], but)
    if what not in ONE_SIDED and not any(
        other == what for _, other in right
    ):  # wherever it was looked for
        return Description((), 0, what, *wrong[(where[0], what)], but)
    sizes = [about for about in where if about in SIZES]
    where = [about for about in where if about not in sizes[1:]]
    where = [about for about in where if not (sizes and about.startswith(LARGE))]
    if what in WHAT:
        where = [about for about in where if about in RANGES] or where
    elsewhere = sum(other == what for _, other in right)
    if len(where) >= max(NEARLY_ALL * elsewhere, MANY_PLACES):
        return Description((), 0, what, *wrong[(where[0], what)], but)
    where = [about for about in where if about not in (*SIZES, *USUAL)] or where
    where = [one for one in where if not any(_is_part(other, one) for other in where)]
    others = max(len(where) - AT_MOST, 0)
    if others == 1:
        others, where = 0, where[: AT_MOST + 1]
    first = wrong[(where[0], what)]
    return Description(tuple(where[: AT_MOST + (not others)]), others, what, *first, but)
