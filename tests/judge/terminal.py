"""Where the judge writes: a terminal that may have no Unicode, or was asked for none."""

import os
import unicodedata
from typing import IO, Any

from rich.console import Console

# What stands in plain ASCII for our marks, and for what rich and others draw lines with.
PLAIN = str.maketrans(
    {"✓": "+", "✗": "x", "·": ".", "‼": "!!", "…": "...", "─": "-", "━": "-", "╸": "-", "╺": "-"}
)


def plain(text: str) -> str:
    """The same for a screen or a file: what would move the cursor or has no letter is spelt out."""
    if text.isprintable():
        return text
    return "".join(map(_spelt, text))


def in_a_line(name: str) -> str:
    """The same for a name, which is to have no second line."""
    return plain(name).replace("\n", "\\n").replace("\t", "\\t")


def _spelt(letter: str) -> str:
    if letter.isprintable() or letter in "\n\t" or unicodedata.category(letter) == "Zs":
        return letter
    return ascii(letter)[1:-1]


def is_plain(file: Any) -> bool:
    """Whether a stream takes ASCII alone, or the environment asks for no colour and no frills."""
    encoding = str(getattr(file, "encoding", None) or "utf-8").lower()
    return "NO_COLOR" in os.environ or not encoding.startswith("utf")


class Plain:
    """A stream to which marks and lines are written in ASCII; sentences stay what they are."""

    encoding = "ascii"  # so that rich draws its own frames in ASCII, too

    def __init__(self, file: IO[str]) -> None:
        self.file = file

    def write(self, text: str) -> int:
        own = str(getattr(self.file, "encoding", None) or "utf-8")
        plain = text.translate(PLAIN)
        return self.file.write(plain.encode(own, "replace").decode(own))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


class Screen(Console):
    """The console of the judge, on whatever standard output is at the time."""

    @property
    def file(self) -> Any:
        found = super().file
        return Plain(found) if is_plain(found) else found

    @file.setter
    def file(self, new: Any) -> None:
        self._file = new
