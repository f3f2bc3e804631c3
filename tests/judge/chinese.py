"""What is said of a subject, in Chinese, where that is asked for.

A refusal is worded where it is found, in a process that knows no reader, and so in English; here
the words around its numbers are put into Chinese, a line at a time. The sentences of claims and the
thoughts of authors are translated in the book's catalogues. What is code, or has no translation,
stays as it is.
"""

import ast
import functools
import re
import tomllib
from collections.abc import Iterator

from rich.cells import cell_len

from sums_to_one.cifar.modules import ROOT
from sums_to_one.tests.judge.components import chapter_of
from sums_to_one.tests.judge.places import TESTS

CATALOGUES = ROOT / "book" / "locales" / "zh_CN" / "LC_MESSAGES"
WORDS = TESTS / "judge" / "words_zh.toml"
MESSAGE = re.compile(r'^msgid ((?:".*"\n)+)msgstr ((?:".*"(?:\n|\Z))+)', re.MULTILINE)

SHOULD = {
    "should be": "应为",
    "should not be": "不应为",
    "should be at most": "应不大于",
    "should be at least": "应不小于",
    "should be less than": "应小于",
    "should be more than": "应大于",
    "should be in": "应属于",
    "should be about": "应约为",
}
AT = r"(?: at (?P<at>\[[\d, ]*\]))?"
OFF = r"(?:, (?:(?P<ratio>[^,]+) it|(?P<off>\S+) too (?P<side>large|small)))?"
PAIR = re.compile(
    rf"came (?P<came>.+?){AT}, (?P<should>{'|'.join(sorted(SHOULD, key=len, reverse=True))}) "
    rf"(?P<other>.+?){OFF}$"
)
SIDES = {"large": "偏大", "small": "偏小"}
# Whole lines, or what they begin with; where there is a number or a name, it is put in again.
LINES = {
    r"came {6}(\S.*)": r"得到 \1",
    r"should be (\[.*)": r"应为 \1",
    r"in ((?:torch\.)?b?float\d+)(:?)": r"\1 下\2",
    r"gave (.*)": r"返回 \1",
    r"gave": "返回",
    r"raised (\w+)": r"报错 \1",
    r"raised (\w+): (.*)": r"报错 \1：\2",
    r"no error came, and there should be one": "没有报错，应当报错",
    r"no error came, and there should be (.*)": r"没有报错，应当报 \1",
    r"should be true: (.*)": r"应当成立：\1",
    r"the worst, at (\[.*\]), is (\S+) too large": r"错得最多的在 \1，偏大 \2",
    r"the worst, at (\[.*\]), is (\S+) too small": r"错得最多的在 \1，偏小 \2",
    r"right code gives (\S+) to (\S+) \(beyond, once in 1e9 runs\)": (
        r"正确的实现在 \1 与 \2 之间（超出的机会是 1e9 次中一次）"
    ),
    r"refused, by an error of its own:": "拒绝了，报的是它自己的错：",
    r"if that is meant, declare it, and nothing outside of it is asked:": (
        "若本意如此，请声明出来，以外的一概不问："
    ),
    r"did not return within (\d+) s": r"\1 秒内没有返回",
    r"crashed the process \((.*)\)": r"使进程崩溃（\1）",
    r"ended the process \((.*)\)": r"结束了进程（\1）",
    r"tampered with its verdict: it sent (.*)": r"篡改了自己的判定：它发来 \1",
    r"not judged: an earlier claim (.*)": r"没有检验：前面的一条论断 \1",
    r"the claims hold, but outside of them it ended the process": (
        "论断都成立，但在论断以外，它结束了进程"
    ),
    r"the claims hold, but outside of them it sent (.*)": r"论断都成立，但在论断以外，它发来 \1",
    r"the claims hold, but outside of them it raised (.*)": r"论断都成立，但在论断以外，它报错 \1",
    r"the claims hold, but outside of them it gives other numbers": (
        "论断都成立，但在论断以外，它给出的数不同"
    ),
    r"it could not be confirmed: no answer to fresh numbers within (\d+) s": (
        r"无法确认：对新抽的数，\1 秒内没有回答"
    ),
    r"it leaves its work to (.*)": r"实际工作由 \1 完成",
    r"the subject ended the claim as skipped: (.*)": r"对象自行跳过了这条论断：\1",
}
LARGE = r"<a tensor of shape (\(.*?\))(, .*?)?>"  # in the place of one
CODE = r"torch\.tensor\(|<形状为"
PART = r"(\([^()]*\)|\[[^\[\]]*\]|.+?)"  # in the place of braces; what is in brackets is one
COUNT = re.compile(r"(\d+) of (\d+) numbers (?:is|are) wrong(?:, all (.*) it)?")
ALL = re.compile(r"all that are wrong are (.*) what they should be")
SHAPE = re.compile(r"(.*): should have the shape (\(.*\)), came (\(.*\))")
CLOSING, OPENING = "，。：；！？）、》”", "（《“"
HAN = "\u3400-\u9fff"


@functools.cache
def catalogue(chapter: str) -> dict[str, str]:
    """What the book has translated of a chapter, by the English words."""
    file = CATALOGUES / f"{chapter}.po"
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    said = {_joined(english): _joined(chinese) for english, chinese in MESSAGE.findall(text)}
    said.pop("", None)  # which is about the file
    return said


def _joined(lines: str) -> str:
    return "".join(ast.literal_eval(line) for line in lines.splitlines())


def in_the_book(component: str, text: str) -> str:
    """What the book says for a sentence, a thought or a paragraph; the text where it has none."""
    return catalogue(chapter_of(component)).get(" ".join(text.split()), text)


def paragraphs(component: str, text: str) -> str:
    """The same of several paragraphs."""
    return "\n\n".join(in_the_book(component, part) for part in text.split("\n\n"))


def sentence(component: str, english: str) -> str:
    """A claim's name as a sentence, with the cases in which it is refused."""
    name, _, cases = english.partition(" (")
    told = in_the_book(component, name)
    if told == name or not cases:
        return told
    return f"{told}（{'，'.join(map(_case, cases.removesuffix(')').split(', ')))}）"


def _case(text: str) -> str:
    return re.sub(r"in (\d+) of (\d+) cases", r"\2 种情形中的 \1 种", words(text))


def words(text: str) -> str:
    """What a claim says of what came, or a name of what it is about; what it is made of as well."""
    if told := _words().get(text):
        return told
    for pattern, told in _patterns():
        found = pattern.fullmatch(text)
        if found and all(map(_is_whole, found.groups())):
            return told.format(*map(words, found.groups()))
    return text


def _is_whole(part: str) -> bool:
    return all(part.count(a) == part.count(b) for a, b in ("()", "[]", "{}"))


def listed(text: str) -> str:
    """The same of several in a row, to stand behind a Chinese word."""
    told = "、".join(map(words, text.split(", ")))
    return f" {told}" if told[:1].isascii() else told


def limits(text: str) -> str:
    """What a subject is not asked for, in a few words, and its own reason as it is."""
    text, _, reason = text.partition(" (")
    told = "；".join(listed(part).strip() for part in text.split("; "))
    return f"{told}（{reason.removesuffix(')')}）" if reason else told


@functools.cache
def _words() -> dict[str, str]:
    return tomllib.loads(WORDS.read_text(encoding="utf-8"))


@functools.cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Those with numbers or names in them, the most words first."""
    several = sorted((text for text in _words() if "{}" in text), key=len, reverse=True)
    parts = {text: map(re.escape, text.split("{}")) for text in several}
    return [(re.compile(PART.join(parts[text])), _words()[text]) for text in several]


def evidence(line: str) -> str:
    """A line of a counterexample."""
    text = re.sub(LARGE, r"<形状为 \1\2 的张量>", line.strip())
    indent = line[: len(line) - len(line.lstrip())]
    return indent + re.sub(r", and (\d+) more\]", r"，另有 \1 个]", _said(text))


@functools.lru_cache(1000)  # the same line comes in many refusals
def _said(text: str) -> str:
    for pattern, chinese in LINES.items():
        if found := re.fullmatch(pattern, text):
            return found.expand(chinese)
    if found := COUNT.fullmatch(text):
        all_of = found[3] and f"，都{_ratio(found[3])}"
        return f"{found[2]} 个数中有 {found[1]} 个不对{all_of or ''}"
    if found := ALL.fullmatch(text):
        return f"凡是不对的，都{_ratio(found[1])}"
    if found := SHAPE.fullmatch(text):
        return f"{words(found[1])}：形状应为 {found[2]}，得到 {found[3]}"
    if found := PAIR.search(text):
        return _label(text[: found.start()]) + _pair(found)
    return _label(text) if text.endswith(":") else text if re.search(CODE, text) else words(text)


def _label(text: str) -> str:
    """What numbers are of, with its colon."""
    name = text.rstrip(": ")
    told = words(name)
    return text if told == name else f"{told}："


def _pair(found: re.Match[str]) -> str:
    at = f"（在 {found['at']}）" if found["at"] else ""
    how = f"，{_ratio(found['ratio'])}" if found["ratio"] else ""
    how = f"，{SIDES[found['side']]} {found['off']}" if found["off"] else how
    return f"得到 {found['came']}{at}，{SHOULD[found['should']]} {found['other']}{how}"


def _ratio(words: str) -> str:
    """`half of`, `2/3 of`, `sqrt(2) times`: of what it should be."""
    about = "约" if words.startswith("about ") else ""
    words = words.removeprefix("about ")
    if words == "the opposite of":
        return "符号相反"
    words = words.replace("half of", "1/2").replace("twice", "2 倍")
    words = words.removesuffix(" of").replace(" times", " 倍")
    return f"{about}是应有值的 {words}"


def wrapped(text: str, width: int) -> list[str]:
    """Lines of the width: Chinese may be broken behind any character that ends no bracket."""
    lines = [""]
    for part in _parts(text):
        if cell_len(lines[-1] + part.rstrip()) > width and lines[-1]:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
            part = part.lstrip()
        while cell_len(part) > width:
            lines[-1], part = part[:width], part[width:]
            lines.append("")
        lines[-1] += part
    return [line.rstrip() for line in lines if line.strip()] or [""]


def _parts(text: str) -> Iterator[str]:
    """A Chinese character with the marks that belong to it, or what stands between spaces."""
    plain = rf"[^\s{HAN}{OPENING}{CLOSING}]+"
    sum_of = rf"{plain}(?: [-+*/=<>]+ {plain})*"  # which is not broken
    part = rf"[{OPENING}]*(?:[{HAN}]|{sum_of})[{CLOSING}]*|[{OPENING}{CLOSING}]+"
    return (found[0] for found in re.finditer(rf"(?:{part}) ?|\s+", text))
