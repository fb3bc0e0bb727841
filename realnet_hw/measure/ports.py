"""Which serial ports and USB oscilloscopes there are, and what is wrong with each.

Nothing is opened: that alone would reset an Arduino, and with it a run that somebody has going.
What is looked at are the kernel's own lists.

Ref: USB Test and Measurement Class, 1.0 (interface class FE, subclass 03); Linux sysfs,
     Documentation/ABI/testing/sysfs-bus-usb.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_TMC = ("fe", "03")


@dataclass(frozen=True)
class Places:
    """Where the kernel keeps its lists."""

    devices: Path = Path("/dev")
    system: Path = Path("/sys")
    processes: Path = Path("/proc")


HERE = Places()


@dataclass(frozen=True)
class FoundPort:
    """A port.

    Args:
        device: the file that stands for it.
        address: what a station file calls it.
        what: who made what is plugged in, "" where that is not known.
        trouble: why it can't be used, "" where it can.
        mend: what mends it.
    """

    device: Path
    address: str
    what: str
    trouble: str = ""
    mend: str = ""


def serial_ports(places: Places = HERE) -> list[FoundPort]:
    """Return the ports that a USB fixture gets."""
    found = []
    for kind in ("ttyACM*", "ttyUSB*"):
        for device in sorted(places.devices.glob(kind)):
            lasting = _lasting_name(device, places)
            trouble, mend = _trouble(device, places)
            found.append(
                FoundPort(device, f"ASRL{lasting}::INSTR", _maker(device, places), trouble, mend)
            )
    return found


def usb_scopes(places: Places = HERE) -> list[FoundPort]:
    """Return the instruments on USB that speak as oscilloscopes do."""
    found = []
    for interface in sorted((places.system / "bus" / "usb" / "devices").glob("*:*")):
        kind = (_read(interface / "bInterfaceClass"), _read(interface / "bInterfaceSubClass"))
        if kind != _TMC:
            continue
        usb = interface.resolve().parent
        if not (usb / "idVendor").is_file():
            usb = interface.parent / interface.name.partition(":")[0]
        numbers = (_read(usb / name) for name in ("idVendor", "idProduct"))
        vendor, product = (f"0x{number.upper()}" for number in numbers)
        address = f"USB::{vendor}::{product}::{_read(usb / 'serial')}::INSTR"
        bus, place = (_read(usb / name).zfill(3) for name in ("busnum", "devnum"))
        device = places.devices / "bus" / "usb" / bus / place
        trouble, mend = _trouble(device, places)
        found.append(FoundPort(device, address, _described(usb), trouble, mend))
    return found


def _trouble(device: Path, places: Places) -> tuple[str, str]:
    """Return why a device can't be used, and what mends it; nothing where it can."""
    if not os.access(device, os.R_OK | os.W_OK):
        try:
            group = device.group()
        except (OSError, KeyError):
            return f"{device} is not there any more", "plug it in again"
        if group == "root":
            return (
                f"{device} is root's alone",
                f"give its users a rule in /etc/udev/rules.d, or sudo chmod a+rw {device}",
            )
        return f"you may not open {device}", f"sudo usermod -aG {group} $USER, then log in anew"
    for process, name in _holders(device, places):
        if process != os.getpid():
            return f"process {process} ({name}) has it open", "close that program"
    return "", ""


def _holders(device: Path, places: Places) -> Iterator[tuple[int, str]]:
    """The processes that have a device open, as far as this user may know."""
    for process in places.processes.glob("[0-9]*"):
        # Processes end while one looks, and those of others are none of our business.
        with suppress(OSError):
            if any(handle.readlink() == device for handle in (process / "fd").iterdir()):
                yield int(process.name), _read(process / "comm") or "unknown"


def _lasting_name(device: Path, places: Places) -> Path:
    """Return the link that stays the same when it is plugged in anew, else the device."""
    links = sorted((places.devices / "serial" / "by-id").glob("*"))
    return next((link for link in links if link.resolve() == device.resolve()), device)


def _maker(device: Path, places: Places) -> str:
    """Return what is plugged in: the first device above the port that says."""
    port = (places.system / "class" / "tty" / device.name / "device").resolve()
    return next(filter(None, (_described(above) for above in (port, *list(port.parents)[:3]))), "")


def _described(usb: Path) -> str:
    return " ".join(filter(None, (_read(usb / "manufacturer"), _read(usb / "product"))))


def _read(file: Path) -> str:
    """Return what a file of the kernel's says, nothing where it is not there."""
    with suppress(OSError, UnicodeDecodeError):
        return "".join(letter for letter in file.read_text("utf-8").strip() if letter.isprintable())
    return ""
