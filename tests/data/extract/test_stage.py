import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from danlu.core.artifacts import Corpus, Files
from danlu.core.errors import WorkFailed
from danlu.core.execute import Machine, execute
from danlu.core.project import Source
from danlu.core.stages import Config, Facts, Plan, Work
from danlu.core.store import Store
from danlu.data.collect import collect
from danlu.data.extract import readers, shards, stage
from danlu.data.extract.config import ExtractConfig
from danlu.data.extract.shards import Job, shards_of
from danlu.data.extract.stage import Shard, extract, probe, read_job, read_shard
from danlu.data.lock import SourceLock, lock_sources
from danlu.text.records import Reject
from danlu.text.tables import read_rows, stream_rows
from found import found
from pdfs import pdf
from stages import ran

CHINESE = "软件包管理系统会记录每一个已经安装的文件。"


def sources_of(folder: Path, *names: str) -> tuple[SourceLock, Files]:
    for name in names:
        (folder / name).write_text(f"Text of {name}.")
    sources = lock_sources([Source(folder, "MIT")])
    return sources, ran(Files, lambda work: collect.body(work, Config(), sources=sources), work=True)


def extracted(sources: SourceLock, files: Files, workers: int = 2, **said: Any) -> Corpus:
    body = lambda work: extract.body(work, ExtractConfig(**said), files=files, sources=sources)  # noqa: E731
    return ran(Corpus, body, work=True, workers=workers)


def rows_of(corpus: Corpus, table: str = "documents") -> list[dict[str, Any]]:
    return list(read_rows(corpus.path / table))


def plan_of(folder: Path) -> Plan:
    sources = lock_sources([Source(folder, "MIT")])
    return Plan(extract(files=collect(sources=sources), sources=sources), 0)


def test_documents_come_in_the_order_of_sources_whatever_the_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "MAX_FILES", 2)
    sources, files = sources_of(tmp_path, *(f"{number}.txt" for number in range(9)))
    one, four = extracted(sources, files, workers=1), extracted(sources, files, workers=4)
    rows = rows_of(one)
    assert [row["source"] for row in rows] == sorted(row["source"] for row in rows)
    assert len(list(one.documents.iterdir())) >= 5
    assert one.manifest.content_hash == four.manifest.content_hash
    assert rows[0]["title"] == "0"


def crash(content: bytes, name: str, config: ExtractConfig) -> None:
    raise RecursionError("too deep")


def test_an_exception_of_a_reader_costs_its_file_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(readers.READERS, "text/plain", crash)  # type: ignore[arg-type]
    sources, _ = sources_of(tmp_path, "a.txt")
    [reject] = read_job(Job(sources.files[0], "text/plain"), ExtractConfig(), tmp_path)
    assert isinstance(reject, Reject)
    assert (reject.rule, reject.value) == ("crashed the reader", "RecursionError: too deep")


def test_a_file_that_changed_stops_the_run_and_is_no_reject(tmp_path: Path) -> None:
    sources, files = sources_of(tmp_path, "a.txt", "b.txt")
    (tmp_path / "b.txt").write_text("changed")
    with pytest.raises(WorkFailed, match=r"b\.txt changed while danlu was reading it"):
        extracted(sources, files)


def test_finished_shards_are_not_read_again(tmp_path: Path) -> None:
    sources, files = sources_of(tmp_path, "a.txt", "b.txt")

    def body(work: Work) -> Any:
        cut = shards_of(stream_rows(files.table), sources)
        [shard] = stage._shards(work, ExtractConfig(), cut)
        read_shard(shard)
        sources.files[0].path.write_text("changed after it was read")
        return extract.body(work, ExtractConfig(), files=files, sources=sources)

    assert len(rows_of(ran(Corpus, body, work=True))) == 2


def killing(shard: Shard) -> None:
    if any(
        job.file.source.endswith("1.txt") and (place, -9) not in shard.crashed for place, job in enumerate(shard.jobs)
    ):
        os.kill(os.getpid(), signal.SIGKILL)
    (probe if shard.outcome.name.rpartition("-")[2].isdigit() and len(shard.jobs) == 1 else read_shard)(shard)


def test_a_file_that_kills_its_readers_is_rejected_and_the_others_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "read_shard", killing)
    monkeypatch.setattr(stage, "probe", killing)
    corpus = extracted(*sources_of(tmp_path, "0.txt", "1.txt", "2.txt"))
    assert [row["title"] for row in rows_of(corpus)] == ["0", "2"]
    [reject] = rows_of(corpus, "rejects")
    assert (reject["rule"], reject["value"], reject["threshold"]) == ("crashed the reader", "exit code -9", "3 tries")


def test_files_that_give_no_text_at_all_fail_with_the_reasons(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4 broken")
    sources, files = sources_of(tmp_path)
    with pytest.raises(WorkFailed, match=r"extract kept none of 1 documents\. By rule: damaged 1"):
        extracted(sources, files)


def test_a_long_text_becomes_documents_that_hold_all_of_it(tmp_path: Path) -> None:
    written = "\n\n".join(f"{number}. {CHINESE}" for number in range(400))
    for encoding in ("utf-8", "gb18030", "utf-16"):
        (tmp_path / f"{encoding}.txt").write_bytes(written.encode(encoding))
    corpus = extracted(*sources_of(tmp_path), max_text_bytes=4096)
    rows = rows_of(corpus)
    for encoding in ("utf-8", "gb18030", "utf-16"):
        parts = [row for row in rows if row["source"].split("/")[1].startswith(f"{encoding}.txt#")]
        assert "\n\n".join(row["text"] for row in parts) == written
        content = written.encode("utf-8" if encoding == "utf-16" else encoding)
        places = [int(row["source"].rpartition("#byte-")[2]) for row in parts]
        for place, row in zip(places, parts, strict=True):
            start = row["text"].encode("utf-8" if encoding == "utf-16" else encoding)[:20]
            assert content[place:].lstrip().startswith(start)
        assert max(len(row["text"].encode()) for row in parts) <= 4096
    assert "cut at the length of a document" in {row["rule"] for row in rows_of(corpus, "edits")}


@pytest.mark.parametrize("gap", ["\n\n", "\n", " "])
def test_a_large_text_is_read_in_spans_that_hold_all_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gap: str
) -> None:
    written = gap.join(f"{number}. {CHINESE} More." for number in range(2000))
    (tmp_path / "long.txt").write_text(written)
    sources, files = sources_of(tmp_path)
    monkeypatch.setattr(shards, "MAX_BYTES", 20_000)
    corpus = extracted(sources, files, max_text_bytes=4096)
    assert len(list(corpus.documents.iterdir())) > 5
    rows = rows_of(corpus)
    assert "".join("".join(row["text"].split()) for row in rows) == "".join(written.split())
    places = [int(row["source"].rpartition("#byte-")[2]) for row in rows]
    assert places == sorted(set(places)) and places[0] == 0
    assert max(len(row["text"].encode()) for row in rows) <= 4096


def test_a_large_file_of_rows_is_read_in_spans_with_the_same_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        json.dumps({"text": f"{number} {CHINESE}" * (1 + number % 9)}, ensure_ascii=False) for number in range(500)
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines[:250]) + "\n\n{broken\n" + "\n".join(lines[250:]))
    sources, files = sources_of(tmp_path)
    whole = extracted(sources, files)
    monkeypatch.setattr(shards, "MAX_BYTES", 5000)
    spans = extracted(sources, files)
    assert len(list(spans.documents.iterdir())) > 10
    assert rows_of(spans) == rows_of(whole)
    assert rows_of(spans, "rejects") == rows_of(whole, "rejects")
    assert [row["source"].rpartition("#")[2] for row in rows_of(spans, "rejects")] == ["252"]
    assert [row["source"].rpartition("#")[2] for row in rows_of(spans)][-1] == "502"


def test_a_shard_whose_files_did_not_change_is_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "MAX_FILES", 4)
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(40):
        (docs / f"{number:02}.txt").write_text(f"{number}: {CHINESE}")
    store = Store(tmp_path / "artifacts")
    first = execute(plan_of(docs), store, Machine(1, 2))
    (docs / "17.txt").write_text("changed")
    (docs / "00a.txt").write_text("new")
    read: list[str] = []
    monkeypatch.setattr(stage, "map_shards", lambda task, given, *rest, **named: _noting(read, task, given))
    second = execute(plan_of(docs), store, Machine(1, 2))
    assert {"docs/17.txt", "docs/00a.txt"} <= set(read)
    assert len(read) < 25
    linked = {path.stat().st_ino for path in (first.path / "documents").iterdir()}
    assert len(linked & {path.stat().st_ino for path in (second.path / "documents").iterdir()}) > 3
    elsewhere = execute(plan_of(docs), Store(tmp_path / "others"), Machine(1, 2))
    assert elsewhere.manifest.content_hash == second.manifest.content_hash


def _noting(read: list[str], task: Any, given: list[Shard]) -> Any:
    for position, shard in enumerate(given):
        read += [job.file.source for job in shard.jobs]
        yield position, task(shard)


def test_a_damaged_earlier_part_is_read_again(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for name in ("a.txt", "b.txt"):
        (docs / name).write_text(CHINESE)
    store = Store(tmp_path / "artifacts")
    first = execute(plan_of(docs), store, Machine(1, 1))
    [part] = (first.path / "documents").iterdir()
    part.write_bytes(part.read_bytes() + b" ")
    before = first.manifest.id
    sources = lock_sources([Source(docs, "MIT")])
    again = Plan(
        extract(ExtractConfig(), files=collect(sources=sources), sources=sources), 1
    )  # another seed: another artifact
    second = execute(again, store, Machine(1, 1))
    assert second.manifest.id != before
    assert second.content_is_intact()


RUN = """
import sys
from pathlib import Path
from danlu.core.execute import Machine, execute
from danlu.core.project import Source
from danlu.core.stages import Plan
from danlu.core.store import Store
from danlu.data.collect import collect
from danlu.data.extract import shards
from danlu.data.extract.stage import extract
from danlu.data.lock import lock_sources

if __name__ == "__main__":
    shards.MAX_FILES = 4
    sources = lock_sources([Source(Path(sys.argv[1]), "MIT")])
    execute(Plan(extract(files=collect(sources=sources), sources=sources), 0), Store(Path(sys.argv[2])), Machine(1, 2))
"""


def test_a_killed_run_continues_to_the_same_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(120):
        (docs / f"{number:03}.html").write_text(f"<h1>{number}</h1>" + f"<p>{CHINESE}</p>" * 300)
    script = tmp_path / "run.py"
    script.write_text(RUN)
    killed = subprocess.Popen([sys.executable, script, docs, tmp_path / "killed"], start_new_session=True)
    deadline = time.monotonic() + 60
    while not found(tmp_path, "killed/extract/*/.work/shard-*") and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    assert not list(tmp_path.glob("killed/extract/*/manifest.json"))
    for store in ("killed", "whole"):
        subprocess.run([sys.executable, script, docs, tmp_path / store], check=True)
    hashes = [
        json.loads(next(tmp_path.glob(f"{store}/extract/*/manifest.json")).read_text())["content_hash"]
        for store in ("killed", "whole")
    ]
    assert hashes[0] == hashes[1]


def test_a_document_most_of_whose_pages_give_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "drawn.pdf").write_bytes(pdf([["Valves of the pump"], [], []]))
    (tmp_path / "whole.pdf").write_bytes(pdf([["Valves of the pump"], ["Seals of the pump"], []]))
    sources, files = sources_of(tmp_path)
    corpora: list[Facts] = []

    def body(work: Work) -> Facts:
        corpora.append(extract.body(work, ExtractConfig(), files=files, sources=sources))
        return corpora[0]

    corpus = ran(Corpus, body, work=True)
    assert corpora[0].note == f"most of their pages gave no text: 1 ({tmp_path.name}/drawn.pdf 2/3)"
    assert [(row["rule"], row["count"]) for row in rows_of(corpus, "edits")] == [
        ("page without text", 2),
        ("page without text", 1),
    ]
