"""The tagger: entities found, metrics as CoNLL has them, offsets, long texts."""

import itertools

import numpy as np
import pytest

from danlu.core.errors import UserError
from danlu.core.progress import Silent
from danlu.core.stages import Work
from danlu.train.heads.apply import apply
from danlu.train.heads.config import HeadInputs
from danlu.train.heads.framing import Framing
from danlu.train.heads.metrics_entities import entities_of, entity_scores
from danlu.train.heads.tag import TagConfig, frame, said_entities, tags_of, train_tagger
from danlu.train.heads.tag_data import TaggedText, joined, read_tagged
from label_rows import entities, write
from tiny_bert import make_tiny_bert


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return make_tiny_bert(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def trained(base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tagger")
    (folder / "out").mkdir()
    data = write(folder / "entities.jsonl", entities())
    config = TagConfig(learning_rate=5e-3, epochs=10, test_share=0.2)
    dataset, report = train_tagger(
        HeadInputs(base, data), config, Work(folder / "out", folder / "work", 0, 1, 1, Silent())
    )
    return folder / "out", dataset, report


def test_it_finds_entities_in_rows_it_did_not_see(trained):
    _, dataset, report = trained
    assert report["test"]["micro"]["f1"] > 0.8
    assert report["test"]["entities"] == 2 * len(dataset.sides.test)
    assert len(dataset.texts) + len(dataset.rejects) == dataset.input == 32


def test_pipeline_finds_the_same_entities(trained, tmp_path):
    from transformers import pipeline

    out, dataset, _ = trained
    texts = [framed.text.text for framed in dataset.texts]
    said = list(apply(out, write(tmp_path / "texts.jsonl", [{"text": text} for text in texts]), 1))
    theirs = pipeline("token-classification", model=str(out), aggregation_strategy="simple")
    for row, text in zip(said, texts, strict=True):
        found = {(one["start"], one["end"], one["entity_group"]) for one in theirs(text)}
        assert {(one["start"], one["end"], one["label"]) for one in row["entities"]} == found
        assert all(text[one["start"] : one["end"]] == one["text"] for one in row["entities"])


def test_chunks_and_scores_are_those_of_a_search_over_all_spans():
    tags = ("O", "B-x", "I-x", "B-y", "I-y")
    random = np.random.default_rng(0)
    lines = [list(line) for line in itertools.product(tags, repeat=4)]
    for line in lines:
        assert entities_of(line) == _by_search(line)
    truth, said = ([lines[at] for at in random.integers(0, len(lines), 80)] for _ in range(2))
    found = entity_scores([entities_of(line) for line in truth], [entities_of(line) for line in said])
    hits = sum(len(set(_by_search(a)) & set(_by_search(b))) for a, b in zip(truth, said, strict=True))
    true, given = (sum(len(_by_search(line)) for line in lines) for lines in (truth, said))
    assert found["micro"]["precision"] == pytest.approx(hits / given)
    assert found["micro"]["recall"] == pytest.approx(hits / true)
    assert found["micro"]["f1"] == pytest.approx(2 * hits / (true + given))


def _by_search(line):
    """Every span of one label that begins where an entity may begin and cannot go on."""
    padded = ["O", *line, "O"]

    def begins(at):
        return padded[at] != "O" and (padded[at][0] == "B" or padded[at - 1][2:] != padded[at][2:])

    return [
        (start - 1, end - 1, padded[start][2:])
        for start in range(1, len(line) + 1)
        for end in range(start + 1, len(line) + 2)
        if begins(start)
        and all(padded[at] == f"I-{padded[start][2:]}" for at in range(start + 1, end))
        and padded[end] != f"I-{padded[start][2:]}"
    ]


def test_windows_over_a_long_text_lose_no_entity(base):
    framing, tags = Framing.load(base, 16), tags_of(["LOC", "PER"])
    text, words = joined(["anna", "visited", "paris", "."] * 20)
    people = tuple((start, end, "PER") for start, end in words if text[start:end] == "anna")
    places = tuple((start, end, "LOC") for start, end in words if text[start:end] == "paris")
    expected = tuple(sorted(people + places))
    for of_words in (words, ()):
        tagged = TaggedText("here", text, of_words, expected)
        framed = frame(tagged, framing.pieces([text])[0], tags, "window", 3, framing)
        assert len(framed.rows) > 4 and all(len(row.ids) <= 16 for row in framed.rows)
        learnt = sum(label >= 0 for row in framed.rows for label in row.labels)
        assert learnt == len(framed.pieces.ids)
        perfect = [np.eye(len(tags))[[max(label, 0) for label in row.labels]] for row in framed.rows]
        assert said_entities([framed], perfect, tags, framing) == [list(expected)]


def test_an_entity_that_cuts_a_token_is_rejected_and_not_moved(base):
    framing = Framing.load(base, 32)
    text = TaggedText("here", "anna visited paris", (), ((0, 2, "PER"),))
    assert (
        frame(text, framing.pieces([text.text])[0], tags_of(["PER"]), "window", 0, framing).rule
        == "entity cuts a token"
    )


def test_offsets_are_code_points(base):
    framing, text = Framing.load(base, 32), "𝄞 他 在 北京 。"
    tagged = TaggedText("here", text, (), ((6, 8, "LOC"),))
    framed = frame(tagged, framing.pieces([text])[0], tags_of(["LOC"]), "window", 0, framing)
    marked = [
        text[start:end]
        for (start, end), label in zip(framed.pieces.spans, framed.rows[0].labels[1:], strict=False)
        if label
    ]
    assert marked == ["北", "京"]


def test_han_characters_join_without_a_space():
    assert joined(["他", "在", "Paris", "住", "."])[0] == "他在 Paris 住 ."


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"tokens": ["a"], "tags": ["B-x", "O"]}', "tags is"),
        ('{"tokens": ["a", "b"], "tags": ["O", "I-x"]}', "tag 2 is I-x and follows O"),
        ('{"tokens": ["a", "b"], "tags": ["B-y", "I-x"]}', "tag 2 is I-x and follows B-y"),
        ('{"tokens": ["a"], "tags": ["X"]}', 'tags is "X"'),
        ('{"tokens": ["a"]}', "tags is missing"),
        ('{"tokens": []}', "tokens is"),
        ('{"text": "abc"}', "entities is missing"),
        ('{"text": "abc", "entities": [{"start": 1, "end": 9, "label": "x"}]}', "entities is"),
        ('{"text": "abc", "entities": [{"start": 0, "end": 2, "label": "x"}, {"start": 1, "end": 3, "label": "x"}]}', "entities is"),
        ('{"tokens": ["a"], "tags": ["B-z"]}', "the label z is none of those"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_named(tmp_path, line, complaint):
    path = tmp_path / "d.jsonl"
    path.write_text(line)
    with pytest.raises(UserError, match=f"d.jsonl:1: {complaint}"):
        read_tagged(path, ("x", "y"))
