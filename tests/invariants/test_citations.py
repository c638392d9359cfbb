"""Invariant 7: a citation's quote is verbatim in its source, by a reading of the source that shares no code with danlu's.

White space is taken out of both sides: a reading may fold it.
"""

import json
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from commands import danlu
from danlu.core.answers import Citation
from danlu.core.artifacts import Chats, Index
from danlu.core.store import Store
from danlu.retrieve import measure
from danlu.text.tables import read_rows
from documents import HANDBOOK, as_text, chapter, write_yaml

SECTION = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
ENCODINGS = {"init.txt": "gb18030", "override.txt": "utf-16", "latin.txt": "cp1252"}


def squeezed(text: str) -> str:
    return "".join(text.split())


class Shown(HTMLParser):
    """The text of a page without scripts and without what every page of a manual repeats."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self._hidden = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("script", "style", "nav")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style", "nav")

    def handle_data(self, data: str) -> None:
        self.text += "" if self._hidden else data


def read_html(path: Path) -> str:
    shown = Shown()
    shown.feed(path.read_text(encoding="utf-8"))
    return shown.text


def read_docx(path: Path) -> str:
    tree = ElementTree.fromstring(zipfile.ZipFile(path).read("word/document.xml"))
    return "".join(node.text or "" for node in tree.iter(f"{SECTION}t"))


def read_pdf(path: Path) -> str:
    if not shutil.which("pdftotext"):
        assert not os.environ.get("CI"), "poppler-utils must be installed where this is checked for everyone"
        pytest.skip("poppler-utils is not installed: no independent reading of PDF")
    return subprocess.run(["pdftotext", "-raw", path, "-"], capture_output=True, text=True, check=True).stdout


def read_text(path: Path) -> str:
    if path.name == "mixed.txt":
        boundary = len(as_text(chapter("zh")[9:10]).encode("gb18030"))
        return path.read_bytes()[:boundary].decode("gb18030") + path.read_bytes()[boundary:].decode()
    return path.read_bytes().decode(ENCODINGS.get(path.name, "utf-8"))


READERS: dict[str, Callable[[Path], str]] = {".html": read_html, ".docx": read_docx, ".pdf": read_pdf}


@cache
def reading(path: Path) -> str:
    return squeezed(READERS.get(path.suffix, read_text)(path))


def questions_of(store: Store) -> list[str]:
    """Every heading, and the first words of every fifth passage's worth of text."""
    made = {artifact.manifest.stage: artifact for artifact in store.all()}
    chats = made["make_questions"]
    assert isinstance(chats, Chats)
    headings = [json.loads(line)["question"] for line in chats.questions.read_text(encoding="utf-8").splitlines()]
    texts = [row["text"] for row in read_rows(made["deduplicate"].path / "documents", ["text"])]
    return headings + [text[at : at + 60] for text in texts for at in range(0, len(text), 2000)]


def citations(project: Path) -> list[Citation]:
    store = Store(project / ".danlu" / "artifacts")
    [index] = [artifact for artifact in store.all() if isinstance(artifact, Index)]
    return [citation for answer in measure.answers(index, questions_of(store)) for citation in answer.citations]


@pytest.fixture(scope="module")
def handbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project on real manuals: a long PDF, two DOCX files and a page of HTML."""
    folder = tmp_path_factory.mktemp("handbook")
    paths = [*HANDBOOK.rglob("*.pdf"), *HANDBOOK.rglob("*.docx"), next(HANDBOOK.rglob("*network-configuration.html"))]
    for path in paths:
        shutil.copy(path, folder)
    write_yaml(folder, {"recipe": "knowledge-bot", "sources": [{"path": path.name} for path in paths]})
    done = danlu(folder, "run", "--until", "index")
    assert done.returncode == 0, done.stderr
    return folder


def is_verbatim(quote: str, source: str) -> bool:
    """Whether a quote stands in its source; of a table, which is extracted as Markdown, every cell.

    A bullet or number that the word processor sets before a paragraph is not in its file's text.
    """
    cells = [squeezed(cell) for cell in re.split(r"\||^ *(?:[-•]|\d+\.) ", quote, flags=re.MULTILINE)]
    return bool(quote.strip()) and all(cell in source for cell in cells if not re.fullmatch("-{3,}", cell))


def check(found: list[Citation], folder: Path, kinds: set[str]) -> None:
    assert {Path(citation.source).suffix for citation in found} == kinds
    wrong = [citation for citation in found if not is_verbatim(citation.quote, reading(folder / citation.source))]
    assert wrong == [], f"{len(wrong)} of {len(found)}"


@pytest.fixture(scope="module")
def quoted(handbook: Path) -> list[Citation]:
    return citations(handbook)


def test_quotes_from_real_manuals_are_verbatim_in_an_independent_reading(
    quoted: list[Citation], handbook: Path
) -> None:
    assert len(quoted) > 100
    check(quoted, handbook, {".pdf", ".docx", ".html"})


def test_quotes_from_every_kind_and_encoding_are_verbatim(small_project: Path) -> None:
    found = citations(small_project)
    assert {Path(citation.source).name for citation in found} >= {"init.txt", "override.txt", "mixed.txt"}
    check(found, small_project, {".pdf", ".docx", ".html", ".md", ".txt"})


def test_a_page_is_the_one_that_a_pdf_reader_turns_to(quoted: list[Citation], handbook: Path) -> None:
    paged = [citation for citation in quoted if citation.source.endswith(".pdf")]
    [path] = handbook.glob("*.pdf")
    pages = [squeezed(page) for page in read_pdf(path).split("\f")]
    assert {citation.page for citation in paged} >= {1, 10, 20}
    for citation in paged:
        assert citation.page
        assert squeezed(citation.quote)[:15] in pages[citation.page - 1], citation
