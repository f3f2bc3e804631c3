"""`--report KIND=FILE`: what `sums-to-one judge` writes for other machines, beside the verdicts."""

import os
from pathlib import Path

import typer

from sums_to_one.tests.judge.endings import USAGE, Verdicts
from sums_to_one.tests.judge.formats import FORMATS, tests
from sums_to_one.tests.judge.terminal import plain

RULE = f"--report must be KIND or KIND=FILE, where KIND is one of {', '.join(FORMATS)}"
REASON = "not known yet"
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
        text = plain(FORMATS[kind](verdicts))
        if path is None:
            typer.echo(text, nl=False)
        elif str(path) == os.environ.get(SUMMARY):
            with path.open("a", encoding="utf-8") as file:
                file.write(text)
        else:
            path.write_text(text, encoding="utf-8")


def write_deviations(verdicts: Verdicts, path: Path) -> None:
    """Every refusal of the one subject, asked once more to learn its input."""
    from sums_to_one.tests.judge.asking import asked_in_variants, given  # and with it torch
    from sums_to_one.tests.judge.conventions import of_each
    from sums_to_one.tests.judge.deviations import as_toml

    found, count = [], 0
    for subject in verdicts["subjects"]:
        how, rows = subject["asked"], [row for row, _ in tests(subject)]
        refused = {
            (row["component"], row["sentence"]) for row in rows if row["outcome"] == "failed"
        }
        names = [*dict.fromkeys(component for component, _ in refused)]
        where = [how["dtype"] or None], [how["device"]]
        asked = asked_in_variants(
            given(how["source"]),
            names,
            *where,
            how["transform"] or None,
            conventions=of_each(how["conventions"]),
        )
        found += [
            case.as_deviation(REASON, dtype) for case, dtype, _ in asked if case.about in refused
        ]
        count += len(refused)
    known = [deviation for deviation in found if deviation]
    path.write_text(as_toml(known), encoding="utf-8")
    typer.echo(f"{len(known)} of {count} refusals written to {path}, to be given reasons")
