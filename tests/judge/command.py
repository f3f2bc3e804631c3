"""`sums-to-one`: judge implementations, train the network, read the ledger.

A thin layer over pytest and `cifar`: everything here can be had from them.
"""

import difflib
import itertools
import os
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from sums_to_one.cifar.__main__ import ablate, predict, train
from sums_to_one.cifar.modules import ROOT
from sums_to_one.tests.judge.components import COMPONENTS, KNOWN, chapter_of, file_of
from sums_to_one.tests.judge.ledger import ledger
from sums_to_one.tests.judge.places import places_of

# Threads that wait for one another shall sleep: training comes after judging, and may share cores.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # torch, which reads it, is imported later

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Executable claims about the building blocks of neural networks.",
)
for command in (train, predict, ablate):
    app.command()(command)
console = Console()


class ProgressBar:
    """Instead of pytest's dots: how many claims are judged, and how many of them failed."""

    def __init__(self) -> None:
        self.bar = Progress(
            TextColumn("judging"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[failed]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self.task = self.bar.add_task("judging", total=None, failed="")
        self.failed = 0

    def pytest_sessionstart(self) -> None:
        self.bar.start()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._total(len(session.items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        self._total(len(ids))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed += report.failed
        failed = f"[red]{self.failed} failed[/red]" if self.failed else ""
        ended = report.when == "call" or not report.passed
        self.bar.update(self.task, advance=int(ended), failed=failed)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str]:
        """The outcome as pytest counts it, but no dot and no word for it."""
        if report.when == "call":
            return report.outcome, "", ""
        return {"passed": "", "failed": "error"}.get(report.outcome, report.outcome), "", ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        self.bar.stop()

    def _total(self, count: int) -> None:
        if count:
            self.bar.update(self.task, total=count)


def pytest_arguments(subjects: list[str], k: str | None, verdicts: Path | None) -> list[str]:
    """What a person would have typed after `pytest`."""
    chapters = [str(ROOT / "tests" / chapter) for chapter in COMPONENTS]
    settings = Path(__file__).with_name("judging.toml")
    arguments = ["-c", str(settings), "--rootdir", str(ROOT), "--show=all"]
    arguments += [] if subjects else ["--numprocesses=auto", "--dist=worksteal"]
    arguments += [f"--subject={subject}" for subject in subjects]
    arguments += ["-k", k] if k else []
    arguments += [f"--verdicts={verdicts}"] if verdicts else []
    return [*arguments, *chapters]


def run_pytest(arguments: list[str]) -> int:
    """Run pytest in this process, quietly, with a progress bar."""
    imported = "ignore::pytest.PytestAssertRewriteWarning"  # our modules, by this very program
    quiet = ["-qq", "--no-header", "--show-capture=no", "-r", "N", "-W", imported]
    return int(pytest.main([*quiet, *arguments], plugins=[ProgressBar()]))


@app.callback(invoke_without_command=True)
def everything(context: typer.Context) -> None:
    """Without a command: judge our components and PyTorch's, then train the network."""
    if context.invoked_subcommand is not None:
        return
    verdicts = Path("runs") / "verdicts.json"
    try:
        verdicts.parent.mkdir(exist_ok=True)
    except OSError as problem:
        typer.echo(f"error: results go into ./runs, which must be writable: {problem}", err=True)
        raise typer.Exit(2) from None
    code = run_pytest(pytest_arguments([], None, verdicts))
    app(["train"], standalone_mode=False)
    typer.echo("The claims as a book: uv run --extra book sums-to-one book")
    raise typer.Exit(code)


@app.command()
def judge(
    subjects: Annotated[
        list[str] | None,
        typer.Argument(help="Modules or .py files; if none is named, our own and PyTorch's."),
    ] = None,
    k: Annotated[
        str | None, typer.Option("-k", help="Only claims whose name matches, as in pytest -k.")
    ] = None,
    verdicts: Annotated[
        Path | None, typer.Option(help="Write the verdicts to this file, as JSON.")
    ] = None,
) -> None:
    """Judge implementations on every claim about the components that they provide."""
    raise typer.Exit(run_pytest(pytest_arguments(subjects or [], k, verdicts)))


@app.command()
def claims(
    component: Annotated[
        str | None, typer.Argument(help="Show where the claims stand that judge this component.")
    ] = None,
    chinese: Annotated[bool, typer.Option("--zh", help="The sentences in Chinese.")] = False,
) -> None:
    """Show the ledger: every claim, its kind, and the verdict on it."""
    if component is not None:
        show_places(component)
        return
    table = Table("claim", "sentence", "kind", "verdict", title="The ledger")
    for claim in ledger().values():
        sentence, care = (claim.zh, claim.care_zh) if chinese else (claim.en, claim.care)
        style = {"holds": "green", "holds when": "yellow"}.get(claim.verdict, "red")
        text = f"{sentence}\n[bright_black]{care}[/bright_black]" if care else sentence
        verdict = f"[{style}]{claim.verdict}[/{style}]"
        table.add_row(claim.id, text, ", ".join(claim.kind), verdict, end_section=True)
    console.print(table)


def show_places(component: str) -> None:
    """Each claim that judges a component, with its file and line."""
    if component not in KNOWN:
        names = {name.lower(): name for name in KNOWN}
        near = difflib.get_close_matches(component.lower(), names, n=3, cutoff=0.5) or names
        rule = "a component must be one of those that are judged"
        known = ", ".join(names[name] for name in near)
        typer.echo(f"error: {rule}, got {component!r}; there is {known}", err=True)
        raise typer.Exit(2)
    chapter, stem = chapter_of(component), file_of(component)
    places = places_of(component)
    console.print(f"{component}, from scratch: concepts/{chapter}/{stem}.py")
    console.print(f"how it goes wrong: tests/{chapter}/impostors/{stem}.py")
    console.print(f"what must be true of it: {len(places)} claims")
    for path, there in itertools.groupby(places, key=lambda place: place.file):
        console.print(f"\n{path.relative_to(ROOT)}", style="bold")
        table = Table.grid(padding=(0, 1))
        for place in there:
            ids = Text(" ".join(place.ids), style="bright_black")
            table.add_row(f"{place.line:>5}", place.sentence, ids)
        console.print(table)


@app.command()
def book(
    lang: Annotated[str, typer.Option(help="en, zh, or both with a comma between.")] = "en,zh",
    out: Annotated[Path, typer.Option(help="The folder of the site.")] = Path("runs/book"),
) -> None:
    """Build the book: the claims as a web site, from the repository and the last run."""
    from sums_to_one.book.make import NotPossible, build

    try:
        build(lang.split(","), out, Path("runs") / "verdicts.json")
    except NotPossible as problem:
        typer.echo(f"error: {problem}", err=True)
        raise typer.Exit(2) from None
    typer.echo(f"The book: {out / 'index.html'}")


def main() -> Any:
    """The console script."""
    return app(prog_name="sums-to-one")


if __name__ == "__main__":
    main()
