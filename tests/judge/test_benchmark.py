"""A commit is compared with its base by what both take in one run, and by nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from sums_to_one.cifar.modules import ROOT
from sums_to_one.tests.judge import benchmark


@pytest.mark.parametrize(("now", "fails"), [(12.4, False), (12.6, True)])
def test_it_fails_where_more_than_a_quarter_is_added(monkeypatch, capsys, now, fails):
    took = {ROOT: now, Path("base"): 10.0}
    monkeypatch.setattr(
        benchmark, "checked_out", lambda ref: benchmark.contextlib.nullcontext(Path("base"))
    )
    monkeypatch.setattr(benchmark.sandbox, "adopts_orphans", lambda: None)
    monkeypatch.setattr(benchmark, "processor_seconds", lambda tree, arguments: took[tree])
    assert benchmark.against("main") == fails
    assert f"| judging softmax | 10.0 s | {now} s | {now / 10:.2f} |" in capsys.readouterr().out


def test_the_best_of_several_rounds_counts(tmp_path):
    times = iter([20.0, 10.0, 11.0, 30.0, 40.0, 12.0] * 4)
    found = benchmark.ratios(lambda tree, arguments: next(times), (ROOT, tmp_path), tmp_path)
    assert [(now, before) for _, now, before in found] == [(11.0, 10.0)] * 4


def test_what_runs_in_a_tree_is_the_code_of_that_tree(tmp_path):
    place = ROOT / ".ci" / "typing"
    (tmp_path / "sums_to_one").symlink_to(place / "sums_to_one")
    code = "import sums_to_one; print(sums_to_one.__file__)"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert run.stdout.startswith(str(tmp_path))
