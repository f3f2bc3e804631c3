"""What the teeth remember is asked again as soon as anything that it depends on has changed."""

from pathlib import Path

import pytest

from sums_to_one.cifar.modules import ROOT
from sums_to_one.tests.judge import remembered, teeth
from sums_to_one.tests.judge.versions import versions

RIGHT = next(version for version in versions("softmax") if not version.refused_by)


@pytest.fixture(autouse=True)
def files_are_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    for kept in ("environment", "_texts"):
        monkeypatch.setattr(remembered, kept, getattr(remembered, kept).__wrapped__)


def question() -> str:
    """Whether the claims of one file accept a right softmax, as a digest."""
    claims = [c for c in teeth.claims_about("softmax") if c.place[0].endswith(".test_softmax")]
    return teeth._question(RIGHT, claims, "accepted")


def with_another_text(monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    text_of = remembered.text_of
    assert (ROOT / file).is_file()

    def text(path: Path) -> str:
        return "another" if path == ROOT / file else text_of(path)

    monkeypatch.setattr(remembered, "text_of", text)


@pytest.mark.parametrize(
    "file",
    [
        "tests/activations/test_softmax.py",
        "tests/activations/impostors/softmax.py",
        "tests/common/closeness.py",
        "tests/common/limits.py",
        "tests/judge/teeth.py",
        "tests/judge/hearing.py",
        "tests/judge/versions.py",
        "tests/judge/profiles.py",
    ],
)
def test_what_has_changed_is_asked_again(monkeypatch, file):
    before = question()
    with_another_text(monkeypatch, file)
    assert question() != before


@pytest.mark.parametrize(
    "file", ["tests/activations/test_relu.py", "tests/judge/mutants.py", "concepts/__init__.py"]
)
def test_what_it_does_not_depend_on_may_change(monkeypatch, file):
    before = question()
    with_another_text(monkeypatch, file)
    assert question() == before


@pytest.mark.parametrize("library", remembered.LIBRARIES)
def test_another_version_of_a_library_is_asked_again(monkeypatch, library):
    before, version = question(), remembered.importlib.metadata.version
    other = lambda name: "0" if name == library else version(name)  # noqa: E731
    monkeypatch.setattr(remembered.importlib.metadata, "version", other)
    assert question() != before


def test_only_good_answers_are_remembered(monkeypatch, tmp_path):
    monkeypatch.setattr(remembered, "FILE", tmp_path / ".cache" / "teeth")
    monkeypatch.setattr(remembered, "_known", set().copy)
    monkeypatch.setitem(remembered.settings, "use", True)
    for answer in ([], ["it is refused"]):
        assert remembered.unless_known(f"question {answer}", answer.copy) == answer
    assert remembered.FILE.read_text() == "question []\n"


def test_what_is_known_is_not_asked(monkeypatch):
    monkeypatch.setattr(remembered, "_known", {"question"}.copy)
    monkeypatch.setitem(remembered.settings, "use", True)
    assert remembered.unless_known("question", ["it is refused"].copy) == []
    remembered.settings["use"] = False  # as in CI, and with --no-cache
    assert remembered.unless_known("question", ["it is refused"].copy) == ["it is refused"]
