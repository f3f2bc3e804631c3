"""What a page is made of, besides what Sphinx has: text that is translated, badges, folds."""

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.writers.html5 import HTML5Translator

from sums_to_one.book.words import Words
from sums_to_one.cifar.modules import ROOT

HERE = Path(__file__).parent


class fold(nodes.General, nodes.Element):
    """`<details>`: its first child is a `summary`, the rest unfolds."""


class summary(nodes.General, nodes.Element):
    """What is seen of a fold."""


class phrase(nodes.Inline, nodes.TextElement):
    """A `<span>` that is a message by itself; Sphinx takes docutils' own for a placeholder."""


class block(nodes.General, nodes.Element):
    """An element of that `tag`, where docutils has none that fits."""


def inline(text: str) -> list[nodes.Node]:
    """Text with what is between backticks as code."""
    parts = re.split("`+([^`]+)`+", text)
    return [
        nodes.literal(part, part) if k % 2 else nodes.Text(part)
        for k, part in enumerate(parts)
        if part
    ]


def told(text: str, where: str, kind: Any = nodes.paragraph, **attributes: Any) -> nodes.Element:
    """A text of the repository that the translations know by its words."""
    text = " ".join(text.split())
    node: nodes.Element = kind(text, "", *inline(text), **attributes)
    node.source, node.line = where, 1
    if isinstance(node, nodes.Inline):
        node["translatable"] = True  # otherwise inline text is part of a larger message
    return node


def said(text: str, kind: Any = nodes.paragraph, **attributes: Any) -> nodes.Element:
    """A text that is in the right language already."""
    if not issubclass(kind, nodes.Inline):
        attributes["translatable"] = False
    return kind("", "", *inline(text), **attributes)


def section(id: str, title: str, *children: nodes.Node) -> nodes.section:
    return nodes.section("", said(title, nodes.title), *children, ids=[id])


def code(text: str) -> nodes.Node:
    return nodes.literal_block(text, text, language="python")


def folded(head: list[nodes.Node], *body: nodes.Node, classes: tuple[str, ...] = ()) -> fold:
    return fold("", summary("", *head), *body, classes=list(classes))


def badge(verdict: str, words: Words) -> nodes.Node:
    kind = verdict.replace(" ", "-")
    return said(words(verdict), nodes.inline, classes=["badge", f"badge-{kind}"])


def svg(picture: str, classes: str = "figure") -> nodes.Node:
    return nodes.raw("", f'<div class="{classes}">{picture}</div>', format="html")


def link(text: str, page: str, anchor: str, here: str) -> nodes.reference:
    """To an anchor of another page of the book."""
    up = "../" * here.count("/")
    target = f"#{anchor}" if page == here else f"{up}{page}.html" + (f"#{anchor}" if anchor else "")
    return nodes.reference("", "", *inline(text), refuri=target, internal=True)


def start(self: HTML5Translator, node: nodes.Element, tag: str) -> None:
    given = {key: node[key] for key in ("scope", "lang") if key in node}
    self.body.append(self.starttag(node, tag, "", **given))


def setup_nodes(app: Any) -> None:
    def tagged(tag: str) -> tuple[Any, Any]:
        return (
            lambda self, node: start(self, node, tag),
            lambda self, node: self.body.append(f"</{tag}>"),
        )

    app.add_node(fold, html=tagged("details"))
    app.add_node(summary, html=tagged("summary"))
    app.add_node(phrase, html=tagged("span"))
    app.add_node(
        block,
        html=(
            lambda self, node: start(self, node, node["tag"]),
            lambda self, node: self.body.append(f"</{node['tag']}>\n"),
        ),
    )


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
