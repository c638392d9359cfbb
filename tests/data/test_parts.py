"""Parts of a corpus: conservation, the same bytes on any number of workers, and after a kill."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from danlu.core.artifacts import Corpus
from danlu.core.errors import WorkFailed
from danlu.core.hashing import hash_content
from danlu.core.progress import Silent
from danlu.core.stages import Facts, Work
from danlu.data.parts import Batch, Verdict, check_any_kept, map_parts
from danlu.text.records import DOCUMENTS, Document, Reject, part_name
from danlu.text.tables import read_rows, write_rows
from found import found
from stages import ran

LENGTHS = pa.schema([("doc_id", pa.string()), ("length", pa.int64())])


def corpus_of(folder: Path, parts: int, documents: int) -> Corpus:
    for part in range(parts):
        rows = [
            Document(f"d{part}-{n}", f"第{n}篇 text", "", f"s/{part}-{n}", "text/plain", "MIT").row()
            for n in range(documents)
        ]
        write_rows(folder / "documents" / part_name(part), rows, DOCUMENTS)
    return Corpus(folder, None)  # type: ignore[arg-type]


def odd_go(batch: Batch, pause_s: float = 0) -> Verdict:
    """Rejects every other document."""
    time.sleep(pause_s)
    rows = batch.table.to_pylist()
    rejects = [Reject(row["doc_id"], row["source"], "odd", str(n), "even") for n, row in enumerate(rows) if n % 2]
    kept = batch.table.filter(pa.array([n % 2 == 0 for n in range(len(rows))]))
    lengths = [{"doc_id": row["doc_id"], "length": len(row["text"])} for row in rows]
    return Verdict(kept, rejects, [("d", "nothing", 1)], {"lengths": pa.Table.from_pylist(lengths, schema=LENGTHS)})


def loses_one(batch: Batch) -> Verdict:
    return Verdict(batch.table.slice(1))


def all_go(batch: Batch) -> Verdict:
    return Verdict(
        batch.table.slice(0, 0), [Reject(row["doc_id"], "s", "dull", "1", "0") for row in batch.table.to_pylist()]
    )


def judged(corpus: Corpus, judge: Any, workers: int) -> Corpus:
    return ran(Corpus, lambda work: map_parts(work, corpus, judge, {"lengths": LENGTHS}), work=True, workers=workers)


def test_the_same_bytes_on_one_and_on_several_workers(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path, 3, 5)
    one, several = (judged(corpus, odd_go, workers) for workers in (1, 3))
    assert hash_content(one.path, ("manifest.json", "run.json")) == hash_content(
        several.path, ("manifest.json", "run.json")
    )
    assert {path.name for path in one.documents.iterdir()} == {part_name(n) for n in range(3)}
    assert one.manifest.counts == {"input": 15, "kept": 9, "rejected": 6, "rejected: odd": 6}
    assert [row["length"] for row in read_rows(one.path / "lengths")] == [8] * 15
    assert one.manifest.licences == ("MIT",)


def judged_once_more(folder: Path, corpus: Corpus, judge: Any, settings: str) -> Facts:
    """Judge into `folder`, and leave an artifact's manifest there."""
    work = Work(folder, folder.with_suffix(".work"), 0, 1, 1, Silent())
    for path in (work.folder, work.scratch):
        path.mkdir(parents=True)
    facts = map_parts(work, corpus, judge, {"lengths": LENGTHS}, ("odd_go", settings))
    (folder / "manifest.json").write_text("{}")
    return facts


def test_parts_that_did_not_change_are_linked_from_an_earlier_artifact(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path / "corpus", 3, 5)
    first = judged_once_more(tmp_path / "made" / "1", corpus, odd_go, "a")
    (corpus.documents / part_name(1)).rename(corpus.documents / part_name(7))
    corpus_of(tmp_path / "corpus", 1, 4)
    counted = judged_once_more(tmp_path / "made" / "2", corpus, odd_go, "a")
    assert (first.counts["input"], counted.counts["input"]) == (15, 14)
    inodes = [
        {path.stat().st_ino for path in sorted((tmp_path / "made" / name / "lengths").iterdir())} for name in "12"
    ]
    assert len(inodes[0] & inodes[1]) == 2
    fresh = judged_once_more(tmp_path / "elsewhere" / "2", corpus, odd_go, "a")
    assert fresh == counted
    assert hash_content(tmp_path / "elsewhere" / "2", ("manifest.json",)) == hash_content(
        tmp_path / "made" / "2", ("manifest.json",)
    )


def test_other_settings_and_damaged_parts_are_judged_again(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path / "corpus", 2, 3)
    first = tmp_path / "made" / "1"
    judged_once_more(first, corpus, odd_go, "a")
    judged_once_more(tmp_path / "made" / "2", corpus, odd_go, "b")
    damaged = first / "lengths" / part_name(0)
    damaged.write_bytes(damaged.read_bytes() + b" ")
    sound = first / "documents" / part_name(0)
    before = (sound.read_bytes(), sound.stat().st_mtime_ns)
    judged_once_more(tmp_path / "made" / "3", corpus, odd_go, "a")
    assert (sound.read_bytes(), sound.stat().st_mtime_ns) == before
    assert sound.stat().st_ino != (tmp_path / "made" / "3" / "documents" / part_name(0)).stat().st_ino
    inodes = [{path.stat().st_ino for path in (tmp_path / "made" / name / "lengths").iterdir()} for name in "123"]
    assert (len(inodes[0] & inodes[1]), len(inodes[0] & inodes[2])) == (0, 1)
    assert [row["length"] for row in read_rows(tmp_path / "made" / "3" / "lengths")] == [8] * 6


def test_a_judge_that_loses_a_document_is_caught(tmp_path: Path) -> None:
    with pytest.raises(WorkFailed, match="lost a document"):
        judged(corpus_of(tmp_path, 2, 3), loses_one, 1)


def test_a_corpus_of_which_nothing_is_left_names_the_rule(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path, 2, 2)
    with pytest.raises(WorkFailed, match=r"clean kept none of 4 documents\. By rule: dull 4"):
        ran(Corpus, lambda work: check_any_kept(map_parts(work, corpus, all_go), "clean"), work=True)


def test_facts_of_an_empty_corpus_are_no_failure(tmp_path: Path) -> None:
    empty = Facts({"input": 0, "kept": 0, "rejected": 0})
    assert check_any_kept(empty, "clean") is empty


_KILLED = """
import sys
from functools import partial
from pathlib import Path
sys.path[:0] = {paths!r}
from data.test_parts import LENGTHS, corpus_of, odd_go
from danlu.core.artifacts import Corpus
from danlu.core.progress import Silent
from danlu.core.stages import Work
from danlu.data.parts import map_parts
if __name__ == "__main__":
    work = Work(Path({folder!r}), Path({scratch!r}), 0, 1, 2, Silent())
    map_parts(work, Corpus(Path({corpus!r}), None), partial(odd_go, pause_s=0.15), {{"lengths": LENGTHS}})
"""


def test_a_kill_costs_the_parts_in_flight_and_nothing_else(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path / "corpus", 6, 4)
    folder, scratch = tmp_path / "made", tmp_path / "made" / ".work"
    scratch.mkdir(parents=True)
    script = tmp_path / "killed.py"
    paths = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "src")]
    script.write_text(_KILLED.format(paths=paths, folder=str(folder), scratch=str(scratch), corpus=str(corpus.path)))
    process = subprocess.Popen([sys.executable, script], start_new_session=True)
    until = time.monotonic() + 60
    while len(found(scratch, "part-*[0-9]")) < 2:
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    done = {path: path.stat().st_mtime_ns for path in scratch.glob("part-*[0-9]/facts.json")}
    assert 2 <= len(done) < 6
    facts = map_parts(Work(folder, scratch, 0, 1, 1, Silent()), corpus, partial(odd_go), {"lengths": LENGTHS})
    assert facts.counts["input"] == 24
    whole = judged(corpus, odd_go, 1)
    for table in ("documents", "rejects", "edits", "lengths"):
        for part in range(6):
            assert (folder / table / part_name(part)).read_bytes() == (
                whole.path / table / part_name(part)
            ).read_bytes()
    assert {path: path.stat().st_mtime_ns for path in done} == done
