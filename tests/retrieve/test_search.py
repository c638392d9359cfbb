from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.retrieve.index import opened
from danlu.retrieve.legs.search import Searcher, Weights, fuse
from danlu.retrieve.ranking.fuse import PRIOR
from indexes import Indexed, indexed
from live_indexes import live_copy

EVEN = Weights(0.4, 0.2, 0.4)


@pytest.mark.parametrize(
    ("question", "legs"),
    [("How can all programs use the same paper size?", ["words"]), ("如何使用相同的纸张大小？", ["words", "bigrams"])],
)
def test_each_lexical_leg_finds_the_passage_that_answers(searcher: Searcher, question: str, legs: list[str]) -> None:
    for leg in legs:
        assert "papersize" in searcher.hits(fuse({leg: searcher.leg(leg, question)}, EVEN)[:1])[0].text


def test_the_dense_leg_finds_a_passage_by_its_own_words(searcher: Searcher) -> None:
    rows = searcher.rows("SELECT id, headings, text FROM passages")
    first = [
        max(scores, key=lambda id: scores[id]) for scores in (searcher.leg("dense", f"{h}\n{t}") for _, h, t in rows)
    ]
    assert first == [id for id, _, _ in rows]


@pytest.mark.parametrize(
    "identifier",
    ["/etc/papersize", "libpaper1", "update-alternatives", "systemctl get-default", "/lib/systemd/system/default.target",
     "dpkg-scanpackages", "PAPERSIZE", "/etc/udev", "my_Packages", "rc-local.service"],
)  # fmt: skip
def test_an_exact_identifier_is_found_first_in_every_language(searcher: Searcher, identifier: str) -> None:
    for weights in (*PRIOR.values(), Weights(0.5, 0.0, 0.5)):
        hits = searcher.search(identifier, weights, 2)
        assert any(identifier in hit.text for hit in hits), [hit.text for hit in hits]


def test_an_identifier_that_one_passage_among_many_holds_is_found() -> None:
    sections = "".join(
        f"## Part {n} of the machine\n\nThe part is cleaned with water and dried in the air. Order number QX-{n:04}/b.\n\n"
        for n in range(300)
    )
    with opened(indexed({"parts.md": sections.encode()}).index.database) as searcher:
        for n in (0, 123, 299):
            for question in (f"QX-{n:04}/b", f"Which part has the order number qx-{n:04}/b?"):
                assert f"QX-{n:04}/b" in searcher.search(question, Weights(0.5, 0.0, 0.5), 1)[0].text


@pytest.mark.parametrize(
    "question", ["", "?!", "the of", '" OR "x', "a* NEAR(b) {words}: ^", "'; DROP TABLE facts; --", "😀", "\x00"]
)
def test_no_question_breaks_the_query(searcher: Searcher, question: str) -> None:
    for hit in searcher.search(question, EVEN):
        assert hit.score > 0


@given(st.text(max_size=80))
def test_any_question_gives_scores_above_zero_best_first(handbook_searcher: Searcher, question: str) -> None:
    hits = handbook_searcher.search(question, EVEN)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert len({hit.id for hit in hits}) == len(hits)


@pytest.fixture(scope="module")
def handbook_searcher(handbook_index):  # type: ignore[no-untyped-def]
    with opened(handbook_index.index.database) as found:
        yield found


def test_several_threads_may_search(searcher: Searcher, handbook_index: Indexed, tmp_path: Path) -> None:
    questions = ["paper size", "纸张大小", "boot", "systemd target"] * 8
    live = live_copy(handbook_index, tmp_path)

    def asked(question: str) -> list[int]:
        with live.reading(None) as view:
            return [hit.id for hit in view.search(question, EVEN)]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(asked, questions))
    live.close()
    assert found == [[hit.id for hit in searcher.search(question, EVEN)] for question in questions]


SCORES = st.dictionaries(st.integers(1, 9), st.floats(0.01, 100), max_size=6)


@given(SCORES, SCORES)
def test_a_leg_of_weight_zero_changes_nothing(words: dict[int, float], dense: dict[int, float]) -> None:
    alone = Weights(1.0, 0.0, 0.0)
    assert fuse({"words": words, "dense": dense}, alone) == fuse({"words": words}, alone)


@given(SCORES, st.floats(0.1, 1000))
def test_the_scale_of_a_leg_does_not_matter(words: dict[int, float], scale: float) -> None:
    scaled = {id: score * scale for id, score in words.items()}
    fused, again = (dict(fuse({"words": found}, EVEN)) for found in (words, scaled))
    assert again == pytest.approx(fused)


def test_equal_scores_keep_the_order_of_the_corpus() -> None:
    assert [id for id, _ in fuse({"words": {3: 1.0, 1: 1.0, 2: 1.0}}, EVEN)] == [1, 2, 3]
