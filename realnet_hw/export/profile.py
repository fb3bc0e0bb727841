"""What a fab can make: the rules that a board is routed and checked by."""

from __future__ import annotations

from dataclasses import dataclass

from realnet_hw.errors import InputError


@dataclass(frozen=True)
class Profile:
    """Least and usual sizes, mm.

    Args:
        name: how it is asked for.
        title: what it is.
        clearance_mm: between the copper of two nets.
        track_mm, power_track_mm, wide_track_mm: width of tracks.
        via_mm, drill_mm: of a via's copper and of its hole.
        edge_mm: from copper to the board's edge.
        pour_clearance_mm: around the ground pour.
        most_mm: the sides of the largest board.
        top_price: how much dearer a track is on the top than on the bottom layer.
        via_price_mm: what length of track a via may save at least. Etched at home each one is a
            wire to solder on both sides, and pins of sockets can't be reached on top.
    """

    name: str
    title: str
    clearance_mm: float
    track_mm: float
    power_track_mm: float
    via_mm: float
    drill_mm: float
    edge_mm: float
    pour_clearance_mm: float
    most_mm: tuple[float, float]
    top_price: float = 1.0
    via_price_mm: float = 3.0
    wide_track_mm: float = 1.5

    @property
    def annular_mm(self) -> float:
        """The ring of copper around a via's hole."""
        return round((self.via_mm - self.drill_mm) / 2, 3)


PROFILES = {
    profile.name: profile
    for profile in (
        # Wider than the least that the fab makes (0.127 mm): nothing here needs it.
        # Ref: JLCPCB, "PCB Manufacturing & Assembly Capabilities", 2 layers.
        Profile("jlcpcb", "JLCPCB, 2 layers", 0.2, 0.3, 0.5, 0.8, 0.4, 0.5, 0.3, (400, 500)),
        # As large as the sheets of copper-clad board that shops sell.
        Profile("home", "etched at home", 0.4, 0.5, 0.8, 1.6, 0.8, 1.0, 0.5, (200, 300), 2.0, 20.0),
    )
}

DEFAULT = PROFILES["jlcpcb"]


def profile_named(name: str) -> Profile:
    """Return a profile.

    Raises:
        InputError: there is none of that name.
    """
    if name not in PROFILES:
        raise InputError(f"no fab profile {name!r}", allowed=", ".join(PROFILES))
    return PROFILES[name]
