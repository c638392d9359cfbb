import json
import random
import re
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.core.errors import UserError
from danlu.core.progress import Silent
from danlu.prove.contamination.checks import ANSWERS, CHECKS, EXACT, NEAR, NGRAM, check_contamination, digest
from danlu.prove.finding import Finding, Verdict
from danlu.text.contamination.items import read_items
from danlu.text.contamination.resemblance import common_subsequence
from danlu.text.contamination.side_by_side import marked
from danlu.text.waivers import Waiver, Waivers

DOCS = Path(__file__).parents[2] / "examples" / "handbook" / "docs"
NONE = Waivers()


@cache
def paragraphs(language: str) -> dict[str, tuple[str, ...]]:
    """Real paragraphs of the handbook example, by file."""
    found = {}
    for path in sorted(DOCS.glob(f"*/{language}/*.html")):
        html = path.read_text(encoding="utf-8")
        texts = (unescape(re.sub("<[^>]+>", "", part)) for part in re.findall("<p[^>]*>(.*?)</p>", html, re.DOTALL))
        found[path.name] = tuple(dict.fromkeys(text for text in texts if len(text) > (50 if language == "zh" else 150)))
    return found


def halves(language: str) -> tuple[list[str], list[str]]:
    """Paragraphs of some files to train on, and of the others to ask about."""
    files = list(paragraphs(language).values())
    asked = min((file for file in files if len(file) >= 12), key=len)
    return [text for file in files if file is not asked for text in file], list(asked)


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), encoding="utf-8")
    return path


def prove(folder: Path, train: list[Any], items: list[Any], waivers: Waivers = NONE) -> dict[str, Finding]:
    paths = write(folder / "train.jsonl", train), write(folder / "eval.jsonl", items)
    findings = list(check_contamination(*paths, waivers, progress=Silent()))
    assert [finding.check for finding in findings] == list(CHECKS)
    assert all(len(finding.evidence) <= 12 for finding in findings)
    return {finding.check.name: finding for finding in findings}


def pairs(findings: dict[str, Finding]) -> dict[str, str]:
    return {name: str(finding.measured["pairs"]) for name, finding in findings.items() if finding.measured.get("pairs")}


def words_of(text: str, language: str) -> list[str]:
    return list(text) if language == "zh" else text.split()


def edited(text: str, share: float, language: str) -> str:
    parts, draw = words_of(text, language), random.Random(7)
    for at in draw.sample(range(len(parts)), int(share * len(parts))):
        parts[at] = draw.choice(["", "替" if language == "zh" else "other", parts[at] * 2])
    return ("" if language == "zh" else " ").join(parts)


def chat(asked: str, answered: str) -> dict[str, Any]:
    system = {"role": "system", "content": "You are a helpful assistant."}
    return {"messages": [system, {"role": "user", "content": asked}, {"role": "assistant", "content": answered}]}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_texts_that_share_nothing_raise_no_alarm(tmp_path: Path, language: str) -> None:
    train, held_out = halves(language)
    items = [{"question": text, "answer": other} for text, other in zip(held_out, reversed(held_out), strict=True)]
    findings = prove(tmp_path, [{"text": text} for text in train], items)
    assert {finding.verdict for finding in findings.values()} <= {Verdict.PASS, Verdict.NOT_APPLICABLE}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_kind_of_contamination_is_found_by_the_check_meant_for_it(tmp_path: Path, language: str) -> None:
    train, held_out = halves(language)
    long = sorted(held_out, key=len)[-9:]
    items = [{"question": text, "answer": other} for text, other in zip(long[:5], long[4:], strict=True)]
    words = words_of(long[3], language)
    part = ("" if language == "zh" else " ").join(words[: round(0.65 * len(words))])
    planted = [
        chat(long[0].upper().replace("，", ","), "I see."),
        {"instruction": edited(long[1], 0.05, language), "output": "ok"},
        {"text": f"{train[0]}\n{edited(long[2], 0.15, language)}\n{train[1]}"},
        {"prompt": train[2], "completion": f"{part} {train[3]}"},
        {"conversations": [{"from": "human", "value": train[4]}, {"from": "gpt", "value": items[4]["answer"]}]},
    ]
    findings = prove(tmp_path, [{"text": text} for text in train] + planted, items)
    first = len(train) + 1
    assert pairs(findings) == {
        EXACT.name: f"1:{first}",
        NEAR.name: f"2:{first + 1} 3:{first + 2}",
        NGRAM.name: f"4:{first + 3}",
        ANSWERS.name: f"5:{first + 4}",
    }
    assert all(finding.verdict is Verdict.FAIL for finding in findings.values())
    assert findings[EXACT.name].measured["rate"] == 0.2
    assert any("[[" in str(line) for line in findings[EXACT.name].evidence)


def test_the_order_of_the_rows_changes_nothing_but_their_numbers(tmp_path: Path) -> None:
    train, held_out = halves("en")
    items = [{"question": text} for text in held_out]
    rows = [{"text": text} for text in [*train, *held_out[:3], edited(held_out[4], 0.1, "en")]]
    forwards, backwards = prove(tmp_path, rows, items), prove(tmp_path, rows[::-1], items)
    for name in forwards:
        assert forwards[name].measured.get("found") == backwards[name].measured.get("found")
    assert pairs(forwards)[EXACT.name].split()[0] == f"1:{len(train) + 1}"


def test_the_format_of_a_benchmark_is_not_its_content(tmp_path: Path) -> None:
    """Questions of one template differ in their numbers alone; other numbers are other questions."""
    template = "Natalia sold {} clips to her friends in April and then she sold {} clips in May. How many clips did Natalia sell altogether in April and May?"
    items = [{"question": template.format(n, n + 50), "answer": str(2 * n + 50)} for n in range(100, 140)]
    other = [{"text": template.format(n, n + 70)} for n in range(200, 240)]
    assert pairs(prove(tmp_path, other, items)) == {}
    assert pairs(prove(tmp_path, [*other, {"text": template.format(103, 153)}], items)) == {EXACT.name: "4:41"}


FORMS = {
    "en": "Solving problems and finding relevant information on the network: {}. What does the manual say?",
    "zh": "关于网络故障的排查以及如何查找相关资料，{}那一节是怎么说的？",
}
NAMES = {"en": ("info documents", "documentation sources"), "zh": ("信息文档", "教程汇编")}
ANSWER = {
    "en": "The viewer is called pinfo, and the package has the same name.",
    "zh": "阅读器叫作皮信，软件包也是这个名字。",
}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_short_question_with_another_name_in_it_is_another_question_unless_its_answer_is_there(
    tmp_path: Path, language: str
) -> None:
    train, _ = halves(language)
    own, other = (FORMS[language].format(name) for name in NAMES[language])
    items, rows = [{"question": own, "answer": ANSWER[language]}], [chat(text, "I see.") for text in train]
    assert pairs(prove(tmp_path, [*rows, chat(other, train[0])], items)) == {}
    reworded = prove(tmp_path, [*rows, chat(other, ANSWER[language])], items)
    assert pairs(reworded) == {NEAR.name: f"1:{len(rows) + 1}"}
    shared = [*items, {"question": train[1], "answer": ANSWER[language]}]
    assert pairs(prove(tmp_path, [chat(other, ANSWER[language])], shared)) == {}


@pytest.mark.parametrize("edit", [("relevant ", ""), ("does the", "does then the")], ids=["left out", "put in"])
def test_a_short_question_with_a_word_left_out_or_put_in_is_the_same_question(
    tmp_path: Path, edit: tuple[str, str]
) -> None:
    own = FORMS["en"].format(NAMES["en"][0])
    assert pairs(prove(tmp_path, [chat(own.replace(*edit), "I see.")], [{"question": own}])) == {NEAR.name: "1:1"}


def test_a_long_question_with_another_name_in_it_is_near(tmp_path: Path) -> None:
    form = f"A reader has come to the last chapter of this book and asks for help. {FORMS['en']}"
    own, other = (form.format(name) for name in NAMES["en"])
    assert pairs(prove(tmp_path, [chat(other, "I see.")], [{"question": own}])) == {NEAR.name: "1:1"}


def test_instructions_that_all_items_share_are_not_content(tmp_path: Path) -> None:
    _, held_out = halves("en")
    head = "Read the following passage with great care and then answer with one letter, and with nothing else at all, please."
    items = [{"question": f"{head} {text}"} for text in held_out]
    rows = [chat(f"{head} {number} is a number, is it not?", "A") for number in range(30)]
    assert pairs(prove(tmp_path, rows, items)) == {}


def test_the_words_of_a_form_make_no_question_longer(tmp_path: Path) -> None:
    """Sections of one manual have headings alike; each is asked for in the same form, which must not make them the same question."""
    form = "Debian Developer's Reference: {}. What does the manual say?"
    named = ("Bug handling", "Core development mailing lists", "Moving packages", "Orphaning a package", "Porting")
    items = [{"question": form.format(name)} for name in named]
    rows = [
        chat(form.format(name), "Much is said.") for name in ("Mailing lists", "Special mailing lists", "Bug reports")
    ]
    findings = prove(tmp_path, rows, items)
    assert pairs(findings) == {}
    assert findings[NEAR.name].measured.get("items_looked_for", 0) == 0


def test_boilerplate_of_the_training_rows_is_not_content(tmp_path: Path) -> None:
    train, held_out = halves("en")
    notice = held_out[0]
    items = [{"question": f"{notice} {held_out[1][:40]}"}, {"question": held_out[2]}]
    rows = [{"text": f"{notice} {number} {train[number % len(train)]}"} for number in range(60)]
    assert pairs(prove(tmp_path, rows, items)) == {}


def test_a_test_set_that_was_repeated_is_found_and_is_no_boilerplate(tmp_path: Path) -> None:
    train, held_out = halves("en")
    rows = [chat(text, "Yes.") for text in held_out[:3]] * 100
    found = pairs(
        prove(tmp_path, [*({"text": text} for text in train), *rows], [{"question": text} for text in held_out])
    )
    assert len(found[EXACT.name].split()) == 3


def test_short_answers_and_numbers_never_count(tmp_path: Path) -> None:
    items = [
        {"question": "Which planet has the most moons, as far as is known today?", "answer": "A"},
        {"question": "What do you get when you multiply six by seven and add nothing?", "answer": "42"},
        {"question": "北京是不是中华人民共和国的首都，请回答是或否？", "answer": "是"},
        {"question": "1 2 3 4 5 6 7 8 9 10 11 12, what comes after that?", "answer": "13"},
    ]
    rows = [
        {"text": text} for text in ("A", "42 is the answer", "是", "1 2 3 4 5 6 7 8 9 10 11 12 13 14", "A 42 是 13")
    ]
    findings = prove(tmp_path, rows, items)
    assert pairs(findings) == {}
    assert findings[ANSWERS.name].verdict is Verdict.NOT_APPLICABLE


def test_a_short_question_counts_with_its_answer_only(tmp_path: Path) -> None:
    items = [{"question": "What is the capital of France?", "answer": "Paris"}]
    assert pairs(prove(tmp_path, [chat("What is the capital of France?", "Lyon, I think.")], items)) == {}
    assert pairs(prove(tmp_path, [{"text": "What is the capital of France? I saw Paris."}], items)) == {}
    found = prove(tmp_path, [chat("what is the capital of France", "It is Paris.")], items)
    assert pairs(found) == {EXACT.name: "1:1"}


def test_a_question_counts_without_its_passage_and_a_passage_without_its_question(tmp_path: Path) -> None:
    passage, other, *train = paragraphs("en")["ch07-solving-problems.html"]
    question = "Who ought to read the documentation of a package before they write to its authors?"
    items = [{"context": passage, "question": question, "answers": {"text": ["everyone"], "answer_start": [0]}}]
    filler = [{"text": text} for text in train]
    assert pairs(prove(tmp_path, [*filler, {"text": f"{other} {question}"}], items)) == {
        EXACT.name: f"1:{len(filler) + 1}"
    }
    assert pairs(prove(tmp_path, [*filler, {"text": passage}], items)) == {NGRAM.name: f"1:{len(filler) + 1}"}


def test_waived_items_are_counted_apart(tmp_path: Path) -> None:
    train, held_out = halves("en")
    items = [{"question": text} for text in held_out[:4]]
    rows = [{"text": text} for text in [*train, held_out[0], held_out[1]]]
    write(tmp_path / "items.jsonl", items)
    second = digest(read_items(tmp_path / "items.jsonl").items[1])
    by_row, by_hash = Waiver(EXACT.name, "cited", 1, 1), Waiver(EXACT.name, "cited", 2, second[:16])
    unused = Waiver(EXACT.name, "cited", 3, 4)
    one = prove(tmp_path, rows, items, Waivers((by_hash, unused)))[EXACT.name]
    assert one.verdict is Verdict.FAIL
    assert (one.measured["found"], one.measured["waived"]) == (1, 1)
    told = [str(line) for line in one.evidence]
    assert "waived: 1 items, rows 2" in told and "waiver 3 waives nothing here: remove it" in told
    both = prove(tmp_path, rows, items, Waivers((by_row, by_hash)))[EXACT.name]
    assert (both.verdict, str(both.said)) == (Verdict.WAIVED, "all 2 items that were found are waived")
    assert str(both.measured["waived_pairs"]).split()[0].startswith("1:")


def test_rows_that_are_no_items_or_hold_no_text_are_counted(tmp_path: Path) -> None:
    train, held_out = halves("en")
    finding = prove(
        tmp_path,
        [{"text": train[0]}, {"n": 3}, [], "plain text"],
        [{"question": held_out[0]}, {"x": 1}, {"question": " "}, 5],
    )[EXACT.name]
    measured = finding.measured
    assert (measured["items"], measured["rows_no_items"]) == (1, 3)
    assert (measured["training_rows"], measured["training_rows_without_text"]) == (4, 2)
    assert "3 more could not be looked for" in str(finding.said)
    assert any("row 2 fits no known shape: its columns are x" in str(line) for line in finding.evidence)


SHAPES: list[tuple[dict[str, Any], str, str, str, str]] = [
    ({"question": "Q", "answer": "A"}, "question-answer", "Q", "", "A"),
    ({"problem": "Q", "solution": "A", "level": 5}, "question-answer", "Q", "", "A"),
    ({"prompt": "Q", "completion": "A"}, "prompt-completion", "Q", "", "A"),
    ({"instruction": "Q", "input": "I", "output": "A"}, "instruction", "Q\nI", "", "A"),
    ({"task_id": "HumanEval/0", "prompt": "Q", "canonical_solution": "A", "test": "t"}, "code", "Q", "", "A"),
    ({"text": "Q", "code": "A", "test_list": ["t"]}, "question-answer", "Q", "", "A"),
    ({"question": "Q", "choices": ["a", "b"], "answer": 1}, "multiple-choice", "Q", "a\nb", "b"),
    ({"Question": "Q", "A": "a", "B": "b", "C": "c", "D": "d", "Answer": "C"}, "multiple-choice", "Q", "a\nb\nc\nd", "c"),
    ({"question": "Q", "choices": {"text": ["a", "b"], "label": ["A", "B"]}, "answerKey": "A"}, "multiple-choice", "Q", "a\nb", "a"),
    ({"ctx": "Q", "endings": ["a", "b"], "label": "1"}, "multiple-choice", "Q", "a\nb", "b"),
    ({"question": "Q", "answer": {"value": "A", "aliases": ["B"]}}, "question-answer", "Q", "", "A"),
    ({"prompt": ["first", "second"], "reference": ["A", "B"]}, "prompt-completion", "first\nsecond", "", "A"),
    ({"input": [{"role": "user", "content": "Q"}], "ideal": "A"}, "question-answer", "Q", "", "A"),
    ({"messages": chat("Q", "A")["messages"]}, "messages", "Q", "", "A"),
    ({"messages": [{"role": "user", "content": "Q"}], "answer": 7}, "messages", "Q", "", "7"),
    ({"text": "Q"}, "text", "Q", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("row", "shape", "question", "choices", "answer"), SHAPES)
def test_items_of_many_shapes_are_read(
    tmp_path: Path, row: dict[str, Any], shape: str, question: str, choices: str, answer: str
) -> None:
    [item] = read_items(write(tmp_path / "eval.jsonl", [row])).items
    assert (item.shape, item.question, item.choices, item.answer) == (shape, question, choices, answer)


def test_arrays_and_parquet_hold_the_same_items(tmp_path: Path) -> None:
    rows = [{"question": "Q", "context": "C", "choices": ["a", "b"], "answer": 1}, {"question": "R", "context": None, "choices": None, "answer": 0}]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "eval.parquet")
    (tmp_path / "eval.json").write_text(json.dumps(rows), encoding="utf-8")
    lines = read_items(write(tmp_path / "eval.jsonl", rows))
    assert read_items(tmp_path / "eval.parquet") == read_items(tmp_path / "eval.json") == lines
    assert lines.shapes == {"multiple-choice": 1, "question-answer": 1}


@pytest.mark.parametrize("text", ["", "{}\n", "not json\n"])
def test_a_file_without_items_or_text_is_refused(tmp_path: Path, text: str) -> None:
    bad, good = tmp_path / "bad.jsonl", write(tmp_path / "good.jsonl", [{"question": "Is this a question or not?"}])
    bad.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"holds no (evaluation items|rows)"):
        list(check_contamination(good, bad, NONE, progress=Silent()))
    with pytest.raises(UserError, match="holds no text"):
        list(check_contamination(bad, good, NONE, progress=Silent()))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    good = write(tmp_path / "good.jsonl", [{"question": "Is this a question or not?"}])
    for train, evaluation in ((tmp_path / "none.jsonl", good), (good, tmp_path / "none.jsonl")):
        with pytest.raises(UserError, match="no such file"):
            list(check_contamination(train, evaluation, NONE, progress=Silent()))


@given(st.lists(st.integers(0, 4), max_size=30), st.lists(st.integers(0, 4), max_size=30))
def test_the_common_subsequence_is_as_long_as_the_table_says(first: list[int], second: list[int]) -> None:
    table = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            table[i + 1][j + 1] = table[i][j] + 1 if a == b else max(table[i][j + 1], table[i + 1][j])
    assert common_subsequence(np.array(first, np.uint64), np.array(second, np.uint64)) == table[-1][-1]


def test_the_shared_span_is_marked_in_both_texts() -> None:
    own, other = marked("Before. The quick, brown fox! After", "x\nthe QUICK brown fox\ny")
    assert (own, other) == ("Before. [[The quick, brown fox]]! After", "x [[the QUICK brown fox]] y")
    assert marked("装", "apt") == ("装", "apt")
