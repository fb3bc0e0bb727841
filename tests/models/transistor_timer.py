"""A 555 of transistors: the circuit that the bipolar timer's datasheets draw.

It has nothing in common with the cards but the pins: no behavioural source, and for a latch two
transistors that hold each other. The transistors are plain ones of a 36 V bipolar process.

Ref: National Semiconductor LM555 datasheet, "Schematic diagram"; H. Camenzind, "Designing Analog
Chips", chapter on timers.
"""

from __future__ import annotations

CARD = """\
.subckt transistors gnd trig out rst cont thr dis vcc
r_upper vcc cont 5e3
r_middle cont low 5e3
r_lower low gnd 5e3
* threshold: Darlington pairs; what flows on the side of THRES is mirrored into the flip-flop
q_t1 ta thr tb npn
q_t2 ta tb tail npn
q_t3 tc td tail npn
q_t4 tc cont td npn
r_tail tail gnd 1e4
q_m1 ta ta te pnp
r_m1 te vcc 4.7e3
q_m2 held ta tf pnp
q_m3 gnd tc tf pnp
r_m2 tf vcc 830
q_m4 tc tc tg pnp
r_m4 tg vcc 4.7e3
* trigger: Darlington pairs of the other kind
q_s0 sa bias sb pnp
r_s0 sb vcc 1e3
q_s1 set sc sa pnp
q_s2 gnd trig sc pnp
q_s3 sd se sa pnp
q_s4 gnd low se pnp
r_s1 set gnd 1e5
r_s3 sd gnd 1e5
* flip-flop: q_f1 and q_f2 hold each other; RESET takes away the current that keeps q_f2 on
q_b0 bias bias vcc pnp
r_b0 bias fed 5e3
q_reset base rst fed pnp
d_fed fed free junction
q_f0 idle bias vcc pnp
q_set held set gnd npn
q_f1 free held gnd npn
q_f2 idle free gnd npn
r_f idle held 4.7e3
* output and discharge
q_split ha idle split npn
r_h1 vcc ha 6.8e3
q_h1 vcc ha hb npn
q_h2 vcc hb out npn
r_h2 hb out 3.9e3
d_h out ha junction
r_l1 split base 100
r_l2 split lb 220
r_l3 split gnd 4.7e3
q_l2 out lb gnd npn
q_d dis base gnd npn
.model npn npn(is=5e-15 bf=100 br=4 vaf=160 ikf=0.3 rc=5 cje=1e-12 cjc=1e-12 tf=3e-10 tr=1e-8)
.model pnp pnp(is=1e-14 bf=40 br=4 vaf=50 cje=1e-12 cjc=1e-12 tf=1e-8 tr=1e-7)
.model junction d(is=1e-14 cjo=1e-12)
.ends transistors
"""
