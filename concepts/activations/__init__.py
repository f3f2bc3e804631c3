"""Chapter 1: activations, the nonlinear functions between the layers."""
