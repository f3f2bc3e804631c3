"""Chapter 4: backpropagation, gradient descent, and the optimizers."""
