"""`sums-to-one`: judge implementations, train the network, read the ledger.

A thin layer over pytest and `cifar`: everything here can be had from them.
"""

import gc
import os
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pytest
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from sums_to_one.cifar.__main__ import ablate, predict, train
from sums_to_one.cifar.modules import ROOT
from sums_to_one.tests.judge import reports as reporting
from sums_to_one.tests.judge.compare import compare_files
from sums_to_one.tests.judge.components import COMPONENTS, KNOWN
from sums_to_one.tests.judge.endings import Ending, end_at_once
from sums_to_one.tests.judge.languages import in_language
from sums_to_one.tests.judge.ledger import VERDICTS
from sums_to_one.tests.judge.search import searched, show_ledger, show_places
from sums_to_one.tests.judge.terminal import Screen

# What is imported stays; to search it again and again takes a tenth of the start.
gc.set_threshold(200_000, 20, 100)

# Threads that wait for one another shall sleep: training comes after judging, and may share cores.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # torch, which reads it, is imported later

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Executable claims about the building blocks of neural networks.",
)
for command in (train, predict, ablate):
    app.command()(command)
app.command("compare")(compare_files)
console = Screen()

NEXT = """
what next
  read            concepts/activations/sigmoid.py, whose last line leads on
  break           concepts/activations/softmax.py, then run
                  uv run pytest tests/activations/test_softmax.py
  write your own  uv run sums-to-one exercise softmax
  judge it        uv run sums-to-one judge my/softmax.py
  look            at the page of the run, summary.html in its folder
  the book        uv run --extra book sums-to-one book"""


class Amount(StrEnum):
    """How much of the verdicts is shown."""

    refused = "refused"
    all = "all"


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

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        distributed = session.config.pluginmanager.get_plugin("terminaldistreporter")
        if distributed:  # the bar tells as much; what it says of a worker that died is still said
            distributed.ensure_show_status = distributed.rewrite = lambda *_, **__: None
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


def pytest_arguments(
    subjects: list[str], k: str | None, verdicts: Path | None, *further: str
) -> list[str]:
    """What a person would have typed after `pytest`."""
    chapters = [str(ROOT / "tests" / chapter) for chapter in COMPONENTS]
    settings = Path(__file__).with_name("judging.toml")
    arguments = ["-c", str(settings), "--rootdir", str(ROOT), *further]
    arguments += [] if subjects else ["--numprocesses=auto"]
    arguments += [f"--subject={subject}" for subject in subjects]
    arguments += ["-k", k] if k else []
    arguments += [f"--verdicts={verdicts}"] if verdicts else []
    return [*arguments, *chapters]


def run_pytest(arguments: list[str], *plugins: object) -> int:
    """Run pytest in this process, quietly, with a progress bar."""
    imported = "ignore::pytest.PytestAssertRewriteWarning"  # our modules, by this very program
    quiet = ["-qq", "--no-header", "--show-capture=no", "-r", "N", "-W", imported]
    return int(pytest.main([*quiet, *arguments], plugins=[ProgressBar(), *plugins]))


def overview() -> object:
    """The plugin, whose module imports torch, which the other commands need not wait for."""
    from sums_to_one.tests.judge.overview import Overview

    return Overview(console)


def shown(everything: bool, chinese: bool) -> list[str]:
    """The options that say how much is shown, and in which language."""
    return ["--show=all"] * everything + ["--zh"] * chinese


Show = Annotated[
    Amount, typer.Option(help="Of what is refused the most telling on a screen, or all claims.")
]
Chinese = Annotated[bool, typer.Option("--zh", help="The sentences in Chinese.")]


@app.callback(invoke_without_command=True)
def everything(
    context: typer.Context, show: Show = Amount.refused, chinese: Chinese = False
) -> None:
    """Without a command: judge our components and PyTorch's, then train the network."""
    if context.invoked_subcommand is not None:
        return
    verdicts = Path("runs") / "verdicts.json"
    try:
        verdicts.parent.mkdir(exist_ok=True)
    except OSError as problem:
        typer.echo(f"error: results go into ./runs, which must be writable: {problem}", err=True)
        raise typer.Exit(2) from None
    further = shown(show is Amount.all, chinese)
    code = run_pytest(pytest_arguments([], None, verdicts, *further), overview())
    app(["train"], standalone_mode=False)
    console.print(in_language(NEXT, chinese), highlight=False)
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
    show: Show = Amount.refused,
    chinese: Chinese = False,
    sandbox: Annotated[
        str, typer.Option(help="Walls around subjects: auto, require (all of them), or none.")
    ] = "auto",
    seed: Annotated[
        int | None, typer.Option(help="Of the fresh numbers that confirm a verdict; repeats it.")
    ] = None,
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Refuse who leaves the work to a library.")
    ] = False,
    fast: Annotated[
        bool, typer.Option("--fast", help="Leave out the claims that train networks.")
    ] = False,
    dtype: Annotated[
        list[str] | None, typer.Option(help="Judge in this dtype alone, such as bfloat16.")
    ] = None,
    device: Annotated[
        list[str] | None, typer.Option(help="Judge on this device, such as cuda.")
    ] = None,
    transform: Annotated[
        str,
        typer.Option(
            help="Before: compile, compile-aot_eager, compile-eager, script, vmap, or a function "
            "MODULE:FUNCTION."
        ),
    ] = "",
    limits: Annotated[
        list[str] | None,
        typer.Option(
            metavar="C=JSON",
            help='What component C is not asked for, such as softmax=\'{"dtypes": ["float32"]}\'.',
        ),
    ] = None,
    strict_limits: Annotated[
        bool, typer.Option("--strict-limits", help="Refuse what is refused without declaring it.")
    ] = False,
    convention: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="A convention other than PyTorch's that the subjects follow."
        ),
    ] = None,
    report: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND=FILE", help="Also write them as junit, ctrf, github or markdown."
        ),
    ] = None,
    deviations: Annotated[
        Path | None,
        typer.Option(help="Refusals that are known, of which the pinned input alone is asked."),
    ] = None,
    write_deviations: Annotated[
        Path | None,
        typer.Option(help="Write what refuses to this file, to be borne; needs one subject."),
    ] = None,
) -> None:
    """Judge implementations on every claim about the components that they provide.

    Ends with 0 if all hold, 1 if one refuses, 2 for wrong usage, 4 where a subject cannot be
    judged or nothing was, 5 if a subject tampered with its verdict.
    """
    reports, end = reporting.places(report or []), Ending()
    if write_deviations and len(subjects or []) != 1:
        reporting.refuse(f"--write-deviations needs one subject, got {len(subjects or [])}")
    further = [*shown(show is Amount.all, chinese), f"--sandbox={sandbox}"]
    further += [f"--seed={seed}"] if seed is not None else []
    further += ["--from-scratch"] if from_scratch else []
    further += ["--fast"] if fast else []
    further += [*(f"--dtype={name}" for name in dtype or [])]
    further += [*(f"--device={name}" for name in device or [])]
    further += [f"--transform={transform}"] if transform else []
    further += [*(f"--limits={declared}" for declared in limits or [])]
    further += ["--strict-limits"] if strict_limits else []
    further += [f"--deviations={deviations}"] if deviations else []
    further += [f"--convention={name}" for name in convention or []]
    arguments = pytest_arguments(subjects or [], k, verdicts, *further)
    plugins = [end] if subjects else [end, overview()]
    ended = run_pytest(arguments, *plugins)
    if ended == pytest.ExitCode.NO_TESTS_COLLECTED:
        which = f"whose name matches -k {k!r}" if k else "about what the subjects provide"
        typer.echo(f"error: there is no claim {which}; `sums-to-one claims` lists them", err=True)
    code = end.code(ended)
    if end.verdicts:
        reporting.write(end.verdicts, reports)
    if end.verdicts and write_deviations:
        reporting.write_deviations(end.verdicts, write_deviations)
    raise typer.Exit(code)


@app.command()
def claims(
    about: Annotated[
        str | None,
        typer.Argument(
            help="A component, whose claims are shown with file and line; or the number of a "
            "claim, or of a part of the ledger such as 1.5; or words to look for."
        ),
    ] = None,
    verdict: Annotated[
        str | None,
        typer.Option(help=f"Only those of this verdict: {', '.join(VERDICTS)}, or its beginning."),
    ] = None,
    chinese: Chinese = False,
) -> None:
    """Show the ledger: every claim, its kind, and the verdict on it."""
    if about in KNOWN and verdict is None:
        show_places(about)
        return
    try:
        found = searched(about or "", verdict or "")
    except LookupError as problem:
        typer.echo(f"error: {problem}", err=True)
        raise typer.Exit(2) from None
    show_ledger(found, chinese)


@app.command()
def exercise(
    component: Annotated[str, typer.Argument(help="What to write, such as softmax.")],
    into: Annotated[Path, typer.Option(help="The folder for it.")] = Path("my"),
    claims: Annotated[
        bool, typer.Option("--claims", help="Write claims about it instead, from a worked one.")
    ] = False,
    chinese: Chinese = False,
) -> None:
    """Write the signature and docstring of a component into a file, for you to fill in."""
    from sums_to_one.tests.judge import scoring
    from sums_to_one.tests.judge.exercise import write

    _check(component)
    try:
        file = (scoring.write if claims else write)(component, into, chinese)
    except FileExistsError as problem:
        typer.echo(
            f"error: an exercise never overwrites, and there is {problem.filename}", err=True
        )
        raise typer.Exit(2) from None
    if claims:
        words = "{file} has one claim, and waits for yours; then:"
        typer.echo(in_language(words, chinese, file=file))
        typer.echo(f"  sums-to-one score-claims {file}")
        return
    words = "{file} is yours to fill in; then: sums-to-one judge {file}"
    typer.echo(in_language(words, chinese, file=file))
    words = "or, to be told at every save: sums-to-one watch {folder}"
    typer.echo(in_language(words, chinese, folder=into))


@app.command("score-claims")
def score_claims(
    file: Annotated[Path, typer.Argument(help="Your claims, such as my/test_softmax.py.")],
    chinese: Chinese = False,
) -> None:
    """Ask your claims of impostors and right versions: whom do they refuse?

    Ends with 0, or 1 if a right version is refused, 2 where there are no claims to ask.
    """
    from sums_to_one.tests.judge import scoring

    wronged = False
    try:
        for score in scoring.scores(file):
            scoring.show(score, console, chinese)
            scoring.note(score, file.parent)
            wronged |= bool(score.wronged)
    except scoring.ClaimsError as problem:
        typer.echo(f"error: {problem}", err=True)
        raise typer.Exit(2) from None
    raise typer.Exit(int(wronged))


@app.command()
def watch(
    folder: Annotated[Path, typer.Argument(help="The folder of your solutions.")] = Path("my"),
    chinese: Chinese = False,
) -> None:
    """Judge what is in a folder, again at every save, and give hints."""
    from sums_to_one.tests.judge.watch import Watch, judgeable

    subjects = judgeable(folder)
    if not subjects:
        rule = "there must be a file with a component"
        typer.echo(f"error: {rule} in {folder}: try sums-to-one exercise softmax", err=True)
        raise typer.Exit(2)
    arguments = pytest_arguments(subjects, None, None, "-s", "-qq", "--no-header", "-r", "N")
    imported = "ignore::pytest.PytestAssertRewriteWarning"
    plugins = [Watch(folder, console, chinese)]
    raise typer.Exit(int(pytest.main([*arguments, "-W", imported], plugins=plugins)))


@app.command()
def impostor(
    component: Annotated[str, typer.Argument(help="Of which component.")],
    name: Annotated[
        str | None, typer.Argument(help="Its name; if none is given, they are listed.")
    ] = None,
    answer: Annotated[bool, typer.Option("--answer", help="Say what is wrong with it.")] = False,
    chinese: Chinese = False,
) -> None:
    """Judge one of our impostors: what is wrong with it?"""
    from sums_to_one.tests.judge import quiz

    _check(component)
    found = quiz.impostors(component)
    if name not in found:
        names = "\n".join(f"  {one}" for one in found)
        words = "the impostors of {component}; which is given as a second argument:"
        typer.echo(f"{in_language(words, chinese, component=component)}\n{names}")
        raise typer.Exit(2 if name else 0)
    typer.echo(quiz.question(found[name]))
    with tempfile.TemporaryDirectory() as folder:
        subject = quiz.as_subject(found[name], Path(folder))
        run_pytest(pytest_arguments([str(subject)], None, None, *shown(False, chinese)))
    asked = in_language("What is wrong with it? --answer says it.", chinese)
    typer.echo(quiz.answer(found[name], chinese) if answer else asked)


def _check(component: str) -> None:
    if component not in KNOWN:
        rule = f"a component must be one of {', '.join(KNOWN)}"
        typer.echo(f"error: {rule}, got {component!r}", err=True)
        raise typer.Exit(2)


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


def main() -> None:
    """The console script."""
    try:
        app(prog_name="sums-to-one")
    except SystemExit as end:
        end_at_once(end)


if __name__ == "__main__":
    main()
