"""The engine against Ohm's law, analytic answers and an independent diode calculation."""

from __future__ import annotations

import math
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from realnet_hw import project
from realnet_hw.board import Board
from realnet_hw.errors import InputError, SimulationFailed
from realnet_hw.export.deck import Deck, number
from realnet_hw.export.netlist import Netlist
from realnet_hw.predict import ngspice
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.predict.tolerances import draw

DIVIDER = Deck(
    "* divider", ("v_in a 0 10", "r1 a b 1e3", "r2 b 0 3e3", "c1 b 0 1e-6"), nodes={"A": "a"}
)
# Cascaded stages that Newton's method can't solve from zero: tanh has no slope far out.
STIFF = Deck(
    "* two saturating amplifiers",
    (
        "v_in in 0 5",
        "v_ref ref 0 -5",
        "r1 in s 1e4", "r2 ref s 1e4", "r3 s a 1e4", "r4 a t 1e4", "r5 t b 1e4", "r6 in t 1e4",
        "b1 0 x i=2.6e-4*tanh(1.45*(-v(s)))", "r7 x 0 5e8", "d1 x high limit", "d2 low x limit",
        "b2 0 a i=0.026*tanh((v(x)-v(a))/5)",
        "b3 0 y i=2.6e-4*tanh(1.45*(-v(t)))", "r8 y 0 5e8", "d3 y high limit", "d4 low y limit",
        "b4 0 b i=0.026*tanh((v(y)-v(b))/5)",
        "v_high high 0 10", "v_low low 0 -10",
    ),
    models=".model limit d(is=1e-14 rs=1)",
)  # fmt: skip

MODELS = project.bundle() / "sim" / "models"

ohms = st.floats(1.0, 1e7)


@settings(max_examples=30, deadline=None)
@given(upper=ohms, lower=ohms, volts=st.floats(-100, 100))
def test_divider(engine: NgspiceEngine, upper: float, lower: float, volts: float) -> None:
    parameters = {"r1": upper, "r2": lower, "v_in": volts}
    middle_V, into_A = engine.operating_point(DIVIDER, [parameters], ["b", "i(v_in)"])[0]
    # Every node leaks through ngspice's gmin, 1e-12 S.
    assert middle_V == pytest.approx(volts * lower / (upper + lower), rel=2e-5, abs=1e-7)
    assert into_A == pytest.approx(-volts / (upper + lower), rel=2e-5, abs=1e-10)


def test_shapes_and_ground(engine: NgspiceEngine) -> None:
    found = engine.operating_point(DIVIDER, [{}, {"r1": 3e3}, {}], ["b", "0", "a"])
    np.testing.assert_allclose(found, [[7.5, 0, 10], [5, 0, 10], [7.5, 0, 10]], rtol=1e-9)
    assert engine.operating_point(DIVIDER, [], ["b"]).shape == (0, 1)
    assert engine.operating_point(DIVIDER, [{}], []).shape == (1, 0)
    swept = engine.sweep(DIVIDER, [{}, {"r1": 3e3}], ["b"], source="v_in", values=[0, 4, 8])
    np.testing.assert_allclose(swept[:, :, 0], [[0, 3, 6], [0, 2, 4]], rtol=1e-9, atol=1e-12)


def test_answers_do_not_depend_on_what_was_asked_before(engine: NgspiceEngine) -> None:
    sets = [{"v_in": volts, "r2": ohm} for volts in (1.0, 7.0) for ohm in (1e3, 9e3)]
    forward = engine.operating_point(DIVIDER, sets, ["b"])
    engine.operating_point(STIFF, [{}], ["b"])
    backward = engine.operating_point(DIVIDER, sets[::-1], ["b"])
    assert np.array_equal(forward, backward[::-1])


def test_charging_capacitor(engine: NgspiceEngine) -> None:
    deck = DIVIDER.with_waveform("v_in", [(0, 0), (1e-9, 10)])
    step_s, end_s = 1e-5, 3e-3
    found = engine.transient(deck, [{}, {"c1": 2e-6}], ["b"], end_s=end_s, step_s=step_s)
    times = np.arange(301) * step_s
    for volts, farad in zip(found[:, :, 0], (1e-6, 2e-6), strict=True):
        expected = 7.5 * (1 - np.exp(-times / (750 * farad)))
        np.testing.assert_allclose(volts, expected, atol=0.5e-3)


def test_initial_conditions(engine: NgspiceEngine) -> None:
    deck = Deck("* discharge", ("c1 a 0 1e-6 ic=5", "r1 a 0 1e3"))
    found = engine.transient(
        deck, [{}], ["a"], end_s=1e-3, step_s=1e-4, use_initial_conditions=True
    )[0, :, 0]
    np.testing.assert_allclose(found, 5 * np.exp(-np.arange(11) / 10), atol=1e-3)


@pytest.mark.parametrize("volts", [0.3, 1.0, 5.0, 12.0])
def test_diode_and_resistor(engine: NgspiceEngine, volts: float) -> None:
    """Shockley's equation with SPICE's constants, solved by another method."""
    saturation_A, ideality, series_ohm, load_ohm = 3e-9, 1.8, 0.6, 1e3
    deck = Deck(
        "* diode",
        (f"v_in a 0 {volts}", f"r1 a k {load_ohm}", "d1 k 0 d"),
        models=f".model d d(is={saturation_A} n={ideality} rs={series_ohm})",
    )
    thermal_V = 1.380649e-23 * 300.15 / 1.602176634e-19

    def excess(current_A: float) -> float:
        junction_V = ideality * thermal_V * math.log1p(current_A / saturation_A)
        return junction_V + current_A * (series_ohm + load_ohm) - volts

    current_A = brentq(excess, 0, volts / load_ohm, xtol=1e-18, rtol=1e-14)
    found = engine.operating_point(deck, [{}], ["k"])[0, 0]
    assert found == pytest.approx(volts - current_A * load_ohm, abs=1e-6)


def test_a_deck_that_needs_gmin_stepping(engine: NgspiceEngine) -> None:
    """PySpice 1.5 takes ngspice's notes on how it got there for errors (issues 379 and 399)."""
    found = engine.operating_point(STIFF, [{}], ["a", "b"])[0]
    np.testing.assert_allclose(found, [0.0, -5.0], atol=2e-3)
    said = ngspice._shared().exec_command("op")
    assert "gmin stepping" in said


def test_no_solution_names_the_node_and_leaves_the_engine_usable(engine: NgspiceEngine) -> None:
    deck = Deck("* runaway", ("b1 0 out i=1e-3*(1+v(out)*v(out))", "r1 out 0 1e9"))
    with pytest.raises(SimulationFailed, match=r'runaway.*r1 = 2e\+09.*"out"'):
        engine.operating_point(deck, [{"r1": 2e9}], ["out"])
    assert engine.operating_point(DIVIDER, [{}], ["b"])[0, 0] == pytest.approx(7.5)


def test_a_circuit_on_its_way_is_not_taken_for_an_operating_point(engine: NgspiceEngine) -> None:
    """A tangent of time; ngspice's last resort is to look where it is after 10 us."""
    deck = Deck("* runaway", ("b1 0 out i=1e-3*(1+v(out)*v(out))", "r1 out 0 1e9", "c1 out 0 1e-3"))
    with pytest.raises(SimulationFailed, match="runaway"):
        engine.operating_point(deck, [{}], ["out"])


DIODES = {
    f"{path.stem} {name}": text
    for path in sorted(MODELS.glob("*.lib"))
    for name, text in re.findall(
        r"^\.model\s+(\S+)\s+d\((.*?)\)", path.read_text("utf-8"), re.MULTILINE | re.IGNORECASE
    )
}


@pytest.mark.parametrize("card", DIODES.values(), ids=DIODES)
def test_no_diode_is_limited_by_the_logarithm_of_a_negative_number(card: str) -> None:
    """ngspice's limit of a junction begins at n Vt ln(n Vt / (sqrt(2) is)), which must be above 0.

    Below 0 ngspice 46 was seen to find NaN. Asked is of the shipped models at 27 C, at which all
    is simulated; nobody asks it of a user's own.

    Ref: L. W. Nagel, "SPICE2", UCB/ERL M520 (1975), junction limiting (from memory).
    """
    thermal_V = 1.380649e-23 * 300.15 / 1.602176634e-19
    values = {key: value for key, _, value in (part.partition("=") for part in card.split())}
    ideality = float(values.get("n", "1"))
    assert float(values["is"]) < ideality * thermal_V / math.sqrt(2)


def test_of_rows_that_ngspice_prints_only_figures_are_compared() -> None:
    said = ["doAnalyses: iteration limit reached", "out 4.2 -1.5e+03 *", "as it says *"]
    reason = ngspice._reason(said)
    assert reason == 'iteration limit reached; farthest from settled: node "out"'
    assert ngspice._reason([said[0], said[2]]) == "iteration limit reached"


@pytest.mark.parametrize(
    "elements",
    [
        ("x1 a 0 nosuch", "v1 a 0 1"),
        ("d1 a 0 nomodel", "v1 a 0 1"),
        ("z a b",),
        ("m1 a 0 0", "v1 a 0 1"),
    ],
)
def test_bad_decks_are_refused(engine: NgspiceEngine, elements: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="bad deck"):
        engine.operating_point(Deck("* bad deck", elements), [{}], ["a"])
    assert engine.operating_point(DIVIDER, [{}], ["b"])[0, 0] == pytest.approx(7.5)


@pytest.mark.parametrize("parameter", ["r9", "r1 nosuch", "v.xu1.vos1", "r1; quit", "", "R1"])
def test_unknown_parameters_are_refused(engine: NgspiceEngine, parameter: str) -> None:
    with pytest.raises(InputError, match="no parameter"):
        engine.operating_point(DIVIDER, [{parameter: 1.0}], ["b"])


def test_unknown_nodes_and_values_are_refused(engine: NgspiceEngine) -> None:
    with pytest.raises(InputError, match="no node 'zz'"):
        engine.operating_point(DIVIDER, [{}], ["b", "zz"])
    with pytest.raises(InputError, match="nan"):
        engine.operating_point(DIVIDER, [{"r1": math.nan}], ["b"])
    assert engine.operating_point(DIVIDER, [{}], ["b"])[0, 0] == pytest.approx(7.5)


@pytest.mark.parametrize(("end_s", "step_s"), [(0.0, 1e-6), (1e-3, 0.0), (1e-3, 2e-3)])
def test_impossible_times_are_refused(engine: NgspiceEngine, end_s: float, step_s: float) -> None:
    with pytest.raises(InputError, match="step"):
        engine.transient(DIVIDER, [{}], ["b"], end_s=end_s, step_s=step_s)


def test_memory_does_not_grow(engine: NgspiceEngine) -> None:
    other = Deck("* other", DIVIDER.elements)

    def work(times: int) -> int:
        for _ in range(times):
            engine.operating_point(DIVIDER, [{"v_in": number} for number in range(100)], ["b"])
            engine.operating_point(other, [{}], ["b"])
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * 4096

    before = work(20)
    after = work(40)
    assert after - before < 2_000_000


def test_says_nothing_by_itself(
    engine: NgspiceEngine, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    engine.operating_point(STIFF, [{}], ["b"])
    with pytest.raises(InputError):
        engine.operating_point(Deck("* bad deck", ("z a b",)), [{}], ["a"])
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


def test_a_refused_value_leaves_no_trace(engine: NgspiceEngine) -> None:
    with pytest.raises(InputError, match="nan"):
        engine.operating_point(DIVIDER, [{"r2": 9e3, "r1": math.nan}], ["b"])
    assert engine.operating_point(DIVIDER, [{}], ["b"])[0, 0] == pytest.approx(7.5)


@pytest.mark.parametrize(("kind", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interruptible_while_ngspice_works(kind: signal.Signals, status: int) -> None:
    """A handler's exception must not get lost in a callback from C."""
    code = (
        "import signal, sys\n"
        "from realnet_hw.export.deck import Deck\n"
        "from realnet_hw.predict.ngspice import NgspiceEngine\n"
        "def stop(kind, frame): sys.exit(128 + kind)\n"
        "for kind in (signal.SIGINT, signal.SIGTERM): signal.signal(kind, stop)\n"
        "deck = Deck('* d', ('v1 a 0 1', 'r1 a 0 1'))\n"
        "engine = NgspiceEngine()\n"
        "print('ready', flush=True)\n"
        "engine.operating_point(deck, [{'v1': n} for n in range(10**6)], ['a'])\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.5)
        child.send_signal(kind)
        out, err = child.communicate(timeout=10)
    assert (child.returncode, out, err) == (status, "", "")


def test_temperature_is_the_decks_whatever_the_users_start_up_file_says(tmp_path: Path) -> None:
    (tmp_path / ".spiceinit").write_text("option temp=120\n")
    code = (
        "from realnet_hw.export.deck import Deck\n"
        "from realnet_hw.predict.ngspice import NgspiceEngine\n"
        "deck = Deck('* d', ('i1 0 a 1e-3', 'd1 a 0 d'), '.model d d(is=1e-14)')\n"
        "print(NgspiceEngine().operating_point(deck, [{}], ['a'])[0, 0])\n"
    )
    root = Path(project.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    at_27_degrees = 1.380649e-23 * 300.15 / 1.602176634e-19 * math.log(1e-3 / 1e-14)
    assert float(done.stdout) == pytest.approx(at_27_degrees, abs=1e-5)
    assert done.stderr == ""


def test_a_transient_does_not_depend_on_what_was_simulated_before(tmp_path: Path) -> None:
    """Tolerances that nothing meets, set behind the engine's back, let this process fail."""
    script = tmp_path / "ask.py"
    script.write_text(
        "from realnet_hw.export.deck import Deck\n"
        "from realnet_hw.predict.ngspice import NgspiceEngine, _shared\n"
        "def ask(ohm):\n"
        "    parts = ('v1 a 0 sin(0 5 1e3)', f'r1 a b {ohm}', 'd1 b 0 d')\n"
        "    deck = Deck('* d', parts, '.model d d(is=1e-14)')\n"
        "    return NgspiceEngine().transient(deck, [{}], ['b'], end_s=1e-3, step_s=1e-4)\n"
        "if __name__ == '__main__':\n"
        "    ask('2e3')\n"
        "    before = ask('1e3')\n"
        "    tight = 'reltol=1e-18 vntol=1e-25 trtol=1e-12 chgtol=1e-40 itl4=2'\n"
        "    for option in tight.split():\n"
        "        _shared().exec_command(f'option {option}')\n"
        "    found = ask('1e3')\n"
        "    print((found == before).all(), 0.6 < before.max() < 0.8)\n"
    )
    root = Path(project.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("True True\n", "")


def test_after_dozens_of_circuits_nothing_of_the_first_is_left(engine: NgspiceEngine) -> None:
    marked = "set left_behind=1"
    ngspice._shared().exec_command(marked)
    assert "left_behind" in ngspice._shared().exec_command("set")
    for ohm in range(1, 60):
        deck = Deck("* divider", ("v_in a 0 10", f"r1 a b {ohm}", "r2 b 0 100"))
        found = engine.operating_point(deck, [{}], ["b"])[0, 0]
        assert found == pytest.approx(1000 / (100 + ohm))
    assert "left_behind" not in ngspice._shared().exec_command("set")


def test_a_title_may_speak_of_errors(engine: NgspiceEngine) -> None:
    deck = Deck("* error amplifier, failed once", DIVIDER.elements)
    assert engine.operating_point(deck, [{}], ["b"])[0, 0] == pytest.approx(7.5)


def test_signal_handlers_are_put_back(engine: NgspiceEngine) -> None:
    before = signal.getsignal(signal.SIGINT)
    engine.operating_point(DIVIDER, [{}], ["b"])
    with pytest.raises(InputError):
        engine.operating_point(DIVIDER, [{}], ["zz"])
    assert signal.getsignal(signal.SIGINT) is before


def test_works_in_any_thread(engine: NgspiceEngine) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(
            pool.map(
                lambda ohm: engine.operating_point(DIVIDER, [{"r2": ohm}], ["b"])[0, 0],
                [1e3, 3e3, 9e3] * 20,
            )
        )
    np.testing.assert_allclose(found, [5.0, 7.5, 9.0] * 20, rtol=1e-6)


def test_tolerances_resolve_a_microvolt(
    engine: NgspiceEngine, xor: tuple[Board, Netlist, Deck], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand times tighter changes nothing; ngspice's own ones are tens of microvolts off."""
    board, _, deck = xor
    nodes = [node for node in deck.nodes.values() if node != "0"]
    sets = [
        drawn | {deck.inputs[name].element: volts for name, volts in case.inputs.items()}
        for drawn in draw(deck.spreads, 40, 3)
        for case in board.cases
    ]
    found = engine.operating_point(deck, sets, nodes)
    answers = []
    for options in (".options reltol=1e-8 abstol=1e-14 vntol=1e-11", ".options"):
        monkeypatch.setattr("realnet_hw.export.deck.OPTIONS", options)
        answers.append(engine.operating_point(deck, sets, nodes))
    tighter, usual = answers
    np.testing.assert_allclose(found, tighter, rtol=0, atol=1e-6)
    assert np.abs(usual - tighter).max() > 1e-5


def test_name_and_version(engine: NgspiceEngine) -> None:
    assert engine.name == "ngspice"
    assert int(engine.version) >= 39


def test_missing_library_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from realnet_hw.errors import ToolMissing

    monkeypatch.delenv("NGSPICE_LIBRARY_PATH", raising=False)
    monkeypatch.setattr("ctypes.util.find_library", lambda _: None)
    with pytest.raises(ToolMissing, match="libngspice is not installed; run: make setup"):
        ngspice._library_path()


@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_reach_ngspice_unchanged(value: float) -> None:
    text = number(value)
    assert float(text) == value
    assert not set(text) - set("0123456789.e+-")
