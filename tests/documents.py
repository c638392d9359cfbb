"""A small real project: readable documents of every kind and encoding, Chinese and English, and every kind of bad file.

The text is that of two bilingual chapters of examples/handbook, cut into their sections.
"""

import html
import io
import re
import shutil
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import docx
import yaml

from pdfs import manual, pdf
from tiny import make_tiny_checkpoint

FIXTURES = Path(__file__).parent / "fixtures"
HANDBOOK = Path(__file__).parents[1] / "examples" / "handbook" / "docs"

_BASES = tempfile.TemporaryDirectory(prefix="danlu-test-base-")

Sections = list[tuple[str, str]]

REJECTED = {
    "bad/zero.txt": ("collect", "empty"),
    "bad/picture.png": ("extract", "damaged"),
    "bad/program.txt": ("collect", "binary"),
    "bad/encrypted.pdf": ("extract", "encrypted"),
    "bad/damaged.pdf": ("extract", "damaged"),
    "bad/scan.pdf": ("extract", "no text"),
    "bad/damaged.docx": ("extract", "damaged"),
    "bad/spaces.txt": ("clean", "empty"),
    "bad/garbled.txt": ("clean", "garbled"),
    "zh/utf8-copy.txt": ("deduplicate", "exact duplicate"),
}
"""What becomes of each bad file: the stage that rejects it, and by which rule."""


def chapter(language: str) -> Sections:
    """The sections of the handbook's chapter on customizing, as (heading, text)."""
    path = next(path for path in HANDBOOK.rglob("*ch11-customizing.md") if path.parent.name == language)
    parts = re.split(r"^##? (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [(heading, text.strip()) for heading, text in zip(parts[1::2], parts[2::2], strict=True) if text.strip()]


def write_good(folder: Path) -> None:
    """Fourteen documents that can be read."""
    (folder / "en").mkdir(parents=True)
    (folder / "zh").mkdir()
    english, chinese = chapter("en"), chapter("zh")
    for language in ("en", "zh"):
        page = next(path for path in HANDBOOK.rglob("*ch09-keeping-up-to-date.html") if path.parent.name == language)
        shutil.copy(page, folder / language / "updates.html")
    _write(folder / "en" / "start.md", as_markdown(english[:3]))
    _write(folder / "en" / "boot.docx", as_docx(english[3:5]))
    _write(folder / "en" / "init.pdf", manual(english[5:7], furniture="Customizing Debian"))
    _write(folder / "en" / "packages.html", as_html(english[7:9]))
    _write(folder / "en" / "mojibake.txt", as_text(english[9:10]).encode().decode("cp1252", "ignore").encode())
    _write(folder / "en" / "latin.txt", "The café’s naïve façade, déjà vu.\n\n".encode("cp1252") * 3)
    _write(folder / "zh" / "start.md", as_markdown(chinese[:3]))
    _write(folder / "zh" / "boot.docx", as_docx(chinese[3:5]))
    _write(folder / "zh" / "init.txt", as_text(chinese[5:7]).encode("gb18030"))
    _write(folder / "zh" / "packages.html", as_html(chinese[7:8]))
    _write(folder / "zh" / "override.txt", as_text(chinese[8:9]).encode("utf-16"))
    mixed = [as_text(chinese[9:10]).encode("gb18030"), as_text(chinese[10:11]).encode()]
    _write(folder / "zh" / "mixed.txt", b"\n\n".join(mixed))


def write_bad(folder: Path) -> None:
    """A file for each way of being unreadable; `REJECTED` names what becomes of them."""
    bad = folder / "bad"
    bad.mkdir(parents=True)
    (folder / "zh").mkdir(exist_ok=True)
    _write(bad / "zero.txt", b"")
    _write(bad / "picture.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    _write(bad / "program.txt", bytes(range(256)) * 40)
    shutil.copy(FIXTURES / "encrypted.pdf", bad / "encrypted.pdf")
    _write(bad / "damaged.pdf", b"%PDF-1.4\n" + bytes(range(256)) * 8)
    _write(bad / "scan.pdf", pdf([[], []]))
    _write(bad / "damaged.docx", as_docx([("A heading", "Some text.")])[:-400])
    _write(bad / "spaces.txt", b" \n\t\n \n")
    _write(bad / "garbled.txt", ("锟斤拷" * 30 + " and a few words.").encode())
    text = as_text(chapter("zh")[8:9])
    _write(folder / "zh" / "utf8-copy.txt", text.replace("\n\n", "\n \n").encode())


def write_project(folder: Path, *, bad: bool = True, **said: object) -> Path:
    """A project in `folder` with all these documents below `docs/`; `said` changes its danlu.yaml."""
    write_good(folder / "docs")
    if bad:
        write_bad(folder / "docs")
    write_yaml(folder, small_project_file() | said)
    return folder


def small_project_file() -> dict[str, object]:
    """A project file whose models are tiny: every stage runs, none for long."""
    return {
        "recipe": "knowledge-bot",
        "name": "small",
        "sources": [{"path": "docs", "licence": "GPL-2.0-or-later"}],
        "base": f"path:{tiny_base()}",
        "set": {
            "finetune.min_conversations": 4,
            "finetune.max_train_tokens": 2000,
            "evaluate.likelihood_tokens": 500,
            "evaluate.route_questions": 1,
            "evaluate.route_tokens": 4,
            "evaluate.written_questions": 1,
            "evaluate.written_tokens": 4,
        },
    }


@cache
def tiny_base() -> Path:
    """The folder of a base model of 20,000 weights, made once."""
    return make_tiny_checkpoint(Path(_BASES.name) / "tiny")


def write_yaml(folder: Path, said: object) -> None:
    """The project file."""
    (folder / "danlu.yaml").write_text(yaml.safe_dump(said, allow_unicode=True, sort_keys=False), encoding="utf-8")


def as_markdown(sections: Sections) -> bytes:
    return "".join(f"## {heading}\n\n{text}\n\n" for heading, text in sections).encode()


def as_text(sections: Sections) -> str:
    return "\n\n".join(f"{heading}\n\n{text}" for heading, text in sections)


def as_html(sections: Sections) -> bytes:
    body = "".join(
        f"<h2>{html.escape(heading)}</h2>" + "".join(f"<p>{html.escape(text)}</p>" for text in text.split("\n\n"))
        for heading, text in sections
    )
    head = '<!DOCTYPE html><html><head><meta charset="utf-8"><title>Packages</title></head>'
    return f"{head}<body><nav>Home | Up</nav>{body}</body></html>".encode()


def as_docx(sections: Sections) -> bytes:
    document = docx.Document()
    for heading, text in sections:
        document.add_heading(heading, level=2)
        for paragraph in text.split("\n\n"):
            document.add_paragraph(paragraph)
    file = io.BytesIO()
    document.save(file)
    return _without_times(file)


def _without_times(file: io.BytesIO) -> bytes:
    """The archive again, as if it had been written in 1980: equal documents are equal bytes."""
    written, source = io.BytesIO(), zipfile.ZipFile(file)
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in source.namelist():
            archive.writestr(zipfile.ZipInfo(name), source.read(name), zipfile.ZIP_DEFLATED)
    return written.getvalue()


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
