"""Technologies: each maps a trained network onto cells and refuses what would not work."""
