"""Build the book: one site for each language, and a door that leads to the reader's own.

    python -m sums_to_one.book.make

brings the catalogues of `locales/` up to date, and says what is not translated yet.

Sphinx does the work. What is fetched is the style sheet and the fonts of KaTeX, once, by npm; the
site itself asks nothing of any network.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

LANGUAGES = {"en": "en", "zh": "zh_CN"}  # the folder of each, and what Sphinx calls it
HERE = Path(__file__).parent

DOOR = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>sums-to-one</title>
<script>
const chinese = navigator.language.startsWith("zh");
location.replace(chinese ? "{zh}/index.html" : "{en}/index.html");
</script>
<p><a href="{en}/index.html">English</a> · <a href="{zh}/index.html" lang="zh">中文</a></p>
</html>
"""

# Where a server shows it, it may be at any depth below the folder of the book.
LOST = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>sums-to-one</title>
<p>The book has no such page. <a href="./">From the beginning</a></p>
<p lang="zh">本书没有这一页。<a href="./">从头开始</a></p>
<script>
const [, book] = location.pathname.match(/^(.*?\\/)(?:en|zh)\\//) ?? [];
if (book) for (const link of document.links) link.href = book;
</script>
</html>
"""


class NotPossible(Exception):
    """What the book needs, and is not there."""


def build(languages: list[str], out: Path, verdicts: Path, *, strict: bool = True) -> None:
    """Write the site of each language to a folder of its name in `out`.

    Args:
        languages: keys of LANGUAGES.
        out: the folder of the site; what Sphinx remembers from build to build is beside it.
        verdicts: of a run of the suite; if there is no such file, the ledger's stand alone.
        strict: a warning is an error.

    Raises:
        NotPossible: something that is needed is not installed, or Sphinx found a mistake.
    """
    out = out.resolve()
    work = out.with_name(f".{out.name}")
    check(languages)
    fonts = katex(work)
    shutil.copytree(HERE / "locales", work / "locales", dirs_exist_ok=True)  # compiled there
    settings = [f"locale_dirs={work / 'locales'}", f"kept={work / 'figures'}"]
    if verdicts.is_file():  # all languages tell of one run, though another may end meanwhile
        shutil.copy2(verdicts, work / verdicts.name)
        settings += [f"verdicts={work / verdicts.name}"]
    run_sphinx(languages, out, work, settings, strict=strict)
    for language in languages:
        shutil.copytree(fonts, out / language / "_static" / "katex", dirs_exist_ok=True)
    first, last = languages[0], languages[-1]
    names = (
        {"en": first, "zh": last} if len(languages) < len(LANGUAGES) else {"en": "en", "zh": "zh"}
    )
    (out / "index.html").write_text(DOOR.format(**names), encoding="utf-8")
    (out / "404.html").write_text(LOST, encoding="utf-8")
    (out / ".nojekyll").touch()  # GitHub would leave out folders that begin with an underscore


def run_sphinx(
    languages: list[str], out: Path, work: Path, settings: list[str], *, strict: bool = True
) -> None:
    """All languages at once: each figure is drawn by whoever comes to it first."""
    given = [word for setting in settings for word in ("-D", setting)]
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-q", "-n", *(["-W"] * strict)]
    command += ["--keep-going", *given, str(HERE)]
    logs = {language: work / f"sphinx-{language}.log" for language in languages}
    running = {}
    for language, log in logs.items():
        to = [str(out / language), "-D", f"language={LANGUAGES[language]}"]
        to += ["-d", str(work / f"doctrees-{language}")]
        with log.open("w", encoding="utf-8") as file:
            running[language] = subprocess.Popen([*command, *to], stdout=file, stderr=file)
    ended = {language: sphinx.wait() for language, sphinx in running.items()}
    said = {language: log.read_text("utf-8", "replace") for language, log in logs.items()}
    failed = [
        f"{language!r} without a warning; it ended with {code}, and said:\n{said[language].strip()}"
        for language, code in ended.items()
        if code
    ]
    if failed:
        raise NotPossible("Sphinx must build the book in " + "\nand in ".join(failed))
    print("".join(said.values()), end="", file=sys.stderr)


def check(languages: list[str]) -> None:
    """Refuse before any work what cannot end well."""
    unknown = [language for language in languages if language not in LANGUAGES]
    if unknown or not languages:
        raise NotPossible(f"a language must be one of {', '.join(LANGUAGES)}, got {unknown}")
    if not importlib.util.find_spec("sphinx"):
        raise NotPossible("the book needs an extra: uv run --extra book sums-to-one book")


def katex(work: Path) -> Path:
    """The folder of KaTeX's style sheet and fonts, of the version that renders the formulas."""
    for tool in ("node", "npm"):
        if not shutil.which(tool):
            raise NotPossible(f"formulas are rendered by Node.js: {tool} must be installed")
    from sphinxcontrib.katex import katex_version

    folder = work / f"katex-{katex_version}"
    if folder.is_dir():
        return folder
    work.mkdir(parents=True, exist_ok=True)
    fetch = ["npm", "pack", f"katex@{katex_version}", "--prefer-offline", "--loglevel=error"]
    npm = subprocess.run(
        [*fetch, "--pack-destination", str(work)], capture_output=True, text=True, errors="replace"
    )
    if npm.returncode:
        raise NotPossible(f"npm must fetch katex@{katex_version}, and said:\n{npm.stderr.strip()}")
    new = work / f"katex.{os.getpid()}"
    with tarfile.open(work / f"katex-{katex_version}.tgz") as archive:
        archive.extractall(new, filter="data")
    (new / "kept" / "fonts").mkdir(parents=True)
    package = new / "package"
    for file in (package / "dist/katex.min.css", package / "LICENSE"):
        shutil.copy(file, new / "kept")
    for font in (package / "dist" / "fonts").glob("*.woff2"):  # every browser of today reads them
        shutil.copy(font, new / "kept" / "fonts")
    (new / "kept").rename(folder)
    shutil.rmtree(new)
    return folder


def messages(work: Path) -> list[str]:
    """Bring the catalogues up to date with the repository, and list what is not translated."""
    from babel.messages.pofile import read_po

    sphinx = [sys.executable, "-m", "sphinx", "-b", "gettext", "-q", "-n"]
    subprocess.run([*sphinx, str(HERE), str(work / "messages")], check=True)
    update = ["update", "-p", str(work / "messages"), "-d", str(HERE / "locales"), "-l", "zh_CN"]
    subprocess.run([sys.executable, "-m", "sphinx_intl", *update], check=True)
    files = sorted((HERE / "locales").rglob("*.po"))
    found = [message for file in files for message in read_po(file.open("rb"))]
    return [f"{message.id}" for message in found if message.id and not message.string]


if __name__ == "__main__":
    print("\n".join(messages(Path("runs") / ".book")))
