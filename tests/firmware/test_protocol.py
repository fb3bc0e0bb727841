"""PROTOCOL.md tells the truth: its list of commands, its errors and all of its examples."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from realnet_hw.emulate.fixture import VirtualFixture

_PROTOCOL = (
    Path(__file__).parents[2].joinpath("firmware", "fixture", "PROTOCOL.md").read_text("utf-8")
)
_EXAMPLES = re.findall(r"(?m)^```\n(.*?)^```$", _PROTOCOL, re.DOTALL)


def _forms(header: str) -> set[str]:
    """SYSTem:ERRor[:NEXT]? is SYSTem:ERRor? and SYSTem:ERRor:NEXT?; the table writes <n> as #."""
    header = header.replace("<n>", "#")
    return {re.sub(r"\[(.*?)\]", keep, header) for keep in ("", r"\1")}


def test_every_command_is_documented_and_no_other(firmware_source: Path) -> None:
    table = re.findall(
        r'^    \{"([^"]+)", \w+, (\w+), (\w+)\},$',
        (firmware_source / "commands.c").read_text("utf-8"),
        re.MULTILINE,
    )
    in_firmware = {header for header, set_function, _ in table if set_function != "0"} | {
        header + "?" for header, _, query in table if query != "0"
    }
    in_document: set[str] = set()
    for heading in re.findall(r"^### (.*)$", _PROTOCOL, re.MULTILINE):
        for command in re.findall(r"`([^ `]+)[^`]*`", heading):
            in_document |= _forms(command)
    assert len(table) > 30
    assert in_document == in_firmware


def test_every_error_is_documented_with_its_text(firmware_source: Path) -> None:
    listed = re.findall(
        r'ERROR\(\w+, (-?\d+), "([^"]+)"\)', (firmware_source / "errors.h").read_text("utf-8")
    )
    in_firmware = {(number, text) for number, text in listed if number != "0"}
    assert len(in_firmware) == len(listed) - 1
    in_document = set(re.findall(r"^\| (-?\d+) \| ([^|]+) \|", _PROTOCOL, re.MULTILINE))
    assert in_document == in_firmware


def test_every_command_has_an_example() -> None:
    sections = re.split(r"(?m)^### ", _PROTOCOL)[1:]
    for section in sections:
        assert "\n```\n> " in section.split("\n## ")[0], section.splitlines()[0]


@pytest.mark.parametrize("example", _EXAMPLES, ids=lambda example: example.split("\n")[0][2:])
def test_example(fixture: VirtualFixture, example: str) -> None:
    for exchange in re.split(r"(?m)^> ", example)[1:]:
        sent, *answers = exchange.rstrip("\n").split("\n< ")
        fixture.command(sent, settle_s=0.06)
        expected = "".join(answer + "\n" for answer in answers)
        if sent == "SYST:UPT?":
            assert int(fixture.receive()) == int(fixture.now_s)
        else:
            assert fixture.receive() == expected.encode().decode("unicode_escape").encode("latin-1")


def test_version_is_the_documents(fixture: VirtualFixture) -> None:
    version = re.search(r"version\s+(\d+\.\d+\.\d+)", _PROTOCOL)
    assert version is not None
    assert fixture.ask("*IDN?").endswith("," + version[1])
