"""flax: batch normalization and dropout."""

from typing import Any

import jax.numpy as jnp
from flax import nnx

from sums_to_one import bridge

NAMES = {"weight": "scale", "bias": "bias", "running_mean": "mean", "running_var": "var"}


def _start(num_features: int, eps: float = 1e-5, momentum: float = 0.1) -> Any:
    made = nnx.BatchNorm(
        num_features, epsilon=eps, momentum=1 - momentum, param_dtype=jnp.float32, rngs=nnx.Rngs(0)
    )
    found = {name: getattr(made, own)[...] for name, own in NAMES.items()}
    weights = {name: found[name] for name in ("weight", "bias")}
    return weights, {name: found[name] for name in ("running_mean", "running_var")}, made


def _apply(made: Any, weights: Any, averages: Any, x: Any, training: bool, key: Any) -> Any:
    """flax has the channels last."""
    graph, state = nnx.split(made)
    layer = nnx.merge(graph, state)
    for name, own in NAMES.items():
        getattr(layer, own)[...] = {**weights, **averages}[name]
    y = layer(jnp.moveaxis(x, 1, -1), use_running_average=not training)
    after = {name: getattr(layer, NAMES[name])[...] for name in averages}
    return jnp.moveaxis(y, -1, 1), after


BatchNorm1d = bridge.pure_layer(_start, _apply)
BatchNorm2d = bridge.pure_layer(_start, _apply)


def _dropped(p: float, weights: Any, averages: Any, x: Any, training: bool, key: Any) -> Any:
    return nnx.Dropout(p)(x, deterministic=not training, rngs=nnx.Rngs(key)), {}


Dropout = bridge.pure_layer(lambda p=0.5: ({}, {}, p), _dropped)
