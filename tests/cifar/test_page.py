"""The page about a run is whole in itself, says what was measured, and takes no text for HTML."""

import base64
from dataclasses import replace
from html.parser import HTMLParser

import pytest
import torch

from sums_to_one.cifar import page, run
from sums_to_one.cifar.data import Data
from sums_to_one.cifar.evaluate import Evaluation
from sums_to_one.cifar.inputs import PrincipalComponents
from sums_to_one.cifar.settings import Settings
from sums_to_one.cifar.train import Epoch, Training

PICTURES = [run.CURVE, run.CONFUSION, run.FIRST_LAYER, run.MISTAKES]
HTML = "<script>&\"'</script>"


class Page(HTMLParser):
    """A page, read as a browser would."""

    def __init__(self, text):
        super().__init__()
        self.text, self.words, self.tags, self.open, self.closed = text, [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img"):  # those have no end
            self.open.append(tag)

    def handle_endtag(self, tag):
        self.closed.append((self.open.pop(), tag))

    def handle_data(self, data):
        self.words.append(data)

    def said(self):
        return " ".join(" ".join(self.words).split())

    def all(self, wanted, **attributes):
        return [
            given
            for tag, given in self.tags
            if tag == wanted and attributes.items() <= given.items()
        ]


@pytest.fixture
def photos() -> Data:
    """Twenty grey images under the name of the real ones."""
    images, labels = torch.full((20, 3, 32, 32), 127, dtype=torch.uint8), torch.arange(20) % 10
    names = tuple(f"class {n}" for n in range(10))
    return Data("CIFAR-10", names, images, labels, images, labels, images, labels)


@pytest.fixture
def written(components, tmp_path):
    """Write the page about a run that has learnt nothing, and read it."""

    def write(data, answers=(0,), labels=(0,), both_sides=0.5, recipe="minute", **options):
        training = Training(data, Settings(hidden=(3,), batch_size=5, **options), components)
        training.history = [Epoch(2.3, 0.1, 2.1, 0.2), Epoch(1.9, 0.3, 1.8, 0.4)]
        training.step, training.seconds = 8, 83.4
        result = Evaluation(0.5, torch.eye(10)[list(answers)], torch.tensor(labels))
        page.write(tmp_path / "summary.html", data, training, result, both_sides, recipe)
        return Page((tmp_path / "summary.html").read_text(encoding="utf-8"))

    return write


@pytest.fixture
def pictures(tmp_path):
    for number, name in enumerate(PICTURES):
        (tmp_path / name).write_bytes(bytes([number]) * 100)
    return tmp_path


def test_every_tag_is_closed_in_its_turn(written, photos, pictures):
    read = written(photos)
    assert read.open == []
    assert [pair for pair in read.closed if len(set(pair)) > 1] == []


def test_every_picture_of_a_run_is_inside_the_page(written, photos, pictures):
    sources = [image["src"] for image in written(photos).all("img")]
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    inside = [base64.b64decode(source.partition(",")[2]) for source in sources]
    assert inside == [(pictures / name).read_bytes() for name in PICTURES]


def test_every_picture_is_described_for_those_who_cannot_see_it(written, photos, pictures):
    texts = [image["alt"] for image in written(photos).all("img")]
    assert len(set(texts)) == len(PICTURES)
    assert all(len(text.split()) >= 10 for text in texts)


def test_a_picture_that_is_not_there_is_left_out(written, photos, pictures):
    (pictures / PICTURES[1]).unlink()
    assert len(written(photos).all("img")) == len(PICTURES) - 1


def test_nothing_is_loaded_from_elsewhere_and_nothing_runs(written, photos, pictures):
    read = written(photos)
    assert {tag for tag, _ in read.tags} & {"script", "link", "iframe", "object", "base"} == set()
    assert not [sign for sign in ("://", "url(", "@import", "href=") if sign in read.text]
    (policy,) = read.all("meta", **{"http-equiv": "Content-Security-Policy"})
    assert policy["content"].startswith("default-src 'none'; img-src data:;")


def test_texts_are_not_taken_for_html(written, photos):
    hostile = replace(photos, name=HTML, classes=(HTML,) * 10)
    read = written(hostile, answers=[1], labels=[0], recipe=HTML)
    assert read.all("script") == []
    # title, lead and facts; lead and facts; every class, and two in the commonest mistake
    assert read.said().count(HTML) == 3 + 2 + 10 + 2


def test_the_stand_in_is_called_so_before_anything_else(written, photos):
    name = "SYNTHETIC STAND-IN, not CIFAR-10"
    read = written(replace(photos, name=name, synthetic=True))
    tags = [tag for tag, _ in read.tags]
    assert read.tags[tags.index("main") + 1] == ("p", {"class": "banner", "role": "alert"})
    assert f"{name} The images are drawn shapes." in read.said()


def test_the_real_images_need_no_banner(written, photos):
    assert written(photos).all("p", **{"class": "banner"}) == []


def test_the_heading_is_the_test_accuracy(written, photos):
    said = written(photos, answers=[0, 1, 2], labels=[0, 1, 0], both_sides=0.712).said()
    assert "66.7 % of the test images right" in said
    assert "the mean of both answers counts, it gets 71.2 %." in said


def test_each_class_has_a_bar_as_long_as_its_accuracy(written, photos):
    read = written(photos, answers=[0, 1, 1, 2], labels=[0, 0, 1, 1])
    widths = [bar["style"] for bar in read.all("div") if "style" in bar]
    assert widths == ["width: 50.0%", "width: 50.0%"]
    assert "class 0 50.0 % class 1 50.0 % class 2 no images" in read.said()


def test_the_commonest_mistake_is_told(written, photos):
    said = written(photos, answers=[0, 1, 1, 2, 3], labels=[0, 0, 0, 0, 3]).said()
    assert "of the images of “class 0”, 50.0 % are taken for “class 1”." in said


def test_a_network_without_mistakes_is_said_to_have_made_none(written, photos):
    assert "It made no mistake." in written(photos).said()


def test_the_settings_that_are_not_the_defaults_are_told(written, photos):
    said = written(photos, batch_norm=False, seed=7).said()
    assert "Settings other than the defaults hidden=3, batch_norm=no, batch_size=5 Seed 7" in said


def test_the_page_says_how_the_network_came_about(written, photos, monkeypatch):
    monkeypatch.setattr(PrincipalComponents, "fit", lambda *_: None)  # takes seconds
    said = written(photos, whiten=4).said()
    for fact in (
        "CIFAR-10: 20 images to learn from, 20 held out, 20 to test; checksum",
        "4 principal components → 3 → 10 classes; 58 parameters",
        "8 steps, 5 epochs, 1 min 23 s",
        "from concepts; Linear",
        f"torch {torch.__version__}",
    ):
        assert fact in said
