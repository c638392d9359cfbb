"""Reading sentences by meaning: what is read, in what units it counts, and what it changes."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from danlu.core.databases import read_only
from danlu.model.encoder import LsaEncoder, Vectors
from danlu.model.joined_encoder import JoinedEncoder, MovedEncoder
from danlu.model.sentence_reader import sentence_reader
from danlu.retrieve.grounding.windows import Asked, best_window
from danlu.retrieve.legs.memory import Memory
from danlu.retrieve.legs.search import Hit, Searcher
from danlu.retrieve.ranking.rank import weights_of
from danlu.retrieve.refusal.answerable import FEATURES
from danlu.retrieve.refusal.calibrate import calibrate
from danlu.retrieve.refusal.gate import LANGUAGES, off_domain_questions
from danlu.retrieve.refusal.near_gate import NEAR_ENOUGH, gate_of
from danlu.retrieve.refusal.nearness import FEWEST_HEADINGS, Nearness, Scale, nearness, scale
from indexes import Indexed

_HIT = Hit(
    1, 1.0, "d", "s", "Office › Kitchen", "en", 10, 0,
    "The kettle is green. Milk stands in the fridge. Beverages cost nothing for guests. Nobody cleans on Sundays.",
)  # fmt: skip


class _Reader:
    """Knows texts that speak of drinks or packages, and nothing else, in as many dimensions as an index has."""

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions

    def encode(self, texts: Sequence[str]) -> Vectors:
        found = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            found[row, 0] = any(word in text.lower() for word in ("coffee", "beverages", "package"))
        return found

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        return self.encode(texts)


@pytest.fixture
def reading(handbook_index: Indexed) -> Iterator[Searcher]:
    """The handbook's index, searched by an encoder that reads."""
    with closing(read_only(handbook_index.index.database, immutable=True)) as connection:
        size = len(connection.execute("SELECT vector FROM vectors LIMIT 1").fetchone()[0]) // 2  # half floats
        yield Searcher(connection, Memory(), _Reader(size), None)


def _lsa() -> LsaEncoder:
    return LsaEncoder({"a": 0}, np.ones(1, np.float32), np.ones((1, 2), np.float32))


def test_what_learnt_from_the_documents_alone_does_not_read() -> None:
    reader = _Reader(2)
    moves = {"zh": np.zeros(2, np.float32)}
    assert sentence_reader(_lsa()) is None
    assert sentence_reader(MovedEncoder(_lsa(), moves)) is None
    assert sentence_reader(JoinedEncoder((_lsa(), _lsa()), {"en": (0.5, 0.5)})) is None
    assert sentence_reader(JoinedEncoder((_lsa(), reader), {"en": (0.5, 0.5)})) is reader
    assert sentence_reader(MovedEncoder(reader, moves)) is not None


def test_an_index_whose_encoder_does_not_read_reads_nothing(searcher: Searcher) -> None:
    assert nearness(searcher, "What does coffee cost?", [_HIT]) is None
    assert gate_of(searcher).sentences == {"zh": None, "en": None}


def test_each_sentence_has_its_cosine_and_the_nearest_three_count(reading: Searcher) -> None:
    found = nearness(reading, "What does coffee cost?", [_HIT])
    assert found is not None
    assert list(found.cosines[1]) == [0.0, 0.0, 1.0, 0.0]
    assert found.mean == pytest.approx(1 / 3)
    assert Nearness({}).mean == 0.0


def test_a_cosine_counts_in_spreads_of_general_questions_within_bounds() -> None:
    assert Scale(0.5, 0.1).spreads(0.7) == pytest.approx(2.0)
    assert Scale(0.5, 0.001).spreads(0.9) == 8.0
    assert Scale(0.5, 0.1).spreads(-1.0) == -3.0


def test_a_language_is_read_where_headings_come_nearer_than_general_questions() -> None:
    far, near = [0.1, 0.2, 0.3] * 5, [0.6] * FEWEST_HEADINGS
    assert scale(far, near, known=False) == Scale(0.2, round(float(np.std(far)), 6))
    assert scale(far, far, known=True) is None
    assert scale(far, near[1:], known=False) is None
    assert scale(far, near[1:], known=True) is not None
    assert scale([], near, known=True) is None


def test_a_sentence_that_means_the_question_is_quoted_though_it_holds_none_of_its_words() -> None:
    asked = Asked({"coffe": 4.0, "green": 0.5}, 4.5, {})
    by_words = best_window(_HIT, asked)
    by_meaning = best_window(_HIT, replace(asked, spreads={1: [0.0, 0.0, 6.0, 0.0]}))
    assert by_words.text.startswith("The kettle is green.")
    assert "Beverages cost nothing for guests." in by_meaning.text
    assert by_meaning.score > by_words.score


def test_a_nearer_passage_raises_the_chance_of_an_answer_and_a_language_that_is_not_read_ignores_it(
    searcher: Searcher,
) -> None:
    plain = gate_of(searcher)
    gate = replace(plain, sentences={"zh": None, "en": (0.2, 0.1)})
    values = [0.0] * 10
    far, near = Nearness({1: [0.1]}), Nearness({1: [0.9]})
    assert gate.judge(values, "en", near).answer > gate.judge(values, "en", far).answer
    assert gate.judge(values, "zh", near) == gate.judge(values, "zh", far) == plain.judge(values, "zh", None)


def test_what_comes_near_enough_is_about_the_subject_whatever_its_words(searcher: Searcher) -> None:
    """Then the second stage decides."""
    gate = replace(gate_of(searcher), sentences={"zh": None, "en": (0.0, 0.1)})
    values = [-6.0 if name == "missing" else 0.0 for name in FEATURES]
    assert gate.judge(values, "en", None).refused == "off-domain"
    assert gate.judge(values, "en", Nearness({1: [0.1 * NEAR_ENOUGH - 0.01]})).refused == "off-domain"
    assert gate.judge(values, "en", Nearness({1: [0.1 * NEAR_ENOUGH + 0.01]})).refused == "near-domain"
    assert gate.judge(values, "en", Nearness({1: [0.8]})).refused == ""
    assert gate.judge(values, "zh", Nearness({1: [0.8]})).refused == "off-domain", "not read"


def test_an_index_whose_encoder_reads_gets_the_scale_of_each_language_that_it_reads(reading: Searcher) -> None:
    """Of the shipped general questions none speaks of packages; the headings do. No Chinese heading is nearer than they are."""
    weights = {language: weights_of(reading, language) for language in LANGUAGES}
    own = {"en": [f"package number {number}" for number in range(12)], "zh": off_domain_questions("zh", "test")[:12]}
    gate = calibrate(reading, own, weights, reads_both=False)
    assert gate.sentences["en"] is not None
    assert gate.sentences["zh"] is None
    assert gate.measured["en"]["own_questions"] == 12
