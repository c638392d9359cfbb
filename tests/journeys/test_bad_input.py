"""What a user meets who gives danlu something that it cannot use: one clear message, the right exit code, nothing lost."""

import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from commands import DANLU, Outcome, danlu, environment
from documents import FIXTURES, as_markdown, chapter, small_project_file, write_bad, write_yaml
from found import found
from pdfs import pdf

PAGE = as_markdown(chapter("en")[:2])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with an empty folder of documents."""
    (tmp_path / "docs").mkdir()
    write_yaml(tmp_path, small_project_file())
    return tmp_path


def run(folder: Path, until: str = "index") -> Outcome:
    return danlu(folder, "run", "--until", until)


def said_once(done: Outcome, code: int, *parts: str) -> None:
    """One error with its hint, and no trace."""
    assert done.returncode == code, done.stderr
    assert done.stderr.count("error: ") == done.stderr.count("hint: ") == 1
    assert "Traceback" not in done.stderr
    for part in parts:
        assert part in done.stderr


def test_a_missing_folder(folder: Path) -> None:
    (folder / "docs").rmdir()
    said_once(run(folder), 2, f"No such file or folder: {folder / 'docs'}", "`path:`")


def test_an_empty_folder(folder: Path) -> None:
    said_once(run(folder), 2, f"No files in {folder / 'docs'}", "text, HTML, PDF, Office files")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("zero.txt", b"", "docs/zero.txt: empty (0 bytes)"),
        ("program.txt", bytes(range(256)) * 40, "docs/program.txt: binary"),
        ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(50), "docs/old.doc: unsupported type"),
    ],
)
def test_only_a_file_that_cannot_be_read(folder: Path, name: str, content: bytes, reason: str) -> None:
    (folder / "docs" / name).write_bytes(content)
    said_once(run(folder), 1, "None of the 1 files can be read", reason)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ((FIXTURES / "encrypted.pdf").read_bytes(), "encrypted"),
        (b"%PDF-1.7 cut", "damaged"),
        (pdf([[], []]), "no text"),
    ],
)
def test_only_a_pdf_that_gives_no_text(folder: Path, content: bytes, rule: str) -> None:
    (folder / "docs" / "a.pdf").write_bytes(content)
    said_once(run(folder), 1, f"extract kept none of 1 documents. By rule: {rule} 1")


def test_only_text_that_nobody_can_read(folder: Path) -> None:
    (folder / "docs" / "a.txt").write_bytes("锟斤拷".encode() * 100)
    done = run(folder)
    said_once(done, 1, "The rules `manual` kept none of 1 documents. By rule: garbled 1")
    assert "extract" in done.stdout


def test_bad_files_among_good_ones_are_counted_named_and_skipped(folder: Path) -> None:
    (folder / "docs" / "good.md").write_bytes(PAGE)
    write_bad(folder / "docs")
    (folder / "docs" / "zh" / "utf8-copy.txt").unlink()
    done = run(folder)
    assert done.returncode == 0
    assert [
        line for line in done.stderr.splitlines() if "a passage to judge it" not in line
    ] == []  # an encoder's price
    lines = done.stdout.splitlines()
    for name, rule in (("zero.txt", "empty"), ("encrypted.pdf", "encrypted"), ("garbled.txt", "garbled")):
        assert any(line.startswith(f"  rejected docs/bad/{name}: {rule}") for line in lines)
    assert sum(line.startswith("  rejected") for line in lines) == len(list((folder / "docs" / "bad").iterdir()))
    assert "kept 1" in next(line for line in lines if line.startswith("clean"))


def test_what_was_done_before_a_failure_is_not_done_again(folder: Path) -> None:
    (folder / "docs" / "a.txt").write_bytes("锟斤拷".encode() * 100)
    assert run(folder).returncode == 1
    again = danlu(folder, "run", "--set", "clean.bounds={garbled: 1, wrong encoding: 0}", "--until", "clean")
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("already done") == 3


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        ({"souces": [{"path": "docs"}]}, "danlu.yaml: unknown key `souces`", "Did you mean `sources`?"),
        ({"sources": "docs"}, "danlu.yaml: `sources` is 'docs'", "a list of"),
        ({"set": {"clean.rulez": "manual"}}, "unknown key `clean.rulez`", "Did you mean `clean.rules`?"),
        ({"set": {"clean": {"rules": "manual"}}}, "unknown key `clean`", "clean.rules"),
        ({"seed": "one"}, "danlu.yaml: `seed` is 'one'", "a whole number"),
        ({"recipe": "cake"}, "Unknown recipe `cake`", "knowledge-bot"),
    ],
)
def test_a_mistake_in_the_project_file(folder: Path, said: dict[str, object], message: str, hint: str) -> None:
    (folder / "docs" / "good.md").write_bytes(PAGE)
    write_yaml(folder, small_project_file() | said)
    said_once(run(folder), 2, message, hint)
    assert not (folder / ".danlu" / "artifacts").exists()


def test_a_project_file_that_is_no_yaml(folder: Path) -> None:
    (folder / "danlu.yaml").write_text("recipe: knowledge-bot\nsources: [\n  - path: docs")
    said_once(run(folder), 2, "danlu.yaml is not valid YAML", "line")


def test_a_source_that_changes_while_it_is_read(folder: Path) -> None:
    for number in range(40):
        (folder / "docs" / f"{number:02}.md").write_bytes(PAGE + str(number).encode())
    process = subprocess.Popen(
        [DANLU, "run", "--until", "index"], cwd=folder, env=environment(), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    pieces = folder / ".danlu" / "artifacts" / "extract"
    while process.poll() is None and not found(pieces, "*/.work"):
        time.sleep(0.001)
    (folder / "docs" / "39.md").write_bytes(PAGE + b"changed")
    out, err = process.communicate()
    said_once(
        Outcome("danlu", process.returncode, out, err), 1, "docs/39.md changed while danlu was reading it", "again"
    )
    assert run(folder).returncode == 0


def test_a_run_that_is_interrupted_from_the_keyboard_goes_on_from_there(folder: Path) -> None:
    for number in range(30):
        (folder / "docs" / f"{number}.md").write_bytes(PAGE + str(number).encode())
    process = subprocess.Popen(
        [DANLU, "run", "--until", "index"], cwd=folder, env=environment(), stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    while process.poll() is None and not found(folder / ".danlu", "artifacts/extract/*/.work"):
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate()
    assert (process.returncode, err) == (130, "stopped; what was finished is kept\n")
    assert run(folder).returncode == 0


def peak_mb(process: subprocess.Popen[bytes]) -> int:
    """The largest resident memory of a process and its children together, while it runs."""
    peak = 0
    while process.poll() is None:
        peak = max(peak, sum(_resident_kb(pid) for pid in _family(process.pid)))
        time.sleep(0.02)
    return peak // 1024


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [pid, *(found for child in children for found in _family(int(child)))]


def _resident_kb(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * (os.sysconf("SC_PAGESIZE") // 1024)
    except (FileNotFoundError, ProcessLookupError):
        return 0


MEGABYTES = 1
"""Of one line. Time and memory grow with it: 50 are a matter of minutes."""


@pytest.mark.parametrize(
    ("sentence", "kept"),
    [("a", 1), ("All programs use the same paper size. ", 2), ("所有程序都使用相同的纸张大小，设置保存在文件里。", 2)],
)
def test_one_endless_line_is_read_or_rejected_in_bounded_memory(folder: Path, sentence: str, kept: int) -> None:
    (folder / "docs" / "good.md").write_bytes(PAGE)
    size = len(sentence.encode())
    (folder / "docs" / "line.txt").write_text(sentence * (MEGABYTES * 1_000_000 // size), encoding="utf-8")
    process = subprocess.Popen(
        [DANLU, "run", "--until", "index"], cwd=folder, env=environment(), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert peak_mb(process) < 700
    assert process.returncode == 0
    counts = {row["stage"]: row["counts"] for row in json.loads(danlu(folder, "show", "--json").stdout)}
    assert counts["clean"]["kept"] == kept


def test_a_reader_beside_a_run_sees_whole_files_only(folder: Path) -> None:
    (folder / "docs" / "good.md").write_bytes(PAGE)
    stopped, torn = threading.Event(), []

    def read() -> None:
        while not stopped.is_set():
            for path in folder.glob(".danlu/artifacts/*/*/manifest.json"):
                try:
                    json.loads(path.read_text())
                except ValueError as error:
                    torn.append((path, error))

    reader = threading.Thread(target=read)
    reader.start()
    assert run(folder).returncode == 0
    stopped.set()
    reader.join()
    assert torn == []
