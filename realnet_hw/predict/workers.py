"""Several processes, each with an engine of its own, as one engine: here or on other machines.

Parameter sets and chunks of boards are dealt out in order and answers put together in that order.
As an engine's answer never depends on what was asked before, it is the same for any number of
processes, and whichever of them computed it.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import re
import signal
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from typing import Any, Protocol

import numpy as np

from realnet_hw import __version__
from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck
from realnet_hw.predict.asking import Answers
from realnet_hw.predict.engine import Bound, Engine, Parameters, PlainBound, Volts, Wave
from realnet_hw.predict.monte_carlo import Run

MOST = 256
"""More processes than that no machine of a workshop has cores for."""

_ADDRESS = re.compile(r"(tcp|tls)://[^/\s]+:[0-9]{1,5}")
# Chunks dealt out beforehand to each process.
_AHEAD = 2
_ANSWER_s = 10


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
        yield _Workers(own, make, pool, count)
    finally:
        pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def on_scheduler(make: Maker, address: str) -> Iterator[Engine]:
    """Give an engine that works on the processes of a Dask cluster.

    A process that ends meanwhile does not matter: the scheduler has another one compute again what
    was lost.

    Args:
        make: of the engine.
        address: of the scheduler, ``"tcp://192.168.1.7:8786"``.

    Raises:
        InputError: nobody answers there, nobody works there, or with another version of this
            package than this one.
        ToolMissing: as the engine.

    Ref: Dask.distributed documentation, "API: Client" (``get_executor``) and "Resilience".
    """
    from distributed import Client

    if _ADDRESS.fullmatch(address) is None:
        raise InputError(
            f"scheduler {address!r}", allowed="tcp://HOST:PORT, such as tcp://192.168.1.7:8786"
        )
    own = make()
    try:
        client = Client(address, timeout=_ANSWER_s, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(
            f"no scheduler answers: {' '.join(str(error).split())[:120]}",
            where=address,
            mend="start one with dask scheduler, and dask worker ADDRESS on each machine",
        ) from None
    try:
        versions = client.run(_version)
        if not versions:
            raise InputError(
                "nobody works there", where=address, mend="dask worker ADDRESS on each machine"
            )
        others = {each for each in versions.values() if each != __version__}
        if others:
            raise InputError(
                f"realnet_hw {', '.join(sorted(others))} there", where=address,
                allowed=f"{__version__}, as here, so that numbers are the same",
            )  # fmt: skip
        yield _Workers(own, make, client.get_executor(pure=False), len(versions))
    finally:
        client.close()


def _version() -> str:
    return __version__


class _Workers:
    """See ``Engine`` for the methods."""

    def __init__(self, own: Engine, make: Maker, pool: Executor, count: int) -> None:
        self._make = make
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

    def sensitivities(
        self,
        deck: Deck,
        parameters: Sequence[Parameters],
        nodes: Sequence[str],
        *,
        names: Sequence[str],
    ) -> Volts:
        """See ``Engine``."""
        return self._dealt("sensitivities", deck, parameters, nodes, names=names)

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

    def chunks(self, run: Run) -> Iterator[Answers]:
        """See ``Crew``; so many are under way that nobody waits, and no more."""
        under_way: deque[Future[Answers]] = deque()
        try:
            for boards in run.chunks():
                if len(under_way) > _AHEAD * self._count:
                    yield under_way.popleft().result()
                under_way.append(self._pool.submit(_answers, self._make, run, boards))
            while under_way:
                yield under_way.popleft().result()
        finally:
            for each in under_way:
                each.cancel()

    def _alone(self, method: str, *given: Any, **named: Any) -> Any:
        return self._pool.submit(_ask, self._make, method, given, named).result()

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
            self._pool.submit(_ask, self._make, method, (deck, sets[start:end], list(nodes)), named)
            for start, end in itertools.pairwise(ends)
        ]
        return np.concatenate([one.result() for one in asked])


# A simulator is a library that is there once in a process, for one caller at a time.
_ONE_AT_A_TIME = threading.Lock()
_ENGINES: dict[Maker, Engine] = {}


def _engine(make: Maker) -> Engine:
    """Return this process's engine."""
    if make not in _ENGINES:
        _ENGINES[make] = make()
    return _ENGINES[make]


def _start(make: Maker) -> None:
    """Make this process's engine; Ctrl-C is for the process that started it to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _engine(make)


def _ask(make: Maker, method: str, given: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
    with _ONE_AT_A_TIME:
        return getattr(_engine(make), method)(*given, **named)


def _answers(make: Maker, run: Run, boards: range) -> Answers:
    with _ONE_AT_A_TIME:
        return run.answers(_engine(make), boards)
