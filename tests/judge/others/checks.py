"""What findings.toml says of others' code, shown by a few lines without any claim of ours.

Each function holds in the version that LIBRARIES names; it imports what it is about.
"""
