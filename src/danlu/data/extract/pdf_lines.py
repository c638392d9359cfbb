"""The lines of a PDF page with their places, in points from the page's top left corner as it is shown, whatever its rotation."""

from dataclasses import dataclass
from typing import Any

from danlu.data.extract.pdf_measure import Box, Measure


@dataclass(slots=True)
class Line:
    """A run of text on one line. `size` is the font's height in points; the rest are points from the top left."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    size: float
    bold: bool = False
    fixed: bool = False
    """Set in a typewriter face: a program, a command, its output."""

    @property
    def width(self) -> float:
        """Points."""
        return self.right - self.left

    @property
    def middle(self) -> float:
        """Height of its middle, in points from the top."""
        return (self.top + self.bottom) / 2

    @property
    def upright(self) -> bool:
        """Whether it runs across the page: a stamp up the margin or the label of an axis does not."""
        return len(self.text) < 4 or self.bottom - self.top <= 2 * self.width


def page_lines(page: Any) -> list[Line]:
    """The lines of a page in the file's own order, those beside the page left out."""
    text_page = page.get_textpage()
    try:
        turn = _Turn(page.get_rotation(), *page.get_size(), *page.get_bbox()[:2])
        lines = [Line(text, *turn.box(box), *face) for text, box, face in Measure(text_page).lines()]
    finally:
        text_page.close()
    return [
        line
        for line in lines
        if line.right > 0 and line.left < turn.width and line.bottom > 0 and line.top < turn.height
    ]


@dataclass(frozen=True)
class _Turn:
    """From the file's coordinates (up from the bottom, before rotation) to points from the top left as shown."""

    degrees: int
    width: float
    height: float
    left: float
    bottom: float

    def box(self, box: Box) -> Box:
        """(left, top, right, bottom) as shown of (left, bottom, right, top) in the file."""
        x0, y0, x1, y1 = box[0] - self.left, box[1] - self.bottom, box[2] - self.left, box[3] - self.bottom
        if self.degrees == 90:
            return y0, x0, y1, x1
        if self.degrees == 180:
            return self.width - x1, y0, self.width - x0, y1
        if self.degrees == 270:
            return self.width - y1, self.height - x1, self.width - y0, self.height - x0
        return x0, self.height - y1, x1, self.height - y0
