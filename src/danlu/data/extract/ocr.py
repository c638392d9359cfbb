"""Lines of text in a picture, by RapidOCR (PP-OCR models, Chinese and English, in its wheel; Apache-2.0).

One thread: the stage already runs one reader per core, and the result is then the same on every machine size.
"""

from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danlu.data.extract.blocks import Unreadable
from danlu.data.extract.pdf_lines import Line

Picture = NDArray[np.uint8]
"""pixels_HWC, red-green-blue."""

HINT = "OCR: pip install 'danlu[ocr]'"
MIN_CONFIDENCE = 0.6
"""0 to 1: below it a line is as often noise, a logo or a texture as it is text."""
MAX_SIDE_PIXELS = 2500
"""Larger pictures are reduced before: A4 at 200 dots per inch is 2,339 high, and small print is read well there."""
_DETECTOR_PIXELS = 1600
"""The longer side that the detector works on."""
_SURE = 0.9
"""Mean confidence below which a page may be upside down: right side up, even poor scans stay above it."""
_SIDE = 0.9
_TALL = 1.5
"""Lines this much higher than wide stand on their side."""


@dataclass(frozen=True)
class Recognised:
    """The lines of a picture in pixels from its top left, the mean confidence by letters, and the lines left out."""

    lines: tuple[Line, ...]
    confidence: float
    dropped: int

    @property
    def score(self) -> float:
        """Characters that were read, each by its confidence."""
        return self.confidence * self.letters

    @property
    def letters(self) -> int:
        """Characters that were read."""
        return sum(len(line.text) for line in self.lines)


def is_installed() -> bool:
    """Whether scans can be read here."""
    return find_spec("rapidocr") is not None


def recognise(pixels_HWC: Picture) -> Recognised:
    """Read a picture; one that lies on its side or stands on its head is turned. Raises Unreadable without OCR.

    The engine's own classifier of upside-down lines is off: it would read them, in the wrong order.
    """
    found = _read(pixels_HWC)
    on_its_side = sum(_is_tall(line) for line in found.lines) * 2 > len(found.lines)
    if on_its_side or ((found.dropped or found.lines) and found.score < _SURE * (found.letters + found.dropped)):
        turns = (1, 3) if on_its_side else (2,)
        turned = [_read(np.ascontiguousarray(np.rot90(pixels_HWC, quarters))) for quarters in turns]
        best = max(turned, key=lambda result: result.score)
        # Lines on their side are turned one by one and read as well as on a turned page, but from the last to the first.
        found = best if best.score > (_SIDE if on_its_side else 1.0) * found.score else found
    return found


def _is_tall(line: Line) -> bool:
    return len(line.text) > 1 and line.bottom - line.top > _TALL * line.width


def _read(pixels_HWC: Picture) -> Recognised:
    result = _engine()(np.ascontiguousarray(pixels_HWC[:, :, ::-1]), use_cls=False)
    lines, scores, dropped = [], [], 0
    if result.boxes is not None:
        for corners, text, score in zip(result.boxes, result.txts, result.scores, strict=True):
            if score < MIN_CONFIDENCE or not text.strip():
                dropped += 1
                continue
            (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
            lines.append(_line(text.strip(), float(left), float(top), float(right), float(bottom)))
            scores.append((float(score), len(text)))
    letters = sum(length for _, length in scores)
    confidence = sum(score * length for score, length in scores) / letters if letters else 0.0
    return Recognised(tuple(lines), confidence, dropped)


def _line(text: str, left: float, top: float, right: float, bottom: float) -> Line:
    # The boxes of the detector stand a little around the letters: about 1.3 times the font's size.
    return Line(text, left, top, right, bottom, max((bottom - top) / 1.3, 1.0))


def scaled(line: Line, factor: float) -> Line:
    """A line in other units: pixels to points."""
    return replace(
        line,
        left=line.left * factor, top=line.top * factor, right=line.right * factor, bottom=line.bottom * factor,
        size=line.size * factor,
    )  # fmt: skip


@cache
def _engine() -> Any:
    """One engine per process: loading its three models takes about half a second."""
    try:
        from rapidocr import RapidOCR
    except ImportError:
        raise Unreadable("needs an extra", "a picture of text", HINT) from None
    threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
    # By default the detector enlarges a strip of one line until its shorter side has 736 pixels: a minute for one line.
    sides = {"Det.limit_type": "max", "Det.limit_side_len": _DETECTOR_PIXELS}
    return RapidOCR(params={"Global.log_level": "error", **threads, **sides})
