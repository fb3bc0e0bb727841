"""Whether a measured board is the one that was predicted: verdict, table, report."""

from __future__ import annotations

from realnet_hw.compare.power import fault_power, unseen_faults
from realnet_hw.compare.verdict import compare

__all__ = ["compare", "fault_power", "unseen_faults"]
