"""Generated circuits on which two simulators must agree."""

from __future__ import annotations

from hypothesis import strategies as st

from realnet_hw.export.deck import Deck, model_card, number

MODELS = """
.model d1 d(is=3e-9 n=1.8 rs=0.6 bv=110 ibv=1e-4 cjo=3.5e-12 vj=0.6 m=0.33 tt=5e-9)
.model d2 d(is=1e-14 eg=0.69 xti=2)
.model dz d(is=1e-14 bv=4.7 ibv=1e-3 rs=10)
.model mn nmos(level=1 vto=1.2 kp=2e-3 lambda=0.02 gamma=0.5 phi=0.7 rd=2 rs=1)
.model mp pmos(vto=-0.8 kp=1e-3 gamma=0.3)
"""
# As exact as ngspice gets: at our decks' own tolerances it stops up to 30 uV short in circuits of
# transistors.
EXACT = ".options tnom=27 reltol=1e-9 abstol=1e-15 vntol=1e-12 chgtol=1e-16 itl1=500"
ASKED = ["n1", "n2", "n3", "n4", "i(v_p)"]

ohms = st.floats(1e2, 1e6)
NODES = st.sampled_from(["n1", "n2", "n3", "n4", "p", "0"])


@st.composite
def networks(draw_one: st.DrawFn) -> Deck:
    """Resistors, diodes, transistors and an amplifier between four nodes, two rails and ground."""
    lines = ["v_p p 0 5", "v_m m 0 -5", f"v_in in 0 {number(draw_one(st.floats(-4, 4)))}"]
    lines += [f"r{node} n{node} 0 {number(draw_one(ohms))}" for node in range(1, 5)]
    lines += [f"r{node + 4} in n{node} {number(draw_one(ohms))}" for node in (1, 3)]
    for part in range(9, 9 + draw_one(st.integers(2, 7))):
        one, two, three = (draw_one(NODES) for _ in range(3))
        if one == two:
            continue
        match draw_one(st.sampled_from("rdmm")):
            case "r":
                lines.append(f"r{part} {one} {two} {number(draw_one(ohms))}")
            case "d":
                kind = draw_one(st.sampled_from(["d1", "d2", "dz"]))
                lines.append(f"d{part} {one} {two} {kind}")
            case _:
                kind, bulk = draw_one(st.sampled_from([("mn", "m"), ("mp", "p")]))
                lines.append(f"m{part} {one} {three} {two} {bulk} {kind} w=2e-5 l=1e-5")
    if draw_one(st.booleans()):
        feedback, gain = number(draw_one(ohms)), number(draw_one(ohms))
        lines += [f"rf out n2 {feedback}", f"rg n2 n1 {gain}",
                  "xu1 out n2 n4 p 0 f2 f2 f3 f3 0 m 0 f4 f4 tl074"]  # fmt: skip
    return Deck("* a generated network", tuple(lines), models=MODELS + model_card("tl074.lib"))
