"""Boards with two faults that no single one explains."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from realnet_hw.diagnose import diagnosis
from realnet_hw.diagnose.readings import Readings
from realnet_hw.diagnose.responding import responder_of
from realnet_hw.diagnose.responses import Responder
from realnet_hw.diagnose.table import pairs_advice, pairs_line
from realnet_hw.diagnose.twins import both, twins
from realnet_hw.export.deck import Deck
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.predict.faults import apply_all
from realnet_hw.predict.tolerances import draw
from tests.bench import runs
from tests.diagnose.conftest import Looked


def responder(deck: Deck, looked: Looked) -> Responder:
    cases = diagnosis.cases_for(looked.board, Readings())
    made = responder_of(looked.board, deck, CompiledEngine(), cases)
    assert isinstance(made, Responder)
    return made


@pytest.mark.parametrize(
    ("two", "others"),
    [
        # Which end amplifiers go to whose feedback is lost, their offsets say.
        (("R3 short", "GND H2_SUM bridged"), 4),
        # A package that is not there can't be said by parameters of a deck.
        (("R1 short", "U1 missing"), 0),
    ],
)
def test_two_faults_are_unknown_and_then_found_as_a_pair(
    xor: Looked, two: tuple[str, str], others: int
) -> None:
    looked = xor.fresh()
    looked.take(xor.read(*two))
    record = looked.record("a" * 64, {})
    assert record.fit == "unknown"
    assert record.next_probe is None
    first = record.pairs[0]
    alike = [{fault.name for fault in first.faults}, *map(set, first.others)]
    assert set(two) in alike
    assert len(alike) <= others + 1
    assert first.p > 0.9
    assert pairs_line(record) == "Two faults at once that would explain it:"


def test_a_reading_that_was_mistyped_is_explained_by_no_two_faults(xor: Looked) -> None:
    read = xor.read()
    place = next(n for n, one in enumerate(read.values) if one.probe.net == "VREF")
    wrong = replace(read.values[place], value=read.values[place].value + 1.0)
    looked = xor.fresh()
    looked.take(replace(read, values=(*read.values[:place], wrong, *read.values[place + 1 :])))
    record = looked.record("a" * 64, {})
    assert record.fit == "unknown"
    assert sum(pair.p for pair in record.pairs) < 0.1
    assert "No two faults explain it" in pairs_line(record)
    assert "take those again" in pairs_advice(record)


def test_a_board_with_two_faults_is_that_of_their_spellings(xor: Looked) -> None:
    """On one deck that is woken to both, as on a deck that both were applied to."""
    deck = runs.described("xor_opamp")[2]
    asked = responder(deck, xor)
    spellings = ["R9 open", "D3 reversed", "U1.6 open low", "U1.14 stuck high", "Y Y_SUM bridged"]
    found = twins(deck, spellings)
    whole = max((twin.deck for twin in found.values()), key=lambda deck: len(deck.elements))
    for one, other in itertools.combinations(spellings, 2):
        woken = asked.means(both(deck, whole, found[one], found[other]), [{}])
        applied = responder(apply_all(deck, [one, other]), xor)
        alone = applied.means(twins(applied.deck, [])[""], [{}])
        nodes = [not name.startswith("i(") for name in asked.answers]
        columns = [applied.answers.index(name) for name in asked.answers]
        assert np.allclose(woken[..., nodes], alone[..., columns][..., nodes], atol=2e-3), (
            one,
            other,
        )


def test_two_failed_outputs_each_lie_where_boards_drawn_have_them(xor: Looked) -> None:
    """Up to a tenth of the supply from the rail, each by itself, so that both are uncertain."""
    deck = runs.described("xor_opamp")[2]
    asked = responder(deck, xor)
    spellings = ["U1.1 stuck high", "U1.14 stuck low"]
    found = twins(deck, spellings)
    one, other = (found[spelling] for spelling in spellings)
    twin = both(deck, one.deck, one, other)
    (ways,) = asked.boards([twin], [])
    applied = apply_all(deck, spellings)
    drawn = responder(applied, xor).means(twins(applied, [])[""], draw(applied.spreads, 400, 3))
    for net in ("H1", "Y"):
        column = asked.answers.index(deck.nodes[net])
        share = np.array([way.share for way in ways])
        means = np.array([way.mean[:, column] for way in ways])
        own = np.array([((way.linear**2).sum(-1) + way.bend**2)[:, column] for way in ways])
        mean = share @ means
        sigma = np.sqrt(share @ (own + means**2) - mean**2)
        assert share.sum() == pytest.approx(1)
        assert np.allclose(mean, drawn[..., column].mean(axis=0), atol=0.12)
        assert np.allclose(sigma, drawn[..., column].std(axis=0), rtol=0.15)
        assert (sigma > 0.5).all()
