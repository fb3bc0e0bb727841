"""From a trained neural network to an analogue board that can be ordered, measured and trusted."""

from __future__ import annotations

__version__ = "0.1.0"
