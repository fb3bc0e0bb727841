"""Which column each group of a plain circuit stands in: the signal goes from left to right."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from realnet_hw.export.plain.group import Group


def set_layers(
    groups: Sequence[Group],
    rails: Collection[str],
    inputs: set[str],
    outputs: set[str],
) -> None:
    """Put groups into columns: each right of those that feed it, connectors at the edges."""
    path = [group for group in groups if group.in_signal_path]
    inner = [group for group in path if not (group.main and group.main.is_connector)]
    for group in inner:
        if group.main and group.main.is_supply:
            group.in_signal_path = False
    inner = [group for group in inner if group.in_signal_path]
    feeds = {
        index: {
            other
            for other, receiver in enumerate(inner)
            if other != index and group.driven() & (receiver.nets() - receiver.driven())
        }
        for index, group in enumerate(inner)
    }
    order = _without_loops(feeds)
    layer = dict.fromkeys(feeds, 1)
    for index in order:
        for other in feeds[index]:
            layer[other] = max(layer[other], layer[index] + 1)
    # What nothing feeds stands just before what it feeds.
    fed = {other for others in feeds.values() for other in others}
    for index in reversed(order):
        if index not in fed and feeds[index]:
            layer[index] = min(layer[other] for other in feeds[index]) - 1
    for index, group in enumerate(inner):
        group.layer = layer[index]
        lonely = not feeds[index] and index not in fed
        if lonely and not (group.nets() - set(rails)) & (inputs | outputs) and len(inner) > 1:
            group.in_signal_path = not group.is_spare
    last = max(layer.values(), default=0) + 1
    for group in path:
        if group.main and group.main.is_connector:
            at_left = group.nets() & inputs or not any(
                group.nets() & other.driven() - set(rails) for other in inner
            )
            group.layer = 0 if at_left else last


def _without_loops(feeds: dict[int, set[int]]) -> list[int]:
    """Take the edges that close loops out of ``feeds``; return its nodes, feeders first."""
    order: list[int] = []
    state = dict.fromkeys(feeds, 0)

    for root, fed in feeds.items():
        if state[root]:
            continue
        state[root] = 1
        stack = [(root, iter(sorted(fed)))]
        while stack:
            node, following = stack[-1]
            for other in following:
                if state[other] == 1:
                    feeds[node].discard(other)
                elif state[other] == 0:
                    state[other] = 1
                    stack.append((other, iter(sorted(feeds[other]))))
                    break
            else:
                state[node] = 2
                order.append(node)
                stack.pop()
    return order[::-1]
