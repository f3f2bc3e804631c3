"""The few words that the book itself says, in two languages; `words.toml` has them."""

import tomllib
from pathlib import Path

with Path(__file__).with_name("words.toml").open("rb") as file:
    WORDS: dict[str, dict[str, str]] = tomllib.load(file)


class Words:
    """The words of the book, in the language of the page."""

    def __init__(self, language: str) -> None:
        self.chinese = language.startswith("zh")

    def __call__(self, key: str, **numbers: object) -> str:
        return WORDS[key]["zh" if self.chinese else "en"].format(**numbers)

    def either(self, en: str, zh: str) -> str:
        """Words that are in both languages elsewhere."""
        return zh if self.chinese else en
