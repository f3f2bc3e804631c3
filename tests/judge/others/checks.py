"""What findings.toml says of others' code, shown by a few lines without any claim of ours.

Each function holds in the version that LIBRARIES names; it imports what it is about.
"""

import copy

import torch


def _parameter(dtype: torch.dtype = torch.float64) -> torch.Tensor:
    p = torch.ones(1, dtype=dtype, requires_grad=True)
    p.grad = torch.full_like(p, 0.5)
    return p


def _is_written_into(optimizer, **settings) -> None:
    p = _parameter()
    optimizer([p], lr=0.1, weight_decay=0.25, **settings).step()
    assert p.grad.item() == 0.75, "the decay was added to the gradient that its owner keeps"


def torch_optimizer_writes_into_gradients():
    from torch_optimizer import QHAdam

    _is_written_into(QHAdam)


def pytorch_optimizer_writes_into_gradients():
    from pytorch_optimizer import SGDW, QHAdam

    _is_written_into(QHAdam)
    _is_written_into(SGDW, weight_decouple=False)


def pytorch_optimizer_counts_in_float32():
    from pytorch_optimizer import QHAdam

    p = _parameter(torch.float64)
    made = QHAdam([p], lr=0.1)
    made.step()
    assert made.state[p]["beta2_weight"].dtype == torch.float32
    assert made.state[p]["exp_avg"].dtype == torch.float64


def pytorch_optimizer_forgets_in_a_copy():
    from pytorch_optimizer import SGDW, QHAdam

    for kind in (SGDW, QHAdam):
        made = copy.deepcopy(kind([_parameter()], lr=0.1))
        try:
            made.step()
        except AttributeError:
            continue
        raise AssertionError(f"the copy of {kind} takes a step")


def pytorch_optimizer_maximizes_for_all_groups():
    from pytorch_optimizer import SGDW, QHAdam

    for kind in (SGDW, QHAdam):
        p = _parameter()
        kind([{"params": [p], "maximize": True}], lr=0.1).step()
        assert p.item() < 1, "a group's maximize was not heard"


def pytorch_optimizer_clips_at_a_millionth():
    from pytorch_optimizer import BCELoss

    p = torch.tensor([1e-7, 0.0, 2.0], dtype=torch.float64, requires_grad=True)
    losses = BCELoss(reduction="none")(p, torch.ones(3, dtype=torch.float64))
    assert losses[0] == losses[1] > 13.8, "both cost as much as 1e-6"
    losses.sum().backward()
    assert p.grad[0] == 0, "and pull no more"


def timm_multiplies_zero_by_infinity():
    from timm.loss import LabelSmoothingCrossEntropy

    scores = torch.tensor([[0.0, -torch.inf]])
    assert LabelSmoothingCrossEntropy(0.0)(scores, torch.tensor([0])).isnan()


def timm_has_rmsprop_as_tensorflow_has_it():
    from timm.optim import RMSpropTF

    p = _parameter()
    made = RMSpropTF([p], lr=1.0, alpha=0.75, eps=0.0)
    made.step()
    average = 1 + 0.25 * (0.25 - 1)  # which begins at 1, and not at 0
    torch.testing.assert_close(p.detach(), torch.tensor([1 - 0.5 / average**0.5]).double())


def kornia_stretches_what_is_too_small():
    from kornia.augmentation import RandomCrop

    image = torch.arange(12.0).reshape(1, 1, 3, 4)
    came = RandomCrop((6, 7))(image)
    assert came.shape == (1, 1, 6, 7), "a window that is larger than the image"
    assert not set(came.flatten().tolist()) <= {*image.flatten().tolist(), 0.0}


def kornia_takes_the_larger_padding():
    from kornia.augmentation import RandomCrop

    made = RandomCrop((4, 5), pad_if_needed=True, padding=(1, 0))
    # 3 columns and 1 on each side are 5, which is enough; but 2, what 3 lack of 5, is larger.
    assert made.compute_padding((1, 1, 2, 3)) == [2, 2, 2, 2]


def kornia_does_not_turn_a_single_row():
    from kornia.augmentation import RandomRotation

    row = torch.arange(1.0, 6).reshape(1, 1, 1, 5)
    assert RandomRotation((30.0, 30.0), "NEAREST", p=1.0)(row).equal(row), "its ends lie outside"


def kornia_normalizes_in_float32():
    from kornia.augmentation import Normalize

    image = torch.zeros(1, 1, 2, 2, dtype=torch.float64)
    came = Normalize([0.485], [0.229])(image)
    right = -0.485 / 0.229
    assert 1e-9 < abs(came[0, 0, 0, 0].item() - right) < 1e-6


def sklearn_normalizes_rows_alone():
    import numpy as np
    from sklearn.utils.extmath import softmax

    assert (softmax(np.zeros((4, 2))).sum(1) == 1).all()


def sklearn_clips_at_eps():
    import numpy as np
    from sklearn.neural_network._base import binary_log_loss

    ones = np.ones((1, 1))
    assert binary_log_loss(ones, 0 * ones) == binary_log_loss(ones, -ones) < 37


def _has_eps_before_the_correction(step: float, eps: float) -> None:
    """Of a first step by a gradient of 1, with betas of 0 and 0.75: eps is doubled."""
    assert abs(step - 1 / (1 + 2 * eps)) < 1e-6, step


def sklearn_adds_eps_before_the_correction():
    import numpy as np
    from sklearn.neural_network._stochastic_optimizers import AdamOptimizer

    w = np.zeros(1)
    AdamOptimizer([w], 1.0, 0.0, 0.75, 0.125).update_params([w], [np.ones(1)])
    _has_eps_before_the_correction(-w[0], 0.125)


def keras_adds_eps_before_the_correction():
    import os

    os.environ["KERAS_BACKEND"] = "torch"
    import keras

    w = keras.Variable([0.0])
    keras.optimizers.Adam(1.0, 0.0, 0.75, 0.125).apply([torch.ones(1)], [w])
    _has_eps_before_the_correction(-w.value.item(), 0.125)


def _keras():
    import os

    os.environ["KERAS_BACKEND"] = "torch"
    import keras

    return keras


def keras_adds_eps_before_the_root():
    keras = _keras()
    w = keras.Variable([0.0])
    keras.optimizers.RMSprop(1.0, 0.75, 0.0, 0.125).apply([torch.ones(1)], [w])
    assert abs(-w.value.item() - 1 / (0.25 + 0.125) ** 0.5) < 1e-6


def keras_counts_the_steps_of_all():
    keras = _keras()
    one, other = keras.Variable([0.0]), keras.Variable([0.0])
    made = keras.optimizers.Adam(1.0, 0.5, 0.75, 1e-8)
    made.build([one, other])
    made.apply([torch.ones(1)], [one])
    made.apply([torch.ones(1)], [other])  # its first, corrected as the second of all
    assert one.value != other.value


def keras_cuts_a_normal_off_at_two():
    keras = _keras()
    drawn = keras.initializers.HeNormal(seed=0)((1000, 1000))
    far = drawn.abs() > 2.3 * (2 / 1000) ** 0.5
    assert far.double().mean() < 1e-4, "of a normal distribution 2 % lie there"


def keras_means_nothing_by_minus_100():
    keras = _keras()
    scores, targets = torch.zeros(2, 3), torch.tensor([-100, -100])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    assert loss(targets, scores) == 0
    assert keras.losses.SparseCategoricalCrossentropy().ignore_class is None


def keras_clips_at_a_ten_millionth():
    keras = _keras()
    loss = keras.losses.BinaryCrossentropy()
    assert loss(torch.ones(1), torch.zeros(1)) == loss(torch.ones(1), -torch.ones(1)) < 17


def _batch_normalization(batch: list[list[float]]):
    layer = _keras().layers.BatchNormalization(axis=1, momentum=0.0, epsilon=1e-5)
    return layer, layer(torch.tensor(batch), training=True)


def keras_averages_the_variance_over_n():
    layer, _ = _batch_normalization([[1.0], [3.0]])
    assert layer.moving_variance.value.item() == 1, "2 would be without bias"


def keras_normalizes_a_single_row():
    _, came = _batch_normalization([[5.0]])
    assert came.item() == 0


def keras_subtracts_squares():
    _, came = _batch_normalization([[16384.0], [16384.5]])
    assert came.abs().max() > 1.5, "of two values one should become -1 and one 1"


def keras_weights_are_variables_of_its_own():
    keras = _keras()
    layer, _ = _batch_normalization([[1.0], [3.0]])
    assert isinstance(layer.gamma, keras.Variable)


def _jax():
    import jax

    jax.config.update("jax_enable_x64", True)
    return jax


def jax_takes_subnormal_numbers_for_zero():
    jax = _jax()
    x = jax.numpy.full(1, 2.0**-1030)
    assert x.item() > 0
    assert not x > 0, "so XLA compares on a CPU"
    assert jax.nn.relu(x) == 0
    assert jax.grad(lambda x: jax.nn.relu(x).sum())(x) == 0
    assert jax.grad(lambda x: jax.nn.leaky_relu(x).sum())(-x) == 1


def optax_cannot_refuse_a_class():
    jax = _jax()
    from optax import softmax_cross_entropy_with_integer_labels as loss

    assert jax.numpy.isnan(loss(jax.numpy.zeros((1, 5)), jax.numpy.array([5]))), "no error came"


def optax_means_nothing_by_minus_100():
    jax = _jax()
    from optax import softmax_cross_entropy_with_integer_labels as loss

    assert jax.numpy.isnan(loss(jax.numpy.zeros((1, 5)), jax.numpy.array([-100])))


def optax_adds_eps_before_the_root():
    jax = _jax()
    import optax

    w, made = jax.numpy.zeros(1), optax.adagrad(1.0, 0.0, 0.125)
    moved, _ = made.update(jax.numpy.ones(1), made.init(w))
    assert abs(moved[0] + 1 / (1 + 0.125) ** 0.5) < 1e-12
