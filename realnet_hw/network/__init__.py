"""Trained networks: read from files, and their ideal forward pass."""
