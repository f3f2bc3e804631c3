"""Chapter 7: saving and loading what was learned."""
