"""Pictures to blocks by OCR: PNG, JPEG, WebP, TIFF with all its pages, BMP, GIF (its first frame), over Pillow."""

import io
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from danlu.data.extract import ocr
from danlu.data.extract.blocks import Extracted, Unreadable
from danlu.data.extract.pdf_headings import Outline
from danlu.data.extract.pdf_pages import lay_out

MAX_PIXELS = 100_000_000
"""Of one picture: A3 at 600 dots per inch has 70 million; a small file that unpacks to more is an attack on memory."""
_MAX_SIDE_PIXELS = 4000
"""Larger pictures are reduced first: the detector of text works on 2,000 anyway."""
_MAX_PAGES = 2000


def extract_image(content: bytes) -> Extracted:
    """Read the text in a picture; raises Unreadable when it is damaged, too large, or shows no text."""
    if not ocr.is_installed():
        raise Unreadable("needs an extra", "a picture", ocr.HINT)
    pages = [ocr.recognise(pixels) for pixels in _pages(content)]
    dropped = sum(page.dropped for page in pages)
    letters = sum(page.letters for page in pages)
    if not letters:
        raise Unreadable("no text", f"{len(pages)} pictures without text", "a line that OCR reads")
    confidence = sum(page.confidence * page.letters for page in pages) / letters
    edits = (("page read by OCR", len(pages)), *((("line of OCR left out", dropped),) if dropped else ()))
    meta = {"pages": len(pages), "ocr_confidence": round(confidence, 3)}
    return lay_out([page.lines for page in pages], Outline()).finish("", edits, meta)


def _pages(content: bytes) -> Iterator[ocr.Picture]:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            # Pillow's own bound is lower and only warns; ours is checked on every page before it is unpacked.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content)) as opened:
                count = getattr(opened, "n_frames", 1) if opened.format == "TIFF" else 1
                for number in range(min(count, _MAX_PAGES)):
                    opened.seek(number)
                    yield _pixels(opened)
    except Image.DecompressionBombError as error:
        raise Unreadable("too large", str(error), f"{MAX_PIXELS:,} pixels") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise Unreadable("damaged", str(error) or type(error).__name__, "a whole picture") from None


def _pixels(opened: Any) -> ocr.Picture:
    """A page as it is to be seen: turned as its EXIF says, transparent places white."""
    from PIL import Image, ImageOps

    width, height = opened.size
    if width * height > MAX_PIXELS:
        raise Unreadable("too large", f"{width} x {height} pixels", f"{MAX_PIXELS:,} pixels")
    opened.draft("RGB", (_MAX_SIDE_PIXELS, _MAX_SIDE_PIXELS))
    page = ImageOps.exif_transpose(opened)
    page.thumbnail((_MAX_SIDE_PIXELS, _MAX_SIDE_PIXELS))
    if page.mode in ("RGBA", "LA", "PA") or "transparency" in page.info:
        page = page.convert("RGBA")
        page = Image.alpha_composite(Image.new("RGBA", page.size, "white"), page)
    return np.asarray(page.convert("RGB"))
