"""The verb ``realnet train``; each subcommand's docstring is its help."""

from __future__ import annotations

from cyclopts import App

train = App(name="train", help="Train a network for the circuit that it will run on.")
