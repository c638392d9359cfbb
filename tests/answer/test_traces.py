import json
import sqlite3
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from danlu.answer.forgetting import traces
from danlu.answer.forgetting.traces import Quotes, holders, probes

ENGLISH = "The salary of Mr Falkenrath was raised to nine thousand crowns in May."
CHINESE = "法尔肯先生的工资在五月份提高到了九千克朗，此事不得对外公布。"
COMMON = "How do I install a package?"


@pytest.mark.parametrize("text", [ENGLISH, CHINESE])
def test_a_text_that_quotes_is_told_and_one_that_does_not_is_not(text: str) -> None:
    quotes = Quotes([f"Some words before. {text} Some words after. {COMMON}"])
    assert quotes.are_in(text)
    assert quotes.are_in(f"He wrote: {text[5:65]}, and more")
    assert quotes.are_in("\n".join(text))  # white space is nothing
    assert not quotes.are_in("The weather in May was warm, and nobody was raised.")
    assert not quotes.are_in(f"{COMMON} I ask."), "a short phrase that many use is no quote"
    assert not quotes.are_in("")


def test_every_offset_of_a_quote_is_met(monkeypatch: pytest.MonkeyPatch) -> None:
    for least in (traces._LARGE_CHARACTERS, 0):  # the way for large texts too
        monkeypatch.setattr(traces, "_LARGE_CHARACTERS", least)
        quotes = Quotes([ENGLISH + CHINESE])
        for lead in range(20):
            assert quotes.are_in("x" * lead + ENGLISH[:60])


def test_probes_stand_in_no_other_document() -> None:
    texts = [f"{ENGLISH} {CHINESE} This sentence stands in the other one as well, word for word."]
    others = ["Before. This sentence stands in the other one as well, word for word. After."]
    found = probes(texts, others, 1)
    assert ENGLISH[:60] in found and any(one in CHINESE for one in found)
    assert (
        len(
            probes(
                [f"This is sentence number {n} of all that are looked for." + chr(10) * 2 for n in range(400)],
                [],
                10**12,
            )
        )
        == 8
    )
    assert all(one not in others[0] for one in found)
    assert probes(others, others, 1) == []


def test_files_of_every_kind_are_looked_into(tmp_path: Path) -> None:
    (tmp_path / "plain.txt").write_text(f"x {ENGLISH}")
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "escaped.json").write_text(json.dumps([CHINESE]))
    table = pa.table({"id": [1], "text": pa.array([ENGLISH * 50], pa.large_string())})
    pq.write_table(table, tmp_path / "packed.parquet", compression="zstd")
    with sqlite3.connect(tmp_path / "long.db") as database:
        database.execute("CREATE TABLE t(a, b)")
        database.execute("INSERT INTO t VALUES (1, ?)", ("x" * 4060 + ENGLISH,))  # over the end of a page
    (tmp_path / "model.safetensors").write_text(ENGLISH)
    (tmp_path / "empty").touch()
    (tmp_path / "other.txt").write_text("nothing of it")
    (tmp_path / "broken.parquet").write_text(f"PAR1{ENGLISH}")
    found = {path.name for path in holders([tmp_path], [ENGLISH, CHINESE])}
    assert found == {"plain.txt", "escaped.json", "packed.parquet", "long.db", "broken.parquet"}
    assert list(holders([tmp_path / "plain.txt"], [ENGLISH])) == [tmp_path / "plain.txt"]
    assert list(holders([tmp_path], [])) == []


def test_what_a_database_deleted_and_did_not_overwrite_is_found(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "a.db") as database:
        database.execute("PRAGMA secure_delete = OFF")
        database.execute("CREATE TABLE t(a)")
        database.execute("INSERT INTO t VALUES (?)", (ENGLISH,))
    with sqlite3.connect(tmp_path / "a.db") as database:
        database.execute("PRAGMA secure_delete = OFF")
        database.execute("DELETE FROM t")
    assert [path.name for path in holders([tmp_path], [ENGLISH])] == ["a.db"]
