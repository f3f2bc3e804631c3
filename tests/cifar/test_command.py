"""`python -m cifar` says what it does, refuses what it cannot do, and loses nothing."""

import re

import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from cifar import run as running
from cifar import train as training
from cifar.__main__ import app

RESULTS = ["checkpoint.pt", "learning-curve.png", "report.txt", "worst-mistakes.png"]
LOUD = "SYNTHETIC STAND-IN, not CIFAR-10"
SMALL = ("--data", "synthetic", "--hidden", "8", "--epochs", "2", "--batch-size", "500")


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Run the command in an empty folder, where nobody has named any data."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CIFAR10_ROOT", raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    return lambda *options: CliRunner().invoke(app, options)


def refused(result):
    """The one line of a refusal; that it is one is part of every claim that asks for it."""
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit), "a traceback"
    assert result.stderr.startswith("error: ")
    return result.stderr


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """What a run with the stand-in has printed, and the folder in which it was started."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(running.time, "strftime", lambda form: "now")
        result = CliRunner().invoke(app, SMALL)
    assert result.exit_code == 0, result.output
    return result.stdout, folder


@pytest.mark.stand_in
def test_a_run_leaves_four_files(finished):
    _, folder = finished
    assert sorted(path.name for path in (folder / "runs/now-synthetic").iterdir()) == RESULTS


@pytest.mark.stand_in
def test_every_output_names_the_stand_in(finished):
    printed, folder = finished
    assert printed.count(LOUD) == 3, "at the start, above the training, in the report"
    out = folder / "runs/now-synthetic"
    assert LOUD in (out / "report.txt").read_text()
    for picture in out.glob("*.png"):
        with Image.open(picture) as image:
            assert LOUD in image.info["Title"]
    assert torch.load(out / "checkpoint.pt", weights_only=True)["data"] == LOUD


@pytest.mark.stand_in
def test_the_report_has_a_line_for_every_class(finished, synthetic):
    printed, _ = finished
    assert [name for name in synthetic.classes if f"\n  {name} " not in printed] == []


@pytest.mark.stand_in
def test_the_report_says_where_the_components_come_from(finished):
    printed, _ = finished
    origins = " ".join(printed.split())
    assert re.search(r"softmax.* from concepts; .*Linear.* from torch", origins)


@pytest.mark.stand_in
def test_a_run_without_a_folder_of_its_own_gets_a_new_one(finished, monkeypatch):
    _, folder = finished
    monkeypatch.chdir(folder)
    monkeypatch.setattr(running.time, "strftime", lambda form: "now")
    result = CliRunner().invoke(app, SMALL)
    assert "results   runs/now-synthetic-2\n" in result.stdout


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("--epochs", "0", "epochs must be at least 1"),
        ("--seconds", "-1", "seconds must be a number above 0"),
        ("--seconds", "nan", "seconds must be a number above 0"),
        ("--hidden", "512,x", "hidden must be widths with commas between them"),
        ("--hidden", "512,0", "every hidden width must be from 1 to 16384"),
        ("--dropout", "1", "the dropout must be from 0 to below 1"),
        ("--batch-size", "1", "the batch size must be at least 2"),
        ("--batch-size", "4001", "the batch size must be at most"),
        ("--lr", "-0.1", "the learning rate must be a number above 0"),
        ("--lr", "inf", "the learning rate must be a number above 0"),
        ("--momentum", "1", "the momentum must be from 0 to below 1"),
        ("--weight-decay", "nan", "the weight decay must be a number from 0 up"),
        ("--seed", "-1", "the seed must be from 0 to 2**63 - 1"),
        ("--components", "no_such_module", "a subject must be a module or a .py file"),
        ("--components", "concepts", "one of the subjects must provide Linear"),
        ("--data", "no/where", "a data folder must hold cifar-10-batches-py"),
        ("--data", "", "a data folder must hold cifar-10-batches-py"),
    ],
)
def test_a_wrong_value_is_refused_with_the_rule_and_what_came(
    command, tmp_path, option, value, rule
):
    message = refused(command("--data", "synthetic", option, value))
    assert rule in message
    assert f"got {value}" in message.replace("'", "").replace("[512, 0]", "512,0") or not value
    assert not list(tmp_path.glob("runs/*")), "nothing is left behind"


@pytest.mark.parametrize("option", ["--epochs", "--lr", "--seed"])
def test_a_word_in_place_of_a_number_is_refused(command, option):
    result = command(option, "many")
    assert result.exit_code == 2
    assert re.search(r"it must be a (whole )?number, got 'many'", result.stderr)


def test_a_folder_that_cannot_be_written_to_is_refused_before_training(command, tmp_path):
    (tmp_path / "file").touch()
    message = refused(command(*SMALL, "--output", "file/out"))
    assert "must be one that can be written to, got file/out" in message


def test_an_older_run_is_never_written_over(command, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "checkpoint.pt").write_text("precious")
    message = refused(command(*SMALL, "--output", "out"))
    assert "must be new or empty, got out, which holds checkpoint.pt" in message
    assert (tmp_path / "out" / "checkpoint.pt").read_text() == "precious"


@pytest.mark.stand_in
def test_a_loss_that_is_no_number_is_explained(command):
    message = refused(command(*SMALL, "--lr", "1e38"))
    assert "must stay a finite number" in message
    assert "no epoch was finished" in message


@pytest.mark.stand_in
@pytest.mark.parametrize(
    ("stop", "code", "told"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (training.DivergedError("nan"), 2, "error: nan"),
    ],
    ids=["interrupted", "diverged"],
)
def test_what_was_learnt_before_the_stop_is_kept(command, tmp_path, monkeypatch, stop, code, told):
    rounds = iter([training.evaluate])

    def evaluate_once(*arguments):
        for evaluate in rounds:
            return evaluate(*arguments)
        raise stop

    monkeypatch.setattr(training, "evaluate", evaluate_once)
    result = command(*SMALL, "--output", "out")
    assert result.exit_code == code
    assert result.stderr == f"{told}; the state after epoch 1 is in out/checkpoint.pt\n"
    kept = torch.load(tmp_path / "out" / "checkpoint.pt", weights_only=True)
    assert len(kept["history"]) == 1


@pytest.mark.stand_in
def test_a_disk_that_fills_up_is_explained(command, monkeypatch):
    def full_disk(state, path):
        raise RuntimeError("no space left")

    monkeypatch.setattr(torch, "save", full_disk)
    message = refused(command(*SMALL, "--output", "out"))
    assert "the output folder must stay writable, got out: no space left" in message
