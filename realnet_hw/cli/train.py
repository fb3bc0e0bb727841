"""The verb ``realnet train``."""

from __future__ import annotations

from cyclopts import App

from realnet_hw.cli.train_array import array, gradient
from realnet_hw.cli.train_mlp import mlp

train = App(name="train", help="Train a network for the circuit that it will run on.")
train.command(array)
train.command(gradient)
train.command(mlp)
