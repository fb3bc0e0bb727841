"""``realnet train mlp``: a network for a board of summers, from examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from realnet_hw.cli import guidance
from realnet_hw.cli.output import own_stdout, progress, refuse_unwritable
from realnet_hw.errors import InputError

if TYPE_CHECKING:
    from realnet_hw.learn.data_set import DataSet
    from realnet_hw.learn.mlp import Outcome

_USUAL_LIMIT = 0.93


def mlp(
    data: str,
    *,
    technology: Literal["balanced_summer", "inverting_summer"] = "balanced_summer",
    series: str = "E96",
    tolerance: str | None = None,
    hidden: int = 6,
    seed: int = 0,
    accuracy: str | None = None,
    samples: int = 1000,
    engine: Literal["ngspice", "compiled"] = "compiled",
    out: Path = Path("network.json"),
    json_: Annotated[bool, Parameter("--json", negative="")] = False,
) -> int:
    """Train a network of one hidden layer that stands the tolerance of its resistors.

    Every step is taken on boards whose resistors are drawn anew. The network is then
    made into a board by its technology, and many such boards are asked the examples
    that were held out: the share of good ones is the predicted yield.

    Parameters
    ----------
    data
        CSV file of examples, the last column of which is what to tell; or iris, moons,
        parity3, xor, which are brought along.
    technology
        What the board is made of: balanced_summer or inverting_summer.
    series
        E series of the resistors that make the weights: E96, of 1 %, or E24, of 5 %.
    tolerance
        Their tolerance, such as 5%, to be sure that it is the one meant.
    hidden
        Width of the hidden layer.
    seed
        Seed of the first weights and of all draws.
    accuracy
        Share of the examples that a good board gets right, such as 93%, which is usual;
        all of them where the inputs are bits.
    samples
        How many boards to draw for the yield.
    engine
        The simulator for the yield: ngspice, or compiled, this package's own.
    out
        File to write the network to, which realnet new takes; beside it go examples to
        try the board with.
    json_
        Print one JSON object instead of text.
    """
    from realnet_hw import records
    from realnet_hw.learn import data_set, proof
    from realnet_hw.learn import mlp as training
    from realnet_hw.network import json_file
    from realnet_hw.network import points as point_files
    from realnet_hw.parts.tolerance import fraction
    from realnet_hw.predict.engines import ENGINES
    from realnet_hw.technology.resistors import kind_of

    with own_stdout() as answers:
        if out.suffix != ".json":
            raise InputError(str(out), where="--out", allowed="a name that ends in .json")
        points = out.with_suffix(".points.csv")
        refuse_unwritable(out)
        refuse_unwritable(points)
        examples = data_set.load(data)
        asked = None if tolerance is None else fraction(tolerance, "--tolerance")
        wish = training.Wish(
            technology=technology,
            resistor=kind_of(series, asked),
            hidden=hidden,
            seed=seed,
            limit=_limit(accuracy, examples),
            samples=samples,
        )
        with progress(f"Training {hidden} hidden neurons on {examples.name}") as advance:
            found = training.trained(examples, wish, ENGINES[engine](), advance)
        records.write(out, json_file.text(found.network))
        records.write(points, point_files.text(proof.cases(examples), examples.inputs))
        next_ = _next(examples, wish.technology, series, out, points)
        if json_:
            content: dict[str, Any] = {"network": str(out), "points": str(points), "next": next_}
            content |= {"shape": list(found.network.shape), **found.network.trained}
            answers.write(json.dumps(content, ensure_ascii=False) + "\n")
        else:
            lines = [*_lines(found, examples), f"Network: {out}", f"Next: {next_}"]
            answers.writelines(f"{line}\n" for line in lines)
    return 0


def _limit(text: str | None, examples: DataSet) -> float:
    if text is None:
        return 1.0 if examples.kind == "bits" else _USUAL_LIMIT
    try:
        return float(text.strip().removesuffix("%")) / 100
    except ValueError:
        raise InputError(f"{text!r}", where="--accuracy", allowed="such as 93%") from None


def _lines(found: Outcome, examples: DataSet) -> list[str]:
    told: dict[str, Any] = found.network.trained
    share, count = found.share, int(examples.judged.sum())
    held = ", not seen in training" if examples.held_out.any() else ""
    shape = "-".join(map(str, found.network.shape))
    what = f"{told['technology']}, resistors {told['resistors']}"
    ours, mean, most = (f"{each:.1%}" for each in (found.accuracy, share.mean, share.most))
    counted = f"{share.good} of {share.samples} boards get {share.limit:.0%} or more right"
    lines = [
        f"Network {shape} for {what}; {count} examples to judge by{held}",
        f"Right: the network itself {ours}, the mean board {mean}, 95 of 100 boards {most} or more",
        f"Yield {share.value:.1%}: {counted} (95 % interval {share.low:.1%} to {share.high:.1%})",
    ]
    if found.accuracy < share.limit:
        lines.append(
            f"The network itself misses {share.limit:.0%}, so that no tolerance is to blame: try a "
            "wider --hidden, another --seed, or a lower --accuracy"
        )
    if examples.kind != "bits":
        # What new and predict speak of is the board's volts alone.
        scales = (
            f"{name} {one.low:g} to {one.high:g}"
            for name, one in zip(examples.inputs, examples.ranges, strict=True)
        )
        lines.append(f"From a board's low input level to its high one: {', '.join(scales)}")
    return lines


def _next(examples: DataSet, technology: str, series: str, out: Path, points: Path) -> str:
    """Return the command that makes the board."""
    words: list[str | Path] = ["new", examples.name, "--network", out, "--technology", technology]
    words += ["--series", series, "--points", points]
    words += [] if examples.answer == "level" else ["--answer", examples.answer]
    words += [] if examples.kind == "bits" else ["--inputs", examples.kind]
    return guidance.command(*words)
