"""optax: its optimizers and losses."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax

from sums_to_one import bridge


def _optimizer(make: Any) -> Any:
    def update(made: Any, w: Any, gradient: Any, state: Any) -> Any:
        changes, state = made.update(gradient, state, w)
        return optax.apply_updates(w, changes), state

    return bridge.optimizer(make, update, start=lambda made, w: made.init(w), library="jax")


SGD = _optimizer(
    lambda lr=1e-3, momentum=0.0, nesterov=False: optax.sgd(lr, momentum or None, nesterov)
)
Adam = _optimizer(lambda lr=1e-3, betas=(0.9, 0.999), eps=1e-8: optax.adam(lr, *betas, eps=eps))
RMSprop = _optimizer(
    lambda lr=1e-2, alpha=0.99, eps=1e-8, momentum=0.0, centered=False: optax.rmsprop(
        lr, alpha, eps, centered=centered, momentum=momentum or None, eps_in_sqrt=False
    )
)
Adagrad = _optimizer(
    lambda lr=1e-2, initial_accumulator_value=0.0, eps=1e-10: optax.adagrad(
        lr, initial_accumulator_value, eps
    )
)

REDUCTIONS = {"mean": jnp.mean, "sum": jnp.sum, "none": lambda x: x}


def _loss(each: Any, **limits: Any) -> Any:
    @partial(jax.jit, static_argnames="reduction")  # else each operation is compiled by itself
    def reduced(x: Any, y: Any, reduction: str = "mean") -> Any:
        return REDUCTIONS[reduction](each(x, y))

    return bridge.loss(reduced, library="jax", limits=limits)


MSELoss = _loss(optax.squared_error)
BCEWithLogitsLoss = _loss(optax.sigmoid_binary_cross_entropy)
CrossEntropyLoss = _loss(
    optax.softmax_cross_entropy_with_integer_labels, dimensions=[2], without=["probabilities"]
)
