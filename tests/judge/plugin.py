"""What pytest meets wherever sums-to-one is installed: the option `--subject`, and a marker.

Without that option nothing else is loaded: a stranger's run stays as it is. With it
`collecting` joins in, which brings the claims and their fixtures.
"""

import itertools
from pathlib import Path

import pytest

TAKE_A_PATH = ("--subject", "--verdicts", "--deviations")
COLLECTING = "sums_to_one.tests.judge.collecting"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("sums-to-one", "judging implementations")
    group.addoption(
        "--subject",
        action="append",
        default=[],
        dest="subjects",
        metavar="X",
        help="judge this module: a dotted name or the path of a .py file (repeatable)",
    )
    group.addoption(
        "--limits",
        action="append",
        default=[],
        metavar="C=JSON",
        help='what component C is not asked for, as in \'softmax={"dtypes": ["float32"]}\'',
    )
    group.addoption(
        "--strict-limits",
        action="store_true",
        help="refuse whatever a subject refuses without declaring it, half precision included",
    )
    group.addoption(
        "--dtype",
        action="append",
        default=[],
        dest="dtypes",
        metavar="D",
        help="judge in this dtype alone, such as bfloat16 (repeatable)",
    )
    group.addoption(
        "--device",
        action="append",
        default=[],
        dest="devices",
        metavar="D",
        help="judge on this device, such as cuda (repeatable)",
    )
    group.addoption(
        "--transform",
        default="",
        metavar="T",
        help="what becomes of each component before it is judged: compile, compile-aot_eager, "
        "compile-eager, script, vmap, or a function MODULE:FUNCTION from component to component",
    )
    group.addoption(
        "--deviations",
        metavar="FILE",
        help="refusals that are known, of which the pinned input alone is asked",
    )
    group.addoption(
        "--convention",
        action="append",
        default=[],
        metavar="NAME",
        help="subjects follow this convention, which is not PyTorch's, on purpose (repeatable); a "
        "wrong name lists them",
    )
    group.addoption(
        "--sandbox",
        choices=("auto", "require", "none"),
        default="auto",
        help="walls around subjects: those that this machine has (auto, the default), all of them "
        "or an error (require), or none",
    )
    group.addoption(
        "--seed",
        type=int,
        metavar="N",
        help="of the fresh numbers in the clean room, to repeat a verdict; by default another one "
        "each time",
    )
    group.addoption(
        "--from-scratch",
        action="store_true",
        help="refuse a component that leaves its work to a library's component of that name",
    )
    group.addoption(
        "--fast",
        action="store_true",
        help="leave out the claims that train networks, which take most of the time",
    )
    group.addoption("--verdicts", metavar="FILE", help="write the verdicts to FILE, as JSON")
    group.addoption(
        "--show",
        choices=("refused", "all"),
        default="refused",
        help="of what is refused the most telling, on a screen (default), or all claims",
    )
    group.addoption(
        "--zh", action="store_true", dest="chinese", help="the sentences of the claims in Chinese"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Known wherever markers must be: claims have it, also as tests of a stranger's own."""
    config.addinivalue_line("markers", "claim(*ids): the claims of the ledger that this test backs")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> None:
    if parser.parse_known_args(args).subjects:
        _refuse_if_misread(early_config)
        early_config.pluginmanager.import_plugin(COLLECTING)


def _refuse_if_misread(config: pytest.Config) -> None:
    """pytest looks for its settings before it knows our options, and takes X for a path to test.

    Where X lies elsewhere, the settings are then sought beside it.
    """
    from _pytest.config.findpaths import locate_config  # nothing public tells

    given = list(config.invocation_params.args)
    for option, value in itertools.pairwise(given):
        if option in TAKE_A_PATH and Path(value).exists() and not _says_where(given):
            here = config.invocation_params.dir
            _, expected, *_ = locate_config(here, [here])
            if config.inipath != expected:
                raise pytest.UsageError(
                    f"pytest has taken {value!r} for a path to be tested, and its settings for "
                    f"those of this run; please write {option}={value}"
                )


def _says_where(arguments: list[str]) -> bool:
    """Whether it was said where the settings are, so that none are sought."""
    return any(argument.startswith(("-c", "--config-file", "--rootdir")) for argument in arguments)
