"""`python -m sums_to_one.cifar`: train the network on CIFAR-10 and show what it has learnt.

Torch is imported once the command runs, so that `--help` answers at once.

Read next: `cifar/benchmark.py`, how fast it is.
"""

import inspect
import os
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from sums_to_one.cifar.recipes import MINUTE, RECIPES, recipe_named
from sums_to_one.cifar.settings import RefusedError, Settings, SettingsError

REFUSED, INTERRUPTED = 2, 130  # the exit codes that shells expect
STANDARD_COMPONENTS = ["torch"]
KINDS: dict[type, str] = {bool: "yes or no", int: "a whole number", float: "a number"}
BESIDE_RESUME = ("resume", "data", "device", "save_every", "tensorboard")


def _parsed(kind: type[int] | type[float]) -> Callable[[str | float], Any]:
    """What makes a number of an option; typer's own does not say in a refusal what came."""

    def parse(text: str | float) -> int | float:
        try:
            return kind(text)
        except ValueError:
            raise typer.BadParameter(f"it must be {KINDS[kind]}, got {text!r}") from None

    return parse


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")

DataFolder = Annotated[
    str | None,
    typer.Option(
        metavar="DIR",
        help="The folder that holds cifar-10-batches-py, or the word 'synthetic' for drawn "
        "images. If not given: $CIFAR10_ROOT, else ./data, else a download into ./data, else "
        "the synthetic images.",
        show_default=False,
    ),
]
RecipeName = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help=f"How to train, one of: {', '.join(RECIPES)}. They are called after the time that "
        "they take on one or two processor cores.",
    ),
]
Subjects = Annotated[
    list[str] | None,
    typer.Option(
        metavar="SUBJECT",
        help="Where to take layers, loss and optimizer from: a module, a .py file, or the word "
        "'concepts' for our own. Repeat the option for more than one; the first that has a "
        "component provides it, and PyTorch what none of them has.",
        show_default="torch",
    ),
]


@app.callback(invoke_without_command=True)
def train(
    context: typer.Context,
    recipe: RecipeName = MINUTE.name,
    data: DataFolder = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="A new or empty folder for the results. If not given: one named after the time "
            "in ./runs.",
            show_default=False,
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Go on with the run whose results are in this folder, where it was stopped. It "
            "keeps its recipe, settings and components.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            parser=_parsed(int),
            metavar="N",
            help="The same seed gives the same weights.",
            show_default="0",
        ),
    ] = None,
    components: Subjects = None,
    save_every: Annotated[
        int | None,
        typer.Option(
            parser=_parsed(int),
            metavar="STEPS",
            help="Save a checkpoint after so many steps, too, not only after every epoch.",
            show_default=False,
        ),
    ] = None,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Write logs for TensorBoard beside the results.")
    ] = False,
    device: Annotated[
        str,
        typer.Option(metavar="NAME", help="Compute on: cpu, cuda, or auto for a GPU if any."),
    ] = "auto",
    precision: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Of the products of matrices: float32, bfloat16, or auto for what a short "
            "measurement finds faster.",
        ),
    ] = "auto",
    epochs: Annotated[
        int | None,
        typer.Option(
            parser=_parsed(int),
            metavar="N",
            help="How often to go through all training images.",
            rich_help_panel="In place of what the recipe says",
            show_default=False,
        ),
    ] = None,
    hidden: Annotated[
        str | None,
        typer.Option(
            metavar="WIDTHS",
            help="The widths of the hidden layers, with commas between them, or 'none' for a "
            "linear model.",
            rich_help_panel="In place of what the recipe says",
            show_default=False,
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            parser=_parsed(int),
            metavar="N",
            help="How many images to learn from in one step.",
            rich_help_panel="In place of what the recipe says",
            show_default=False,
        ),
    ] = None,
    lr: Annotated[
        float | None,
        typer.Option(
            parser=_parsed(float),
            metavar="X",
            help="The highest learning rate.",
            rich_help_panel="In place of what the recipe says",
            show_default=False,
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Any other setting, such as activation=tanh, optimizer=SGD, dropout=0 or "
            "batch_norm=no; `--set help` lists them all.",
            rich_help_panel="In place of what the recipe says",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Train a fully connected network on CIFAR-10, or do something with a trained one.

    Without a command it trains: with the recipe 'minute' for half a minute on two processor
    cores, and gets about 6 in 10 of the test images right, where a guess gets 1 in 10.

    `torchrun --nproc-per-node N -m sums_to_one.cifar` trains on N processes.
    """
    if context.invoked_subcommand is not None:
        return
    named = {"epochs": epochs, "batch_size": batch_size, "lr": lr, "seed": seed}
    given: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    with _explained():
        if hidden is not None:
            given["hidden"] = _widths(hidden)
        if settings == ["help"]:
            typer.echo(_all_settings())
            return
        given |= dict(map(_setting, settings or []))
        if resume is not None:
            _alone(context, resume)
            _prepare()
            from sums_to_one.cifar.run import resume as go_on

            go_on(resume, data, device, save_every, tensorboard)
            return
        chosen = recipe_named(recipe)
        asked = replace(chosen.settings, **given)
        _prepare()
        from sums_to_one.cifar.run import run

        name = recipe if not given.keys() - {"seed"} else f"{recipe}, changed"
        run(
            data,
            output,
            name,
            asked,
            _subjects(components),
            device,
            precision,
            save_every,
            tensorboard,
        )


@app.command()
def predict(
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE...", help="Pictures of any size and format.")
    ],
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The checkpoint.pt of a run. If not given: that of the latest in ./runs.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Say what is in a picture: the three likeliest of the ten classes."""
    with _explained():
        _prepare()
        from rich.console import Console

        from sums_to_one.cifar.predict import predict_command

        predict_command(images, checkpoint, Console(highlight=False, markup=False))


@app.command()
def ablate(
    recipe: RecipeName = MINUTE.name,
    data: DataFolder = None,
    output: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="The folder for the results. The same command with the same folder goes on where "
            "it was stopped.",
        ),
    ] = Path("runs/ablation"),
    seeds: Annotated[
        int, typer.Option(parser=_parsed(int), metavar="N", help="How often to train each variant.")
    ] = 3,
    epochs: Annotated[
        int | None,
        typer.Option(
            parser=_parsed(int),
            metavar="N",
            help="How often to go through all training images, in place of what the recipe says.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Find out what each concept buys: take one at a time out of a recipe, and compare."""
    with _explained():
        _prepare()
        from rich.console import Console

        from sums_to_one.cifar import ablate as ablation
        from sums_to_one.cifar.data import load
        from sums_to_one.cifar.machine import machine

        console = Console(highlight=False, markup=False)
        chosen = recipe_named(recipe)
        images = load(data, console.print)
        with machine() as here:
            rows = ablation.ablate(images, chosen, seeds, output, here, epochs, console=console)
        title = (
            f"What each concept buys: {recipe}, {epochs or chosen.settings.epochs} epochs, "
            f"{seeds} seeds, {images.name}"
        )
        ablation.write(rows, title, output)
        console.print(ablation.table(rows, title))
        console.print(f"\nresults in {output}: {ablation.TABLE}, {ablation.CHART}")


def _subjects(components: Sequence[str] | None) -> list[str]:
    """PyTorch has what the others lack."""
    return list(dict.fromkeys([*(components or []), *STANDARD_COMPONENTS]))


def _widths(hidden: str) -> tuple[int, ...]:
    if hidden == "none":
        return ()
    try:
        return tuple(int(width) for width in hidden.split(","))
    except ValueError:
        raise SettingsError(
            f"hidden must be widths with commas between them, or the word none, got {hidden!r}"
        ) from None


def _all_settings() -> str:
    """Each setting with its value where no recipe says another, and what it is."""
    text = inspect.getdoc(Settings) or ""
    meanings = textwrap.dedent(text.partition("Args:\n")[2].partition("\n\n")[0]).splitlines()
    said = "\n".join(meanings)
    for field in fields(Settings):
        said = said.replace(f"{field.name}: ", f"{field.name}={_shown(field.default)}: ", 1)
    return said


def _shown(value: object) -> str:
    """As it is written after --set."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _setting(text: str) -> tuple[str, Any]:
    """`dropout=0.1` as a name and a value of the type that this setting has."""
    standard = {field.name: field.default for field in fields(Settings)}
    name, equals, value = text.partition("=")
    name = name.replace("-", "_")
    if name not in standard or not equals:
        raise SettingsError(
            f"a setting must be NAME=VALUE, with a name of {', '.join(standard)}, got {text!r}"
        )
    try:
        return name, _like(standard[name], value)
    except ValueError:
        kind = KINDS[type(standard[name])]
        raise SettingsError(f"{name} must be {kind}, got {value!r}") from None


def _like(standard: object, value: str) -> Any:
    if isinstance(standard, bool):
        if value not in ("yes", "no"):
            raise ValueError
        return value == "yes"
    if isinstance(standard, tuple):
        return _widths(value)
    return type(standard)(value)  # type: ignore[call-arg]  # it is an int, a float or a str


def _alone(context: typer.Context, resume: Path) -> None:
    sources = {name: context.get_parameter_source(name) for name in context.params}
    given = [
        "--set" if name == "settings" else f"--{name.replace('_', '-')}"
        for name, source in sources.items()
        if name not in BESIDE_RESUME and source is not None and source.name == "COMMANDLINE"
    ]
    if given:
        raise SettingsError(
            f"a run must go on with the folder, recipe, settings and components that it has, "
            f"got {', '.join(given)} beside --resume {resume}"
        )


def _prepare() -> None:
    # Where cores are shared, threads that wait by spinning keep each other from working.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


@contextmanager
def _explained() -> Iterator[None]:
    """Refusals and interrupts in one line in place of a traceback."""
    try:
        yield
    except RefusedError as problem:
        _stop(f"error: {problem}", REFUSED)
    except KeyboardInterrupt as stop:
        _stop(str(stop) or "interrupted", INTERRUPTED)


def _stop(message: str, code: int) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)


if __name__ == "__main__":
    app(prog_name="python -m sums_to_one.cifar")
