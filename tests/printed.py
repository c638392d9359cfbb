"""PDF files and pictures of real text, set by ReportLab and Pillow."""

import io
import textwrap
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import pytest
import reportlab
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

WIDTH, HEIGHT = A4
CHINESE_FONT = "STSong-Light"
LATIN_FILE = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"
CHINESE_FILE = Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc")

ENGLISH = (
    "The package manager keeps a list of every file that it has put on the disk. When a package is removed, the files are taken away"
    " again, but configuration that was changed by hand stays where it is. A second command removes that too. Nothing is ever"
    " downloaded twice, since the archive of fetched packages is kept until it is cleaned."
)
OTHER = (
    "Printers are found on the network without any setting. A queue is made for each of them, with the name that the printer gives"
    " itself. Paper size follows the language of the system, and can be chosen for every job. Old printers need a driver, which the"
    " assistant fetches after it has asked for permission."
)
CHINESE = (
    "软件包管理系统记录了每个软件包安装的文件。卸载软件包时，这些文件会被删除，但手工修改过的配置文件会保留下来。"
    "已经下载过的软件包不会再次下载，除非清空了缓存目录。"
)


Draw = Callable[[Canvas], object]


def drawn(*pages: Draw) -> bytes:
    """A PDF, each page drawn by one function."""
    content = io.BytesIO()
    canvas = Canvas(content, pagesize=A4, invariant=True)
    for draw in pages:
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return content.getvalue()


def lines(
    canvas: Canvas, shown: Sequence[str], x: float, y: float, font: str = "Times-Roman", size: float = 10
) -> float:
    """Write lines downwards from a height above the foot of the page, and return the next height."""
    if font == CHINESE_FONT:
        pdfmetrics.registerFont(UnicodeCIDFont(font))
    canvas.setFont(font, size)
    for line in shown:
        canvas.drawString(x, y, line)
        y -= 1.2 * size
    return y


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width` characters; Chinese is cut anywhere."""
    if text.isascii():
        return textwrap.wrap(text, width)
    return [text[at : at + width] for at in range(0, len(text), width)]


@cache
def _font(chinese: bool, size: int) -> ImageFont.FreeTypeFont:
    if chinese and not CHINESE_FILE.exists():
        pytest.skip("fonts-wqy-microhei is not installed: no Chinese can be drawn")
    return ImageFont.truetype(str(CHINESE_FILE if chinese else LATIN_FILE), size)


def picture(shown: Sequence[str], size: int = 26, width: int = 1000) -> Image.Image:
    """Black text on white, as a scanner would see it at about 180 dots per inch."""
    image = Image.new("RGB", (width, round((len(shown) + 2) * 1.8 * size)), "white")
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(shown):
        font = _font(not line.isascii(), size)
        draw.text((40, (number + 1) * 1.8 * size), line, font=font, fill=(20, 20, 20))
    return image


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The picture as a file."""
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def scan(canvas: Canvas, image: Image.Image) -> None:
    """A page that is one picture, white below."""
    sheet = Image.new("RGB", (image.width, round(image.width * HEIGHT / WIDTH)), "white")
    sheet.paste(image)
    canvas.drawImage(ImageReader(sheet), 0, 0, WIDTH, HEIGHT)
