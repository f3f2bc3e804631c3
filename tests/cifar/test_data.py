"""The images are the real ones, whole and unaltered, or they are called synthetic.

Most claims are tested on a tiny data set that takes the place of the published one, with sums of
its own, so that damage can be done to it anywhere.
"""

import pickle
import tarfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.datasets import CIFAR10
from torchvision.datasets.utils import calculate_md5

from sums_to_one.cifar import data
from sums_to_one.cifar.data import DataError, cifar10, find, load
from sums_to_one.cifar.standin import SHAPES, labelled_images

IMAGES_EACH = 20  # in each of the six batches
TRAIN_BATCHES = [f"data_batch_{n}" for n in range(1, 6)]


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """An empty folder to work in, nothing named, and no network."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    monkeypatch.delenv("CIFAR10_ROOT", raising=False)
    monkeypatch.setattr(CIFAR10, "url", (tmp_path / "offline").as_uri())
    return home


def publish(path, content):
    path.write_bytes(pickle.dumps(content))
    return path.name, calculate_md5(path)


def a_batch(seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (IMAGES_EACH, 3072), dtype=np.uint8)
    return {"data": pixels, "labels": [n % 10 for n in range(IMAGES_EACH)]}


@pytest.fixture
def published(nowhere, tmp_path, monkeypatch):
    """A folder with a tiny data set that counts as the published one."""
    batches = tmp_path / "published" / CIFAR10.base_folder
    batches.mkdir(parents=True)
    names = enumerate([*TRAIN_BATCHES, "test_batch"])
    *train, test = [publish(batches / name, a_batch(seed)) for seed, name in names]
    classes = {"label_names": [f"class {n}" for n in range(10)]}
    meta, md5 = publish(batches / "batches.meta", classes)
    monkeypatch.setattr(CIFAR10, "train_list", train)
    monkeypatch.setattr(CIFAR10, "test_list", [test])
    monkeypatch.setattr(CIFAR10, "meta", {"filename": meta, "key": "label_names", "md5": md5})
    return batches.parent


@pytest.fixture
def archive(published, tmp_path, monkeypatch):
    """The tiny data set as a file, and a server that hands it out to the download."""
    path = tmp_path / CIFAR10.filename
    with tarfile.open(path, "w:gz") as tar:
        tar.add(published / CIFAR10.base_folder, CIFAR10.base_folder)
    monkeypatch.setattr(CIFAR10, "tgz_md5", calculate_md5(path))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(tmp_path))) as server:
        monkeypatch.setattr(CIFAR10, "url", f"http://127.0.0.1:{server.server_port}/{path.name}")
        threading.Thread(target=server.serve_forever).start()
        yield path
        server.shutdown()


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def test_every_image_comes_with_its_label(published):
    read = cifar10(published, held_out=10)
    assert read.name == "CIFAR-10"
    assert read.train_images.shape == (90, 3, 32, 32)
    assert read.held_out_images.shape == (10, 3, 32, 32)
    assert read.test_images.shape == (IMAGES_EACH, 3, 32, 32)
    assert read.test_labels.tolist() == [n % 10 for n in range(IMAGES_EACH)]


def test_pixels_are_read_channel_by_channel(published):
    batch = pickle.loads((published / CIFAR10.base_folder / "test_batch").read_bytes())
    red, green, blue = torch.from_numpy(batch["data"][3]).view(3, 32, 32)
    assert torch.equal(cifar10(published).test_images[3], torch.stack([red, green, blue]))


@pytest.mark.parametrize("batch", ["data_batch_3", "test_batch", "batches.meta"])
@pytest.mark.parametrize(
    ("damage", "came"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-100]), "bytes and MD5"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1] + b"!"), "bytes and MD5"),
        (lambda path: path.unlink(), "there is no file"),
    ],
    ids=["truncated", "one byte altered", "missing"],
)
def test_a_damaged_file_is_named(published, batch, damage, came):
    damage(published / CIFAR10.base_folder / batch)
    with pytest.raises(DataError, match="must hold cifar-10-batches-py, complete") as refusal:
        load(str(published))
    assert batch in str(refusal.value)
    assert came in str(refusal.value)


def test_a_missing_folder_is_no_reason_for_the_stand_in(nowhere):
    with pytest.raises(DataError, match="got no/where: there is no such folder"):
        load("no/where")


def test_a_wrong_variable_is_named(nowhere, monkeypatch):
    monkeypatch.setenv("CIFAR10_ROOT", "no/where")
    with pytest.raises(DataError, match=r"got no/where: .*CIFAR10_ROOT"):
        load()


def test_damage_in_the_default_folder_is_no_reason_for_the_stand_in(published):
    published.rename("data")
    Path("data", CIFAR10.base_folder, "test_batch").unlink()
    with pytest.raises(DataError, match="test_batch"):
        load()


def test_what_is_named_comes_before_the_variable_before_the_default(published, monkeypatch):
    published.rename("data")
    assert find() == Path("data")
    monkeypatch.setenv("CIFAR10_ROOT", "variable")
    assert find() == Path("variable")
    assert find("named") == Path("named")


def test_a_folder_called_data_that_holds_other_things_is_not_meant(nowhere):
    (nowhere / "data").mkdir()
    assert find() is None


def test_a_download_ends_in_the_default_folder(archive):
    said = []
    assert load(say=said.append).name == "CIFAR-10"
    assert find() == Path("data")
    assert len(said) == 1, "one line announces it"


def test_without_network_the_stand_in_comes_and_the_reason_is_told(nowhere):
    said = []
    assert load(say=said.append).name == "SYNTHETIC STAND-IN, not CIFAR-10"
    assert "the download failed" in said[-1]
    assert list(nowhere.iterdir()) == [], "nothing is left behind"


def test_half_a_download_is_thrown_away(archive, nowhere):
    archive.write_bytes(archive.read_bytes()[:1000])
    said = []
    assert load(say=said.append).synthetic
    assert "corrupted" in said[-1]
    assert list(nowhere.iterdir()) == []


def test_a_network_that_does_not_answer_is_not_waited_for(nowhere, monkeypatch):
    silence = threading.Event()
    monkeypatch.setattr(data, "PATIENCE", 0.01)
    monkeypatch.setattr(data.urllib.request, "urlopen", lambda url, timeout: silence.wait())
    said = []
    assert load(say=said.append).synthetic
    assert "no answer" in said[-1]
    silence.set()


def test_the_stand_in_can_be_asked_for(published, monkeypatch):
    monkeypatch.setenv("CIFAR10_ROOT", str(published))
    assert load("synthetic").synthetic


def test_a_seed_draws_the_same_images_again():
    for once, again in zip(labelled_images(20, seed=3), labelled_images(20, seed=3), strict=True):
        assert torch.equal(once, again)


def test_the_parts_of_the_stand_in_share_no_image(synthetic):
    parts = (synthetic.train_images, synthetic.held_out_images, synthetic.test_images)
    images = torch.cat(parts).flatten(1)
    assert len(images.unique(dim=0)) == len(images) == 6000


def test_every_shape_is_drawn_equally_often(synthetic):
    assert synthetic.classes == tuple(SHAPES)
    assert synthetic.train_labels.bincount().tolist() == [400] * 10


def test_no_pixel_gives_the_shape_away(synthetic):
    """The mean image of every shape is grey: light on dark is as frequent as dark on light."""
    pixels = synthetic.train_images.flatten(1).float()
    means = torch.stack([pixels[synthetic.train_labels == n].mean(dim=0) for n in range(10)])
    # 400 images whose pixels deviate by about 80: a standard error of 4, times 7
    assert (means - 127.5).abs().max() < 28
