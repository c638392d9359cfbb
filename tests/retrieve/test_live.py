import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from danlu.core.errors import UserError
from danlu.retrieve.legs.live import LiveIndex
from danlu.retrieve.legs.search import Weights
from danlu.retrieve.outside.qdrant import QdrantVectors
from indexes import Indexed
from live_indexes import faults, live_copy, note

EVEN = Weights(0.4, 0.2, 0.4)
ALL = None


@pytest.fixture
def live(handbook_index: Indexed, tmp_path: Path) -> Iterator[LiveIndex]:
    index = live_copy(handbook_index, tmp_path)
    yield index
    index.close()


def found(live: LiveIndex, question: str, principals: frozenset[str] | None = ALL) -> set[str]:
    with live.reading(principals) as view:
        return {hit.doc_id for hit in view.search(question, EVEN, 20)}


def test_a_document_is_found_as_soon_as_it_is_put_and_not_once_it_is_removed(live: LiveIndex) -> None:
    live.put(note("kettle", "The zircon kettle whistles at dawn.", "Descale it with citric acid."))
    assert "kettle" in found(live, "zircon kettle")
    assert live.remove("kettle") == 1
    assert "kettle" not in found(live, "zircon kettle")
    assert live.remove("kettle") == 0
    assert faults(live.path) == []


def test_a_new_version_takes_the_place_of_the_old_one(live: LiveIndex) -> None:
    live.put(note("kettle", "The zircon kettle whistles at dawn."))
    live.put(note("kettle", "The topaz kettle whistles at noon."))
    with live.reading(ALL) as view:
        texts = [hit.text for hit in view.search("zircon topaz kettle", EVEN, 20) if hit.doc_id == "kettle"]
        assert view.holders(["zircon", "topaz"]) == {"topaz": 1}
    assert texts == ["The topaz kettle whistles at noon."]
    assert faults(live.path) == []


def test_a_view_does_not_change_while_it_is_open(live: LiveIndex) -> None:
    live.put(note("kettle", "The zircon kettle whistles at dawn."))
    with live.reading(ALL) as before:
        live.remove("kettle")
        assert "kettle" in {hit.doc_id for hit in before.search("zircon kettle", EVEN)}
        assert "kettle" not in found(live, "zircon kettle")
        assert "kettle" in {hit.doc_id for hit in before.search("zircon kettle", EVEN)}


def test_only_those_who_may_see_a_document_find_it(live: LiveIndex) -> None:
    hr = frozenset({"hr"})
    live.put(note("pay", "Turquoise bonus: paid in March.", to=hr))
    assert "pay" in found(live, "turquoise bonus", hr)
    assert "pay" in found(live, "turquoise bonus", frozenset({"board", "hr"}))
    assert "pay" not in found(live, "turquoise bonus", frozenset({"board"}))
    assert "pay" not in found(live, "turquoise bonus", frozenset())
    live.grant({"pay": frozenset({"board"})})
    assert "pay" not in found(live, "turquoise bonus", hr)
    assert "pay" in found(live, "turquoise bonus", frozenset({"board"}))
    live.grant({"pay": frozenset()})
    assert "pay" not in found(live, "turquoise bonus", frozenset({"board", "hr"}))


@pytest.mark.parametrize("leg", ["words", "dense"])
def test_what_may_not_be_seen_takes_no_place_among_the_best(live: LiveIndex, leg: str) -> None:
    hidden = [note(f"secret-{number}", "Install the source package.", to=frozenset({"hr"})) for number in range(60)]
    for version in hidden:
        live.put(version)
    with live.reading(ALL) as owner:
        everything = owner.leg(leg, "install a source package", depth=10_000)
        documents = dict(owner.rows("SELECT id, doc_id FROM passages"))
    open_to_all = {id: score for id, score in everything.items() if not documents[id].startswith("secret")}
    assert len(everything) - len(open_to_all) == 60
    with live.reading(frozenset()) as view:
        assert view.leg(leg, "install a source package", depth=5) == dict(list(open_to_all.items())[:5])


def test_another_process_sees_a_change_at_once(live: LiveIndex, handbook_index: Indexed) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from danlu.retrieve.legs.live import LiveIndex; from danlu.retrieve.legs.search import Weights\n"
        "live = LiveIndex(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "for question in sys.stdin:\n"
        "    with live.reading(None) as view:\n"
        "        hits = view.search(question, Weights(.4, .2, .4), 20)\n"
        "        print('kettle' in {hit.doc_id for hit in hits}, flush=True)\n"
    )
    command = [sys.executable, "-c", script, str(live.path), str(handbook_index.index.encoder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin is not None and other.stdout is not None
        seen = []
        for change in ("none", "put", "remove", "put", "remove"):
            if change == "put":
                live.put(note("kettle", "The zircon kettle whistles at dawn."))
            if change == "remove":
                live.remove("kettle")
            other.stdin.write("zircon kettle\n")
            other.stdin.flush()
            seen.append(other.stdout.readline().strip())
        other.stdin.close()
    assert seen == ["False", "True", "False", "True", "False"]


def test_readers_and_writers_at_once_never_see_half_a_document(live: LiveIndex) -> None:
    def write(name: str) -> None:
        for turn in range(12):
            live.put(
                note(name, *[f"Emerald {name} turn{turn} paragraph{n}. " + "filler words here " * 40 for n in range(4)])
            )

    def read(_: int) -> set[tuple[int, int]]:
        sizes = set()
        while not all(writer.done() for writer in writers) or not sizes:
            with live.reading(ALL) as view:
                turns = [hit.text.split()[2] for hit in view.search("emerald alpha", EVEN, 50) if hit.doc_id == "alpha"]
            sizes.add((len(turns), len(set(turns))))
        return sizes

    live.put(note("alpha", "Emerald alpha first."))
    with ThreadPoolExecutor(6) as threads:
        writers = [threads.submit(write, name) for name in ("alpha", "beta")]
        seen = set().union(*threads.map(read, range(4)))
        for writer in writers:
            writer.result()
    assert seen <= {(1, 1), (4, 1)}, seen  # all parts of one version, never fewer and never of two
    assert (4, 1) in seen
    assert faults(live.path) == []


def test_compacting_leaves_nothing_of_what_was_removed_in_the_file(live: LiveIndex) -> None:
    live.put(note("secret", "The vermilion password is swordfish-7781."))
    live.remove("secret")
    live.compact()
    left = b"".join(path.read_bytes() for path in live.path.parent.glob(f"{live.path.name}*"))
    assert b"vermilion" not in left and b"swordfish" not in left and b"vermilion password" not in left
    assert faults(live.path) == []
    live.put(note("after", "Chartreuse curtains."))
    assert "after" in found(live, "chartreuse")


def test_compacting_tells_that_a_reader_kept_the_log(live: LiveIndex) -> None:
    live.put(note("secret", "The vermilion password is swordfish-7781."))
    with live.reading(ALL) as view:
        view.rows("SELECT * FROM documents")
        live.remove("secret")
        assert not live.compact(wait_s=0.1)
    assert live.compact()


def test_free_pages_stay_where_they_are_few(live: LiveIndex) -> None:
    live.compact()
    size = live.path.stat().st_size
    live.put(note("secret", *["The vermilion password is swordfish-7781. " * 20] * 40))
    live.remove("secret")
    assert live.compact(least_free=0.9)
    grown = live.path.stat().st_size
    assert live.compact(least_free=0.0)
    assert size <= live.path.stat().st_size < grown


def test_a_question_makes_no_empty_index_in_place_of_one_that_went(live: LiveIndex) -> None:
    live.close()
    for path in live.path.parent.glob(f"{live.path.name}*"):
        path.unlink()
    with pytest.raises(UserError, match=r"live\.db cannot be used"), live.reading(ALL):
        pass
    assert not live.path.exists()


def test_opening_waits_for_no_writer(handbook_index: Indexed, tmp_path: Path) -> None:
    path, encoder = live_copy(handbook_index, tmp_path).path, handbook_index.index.encoder
    LiveIndex(path, encoder, QdrantVectors("http://127.0.0.1:1", "t", "")).close()  # names it, once
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(1) as thread:
            opened = thread.submit(LiveIndex, path, encoder, QdrantVectors("http://127.0.0.1:1", "t", ""))
            opened.result(timeout=20).close()


def test_a_change_that_fails_leaves_nothing(live: LiveIndex) -> None:
    with pytest.raises(RuntimeError), live.writing() as change:
        change.put(note("kettle", "The zircon kettle whistles at dawn."))
        change.note("half", 1)
        raise RuntimeError
    assert "kettle" not in found(live, "zircon kettle")
    with live.reading(ALL) as view:
        assert view.fact("half") is None
    assert faults(live.path) == []


def test_a_reader_that_slept_through_the_log_of_changes_reads_all_again(live: LiveIndex) -> None:
    live.put(note("kettle", "The zircon kettle whistles at dawn."))
    assert "kettle" in found(live, "zircon kettle")
    live.remove("kettle")
    with sqlite3.connect(live.path) as connection:
        connection.execute("DELETE FROM changes")
    live.put(note("lamp", "The zircon lamp."))
    assert found(live, "zircon kettle") >= {"lamp"}
    assert "kettle" not in found(live, "zircon kettle")


def test_files_that_are_no_index_are_refused(handbook_index: Indexed, tmp_path: Path) -> None:
    encoder = handbook_index.index.encoder
    with pytest.raises(UserError, match="There is no index"):
        LiveIndex(tmp_path / "missing.db", encoder)
    (tmp_path / "notes.db").write_text("these are notes\n" * 500)
    with pytest.raises(UserError, match="cannot be used"):
        LiveIndex(tmp_path / "notes.db", encoder)
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE t(x)")
    with pytest.raises(UserError, match=r"is not an index of danlu's"):
        LiveIndex(tmp_path / "other.db", encoder)
    older = live_copy(handbook_index, tmp_path).path
    with sqlite3.connect(older) as connection:
        connection.execute("PRAGMA user_version = 1")
    with pytest.raises(UserError, match="is an index of version 1"):
        LiveIndex(older, encoder)


def test_an_index_of_another_encoder_is_refused(live: LiveIndex, handbook_index: Indexed, tmp_path: Path) -> None:
    other = Path(shutil.copytree(handbook_index.index.encoder, tmp_path / "other"))
    (other / "encoder.json").write_text((other / "encoder.json").read_text() + " ")
    with pytest.raises(UserError, match="made by another encoder"):
        LiveIndex(live.path, other)


FULL_DISK = """
import resource, sys
from pathlib import Path
from danlu.core.errors import WorkFailed
from danlu.retrieve.legs.live import LiveIndex
from live_indexes import note
live = LiveIndex(Path(sys.argv[1]), Path(sys.argv[2]))
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
try:
    live.put(note("large", *(f"Paragraph {n} of zircon. " + "filler words here " * 40 for n in range(2000))))
except WorkFailed as error:
    print(error)
with live.reading(None) as view:
    print(view.size)
"""


def test_a_full_disk_is_told_and_leaves_the_index_as_it_was(live: LiveIndex, handbook_index: Indexed) -> None:
    with live.reading(ALL) as view:
        before = view.size
    command = [sys.executable, "-c", FULL_DISK, str(live.path), str(handbook_index.index.encoder)]
    tests = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    done = subprocess.run(command, env=tests, capture_output=True, text=True, check=True)
    assert "could not be written" in done.stdout
    assert "Make room on the disk" in done.stdout
    assert done.stdout.splitlines()[-1] == str(before)
    assert "large" not in found(live, "zircon paragraph")
    assert faults(live.path) == []


def test_a_connection_at_work_while_the_index_is_closed_is_closed_when_it_comes_back(live: LiveIndex) -> None:
    with live.reading(ALL) as view:
        live.close()
        assert view.size
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        view.rows("SELECT 1")
