"""ngspice as the engine, through PySpice's binding to libngspice.

One libngspice instance lives in a process: it is loaded at the first use and shared by every
engine object. A deck is loaded once; each parameter set then costs only ``alter`` commands for what
differs from the set before. Results are copied out and ngspice's plots destroyed at once, so memory
does not grow with the number of runs. What fails is asked for again in a process that has
simulated nothing yet: an answer must not depend on what was simulated before. For the same reason,
after some dozens of circuits the library is begun anew, as a copy with a state of its own: with
hundreds behind it, ngspice has now and then found no solution.

Ref: ngspice 46 user manual, chapter 19 (shared library), sections 17.5.3 (alter), 17.5.54 (op).
"""

from __future__ import annotations

import contextlib
import ctypes.util
import dataclasses
import importlib
import logging
import multiprocessing
import os
import re
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from realnet_hw import project
from realnet_hw.errors import InputError, SimulationFailed, ToolMissing
from realnet_hw.export.deck import Deck, number
from realnet_hw.predict.engine import (
    Bound,
    Parameters,
    PlainBound,
    Volts,
    Wave,
    by_differences,
)

# How ngspice calls the main value of an element, by the element's first letter.
_MAIN_VALUE = {"r": "resistance", "c": "capacitance", "l": "inductance", "v": "dc", "i": "dc"}
_PARAMETER = re.compile(r"[a-z0-9_.]+( [a-z0-9_]+)?")
_CURRENT = re.compile(r"i\(([a-z0-9_.]+)\)")
_ERROR = re.compile(
    r"error|failed|aborted|limit reached|singular|too small|not recover", re.IGNORECASE
)
_FIGURE = r"([-+]?\d+(?:\.\d*)?(?:e[-+]?\d+)?)"
_UNSETTLED = re.compile(rf"([^\s#]+)\s+{_FIGURE}\s+{_FIGURE} \*")
# By what the longest step of a wave is divided, one after the other.
_SHORTER_STEPS = (1, 3, 10, 30)
_GEAR = ".options method=gear maxord=2"
# Its command history grows by every command and is freed on request.
_COMMANDS_PER_CLEANING = 5_000
_CIRCUITS_PER_LIBRARY = 50
# From how many boards on a sweep is followed from point to point, and how near that must come to
# points that are solved anew.
_BOARDS_TO_FOLLOW = 3
_FOLLOWED_WITHIN_V = 1e-5


def _library_path() -> str:
    """Return what the dynamic loader calls libngspice.

    Raises:
        ToolMissing: libngspice is not installed.
    """
    found = os.environ.get("NGSPICE_LIBRARY_PATH") or ctypes.util.find_library("ngspice")
    if not found:
        raise ToolMissing(
            "libngspice is not installed", mend=f"run: {project.system_mend('libngspice0')}"
        )
    return found


_LIBRARIES: list[Any] = []
"""The system's, which tells where its file is, and the copy that is used in its place, if any."""


def _shared() -> Any:
    """Return the binding to libngspice, loaded at the first call.

    Raises:
        ToolMissing: libngspice is not installed or can't be loaded.
    """
    if not _LIBRARIES:
        _LIBRARIES.append(_bound(_library_path()))
    return _LIBRARIES[-1]


def _begin_anew() -> None:
    """Load a copy of the library, with a state of its own, and let go of the copy before.

    Where the system does not tell which file was loaded, that one goes on being used.
    """
    try:
        mapped = Path("/proc/self/maps").read_text("utf-8")
    except OSError:
        return
    files = re.findall(r"/\S*libngspice\.so\S*$", mapped, re.MULTILINE)
    if files:
        with tempfile.TemporaryDirectory() as folder:
            _LIBRARIES.append(_bound(shutil.copy(files[0], folder)))
    if len(_LIBRARIES) > 2:
        _LIBRARIES.pop(1).close()


def _bound(path: str) -> Any:
    """Load libngspice through PySpice and return the binding.

    Raises:
        ToolMissing: it can't be loaded.
    """
    # It warns of every ngspice newer than itself and of the absent start-up file.
    logging.getLogger("PySpice").setLevel(logging.CRITICAL)
    from PySpice.Spice.NgSpice.Shared import NgSpiceShared

    binding = importlib.import_module("PySpice.Spice.NgSpice.Shared")
    # Each time it loads a library it declares the functions anew, which one FFI takes only once.
    ffi = vars(binding)["ffi"] = vars(binding)["FFI"]()

    class Shared(NgSpiceShared):  # type: ignore[misc]
        """PySpice's binding, mended.

        PySpice 1.5 takes every line on stderr for an error, but ngspice reports there, as notes,
        how it came to a solution (gmin stepping), so that good runs raise. Here lines are only
        collected; whether a run succeeded is seen from its results.

        Ref: PySpice issues 379 and 399.
        """

        LIBRARY_PATH = path
        lines: list[str] = []  # noqa: RUF012 - the first callbacks come before __init__ ends

        @staticmethod
        def _send_char(message: Any, _ngspice_id: int, user_data: Any) -> int:
            line = ffi.string(message).decode("utf-8", "replace")
            ffi.from_handle(user_data).lines.append(line.partition(" ")[2])
            return 0

        def exec_command(self, command: str, join_lines: bool = True) -> Any:
            self.lines.clear()
            self._ngspice_shared.ngSpice_Command(command.encode("ascii"))
            return "\n".join(self.lines) if join_lines else list(self.lines)

        def load(self, text: str) -> list[str]:
            """Load a deck; return the lines in which ngspice complains."""
            self.lines.clear()
            kept = [ffi.new("char[]", line.encode()) for line in [*text.splitlines(), ""]]
            code = self._ngspice_shared.ngSpice_Circ(ffi.new("char *[]", [*kept, ffi.NULL]))
            said = [line for line in self.lines if not line.startswith("Circuit:")]
            complaints = [line for line in said if _ERROR.search(line)]
            return complaints or (["no reason given"] if code else [])

        def close(self) -> None:
            ffi.dlclose(self._ngspice_shared)

        def free_history(self) -> None:
            self._ngspice_shared.ngSpice_Command(ffi.NULL)

        def current_plot(self) -> str:
            return str(ffi.string(self._ngspice_shared.ngSpice_CurPlot()).decode())

        def nodes(self) -> list[str]:
            """Return the nodes of the current plot."""
            found = self._ngspice_shared.ngSpice_AllVecs(self.current_plot().encode())
            names: list[str] = []
            while found[len(names)] != ffi.NULL:
                names.append(ffi.string(found[len(names)]).decode())
            return [name for name in names if name != "time" and not name.endswith("#branch")]

        def vector(self, name: str) -> Volts | None:
            """Return a copy of a real vector of the current plot, None if there is none."""
            info = self._ngspice_shared.ngGet_Vec_Info(name.encode("ascii"))
            if info == ffi.NULL or info.v_realdata == ffi.NULL or info.v_length == 0:
                return None
            data = ffi.buffer(info.v_realdata, 8 * info.v_length)
            return np.frombuffer(data, dtype=np.float64).copy()

    try:
        shared = Shared()
    except OSError as error:
        raise ToolMissing(str(error), where=path, mend="install libngspice0 again") from None
    shared.exec_command("set noaskquit")
    # What no stepping solves it would otherwise run for 10 us, and take where that ends for the
    # operating point: a wrong one where capacitors are slower, after minutes where steps are short.
    shared.exec_command("optran 1 1 1 0 0 0")
    return shared


class _Session:
    """The circuit that is loaded in libngspice and the parameters that were altered in it."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.fresh = True
        self._text: str | None = None
        self._altered: dict[str, float] = {}
        self._own: dict[str, float] = {}
        self._commands = self._circuits = 0

    def _command(self, command: str) -> None:
        self._commands += 1
        if self._commands % _COMMANDS_PER_CLEANING == 0:
            _shared().free_history()
        _shared().exec_command(command)

    def load(self, text: str, title: str) -> None:
        """Load a deck unless it is the one that is loaded.

        Raises:
            InputError: ngspice does not understand the deck.
        """
        if text == self._text:
            return
        if self._text is not None:
            self._command("remcirc")
            self.fresh = False
            self._circuits += 1
            if self._circuits % _CIRCUITS_PER_LIBRARY == 0:
                _begin_anew()
        self._text = None
        self._altered.clear()
        self._own.clear()
        if complaints := _shared().load(text):
            raise InputError("; ".join(complaints[:3]), where=title)
        self._text = text

    def _own_value(self, parameter: str) -> float:
        """Return the value that a parameter has in the deck as loaded.

        Raises:
            InputError: the deck has no such parameter.
        """
        if parameter not in self._own:
            element, _, name = parameter.partition(" ")
            name = name or _MAIN_VALUE.get(element[:1], "")
            value = None
            if name and _PARAMETER.fullmatch(parameter):
                value = _shared().vector(f"@{element}[{name}]")
            if value is None:
                raise InputError(f"the deck has no parameter {parameter!r}")
            self._own[parameter] = float(value[0])
        return self._own[parameter]

    def set(self, parameters: Parameters) -> None:
        """Give the loaded circuit these parameters, and its own values to all others.

        Raises:
            InputError: the deck has no such parameter.
        """
        wanted = dict(parameters)
        for parameter in wanted:
            self._own_value(parameter)
        for parameter in self._altered.keys() - wanted.keys():
            wanted[parameter] = self._own[parameter]
        for parameter, value in wanted.items():
            if self._altered.get(parameter, self._own[parameter]) != value:
                self._command(f"alter {parameter} = {number(value)}")
                self._altered[parameter] = value

    def run(self, command: str, analysis: _Analysis, what: str) -> _Found:
        """Run an analysis by one of its commands.

        Raises:
            SimulationFailed: no solution.
            InputError: a vector that the circuit does not have.
        """
        shared = _shared()
        self._command("destroy all")
        self._command(command)
        said = list(shared.lines)
        try:
            # A run that is given up half way leaves vectors that end early.
            aborted = any("aborted" in line for line in said)
            if aborted or not shared.current_plot().startswith(analysis.plot):
                raise SimulationFailed(f"{what}: {_reason(said)}")
            vectors = analysis.vectors
            if vectors is None:
                vectors = (*shared.nodes(), "time")
            columns = []
            for vector in vectors:
                column = shared.vector(vector)
                if column is None:
                    raise InputError(f"the deck has no node {vector.removesuffix('#branch')!r}")
                columns.append(column)
        finally:
            self._command("destroy all")
        return _Found(vectors, np.stack(columns, axis=1) if columns else np.empty((1, 0)))


@dataclass(frozen=True)
class _Analysis:
    """What is asked of a deck.

    Args:
        text, title: the deck's.
        commands: ngspice's, tried one after the other. At the edges of fast parts it may find no
            step that is small enough, and find one when it comes from another side.
        plot: what the plot's name begins with where it came to its end.
        vectors: that are wanted; None for all nodes, and then the time.
        name: for who reads that there is no solution, "transient".
    """

    text: str
    title: str
    commands: tuple[str, ...]
    plot: str
    vectors: tuple[str, ...] | None
    name: str

    def of(self, parameters: Parameters) -> _Found:
        """Return what the first command finds that comes to its end.

        Raises:
            InputError: a parameter or node that the deck does not have.
            SimulationFailed: no command came to its end, in a fresh process neither.
        """
        _SESSION.load(self.text, self.title)
        _SESSION.set(parameters)
        what = f"{self.title}: no {self.name} with {_described(parameters)}"
        failed = []
        for command in self.commands:
            try:
                return _SESSION.run(command, self, what)
            except SimulationFailed as error:
                failed.append(error)
        if not _SESSION.fresh:
            # ngspice 46 was seen to find no solution of a circuit after it had solved others.
            context = multiprocessing.get_context("spawn")
            with (
                contextlib.suppress(BrokenExecutor),
                ProcessPoolExecutor(1, context, initializer=_leave_signals) as pool,
            ):
                return pool.submit(self.of, dict(parameters)).result()
        raise failed[-1]


@dataclass(frozen=True)
class _Found:
    """What an analysis found, shape (points, vectors)."""

    vectors: tuple[str, ...]
    rows: Volts


def _leave_signals() -> None:
    """Ctrl-C is for the process that started this one to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _reason(said: Sequence[str]) -> str:
    """Return the line in which ngspice says why it gave up, with a node if it names any."""
    analyses = [line.partition(":")[2].strip() for line in said if line.startswith("doAnalyses:")]
    reasons = [line.strip() for line in said if _ERROR.search(line) and "aborted" not in line]
    reason = (analyses or reasons or ["no reason given"])[-1]
    # Of an operating point it prints its last two attempts, with a star where they are apart.
    apart = [match for line in said if (match := _UNSETTLED.fullmatch(line.strip()))]
    if not apart:
        return reason
    worst = max(apart, key=lambda match: abs(float(match[2]) - float(match[3])))
    return f'{reason}; farthest from settled: node "{worst[1]}"'


_SESSION = _Session()


@contextlib.contextmanager
def _signals_held() -> Iterator[Callable[[], None]]:
    """Hold back Python's signal handlers; what is yielded runs those that are due.

    A handler that runs while ngspice works runs inside one of its callbacks into Python, which
    prints and drops what the handler raises: Ctrl-C would have no effect.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    usual = {kind: signal.getsignal(kind) for kind in (signal.SIGINT, signal.SIGTERM)}
    due: list[int] = []

    def deliver() -> None:
        while due:
            caught = signal.Signals(due.pop())
            handler = usual[caught]
            if callable(handler):
                handler(caught, None)

    for kind, handler in usual.items():
        if callable(handler):
            signal.signal(kind, lambda caught, _: due.append(caught))
    try:
        yield deliver
    finally:
        for kind, handler in usual.items():
            if callable(handler):
                signal.signal(kind, handler)
        deliver()


def _vector(node: str) -> str:
    """Return ngspice's name of the vector of a node or of a source's current."""
    match = _CURRENT.fullmatch(node)
    return f"{match.group(1)}#branch" if match else node


def _described(parameters: Parameters) -> str:
    """Return a few of the parameters for a message."""
    shown = [f"{name} = {value:.6g}" for name, value in list(parameters.items())[:4]]
    more = len(parameters) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "") or "as it is"


class NgspiceEngine:
    """ngspice; see :class:`realnet_hw.predict.engine.Engine` for the methods.

    Raises:
        ToolMissing: libngspice is not installed.
    """

    def __init__(self) -> None:
        self._version = str(_shared().ngspice_version)

    @property
    def name(self) -> str:
        """See ``Engine``."""
        return "ngspice"

    @property
    def version(self) -> str:
        """That of the library."""
        return self._version

    def operating_point(
        self, deck: Deck, parameters: Sequence[Parameters], nodes: Sequence[str]
    ) -> Volts:
        """See ``Engine``."""
        volts = np.empty((len(parameters), len(nodes)))
        self._batch(
            deck, parameters, nodes, ["op"], "op", lambda index, rows: _put(volts, index, rows[0])
        )
        return volts

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
        """See ``Engine``; by differences, accurate to about a thousandth."""
        return by_differences(self, deck, parameters, nodes, names)

    def sweep(
        self,
        deck: Deck,
        parameters: Sequence[Parameters],
        nodes: Sequence[str],
        *,
        source: str,
        values: Sequence[float],
    ) -> Volts:
        """See ``Engine``.

        ngspice's own sweep of a source starts each point from the last one's solution: it takes a
        tenth of the time, but in a latch lets the answer depend on the direction. So the first
        board is solved both ways, and where they differ, or the values are not evenly spaced, every
        point of every board is solved anew.
        """

        def anew(sets: Sequence[Parameters]) -> Volts:
            every = [{**chosen, source: value} for chosen in sets for value in values]
            volts = self.operating_point(deck, every, nodes)
            return volts.reshape(len(sets), len(values), len(nodes))

        if len(parameters) < _BOARDS_TO_FOLLOW or not source.startswith("v") or not _even(values):
            return anew(parameters)
        first, last, step_V = values[0], values[-1], (values[-1] - values[0]) / (len(values) - 1)
        # Half a step on, so that rounding does not lose the last point.
        command = f"dc {source} {number(first)} {number(last + step_V / 2)} {number(step_V)}"
        volts = np.empty((len(parameters), len(values), len(nodes)))
        sets = [{**chosen, source: first} for chosen in parameters]
        self._batch(
            deck, sets, nodes, [command], "dc", lambda index, rows: _put(volts, index, rows)
        )
        alone = anew(parameters[:1])
        if np.abs(alone[0] - volts[0]).max() > _FOLLOWED_WITHIN_V:
            return anew(parameters)
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
        """See ``Engine``; interpolated between ngspice's own steps.

        Raises:
            InputError: step or end not above zero, or the step longer than the whole.
        """
        if not 0 < step_s <= end_s:
            raise InputError(f"a step of {step_s} s to {end_s} s", allowed="0 < step <= end")
        times = np.arange(round(end_s / step_s) + 1) * step_s
        volts = np.empty((len(parameters), len(times), len(nodes)))

        def keep(index: int, rows: Volts) -> None:
            for column in range(len(nodes)):
                volts[index, :, column] = np.interp(times, rows[:, -1], rows[:, column])

        start = "uic" if use_initial_conditions else ""
        longest_s = min(step_s, end_s / 50)
        commands = [
            f"tran {number(step_s)} {number(end_s)} 0 {number(longest_s / shorter)} {start}"
            for shorter in _SHORTER_STEPS
        ]
        self._batch(_stiff(deck), parameters, [*nodes, "time"], commands, "tran", keep)
        return volts

    def wave(
        self,
        deck: Deck,
        parameters: Parameters,
        *,
        end_s: float,
        step_s: float,
        start_V: Mapping[str, float],
    ) -> Wave:
        """See ``Engine``.

        At the edges of fast parts ngspice may find no step that is small enough, and find one when
        it comes from another side: so a wave that fails is tried again with shorter steps.

        Raises:
            InputError: step or end not above zero.
            SimulationFailed: no attempt came to its end.
        """
        if not (step_s > 0 and end_s > 0):
            raise InputError(f"a step of {step_s} s to {end_s} s", allowed="above zero")
        begins = [f".ic v({node})={number(volts)}" for node, volts in start_V.items()]
        begun = _stiff(dataclasses.replace(deck, elements=(*deck.elements, *begins)))
        steps = [number(min(step_s, end_s) / shorter) for shorter in _SHORTER_STEPS]
        commands = tuple(f"tran {longest} {number(end_s)} 0 {longest} uic" for longest in steps)
        with _SESSION.lock, _signals_held():
            found = _Analysis(begun.text(), deck.title, commands, "tran", None, "wave").of(
                parameters
            )
        *nodes, _ = found.vectors
        return Wave(
            found.rows[:, -1], {node: found.rows[:, index] for index, node in enumerate(nodes)}
        )

    def _batch(
        self,
        deck: Deck,
        parameters: Sequence[Parameters],
        nodes: Sequence[str],
        commands: Sequence[str],
        plot: str,
        keep: Callable[[int, Volts], None],
    ) -> None:
        """Run one analysis for each parameter set and hand its rows on: the first that ends."""
        live = [index for index, node in enumerate(nodes) if node != "0"]
        analysis = _Analysis(
            deck.text(),
            deck.title,
            tuple(commands),
            plot,
            tuple(_vector(nodes[index]) for index in live),
            {"op": "operating point", "dc": "sweep", "tran": "transient"}[plot],
        )
        with _SESSION.lock, _signals_held() as deliver_signals:
            for index, chosen in enumerate(parameters):
                deliver_signals()
                found = analysis.of(chosen).rows
                rows = np.zeros((len(found), len(nodes)))
                rows[:, live] = found
                keep(index, rows)


def _stiff(deck: Deck) -> Deck:
    """Return a deck whose transients are integrated by Gear's rule of second order.

    After an edge the trapezoidal rule rings at nodes without much capacitance; with several timers
    on a board ngspice then finds no step that is small enough.

    Ref: C. W. Gear, IEEE Transactions on Circuit Theory 18 (1971) 89.
    """
    return dataclasses.replace(deck, elements=(*deck.elements, _GEAR))


def _put(volts: Volts, index: int, row: Volts) -> None:
    volts[index] = row


def _even(values: Sequence[float]) -> bool:
    """Whether there are several values and they are evenly spaced."""
    steps = np.diff(values)
    return len(steps) > 1 and steps[0] != 0 and bool(np.allclose(steps, steps[0], rtol=1e-6))
