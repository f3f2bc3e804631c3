"""Chapter 5: regularization, which narrows the gap between training data and new data."""
