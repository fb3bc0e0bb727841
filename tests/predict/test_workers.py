"""Several processes as one engine: the same answers in the same order, the same refusals.

One of a cluster's processes is killed while it works: that changes nothing.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck
from realnet_hw.predict.asking import Settled
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.predict.monte_carlo import monte_carlo
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.predict.tolerances import draw
from realnet_hw.predict.workers import on_scheduler, workers

CASES = [{"v_x1": 2.0, "v_x2": 0.0}, {"v_x1": -2.0, "v_x2": 4.0}]
ASKING = Settled({"OUT": "out", "HOLD": "hold"})


def test_answers_do_not_depend_on_the_number_of_processes(
    engine: NgspiceEngine, summer: Deck
) -> None:
    boards = [{**one, "v_x1": 2.0} for one in draw(summer.spreads, 5, 1)]
    with workers(NgspiceEngine, 2) as two:
        assert (two.name, two.version) == (engine.name, engine.version)
        for asked in (boards, boards[:1]):
            alone = engine.operating_point(summer, asked, ["out", "hold"])
            assert np.array_equal(two.operating_point(summer, asked, ["out", "hold"]), alone)
        steps = {"end_s": 1e-5, "step_s": 1e-6}
        alone = engine.transient(summer, boards, ["out"], **steps)
        assert np.array_equal(two.transient(summer, boards, ["out"], **steps), alone)
        sweep = {"source": "v_x2", "values": [0.0, 1.0, 2.0]}
        assert np.array_equal(
            two.sweep(summer, boards, ["out"], **sweep),
            engine.sweep(summer, boards, ["out"], **sweep),
        )
        with pytest.raises(InputError, match="no parameter 'r99'"):
            two.operating_point(summer, [*boards, {"r99": 1.0}], ["out"])


@pytest.mark.parametrize("count", [0, -1, 1000])
def test_a_count_that_is_none_is_refused(count: int) -> None:
    with pytest.raises(InputError, match=f"{count} workers"), workers(NgspiceEngine, count):
        pass


def test_chunks_do_not_depend_on_the_number_of_processes(summer: Deck) -> None:
    alone = monte_carlo(summer, CompiledEngine(), ASKING, CASES, samples=110, seed=5)
    with workers(CompiledEngine, 2) as two:
        assert np.array_equal(monte_carlo(summer, two, ASKING, CASES, samples=110, seed=5), alone)
        with pytest.raises(InputError, match="no parameter 'v_x9'"):
            monte_carlo(summer, two, ASKING, [{"v_x9": 0.0}], samples=110, seed=5)


@pytest.fixture
def cluster() -> Iterator[Any]:
    """Two processes and their scheduler; distributed says of itself what is lost."""
    distributed = pytest.importorskip("distributed", reason="distributed is not installed")
    made = distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        silence_logs=logging.CRITICAL,
    )
    with made:
        yield made


def test_a_process_of_a_cluster_may_die(cluster: Any, summer: Deck) -> None:
    samples = 6000
    alone = monte_carlo(summer, CompiledEngine(), ASKING, CASES, samples=samples, seed=5)
    pid = next(iter(cluster.workers.values())).pid
    seen: list[int] = []

    def progress(done: int, _: int) -> None:
        seen.append(done)
        if len(seen) == 5:
            os.kill(pid, signal.SIGKILL)

    with on_scheduler(CompiledEngine, cluster.scheduler_address) as engine:
        found = monte_carlo(
            summer, engine, ASKING, CASES, samples=samples, seed=5, progress=progress
        )
        steady = engine.operating_point(summer, CASES, ["out"])
    assert len(seen) > 20
    assert np.array_equal(found, alone)
    assert np.array_equal(steady, CompiledEngine().operating_point(summer, CASES, ["out"]))
    assert pid not in {each.pid for each in cluster.workers.values()}


@pytest.mark.parametrize("address", ["localhost", "tcp://localhost", "8786", "http://a:80/x"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    pytest.importorskip("distributed", reason="distributed is not installed")
    with pytest.raises(InputError, match="tcp://HOST:PORT"), on_scheduler(CompiledEngine, address):
        pass
