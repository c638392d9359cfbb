import json
import shutil
from pathlib import Path

import pytest

from commands import danlu
from danlu.answer.index.vector_store import open_store, table_of
from danlu.core.answers import DEGRADED, Answer
from danlu.core.errors import UserError
from danlu.core.project import Project, load_project
from danlu.retrieve.outside.pgvector import PgVectors
from danlu.retrieve.outside.qdrant import QdrantVectors
from pgvector_server import pgvector_server
from postgres_server import PASSWORD


def project(folder: Path, line: str) -> Project:
    (folder / "danlu.yaml").write_text(f"recipe: knowledge-bot\nname: 手册\nsources: [path: docs]\n{line}\n")
    return load_project(folder)


def test_the_address_chooses_the_store(tmp_path: Path) -> None:
    assert open_store(project(tmp_path, "")) is None
    assert isinstance(open_store(project(tmp_path, "vectors: postgresql://me@db/handbook")), PgVectors)
    assert isinstance(open_store(project(tmp_path, "vectors: https://db.example.org:6333")), QdrantVectors)


@pytest.mark.parametrize("address", ["mysql://me:swordfish@db/x", "swordfish", "http://", "postgresql:swordfish"])
def test_an_address_of_no_store_is_refused_without_telling_the_password(tmp_path: Path, address: str) -> None:
    with pytest.raises(UserError) as refused:
        project(tmp_path, f"vectors: {address}")
    assert "`vectors`" in str(refused.value) and "swordfish" not in str(refused.value)


def test_an_address_that_libpq_cannot_read_is_refused_without_telling_the_password(tmp_path: Path) -> None:
    with pytest.raises(UserError) as refused:
        open_store(project(tmp_path, "vectors: postgresql://me:sword fish@db:port:1/x"))
    assert "cannot read" in str(refused.value) and "fish" not in str(refused.value)


def test_each_projects_name_has_a_table_of_its_own() -> None:
    names = ("handbook", "Handbook", "hand book", "手册", "文档", "x" * 200, "")
    tables = {table_of(name) for name in names}
    assert len(tables) == len(names)
    assert all(table.isascii() and table.isidentifier() and len(table) + len("_state") <= 63 for table in tables)


def test_an_answer_says_that_it_is_degraded_only_when_it_is() -> None:
    assert "degraded" not in Answer("ans_1", "text", False, (), "en").public()
    assert Answer("ans_1", "text", False, (), "en", "down at db:5432").public()["degraded"] == DEGRADED


def test_an_answer_is_cited_from_a_store_and_what_is_forgotten_leaves_it_at_once(
    small_project: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "stored"
    shutil.copytree(small_project, folder)
    with pgvector_server() as server:
        with (folder / "danlu.yaml").open("a") as file:
            file.write(f"vectors: postgresql://keeper@127.0.0.1:{server.port}/postgres\n")
        asked = danlu(folder, "ask", "--json", "How does a Debian system boot?", PGPASSWORD=PASSWORD)
        assert asked.returncode == 0, asked.stderr
        answer = json.loads(asked.stdout)
        assert answer["citations"] and "degraded" not in answer
        table = table_of(load_project(folder).name)
        before = server.run(f"SELECT count(*) FROM {table}")[0][0]
        source = answer["citations"][0]["source"]
        forgotten = danlu(folder, "forget", source, "--json", PGPASSWORD=PASSWORD)
        assert forgotten.returncode == 0, forgotten.stderr
        removed = json.loads(forgotten.stdout)["forgotten"]["removed"]
        assert removed["vectors left"] == ""
        assert server.run(f"SELECT count(*) FROM {table}")[0][0] == before - removed["passages"]
    down = danlu(folder, "forget", "docs/zh/start.md", PGPASSWORD=PASSWORD)
    assert (down.returncode, "vectors may be left" in down.stdout) == (0, True), down.stderr
    asked = danlu(folder, "ask", "--json", "How do I keep a Debian system up to date?", PGPASSWORD=PASSWORD)
    assert (asked.returncode, "degraded" in json.loads(asked.stdout)) == (0, True)
    assert "Found by words alone" in asked.stderr
