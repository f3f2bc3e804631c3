"""`python -m sums_to_one.cifar` says what it does, refuses what it cannot do, and loses nothing."""

import re
import shutil
import signal
import sys
from dataclasses import replace

import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from sums_to_one.cifar import checkpoint
from sums_to_one.cifar import evaluate as evaluation
from sums_to_one.cifar import run as running
from sums_to_one.cifar import train as training
from sums_to_one.cifar.__main__ import app
from sums_to_one.tests.cifar.trainings import weights_in

RESULTS = [
    "checkpoint.pt",
    "confusion-matrix.png",
    "first-layer.png",
    "learning-curve.png",
    "report.txt",
    "summary.html",
    "worst-mistakes.png",
]
LOUD = "SYNTHETIC STAND-IN, not CIFAR-10"
SMALL = (
    *("--data", "synthetic", "--hidden", "8", "--epochs", "2", "--batch-size", "500"),
    *("--set", "whiten=0"),
)


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
def test_a_run_leaves_its_checkpoint_pictures_and_reports(finished):
    _, folder = finished
    assert sorted(path.name for path in (folder / "runs/now-synthetic").iterdir()) == RESULTS


@pytest.mark.stand_in
def test_every_text_names_the_stand_in(finished):
    printed, folder = finished
    assert printed.count(LOUD) == 3, "at the start, above the training, in the report"
    assert LOUD in (folder / "runs/now-synthetic/report.txt").read_text()
    assert LOUD in (folder / "runs/now-synthetic/summary.html").read_text()


@pytest.mark.stand_in
def test_every_picture_and_the_checkpoint_name_the_stand_in(finished):
    out = finished[1] / "runs/now-synthetic"
    for picture in out.glob("*.png"):
        with Image.open(picture) as image:
            assert LOUD in image.info["Title"]
    assert torch.load(out / "checkpoint.pt", weights_only=True)["data"]["name"] == LOUD


@pytest.mark.stand_in
def test_the_report_has_a_line_for_every_class(finished, synthetic):
    printed, _ = finished
    assert [name for name in synthetic.classes if f"\n  {name} " not in printed] == []


@pytest.mark.stand_in
def test_the_report_says_where_the_components_come_from(finished):
    printed, _ = finished
    origins = " ".join(printed.split())
    assert re.search(r"components: .*Linear.*softmax.* from torch", origins)


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
        ("--recipe", "feast", "the recipe must be one of minute, coffee, lunch"),
        ("--hidden", "512,x", "hidden must be widths with commas between them"),
        ("--hidden", "512,0", "every hidden width must be from 1 to 16384"),
        ("--set", "dropout=1", "the dropout must be from 0 to below 1"),
        ("--batch-size", "1", "the batch size must be at least 2"),
        ("--batch-size", "4001", "the batch size must be at most"),
        ("--lr", "-0.1", "the learning rate must be a number above 0"),
        ("--lr", "inf", "the learning rate must be a number above 0"),
        ("--set", "momentum=1", "the momentum must be from 0 to below 1"),
        ("--set", "weight_decay=nan", "the weight decay must be a number from 0 up"),
        ("--set", "warmup=1", "the warm-up must be from 0 to below 1"),
        ("--set", "whiten=3073", "the principal components must be from 0 to 3072"),
        ("--set", "whiten_floor=0", "the floor of whitening must be a number above 0"),
        ("--set", "held_out=0", "the images held out must be from 1 to 40000"),
        ("--set", "crop=17", "the crop must be from 0 to 16 pixels"),
        ("--set", "mixup=-1", "mixup must be a number from 0 up"),
        ("--set", "label_smoothing=1", "the label smoothing must be from 0 to below 1"),
        ("--set", "activation=step", "the activation must be one of relu, leaky_relu, gelu"),
        ("--set", "initialization=ones_", "the initialization must be one of kaiming_normal_"),
        ("--set", "optimizer=LBFGS", "the optimizer must be one of SGD, Adagrad, RMSprop, Adam"),
        ("--set", "flip=always", "the flip must be one of never, random, alternating"),
        ("--set", "crop=some", "crop must be a whole number"),
        ("--set", "batch_norm=perhaps", "batch_norm must be yes or no"),
        ("--set", "colour=red", "a setting must be NAME=VALUE, with a name of hidden, activation"),
        ("--device", "abacus", "the device must be auto, cpu or cuda"),
        ("--precision", "int3", "the precision must be auto, float32 or bfloat16"),
        ("--save-every", "0", "checkpoints must be at least 1 step apart"),
        ("--seed", "-1", "the seed must be from 0 to 2**63 - 1"),
        ("--components", "no_such_module", "a subject must be a module or a .py file"),
        ("--data", "no/where", "a data folder must hold cifar-10-batches-py"),
        ("--data", "", "a data folder must hold cifar-10-batches-py"),
    ],
)
def test_a_wrong_value_is_refused_with_the_rule_and_what_came(
    command, tmp_path, option, value, rule
):
    message = refused(command("--data", "synthetic", option, value))
    assert rule in message
    came = value if option == "--set" and "NAME" in rule else value.rpartition("=")[2]
    assert f"got {came}" in message.replace("'", "").replace("[512, 0]", "512,0") or not value
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


def test_our_own_components_can_be_asked_for(command):
    result = command(*SMALL, "--components", "concepts", "--output", "out")
    assert result.exit_code == 0, result.output
    origins = " ".join(result.stdout.split())
    assert re.search(r"relu.* from concepts; .*Linear.* from torch", origins)


@pytest.mark.stand_in
def test_a_loss_that_is_no_number_is_explained(command):
    message = refused(command(*SMALL, "--lr", "1e38", "--output", "out"))
    assert "must stay a finite number" in message
    assert "the state after step 0 is in out/checkpoint.pt" in message


@pytest.fixture
def stopping(monkeypatch):
    """Make the second epoch end in an exception, as if it had come from there."""

    def stop_with(problem):
        rounds = iter([training.evaluate] * 2)  # an epoch ends with two: held out, and learnt from

        def evaluate_twice(*arguments):
            for evaluate in rounds:
                return evaluate(*arguments)
            raise problem

        monkeypatch.setattr(training, "evaluate", evaluate_twice)

    return stop_with


@pytest.mark.stand_in
@pytest.mark.parametrize(
    ("stop", "code", "told"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (training.DivergedError("nan"), 2, "error: nan"),
    ],
    ids=["interrupted", "diverged"],
)
def test_what_was_learnt_before_the_stop_is_kept(command, tmp_path, stopping, stop, code, told):
    stopping(stop)
    result = command(*SMALL, "--output", "out")
    assert result.exit_code == code
    assert result.stderr == (
        f"{told}; the state after step 8 is in out/checkpoint.pt, "
        "and --resume out goes on from there\n"
    )
    kept = torch.load(tmp_path / "out" / "checkpoint.pt", weights_only=True)
    assert len(kept["history"]) == 1


@pytest.mark.stand_in
def test_a_run_that_was_interrupted_goes_on_to_the_same_end(command, tmp_path, finished, stopping):
    stopping(KeyboardInterrupt())
    assert command(*SMALL, "--output", "out").exit_code == 130
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "evaluate", evaluation.evaluate)
        result = command("--resume", "out", "--data", "synthetic")
    assert result.exit_code == 0, result.output
    assert "going on after step 8 of 16" in result.stdout
    assert "bit for bit" not in result.stdout
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == RESULTS
    assert torch.equal(weights_in(tmp_path / "out"), weights_in(finished[1] / "runs/now-synthetic"))


@pytest.fixture
def signalled(monkeypatch, request):
    """Send a signal in the fourth step, just before it is counted."""
    take_step = training.Training._take_step

    def take_step_and_send_a_signal(self):
        take_step(self)
        if self.step == 3:
            signal.raise_signal(request.param)

    monkeypatch.setattr(training.Training, "_take_step", take_step_and_send_a_signal)


@pytest.mark.stand_in
@pytest.mark.parametrize(
    "signalled", [signal.SIGINT, signal.SIGTERM], ids=lambda s: s.name, indirect=True
)
def test_a_signal_ends_the_run_after_a_whole_step(command, tmp_path, signalled):
    result = command(*SMALL, "--output", "out")
    assert result.exit_code == 130
    assert "; the state after step 4 is in out/checkpoint.pt" in result.stderr
    assert torch.load(tmp_path / "out/checkpoint.pt", weights_only=True)["step"] == 4


@pytest.mark.stand_in
def test_checkpoints_come_as_often_as_asked_for(command, tmp_path, stopping):
    saved = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            checkpoint, "save", lambda path, training, recipe: saved.append(training.step)
        )
        result = command(*SMALL, "--save-every", "3", "--output", "out")
    assert result.exit_code == 0, result.output
    assert saved == [0, 3, 6, 8, 9, 12, 15, 16]


@pytest.mark.parametrize(
    ("beside", "came"),
    [
        (("--lr", "0.1"), "--lr"),
        (("--set", "dropout=0"), "--set"),
        (("--output", "there"), "--output"),
        (("--components", "concepts"), "--components"),
        (("--recipe", "coffee"), "--recipe"),
        (("--precision", "float32", "--seed", "1"), "--precision, --seed"),
    ],
    ids=["rate", "settings", "folder", "components", "recipe", "two of them"],
)
def test_a_resumed_run_keeps_what_it_has(command, beside, came):
    message = refused(command("--resume", "out", *beside))
    assert "must go on with the folder, recipe, settings and components that it has" in message
    assert f"got {came} beside --resume out" in message


def test_a_run_that_never_was_cannot_go_on(command):
    message = refused(command("--resume", "nowhere"))
    assert "a checkpoint must be there and intact, got [Errno 2] No such file" in message


@pytest.mark.stand_in
def test_a_disk_that_fills_up_is_explained_and_the_last_checkpoint_kept(
    command, tmp_path, monkeypatch
):
    save = torch.save

    def full_disk(state, path):
        if state["step"]:
            raise RuntimeError("no space left")
        save(state, path)

    monkeypatch.setattr(torch, "save", full_disk)
    message = refused(command(*SMALL, "--output", "out"))
    assert "the output folder must stay writable, got out: no space left" in message
    assert torch.load(tmp_path / "out/checkpoint.pt", weights_only=True)["step"] == 0


@pytest.mark.stand_in
def test_a_disk_without_room_is_refused_before_training(command, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=10**6)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    message = refused(command(*SMALL, "--output", "out"))
    assert "the disk must have room for 3 checkpoints" in message
    assert "1 MB free in out" in message
    assert not (tmp_path / "out").exists()


@pytest.mark.stand_in
def test_classes_that_are_not_balanced_are_refused(command, synthetic, monkeypatch):
    most = replace(synthetic, train_labels=synthetic.train_labels.clamp(min=5))
    monkeypatch.setattr(running, "load", lambda folder, say, held_out: most)
    message = refused(command(*SMALL))
    assert "each of 10 classes must have about as many images as the others, got [0, 0," in message


@pytest.mark.stand_in
def test_a_network_with_an_opinion_before_training_is_refused(command, tmp_path):
    (tmp_path / "loud.py").write_text(
        "import torch\n\n"
        "def normal_(tensor, std):\n    return torch.nn.init.normal_(tensor, 0, 9)\n"
    )
    message = refused(command(*SMALL, "--components", "loud.py"))
    assert "the first loss must be near ln 10 = 2.303" in message


@pytest.mark.stand_in
def test_logs_for_tensorboard_are_written_where_asked_for(command, tmp_path):
    result = command(*SMALL, "--tensorboard", "--output", "out")
    assert result.exit_code == 0, result.output
    assert len(list((tmp_path / "out").glob("events.out.tfevents.*"))) == 1


@pytest.mark.stand_in
def test_logs_without_tensorboard_are_refused_with_what_installs_it(command, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    message = refused(command(*SMALL, "--tensorboard"))
    assert "--tensorboard needs the package tensorboard" in message
    assert "`uv sync --extra tensorboard` installs it" in message


def test_a_picture_cannot_be_told_without_a_trained_network(command, tmp_path):
    Image.new("RGB", (5, 7)).save(tmp_path / "black.png")
    message = refused(command("predict", "black.png"))
    assert "checkpoint" in message


@pytest.mark.stand_in
def test_a_trained_network_says_what_is_in_a_picture(command, finished, monkeypatch):
    monkeypatch.chdir(finished[1])
    result = command("predict", "runs/now-synthetic/first-layer.png")
    assert result.exit_code == 0, result.output
    assert result.stdout.count("%") == 3, result.stdout


def test_an_ablation_with_one_seed_is_refused(command):
    message = refused(command("ablate", "--data", "synthetic", "--seeds", "1"))
    assert "must have at least 2 seeds, got 1" in message
