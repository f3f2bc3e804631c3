"""Chapter 3: losses, the numbers that training makes small."""
