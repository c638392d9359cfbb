"""Writes small real PDFs: Helvetica text, page by page, with an outline."""

import textwrap
from collections.abc import Sequence

LINES_PER_PAGE = 40


def pdf(pages: Sequence[Sequence[str]], outline: Sequence[tuple[str, int]] = ()) -> bytes:
    """A PDF of lines of ASCII text; the outline leads from titles to 0-based pages."""
    objects = [
        "<< /Type /Catalog /Pages 2 0 R /Outlines 4 0 R >>",
        "",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        "",
    ]
    page_ids = []
    for lines in pages:
        shown = " T* ".join(f"({_escaped(line)}) Tj" for line in lines)
        stream = f"BT /F1 11 Tf 14 TL 60 790 Td {shown} ET"
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
        resources = "/Resources << /Font << /F1 3 0 R >> >>"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] {resources} /Contents {len(objects)} 0 R >>"
        )
        page_ids.append(len(objects))
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(f'{id} 0 R' for id in page_ids)}] /Count {len(pages)} >>"
    first = len(objects) + 1
    for number, (title, page) in enumerate(outline):
        around = f"/Prev {first + number - 1} 0 R " if number else ""
        around += f"/Next {first + number + 1} 0 R " if number + 1 < len(outline) else ""
        objects.append(f"<< /Title ({_escaped(title)}) /Parent 4 0 R {around}/Dest [{page_ids[page]} 0 R /Fit] >>")
    ends = f"/First {first} 0 R /Last {len(objects)} 0 R /Count {len(outline)}" if outline else ""
    objects[3] = f"<< /Type /Outlines {ends} >>"
    return _file(objects)


def manual(sections: Sequence[tuple[str, str]], furniture: str = "") -> bytes:
    """A PDF of titled sections, one or more pages each, every page headed by `furniture`."""
    pages: list[list[str]] = []
    outline = []
    for title, text in sections:
        lines = [title, *(line for paragraph in text.split("\n") for line in textwrap.wrap(paragraph, 90))]
        outline.append((title, len(pages)))
        for start in range(0, len(lines), LINES_PER_PAGE):
            head = [f"{furniture} page {len(pages) + 1}"] if furniture else []
            pages.append(head + lines[start : start + LINES_PER_PAGE])
    return pdf(pages, outline)


def _escaped(text: str) -> str:
    plain = text.encode("ascii", "replace").decode()
    return plain.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _file(objects: Sequence[str]) -> bytes:
    parts = ["%PDF-1.4\n"]
    places = []
    for number, body in enumerate(objects, 1):
        places.append(sum(map(len, parts)))
        parts.append(f"{number} 0 obj\n{body}\nendobj\n")
    start = sum(map(len, parts))
    entries = "".join(f"{place:010} 00000 n \n" for place in places)
    parts.append(f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{entries}")
    parts.append(f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n")
    return "".join(parts).encode("ascii")
