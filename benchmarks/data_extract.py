"""Extraction: HTML main text, PDF pages, OCR; speed in CPU-seconds, quality against what is known to be the text.

    python benchmarks/data_extract.py html FOLDER --main '#DisplayArea'    # pages whose main element is known
    python benchmarks/data_extract.py pdf FILE...                          # pages per CPU-second
    python benchmarks/data_extract.py ocr --font FONT.ttf TEXT_FILE        # character error rate on drawn text

Peers run where they are installed: trafilatura in this environment, pdftotext by name, markitdown by --markitdown PROGRAM
(an environment of its own). Memory and threads are not bounded; run it on a machine that does nothing else.
"""

import argparse
import io
import random
import re
import resource
import shutil
import subprocess
import time
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from danlu.data.extract.html import extract_html
from danlu.data.extract.image import extract_image
from danlu.data.extract.pdf import extract_pdf

_TOKEN = re.compile(r"[\u4e00-\u9fff]|\w+")


def tokens(text: str) -> Counter[str]:
    """Words, and Han characters one by one."""
    return Counter(_TOKEN.findall(text))


def html(folder: Path, main: str, count: int) -> None:
    """Precision and recall of tokens against the element that is known to hold the page's text."""
    import trafilatura
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.html import HTMLTree

    paths = sorted(folder.rglob("*.html"))
    pages = [path.read_bytes() for path in random.Random(1).sample(paths, min(count, len(paths)))]
    known = []
    for page in pages:
        element = HTMLTree.parse(page.decode("utf-8", "replace")).document.query_selector(main)
        for script in element.query_selector_all("script, style") if element else ():
            script.decompose()
        known.append(tokens(element.text if element else ""))
    readers: dict[str, Callable[[bytes], str]] = {
        "danlu": lambda page: extract_html(page).text,
        "resiliparse, main content": lambda page: extract_plain_text(
            page.decode("utf-8", "replace"), main_content=True
        ),
        "trafilatura": lambda page: trafilatura.extract(page.decode("utf-8", "replace")) or "",
    }
    size = sum(map(len, pages)) / 1e6
    print(
        f"{len(pages)} pages, {size:.1f} MB\n| reader | MB per CPU-second | precision | recall |\n| --- | --- | --- | --- |"
    )
    for name, read in readers.items():
        read(pages[0])
        start = time.process_time()
        found = [tokens(read(page)) for page in pages]
        seconds = time.process_time() - start
        right = sum((have & want).total() for have, want in zip(found, known, strict=True))
        precision, recall = (right / max(sum(part.total() for part in parts), 1) for parts in (found, known))
        print(f"| {name} | {size / seconds:.2f} | {precision:.3f} | {recall:.3f} |")


def pdf(paths: list[Path], markitdown: str) -> None:
    """Pages per CPU-second; the bare loop asks pdfium for the text of every page and nothing else."""
    import pypdfium2

    print(
        "| file | pages | pdfium, bare | danlu | pdftotext -layout | markitdown |\n| --- | --- | --- | --- | --- | --- |"
    )
    for path in paths:
        content = path.read_bytes()
        start = time.process_time()
        document = pypdfium2.PdfDocument(content)
        for number in range(len(document)):
            document[number].get_textpage().get_text_range()
        bare = time.process_time() - start
        start = time.process_time()
        extract_pdf(content)
        own = time.process_time() - start
        peers = [_child(["pdftotext", "-layout", str(path), "-"]), _child([markitdown, str(path)])]
        rates = [len(document) / seconds if seconds else None for seconds in (bare, own, *peers)]
        print(f"| {path.name} | {len(document)} | {' | '.join(f'{rate:.0f}' if rate else '-' for rate in rates)} |")


def _child(command: list[str]) -> float | None:
    """CPU-seconds of a program, None when it is not there."""
    if not command[0] or not shutil.which(command[0]):
        return None
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ocr(text_file: Path, font_file: Path, lines: int) -> None:
    """Character error rate on one page of drawn text, upright, turned, small and noisy."""
    import numpy as np
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.truetype(str(font_file), 28)
    page = Image.new("RGB", (1240, 1754), "white")
    draw = ImageDraw.Draw(page)
    shown: list[str] = []
    # Lines without letters (ASCII rules) are drawings, not text.
    folded = (" ".join(line.split()) for line in text_file.read_text(encoding="utf-8").split("\n"))
    for line in (line for line in folded if len(re.findall(r"\w", line)) > 20):
        if len(shown) == lines:
            break
        while font.getlength(line) > 1080:
            line = line[:-1]
        draw.text((80, 80 + 48 * len(shown)), line, font=font, fill=(20, 20, 20))
        shown.append(line)
    noise = np.random.default_rng(0).normal(0, 20, (1754, 1240, 3))
    noisy = Image.fromarray(np.clip(np.asarray(page) + noise, 0, 255).astype(np.uint8))
    pictures = {
        "clean": page, "2 degrees askew": page.rotate(2, expand=True, fillcolor="white"), "on its side": page.rotate(90, expand=True),
        "upside down": page.rotate(180), "half the resolution": page.resize((620, 877)), "noise": noisy,
    }  # fmt: skip
    print("| picture | character error rate | confidence | CPU-seconds |\n| --- | --- | --- | --- |")
    for name, picture in pictures.items():
        content = io.BytesIO()
        picture.save(content, "PNG")
        start = time.process_time()
        found = extract_image(content.getvalue())
        seconds = time.process_time() - start
        rate = error_rate(squeezed("".join(shown)), squeezed(found.text))
        print(f"| {name} | {rate:.4f} | {found.meta['ocr_confidence']} | {seconds:.1f} |")


def squeezed(text: str) -> str:
    """Without white space, wide and narrow forms the same."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def error_rate(wanted: str, found: str) -> float:
    """Edits over the length of what was wanted (Levenshtein)."""
    distances = list(range(len(found) + 1))
    for row, left in enumerate(wanted, 1):
        diagonal, distances[0] = distances[0], row
        for column, right in enumerate(found, 1):
            best = min(distances[column] + 1, distances[column - 1] + 1, diagonal + (left != right))
            diagonal, distances[column] = distances[column], best
    return distances[-1] / len(wanted)


def main() -> None:
    """Read the command line and run one of the three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="what", required=True)
    pages = commands.add_parser("html")
    pages.add_argument("folder", type=Path)
    pages.add_argument("--main", required=True)
    pages.add_argument("--count", type=int, default=300)
    files = commands.add_parser("pdf")
    files.add_argument("paths", type=Path, nargs="+")
    files.add_argument("--markitdown", default="")
    drawn = commands.add_parser("ocr")
    drawn.add_argument("text_file", type=Path)
    drawn.add_argument("--font", type=Path, required=True)
    drawn.add_argument("--lines", type=int, default=24)
    chosen = parser.parse_args()
    if chosen.what == "html":
        html(chosen.folder, chosen.main, chosen.count)
    elif chosen.what == "pdf":
        pdf(chosen.paths, chosen.markitdown)
    else:
        ocr(chosen.text_file, chosen.font, chosen.lines)


if __name__ == "__main__":
    main()
