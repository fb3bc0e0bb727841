"""Drawings as PDF: lines, polygons and text on pages, the same bytes for the same drawing.

Text is set in Helvetica, which every reader has, so that nothing is embedded. There is no date.

Ref: ISO 32000-1 (PDF 1.7), 7.5 (file structure), 8.5 (paths), 9.6.2.2 (standard fonts); Adobe Core
14 font metrics (Helvetica, Helvetica-Bold).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_POINTS_PER_mm = 72 / 25.4
_CAPITAL = 0.718
"""Height of a capital, as a fraction of the font's size."""

Colour = tuple[float, float, float]
"""Red, green and blue from 0 to 1."""

BLACK: Colour = (0.0, 0.0, 0.0)

# Advance widths of the characters from the blank to the tilde, in thousandths of the font's size.
_REGULAR = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
)  # fmt: skip
_BOLD = (
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611,
    975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556,
    333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611,
    611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584,
)  # fmt: skip
_OTHER = 600


def text_width(text: str, height: float, *, bold: bool = False) -> float:
    """Return the width of a line whose capitals have a height, both in mm."""
    widths = _BOLD if bold else _REGULAR
    units = sum(widths[ord(letter) - 32] if " " <= letter <= "~" else _OTHER for letter in text)
    return units / 1000 * height / _CAPITAL


class Page:
    """A page that is drawn on; mm from its upper left corner, y downwards."""

    def __init__(self, width: float, height: float) -> None:
        self.width = width
        self.height = height
        self._operators: list[str] = []

    def lines(
        self, points: Sequence[tuple[float, ...]], *, width: float = 0.2, colour: Colour = BLACK
    ) -> None:
        """Draw a line through points."""
        self._operators.append(f"{_numbers(*colour)} RG {_numbers(width * _POINTS_PER_mm)} w")
        self._operators.append(f"{self._path(points)} S")

    def disc(self, middle: tuple[float, ...], diameter: float, *, colour: Colour) -> None:
        """Draw a filled circle: a line without length, whose ends are round."""
        self.lines([middle, middle], width=diameter, colour=colour)

    def polygon(
        self,
        points: Sequence[tuple[float, ...]],
        *,
        fill: Colour,
        edge: Colour | None = None,
        width: float = 0.1,
    ) -> None:
        """Draw a filled polygon, with an edge if it is given a colour."""
        self._operators.append(f"{_numbers(*fill)} rg")
        if edge is not None:
            self._operators.append(f"{_numbers(*edge)} RG {_numbers(width * _POINTS_PER_mm)} w")
        self._operators.append(f"{self._path(points)} {'f' if edge is None else 'b'}")

    def text(
        self,
        text: str,
        x: float,
        y: float,
        height: float,
        *,
        bold: bool = False,
        upright: bool = True,
        centred: bool = False,
        colour: Colour = BLACK,
    ) -> None:
        """Write a line.

        Args:
            text: without what Windows' western characters lack; a question mark stands for that.
            x, y: where its first letter stands, or the middle of the line if ``centred``.
            height: of a capital.
            bold: whether in the bold font.
            upright: whether it runs to the right; otherwise upwards.
            centred: see ``x, y``.
            colour: of the letters.
        """
        if centred:
            half = text_width(text, height, bold=bold) / 2
            x, y = (x - half, y + height / 2) if upright else (x + height / 2, y + half)
        left, bottom = x * _POINTS_PER_mm, (self.height - y) * _POINTS_PER_mm
        turn = "1 0 0 1" if upright else "0 1 -1 0"
        size = height / _CAPITAL * _POINTS_PER_mm
        written = text.encode("cp1252", "replace").hex()
        self._operators.append(
            f"BT {_numbers(*colour)} rg /{'B' if bold else 'R'} {_numbers(size)} Tf "
            f"{turn} {_numbers(left, bottom)} Tm <{written}> Tj ET"
        )

    def content(self) -> bytes:
        """Return the page's content stream; joins and ends of lines are round."""
        return "\n".join(["1 J 1 j", *self._operators]).encode("ascii")

    def _path(self, points: Sequence[tuple[float, ...]]) -> str:
        """Return the operators of a path; one that ends where it began is closed."""
        placed = [
            _numbers(x * _POINTS_PER_mm, (self.height - y) * _POINTS_PER_mm) for x, y in points
        ]
        steps = [f"{place} {'l' if index else 'm'}" for index, place in enumerate(placed)]
        closed = len(placed) > 2 and placed[0] == placed[-1]
        return " ".join([*steps, "h"] if closed else steps)


def _numbers(*numbers: float) -> str:
    return " ".join(f"{number:.3f}".rstrip("0").rstrip(".") for number in numbers)


def document(pages: Iterable[Page], *, title: str) -> bytes:
    """Return a PDF file."""
    drawn = list(pages)
    first = 6
    kids = " ".join(f"{first + 2 * index} 0 R" for index in range(len(drawn)))
    written = (b"\xfe\xff" + title.encode("utf-16-be")).hex()
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(drawn)} >>".encode(),
        font.format("Helvetica").encode(),
        font.format("Helvetica-Bold").encode(),
        f"<< /Title <{written}> >>".encode(),
    ]
    for index, page in enumerate(drawn):
        box = _numbers(0, 0, page.width * _POINTS_PER_mm, page.height * _POINTS_PER_mm)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [{box}] /Resources << /Font << /R 3 0 R "
            f"/B 4 0 R >> >> /Contents {first + 2 * index + 1} 0 R >>".encode()
        )
        content = page.content()
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
    made = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, item in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, item)
    table = len(made)
    made += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    made += b"".join(b"%010d 00000 n \n" % place for place in places)
    made += b"trailer\n<< /Size %d /Root 1 0 R /Info 5 0 R >>\n" % (len(objects) + 1)
    made += b"startxref\n%d\n%%%%EOF\n" % table
    return bytes(made)
