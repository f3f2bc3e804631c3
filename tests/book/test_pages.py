"""The book has a page for every component, in two languages, and computes as our components do."""

import json
import math
import re
import shutil
import subprocess
from collections import Counter

import pytest

from sums_to_one.book import experiments, figures, repository, things
from sums_to_one.book.words import WORDS, Words
from sums_to_one.cifar.modules import ROOT
from sums_to_one.tests.judge.components import KNOWN
from sums_to_one.tests.judge.ledger import ledger

BOOK = ROOT / "book"
PROSE = sorted(BOOK.rglob("*.md"))
EXPERIMENTS = [name for name in figures.FIGURES if name not in KNOWN]


def told_of(component):
    """All that its page tells in the words of the repository."""
    idea, use = repository.idea(repository.concept(component)), repository.use(component)
    yield from (idea.title, *idea.before, *idea.after, use.summary, use.returns)
    yield from (*use.arguments.values(), *use.raises.values())
    yield from (one.thought for one in repository.impostors(component))
    yield from (place.sentence for _, places in repository.claims_of(component) for place in places)
    yield figures.FIGURES[component].caption


def translated():
    """Every message that has a translation."""
    for file in (BOOK / "locales").rglob("*.po"):
        text = re.sub(r'"\n"', "", file.read_text(encoding="utf-8"))
        for message, translation in re.findall(r'(?m)^msgid "(.*)"\nmsgstr "(.+)"$', text):
            if translation:
                yield message.replace('\\"', '"').replace("\\\\", "\\")


@pytest.mark.parametrize("component", KNOWN)
def test_every_component_has_a_page_and_a_figure(component):
    page = BOOK / f"{repository.page_of(component)}.md"
    assert f"{{component}} {component}\n" in page.read_text(encoding="utf-8")
    assert figures.FIGURES[component].caption


def test_every_page_is_in_the_contents():
    listed = {
        (index.parent / name).with_suffix(".md")
        for index in PROSE
        for tree in re.findall(r"(?s):::\{toctree\}\n(.*?)\n:::", index.read_text(encoding="utf-8"))
        for name in tree.splitlines()
        if name and not name.startswith(":")
    }
    assert {BOOK / "index.md", *listed} == set(PROSE)


def test_the_prose_refers_to_claims_that_there_are():
    named = {id for file in PROSE for id in re.findall(r"\{claim\}`(.+?)`", file.read_text())}
    assert named <= ledger().keys()


def test_everything_that_is_told_of_the_components_is_there_in_chinese():
    told = {" ".join(text.split()) for name in KNOWN for text in told_of(name) if text}
    lacking = sorted(told - set(translated()))
    assert not lacking, "python -m sums_to_one.book.make adds them to the catalogues"


def test_nothing_in_the_catalogues_waits_for_a_translation():
    texts = {file.name: file.read_text(encoding="utf-8") for file in BOOK.rglob("*.po")}
    waiting = re.compile(r'(?m)^msgid "(.*)"\nmsgstr ""\n\n')
    assert not {
        name: waiting.findall(re.sub(r'"\n"', "", text))
        for name, text in texts.items()
        if waiting.search(re.sub(r'"\n"', "", text))
    }


def test_the_books_own_words_are_in_both_languages():
    assert all(set(word) == {"en", "zh"} for word in WORDS.values())
    places = [set(re.findall("{.*?}", word["en"])) for word in WORDS.values()]
    assert places == [set(re.findall("{.*?}", word["zh"])) for word in WORDS.values()]


@pytest.mark.parametrize("name", ["softmax", "l1_penalty", "SGD", "Dropout"])
def test_a_figure_takes_its_colours_from_the_page_and_its_words_from_the_language(name):
    picture = figures.drawn(name, Words("zh"))
    assert picture.startswith("<svg viewBox")
    assert not set(re.findall("#[0-9a-f]{6}", picture)) & {figures.INK, *figures.COLOURS}
    assert re.search("[\u4e00-\u9fff]", picture)


def test_the_experiments_are_shown_on_a_page():
    assert experiments.__doc__
    shown = {n for file in PROSE for n in re.findall(r"\{drawing\} (\w+)", file.read_text())}
    assert shown == set(EXPERIMENTS)


def test_a_page_begins_with_what_is_true_of_its_own_component():
    claims = {entry.id: places for entry, places in repository.claims_of("softmax")}
    assert repository.is_shared(claims["1.0.3"])  # the shape and the dtype of any activation
    assert not repository.is_shared(claims["1.5.1"])


def test_a_run_is_counted_by_claim_and_subject(tmp_path):
    rows = [{"id": "1.5.1", "outcome": outcome} for outcome in ("passed", "passed", "failed")]
    run = {"subjects": [{"name": "torch", "claims": rows}, {"name": "mine", "claims": rows[2:]}]}
    (tmp_path / "verdicts.json").write_text(json.dumps(run))
    found = repository.outcomes(str(tmp_path / "verdicts.json"))
    assert found == {"1.5.1": {"torch": {"passed": 2, "failed": 1}, "mine": {"failed": 1}}}
    assert not repository.outcomes(str(tmp_path / "none.json"))


def counted(pattern, file):
    text = re.sub("README[.a-zA-Z-]*md", "README", file.read_text(encoding="utf-8"))
    return Counter(re.findall(pattern, text.replace(".zh-CN.png", ".png")))


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param("(?s)```.*?```", id="code"),
        pytest.param(r"\]\((.*?)\)", id="links"),
        pytest.param(r"\d+(?:[.,]\d+)*", id="numbers"),
        pytest.param("(?m)^(#+) ", id="headings"),
    ],
)
def test_the_readme_in_chinese_says_the_same(pattern):
    english, chinese = (counted(pattern, ROOT / f"README{end}.md") for end in ("", ".zh-CN"))
    assert chinese == english


def by_javascript(name, inputs):
    """What the script of a page computes of each of the inputs."""
    script = (BOOK / "static" / f"{name}.js").read_text(encoding="utf-8")
    ask = f"console.log(JSON.stringify({json.dumps(inputs)}.map((one) => compute(one))))"
    told = subprocess.run(["node", "-"], input=script + ask, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


def numbers(value):
    return [n for part in value for n in numbers(part)] if isinstance(value, list) else [value]


# reason: Node.js is needed to build the book, and is no part of what judging needs
@pytest.mark.skipif(not shutil.which("node"), reason="JavaScript is run by Node.js")
@pytest.mark.parametrize("name", things.THINGS)
def test_the_javascript_computes_what_our_components_do(name):
    _, grid = things.THINGS[name](Words("en"))
    for came, row in zip(by_javascript(name, grid), grid, strict=True):
        for key, value in came.items():
            for a, b in zip(numbers(value), numbers(row[key]), strict=True):
                assert math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12), f"{row}: {a}, not {b}"
