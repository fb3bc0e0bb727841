"""Several processes, each with an engine of its own, as one engine.

Parameter sets are dealt out in order and answers put together in that order. As an engine's answer
never depends on what was asked before, it is the same for any number of processes.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import signal
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from typing import Any, Protocol

import numpy as np

from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck
from realnet_hw.predict.engine import Bound, Engine, Parameters, PlainBound, Volts, Wave

MOST = 256
"""More processes than that no machine of a workshop has cores for."""


class Maker(Protocol):
    """Makes an engine: a function of a module, so that another process finds it by its name."""

    def __call__(self) -> Engine:
        """Return an engine."""
        ...


@contextlib.contextmanager
def workers(make: Maker, count: int) -> Iterator[Engine]:
    """Give an engine that works in so many processes; they end with the block.

    Args:
        make: of the engine.
        count: of the processes; with 1 it is the engine itself, in this process.

    Raises:
        InputError: a count that is not 1 to 256.
        ToolMissing: as the engine.
    """
    if not 1 <= count <= MOST:
        raise InputError(f"{count} workers", allowed=f"1 to {MOST}")
    # Here too, so that a simulator that is missing is said by this process.
    own = make()
    if count == 1:
        yield own
        return
    # A copy of this process would share a libngspice that was never made for it.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, context, initializer=_start, initargs=(make,))
    try:
        yield _Workers(own, pool, count)
    finally:
        pool.shutdown(cancel_futures=True)


class _Workers:
    """See ``Engine`` for the methods."""

    def __init__(self, own: Engine, pool: Executor, count: int) -> None:
        self._pool = pool
        self._count = count
        self.name = own.name
        self.version = own.version

    def operating_point(
        self, deck: Deck, parameters: Sequence[Parameters], nodes: Sequence[str]
    ) -> Volts:
        """See ``Engine``."""
        return self._dealt("operating_point", deck, parameters, nodes)

    def bound(
        self,
        deck: Deck,
        parameters: Parameters,
        *,
        changing: Sequence[str],
        nodes: Sequence[str],
    ) -> Bound:
        """See ``Engine``."""
        return PlainBound(self, deck, parameters, changing, nodes)

    def sweep(
        self,
        deck: Deck,
        parameters: Sequence[Parameters],
        nodes: Sequence[str],
        *,
        source: str,
        values: Sequence[float],
    ) -> Volts:
        """See ``Engine``; in one process, as ngspice follows a sweep as the first board allows."""
        volts: Volts = self._alone("sweep", deck, parameters, nodes, source=source, values=values)
        return volts

    def transient(
        self,
        deck: Deck,
        parameters: Sequence[Parameters],
        nodes: Sequence[str],
        *,
        end_s: float,
        step_s: float,
        use_initial_conditions: bool = False,
    ) -> Volts:
        """See ``Engine``."""
        return self._dealt(
            "transient",
            deck,
            parameters,
            nodes,
            end_s=end_s,
            step_s=step_s,
            use_initial_conditions=use_initial_conditions,
        )

    def wave(
        self,
        deck: Deck,
        parameters: Parameters,
        *,
        end_s: float,
        step_s: float,
        start_V: Mapping[str, float],
    ) -> Wave:
        """See ``Engine``."""
        wave: Wave = self._alone(
            "wave", deck, parameters, end_s=end_s, step_s=step_s, start_V=start_V
        )
        return wave

    def _alone(self, method: str, *given: Any, **named: Any) -> Any:
        return self._pool.submit(_ask, method, given, named).result()

    def _dealt(
        self,
        method: str,
        deck: Deck,
        parameters: Sequence[Parameters],
        nodes: Sequence[str],
        **named: Any,
    ) -> Volts:
        sets = [dict(one) for one in parameters]
        parts = min(self._count, max(1, len(sets)))
        ends = [len(sets) * part // parts for part in range(parts + 1)]
        asked = [
            self._pool.submit(_ask, method, (deck, sets[start:end], list(nodes)), named)
            for start, end in itertools.pairwise(ends)
        ]
        return np.concatenate([one.result() for one in asked])


_ENGINES: list[Engine] = []


def _start(make: Maker) -> None:
    """Make this process's engine; Ctrl-C is for the process that started it to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _ENGINES.append(make())


def _ask(method: str, given: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
    return getattr(_ENGINES[0], method)(*given, **named)
