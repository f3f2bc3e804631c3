"""JAX: its activations and initializers; losses and optimizers are optax', layers are flax'."""

from typing import Any

import jax
from jax.nn import initializers

from sums_to_one import bridge

sigmoid = bridge.function(jax.nn.sigmoid, library="jax")
tanh = bridge.function(lambda x: jax.numpy.tanh(x), library="jax")
relu = bridge.function(jax.nn.relu, library="jax")
leaky_relu = bridge.function(jax.nn.leaky_relu, library="jax")
softmax = bridge.function(lambda x, dim=-1: jax.nn.softmax(x, axis=dim), library="jax")


def _filled(made: Any) -> Any:
    return lambda key, shape, dtype: made(key, shape, dtype)


FANS = {"in_axis": 1, "out_axis": 0}  # JAX's weights have their inputs first
TWO = {"dimensions": [2]}

zeros_ = bridge.initializer(_filled(initializers.zeros), library="jax")
ones_ = bridge.initializer(_filled(initializers.ones), library="jax")
constant_ = bridge.initializer(
    lambda key, shape, dtype, val: initializers.constant(val)(key, shape, dtype), library="jax"
)
normal_ = bridge.initializer(
    lambda key, shape, dtype, mean=0.0, std=1.0: initializers.normal(std)(key, shape, dtype) + mean,
    library="jax",
)
uniform_ = bridge.initializer(
    lambda key, shape, dtype, a=0.0, b=1.0: initializers.uniform(b - a)(key, shape, dtype) + a,
    library="jax",
)
xavier_uniform_ = bridge.initializer(
    _filled(initializers.glorot_uniform(**FANS)), library="jax", limits=TWO
)
xavier_normal_ = bridge.initializer(
    _filled(initializers.variance_scaling(1.0, "fan_avg", "normal", **FANS)),
    library="jax",
    limits=TWO,
)
kaiming_uniform_ = bridge.initializer(
    _filled(initializers.he_uniform(**FANS)), library="jax", limits=TWO
)
kaiming_normal_ = bridge.initializer(
    _filled(initializers.variance_scaling(2.0, "fan_in", "normal", **FANS)),
    library="jax",
    limits=TWO,
)
