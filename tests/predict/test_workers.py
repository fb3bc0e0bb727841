"""Several processes as one engine: the same answers in the same order, the same refusals."""

from __future__ import annotations

import numpy as np
import pytest

from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.predict.tolerances import draw
from realnet_hw.predict.workers import workers


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
