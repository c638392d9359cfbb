import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outcomes import outcomes_of, read_with_edits, rules_of, texts_of

CHINESE = "软件包管理系统会记录每一个已经安装的文件。"


def lines(*rows: Any) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def test_each_line_is_a_document_and_its_other_fields_are_kept(tmp_path: Path) -> None:
    row = {
        "id": "7",
        "text": f"{CHINESE}\n\n\nTwo.",
        "title": "T",
        "url": "http://x",
        "lang": "zh",
        "license": "CC0-1.0",
        "n": None,
    }
    [document] = outcomes_of(tmp_path, "a.jsonl", lines(row))[0]
    assert (document.text, document.title, document.language) == (row["text"], "T", "zh")
    assert (document.licence, document.source) == ("CC0-1.0", "a.jsonl#1")
    assert json.loads(document.meta) == {"id": "7", "url": "http://x"}
    assert [document.text[block.start : block.end] for block in document.blocks] == [CHINESE, "Two."]


def test_fields_that_the_document_does_not_take_stay_in_meta(tmp_path: Path) -> None:
    row = {"text": CHINESE, "title": "", "subject": "S", "lang": "Python", "licence": 3.5}
    [document] = outcomes_of(tmp_path, "a.jsonl", lines(row))[0]
    assert (document.title, document.language, document.licence) == ("S", "und", "MIT")
    assert json.loads(document.meta) == {"lang": "Python", "licence": 3.5}


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"内容": CHINESE}, CHINESE),
        ({"text": " ", "content": "c"}, "c"),
        ({"rating": 5, "Review": "Fresh and quick."}, "Fresh and quick."),
        ({"评分": 1, "评论": "送货太慢。"}, "送货太慢。"),
        ({"comment": "a remark", "text": "the text"}, "the text"),
        ({"comment": "a remark", "question": "Q", "answer": "A"}, "user: Q\n\nassistant: A"),
        ({"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": [{"type": "text", "text": "Yes"}]}]},
         "user: Hi\n\nassistant: Yes"),
        ({"conversations": [{"from": "human", "value": "问"}, {"from": "gpt", "value": "答"}]}, "human: 问\n\ngpt: 答"),
        ({"instruction": "Add", "input": "1 1", "output": "2"}, "user: Add\n\n1 1\n\nassistant: 2"),
        ("a bare string", "a bare string"),
    ],
)  # fmt: skip
def test_the_text_is_found_by_the_usual_names(tmp_path: Path, row: Any, text: str) -> None:
    assert list(texts_of(outcomes_of(tmp_path, "a.jsonl", lines(row))[0]).values()) == [text]


def test_a_line_that_gives_no_text_is_named_with_its_fields(tmp_path: Path) -> None:
    content = (
        lines({"text": "good"}, {"name": "x", "v": 1}, 5, {"text": ""})
        + b"{broken\n\n\xff\xfe\n"
        + lines({"text": "last"})
    )
    documents, rejects = outcomes_of(tmp_path, "a.jsonl", content)
    assert texts_of(documents) == {"a.jsonl#1": "good", "a.jsonl#8": "last"}
    assert rules_of(rejects) == {
        "a.jsonl#2": "no text column", "a.jsonl#3": "no text column", "a.jsonl#4": "empty text",
        "a.jsonl#5": "not JSON", "a.jsonl#7": "undecodable",
    }  # fmt: skip
    assert rejects[0].value == "fields: name, v"


def test_the_text_column_is_a_setting(tmp_path: Path) -> None:
    documents, rejects = outcomes_of(
        tmp_path, "a.jsonl", lines({"text": "no", "raw": "yes"}, {"text": "no"}), text_column="raw"
    )
    assert texts_of(documents) == {"a.jsonl#1": "yes"}
    assert (rejects[0].rule, rejects[0].threshold) == ("no text column", "text in raw")


@pytest.mark.parametrize(
    ("row", "named"),
    [({"text": None, "id": 1}, "text"), ({"评论": "  "}, "评论"), ({"messages": []}, "messages"), ({"text": "", "body": None}, "text, body")],
)  # fmt: skip
def test_a_row_whose_text_is_empty_says_so(tmp_path: Path, row: Any, named: str) -> None:
    [reject] = outcomes_of(tmp_path, "a.jsonl", lines(row))[1]
    assert (reject.rule, reject.value) == ("empty text", f"nothing in {named}")


def test_a_set_column_that_is_null_is_empty_and_one_that_is_missing_is_not(tmp_path: Path) -> None:
    rejects = outcomes_of(tmp_path, "a.parquet", parquet([{"raw": None, "x": "1"}]), text_column="raw")[1]
    rejects += outcomes_of(tmp_path, "b.parquet", parquet([{"x": "1"}]), text_column="raw")[1]
    assert [reject.rule for reject in rejects] == ["empty text", "no text column"]


def test_a_table_of_reviews_is_a_document_per_row(tmp_path: Path) -> None:
    content = f"编号,评论\n1,{CHINESE}\n2,{CHINESE}送货太慢\n3,\n".encode()
    documents, rejects = outcomes_of(tmp_path, "a.csv", content)
    assert [document.text for document in documents] == [CHINESE, f"{CHINESE}送货太慢"]
    assert rules_of(rejects) == {"a.csv#3": "empty text"}


def test_a_table_with_a_remark_here_and_there_is_read_whole(tmp_path: Path) -> None:
    content = f"名称,数量,评论\n纸张,3,{CHINESE * 5}\n墨盒,5,\n鼠标,7,\n".encode()
    [document], rejects = outcomes_of(tmp_path, "a.csv", content)
    assert document.text.count("\n") == 4
    assert rejects == []


def test_a_file_that_is_not_what_its_name_says_is_read_and_noted(tmp_path: Path) -> None:
    [(document, edits)] = read_with_edits(tmp_path, "说明.pdf", f"{CHINESE}\n".encode())
    assert (document.text, document.media_type) == (CHINESE, "text/plain")
    assert json.loads(document.meta) == {"named": ".pdf"}
    assert edits == (("file told by its content, not by its name", 1),)
    assert read_with_edits(tmp_path, "说明.txt", CHINESE.encode())[0][1] == ()


def test_two_rows_of_the_same_id_are_both_kept_and_the_second_is_counted(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    documents, _ = outcomes_of(tmp_path, "a.jsonl", lines({"id": 1, "text": "one"}, {"id": 1, "text": "two"}))
    assert len({document.doc_id for document in documents}) == 2


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ([{"text": "one"}, {"text": "two"}], ["one", "two"]),
        ({"version": 1, "data": [{"text": "one"}]}, ["one"]),
        ({"title": "T", "text": "one"}, ["one"]),
        ({"messages": [{"role": "user", "content": "Hi"}]}, ["user: Hi"]),
    ],
)
def test_json_is_rows_or_one_row(tmp_path: Path, value: Any, texts: list[str]) -> None:
    content = json.dumps(value).encode()
    assert [document.text for document in outcomes_of(tmp_path, "a.json", content)[0]] == texts


def test_a_line_that_is_longer_than_a_document_is_passed_over(tmp_path: Path) -> None:
    content = lines({"text": "x" * 3_000_000}, {"text": "y" * 5000}, {"text": "good"})
    documents, rejects = outcomes_of(tmp_path, "a.jsonl", content, max_text_bytes=2000)
    assert texts_of(documents) == {"a.jsonl#3": "good"}
    assert rules_of(rejects) == {"a.jsonl#1": "too large", "a.jsonl#2": "too large"}


def parquet(rows: list[dict[str, Any]], groups: int = 2) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), file, row_group_size=groups)
    return file.getvalue()


def test_parquet_rows_are_documents(tmp_path: Path) -> None:
    rows = [{"text": f"{n} {CHINESE}", "when": datetime(2024, 1, n + 1), "picture": b"\x00" * 9} for n in range(5)]
    documents, rejects = outcomes_of(tmp_path, "a.parquet", parquet(rows))
    assert list(texts_of(documents)) == [f"a.parquet#{n}" for n in range(1, 6)]
    assert json.loads(documents[0].meta) == {"when": "2024-01-01 00:00:00"}
    assert rejects == []


def test_a_parquet_file_that_was_cut_short_is_damaged(tmp_path: Path) -> None:
    [reject] = outcomes_of(tmp_path, "a.parquet", parquet([{"text": "x"}])[:-9])[1]
    assert (reject.rule, reject.threshold) == ("damaged", "a whole Parquet file")


def test_arrow_rows_are_documents(tmp_path: Path) -> None:
    table = pa.table({"text": ["one", CHINESE]})
    file = io.BytesIO()
    with pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=1)
    assert texts_of(outcomes_of(tmp_path, "a.arrow", file.getvalue())[0]) == {"a.arrow#1": "one", "a.arrow#2": CHINESE}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_table_is_one_document_in_markdown(tmp_path: Path, encoding: str, delimiter: str) -> None:
    rows = [["名称", "数量", "说明"], ["苹果", "3", "红色的水果"], ["梨", "", "又甜"], ["", "", ""]]
    content = "\r\n".join(delimiter.join(row) for row in rows).encode(encoding)
    [document] = outcomes_of(tmp_path, "a.csv", content)[0]
    assert document.text == "| 名称 | 数量 | 说明 |\n| --- | --- | --- |\n| 苹果 | 3 | 红色的水果 |\n| 梨 |  | 又甜 |"
    assert [block.kind for block in document.blocks] == ["table"] * 3


def test_a_table_with_a_column_of_prose_is_a_document_per_row(tmp_path: Path) -> None:
    content = f'id,text,kind\n1,"{CHINESE * 2}\n\nMore, of it",a\n2,{CHINESE * 3},b\n'.encode()
    documents, _ = outcomes_of(tmp_path, "a.csv", content)
    assert texts_of(documents) == {"a.csv#1": f"{CHINESE * 2}\n\nMore, of it", "a.csv#2": CHINESE * 3}
    assert json.loads(documents[0].meta) == {"id": "1", "kind": "a"}


def test_a_long_table_becomes_several_with_the_header_on_each(tmp_path: Path) -> None:
    content = "number,word\n" + "".join(f"{n},word{n}\n" for n in range(2000))
    documents, _ = outcomes_of(tmp_path, "a.csv", content.encode(), max_text_bytes=8192)
    assert len(documents) > 3
    assert all(document.text.startswith("| number | word |\n| --- | --- |") for document in documents)
    assert sum(document.text.count("word") for document in documents) == 2000 + len(documents)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_data_sets_give_documents_or_reasons(tmp_path: Path, data: st.DataObject) -> None:
    rows = [{"text": f"{n} {CHINESE}", "id": n} for n in range(6)]
    whole = {
        "a.jsonl": lines(*rows), "a.json": json.dumps(rows).encode(), "a.parquet": parquet(rows),
        "a.csv": b"id,text\n" + b"".join(f'{n},"{CHINESE * 3}"\n'.encode() for n in range(4)),
    }  # fmt: skip
    name = data.draw(st.sampled_from(sorted(whole)))
    content = bytearray(whole[name])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    documents, rejects = outcomes_of(tmp_path, name, bytes(content[: data.draw(st.integers(1, len(content)))]))
    assert documents or rejects
    assert all(document.text.encode() for document in documents)
    assert all(reject.rule and reject.value for reject in rejects)
