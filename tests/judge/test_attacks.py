"""Attacks on the judge, each of which says what its verdict must be: tests/judge/attacks/.

They are judged in one run, beside an honest right and an honest wrong implementation. Among them
are those that forge their verdict, those that would spoil others', and those that leave things
behind. Those that never end are judged in another run, beside it, by one claim and soon ended.
"""

import functools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from sums_to_one.cifar.modules import ROOT

ATTACKS = sorted(Path(__file__).with_name("attacks").glob("*.py"))
HONEST = ("honest_right", "honest_wrong")
ENDLESS = ("fork_bomb", "hoarder", "loops", "loops_at_import")


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the verdicts on all of them, made once for all workers of pytest-xdist."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "popen" in base.name else base) / "attacks"
    with FileLock(f"{folder}.lock"):
        if not (folder / "verdicts.json").exists():
            judge_in(folder)
    return folder


def judge_in(folder: Path) -> None:
    for attack in ATTACKS:
        (folder / attack.stem).mkdir(parents=True)
        (folder / attack.stem / "solution.py").write_text(attack.read_text())
    others = [attack.stem for attack in ATTACKS if attack.stem not in ENDLESS]
    endless = ["--timeout=5", "-k", "every_element_is_0"]
    runs = [
        judging(folder, "verdicts", others, "--timeout=20", "--fast"),
        judging(folder, "endless", [*ENDLESS, *HONEST], *endless),
    ]
    for run in runs:
        printed, _ = run.communicate()
        with (folder / "printed.txt").open("a") as file:
            file.write(printed)
        assert run.returncode == 1, printed


def judging(folder: Path, name: str, subjects: list[str], *options: str) -> subprocess.Popen[str]:
    """The judge of these, at work."""
    files = [f"--subject={folder / subject / 'solution.py'}" for subject in subjects]
    command = [sys.executable, "-m", "pytest", *options, f"--verdicts={folder / name}.json"]
    return subprocess.Popen(
        [*command, *files],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@functools.cache
def verdicts(folder: Path, name: str = "verdicts") -> dict[str, Any]:
    found = json.loads((folder / f"{name}.json").read_text())
    by_name = {Path(s["name"]).parent.name: s for s in found["subjects"]}
    return {**by_name, **{Path(name).parent.name: why for name, why in found["not judged"].items()}}


def verdict_on(subject: dict[str, Any] | str) -> str:
    """In a word."""
    if isinstance(subject, str):
        return "cannot be judged"
    outcomes = {claim["outcome"] for claim in subject["claims"]}
    if "tampered" in outcomes:
        return "tampered"
    refused = outcomes & {"failed", "error"}
    return "refused" if refused else "accepted" if "passed" in outcomes else "not asked"


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.stem)
def test_every_attack_gets_the_verdict_that_it_must(judged: Path, attack: Path) -> None:
    due = attack.read_text().partition("Verdict: ")[2].partition("\n")[0]
    run = "endless" if attack.stem in ENDLESS else "verdicts"
    subject = verdicts(judged, run)[attack.stem]
    assert verdict_on(subject) == due, subject


def test_beside_those_that_never_end_the_honest_get_their_verdicts(judged: Path) -> None:
    found = verdicts(judged, "endless")
    assert [verdict_on(found[name]) for name in HONEST] == ["accepted", "refused"]


def test_whoever_is_accepted_has_been_confirmed_with_fresh_numbers(judged: Path) -> None:
    found = [s for s in verdicts(judged).values() if verdict_on(s) == "accepted"]
    assert found
    assert all(s["proof"]["confirmed"] == s["components"] for s in found)


def test_a_verdict_says_what_was_judged(judged: Path) -> None:
    proof = verdicts(judged)["honest_right"]["proof"]
    file = judged / "honest_right" / "solution.py"
    assert proof["path"] == str(file.resolve())
    told = subprocess.run(["sha256sum", file], capture_output=True, text=True).stdout
    assert proof["sha256"] == told.split()[0]


def test_who_calls_ours_is_told_in_a_remark(judged: Path) -> None:
    left = verdicts(judged)["thief_in_a_shell"]["proof"]["left_to_others"]
    assert left == {"zeros_": ["sums_to_one.concepts: zeros_"]}


def test_what_is_done_in_another_process_nobody_has_seen(judged: Path) -> None:
    (left,) = verdicts(judged)["processes_go_on"]["proof"]["left_to_others"].values()
    assert left == ["nobody can say: it asks another process"]


def test_nobody_speaks_in_the_judges_place(judged: Path) -> None:
    printed = (judged / "printed.txt").read_text()
    assert "  nobody: all 24 claims hold\n" in printed
    assert "\nnobody: all 24 claims hold\n" not in printed


def test_no_attack_writes_outside_of_its_folder(judged: Path) -> None:
    assert not list(judged.rglob("left_behind*")), "something lies beside the subjects"
    own = (judged / "vandal" / "solution.py").read_text()
    assert own == (ROOT / "tests/judge/attacks/vandal.py").read_text()
    assert "# was here\n" not in (ROOT / "tests/common/closeness.py").read_text()
    assert not list(Path(sys.prefix).rglob("left_behind.pth"))


def test_no_process_outlives_the_judge(judged: Path) -> None:
    left = [file for file in Path("/proc").glob("[0-9]*/cmdline") if b"86397" in _read(file)]
    assert not left


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # it has ended meanwhile
        return b""
