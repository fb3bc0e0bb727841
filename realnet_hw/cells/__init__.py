"""Functional blocks: each with its circuit, its drawing and its law in one file."""
