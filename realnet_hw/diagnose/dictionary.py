"""What each fault of a board would make one read: solved once, kept in the user's cache.

It is written hypothesis by hypothesis into files that are then mapped into memory, so that a board
of any size takes little of it, and lies in a folder named after all that it depends on. The folder
may be deleted at any time.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from realnet_hw import __version__
from realnet_hw.diagnose.responding import Responding
from realnet_hw.diagnose.responses import MOST_RESPONSES, Array, Response
from realnet_hw.diagnose.universe import Universe
from realnet_hw.errors import SimulationFailed

Floats = NDArray[np.float32] | Array
Progress = Callable[[int, int], None]

# What is stored depends on the code here, too: on what asks, and on all of the simulator.
_PACKAGE = Path(__file__).parents[1]
_ASKING = (
    *("answers", "dictionary", "drawn", "fired", "responding"),
    *("responses", "stored", "timing", "twins", "universe"),
)
_ASKED = ("asking", "engine", "faults", "lots", "miswired", "tolerances")
# What differs by less than so many standard deviations of sound boards and 5 mV is not seen.
_SEEN, _FINEST = 1.5, 5e-3
PARTS = ("mean", "linear", "bend", "below", "above")
# Older dictionaries are deleted beyond that.
_MOST_BYTES = 2_000_000_000


@dataclass(frozen=True, eq=False)
class Dictionary:
    """What every hypothesis of a universe makes a board answer.

    Args:
        universe: without what has no solution.
        unsolved: spellings of hypotheses that the simulator found no solution for.
        unseen: names of faults that no reading of these shows, which are not in the universe.
        cases: for each case the volts of each input.
        answers: as in ``answers``: nodes, ``i(source)`` or widths.
        parameters: names of the parameters that vary, the first columns of ``linear``.
        mean, linear, bend, below, above: as in ``responses.Response``, for each hypothesis.
    """

    universe: Universe
    unsolved: tuple[str, ...]
    unseen: tuple[str, ...]
    cases: tuple[Mapping[str, float], ...]
    answers: tuple[str, ...]
    parameters: tuple[str, ...]
    mean: Floats
    linear: Floats
    bend: Floats
    below: Floats
    above: Floats

    @cached_property
    def columns(self) -> dict[str, int]:
        """Answer to its column."""
        return {name: column for column, name in enumerate(self.answers)}

    def case(self, inputs: Mapping[str, float]) -> int | None:
        """Return the number of the case with these inputs, None if there is none."""
        for number, case in enumerate(self.cases):
            if all(abs(case[name] - volts) < 1e-6 for name, volts in inputs.items()):
                return number
        return None


def dictionary(
    responder: Responding,
    universe: Universe,
    *,
    progress: Progress | None = None,
    folder: Path | None = None,
) -> Dictionary:
    """Return a board's dictionary, from the cache if it was made before.

    Args:
        responder: what the board's answers are asked of.
        universe: what can be wrong with it.
        progress: told of hypotheses done, where they have to be solved.
        folder: where dictionaries are kept; in the user's cache if not given.

    Raises:
        SimulationFailed: no solution for the sound board.
    """
    kept = folder or _cache()
    name = _name(responder, universe)
    if not (kept / name).is_dir():
        _solve(kept, name, responder, universe, progress)
    else:
        (kept / name).touch()
    _tidy(kept, name)
    arrays = {part: np.load(kept / name / f"{part}.npy", mmap_mode="r") for part in PARTS}
    rows = json.loads((kept / name / "rows.json").read_text("utf-8"))
    left = universe.of(rows["numbers"], rows["shares"])
    known = {fault.name for fault in left.faults}
    gone = dict.fromkeys(
        universe.faults[universe.hypotheses[number].fault].name for number in rows["unseen"]
    )
    return Dictionary(
        universe=left,
        unsolved=tuple(universe.hypotheses[number].spelling for number in rows["unsolved"]),
        unseen=tuple(fault for fault in gone if fault not in known),
        cases=tuple(dict(case) for case in responder.cases),
        answers=tuple(responder.answers),
        parameters=tuple(spread.parameter for spread in responder.spreads),
        **arrays,
    )


def is_made(responder: Responding, universe: Universe, folder: Path | None = None) -> bool:
    """Return whether a dictionary is in the cache; arguments as of ``dictionary``."""
    return ((folder or _cache()) / _name(responder, universe)).is_dir()


def _solve(
    kept: Path, name: str, responder: Responding, universe: Universe, progress: Progress | None
) -> None:
    """Solve every hypothesis into files of a folder that gets its name when it is whole."""
    kept.mkdir(parents=True, exist_ok=True)
    count = len(universe.hypotheses)
    if progress:
        progress(0, count)
    every = responder.responses(universe.hypotheses)
    sound = next(every)
    if not sound:
        raise SimulationFailed("no solution for the sound board", where=responder.deck.title)
    numbers: list[int] = []
    shares: list[float] = []
    unsolved: list[int] = []
    unseen: list[int] = []
    with tempfile.TemporaryDirectory(dir=kept, prefix=".new-") as made:
        files = {
            part: open_memmap(
                Path(made) / f"{part}.npy",
                mode="w+",
                dtype=np.float64 if part == "mean" else np.float32,
                shape=(MOST_RESPONSES * count, *getattr(sound[0], part).shape),
            )
            for part in PARTS
        }
        for number, found in enumerate(itertools.chain([sound], every)):
            if progress:
                progress(number + 1, count)
            seen = [one for one in found if not number or _is_seen(one, sound)]
            if not seen:
                (unseen if found else unsolved).append(number)
            for response in seen:
                for part, file in files.items():
                    file[len(numbers)] = getattr(response, part)
                numbers.append(number)
                shares.append(response.share)
        for file in files.values():
            file.flush()
        rows = {"numbers": numbers, "shares": shares, "unsolved": unsolved, "unseen": unseen}
        (Path(made) / "rows.json").write_text(json.dumps(rows), "utf-8")
        target = kept / name
        if not target.exists():
            Path(made).rename(target)
            Path(made).mkdir()  # for the clean-up


def _is_seen(response: Response, sound: Sequence[Response]) -> bool:
    """Return whether any answer is elsewhere than sound boards have it, in each of their ways."""

    def differs(one: Response) -> bool:
        spread = np.sqrt((one.linear**2).sum(axis=-1) + one.bend**2 + _FINEST**2)
        return bool((np.abs(response.mean - one.mean) > _SEEN * spread).any())

    return all(differs(one) for one in sound)


def _name(responder: Responding, universe: Universe) -> str:
    deck = responder.deck
    content = [
        __version__,
        _sources(),
        responder.asked,
        deck.text(),
        [(s.parameter, s.low, s.high, s.sigma) for s in deck.spreads],
        [(h.spelling, h.factors) for h in universe.hypotheses],
        [sorted(case.items()) for case in responder.cases],
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:24]


@functools.cache
def _sources() -> list[str]:
    """Return the code that what is stored depends on."""
    predict = _PACKAGE / "predict"
    paths = [
        *(_PACKAGE / "diagnose" / f"{name}.py" for name in _ASKING),
        *(predict / f"{name}.py" for name in _ASKED),
        *sorted((predict / "compiled").rglob("*.py")),
        _PACKAGE / "export" / "deck.py",
    ]
    return [path.read_text("utf-8") for path in paths]


def _cache() -> Path:
    from realnet_hw import machine_code

    return machine_code.user_cache() / "diagnosis"


def _tidy(kept: Path, current: str) -> None:
    """Delete the dictionaries that were not used for longest where all take too much room."""
    folders = [path for path in kept.iterdir() if path.is_dir() and path.name[0] != "."]
    folders.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    room = _MOST_BYTES
    for folder in folders:
        # Most of a file may be holes.
        room -= sum(512 * file.stat().st_blocks for file in folder.iterdir())
        if room < 0 and folder.name != current:
            shutil.rmtree(folder, ignore_errors=True)
