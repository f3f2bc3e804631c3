"""Pictures show the numbers that they are about, and name the data that these come from."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from sums_to_one.cifar import draw
from sums_to_one.cifar.evaluate import Evaluation
from sums_to_one.cifar.model import FullyConnected
from sums_to_one.cifar.settings import Settings
from sums_to_one.cifar.train import Epoch

EPOCH = Epoch(2.3, 0.1, 2.1, 0.2, held_out_error=0.05, learnt_loss=2.0, learnt_accuracy=0.3)


def said(answers, labels):
    """An evaluation in which each of ten classes is answered with certainty."""
    return Evaluation(0.5, torch.eye(10)[answers], torch.tensor(labels))


@pytest.fixture
def network(components):
    def build(*hidden, **options):
        return FullyConnected(Settings(hidden=hidden, **options), components)

    return build


@pytest.fixture
def drawn(monkeypatch):
    """Draw, and give the figure in place of the file."""
    figures = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: figures.append(figure))

    def call(function, *arguments):
        function(*arguments, "nowhere.png")
        return figures.pop()

    return call


@pytest.mark.parametrize(
    "picture",
    [
        lambda network: partial(draw.learning_curve, [EPOCH]),
        lambda network: partial(draw.confusion_matrix, said([1, 0], [0, 0])),
        lambda network: partial(draw.worst_mistakes, said([1, 0], [0, 0]), rows=1, columns=1),
        lambda network: partial(draw.first_layer, network(3)),
        lambda network: partial(draw.first_layer, network()),
    ],
    ids=["learning curve", "confusion matrix", "worst mistakes", "first layer", "linear model"],
)
def test_every_picture_names_the_data(picture, network, synthetic, tmp_path):
    path = tmp_path / "picture.png"
    picture(network)(data=replace(synthetic, name="made-up data"), path=path)
    with Image.open(path) as image:
        assert image.info["Title"].endswith(" on made-up data")


def test_rows_are_the_right_classes_and_columns_the_answers():
    shares = draw.confusions(said(answers=[1, 1, 0, 1, 2], labels=[0, 0, 0, 0, 2]))
    assert shares[0].tolist() == [0.25, 0.75, 0, 0, 0, 0, 0, 0, 0, 0]
    assert shares[2, 2] == 1


def test_a_class_without_images_has_no_shares():
    shares = draw.confusions(said(answers=[1], labels=[0]))
    assert shares[1:].isnan().all()
    assert not shares[0].isnan().any()


def test_the_confusion_matrix_shows_every_share_in_its_place(drawn, synthetic):
    result = said(answers=[1, 1, 0, 1, 9], labels=[0, 0, 0, 0, 9])
    (axes,) = drawn(draw.confusion_matrix, result, synthetic).axes
    written = {text.get_position(): text.get_text() for text in axes.texts}
    assert len(written) == 20, "and nothing is said of classes without images"
    assert {place: text for place, text in written.items() if text != "0"} == {
        (0, 0): "25",
        (1, 0): "75",
        (9, 9): "100",
    }


def test_the_confusion_matrix_has_the_names_of_the_classes_on_both_sides(drawn, synthetic):
    (axes,) = drawn(draw.confusion_matrix, said([1], [0]), synthetic).axes
    for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
        assert tuple(label.get_text() for label in labels) == synthetic.classes


@pytest.mark.parametrize(("epochs", "dots"), [(1, True), (20, True), (21, False)], ids=str)
def test_a_dot_marks_each_epoch_while_there_are_few(drawn, synthetic, epochs, dots):
    losses, accuracies = drawn(draw.learning_curve, [EPOCH] * epochs, synthetic).axes
    for curve in (*losses.lines[:2], *accuracies.lines[:2]):
        assert (curve.get_marker() == "o") == dots


def test_the_learning_curve_compares_what_was_measured_alike(drawn, synthetic):
    losses, accuracies = drawn(draw.learning_curve, [EPOCH, EPOCH], synthetic).axes
    assert [line.get_ydata()[0] for line in losses.lines] == [2.0, 2.1]
    assert [line.get_ydata()[0] for line in accuracies.lines] == [0.3, 0.2, 0.1]
    assert [line.get_label() for line in losses.lines] == ["learnt from", "held out"]


def test_the_band_of_the_learning_curve_is_two_standard_errors_to_either_side(drawn, synthetic):
    axes = drawn(draw.learning_curve, [EPOCH, EPOCH], synthetic).axes
    error = (0.2 * 0.8 / len(synthetic.held_out_labels)) ** 0.5
    for each, middle, wide in ((axes[0], 2.1, 0.05), (axes[1], 0.2, error)):
        heights = each.collections[0].get_paths()[0].vertices[:, 1]
        assert (heights.min(), heights.max()) == pytest.approx(
            (middle - 2 * wide, middle + 2 * wide)
        )


def test_the_last_held_out_accuracy_is_written_beside_the_curve(drawn, synthetic):
    history = [EPOCH, replace(EPOCH, held_out_accuracy=0.345)]
    _, accuracies = drawn(draw.learning_curve, history, synthetic).axes
    assert "34.5%" in [text.get_text() for text in accuracies.texts]


@pytest.fixture
def fixed_seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.mark.usefixtures("fixed_seed")
@pytest.mark.parametrize(("whiten", "scale"), [(0, 64), (7, 1)], ids=["pixels", "patterns"])
@pytest.mark.parametrize("hidden", [(5,), ()], ids=["hidden layer", "linear model"])
def test_a_unit_answers_to_what_its_picture_shows(network, hidden, whiten, scale):
    """Its answers to two images differ by the sum over pixels of difference times weight."""
    model = network(*hidden, whiten=whiten)
    for buffer in model.inputs.buffers():
        buffer.normal_()
    one, other = torch.randint(256, (2, 1, 3, 32, 32), dtype=torch.uint8)
    first = model.linears[0] if hidden else model.output
    difference = first(model.inputs(one)) - first(model.inputs(other))
    pictures = draw.weights_as_images(model).double()
    expected = ((one.double() - other.double()) * pictures).sum(dim=(1, 2, 3)) / scale
    torch.testing.assert_close(difference[0].double(), expected, rtol=1e-3, atol=1e-3)


def test_the_units_with_the_largest_weights_are_shown_first(drawn, network, synthetic):
    model = network(61)
    with torch.no_grad():
        model.linears[0].weight[:] = 0.001
        model.linears[0].weight[23] = -1
    figure = drawn(draw.first_layer, model, synthetic)
    (shown,) = figure.axes[0].images
    first, second = shown.get_array()[17, 17], shown.get_array()[17, 17 + 34]
    assert max(first) < 0.5 < min(second), "only one unit has negative weights"
    assert "60 of 61 units" in figure.get_suptitle()


def test_a_unit_without_weights_is_grey(drawn, network, synthetic):
    (axes,) = drawn(draw.first_layer, network(1, initialization="zeros_"), synthetic).axes
    assert axes.images[0].get_array()[17, 17].tolist() == [0.5, 0.5, 0.5]


def test_a_linear_model_shows_a_picture_with_the_name_of_each_class(drawn, network, synthetic):
    axes = drawn(draw.first_layer, network(), synthetic).axes
    assert tuple(each.get_title() for each in axes) == synthetic.classes
    assert [len(each.images) for each in axes] == [1] * 10


def test_a_mistake_is_shown_with_both_classes_and_how_sure_the_network_was(drawn, synthetic):
    sure, unsure = [0.05, 0.95] + [0] * 8, [0.45, 0.55] + [0] * 8
    result = Evaluation(0.5, torch.tensor([unsure, sure]), torch.tensor([0, 0]))
    axes = drawn(draw.worst_mistakes, result, synthetic).axes
    assert axes[0].get_title() == f"{synthetic.classes[1]} 95%\nis {synthetic.classes[0]}"
    assert torch.equal(
        torch.from_numpy(axes[0].images[0].get_array().data).permute(2, 0, 1),
        synthetic.test_images[1],
    )
