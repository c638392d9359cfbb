import gzip
import json
from pathlib import Path

import pytest

from danlu.core.errors import UserError
from danlu.data.decontaminate.benchmarks import Benchmarks, read_benchmarks
from danlu.text.contamination.items import Item

QUESTION = "下列哪一项是 TCP 三次握手的第一步？"


def items(folder: Path, columns: dict[str, str] | None = None) -> list[Item]:
    return list(read_benchmarks(Benchmarks.below([folder]), columns or {}).items)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("gsm8k.jsonl", '{"question": "How many?", "answer": "Two. #### 2"}', ("How many?", "", "Two. #### 2")),
        ("ceval.csv", f"id,question,A,B,C,D,answer\n0,{QUESTION},发送 SYN,发送 FIN,重置,确认,A", (QUESTION, "发送 SYN\n发送 FIN\n重置\n确认", "发送 SYN")),
        ("cmmlu.csv", f",Question,A,B,C,D,Answer\n0,{QUESTION},发送 SYN,发送 FIN,重置,确认,D", (QUESTION, "发送 SYN\n发送 FIN\n重置\n确认", "确认")),
        ("mmlu.csv", '"What is, in short, 1+1?",1,2,3,4,B\nAnd 2+1?,1,2,3,4,C', ("What is, in short, 1+1?", "1\n2\n3\n4", "2")),
        ("mmlu.jsonl", '{"question": "What?", "choices": ["a", "b"], "answer": 1, "subject": "x"}', ("What?", "a\nb", "b")),
        ("humaneval.jsonl", '{"task_id": "HumanEval/0", "prompt": "def f():", "canonical_solution": "  return 1", "test": "assert f()"}', ("def f():", "", "  return 1")),
        ("winogrande.jsonl", '{"sentence": "The _ fell.", "option1": "cup", "option2": "sky", "answer": "1"}', ("The _ fell.", "cup\nsky", "sky")),
        ("piqa.jsonl", '{"goal": "Open a jar", "sol1": "Twist it.", "sol2": "Boil it.", "label": 0}', ("Open a jar", "Twist it.\nBoil it.", "Twist it.")),
        ("openbook.tsv", "question_stem\tanswerKey\nWhy is it?\tA", ("Why is it?", "", "A")),
    ],
)  # fmt: skip
def test_columns_of_public_benchmarks_are_known(tmp_path: Path, name: str, text: str, expected: tuple[str, str, str]) -> None:  # fmt: skip
    found = items(write(tmp_path / name, text))[0]
    assert (found.question, found.choices, found.answer) == expected


def test_own_columns_are_named(tmp_path: Path) -> None:
    file = write(tmp_path / "own.csv", "stem,key\nWhat is it?,A thing")
    assert items(file, {"stem": "question", "key": "answer"})[0].answer == "A thing"
    with pytest.raises(UserError, match="holds no evaluation items"):
        items(file)


def test_a_folder_stands_for_every_file_below_it_by_name(tmp_path: Path) -> None:
    write(tmp_path / "suite" / "law" / "test.jsonl", '{"question": "One?"}')
    write(tmp_path / "suite" / "README.md", "# About")
    with gzip.open(tmp_path / "suite" / "HumanEval.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write(json.dumps({"prompt": "def f():"}))
    found = Benchmarks.below([tmp_path / "suite"])
    assert [file.name for file in found.files] == ["suite/HumanEval", "suite/law/test"]
    hashed = found.content_hash()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "suite").rename(tmp_path / "elsewhere" / "suite")
    assert Benchmarks.below([tmp_path / "elsewhere" / "suite"]).content_hash() == hashed


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("notes.md", "# Text", "are not read as evaluation items"),
        ("bad.csv", "question\n\udcff", "cannot be read"),
        ("empty.jsonl", "", "holds no rows"),
        ("numbers.jsonl", '{"x": 1}', "holds no evaluation items"),
    ],
)
def test_what_holds_no_items_is_told(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UserError, match=message):
        items(tmp_path / name)


def test_two_files_of_one_name_and_missing_ones_are_told(tmp_path: Path) -> None:
    one, other = (write(tmp_path / folder / "test.jsonl", '{"question": "One?"}') for folder in ("a", "b"))
    with pytest.raises(UserError, match="Two benchmarks are called test"):
        Benchmarks.below([one, other])
    with pytest.raises(UserError, match="No such file or folder"):
        Benchmarks.below([tmp_path / "none"])
    with pytest.raises(UserError, match="holds no file of evaluation items"):
        (tmp_path / "c").mkdir()
        Benchmarks.below([tmp_path / "c"])


def test_files_that_differ_in_their_endings_alone_keep_them(tmp_path: Path) -> None:
    write(tmp_path / "bb" / "a.jsonl", '{"question": "One?"}')
    write(tmp_path / "bb" / "a.csv", "question\nTwo?")
    write(tmp_path / "bb" / "c.csv", "question\nThree?")
    assert [file.name for file in Benchmarks.below([tmp_path / "bb"]).files] == ["bb/a.csv", "bb/a.jsonl", "bb/c"]


@pytest.mark.parametrize(
    ("columns", "message", "nearest"),
    [({"stem": "questoin"}, "called questoin", "question"), ({"stme": "question"}, "has the column stme", "stem")],
)
def test_misspelt_columns_are_told_with_the_nearest(
    tmp_path: Path, columns: dict[str, str], message: str, nearest: str
) -> None:
    file = write(tmp_path / "own.csv", "stem,prompt\nWhat is it?,A thing")
    with pytest.raises(UserError, match=message) as failure:
        items(file, columns)
    assert f": {nearest}" in failure.value.hint
