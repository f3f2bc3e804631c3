"""Chapter 2: initialization, the numbers that weights start from."""
