"""Judges what others wrote, and compares its refusals with those that were checked by hand.

`python -m sums_to_one.tests.judge.others [--here] [name ...]` installs each library from the
registry into an environment that is thrown away afterwards (with --here it must be there), judges
it by all claims but those that train networks, and prints a row of the table in README. A refusal
that findings.toml does not explain, a finding that explains none, and one whose few lines in
checks.py no longer show it, are printed below; then the exit code is 1.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sums_to_one.cifar.modules import ROOT

HERE = Path(__file__).parent
ADAPTERS = "sums_to_one.tests.judge.others"
KINDS = ("their bug", "a convention", "a limit")
# The versions that the findings are of; torch's are those of this environment.
LIBRARIES: dict[str, tuple[str, ...]] = {
    "torch_optimizer": ("torch-optimizer==0.3.0",),
    "pytorch_optimizer": ("pytorch-optimizer==4.1.0",),
    "timm": ("timm==1.0.31",),
    "kornia": ("kornia==0.9.0",),
    "keras": ("keras==3.15.1",),
    "sklearn": ("scikit-learn==1.9.1",),
    "jax": ("jax==0.10.2",),
    "optax": ("optax==0.2.8", "jax==0.10.2"),
    "compiled_eager": (),
    "compiled_aot_eager": (),
    "scripted": (),
    "mapped": (),
}
# These compile anew for every shape that they meet, so that they are asked about fewer inputs.
COMPILING = ("jax", "optax")
FEW = ["-p", f"{ADAPTERS}.few", "--hypothesis-profile=few"]


@dataclass(frozen=True)
class Finding:
    """What refusals of one component have for a reason, as somebody has found by hand.

    Args:
        subject: the adapter, a key of LIBRARIES.
        component: whose refusals.
        claims: their names, without "test_".
        kind: one of KINDS.
        why: in a sentence.
        check: the function in checks.py that shows it without any claim.
    """

    subject: str
    component: str
    claims: tuple[str, ...]
    kind: str
    why: str
    check: str


@cache
def findings() -> list[Finding]:
    with (HERE / "findings.toml").open("rb") as file:
        rows = tomllib.load(file)["finding"]
    return [Finding(**{**row, "claims": tuple(row["claims"])}) for row in rows]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog=f"python -m {ADAPTERS}")
    parser.add_argument("--here", action="store_true", help="use the libraries that are installed")
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(LIBRARIES))
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in LIBRARIES]
    if unknown:
        parser.error(f"a name must be one of {', '.join(LIBRARIES)}, got {', '.join(unknown)}")
    print("| library | components | claims judged | refused | their bug | a convention | a limit |")
    print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
    problems: list[str] = []
    for name in options.names or LIBRARIES:
        with tempfile.TemporaryDirectory() as folder:
            python = Path(sys.executable) if options.here else installed(name, Path(folder))
            row, found = judged(name, python, Path(folder))
        print(row, flush=True)
        problems += found
    print("\n".join(problems))
    return bool(problems)


def installed(name: str, folder: Path) -> Path:
    """The interpreter of a new environment with a library and us."""
    home = folder / "environment"
    packages = [*LIBRARIES[name], *(f"{own}=={version_of(own)}" for own in ("torch", "numpy"))]
    for command in (
        ["uv", "venv", "--quiet", "--python", sys.executable, str(home)],
        ["uv", "pip", "install", "--quiet", "--python", str(home), "-e", str(ROOT), *packages],
    ):
        subprocess.run(command, check=True)
    return home / "bin" / "python"


def version_of(package: str) -> str:
    from importlib.metadata import version

    return version(package)


def judged(name: str, python: Path, folder: Path) -> tuple[str, list[str]]:
    """A row of the table, and what nobody has explained."""
    file = folder / "verdicts.json"
    options = ["-q", "--fast", "--timeout=120", f"--subject={ADAPTERS}.{name}"]
    options += [*(FEW if name in COMPILING else []), f"--verdicts={file}"]
    run = [str(python), "-W", "ignore", "-m", "pytest", *options]
    told = subprocess.run(run, capture_output=True, text=True, cwd=folder)
    if not file.exists():
        return f"| {name} |", [f"{name}: not judged: {told.stdout[-2000:]}{told.stderr[-2000:]}"]
    (subject,) = json.loads(file.read_text(encoding="utf-8"))["subjects"]
    asked, refused = claims_of(subject)
    known = [finding for finding in findings() if finding.subject == name]
    explained = {(f.component, claim): f for f in known for claim in f.claims}
    counts = Counter(explained[each].kind for each in refused if each in explained)
    problems = [f"{name}: {c}: {claim}: unexplained" for c, claim in refused - explained.keys()]
    problems += [f"{name}: {c}: {claim}: no longer" for c, claim in explained.keys() - refused]
    problems += shown([finding.check for finding in known], python, folder)
    cells = [", ".join(LIBRARIES[name]) or f"{name}, torch {version_of('torch')}"]
    numbers = [
        len({c for c, _ in asked}),
        len(asked),
        len(refused),
        *(counts[kind] for kind in KINDS),
    ]
    return f"| {' | '.join(map(str, [*cells, *numbers]))} |", sorted(problems)


def claims_of(subject: dict[str, Any]) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Which claims were asked, and which refuse: the component and the name of each."""
    outcomes: dict[tuple[str, str], set[str]] = {}
    for row in subject["claims"]:
        name = row["test"].partition("::test_")[2].partition("[")[0]
        outcomes.setdefault((row["component"], name), set()).add(row["outcome"])
    asked = {each for each, found in outcomes.items() if found != {"not provided"}}
    return asked, {each for each in asked if outcomes[each] & {"failed", "error", "tampered"}}


def shown(checks: list[str], python: Path, folder: Path) -> list[str]:
    """Which of these no longer show what they are for."""
    found = []
    for check in dict.fromkeys(checks):
        code = f"from {ADAPTERS} import checks; checks.{check}()"
        told = subprocess.run(
            [str(python), "-W", "ignore", "-c", code], capture_output=True, text=True, cwd=folder
        )
        if told.returncode:
            found.append(f"{check}: does not show it: {told.stderr.strip()[-300:]}")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
