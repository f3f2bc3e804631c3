"""The network is linear maps with a bend in between, and scores rather than probabilities."""

import pytest
import torch

from sums_to_one.cifar.components import Components, MissingComponentError, SubjectError
from sums_to_one.cifar.model import FullyConnected
from sums_to_one.cifar.settings import CLASSES, PIXELS, Settings


@pytest.fixture
def model(components):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return FullyConnected(Settings(hidden=(17, 13), dropout=0.5), components)


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 128, (7, 3, 32, 32), generator=generator, dtype=torch.uint8)


def test_every_image_gets_a_logit_for_every_class(model, images):
    assert model(images).shape == (7, CLASSES)


def test_the_logits_are_not_yet_probabilities(model, images):
    scores = model(images)
    assert scores.min() < 0 < scores.max()


def test_every_parameter_is_reached_by_the_gradient(model, images):
    torch.nn.functional.cross_entropy(model(images), torch.arange(7)).backward()
    unreached = [name for name, p in model.named_parameters() if not p.grad.count_nonzero()]
    assert unreached == []


def test_in_evaluation_an_image_is_judged_by_itself(model, images):
    model.eval()
    alone = torch.cat([model(image.unsqueeze(0)) for image in images])
    torch.testing.assert_close(model(images), alone)


def test_without_hidden_layers_the_model_is_linear(components, images):
    model = FullyConnected(Settings(hidden=()), components)
    assert sum(p.numel() for p in model.parameters()) == PIXELS * CLASSES + CLASSES
    x, y = images[:3], images[3:6]  # below 128, so that their sum is still a byte
    zero = torch.zeros_like(x)
    torch.testing.assert_close(model(x + y) - model(x), model(y) - model(zero))


def test_the_first_subject_that_has_a_component_provides_it(tmp_path, images):
    mine = tmp_path / "mine.py"
    mine.write_text("def relu(x):\n    return 0 * x\n")
    components = Components(str(mine), "torch")
    model = FullyConnected(Settings(hidden=(17,), dropout=0), components)
    assert torch.equal(model(images), torch.zeros(7, CLASSES)), "only the bias of 0 is left"
    assert components.origins()["relu"] == str(mine)
    assert components.origins()["Linear"] == "torch"


def test_the_origin_of_every_component_is_told():
    components = Components("math", "torch")
    _ = components.tanh, components.Linear
    assert str(components) == "tanh from math; Linear from torch"


def test_a_component_that_nobody_has_is_refused():
    with pytest.raises(MissingComponentError, match="must provide Linear, got concepts"):
        _ = Components("concepts").Linear


@pytest.mark.parametrize(
    ("subjects", "came"),
    [
        ((), "got none"),
        (("no_such_module",), "got 'no_such_module'"),
        (("concepts", "no/such/file.py"), "got 'no/such/file.py'"),
    ],
    ids=["none", "unknown module", "missing file"],
)
def test_subjects_that_cannot_be_asked_are_refused(subjects, came):
    with pytest.raises(SubjectError, match=f"must .*{came}"):
        Components(*subjects)


def test_a_subject_whose_import_fails_is_refused(tmp_path):
    broken = tmp_path / "broken.py"
    broken.write_text("1 / 0\n")
    with pytest.raises(SubjectError, match=r"broken.py' \(ZeroDivisionError"):
        Components(str(broken))
