"""How Sphinx builds the book; `make.py` beside this file runs it, once for each language."""

import re
import tomllib

from sphinxcontrib import katex

from sums_to_one.book.formulas import rendered
from sums_to_one.cifar.modules import ROOT

with (ROOT / "pyproject.toml").open("rb") as file:
    _project = tomllib.load(file)["project"]

project = _project["name"]
version = release = _project["version"]
copyright = re.findall("Copyright .*[0-9]{4} (.+)", (ROOT / "LICENSE").read_text())[0]
html_title = project

extensions = ["myst_parser", "sphinxcontrib.katex", "sums_to_one.book.extension"]
exclude_patterns = ["locales"]
nitpicky = True

myst_enable_extensions = ["dollarmath", "colon_fence"]

# A formula is rendered while the book is built; its style sheet and fonts are in static/katex.
katex_prerender = True
katex_css_path = "katex/katex.min.css"
katex.render_latex = rendered

html_theme = "furo"
html_static_path = ["static"]
templates_path = ["templates"]
html_css_files = ["book.css"]
html_js_files = ["book.js"]
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b5c8a", "color-brand-content": "#0b5c8a"},
    "dark_css_variables": {"color-brand-primary": "#6cb8e6", "color-brand-content": "#6cb8e6"},
}
pygments_style, pygments_dark_style = "a11y-high-contrast-light", "a11y-high-contrast-dark"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_use_index = False
html_show_search_summary = False  # it would be fetched, which fails from the file system

locale_dirs = ["locales"]
gettext_additional_targets = ["image"]
gettext_compact = True  # one catalogue a chapter
gettext_location = False  # lines move; messages do not
