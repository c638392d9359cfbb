"""What a user meets who gives a data command something it cannot use: a reason and the right exit status, never a trace."""

import gzip
import io
import json
import os
import shutil
import tarfile
import zipfile
from collections import defaultdict
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commands import Outcome, here
from danlu.core.artifacts import Manifest
from danlu.core.store import open_artifact
from danlu.text.tables import read_rows
from documents import as_docx, as_markdown, chapter

PAGE = as_markdown(chapter("en")[:2])
ZH_PAGE = as_markdown(chapter("zh")[:2])
SENTENCE = "The office on the second floor keeps paper for the printer, and the key."

READERS = {
    "clean": "clean {}",
    "deduplicate": "deduplicate {}",
    "redact": "redact {}",
    "decontaminate": "decontaminate {} --against items.jsonl",
    "split": "split {}",
    "take": "take {}",
    "weak": "label weak {} --functions functions.yaml",
    "synthesize": "synthesize {}",
    "augment": "augment {} --methods keyboard",
    "balance": "balance {}",
    "resample": "balance {} --resample",
}
"""Every command that reads a corpus."""


def run(folder: Path, *arguments: str) -> Outcome:
    return here(folder, *arguments, XDG_CACHE_HOME=str(folder / "cache"))


def said_once(done: Outcome, code: int, *parts: str) -> None:
    """One error, and no trace."""
    assert done.returncode == code, done.stderr
    assert done.stderr.count("error: ") == 1
    assert "Traceback" not in done.stderr
    for part in parts:
        assert part in done.stderr


def zipped(files: dict[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in files.items():
            written.writestr(name, content)
    return archive.getvalue()


def tarred(name: str, content: bytes) -> bytes:
    """A file of this name, and a link to a file outside."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as written:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        written.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("link.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        written.addfile(link)
    return archive.getvalue()


def parquet(**columns: list[object]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def warc(pages: int) -> bytes:
    body = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>{SENTENCE * 4}</p>".encode()
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://example.org/{number}\r\n"
        "WARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-00000000000{number}>\r\nWARC-Date: 2024-01-01T00:00:00Z\r\n"
        "Content-Type: application/http;msgtype=response\r\nContent-Length: {length}\r\n\r\n"
    )
    return b"".join(head.format(number=n, length=len(body)).encode() + body + b"\r\n\r\n" for n in range(pages))


def mail() -> bytes:
    message = EmailMessage()
    message["From"], message["Subject"], message["Message-ID"] = "a@example.org", "Paper", "<1@example.org>"
    message.set_content(SENTENCE * 4)
    message.add_attachment(PAGE, maintype="application", subtype="octet-stream", filename="a.md")
    return message.as_bytes()


JSONL = [
    json.dumps({"id": "one", "text": SENTENCE + " One."}),
    '{"id": "two", "text": "cut',
    json.dumps({"id": "three", "text": SENTENCE + " Three."}),
    json.dumps({"id": "three", "text": SENTENCE + " Three again."}),
    json.dumps(["a list"]),
    json.dumps({"id": "five", "text": None}),
]

LOST = {
    "cut.zip": "damaged|cut short",
    "cut.txt.gz": "cut short",
    "cut.parquet": "damaged",
    "cut.warc": "cut short",
    "cut.docx": "damaged",
    "bomb.zip": "unpacks to too much",
    "outside.zip": "unsafe path",
    "outside.tar.gz": "unsafe path|link",
    "untitled.parquet": "no text column",
    "rows.jsonl": "not JSON|no text column",
}
"""Bad files, and the rules that reject them or something in them."""


@dataclass(frozen=True)
class Cleaned:
    folder: Path
    done: Outcome
    rejects: dict[str, set[str]]
    """Rules by the name of the file."""
    sources: list[str]


@pytest.fixture(scope="module")
def cleaned(tmp_path_factory: pytest.TempPathFactory) -> Cleaned:
    """Bad files of every kind beside good ones, read and cleaned in one go."""
    folder = tmp_path_factory.mktemp("bad")
    docs = folder / "docs"
    docs.mkdir()
    compressed, table = gzip.compress(PAGE * 5), parquet(text=[SENTENCE] * 50)
    contents = {
        "good.md": PAGE,
        "好.md": ZH_PAGE,
        "cut.zip": zipped({"a.md": PAGE, "b.md": ZH_PAGE})[:-200],
        "cut.txt.gz": compressed[: len(compressed) // 2],
        "cut.parquet": table[:-30],
        "cut.warc": warc(3)[:-200],
        "cut.eml": mail()[: len(mail()) // 2],
        "cut.docx": as_docx(chapter("en")[:2])[:-500],
        "bomb.zip": zipped({"bomb.txt": b"0" * (100 << 20)}),
        "outside.zip": zipped({"../../evil.md": PAGE, "/tmp/evil.md": PAGE}),
        "outside.tar.gz": tarred("../../evil.md", PAGE),
        "untitled.parquet": parquet(number=[1, 2, 3]),
        "rows.jsonl": "\n".join(JSONL).encode(),
        "line.txt": ("All programs use the same paper size. " * 50_000).encode(),
    }
    for name, content in contents.items():
        (docs / name).write_bytes(content)
    done = run(folder, "clean", "docs", "--out", "clean")
    rejects: dict[str, set[str]] = defaultdict(set)
    for tables in (folder / "clean").rglob("rejects"):
        for row in read_rows(tables):
            rejects[row["source"].removeprefix("docs/").split("#")[0].split("~")[0]].add(row["rule"])
    return Cleaned(folder, done, rejects, [row["source"] for row in read_rows(folder / "clean" / "documents")])


def test_bad_files_cost_themselves_and_nothing_else(cleaned: Cleaned) -> None:
    assert cleaned.done.returncode == 0, cleaned.done.stderr
    assert "Traceback" not in cleaned.done.stdout + cleaned.done.stderr
    assert {"docs/good.md", "docs/好.md", "docs/line.txt"} <= set(cleaned.sources)


@pytest.mark.parametrize("name", LOST)
def test_a_bad_file_is_told_with_the_reason(cleaned: Cleaned, name: str) -> None:
    assert cleaned.rejects[name] & set(LOST[name].split("|")), dict(cleaned.rejects)


def test_what_is_whole_in_a_damaged_file_is_read(cleaned: Cleaned) -> None:
    for source in ("cut.warc#http://example.org/0", "cut.warc#http://example.org/1", "cut.eml"):
        assert any(found.startswith(f"docs/{source}") for found in cleaned.sources), cleaned.sources
    assert sum(found.startswith("docs/rows.jsonl#") for found in cleaned.sources) == 3


def test_rows_with_one_id_stay_two_documents(cleaned: Cleaned) -> None:
    ids = [row["doc_id"] for row in read_rows(cleaned.folder / "clean" / "documents", ["doc_id"])]
    assert len(set(ids)) == len(ids)


def test_nothing_is_written_outside_the_output_folder(cleaned: Cleaned) -> None:
    assert {path.name for path in cleaned.folder.iterdir()} == {"docs", "clean", "cache"}
    assert not Path("/tmp/evil.md").exists()
    assert not list(cleaned.folder.parent.rglob("evil.md"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list any folder")
def test_a_folder_that_may_not_be_listed_is_counted(tmp_path: Path) -> None:
    (tmp_path / "docs" / "secret").mkdir(parents=True)
    (tmp_path / "docs" / "good.md").write_bytes(PAGE)
    (tmp_path / "docs" / "secret").chmod(0)
    done = run(tmp_path, "clean", "docs", "--out", "clean")
    assert done.returncode == 0, done.stderr
    assert "docs/secret: unreadable" in done.stdout


def test_a_result_that_is_empty_says_which_rule_took_everything(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(SENTENCE * 20, encoding="utf-8")
    (tmp_path / "b.txt").write_text(SENTENCE * 21, encoding="utf-8")
    done = run(tmp_path, "clean", "a.txt", "b.txt", "--out", "clean", "--set", "clean.languages=[zh]")
    said_once(done, 1, "kept none of 2 documents", "language 2")
    assert not (tmp_path / "clean" / "manifest.json").exists()


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a whole corpus, a split one, damaged copies of both, and an artifact of another kind."""
    folder = tmp_path_factory.mktemp("corpora")
    for number in range(4):
        page = as_markdown(chapter("en" if number % 2 else "zh")[number : number + 2])
        (folder / f"{number}.md").write_bytes(page)
    (folder / "items.jsonl").write_text(json.dumps({"id": "1", "question": SENTENCE}), encoding="utf-8")
    (folder / "functions.yaml").write_text("labels: [a, b]\nfunctions: [{name: f, label: a, keywords: [package]}]")
    for command in ("clean 0.md 1.md 2.md 3.md --out whole", "split whole --out parted", "balance whole --out report"):
        done = run(folder, *command.split())
        assert done.returncode == 0, done.stderr
    for name in ("flipped", "cut", "gone", "unlisted", "unknown"):
        shutil.copytree(folder / "whole", folder / name)
    shutil.copytree(folder / "parted", folder / "parted-torn")
    part, manifest = "documents/00000.parquet", "manifest.json"
    content = bytearray((folder / "whole" / part).read_bytes())
    content[len(content) // 2] ^= 0xFF
    (folder / "flipped" / part).write_bytes(content)
    (folder / "cut" / part).write_bytes(content[:-100])
    (folder / "gone" / part).unlink()
    text = (folder / "whole" / manifest).read_text(encoding="utf-8")
    (folder / "unlisted" / manifest).write_text(text[: len(text) // 2], encoding="utf-8")
    (folder / "unknown" / manifest).write_text(text.replace('"Corpus"', '"Cake"'), encoding="utf-8")
    (folder / "parted-torn" / "sides.json").write_text('{"train": [')
    return folder


@pytest.mark.parametrize("command", READERS)
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("flipped", "flipped is not as it was made"),
        ("cut", "cut is not as it was made"),
        ("gone", "gone is not as it was made"),
        ("unlisted", "is not a manifest of danlu"),
        ("unknown", "unknown has a damaged manifest.json"),
        ("report", "report holds a Report, and a Corpus is needed here"),
    ],
)
def test_a_damaged_corpus_or_an_artifact_of_another_kind_is_refused(
    corpora: Path, command: str, given: str, message: str
) -> None:
    done = run(corpora, *READERS[command].format(given).split(), "--out", f"{command}-{given}")
    said_once(done, 2, message)
    assert not (corpora / f"{command}-{given}").exists()


def test_a_split_whose_list_of_sides_is_torn_is_refused(corpora: Path) -> None:
    said_once(run(corpora, "take", "parted-torn", "--out", "side"), 2, "parted-torn is not as it was made")


@pytest.mark.parametrize(
    "arguments", [["diff", "flipped", "whole"], ["diff", "cut", "whole"], ["diff", "whole", "unlisted"]]
)
def test_diff_of_a_damaged_corpus_says_so(corpora: Path, arguments: list[str]) -> None:
    said_once(run(corpora, *arguments), 2)


@pytest.mark.parametrize("command", READERS)
def test_an_output_folder_inside_the_input_is_refused_and_the_input_stays_whole(corpora: Path, command: str) -> None:
    given = "parted" if command == "take" else "whole"
    done = run(corpora, *READERS[command].format(given).split(), "--out", f"{given}/out")
    said_once(done, 2, "lies inside", "Name a folder elsewhere after --out.")
    assert open_artifact(corpora / given).content_is_intact()


@pytest.mark.parametrize("command", READERS)
def test_a_missing_input_is_refused(corpora: Path, command: str) -> None:
    done = run(corpora, *READERS[command].format("nowhere").split(), "--out", "out")
    said_once(done, 2, "nowhere")
    assert not (corpora / "out").exists()


def test_an_output_folder_that_holds_something_else_is_left_alone(corpora: Path) -> None:
    before = Manifest.read(corpora / "report")
    said_once(run(corpora, "redact", "whole", "--out", "report"), 2, "holds something else already")
    assert Manifest.read(corpora / "report") == before
