"""The simulators by name."""

from __future__ import annotations

from collections.abc import Mapping

from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.predict.workers import Maker

ENGINES: Mapping[str, Maker] = {"ngspice": NgspiceEngine}
"""What ``--engine`` may be; each raises ToolMissing where its simulator is not installed."""
