import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from danlu.core.artifacts import Corpus, Files
from danlu.core.errors import WorkFailed
from danlu.core.project import Source
from danlu.core.stages import Config, Work
from danlu.data import media
from danlu.data.collect import collect
from danlu.data.extract import stage
from danlu.data.extract.stage import Job, extract, read_one
from danlu.data.lock import SourceLock, lock_sources
from danlu.text.records import read_rows
from stages import ran


def sources_of(folder: Path, *names: str) -> tuple[SourceLock, Files]:
    for name in names:
        (folder / name).write_text(f"Text of {name}.")
    sources = lock_sources([Source(folder, "MIT")])
    return sources, ran(Files, lambda work: collect.body(work, Config(), sources=sources), work=True)


def extracted(sources: SourceLock, files: Files, workers: int = 2) -> Corpus:
    body = lambda work: extract.body(work, Config(), files=files, sources=sources)  # noqa: E731
    return ran(Corpus, body, work=True, workers=workers)


def test_documents_come_in_the_order_of_sources_whatever_the_workers(tmp_path: Path) -> None:
    sources, files = sources_of(tmp_path, *(f"{number}.txt" for number in range(9)))
    one, four = extracted(sources, files, workers=1), extracted(sources, files, workers=4)
    rows = read_rows(one.documents)
    assert [row["source"] for row in rows] == sorted(row["source"] for row in rows)
    assert one.manifest.content_hash == four.manifest.content_hash
    assert rows[0]["title"] == "0"


def crash(content: bytes) -> None:
    raise RecursionError("too deep")


def test_an_exception_of_a_reader_costs_its_file_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(stage.READERS, media.TEXT, crash)
    sources, _ = sources_of(tmp_path, "a.txt")
    read_one(Job(sources.files[0], media.TEXT, tmp_path / "piece.json"))
    reject = json.loads((tmp_path / "piece.json").read_text())["reject"]
    assert (reject["rule"], reject["value"]) == ("crashed the reader", "RecursionError: too deep")


def test_a_file_that_changed_stops_the_run_and_is_no_reject(tmp_path: Path) -> None:
    sources, files = sources_of(tmp_path, "a.txt", "b.txt")
    (tmp_path / "b.txt").write_text("changed")
    with pytest.raises(WorkFailed, match=r"b\.txt changed while danlu was reading it"):
        extracted(sources, files)


def test_finished_pieces_are_not_read_again(tmp_path: Path) -> None:
    sources, files = sources_of(tmp_path, "a.txt", "b.txt")

    def body(work: Work) -> Any:
        [first, _] = sources.files
        read_one(Job(first, media.TEXT, work.scratch / f"{first.doc_id}.json"))
        first.path.write_text("changed after it was read")
        return extract.body(work, Config(), files=files, sources=sources)

    assert len(read_rows(ran(Corpus, body, work=True).documents)) == 2


def killing(job: Job) -> None:
    if job.file.source.endswith("1.txt"):
        os.kill(os.getpid(), signal.SIGKILL)
    read_one(job)


def test_a_file_that_kills_its_readers_is_rejected_and_the_others_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "read_one", killing)
    corpus = extracted(*sources_of(tmp_path, "0.txt", "1.txt", "2.txt"))
    assert len(read_rows(corpus.documents)) == 2
    [reject] = read_rows(corpus.path / "rejects.parquet")
    assert (reject["rule"], reject["value"], reject["threshold"]) == ("crashed the reader", "exit code -9", "3 tries")


def test_files_that_give_no_text_at_all_fail_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4 broken")
    sources, files = sources_of(tmp_path)
    with pytest.raises(WorkFailed, match="None of the 1 files gave any text"):
        extracted(sources, files)
