import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL
from qdrant_client.models import Distance, PointStruct, VectorParams

from danlu.retrieve.legs.live import LiveIndex
from danlu.retrieve.legs.search import Weights
from danlu.retrieve.outside.pg_session import Sessions
from danlu.retrieve.outside.pgvector import PgVectors
from danlu.retrieve.outside.qdrant import QdrantVectors
from danlu.retrieve.outside.stores import StoreDown, StoreLimits, VectorStore
from indexes import Indexed
from live_indexes import live_copy, note
from pgvector_server import pgvector_server
from postgres_server import PASSWORD, Server
from qdrant_stand_in import StandIn, qdrant_stand_in

EVEN = Weights(0.4, 0.2, 0.4)
TABLE = "danlu_test"


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    with pgvector_server() as server:
        yield server


@pytest.fixture(scope="module")
def qdrant() -> Iterator[StandIn]:
    with qdrant_stand_in("open-sesame") as server:
        yield server


@dataclass
class Outer:
    """A kind of store, whatever is in it."""

    new: Callable[[], VectorStore]
    empty: Callable[[], object]
    ids: Callable[[], set[int]]


@pytest.fixture(params=["pgvector", "qdrant"])
def outer(request: pytest.FixtureRequest) -> Outer:
    if request.param == "pgvector":
        server: Server = request.getfixturevalue("postgres")
        made = Outer(
            lambda: PgVectors(server.url(), TABLE),
            lambda: server.run(f"DROP TABLE IF EXISTS {TABLE}, {TABLE}_state"),
            lambda: {row[0] for row in server.run(f"SELECT id FROM {TABLE}")},
        )
    else:
        stand_in: StandIn = request.getfixturevalue("qdrant")
        made = Outer(
            lambda: QdrantVectors(stand_in.url(), TABLE, "open-sesame"),
            lambda: stand_in.client.delete_collection(TABLE),
            lambda: {int(point.id) for point in stand_in.client.scroll(TABLE, limit=10_000)[0]} - {0},
        )
    made.empty()
    return made


@dataclass
class Twins:
    """One index with its vectors in a store, and its like with them in memory."""

    outside: LiveIndex
    memory: LiveIndex

    def change(self, what: Callable[[LiveIndex], object]) -> None:
        for index in (self.outside, self.memory):
            what(index)

    def check_alike(self, principals: frozenset[str] | None, *questions: str, depth: int = 10) -> None:
        for question in questions:
            with self.outside.reading(principals) as view, self.memory.reading(principals) as expected:
                assert view.leg("dense", question, depth) == expected.leg("dense", question, depth)
                assert view.search(question, EVEN, 20) == expected.search(question, EVEN, 20)
                assert view.size == expected.size and view.visible() == expected.visible()
                assert view.degraded == ""


@pytest.fixture
def twins(outer: Outer, handbook_index: Indexed, tmp_path: Path) -> Iterator[Twins]:
    yield from twins_of(outer.new(), handbook_index, tmp_path)


def twins_of(store: VectorStore, made: Indexed, folder: Path) -> Iterator[Twins]:
    (folder / "twin").mkdir()
    with closing(live_copy(made, folder / "twin")) as memory, closing(outside_copy(store, made, folder)) as outside:
        yield Twins(outside, memory)


def outside_copy(store: VectorStore, made: Indexed, folder: Path) -> LiveIndex:
    path = folder / "live.db"
    shutil.copyfile(made.index.database, path)
    return LiveIndex(path, made.index.encoder, store)


QUESTIONS = ("install a source package", "which mirror is used", "安装软件包", "kernel")
HR = frozenset({"hr"})


def test_a_store_finds_what_memory_finds(twins: Twins) -> None:
    twins.check_alike(None, *QUESTIONS)
    twins.check_alike(frozenset(), *QUESTIONS)


def test_a_store_follows_every_change(twins: Twins, outer: Outer) -> None:
    twins.check_alike(None, "kernel")
    for step in (
        lambda index: index.put(note("kettle", "The zircon kettle whistles.", "Descale it with acid.")),
        lambda index: index.put(note("kettle", "The topaz kettle whistles at noon.")),
        lambda index: index.put(note("pay", "Turquoise bonus: paid in March.", to=HR)),
        lambda index: index.grant({"pay": frozenset({"board"}), "kettle": HR}),
        lambda index: index.remove("kettle"),
    ):
        twins.change(step)
        for principals in (None, frozenset[str](), HR):
            twins.check_alike(principals, "zircon topaz kettle", "turquoise bonus")
    with twins.outside.reading(None) as view:
        assert outer.ids() == set(view.visible())


def test_what_may_not_be_seen_takes_no_place_among_the_best(twins: Twins) -> None:
    for number in range(120):
        twins.change(lambda index, n=number: index.put(note(f"secret-{n}", "Install the source package.", to=HR)))  # type: ignore[misc]
    twins.check_alike(frozenset(), "install a source package", depth=5)


def test_a_document_that_another_process_removed_is_not_found(twins: Twins, handbook_index: Indexed) -> None:
    twins.change(lambda index: index.put(note("kettle", "The zircon kettle whistles at dawn.")))
    twins.check_alike(None, "zircon kettle")
    script = (
        "import sys; from pathlib import Path; from danlu.retrieve.legs.live import LiveIndex\n"
        "LiveIndex(Path(sys.argv[1]), Path(sys.argv[2])).remove('kettle')"
    )
    command = [sys.executable, "-c", script, str(twins.outside.path), str(handbook_index.index.encoder)]
    subprocess.run(command, check=True)
    with twins.outside.reading(None) as view:
        assert "kettle" not in {hit.doc_id for hit in view.search("zircon kettle", EVEN)}
        assert view.degraded == ""


def test_a_view_that_began_before_a_change_shows_nothing_of_it(twins: Twins) -> None:
    with twins.outside.reading(None) as before:
        twins.outside.put(note("kettle", "The zircon kettle whistles at dawn."))
        with twins.outside.reading(None) as after:
            assert "kettle" in {hit.doc_id for hit in after.search("zircon kettle", EVEN)}
        assert "kettle" not in {hit.doc_id for hit in before.search("zircon kettle", EVEN)}


def test_a_store_that_was_emptied_is_filled_again(twins: Twins, outer: Outer) -> None:
    twins.check_alike(None, *QUESTIONS)
    outer.empty()
    twins.check_alike(None, *QUESTIONS)


def test_a_store_that_holds_the_folders_former_index_is_filled_anew(
    outer: Outer, handbook_index: Indexed, tmp_path: Path
) -> None:
    with closing(outside_copy(outer.new(), handbook_index, tmp_path)) as former:
        former.put(note("kettle", "The zircon kettle whistles at dawn."))
        with former.reading(None) as view:
            view.search("kettle", EVEN)
            before = outer.ids()
    (tmp_path / "live.db").unlink()
    for twins in twins_of(outer.new(), handbook_index, tmp_path):
        twins.check_alike(None, *QUESTIONS)
        assert outer.ids() < before


def test_an_index_that_was_put_back_from_a_copy_is_taken_anew(twins: Twins, outer: Outer, tmp_path: Path) -> None:
    twins.check_alike(None, "kernel")
    shutil.copyfile(twins.outside.path, tmp_path / "copy.db")
    twins.outside.put(note("kettle", "The zircon kettle whistles at dawn."))
    with twins.outside.reading(None) as view:
        view.search("kettle", EVEN)
        kettle = outer.ids()
    twins.outside.close()
    for path in tmp_path.glob("live.db*"):
        path.unlink()
    (tmp_path / "copy.db").rename(twins.outside.path)
    twins.check_alike(None, *QUESTIONS)
    assert outer.ids() < kettle


def test_a_log_that_does_not_reach_back_fills_the_store_anew(twins: Twins) -> None:
    twins.check_alike(None, "kernel")
    twins.change(lambda index: index.put(note("kettle", "The zircon kettle whistles at dawn.")))
    for index in (twins.outside, twins.memory):
        with closing(sqlite3.connect(index.path)) as connection, connection:
            connection.execute("DELETE FROM changes")
    twins.change(lambda index: index.put(note("lamp", "The zircon lamp.")))
    twins.check_alike(None, "zircon kettle", "lamp")


def test_a_store_of_another_folder_is_left_as_it_is(outer: Outer, handbook_index: Indexed, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with closing(outside_copy(outer.new(), handbook_index, tmp_path / "one")) as first, first.reading(None) as view:
        view.search("kernel", EVEN)
        assert view.degraded == ""
    with closing(outside_copy(outer.new(), handbook_index, tmp_path / "two")) as second, second.reading(None) as view:
        assert view.search("install a source package", EVEN)
        assert f"holds the vectors of {tmp_path / 'one'}" in view.degraded


def test_many_threads_and_stores_at_once_agree(outer: Outer, handbook_index: Indexed, tmp_path: Path) -> None:
    with (
        closing(outside_copy(outer.new(), handbook_index, tmp_path)) as first,
        closing(LiveIndex(tmp_path / "live.db", handbook_index.index.encoder, outer.new())) as second,
    ):
        found: list[Any] = []

        def ask(index: LiveIndex) -> None:
            with index.reading(None) as view:
                found.append((view.leg("dense", "install a source package"), view.degraded))

        threads = [threading.Thread(target=ask, args=(index,)) for index in (first, second) * 3]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {trouble for _, trouble in found} == {""}
        assert len(found) == 6 and all(one == found[0] for one in found)


def test_a_store_that_is_down_leaves_the_words_and_says_so(
    handbook_index: Indexed, tmp_path: Path, subtests: Any
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    stores = (
        PgVectors(f"postgresql://keeper:guess-me@127.0.0.1:{port}/x", TABLE),
        QdrantVectors(f"http://127.0.0.1:{port}", TABLE),
    )
    for store in stores:
        with subtests.test(store.name), closing(outside_copy(store, handbook_index, tmp_path)) as index:
            with index.reading(None) as view:
                hits = view.search("install a source package", EVEN)
                assert hits and "refused" in view.degraded and "guess-me" not in view.degraded
            began = time.monotonic()
            with index.reading(None) as view:
                assert view.search("install a source package", EVEN) == hits
                assert "refused" in view.degraded
            assert time.monotonic() - began < 1.5  # the circuit is open: nobody waits


def test_a_store_that_comes_back_is_used_again(postgres: Server, handbook_index: Indexed, tmp_path: Path) -> None:
    postgres.run(f"DROP TABLE IF EXISTS {TABLE}, {TABLE}_state")
    store = PgVectors(postgres.url(), TABLE, limits=StoreLimits(retry_s=0))
    for twins in twins_of(store, handbook_index, tmp_path):
        twins.check_alike(None, "kernel")
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'danlu'"
        assert postgres.run(end)
        twins.check_alike(None, "kernel")


def test_a_server_that_stops_answering_is_cut_off(postgres: Server, handbook_index: Indexed, tmp_path: Path) -> None:
    postgres.run(f"DROP TABLE IF EXISTS {TABLE}, {TABLE}_state")
    store = PgVectors(postgres.url(), TABLE, limits=StoreLimits(query_s=0.5))
    for twins in twins_of(store, handbook_index, tmp_path):
        twins.check_alike(None, "kernel")
        query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'danlu'"
        backends = [row[0] for row in postgres.run(query)]
        for backend in backends:
            os.kill(backend, signal.SIGSTOP)
        try:
            with twins.outside.reading(None) as view:
                assert view.search("install a source package", EVEN)
                assert "no answer in time" in view.degraded
        finally:
            for backend in backends:
                os.kill(backend, signal.SIGCONT)


def test_a_slow_qdrant_is_not_waited_for(qdrant: StandIn, handbook_index: Indexed, tmp_path: Path) -> None:
    qdrant.client.delete_collection(TABLE)
    store = QdrantVectors(qdrant.url(), TABLE, "open-sesame", StoreLimits(query_s=0.5))
    for twins in twins_of(store, handbook_index, tmp_path):
        twins.check_alike(None, "kernel")
        qdrant.delay_s = 2
        try:
            with twins.outside.reading(None) as view:
                assert view.search("install a source package", EVEN)
                assert "no answer in time" in view.degraded
        finally:
            qdrant.delay_s = 0


def test_a_wrong_password_is_told_and_not_repeated(
    postgres: Server, qdrant: StandIn, handbook_index: Indexed, tmp_path: Path, subtests: Any
) -> None:
    stores = (PgVectors(postgres.url("guess-me"), TABLE), QdrantVectors(qdrant.url(), TABLE, "guess-me"))
    for store in stores:
        with (
            subtests.test(store.name),
            closing(outside_copy(store, handbook_index, tmp_path)) as index,
            index.reading(None) as view,
        ):
            assert view.search("install a source package", EVEN)
            assert ("authentication failed" in view.degraded) or ("401" in view.degraded)
            assert "guess-me" not in view.degraded


@pytest.mark.parametrize("rows", [3, 20])
def test_a_process_that_is_killed_while_it_fills_a_table_leaves_no_half(
    postgres: Server, handbook_index: Indexed, tmp_path: Path, rows: int
) -> None:
    postgres.run(f"DROP TABLE IF EXISTS {TABLE}, {TABLE}_state")
    outside_copy(PgVectors(postgres.url(), TABLE), handbook_index, tmp_path).close()
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from danlu.retrieve.legs.live import LiveIndex; from danlu.retrieve.outside.pgvector import PgVectors\n"
        "from danlu.retrieve.outside.stores import StoreLimits\n"
        "left = [int(sys.argv[4])]\n"
        "class Dying(StoreLimits):\n"
        "    @property\n"
        "    def batch_rows(self):\n"
        "        return 2\n"
        "    @property\n"
        "    def change_s(self):  # asked for with every batch\n"
        "        left[0] -= 2\n"
        "        if left[0] < 0: os.kill(os.getpid(), signal.SIGKILL)\n"
        "        return 60\n"
        "limits = Dying.__new__(Dying)\n"
        f"live = LiveIndex(Path(sys.argv[1]), Path(sys.argv[2]), PgVectors(sys.argv[3], {TABLE!r}, limits=limits))\n"
        "with live.reading(None) as view: view.leg('dense', 'kernel')\n"
    )
    command = [
        sys.executable,
        "-c",
        script,
        str(tmp_path / "live.db"),
        str(handbook_index.index.encoder),
        postgres.url(),
    ]
    assert subprocess.run([*command, str(rows)], check=False).returncode == -signal.SIGKILL
    with psycopg.connect(postgres.url()) as connection:
        assert connection.execute("SELECT to_regclass(%s)", [TABLE]).fetchone() == (None,)
    (tmp_path / "again").mkdir()
    with (
        closing(live_copy(handbook_index, tmp_path / "again")) as memory,
        closing(
            LiveIndex(tmp_path / "live.db", handbook_index.index.encoder, PgVectors(postgres.url(), TABLE))
        ) as index,
    ):
        Twins(index, memory).check_alike(None, *QUESTIONS)


def test_a_qdrant_that_breaks_off_in_the_middle_is_brought_up_to_date_later(
    qdrant: StandIn, handbook_index: Indexed, tmp_path: Path
) -> None:
    qdrant.client.delete_collection(TABLE)
    store = QdrantVectors(qdrant.url(), TABLE, "open-sesame", StoreLimits(retry_s=0, batch_rows=2))
    for twins in twins_of(store, handbook_index, tmp_path):
        qdrant.die_after = 2
        with twins.outside.reading(None) as view:
            assert view.search("install a source package", EVEN) and view.degraded
        qdrant.die_after = None
        twins.check_alike(None, *QUESTIONS)


def test_the_approximate_index_is_built_from_a_size_on_and_filters_before_it_ranks(
    postgres: Server, handbook_index: Indexed, tmp_path: Path
) -> None:
    postgres.run(f"DROP TABLE IF EXISTS {TABLE}, {TABLE}_state")
    for twins in twins_of(PgVectors(postgres.url(), TABLE, indexed_from=10), handbook_index, tmp_path):
        for number in range(60):
            twins.change(lambda index, n=number: index.put(note(f"secret-{n}", f"Install {n} source packages.", to=HR)))  # type: ignore[misc]
        twins.check_alike(frozenset(), *QUESTIONS, depth=5)
        twins.check_alike(HR, *QUESTIONS, depth=5)
        assert postgres.run(f"SELECT 1 FROM pg_indexes WHERE indexname = '{TABLE}_hnsw'")


def test_the_password_is_in_no_name() -> None:
    store = PgVectors(f"postgresql://keeper:{PASSWORD.replace(' ', '%20')}@db.example.org/handbook", TABLE)
    assert store.name == "pgvector at db.example.org:5432/handbook"


def test_a_collection_of_somebody_elses_is_told_and_left_alone(
    qdrant: StandIn, handbook_index: Indexed, tmp_path: Path
) -> None:
    qdrant.client.delete_collection(TABLE)
    qdrant.client.create_collection(TABLE, VectorParams(size=2, distance=Distance.DOT))
    qdrant.client.upsert(TABLE, [PointStruct(id=0, vector=[0, 1], payload={"title": "ours"})])
    store = QdrantVectors(qdrant.url(), TABLE, "open-sesame")
    with closing(outside_copy(store, handbook_index, tmp_path)) as index, index.reading(None) as view:
        assert view.search("install a source package", EVEN)
        assert "none of Qdrant's, or of danlu's collection" in view.degraded
    assert qdrant.client.count(TABLE).count == 1


@pytest.mark.parametrize("reply", [b"{}", b"[]", b"null", b'{"result": [1]}', b"<html>", b'{"result": {"payload": 3}}'])
def test_a_reply_that_is_none_of_qdrants_leaves_the_words(
    handbook_index: Indexed, tmp_path: Path, reply: bytes
) -> None:
    with (
        proxy(reply) as url,
        closing(outside_copy(QdrantVectors(url, TABLE), handbook_index, tmp_path)) as index,
        index.reading(None) as view,
    ):
        assert view.search("install a source package", EVEN)
        assert view.degraded.startswith("Qdrant at 127.0.0.1")


@contextmanager
def proxy(reply: bytes) -> Iterator[str]:
    """A server that says the same to every request."""

    class Same(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Same) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_connection_on_which_something_failed_is_closed_and_others_are_lent_again(postgres: Server) -> None:
    sessions = Sessions(postgres.url(), "here", PASSWORD, StoreLimits())
    with sessions.lent(5) as session:
        first = session.server
    with sessions.lent(5) as session:
        assert session.server is first
    for _ in range(3):
        with pytest.raises(StoreDown, match="no such owner"), sessions.lent(5) as failing:
            raise StoreDown("no such owner")
        assert failing.server.closed
    with pytest.raises(StoreDown, match="syntax error"), sessions.lent(5) as failing:
        failing.run(SQL("SELEC"), None, 5)
    assert failing.server.closed
    with sessions.lent(5) as late:
        sessions.close()
    assert late.server.closed


def test_an_idle_connection_that_was_closed_is_not_lent(postgres: Server) -> None:
    sessions = Sessions(postgres.url(), "here", PASSWORD, StoreLimits())
    with sessions.lent(5) as session:
        session.server.close()
    with sessions.lent(5) as session:
        assert not session.server.closed
    sessions.close()
