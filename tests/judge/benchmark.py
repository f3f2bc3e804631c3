"""How long a learner waits, and what an activation costs.

`python -m sums_to_one.tests.judge.benchmark` prints the table of the README. Machines are noisy, so
costs are ratios of the best of many runs, taken in turn, and no seconds gate anything.

With `--against REF` another commit is measured beside this one, in turn with it: it fails where
judging, or collecting the tests, takes more than LIMIT times the processor time that it took there.
"""

import contextlib
import os
import platform
import re
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from statistics import median

import torch

from sums_to_one import concepts
from sums_to_one.cifar.modules import ROOT
from sums_to_one.tests.judge import sandbox
from sums_to_one.tests.judge.components import COMPONENTS, KNOWN, file_of
from sums_to_one.tests.judge.exercise import write

PATIENCE = 120.0  # seconds for one component
VERDICT = r"claims? refuses? it"  # the head of what all claims say
PYTEST = [sys.executable, "-m", "pytest", "-q"]
ONE_SOFTMAX = "import torch\n\ndef softmax(x, dim):\n    return torch.softmax(x, dim)\n"
LIMIT = 1.25  # times the processor time of before
ROUNDS = 3  # of each, of which the best counts: what others do makes a run only slower
COMPARED = {
    "softmax": ONE_SOFTMAX,
    "SGD": "from torch.optim import SGD\n",
    "BatchNorm1d": "from torch.nn import BatchNorm1d\n",
}


def seconds(command: list[str]) -> float:
    """The wall-clock time of a command that must succeed."""
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def ratio(slow: Callable[[], object], fast: Callable[[], object], rounds: int = 200) -> float:
    """How many times longer one call takes than the other, best against best."""
    best = [float("inf"), float("inf")]
    for _ in range(rounds):
        for which, call in enumerate((slow, fast)):
            start = time.perf_counter()
            call()
            best[which] = min(best[which], time.perf_counter() - start)
    return best[0] / best[1]


def costs() -> list[tuple[str, str]]:
    """1.1.5 and 1.3.5: an exponential costs, and a dense product does not see zeros."""
    x, weight = torch.randn(256, 1024), torch.randn(1024, 1024)
    half_zero, dense = torch.relu(x), x.abs()
    warnings.simplefilter("ignore")  # sparse tensors are a beta, says torch
    skipping = half_zero.to_sparse_csr()
    from_scratch = ratio(lambda: concepts.sigmoid(x), lambda: concepts.relu(x))
    torchs = ratio(lambda: torch.sigmoid(x), lambda: torch.relu(x))
    zeros = ratio(lambda: half_zero @ weight, lambda: dense @ weight)
    sparse = ratio(lambda: skipping @ weight, lambda: dense @ weight, rounds=20)
    return [
        ("1.1.5 sigmoid against relu, from scratch", f"{from_scratch:.1f} times"),
        ("1.1.5 sigmoid against relu, PyTorch's", f"{torchs:.1f} times"),
        ("1.3.5 dense product, half of it zeros, against none", f"{zeros:.2f} times"),
        ("1.3.5 sparse product, half of it zeros, against dense", f"{sparse:.1f} times"),
    ]


def waiting(folder: Path) -> list[tuple[str, str]]:
    """What the commands of the README take."""
    subject = folder / "solution.py"
    subject.write_text(ONE_SOFTMAX)
    torch_alone = min(seconds([sys.executable, "-c", "import torch"]) for _ in range(3))
    judging = min(seconds([*PYTEST, f"--subject={subject}"]) for _ in range(3))
    return [
        ("`uv run pytest`, everything", f"{seconds(PYTEST):.0f} s"),
        *(
            (f"`uv run pytest tests/{c}`", f"{seconds([*PYTEST, f'tests/{c}']):.0f} s")
            for c in COMPONENTS
        ),
        ("importing torch", f"{torch_alone:.1f} s"),
        ("judging one softmax, beyond importing torch", f"{judging - torch_alone:.1f} s"),
    ]


def from_saves(components: Iterable[str], folder: Path) -> dict[str, tuple[float, float]]:
    """From a save of an exercise to the first claim that refuses it, while all are watched.

    Returns:
        By component, seconds by the clock, and of the processor, if the system tells them.
    """
    files = {component: write(component, folder / "my") for component in components}
    output, found = folder / "said", {}
    command = [sys.executable, "-m", "sums_to_one.tests.judge.command", "watch", "my"]
    with output.open("w") as said, subprocess.Popen(
        command, cwd=folder, stdout=said, stderr=said, stdin=subprocess.DEVNULL
    ) as watching:  # fmt: skip
        try:
            _wait(output, VERDICT, len(files), PATIENCE * len(files))
            for component, file in files.items():
                time.sleep(1)  # until it looks at the folder again
                verdicts, refusals = _told(VERDICT, output), _told("✗", output)
                took, start = taken(watching.pid), time.perf_counter()
                file.write_text(f"{file.read_text()}\n")
                _wait(output, "✗", refusals + 1)
                found[component] = time.perf_counter() - start, taken(watching.pid) - took
                _wait(output, VERDICT, verdicts + 1)
            return found
        finally:
            watching.kill()


def _told(words: str, output: Path) -> int:
    return len(re.findall(words, output.read_text()))


def taken(pid: int) -> float:
    """The processor time of a process and of all that it has started, ended or not."""
    process = Path("/proc", str(pid))
    try:
        fields = (process / "stat").read_text().rpartition(")")[2].split()
        children = [n for t in process.glob("task/*/children") for n in t.read_text().split()]
    except OSError:  # it has just ended, or the system tells none
        return 0.0
    own = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return own + sum(taken(int(child)) for child in children)


def _wait(output: Path, words: str, times: int, seconds: float = PATIENCE) -> None:
    end = time.perf_counter() + seconds
    while _told(words, output) < times:
        if time.perf_counter() > end:
            raise TimeoutError(f"{words!r} did not come {times} times within {seconds:.0f} s")
        time.sleep(0.01)


def saving(folder: Path) -> list[tuple[str, str]]:
    """From a save to the first refusal, of every component."""
    found = from_saves(KNOWN, folder)
    rows = []
    for n, how in enumerate(("by the clock", "processor time")):
        worst = max(found, key=lambda component: found[component][n])
        middle = median(each[n] for each in found.values())
        told = f"{middle:.2f} s, at worst {found[worst][n]:.2f} s ({worst})"
        rows.append((f"from a save to the first refusal, {how}, median of all components", told))
    return rows


@contextlib.contextmanager
def checked_out(ref: str) -> Iterator[Path]:
    """The files of a commit, in a folder for as long as that."""
    with tempfile.TemporaryDirectory(prefix="base-") as folder:
        tree = Path(folder).resolve() / "tree"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), ref], check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def processor_seconds(tree: Path, arguments: list[str]) -> float:
    """What pytest takes in a tree of ours, with all processes that it starts."""
    # The folder there has the name that the package is imported by: before what is installed.
    environment = {**os.environ, "PYTHONPATH": str(tree / ".ci" / "typing")}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [*PYTEST, "-n0", *arguments]
    run = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
    with contextlib.suppress(ChildProcessError):
        while True:  # what a process took that nobody waits for is counted nowhere
            os.waitpid(-1, 0)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.returncode:
        raise RuntimeError(f"{' '.join(command)} must succeed, got\n{run.stdout[-2000:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ratios(
    measure: Callable[[Path, list[str]], float], trees: tuple[Path, Path], folder: Path
) -> Iterator[tuple[str, float, float]]:
    """What is compared: in words, and the best of each tree, measured in turn."""
    jobs = {"collecting the tests": ["--collect-only", "-p", "no:cacheprovider"]}
    for name, text in COMPARED.items():
        subject = folder / f"{file_of(name)}.py"
        subject.write_text(text)
        jobs[f"judging {name}"] = [f"--subject={subject}"]
    for words, arguments in jobs.items():
        rounds = [[measure(tree, arguments) for tree in trees] for _ in range(ROUNDS)]
        now, before = (min(times) for times in zip(*rounds, strict=True))
        yield words, now, before


def against(ref: str) -> int:
    """Whether anything takes too much longer than at another commit; with a table."""
    slower = False
    sandbox.adopts_orphans()  # such as claims that were asked, when who asked them is ended
    with checked_out(ref) as base, tempfile.TemporaryDirectory() as folder:
        print(f"| processor time | at {ref} | now | ratio |\n| --- | --- | --- | --- |")
        for words, now, before in ratios(processor_seconds, (ROOT, base), Path(folder)):
            print(f"| {words} | {before:.1f} s | {now:.1f} s | {now / before:.2f} |", flush=True)
            slower |= now > LIMIT * before
    if slower:
        print(f"no ratio may be above {LIMIT}", file=sys.stderr)
    return int(slower)


def main(*arguments: str) -> int:
    if arguments[:1] == ("--against",) and len(arguments) == 2:
        return against(arguments[1])
    if arguments:
        print(f"usage: benchmark [--against REF], got {' '.join(arguments)}", file=sys.stderr)
        return 2
    print(f"{os.cpu_count()} cores, {platform.machine()}, torch {torch.__version__}\n")
    print("| what | measured |\n| --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for what, figure in [*costs(), *waiting(Path(folder)), *saving(Path(folder))]:
            print(f"| {what} | {figure} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
