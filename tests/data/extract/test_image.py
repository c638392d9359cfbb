import io
import struct
import zlib

import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from danlu.data.extract import ocr
from danlu.data.extract.blocks import Unreadable
from danlu.data.extract.image import extract_image
from danlu.data.extract.pdf import extract_pdf
from printed import CHINESE, ENGLISH, OTHER, drawn, encoded, lines, picture, scan, wrapped

SHOWN = wrapped(ENGLISH, 60)[:3]


def squeezed(text: str) -> str:
    return "".join(text.split())


def test_english_and_chinese_in_a_picture_are_read() -> None:
    shown = [*SHOWN, *wrapped(CHINESE, 30)]
    found = extract_image(encoded(picture(shown)))
    assert squeezed(found.text) == squeezed("".join(shown))
    assert found.meta["ocr_confidence"] > 0.9
    assert found.edits == (("page read by OCR", 1),)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_picture_is_read_from_its_top(degrees: int) -> None:
    found = extract_image(encoded(picture(SHOWN).rotate(degrees, expand=True)))
    assert squeezed(found.text) == squeezed("".join(SHOWN))


def test_exif_turns_and_transparent_places_are_seen_as_they_are_shown() -> None:
    turned = picture(SHOWN).rotate(90, expand=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    assert squeezed(extract_image(encoded(turned, "JPEG", exif=exif, quality=95)).text) == squeezed("".join(SHOWN))
    clear = picture(SHOWN).convert("L").point(lambda value: 255 - value)
    ink = Image.new("RGBA", clear.size, "black")
    ink.putalpha(clear)
    assert squeezed(extract_image(encoded(ink)).text) == squeezed("".join(SHOWN))


def test_every_page_of_a_tiff_is_read() -> None:
    content = io.BytesIO()
    picture(SHOWN[:1]).save(content, "TIFF", save_all=True, append_images=[picture(SHOWN[1:2])])
    found = extract_image(content.getvalue())
    assert [(b.page, squeezed(found.text[b.start : b.end])) for b in found.blocks] == [
        (1, squeezed(SHOWN[0])), (2, squeezed(SHOWN[1])),
    ]  # fmt: skip


def bomb() -> bytes:
    """A PNG that says it is 60,000 pixels square, in two hundred bytes."""
    parts = b"\x89PNG\r\n\x1a\n"
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")):
        parts += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return parts


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (bomb(), "too large"),
        (b"\x89PNG\r\n\x1a\nnothing that follows", "damaged"),
        (encoded(picture(SHOWN))[:3000], "damaged"),
        (encoded(Image.new("RGB", (300, 200), "white")), "no text"),
    ],
)
def test_what_gives_no_text_says_why(content: bytes, rule: str) -> None:
    with pytest.raises(Unreadable) as caught:
        extract_image(content)
    assert caught.value.rule == rule


def scanned_page(canvas: Canvas) -> None:
    scan(canvas, picture(SHOWN))


def printed_page(canvas: Canvas) -> None:
    lines(canvas, wrapped(OTHER, 80), 60, 780)


def test_the_scanned_pages_of_a_mixed_file_are_read_by_ocr() -> None:
    found = extract_pdf(drawn(printed_page, scanned_page))
    pages = {
        b.page: squeezed("".join(found.text[c.start : c.end] for c in found.blocks if c.page == b.page))
        for b in found.blocks
    }
    assert pages == {1: squeezed(OTHER), 2: squeezed("".join(SHOWN))}
    assert found.edits == (("page read by OCR", 1),)


def test_without_ocr_a_scan_names_the_way_out_and_a_mixed_file_keeps_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "find_spec", lambda _: None)
    for content, read in ((drawn(scanned_page), extract_pdf), (encoded(picture(SHOWN)), extract_image)):
        with pytest.raises(Unreadable) as caught:
            read(content)
        assert caught.value.rule == "needs an extra"
        assert "pip install" in caught.value.threshold
    found = extract_pdf(drawn(printed_page, scanned_page))
    assert squeezed(found.text) == squeezed(OTHER)
    assert found.edits == (("picture of a page left out", 1),)
