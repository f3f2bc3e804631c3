"""The book as a reader has it: in a browser, from the file system, without a network.

Deselected where Chromium, Node.js or the extra `book` is lacking, which the summary says.
"""

import importlib.util
import os
import shutil
from pathlib import Path

import pytest

from sums_to_one.cifar.modules import ROOT

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
LACKING = [
    *(["Chromium"] if not CHROMIUM else []),
    *([] if shutil.which("npm") else ["Node.js"]),
    *(name for name in ("sphinx", "playwright") if not importlib.util.find_spec(name)),
]
pytestmark = [
    # reason: a browser comes from the system and not from us; .ci/run says it aloud, too
    pytest.mark.skipif(bool(LACKING), reason=f"NOBODY LOOKS AT THE BOOK: {LACKING} is lacking"),
    pytest.mark.timeout(1200),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of Sphinx' and its themes
]
PAGES = sorted(
    file.relative_to(ROOT / "book").with_suffix(".html").as_posix()
    for file in (ROOT / "book").rglob("*.md")
)
LANGUAGES = ("en", "zh")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built book: that of BOOK where one is named, or else a new one for all workers."""
    from filelock import FileLock

    from sums_to_one.book.make import build

    if "BOOK" in os.environ:
        return Path(os.environ["BOOK"]).resolve()
    base = tmp_path_factory.getbasetemp()
    out = (base.parent if "popen" in base.name else base) / "book"
    with FileLock(f"{out}.lock"):
        if not (out / "index.html").exists():
            build(list(LANGUAGES), out, Path("runs") / "verdicts.json")
    return out


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


@pytest.fixture
def page(browser):
    """A page that notes what goes wrong in it, and whatever it asks of a network."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.wrong = []
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.on("console", lambda said: said.type == "error" and page.wrong.append(said.text))
    page.on("request", lambda asked: asked.url.startswith("http") and page.wrong.append(asked.url))
    yield page
    context.close()


def opened(page, site: Path, name: str):
    page.goto((site / name).as_uri())
    return page


def test_what_is_no_formula_is_refused_and_the_next_one_rendered():
    from sums_to_one.book.formulas import NotRendered, rendered

    with pytest.raises(NotRendered, match="expected '}'"):
        rendered(r"\frac{1")
    assert "katex-html" in rendered(r"\frac{1}{2}")


def test_what_sphinx_says_is_told_where_it_fails(tmp_path, monkeypatch):
    from sums_to_one.book import make

    (tmp_path / "conf.py").write_text("raise ValueError('no such word')")
    monkeypatch.setattr(make, "HERE", tmp_path)
    with pytest.raises(make.NotPossible, match="no such word"):
        make.run_sphinx(["en"], tmp_path / "site", tmp_path, [])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_opens_without_errors_and_has_its_twin(page, site, language):
    other = LANGUAGES[1 - LANGUAGES.index(language)]
    for name in PAGES:
        opened(page, site, f"{language}/{name}")
        twin = page.locator(".language-switch a").evaluate("link => link.href")
        assert twin == (site / other / name).as_uri(), name
    assert not page.wrong


def test_a_page_is_below_a_megabyte_and_the_site_below_forty(site):
    sizes = {file: file.stat().st_size for file in site.rglob("*") if file.is_file()}
    assert max(size for file, size in sizes.items() if file.suffix == ".html") < 1e6
    assert sum(sizes.values()) < 40e6


@pytest.mark.parametrize("language", LANGUAGES)
def test_formulas_are_rendered_and_their_fonts_come_along(page, site, language):
    opened(page, site, f"{language}/activations/softmax.html")
    assert page.locator(".katex").count() >= 1
    assert page.evaluate("document.fonts.ready.then(() => document.fonts.check('1em KaTeX_Main'))")


@pytest.mark.parametrize(
    ("language", "query", "found"),
    [("en", "softmax", "activations/softmax"), ("zh", "softmax", "activations/softmax"),
     ("zh", "梯度消失", "activations/"), ("zh", "批归一化", "normalization/"),
     ("zh", "数值稳定", "losses/"), ("zh", "旋转图像", "regularization/random_rotation")],
)  # fmt: skip
def test_the_search_finds_it_from_the_file_system(page, site, language, query, found):
    page.goto(f"{(site / language / 'search.html').as_uri()}?q={query}")
    page.wait_for_selector("ul.search li a")
    links = page.locator("ul.search li a").evaluate_all("all => all.map((one) => one.href)")
    assert any(found in link for link in links), links
    assert not page.wrong


def test_a_slider_is_moved_by_the_keyboard_and_the_address_remembers_it(page, site):
    opened(page, site, "en/touch/softmax.html")
    before = page.locator("#touch-softmax svg text").first.text_content()
    page.locator("#score-0").press("ArrowRight")
    assert page.locator("#touch-softmax svg text").first.text_content() > before
    assert "score-0=2.25" in page.url
    assert page.locator("#sum").text_content() == "1"


def test_the_race_ends_at_once_for_those_who_want_no_motion(browser, site):
    page = browser.new_context(reduced_motion="reduce").new_page()
    opened(page, site, "en/touch/race.html")
    page.locator("#steps").press("Home")
    page.locator("#start").click()
    assert page.locator("#steps").input_value() == "40"


def test_the_ledger_shows_only_what_has_the_words(page, site):
    opened(page, site, "zh/ledger.html")
    page.locator("#filter").fill("softmax")
    rows = page.locator("#ledger tbody tr:not([hidden])").all_text_contents()
    assert rows
    assert all("softmax" in row.lower() for row in rows)


def test_the_ledger_shows_only_the_verdict_and_the_kind_that_are_chosen(page, site):
    opened(page, site, "en/ledger.html")
    page.get_by_label("Verdict").select_option("holds")
    page.get_by_label("Kind").select_option("experiment")
    rows = page.locator("#ledger tbody tr:not([hidden])")
    cells = rows.evaluate_all("all => all.map((row) => [2, 3].map((k) => row.cells[k].innerText))")
    assert cells
    assert {verdict.strip() for verdict, _ in cells} == {"holds"}
    assert all("experiment" in kinds for _, kinds in cells)


def test_no_formula_is_cut_off_on_a_telephone(browser, site):
    page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    width = "all => Math.max(0, ...all.map((part) => part.getBoundingClientRect().right))"
    for name in PAGES:
        opened(page, site, f"en/{name}")
        assert page.locator(".katex-display .base").evaluate_all(width) <= 375, name


def test_who_is_lost_is_led_to_the_book_from_any_depth(page, site):
    page.route("**/en/none/none.html", lambda route: route.fulfill(path=site / "404.html"))
    page.goto((site / "en/none/none.html").as_uri())
    assert page.locator("a").first.evaluate("link => link.href") == f"{site.as_uri()}/"


@pytest.mark.parametrize(
    "name", ["index", "activations/softmax", "ledger", "touch/race", "wrong", "search"]
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_that_keeps_anybody_out(page, site, language, name):
    from axe_playwright_python.sync_playwright import Axe

    opened(page, site, f"{language}/{name}.html")
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert not [(one["id"], one["nodes"][0]["html"][:200]) for one in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_is_wider_than_the_screen(browser, site, tmp_path, language, width, scheme):
    """And pictures are written, for a person to look at."""
    size = {"width": width, "height": 844}
    page = browser.new_context(viewport=size, color_scheme=scheme).new_page()
    pictures = Path(os.environ.get("PICTURES", tmp_path))
    for name in ("index", "activations/index", "activations/softmax", "ledger", "touch/softmax"):
        opened(page, site, f"{language}/{name}.html")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        file = f"{language}-{name.replace('/', '-')}-{width}-{scheme}.png"
        page.screenshot(path=pictures / file)
