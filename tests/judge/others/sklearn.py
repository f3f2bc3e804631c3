"""scikit-learn: the losses that it measures by, and the parts of its neural networks."""

from typing import Any

from sklearn.metrics import mean_absolute_error, mean_squared_error
from sklearn.neural_network import _base as network
from sklearn.neural_network import _stochastic_optimizers as optimizers
from sklearn.utils.extmath import softmax as _softmax

from sums_to_one import bridge


def _in_place(name: str) -> Any:
    """Its activations write into what they get; their derivatives take the output."""
    derivative = network.DERIVATIVES[name]

    def forward(x: Any) -> Any:
        y = x.copy()
        network.ACTIVATIONS[name](y)
        return y

    def backward(gradient: Any, x: Any) -> Any:
        gradient = gradient.copy()
        derivative(forward(x), gradient)
        return gradient

    return bridge.function(forward, backward)


sigmoid, tanh, relu = map(_in_place, ("logistic", "tanh", "relu"))
softmax = bridge.function(
    lambda x, dim=-1: _softmax(x), limits={"dimensions": [2], "dtypes": ["float64", "float32"]}
)

FLAT = {"dimensions": [1], "dtypes": ["float64", "float32"]}
MSELoss = bridge.loss(lambda x, y: x.dtype.type(mean_squared_error(y, x)), limits=FLAT)
L1Loss = bridge.loss(lambda x, y: x.dtype.type(mean_absolute_error(y, x)), limits=FLAT)
BCELoss = bridge.loss(
    lambda x, y: x.dtype.type(network.binary_log_loss(y[:, None], x[:, None])), limits=FLAT
)


def _optimizer(make: Any) -> Any:
    """One for each parameter; it writes into it."""

    def step(made: Any, w: Any, gradient: Any, state: Any) -> Any:
        state.update_params([w], [gradient])
        return None, state

    return bridge.optimizer(make, step, start=lambda made, w: made([w]))


SGD = _optimizer(
    lambda lr=1e-3, momentum=0.0, nesterov=False: (
        lambda params: optimizers.SGDOptimizer(params, lr, momentum=momentum, nesterov=nesterov)
    )
)
Adam = _optimizer(
    lambda lr=1e-3, betas=(0.9, 0.999), eps=1e-8: (
        lambda params: optimizers.AdamOptimizer(params, lr, *betas, eps)
    )
)
