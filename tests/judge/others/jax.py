"""JAX: its activations of single numbers; losses and optimizers are optax'.

Its softmax is left out: for so many shapes as claims ask it takes many minutes to be compiled.
"""

import jax

from sums_to_one import bridge

sigmoid = bridge.function(jax.nn.sigmoid, library="jax")
tanh = bridge.function(lambda x: jax.nn.tanh(x), library="jax")
relu = bridge.function(jax.nn.relu, library="jax")
leaky_relu = bridge.function(jax.nn.leaky_relu, library="jax")
