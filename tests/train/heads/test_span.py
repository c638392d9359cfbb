"""The reader of answers: metrics as SQuAD and CMRC have them, windows, refusals."""

import re
import string
from collections import Counter

import numpy as np
import pytest

from danlu.core.errors import UserError
from danlu.core.progress import Silent
from danlu.core.stages import Work
from danlu.train.heads.apply import apply
from danlu.train.heads.config import HeadInputs
from danlu.train.heads.framing import Framing
from danlu.train.heads.metrics_answers import answer_scores, cmrc_exact, cmrc_f1, squad_exact, squad_f1
from danlu.train.heads.span import SpanConfig, answers_of, frame, train_reader
from danlu.train.heads.span_data import Asked, read_asked
from label_rows import questions, write
from tiny_bert import make_tiny_bert


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return make_tiny_bert(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def trained(base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reader")
    (folder / "out").mkdir()
    data = write(folder / "questions.jsonl", questions())
    config = SpanConfig(learning_rate=5e-3, epochs=25, test_share=0.2)
    dataset, report = train_reader(
        HeadInputs(base, data), config, Work(folder / "out", folder / "work", 0, 1, 1, Silent())
    )
    return folder / "out", dataset, report


def test_it_finds_answers_in_contexts_it_did_not_see(trained):
    _, dataset, report = trained
    assert report["test"]["f1"] > 0.6
    assert len(dataset.texts) + len(dataset.rejects) == dataset.input == 40
    contexts = [{dataset.texts[at].asked.context for at in side} for side in vars(dataset.sides).values()]
    assert not contexts[0] & contexts[1] and not contexts[0] & contexts[2] and not contexts[1] & contexts[2]


def test_the_checkpoint_is_an_ordinary_one_and_apply_says_where_the_answer_stands(trained, tmp_path):
    import torch
    from transformers import AutoModelForQuestionAnswering, AutoTokenizer

    out, _, _ = trained
    rows = [
        {"context": "max works in lima .", "question": "where ?"},
        {"context": "zoe works in oslo .", "question": "who works ?"},
    ]
    said = list(apply(out, write(tmp_path / "asked.jsonl", rows), 1))
    model, tokenizer = AutoModelForQuestionAnswering.from_pretrained(out).eval(), AutoTokenizer.from_pretrained(out)
    for row, one in zip(rows, said, strict=True):
        assert one["answer"] == row["context"][one["start"] : one["end"]]
        if one["answer"]:
            encoded = tokenizer(row["question"], row["context"], return_tensors="pt", return_offsets_mapping=True)
            offsets = encoded.pop("offset_mapping")[0].tolist()
            with torch.no_grad():
                found = model(**encoded)
            inside = [at for at, id in enumerate(encoded.sequence_ids(0)) if id == 1]
            start = next(at for at in inside if offsets[at][0] == one["start"])
            end = next(at for at in inside if offsets[at][1] == one["end"])
            empty = found.start_logits[0, 0] + found.end_logits[0, 0]
            score = found.start_logits[0, start] + found.end_logits[0, end] - empty
            assert float(score) == pytest.approx(one["score"], abs=1e-3)


PAIRS = [
    ("The Eiffel Tower", "eiffel tower!"), ("in Paris, France", "Paris"), ("a cat", "the dog"), ("42", "42."),
    ("an", "an"), ("北京 大学", "北京大学。"), ("在北京大学", "北京的大学"), ("Linux 内核", "linux内核 5"), ("好", "坏"), ("", "x"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "said"), PAIRS)
def test_squad_scores_are_those_of_its_definition(answer, said):
    def words(text):
        bare = "".join(c for c in text.lower() if c not in set(string.punctuation))
        return " ".join(re.sub(r"\b(a|an|the)\b", " ", bare).split()).split()

    known, found = words(answer), words(said)
    shared = sum((Counter(known) & Counter(found)).values())
    if not known or not found:
        expected = float(known == found)
    elif not shared:
        expected = 0.0
    else:
        precision, recall = shared / len(found), shared / len(known)
        expected = 2 * precision * recall / (precision + recall)
    assert squad_f1(answer, said) == pytest.approx(expected)
    assert squad_exact(answer, said) == (known == found)


def test_cmrc_scores_count_characters_and_the_longest_shared_run():
    assert cmrc_f1("在北京大学", "北京的大学") == pytest.approx(2 * 2 / 10)
    assert cmrc_f1("北京大学", "北京大学。") == 1.0
    assert cmrc_f1("Linux 内核", "linux内核 5") == pytest.approx(2 * 3 / 7)
    assert cmrc_f1("好", "坏") == 0.0
    assert cmrc_exact("北京 大学", "北京大学。") == 1.0 and cmrc_exact("北京", "北京市") == 0.0


def test_the_best_of_several_answers_counts_and_no_answer_is_right_only_when_there_is_none():
    found = answer_scores([["red", "dark red"], [], [], ["blue"]], ["dark red", "", "green", ""])
    assert found["exact"] == found["f1"] == 0.5
    assert found["unanswerable"] == 2 and found["scored_as"] == "squad"
    assert answer_scores([["红"]], ["红色"])["scored_as"] == "cmrc"


def test_an_answer_behind_the_first_window_is_found(base):
    framing = Framing.load(base, 24)
    context = "it was nice . " * 12 + "anna works in paris . " + "it was bad . " * 6
    start = context.index("paris")
    asked = Asked("here", context, "where ?", ((start, "paris"),))
    question, pieces = framing.pieces([asked.question, context])
    framed = frame(asked, question, pieces, "window", 8, framing)
    assert len(framed.rows) > 3 and all(len(row.ids) <= 24 for row in framed.rows)
    assert any(row.labels != (0, 0) for row in framed.rows) and any(row.labels == (0, 0) for row in framed.rows)
    perfect = [_pointing(len(row.ids), row.labels) for row in framed.rows]
    [answer] = answers_of([framed], perfect, framing, 30, may_refuse=True)
    assert context[answer.start : answer.end] == "paris"
    nothing = [_pointing(len(row.ids), (0, 0)) for row in framed.rows]
    [refused] = answers_of([framed], nothing, framing, 30, may_refuse=True)
    assert refused.start == refused.end == 0 and refused.score < 0


def _pointing(length, places):
    logits = np.zeros((2, length))
    logits[[0, 1], list(places)] = 9
    return logits


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"context": "a b", "question": "q"}', "answers is missing"),
        ('{"context": "a b", "question": " ", "answers": []}', "question is"),
        (
            '{"context": "a b", "question": "q", "answers": [{"start": 0, "text": "b"}]}',
            "the answer 'b' does not stand at 0",
        ),
        ('{"context": "a b", "question": "q", "answers": [{"start": -1, "text": "b"}]}', "answers is"),
        (
            '{"context": "a b", "question": "q", "answers": [{"start": 0, "text": "c"}]}',
            "the answer 'c' does not stand at 0",
        ),
        ('{"context": "a b", "question": "q", "answers": []}', "none of 1 questions has an answer"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, line, complaint):
    path = tmp_path / "d.jsonl"
    path.write_text(line)
    with pytest.raises(UserError, match=complaint):
        read_asked(path)
