"""The book's own directives: pages about components, chapters and claims, from the repository.

:::{component} softmax        a page about a component; the content is its formula
:::{components}               what a chapter has
:::{claims}                   all claims of a chapter
:::{ledger}                   all claims as a table
:::{wrong} fails as stated    all claims of that verdict
:::{drawing} vanishing        a figure of `figures.py`
:::{judged} 1.1.4 1.2.4       the tests of an experiment
{claim}`1.5.1`                a link to a claim
"""

import datetime
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.addnodes import toctree
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective, SphinxRole

from sums_to_one.book import chinese, repository
from sums_to_one.book.nodes import (
    HERE,
    badge,
    block,
    code,
    folded,
    inline,
    link,
    phrase,
    relative,
    said,
    section,
    setup_nodes,
    svg,
    told,
)
from sums_to_one.book.words import Words
from sums_to_one.cifar.modules import ROOT
from sums_to_one.tests.judge.components import KNOWN
from sums_to_one.tests.judge.diagnosis import fault_of
from sums_to_one.tests.judge.ledger import Entry, ledger
from sums_to_one.tests.judge.places import Place


class Page(SphinxDirective):
    """A directive that knows the language of the page and the run of the suite."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True

    @property
    def words(self) -> Words:
        return Words(self.config.language)

    def depends_on(self, files: Iterable[Path]) -> None:
        for file in files:
            self.env.note_dependency(str(file))

    def found(self, id: str) -> dict[str, Any]:
        if self.config.verdicts:
            self.env.note_dependency(self.config.verdicts)
        return repository.outcomes(self.config.verdicts).get(id, {})

    def drawn(self, name: str) -> list[nodes.Node]:
        """A figure, with the docstring of the function that draws it for a caption."""
        from sums_to_one.book import experiments, figures

        self.depends_on([Path(figures.__file__), Path(experiments.__file__)])
        figure = figures.FIGURES[name]
        caption = told(figure.caption, "figures.py", classes=["caption"], ids=[f"caption-{name}"])
        if self.env.app.builder.name == "gettext":
            return [caption]
        kept = Path(self.config.kept) if self.config.kept else None
        return [svg(figures.drawn(name, self.words, kept)), caption]

    def sentence(self, entry: Entry) -> list[nodes.Node]:
        """A claim in the language of the page, its badge, and what the sentence leaves out."""
        words = self.words
        text, care = (entry.zh, entry.care_zh) if words.chinese else (entry.en, entry.care)
        head = said(text, classes=["sentence"])
        head.insert(0, said(entry.id, nodes.inline, classes=["number"]))
        head += badge(entry.verdict, words)
        if not care:
            return [head]
        return [head, self.care(entry.verdict, care)]

    def care(self, verdict: str, care: str) -> nodes.Node:
        """What a sentence leaves out: a remark, a condition, or what is true instead."""
        but = self.words({"holds": "note", "fails as stated": "true_instead"}.get(verdict, "care"))
        note = said(care, classes=["care"])
        note.insert(0, nodes.strong(but, but))
        return note

    def tests(self, places: Iterable[Place]) -> list[nodes.Node]:
        """Each folded: its sentence is seen."""
        return [folded(self.named(p), *self.body(p), classes=("test",)) for p in places]

    def named(self, place: Place) -> list[nodes.Node]:
        tag = said(self.words("test"), nodes.inline, classes=["tag"])
        return [tag, told(place.sentence, relative(place.file), phrase)]

    def body(self, place: Place) -> list[nodes.Node]:
        path = said(f"`{relative(place.file)}:{place.line}`", classes=["path"])
        return [path, code(repository.source_of(place))]

    def in_the_run(self, id: str) -> list[nodes.Node]:
        results = "; ".join(self.results(id))
        if not results:
            return []
        return [said(self.words("run", date=self.day(), found=results), classes=["run"])]

    def results(self, id: str) -> list[str]:
        """What the run found of a claim, for each subject."""
        mark = {"passed": "✓", "not provided": "-"}
        return [
            f"{subject} " + ", ".join(f"{mark.get(o, '✗')} {n}" for o, n in counts.items())
            for subject, counts in self.found(id).items()
        ]

    def day(self) -> datetime.date:
        return datetime.date.fromtimestamp(Path(self.config.verdicts).stat().st_mtime)


class ComponentPage(Page):
    """The idea, the formula, a plot, the source, and the claims."""

    required_arguments = 1
    optional_arguments = 0

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        self.depends_on(repository.everything_about(name))
        return [
            *self.idea(name),
            *self.drawn(name),
            self.use(name),
            self.source(name),
            *self.claims(name),
        ]

    def idea(self, name: str) -> list[nodes.Node]:
        file = repository.concept(name)
        parts = repository.idea(file)
        where = relative(file)
        title, *before = [told(part, where) for part in (parts.title, *parts.before)]
        title["classes"].append("lead")
        formula = self.parse_content_to_nodes()
        for math in (m for node in formula for m in node.findall(nodes.math_block)):
            math["translatable"] = False
        return [title, *before, *formula, *(told(part, where) for part in parts.after)]

    def use(self, name: str) -> nodes.Node:
        use, where, words = repository.use(name), relative(repository.concept(name)), self.words
        body: list[nodes.Node] = [told(use.summary, where)]
        if use.arguments:
            body += [nodes.rubric("", words("arguments"), translatable=False)]
            body += [self.definitions(use.arguments, where)]
        if use.returns:
            body += [nodes.rubric("", words("returns"), translatable=False)]
            body += [told(use.returns, where)]
        if use.raises:
            body += [nodes.rubric("", words("raises"), translatable=False)]
            body += [self.definitions(use.raises, where)]
        if use.example:
            body += [nodes.rubric("", words("example"), translatable=False)]
            body += [nodes.literal_block(use.example, use.example, language="pycon")]
        if use.source:
            text = " ".join(use.source.split())
            origin = said("", classes=["origin"])
            origin += nodes.strong("", words("origin") + words("colon"))
            origin += said(text, phrase, lang="en")
            body += [origin]
        return section("use", words("uses"), *body)

    def definitions(self, items: dict[str, str], where: str) -> nodes.Node:
        listed = nodes.definition_list(classes=["arguments"])
        for name, what in items.items():
            term = said("", nodes.term)
            term += nodes.literal(name, name)
            listed += nodes.definition_list_item("", term, nodes.definition("", told(what, where)))
        return listed

    def source(self, name: str) -> nodes.Node:
        files = [repository.concept(name), *repository.helpers(name)]
        body: list[nodes.Node] = []
        for file in files:
            body += [code(file.read_text(encoding="utf-8"))]
        folds = [
            folded(inline(self.words("helper", file=relative(file))), text, classes=("helper",))
            for file, text in zip(files[1:], body[1:], strict=True)
        ]
        path = said(f"`{relative(files[0])}`", classes=["path"])
        return section("source", self.words("source"), path, body[0], *folds)

    def claims(self, name: str) -> list[nodes.Node]:
        """First what is true of this one, then what is true of all of its kind."""
        claims, words = repository.claims_of(name), self.words
        shown: dict[str, str] = {}
        parts: dict[bool, list[nodes.Node]] = {}
        for shared in (False, True):
            parts[shared] = [
                self.claim(name, entry, places, shown)
                for entry, places in claims
                if repository.is_shared(places) is shared
            ]
        lead = words(
            "claims_lead",
            claims=len(claims),
            tests=len({place.name for _, places in claims for place in places}),
            impostors=len(repository.impostors(name)),
        )
        own = section("claims", words("claims"), said(lead), *parts[False])
        if not parts[True]:
            return [own]
        return [own, section("shared", words("shared"), said(words("shared_lead")), *parts[True])]

    def claim(
        self, name: str, entry: Entry, places: list[Place], shown: dict[str, str]
    ) -> nodes.Node:
        body = [*self.sentence(entry), *self.in_the_run(entry.id)]
        for place in places:
            if place.name in shown:
                body += [self.mention(place, shown[place.name])]
            else:
                shown[place.name] = entry.id
                body += [self.test(place, name)]
        return nodes.container(
            "", *body, ids=[f"claim-{entry.id.replace('.', '-')}"], classes=["claim"]
        )

    def mention(self, place: Place, id: str) -> nodes.Node:
        anchor = f"claim-{id.replace('.', '-')}"
        also = said(self.words("also", id=id) + " ", classes=["also"])
        also += told(place.sentence, relative(place.file), phrase)
        return nodes.paragraph(
            "",
            "",
            nodes.reference("", "", *also.children, refuri=f"#{anchor}", internal=True),
            classes=["also"],
            translatable=False,
        )

    def test(self, place: Place, name: str) -> nodes.Node:
        (test,) = self.tests([place])
        wrong = repository.refused_by(place, name)
        if not wrong:
            return test
        refused = [self.impostor(one, name) for one in wrong]
        label = said(self.words("refuses"), classes=["refuses"])
        return nodes.container("", test, nodes.container("", label, *refused, classes=["refused"]))

    def impostor(self, one: repository.Impostor, name: str) -> nodes.Node:
        where = f"tests/{self.env.docname.partition('/')[0]}/impostors"
        head = [said(f"`{one.name}`", nodes.inline, classes=["name"])]
        head += [told(one.thought, where, phrase, classes=["thought"])]
        head += [self.fault(one, name)]
        return folded(head, code(one.source), classes=("impostor",))

    def fault(self, one: repository.Impostor, name: str) -> nodes.Node:
        """What is wrong with it, in the language of the page."""
        chinese = self.words.chinese
        head = said(self.words("fault"), phrase, classes=["fault"])
        head += said(f"{fault_of(name, one.name, chinese)}{'。' if chinese else '.'}", phrase)
        return head


class Components(Page):
    """The components of a chapter, each in a line, in the order in which they are read."""

    def run(self) -> list[nodes.Node]:
        pages = {repository.page_of(name): name for name in KNOWN}
        trees = self.state.document.findall(toctree)
        read = [pages[page] for tree in trees for _, page in tree["entries"] if page in pages]
        rows = nodes.bullet_list(classes=["components"])
        for name in read:
            self.depends_on([repository.concept(name)])
            title = repository.idea(repository.concept(name)).title
            line = nodes.paragraph("", translatable=False)
            line += link(f"`{name}`", repository.page_of(name), "", self.env.docname)
            line += nodes.Text(" ")
            line += told(title, relative(repository.concept(name)), phrase)
            rows += nodes.list_item("", line)
        return [rows]


class Claims(Page):
    """All claims of a chapter."""

    def run(self) -> list[nodes.Node]:
        chapter = self.env.docname.partition("/")[0]
        self.depends_on([ROOT / "tests" / "ledger.toml"])
        return [listed(self, entry) for entry in ledger().values() if entry.chapter == chapter]


def listed(page: Page, entry: Entry) -> nodes.Node:
    """A claim, with links to the pages where its tests are."""
    places = said("", classes=["also"])
    for name in repository.pages_with(entry.id):
        anchor = f"claim-{entry.id.replace('.', '-')}"
        places += [link(f"`{name}`", repository.page_of(name), anchor, page.env.docname)]
        places += nodes.Text(" ")
    if not places.children:
        files = dict.fromkeys(relative(place.file) for place in repository.backing(entry.id))
        places += inline(page.words("in_files", file="`, `".join(files)))
    body = [*page.sentence(entry), places]
    if entry.verdict == "fails as stated":
        body += page.tests(repository.backing(entry.id))
    return nodes.container("", *body, classes=["claim"])


class Wrong(Page):
    """All claims of one verdict."""

    required_arguments = 1
    optional_arguments = 0

    def run(self) -> list[nodes.Node]:
        self.depends_on([ROOT / "tests" / "ledger.toml"])
        entries = [e for e in ledger().values() if e.verdict == self.arguments[0]]
        return [listed(self, entry) for entry in entries]


class Ledger(Page):
    """All claims as a table, which a script beside it searches."""

    def run(self) -> list[nodes.Node]:
        self.depends_on([ROOT / "tests" / "ledger.toml"])
        file, words = self.config.verdicts, self.words
        ran = bool(file) and Path(file).is_file()
        lead = words("run_lead", date=self.day()) if ran else words("no_run_lead")
        columns = ("id", "claim", "verdict", "kind", "tests", "subjects")[: 6 if ran else 5]
        head = block(
            "",
            *[block("", *inline(words(column)), tag="th", scope="col") for column in columns],
            tag="tr",
        )
        rows = [self.row(entry, ran) for entry in ledger().values()]
        table = block(
            "",
            block("", head, tag="thead"),
            block("", *rows, tag="tbody"),
            tag="table",
            classes=["ledger", "docutils"],
            ids=["ledger"],
        )
        every = ledger().values()
        chosen = [
            self.choice("verdict", 2, [entry.verdict for entry in every]),
            self.choice("kind", 3, [kind for entry in every for kind in entry.kind]),
        ]
        box = nodes.raw(
            "",
            f'<p class="filter"><label>{words("filter")} <input type="search" id="filter"></label>'
            f" {' '.join(chosen)}"
            f' <output for="filter" data-shown="{words("shown", n="{n}", all="{all}")}"></output>'
            "</p>",
            format="html",
        )
        return [said(lead), box, block("", table, tag="div", classes=["wide"])]

    def choice(self, name: str, column: int, found: Iterable[str]) -> str:
        """One of the words that stand in a column, or all of them."""
        words = self.words
        told = [f"<option>{words(one)}</option>" for one in dict.fromkeys(found)]
        options = "".join([f'<option value="">{words("all")}</option>', *told])
        return f'<label>{words(name)} <select data-column="{column}">{options}</select></label>'

    def row(self, entry: Entry, ran: bool) -> nodes.Node:
        words, anchor = self.words, f"claim-{entry.id.replace('.', '-')}"
        text, care = (entry.zh, entry.care_zh) if words.chinese else (entry.en, entry.care)
        row = block("", tag="tr", names=[anchor])
        self.state.document.note_explicit_target(row)
        pages = [
            node
            for name in repository.pages_with(entry.id)
            for node in (
                link(f"`{name}`", repository.page_of(name), anchor, self.env.docname),
                nodes.Text(" "),
            )
        ]
        label = said(words("tests") + words("colon"), nodes.inline, classes=["label"])
        count = nodes.Text(f"{len(repository.backing(entry.id))} ")
        tests = nodes.paragraph("", "", label, count, *pages, translatable=False)
        cells: list[list[nodes.Node]] = [
            [nodes.Text(entry.id)],
            [said(text), *([said(care, classes=["care"])] if care else [])],
            [badge(entry.verdict, words)],
            [nodes.Text(words("comma").join(words(kind) for kind in entry.kind))],
            [tests],
            *([[said(one, classes=["run"]) for one in self.results(entry.id)]] if ran else []),
        ]
        row += [block("", *cell, tag="td") for cell in cells]
        return row


class Drawing(Page):
    """A figure of `figures.py` by its name."""

    required_arguments = 1
    optional_arguments = 0

    def run(self) -> list[nodes.Node]:
        return [*self.drawn(self.arguments[0]), *self.measured()]

    def measured(self) -> list[nodes.Node]:
        from sums_to_one.book import figures

        source = code(figures.source(self.arguments[0]))
        return [folded(inline(self.words("measured")), source, classes=("helper",))]


class Judged(Page):
    """The tests of an experiment, which have its margins."""

    required_arguments = 1
    optional_arguments = 0

    def run(self) -> list[nodes.Node]:
        ids = self.arguments[0].split()
        self.depends_on([ROOT / "tests" / "ledger.toml"])
        entries = [ledger()[id] for id in ids]
        heads = [self.sentence(entry)[0] for entry in entries]
        bodies = [self.tests(self.experiments(entry)) for entry in entries]
        parts = [node for head, body in zip(heads, bodies, strict=True) for node in (head, *body)]
        return [folded(inline(self.words("judged")), *parts, classes=("helper",))]

    def experiments(self, entry: Entry) -> list[Place]:
        """The tests of a claim; those for all inputs are on the component's page."""
        places = repository.backing(entry.id)
        self.depends_on({place.file for place in places})
        return [place for place in places if "given" not in repository.source_of(place)]


class Touch(Page):
    """Something to touch: the drawing that stands still without JavaScript, and the numbers."""

    required_arguments = 1
    optional_arguments = 0

    def run(self) -> list[nodes.Node]:
        from sums_to_one.book import things

        name = self.arguments[0]
        self.depends_on([HERE / "things.py", HERE / "static" / f"{name}.js", HERE / "words.toml"])
        still = things.html(name, self.words)
        return [nodes.raw("", still, format="html")]


class PagesOfFiles(SphinxPostTransform):
    """Where a text names the file of another component, the reader is led to its page."""

    default_priority = 400

    def run(self, **kwargs: Any) -> None:
        here, names = self.env.docname, {repository.concept(name).name: name for name in KNOWN}
        for literal in list(self.document.findall(nodes.literal)):
            name = names.get(literal.astext().rpartition("/")[2])
            if (
                name
                and repository.page_of(name) != here
                and isinstance(literal.parent, nodes.paragraph)
            ):
                literal.replace_self(link(f"`{name}`", repository.page_of(name), "", here))


class ClaimRole(SphinxRole):
    """A link to a claim in the ledger, which says the claim where a mouse rests on it."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        id = self.text
        if id not in ledger():
            problem = self.inliner.reporter.error(f"the ledger must have the claim, got {id}")
            return [], [problem]
        entry, chinese = ledger()[id], Words(self.config.language).chinese
        reference = link(id, "ledger", f"claim-{id.replace('.', '-')}", self.env.docname)
        reference["reftitle"] = entry.zh if chinese else entry.en
        return [reference], []


def twin(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """What the switch between the languages needs to know."""
    words = Words(app.config.language)
    context["words"], context["twin_name"] = words, words("twin")
    other = ("en", "en") if words.chinese else ("zh", "zh-CN")
    context["twin_folder"], context["twin_language"] = other


def setup(app: Sphinx) -> dict[str, Any]:
    setup_nodes(app)
    app.add_config_value("verdicts", "", "env")
    app.add_config_value("kept", "", "")
    app.add_directive("component", ComponentPage)
    app.add_directive("components", Components)
    app.add_directive("claims", Claims)
    app.add_directive("ledger", Ledger)
    app.add_directive("wrong", Wrong)
    app.add_directive("drawing", Drawing)
    app.add_directive("judged", Judged)
    app.add_directive("touch", Touch)
    app.add_role("claim", ClaimRole())
    app.add_post_transform(PagesOfFiles)
    app.add_search_language(chinese.Pairs)
    app.connect("html-page-context", twin)
    code = b"".join(file.read_bytes() for file in [*sorted(HERE.glob("*.py")), HERE / "words.toml"])
    return {
        "env_version": zlib.crc32(code),  # where it is another, Sphinx reads all pages anew
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
