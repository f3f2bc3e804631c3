"""A picture of any size and format is shown to the network as it was meant, or refused by name."""

import os
from io import StringIO

import numpy as np
import pytest
import torch
from PIL import Image
from rich.console import Console

from sums_to_one.cifar import checkpoint, run
from sums_to_one.cifar.data import Data
from sums_to_one.cifar.predict import ImageError, predict, predict_command, read_image
from sums_to_one.cifar.settings import RefusedError, Settings
from sums_to_one.cifar.standin import SHAPES
from sums_to_one.cifar.train import Training

RED, BLUE, WHITE, BLACK = (255, 0, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)
NAMES = tuple(f"class {n}" for n in range(10))


@pytest.fixture(scope="module")
def photo():
    """A picture in which no two pixels are alike."""
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@pytest.fixture
def seen(tmp_path):
    """What the network is shown of a picture, after it has been a file."""

    def see(picture, name="picture.png", **options):
        picture.save(tmp_path / name, **options)
        return read_image(tmp_path / name)

    return see


@pytest.fixture
def trained(components, tmp_path):
    """Write a checkpoint of a network that tells red from blue, as class 3 and class 7."""

    def write(classes=NAMES, name="CIFAR-10", path=tmp_path / "checkpoint.pt"):
        images, labels = torch.zeros(20, 3, 32, 32, dtype=torch.uint8), torch.arange(20) % 10
        data = Data(name, classes, images, labels, images, labels, images, labels)
        training = Training(data, Settings(hidden=(), batch_size=5), components)
        with torch.no_grad():
            training.model.output.weight.zero_()
            training.model.output.weight[3, :1024] = training.model.output.weight[7, 2048:] = 1e-3
        path.parent.mkdir(parents=True, exist_ok=True)
        checkpoint.save(path, training, "minute")
        return path

    return write


@pytest.fixture
def red(tmp_path):
    Image.new("RGB", (50, 40), RED).save(tmp_path / "red.png")
    return tmp_path / "red.png"


@pytest.fixture
def printed(monkeypatch, tmp_path):
    """Run the command in an empty folder; what it prints, and how it was refused if it was."""
    monkeypatch.chdir(tmp_path)

    def call(images, path=None):
        console = Console(file=StringIO(), width=80, highlight=False, markup=False)
        try:
            predict_command(images, path, console)
        except RefusedError as problem:
            return console.file.getvalue(), str(problem)
        return console.file.getvalue(), None

    return call


def of(pixels, colour):
    return (pixels == torch.tensor(colour)[:, None, None]).all()


def test_a_picture_of_the_right_size_is_left_as_it_is(seen, photo):
    assert torch.equal(seen(photo).permute(1, 2, 0), torch.from_numpy(np.array(photo)))


@pytest.mark.parametrize("size", [(96, 32), (32, 96), (300, 100)], ids=str)
def test_the_square_in_the_middle_is_what_counts(seen, size):
    picture = Image.new("RGB", size, BLUE)
    side = min(size)
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    picture.paste(RED, (left, top, left + side, top + side))
    assert of(seen(picture), RED)


@pytest.mark.parametrize("size", [(1, 1), (7, 1), (1, 1000), (2000, 33)], ids=str)
def test_any_size_becomes_that_of_the_data(seen, size):
    assert of(seen(Image.new("RGB", size, RED)), RED)


def test_many_pixels_become_their_mean(seen):
    """A nearest neighbour would pick black or white from a board of single dots."""
    board = np.indices((320, 320)).sum(axis=0) % 2 * np.uint8(255)
    pixels = seen(Image.fromarray(board.astype(np.uint8))).float()
    assert (pixels - 127.5).abs().max() < 3


def test_a_picture_taken_with_the_camera_turned_is_turned_back(seen, photo):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter, clockwise
    turned = seen(photo.transpose(Image.Transpose.ROTATE_90), exif=exif)
    assert torch.equal(turned.permute(1, 2, 0), torch.from_numpy(np.array(photo)))


@pytest.mark.parametrize(
    ("mode", "colour"),
    [("RGBA", (0, 0, 255, 0)), ("LA", (0, 0)), ("PA", (0, 0))],
    ids=["colours", "greys", "palette"],
)
def test_what_is_transparent_becomes_white(seen, mode, colour):
    name = "picture.tiff" if mode == "PA" else "picture.png"
    assert of(seen(Image.new(mode, (40, 40), colour), name), WHITE)


def test_what_is_half_transparent_becomes_half_white(seen):
    assert of(seen(Image.new("RGBA", (40, 40), (255, 0, 0, 51))), (255, 204, 204))


def test_a_colour_that_stands_for_transparency_becomes_white(seen):
    palette = Image.new("P", (40, 40), 1)
    palette.putpalette([*RED, *BLUE])
    assert of(seen(palette, transparency=1), WHITE)
    assert of(seen(palette, transparency=0), BLUE)


@pytest.mark.parametrize(
    ("picture", "colour"),
    [
        (Image.new("L", (40, 40), 99), (99, 99, 99)),
        (Image.new("1", (40, 40), 1), WHITE),
        (Image.new("CMYK", (40, 40), (0, 255, 255, 0)), RED),
        (Image.new("I;16", (40, 40), 99 * 257), (99, 99, 99)),
        (Image.new("I;16", (40, 40), 65535), WHITE),
    ],
    ids=["grey", "black and white", "ink", "grey of 16 bits", "white of 16 bits"],
)
def test_every_way_to_keep_colours_is_understood(seen, picture, colour):
    assert of(seen(picture, "picture.tiff"), colour)


@pytest.mark.parametrize("extension", ["jpg", "gif", "bmp", "webp", "tiff", "ppm"])
def test_every_common_format_is_read(seen, extension):
    pixels = seen(Image.new("RGB", (64, 64), RED), f"picture.{extension}").float()
    assert (pixels - torch.tensor(RED)[:, None, None]).abs().max() < 3


def truncated(path):
    Image.effect_noise((99, 99), 50).save(path)
    path.write_bytes(path.read_bytes()[:-200])


def fractions(path):
    Image.new("F", (9, 9), 0.5).save(path, "TIFF")


BROKEN = [
    pytest.param(lambda path: None, "No such file", id="missing"),
    pytest.param(lambda path: path.mkdir(), "not a file", id="folder"),
    pytest.param(lambda path: os.mkfifo(path), "not a file", id="pipe"),
    pytest.param(lambda path: path.touch(), "no picture in any format", id="empty"),
    pytest.param(lambda path: path.write_text("Hi"), "no picture in any format", id="text"),
    pytest.param(truncated, "truncated", id="truncated"),
    pytest.param(fractions, "pixels that are fractions", id="fractions"),
]


@pytest.mark.parametrize(("make", "came"), BROKEN)
def test_what_is_no_picture_is_refused_with_the_reason(tmp_path, make, came):
    make(tmp_path / "picture.png")
    with pytest.raises(ImageError, match=rf"must be .* got .*picture\.png: .*{came}"):
        read_image(tmp_path / "picture.png")


@pytest.mark.parametrize("pixels", [101, 201], ids=["too many", "more than twice too many"])
def test_more_pixels_than_memory_may_bear_are_refused(seen, monkeypatch, pixels):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    seen(Image.new("L", (100, 1)))
    with pytest.raises(ImageError, match=r"picture\.png: more than 100 pixels"):
        seen(Image.new("L", (pixels, 1)))


def test_the_answer_is_about_the_picture(trained, components, red, tmp_path):
    blue = tmp_path / "blue.png"
    Image.new("RGB", (50, 40), BLUE).save(blue)
    answers, refused = predict(trained(), [red, blue], components)
    assert [next(iter(answer.probabilities)) for answer in answers] == ["class 3", "class 7"]
    assert [answer.image for answer in answers] == [red, blue]
    assert refused == []


def test_all_classes_have_probabilities_the_likeliest_first(trained, components, red):
    ((answer,), _) = predict(trained(), [red], components)
    probabilities = list(answer.probabilities.values())
    assert set(answer.probabilities) == set(NAMES)
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) == pytest.approx(1)


def test_an_image_is_answered_alone_as_among_others(trained, components, red, photo, tmp_path):
    photo.save(tmp_path / "photo.png")
    path = trained()
    (alone,), _ = predict(path, [red], components)
    (_, among), _ = predict(path, [tmp_path / "photo.png", red], components)
    assert alone == among


def test_the_three_likeliest_classes_are_printed(trained, printed, red):
    said, refused = printed([red], trained())
    lines = said.splitlines()
    shares = [float(line.split()[-1].rstrip("%")) for line in lines[-3:]]
    assert lines[-4].endswith("red.png")
    assert lines[-3].split()[:2] == ["class", "3"]
    assert shares == sorted(shares, reverse=True)
    assert max(map(len, lines[-3:])) <= 80
    assert refused is None


def test_a_bar_is_as_long_as_its_probability(trained, components, printed, red):
    path = trained()
    ((answer,), _) = predict(path, [red], components)
    said, _ = printed([red], path)
    assert said.splitlines()[-3].count("━") == int(50 * answer.probabilities["class 3"])


def test_broken_files_cost_no_answer_for_the_others(trained, printed, red, tmp_path):
    (tmp_path / "text.png").write_text("Hi")
    said, refused = printed([tmp_path / "no.png", red, tmp_path / "text.png", red], trained())
    assert said.count("class 3") == 2
    assert "no.png: No such file" in refused
    assert "text.png: no picture" in refused
    assert "red.png" not in refused


def test_the_checkpoint_that_was_written_last_is_taken(trained, printed, red, tmp_path):
    last, first = (tmp_path / run.RUNS / name / run.CHECKPOINT for name in "ab")
    trained(path=first)
    os.utime(trained(path=last), (2**31, 2**31))
    said, _ = printed([red])
    assert f"network   {last.relative_to(tmp_path)}\ndata      CIFAR-10\n" in said


def test_without_any_checkpoint_the_way_to_one_is_told(printed, red):
    said, refused = printed([red])
    assert said == ""
    assert "a network must have been trained, or --checkpoint must name one" in refused


def test_a_checkpoint_that_is_none_is_refused(printed, red):
    said, refused = printed([red], red)
    assert said == ""
    assert "a checkpoint must be there and intact" in refused


def test_a_network_that_has_seen_only_shapes_says_so(trained, printed, red):
    name = "SYNTHETIC STAND-IN, not CIFAR-10"
    said, _ = printed([red], trained(tuple(SHAPES), name))
    assert said.count(name) == 2
    assert "Of a photograph its answers mean nothing." in " ".join(said.replace("│", "").split())
    assert "mean nothing" not in printed([red], trained())[0]


def test_a_checkpoint_does_not_choose_which_code_is_run(trained, printed, red, monkeypatch):
    path = trained()
    kept = torch.load(path, weights_only=True)
    torch.save(kept | {"subjects": ["no_such_module", "torch"]}, path)
    said, refused = printed([red], path)
    assert "It learnt with components from no_such_module; here PyTorch's answer." in said
    assert "class 3" in said
    assert refused is None


def test_a_name_cannot_move_the_cursor(trained, printed, tmp_path):
    name = tmp_path / "\x1b[31m[red]\n.png"
    Image.new("RGB", (9, 9)).save(name)
    said, _ = printed([name], trained())
    assert r"\x1b[31m[red]\n.png" in said
