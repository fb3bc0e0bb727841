"""Which parts of a plain circuit are drawn together, and in which column.

Each unit with three or more pins is the middle of a group. A part with two pins joins the unit
whose input it feeds or whose loop it closes, else the one that drives it, else its neighbours. Test
points go where their net is driven. What lies between supply rails is shared out to the packages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from realnet_hw.export.netlist import Netlist
from realnet_hw.export.plain.columns import set_layers
from realnet_hw.export.plain.group import Group
from realnet_hw.export.plain.units import Unit, units

_MOST_MEMBERS = 12


def grouped(
    netlist: Netlist,
    rails: Collection[str],
    inputs: Collection[str],
    outputs: Collection[str],
) -> list[Group]:
    """Return the groups of a circuit.

    Args:
        netlist: the circuit.
        rails: ground and the supplies.
        inputs, outputs: nets of the board's ports.
    """
    every = list(units(netlist))
    mains = [unit for unit in every if not unit.is_pair and not unit.is_test_point]
    pairs = [unit for unit in every if unit.is_pair]
    groups = [Group(unit) for unit in mains if not _is_supply_entry(unit, rails)]
    supply = Group(
        next((unit for unit in mains if _is_supply_entry(unit, rails)), None),
        title="Supply",
        in_signal_path=False,
    )
    entries = [unit for unit in mains if _is_supply_entry(unit, rails) and unit != supply.main]
    groups += [Group(unit, title=unit.name, in_signal_path=False) for unit in entries]

    between_rails = [unit for unit in pairs if set(unit.nets()) <= set(rails)]
    left = _join_units(groups, [unit for unit in pairs if unit not in between_rails], rails)
    left = _join_neighbours(groups, left, rails)
    fed = {*inputs, *(net for group in groups for net in group.driven())} - set(rails)
    groups += _stars(left, rails, _distances(left, rails, fed))
    _share_out(groups, supply, between_rails)
    supply.flags = tuple(_flagged(every, rails))
    _place_test_points(groups, supply, [u for u in every if u.is_test_point], inputs, rails)
    uses = Counter(net for unit in every for net in unit.nets())
    shared = {net for net, count in uses.items() if count > 1 and net not in rails}
    for group in groups:
        group.is_spare = _is_spare(group, shared)
    set_layers(groups, rails, set(inputs), set(outputs))
    _name(groups, rails, inputs, outputs)
    if supply.main or supply.members or supply.flags:
        groups.append(supply)
    return groups


def _is_supply_entry(unit: Unit, rails: Collection[str]) -> bool:
    return unit.is_connector and bool(unit.nets()) and set(unit.nets()) <= set(rails)


def _join_units(
    groups: Sequence[Group], pairs: Iterable[Unit], rails: Collection[str]
) -> list[Unit]:
    """Give parts with two pins to the unit they belong to; return those that touch none."""
    fan = Counter(
        net for group in groups if group.main for net in group.main.nets() if net not in rails
    )
    left = []
    for pair in pairs:
        nets = set(pair.nets())
        candidates = []
        for index, group in enumerate(groups):
            unit = group.main
            if unit is None or unit.is_connector or unit.is_supply:
                continue
            shared = nets & set(unit.nets()) - set(rails)
            outputs = shared & unit.driven()
            if len(shared) == 2 and outputs:
                candidates.append((0, 0, index))
            candidates += [(2 if net in outputs else 1, fan[net], index) for net in sorted(shared)]
        if candidates:
            groups[min(candidates)[2]].members.append(pair)
        else:
            left.append(pair)
    return left


def _join_neighbours(
    groups: Sequence[Group], pairs: Sequence[Unit], rails: Collection[str]
) -> list[Unit]:
    """Give parts to groups whose parts they hang on, as long as there is room; return the rest."""
    left = list(pairs)
    while True:
        for pair in left:
            nets = set(pair.nets()) - set(rails)
            near = [
                group
                for group in groups
                if group.main is not None
                and not group.main.is_connector
                and group.members
                and len(group.members) < _MOST_MEMBERS
                and nets & group.nets()
            ]
            if near:
                min(near, key=lambda group: len(group.members)).members.append(pair)
                left.remove(pair)
                break
        else:
            return left


def _stars(
    pairs: Sequence[Unit], rails: Collection[str], distance: Mapping[str, int]
) -> list[Group]:
    """Return groups of parts that end on one net, which is the farther one from what feeds them.

    Nets that nothing but parts to a rail end on have no direction: these parts are put together.
    """
    by_net: dict[str, list[Unit]] = {}
    for pair in pairs:
        ends = sorted(set(pair.nets()) - set(rails))
        by_net.setdefault(max(ends, key=lambda net: distance.get(net, -1)), []).append(pair)
    found, lonely = [], []
    for net, members in by_net.items():
        if any(len(set(pair.nets()) - set(rails)) == 2 for pair in members):
            found += [Group(None, centre=net, members=list(some)) for some in _shares(members)]
        else:
            lonely += members
    return found + [
        Group(None, members=list(some), in_signal_path=False) for some in _shares(lonely)
    ]


def _shares(units: Sequence[Unit]) -> Iterator[Sequence[Unit]]:
    for start in range(0, len(units), _MOST_MEMBERS):
        yield units[start : start + _MOST_MEMBERS]


def _distances(
    pairs: Sequence[Unit], rails: Collection[str], sources: Collection[str]
) -> dict[str, int]:
    """Return through how many parts with two pins each net is reached from what feeds them."""
    found = dict.fromkeys(sorted(sources), 0)
    reached = list(found)
    for net in reached:
        for pair in pairs:
            for other in pair.nets() if net in pair.nets() else ():
                if other not in found and other not in rails:
                    found[other] = found[net] + 1
                    reached.append(other)
    return found


def _share_out(groups: Sequence[Group], supply: Group, pairs: Iterable[Unit]) -> None:
    """Give each package's supply pins a part for each of its rails; the rest to the entry."""
    left = list(pairs)
    for group in groups:
        if group.main is None or not group.main.is_supply:
            continue
        for net in group.main.nets():
            if net == "GND":
                continue
            near = next(
                (
                    pair
                    for pair in left
                    if net in pair.nets() and set(pair.nets()) - {net} <= {"GND"}
                ),
                None,
            )
            if near is not None:
                group.members.append(near)
                left.remove(near)
    supply.members += left


def _flagged(every: Sequence[Unit], rails: Collection[str]) -> list[str]:
    """Return the nets that KiCad's rules take for unfed: supply pins on them, none that feeds."""
    kinds: dict[str, set[str]] = {}
    for unit in every:
        for pin in unit.pins():
            if net := unit.net(pin.number):
                kinds.setdefault(net, set()).add(pin.kind)
    # A power symbol itself is a supply pin.
    return [
        net
        for net, found in sorted(kinds.items())
        if "power_out" not in found and ("power_in" in found or net in rails)
    ]


def _place_test_points(
    groups: Sequence[Group],
    supply: Group,
    points: Iterable[Unit],
    inputs: Collection[str],
    rails: Collection[str],
) -> None:
    for point in points:
        net = next(iter(point.nets()), "")
        if net in rails or not net:
            supply.members.append(point)
            continue
        touching = [group for group in groups if net in group.nets()]
        driving = [group for group in touching if net in group.driven()]
        at_edge = [group for group in touching if group.main and group.main.is_connector]
        first = at_edge if net in inputs else driving
        group = next(iter((*first, *driving, *touching)), supply)
        group.members.append(point)


def _is_spare(group: Group, shared: Collection[str]) -> bool:
    """Whether nobody else is on any net of its outputs, and its inputs are fed by rails at most."""
    unit = group.main
    if unit is None or not unit.has_outputs or group.members:
        return False
    return not set(unit.nets()) & set(shared)


def _name(
    groups: Iterable[Group],
    rails: Collection[str],
    inputs: Collection[str],
    outputs: Collection[str],
) -> None:
    for group in groups:
        if group.title:
            continue
        nets = group.nets() - set(rails)
        unit = group.main
        if unit is None:
            listed = ", ".join(member.name for member in group.members[:6])
            group.title = group.centre or listed
        elif unit.is_connector:
            group.title = (
                "Inputs" if nets & set(inputs) else "Outputs" if nets & set(outputs) else unit.name
            )
        elif unit.is_supply:
            group.title = f"{unit.part.reference} supply"
        elif group.is_spare:
            group.title = f"{unit.name}: spare"
        else:
            group.title = _driving_title(group, unit, rails)


def _driving_title(group: Group, unit: Unit, rails: Collection[str]) -> str:
    """Name a group by its unit and by the last net that it drives."""
    direct = unit.driven() - set(rails)
    behind = group.driven() - direct - set(rails)
    named = sorted(behind or direct)
    return f"{unit.name}: {', '.join(named[:3])}" if named else unit.name
