"""Search in Chinese, which has no spaces: the words are all pairs of neighbouring characters.

The page and the index are cut the same way, so whatever is in the text is found. A page must have
all pairs of a query, so those that stand nowhere in the book, such as the pair between two words,
are left out of it: they would find nothing.
"""

import re

from sphinx.search.en import SearchEnglish

RUN = re.compile(r"[\u3400-\u9fff]+|[^\W\u3400-\u9fff]+")


def cut(text: str) -> list[str]:
    """The pairs of characters, and the words of other scripts."""
    words: list[str] = []
    for run in RUN.findall(text):
        pairs = [run[k : k + 2] for k in range(len(run) - 1)] if run[0] >= "\u3400" else []
        words += pairs or [run]
    return words


class Pairs(SearchEnglish):
    lang = "zh"
    language_name = "English"  # of the stemmer that the page is given, for words in Latin letters
    js_splitter_code = r"""
const known = (pair) =>
  [Search._index.terms, Search._index.titleterms].some((terms) => Object.hasOwn(terms, pair));
var splitQuery = (query) =>
  (query.match(/[\u3400-\u9fff]+|[^\s\p{P}\p{S}\u3400-\u9fff]+/gu) || []).flatMap((run) => {
    if (!/[\u3400-\u9fff]/.test(run) || run.length === 1) return [run];
    const pairs = Array.from({ length: run.length - 1 }, (_, k) => run.slice(k, k + 2));
    return pairs.some(known) ? pairs.filter(known) : pairs;
  });
"""

    def split(self, input: str) -> list[str]:
        return cut(input)
