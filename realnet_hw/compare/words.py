"""Words and figures that table and report share: what was found, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from realnet_hw.records import (
    ComparedEdge,
    ComparedFiring,
    Comparison,
    Conditions,
    Corner,
    EdgeFigures,
    MeasuredEdge,
    MeasuredFiring,
    MeasuredShape,
    Measurement,
    PartEffect,
    Prediction,
    Settling,
    TolerancedYield,
    Yield,
)

_SHOWN = 4
# Names of cases longer than so many characters, or of more cases, give way to numbers.
_LONG = 16
_MANY = 8


def headline(comparison: Comparison) -> str:
    """Return the reason of the verdict in one sentence."""
    levels, agreement = comparison.conformity, comparison.agreement
    joint = f"(statistic {figure(agreement.statistic)}, limit {figure(agreement.limit)})"
    values = f"{agreement.degrees_of_freedom} values"
    if levels.answer == "no":
        return "An output does not show what it should."
    if agreement.answer == "no" and explained(comparison):
        return (
            f"These {values} together are improbable for this circuit {joint}, but parts within "
            "tolerance explain them."
        )
    if agreement.answer == "no":
        return f"These {values} together are not those of this circuit {joint}."
    if comparison.fit is not None and comparison.fit.answer == "no":
        return (
            f"These {values} are not improbable for this circuit, but no parts within tolerance "
            f"explain them (left {figure(comparison.fit.statistic)}, "
            f"limit {figure(comparison.fit.limit)})."
        )
    if comparison.unset:
        return f"{len(comparison.unset)} of the points wired were not read."
    if not demanded(comparison):
        return (
            f"{values} agree with this circuit {joint}, and nothing is asked of its outputs: "
            "whether it does its work was not judged."
        )
    if levels.answer == "undecided":
        return "An output is too close to an edge to tell, or has no wire."
    return f"{demanded(comparison)}, and {values} agree with this circuit {joint}."


def explained(comparison: Comparison) -> bool:
    """Return whether a model fitted to this board, its parts within tolerance, explains it."""
    return comparison.fit is not None and comparison.fit.answer == "yes"


def demanded(comparison: Comparison) -> str:
    """Return that a board does what is asked of it: "Every output shows its level"; or nothing."""
    outputs = [output for case in comparison.cases for output in case.outputs.values()]
    met = []
    if any(output.expected is not None for output in outputs):
        met.append("every output shows its level")
    if any(output.window_V is not None for output in outputs):
        met.append("every output lies within its window")
    if any(case.largest is not None for case in comparison.cases):
        met.append("the right output is the greatest in every case")
    text = ", ".join(met)
    return text[:1].upper() + text[1:]


def advice(comparison: Comparison) -> list[str]:
    """Return what to look at next, the most urgent first."""
    levels, agreement = comparison.conformity, comparison.agreement
    unset = tuple(comparison.unset)
    reasons = [reason for reason in levels.reasons if not reason.startswith(unset)]
    lines = [f"{reason}." for reason in reasons[:_SHOWN]]
    if agreement.answer == "no" and explained(comparison):
        lines.append(f"Furthest off: {'; '.join(agreement.worst)}.")
        lines.append(
            "One in a thousand boards of mixed parts is as far off. Are yours from one lot, or the "
            "rest of a sorted one? If not, look for a wrong part there."
        )
    elif agreement.answer == "no" or (comparison.fit and comparison.fit.answer == "no"):
        lines.append(f"Look here first: {'; '.join(agreement.worst)}.")
        if supplies_V := comparison.conditions.supplies_V:
            there = ", ".join(f"{net} at {volts(at_V, 'g')} V" for net, at_V in supplies_V.items())
            lines.append(
                f"Read the supply at the board's own terminals before you look at parts: {there}. "
                "One that is missing or the wrong way round looks like many wrong parts."
            )
        lines.append("Check the parts and wires that feed these points, then measure again.")
    if comparison.unset:
        lines.append(f"Not read: {some(comparison.unset)}. Check the wires and measure again.")
    if levels.answer == "undecided" and any("guard band" in reason for reason in levels.reasons):
        lines.append("A fixture with a smaller uncertainty may decide it.")
    if not demanded(comparison):
        lines.append("Give the board's cases a level, a window or a greatest output to judge.")
    if clipped(comparison):
        lines.append(CLIPPED)
    if comparison.verdict == "PASS (outputs only)":
        lines.append("Wire the test points to find faults that the outputs do not show.")
    if comparison.unseen_faults:
        lines.append(
            f"{len(comparison.unseen_faults)} of {len(comparison.power)} single faults would stay "
            f"unseen with this wiring: {some(comparison.unseen_faults)}."
        )
    return lines


def steps(comparison: Comparison) -> list[str]:
    """Return how the outputs answered steps of the inputs, one line each."""
    return [f"{step_of(edge, edge.output)} {answered(edge)}." for edge in comparison.edges]


def step_of(edge: ComparedEdge | MeasuredEdge, output: str) -> str:
    """Return what stepped: "Y after X1 from 0 to 5 V with X2 = 0 V"."""
    ends = f"from {volts(edge.from_V, 'g')} to {volts(edge.to_V, 'g')} V"
    return f"{output} after {edge.input} {ends}{holding(edge.held_V)}"


def answered(edge: ComparedEdge | ComparedFiring) -> str:
    """Return whether a wave lies among those of the boards drawn, and what of it does not."""
    if edge.agrees is None:
        return f"can't be compared: {edge.note or 'its wave was not seen'}"
    names = EDGE_FIGURES if isinstance(edge, ComparedEdge) else SHAPE_FIGURES
    beside = _beside(edge, names)
    if edge.agrees:
        return "lies among the boards drawn" + (f"; not so its {some(beside)}" if beside else "")
    return "lies outside the boards drawn" + (f", by its {some(beside)}" if beside else "")


def firings(comparison: Comparison) -> list[str]:
    """Return how the firings that a scope saw compare, those that are not as drawn one by one."""
    seen = comparison.firings
    good = [one for one in seen if one.agrees and not _beside(one, SHAPE_FIGURES)]
    notes = dict.fromkeys(one.note for one in seen if one.agrees is None)
    bad = [one for one in seen if one not in good and one.agrees is not None]
    lines = [f"{firing_of(one, comparison)} {answered(one)}." for one in bad[:_SHOWN]]
    if len(bad) > _SHOWN:
        more = len(bad) - _SHOWN
        what = "One more wave is" if more == 1 else f"{more} more waves are"
        lines.append(f"{what} not as drawn; see the report.")
    if good:
        names = ", ".join(dict.fromkeys(one.terminal for one in good))
        what = "it lies" if len(good) == 1 else f"all {len(good)} of them lie"
        share = f"{len(good)} of {len(seen)} lie" if len(good) < len(seen) else what
        lines.append(f"Waves of the firings, {names}: {share} among the boards drawn.")
    lines += [f"Firings can't be compared: {note or 'no wave was seen'}." for note in notes]
    return lines


def firing_of(firing: ComparedFiring, comparison: Comparison) -> str:
    """Return whose wave of which case it is: "P1 at A = 5 V, B = 10 V"."""
    case = comparison.cases[firing.case]
    return f"{firing.terminal} at {inputs({name: i.set_V for name, i in case.inputs.items()})}"


def _beside(found: ComparedEdge | ComparedFiring, names: Mapping[str, str]) -> list[str]:
    """Return the names of the figures that are not those of boards drawn."""
    return [name for key, name in names.items() if found.figures[key].agrees is False]


def firings_measured(measurement: Measurement) -> list[str]:
    """Return what was seen of the firings, one line each."""
    return [
        f"{inputs(firing.set_V)}: {'; '.join(_shapes(firing)) or 'nothing to be told'}."
        for firing in measurement.firings
    ]


def _shapes(firing: MeasuredFiring) -> list[str]:
    """Return the times of each wave of a firing; its levels the fixture knows better."""
    found = []
    for terminal, shape in firing.shapes.items():
        told = _told(shape, {key: name for key, name in SHAPE_FIGURES.items() if key[-1] == "s"})
        if told:
            found.append(f"{terminal} {', '.join(told)}")
    return found


def _told(figures: EdgeFigures | MeasuredShape, names: Mapping[str, str]) -> list[str]:
    """Return what is told by figures: "delay 3.2 µs ± 0.1 µs"."""
    found = {key: getattr(figures, key) for key in names}
    return [
        f"{names[key]} {edge_figure(key, one.value)} ± {edge_figure(key, one.U)}"
        for key, one in found.items()
        if None not in (one.value, one.U)
    ]


def steps_measured(measurement: Measurement) -> list[str]:
    """Return the figures of every answer to a step as measured, one line each."""
    lines = []
    for edge in measurement.edges:
        for output, figures in edge.figures.items():
            found = _told(figures, EDGE_FIGURES)
            lines.append(f"{step_of(edge, output)}: {', '.join(found) or 'nothing to be told'}.")
    return lines


EDGE_FIGURES = {
    "delay_s": "delay",
    "passage_s": "passage",
    "overshoot": "overshoot",
    "settling_s": "settling",
}
"""What the figures of an edge are called."""

SHAPE_FIGURES = {
    "delay_s": "delay",
    "width_s": "width",
    "passage_s": "passage",
    "low_V": "low",
    "high_V": "high",
}
"""What the figures of a firing are called."""


def edge_figure(key: str, value: float) -> str:
    """Return a figure of an edge or firing: a time, a voltage, or a share in percent."""
    if key == "overshoot":
        return f"{100 * value:.1f} %"
    if key.endswith("_V"):
        return f"{volts(value, '.2f')} V".replace("-", "\N{MINUS SIGN}")
    return ("\N{MINUS SIGN}" if value < 0 else "") + duration(abs(value))


def volts(value_V: float, form: str = ".3f") -> str:
    """Return a voltage without its unit, never as minus zero."""
    text = f"{value_V:{form}}"
    return text.removeprefix("-") if float(text) == 0 else text


def edges(window_V: tuple[float, float]) -> str:
    """Return a window: "1.875 to 2.125 V"."""
    return f"{volts(window_V[0])} to {volts(window_V[1])} V"


def figure(statistic: float) -> str:
    """Return a statistic with as many digits as it takes: "35.2", and "1.1e6" from 10 000 on."""
    if abs(statistic) < 1e4:
        return f"{statistic:.1f}"
    mantissa, exponent = f"{statistic:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def beyond(value_V: float, U_V: float, range_V: float | None) -> str:
    """Return "≥" or "≤" where a reading can't be told from the end of the range, else nothing."""
    if range_V is None or abs(value_V) + U_V < range_V:
        return ""
    return "≥" if value_V > 0 else "≤"


def clipped(comparison: Comparison) -> bool:
    """Return whether any reading of an output or test point stands at the end of the range."""
    return any(
        beyond(value.measured_V, value.U_measured_V, comparison.range_V)
        for case in comparison.cases
        for value in (*case.outputs.values(), *case.nodes.values())
        if value.measured_V is not None and value.U_measured_V is not None
    )


CLIPPED = (
    "A reading with ≥ or ≤ stands at the end of the fixture's range: the true voltage may lie "
    "further out. It counts as what was read, or, at a test point that should lie further out, not "
    "at all."
)


def inputs(set_V: Mapping[str, float], form: str = "g") -> str:
    """Return the inputs of a case to the millivolt: "X1 = 0 V, X2 = 5 V"."""
    shown = {name: volts(round(value_V, 3), form) for name, value_V in set_V.items()}
    return ", ".join(f"{name} = {text} V" for name, text in shown.items())


def conditions(under: Conditions) -> str:
    """Return what a board was simulated under: "60 °C, +5V at 5 V (no drift known of C1)"."""
    still = f" (no drift known of {some(under.no_drift)})" if under.no_drift else ""
    rails = (f"{net} at {volts(value_V, 'g')} V" for net, value_V in under.supplies_V.items())
    return ", ".join((f"{under.temperature_C:g} °C", *rails)) + still


def width(seconds: float) -> str:
    """Return the width of a pulse in milliseconds, without its unit, to a microsecond."""
    return volts(1e3 * seconds)


def duration(seconds: float) -> str:
    """Return a time: "2.25 µs"."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def views(prediction: Prediction) -> list[str]:
    """Return what a prediction has beyond its cases, one line each."""
    lines = []
    if count := len(prediction.curves):
        moved = len(prediction.cases[0].inputs)
        which = f", of the {count} of {moved} inputs that move the outputs most"
        kind = "transfer curve" if count == 1 else "transfer curves"
        lines.append(f"{count} {kind}{which if moved > count else ''}.")
    for surface in prediction.surfaces:
        held = holding(surface.held_V)
        lines.append(f"Response surface of {surface.across} and {surface.up}{held}.")
    for transient in prediction.transients:
        steps = f"when {transient.input} steps{holding(transient.held_V)}"
        lines += [
            f"{name} {_settles(settling, transient.boards)} {steps}."
            for name, settling in transient.settling.items()
        ] or [f"No output moves {steps}."]
    if prediction.waveforms:
        count = len(prediction.waveforms)
        lines.append(f"Waveforms of {count} cases, of {prediction.waveforms[0].boards} boards.")
    lines += [yield_line(found) for found in prediction.yields]
    if line := margin_line(prediction):
        lines.append(line)
    lines += sensitivity_lines(prediction)
    if prediction.unsolved_faults:
        lines.append(f"No solution with these faults: {some(prediction.unsolved_faults)}.")
    return lines


def margin_line(prediction: Prediction) -> str:
    """Return which answers come nearest to a wrong one, and on how bad a board; empty if none."""
    margins = prediction.margins
    if margins is None or not margins.worst:
        return ""
    place = _places(prediction)
    often = [f"{place[key]} on {count} boards" for key, count in margins.deciding.items()]
    worst = margins.worst[0]
    side = "still right" if worst.margin_V > 0 else "wrong"
    where = place[f"{worst.case}.{worst.output}"]
    return (
        f"Nearest to a wrong answer: {some(often)}. The worst board, number {worst.board} of seed"
        f" {prediction.seed}, is {side} by {volts(abs(worst.margin_V), '.3f')} V: {where}."
    )


def sensitivity_lines(prediction: Prediction) -> list[str]:
    """Return which parts decide, and the widest worst-case corner; nothing where not known."""
    found = prediction.sensitivity
    if found is None or not found.parts:
        return []
    place = _places(prediction)
    most = [
        f"{one.part} moves {place[one.key]} by {volts(one.effect_V, '.3f')} V"
        f" ({100 * one.share:.0f} %)"
        for one in found.parts
    ]
    lines = [f"Which part decides, each at the end of its tolerance: {some(most)}."]
    if found.corners:
        key, corner = max(found.corners.items(), key=lambda item: item[1].high_V - item[1].low_V)
        lines.append(
            f"Worst corner of all tolerances together: {place[key]} from"
            f" {volts(corner.low_V, '.3f')} to {volts(corner.high_V, '.3f')} V."
        )
    return lines


def deciding(prediction: Prediction, most: int) -> list[tuple[str, PartEffect, Corner | None]]:
    """Return the parts that decide, the greatest effect first.

    Returns:
        The value that the part moves most, as a reader calls it, what it does to it, and that
        value's worst corners.
    """
    found = prediction.sensitivity
    if found is None:
        return []
    place = _places(prediction)
    return [(place[one.key], one, found.corners.get(one.key)) for one in found.parts[:most]]


def _places(prediction: Prediction) -> dict[str, str]:
    """Return ``"<case>.<output>"`` as a reader calls it: "Y at 0, 5 V"."""
    names = case_names([[i.set_V for i in case.inputs.values()] for case in prediction.cases])
    return {
        f"{number}.{output}": f"{output} at {name}"
        for number, (name, case) in enumerate(zip(names, prediction.cases, strict=True))
        for output in case.outputs
    }


def yield_line(found: TolerancedYield) -> str:
    """Return a yield with the tolerance that it is of."""
    parts = "Parts as bought"
    if found.tolerance is not None:
        parts = f"Every resistor and capacitor ± {100 * found.tolerance:g} %"
    counted = []
    if found.levels is not None and found.levels.good != found.every.good:
        counted.append(f"{_counted(found.levels)} show the cases at logic levels")
    counted.append(f"{_counted(found.every)} show every case")
    return f"{parts}: {', '.join(counted)}."


def _counted(found: Yield) -> str:
    return f"{found.good} of {found.samples} boards"


def _settles(settling: Settling, boards: int) -> str:
    if settling.nominal_s is None:
        return "does not settle to 1 % before the next step"
    slowest = (
        f"but not on all of {boards} boards in time"
        if settling.slowest_s is None
        else f"the slowest of {boards} boards in {_resolved(settling.slowest_s, settling)}"
    )
    return f"settles to 1 % in {_resolved(settling.nominal_s, settling)}, {slowest},"


def _resolved(seconds: float, settling: Settling) -> str:
    """Return a time, or that it is less than what the record's steps resolve."""
    if seconds > settling.resolution_s:
        return duration(seconds)
    return f"less than {duration(settling.resolution_s)}"


def holding(volts_by_input: Mapping[str, float]) -> str:
    """Return which inputs are held: " with X2 = 5 V", nothing where none is."""
    if len(volts_by_input) > _SHOWN:
        return f" with {len(volts_by_input)} others held"
    return f" with {inputs(volts_by_input)}" if volts_by_input else ""


def case_name(number: int, set_V: Sequence[float]) -> str:
    """Return what a case is called where there is little room: "0, 5 V", else by its number."""
    text = ", ".join(volts(round(value_V, 3), "g") for value_V in set_V) + " V"
    if len(set_V) > _SHOWN or len(text) > _LONG:
        return f"case {number + 1}"
    return text.replace("-", "\N{MINUS SIGN}")


def case_names(cases: Sequence[Sequence[float]]) -> list[str]:
    """Return what cases are called side by side: all by their inputs, or all by their numbers."""
    names = [case_name(number, set_V) for number, set_V in enumerate(cases)]
    numbers = [f"case {number + 1}" for number in range(len(cases))]
    return numbers if len(cases) > _MANY or set(names) & set(numbers) else names


def some(names: Sequence[str]) -> str:
    """Return the first few names, and how many more there are."""
    shown = ", ".join(names[:_SHOWN])
    more = len(names) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
