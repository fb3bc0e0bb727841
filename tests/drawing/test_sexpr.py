"""S-expressions: nothing is lost between reading and writing, whatever stands in a string."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realnet_hw.drawing import sexpr
from realnet_hw.drawing.sexpr import Quoted
from realnet_hw.errors import InputError
from realnet_hw.parts.skidl_parts import symbol_folder

WORDS = st.from_regex(r"[A-Za-z0-9_.+*/:~-]{1,12}", fullmatch=True)
ATOMS = st.one_of(WORDS, st.text(max_size=20).map(Quoted))
NODES = st.recursive(
    st.lists(ATOMS, max_size=4), lambda inner: st.lists(st.one_of(ATOMS, inner), max_size=5)
)


def kinds(node: sexpr.Node) -> list[object]:
    """Return the tree of which atoms are quoted: Quoted("a") equals "a", so == does not tell."""
    return [kinds(item) if isinstance(item, list) else type(item) for item in node]


@settings(deadline=None)
@given(NODES)
def test_round_trip_keeps_text_and_quoting(node: sexpr.Node) -> None:
    again = sexpr.parse(sexpr.write(node))
    assert again == node
    assert kinds(again) == kinds(node)


def test_escapes_as_kicad_writes_them() -> None:
    node = sexpr.parse(r'(property "Name" "a \"b\" \\ c\nd")')
    assert node[2] == 'a "b" \\ c\nd'
    assert sexpr.write(node) == '(property "Name" "a \\"b\\" \\\\ c\\nd")\n'


def test_layout_is_one_list_a_line() -> None:
    node: sexpr.Node = ["a", Quoted("b"), ["c", "1"], ["d", ["e"]]]
    assert sexpr.write(node) == '(a "b"\n\t(c 1)\n\t(d\n\t\t(e)\n\t)\n)\n'


@pytest.mark.parametrize("text", ["", "a", "(a", "(a (b)", '(a "b)', ") (a)"])
def test_incomplete_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="not one whole"):
        sexpr.parse(text)


@pytest.mark.parametrize("word", ["", "two words", "(", ")", 'quo"te', "a\nb"])
def test_what_cannot_stand_bare_is_refused(word: str) -> None:
    with pytest.raises(InputError, match="bare"):
        sexpr.write(["a", word])


def test_finds_children_words_and_numbers() -> None:
    node = sexpr.parse('(s (at 1 -2.5 90) (p "x" "1") (property "A" "b") (property "C" "d"))')
    assert sexpr.numbers(node, "at") == (1.0, -2.5, 90.0)
    assert sexpr.word(node, "p") == "x"
    assert sexpr.word(node, "absent", "?") == "?"
    assert sexpr.properties(node) == {"A": "b", "C": "d"}


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (-0.0, "0"), (1.27, "1.27"), (-2.5, "-2.5"), (100.0, "100"), (0.12345, "0.1235")],
)
def test_numbers_as_kicad_writes_them(value: float, text: str) -> None:
    assert sexpr.number(value) == text


@pytest.mark.usefixtures("kicad")
def test_reads_kicads_own_library() -> None:
    text = (symbol_folder() / "Amplifier_Operational.kicad_sym").read_text("utf-8")
    node = sexpr.parse(text)
    assert sexpr.parse(sexpr.write(node)) == node
    assert len(sexpr.children(node, "symbol")) > 100
