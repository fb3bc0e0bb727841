"""A host for the tests: switches the fixture's outputs on and reads until it is killed."""

from __future__ import annotations

import sys

import pyvisa


def main() -> None:
    fixture = pyvisa.ResourceManager("@py").open_resource(
        sys.argv[1], read_termination="\n", write_termination="\n", baud_rate=115200, timeout=3000
    )
    fixture.write("*RST;*CLS;:SOUR1:VOLT 5;:OUTP ON")
    while True:
        print(fixture.query("MEAS1:VOLT?"), flush=True)


main()
