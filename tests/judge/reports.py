"""`--report KIND=FILE`: what `sums-to-one judge` writes for other machines, beside the verdicts."""

import os
from pathlib import Path

import typer

from sums_to_one.tests.judge.endings import USAGE, Verdicts
from sums_to_one.tests.judge.formats import FORMATS

RULE = f"--report must be KIND or KIND=FILE, where KIND is one of {', '.join(FORMATS)}"
SUMMARY = "GITHUB_STEP_SUMMARY"  # the variable that names the file of a job's summary


def places(reports: list[str]) -> dict[str, Path | None]:
    """Where each kind of report goes; None is the terminal. Wrong usage ends the program."""
    found: dict[str, Path | None] = {}
    for report in reports:
        kind, _, file = report.partition("=")
        path = Path(file) if file else None
        if kind not in FORMATS:
            refuse(f"{RULE}, got {report!r}")
        if path and (path.is_dir() or not os.access(path.parent, os.W_OK)):
            refuse(f"--report must name a file in a writable folder, got {file!r}")
        found[kind] = path
    return found


def refuse(text: str) -> None:
    """Say what is wrong, and end the program."""
    typer.echo(f"error: {text}", err=True)
    raise typer.Exit(USAGE)


def write(verdicts: Verdicts, places: dict[str, Path | None]) -> None:
    """Each report where it goes; to the summary of a job it is added."""
    for kind, path in places.items():
        text = FORMATS[kind](verdicts)
        if path is None:
            typer.echo(text, nl=False)
        elif str(path) == os.environ.get(SUMMARY):
            with path.open("a", encoding="utf-8") as file:
                file.write(text)
        else:
            path.write_text(text, encoding="utf-8")
