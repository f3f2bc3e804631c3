"""Chapter 6: batch normalization."""
