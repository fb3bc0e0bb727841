"""Ports are found and judged by the kernel's lists alone, here in folders laid out like them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from realnet_hw import doctor
from realnet_hw.measure.ports import Places, serial_ports, usb_scopes
from realnet_hw.measure.station import parse


@pytest.fixture
def places(tmp_path: Path) -> Places:
    devices, system = tmp_path / "dev", tmp_path / "sys"
    devices.mkdir()
    (system / "bus" / "usb" / "devices").mkdir(parents=True)
    return Places(devices, system)


def _plug_in(places: Places, name: str, by_id: str = "") -> Path:
    device = places.devices / name
    device.touch()
    usb = places.system / "devices" / "usb1" / "1-2"
    (usb / "1-2:1.0").mkdir(parents=True)
    (usb / "manufacturer").write_text("Arduino (www.arduino.cc)\n")
    (usb / "product").write_text("Uno\x1b[31m\n")
    tty = places.system / "class" / "tty" / name
    tty.mkdir(parents=True)
    (tty / "device").symlink_to(usb / "1-2:1.0")
    if by_id:
        links = places.devices / "serial" / "by-id"
        links.mkdir(parents=True)
        (links / by_id).symlink_to(device)
    return device


def test_no_port(places: Places) -> None:
    assert serial_ports(places) == []
    assert usb_scopes(places) == []


def test_a_port_is_called_by_its_lasting_name_as_a_station_takes_it(places: Places) -> None:
    _plug_in(places, "ttyACM0", "usb-Arduino_Uno_123-if00")
    (port,) = serial_ports(places)
    assert port.trouble == ""
    assert port.what == "Arduino (www.arduino.cc) Uno[31m"
    assert port.address.endswith("/dev/serial/by-id/usb-Arduino_Uno_123-if00::INSTR")
    station = parse(f'name = "x"\n[fixture]\naddress = "{port.address}"\n')
    assert station.fixture is not None


def test_a_port_that_another_program_has_open(places: Places) -> None:
    device = _plug_in(places, "ttyUSB0")
    script = f"import sys; held = open({str(device)!r}); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        (port,) = serial_ports(places)
        holder.kill()
    assert f"process {holder.pid} (python" in port.trouble
    assert port.mend == "close that program"
    (port,) = serial_ports(places)
    assert port.trouble == ""


def test_a_port_that_may_not_be_opened(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who runs the tests may open every file; what the kernel would say to others is stood in."""
    device = _plug_in(places, "ttyACM0")
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(Path, "group", lambda _: "dialout")
    (port,) = serial_ports(places)
    assert port.trouble == f"you may not open {device}"
    assert port.mend.startswith("sudo usermod -aG dialout $USER")
    monkeypatch.setattr(Path, "group", lambda _: "root")
    (port,) = serial_ports(places)
    assert "root's alone" in port.trouble


def test_a_scope_on_usb_and_a_keyboard_beside_it(places: Places) -> None:
    listed = places.system / "bus" / "usb" / "devices"
    usb = listed / "1-3"
    for name, kind in (("1-3:1.0", ("fe", "03")), ("1-4:1.0", ("03", "01"))):
        (listed / name).mkdir()
        (listed / name / "bInterfaceClass").write_text(f"{kind[0]}\n")
        (listed / name / "bInterfaceSubClass").write_text(f"{kind[1]}\n")
    usb.mkdir()
    said = {"idVendor": "1ab1", "idProduct": "04ce", "serial": "DS1ZA1", "busnum": "1",
            "devnum": "7", "manufacturer": "Rigol Technologies", "product": "DS1000Z"}  # fmt: skip
    for name, text in said.items():
        (usb / name).write_text(f"{text}\n")
    (scope,) = usb_scopes(places)
    assert scope.address == "USB::0x1AB1::0x04CE::DS1ZA1::INSTR"
    assert scope.what == "Rigol Technologies DS1000Z"
    assert scope.trouble.endswith("is not there any more")
    station = parse(
        'name = "x"\n[fixture]\naddress = "ASRL1::INSTR"\n[scope.dso]\n'
        f'driver = "rigol_ds1000z"\naddress = "{scope.address}"\n'
    )
    assert station.scope["dso"].address == scope.address


def test_the_doctor_says_of_each_port_what_is_wrong(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = _plug_in(places, "ttyACM0")
    good = serial_ports(places)
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(Path, "group", lambda _: "dialout")
    bad = serial_ports(places)
    monkeypatch.undo()
    for found, says in ((good, "ok  "), (bad, "-   ")):
        monkeypatch.setattr(doctor.ports, "serial_ports", lambda found=found: found)
        (line,) = [
            line
            for line in doctor.text(doctor.examine()).splitlines()
            if f"serial port {device}" in line
        ]
        assert line.startswith(says)
    assert f"you may not open {device}" in line
    assert "usermod -aG dialout" in line
