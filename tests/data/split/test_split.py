import re
from collections import defaultdict
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.core.artifacts import Corpus
from danlu.core.errors import UserError, WorkFailed
from danlu.data.parts import parts_of
from danlu.data.split.groups import group
from danlu.data.split.roster import NO_TIME, seconds_of
from danlu.data.split.sides import SIDES, Groups, Shares, assign
from danlu.data.split.stage import Decision, SplitConfig, split
from danlu.data.split.take import TakeConfig, parts_of_side, take
from danlu.text.records import Document
from danlu.text.tables import read_rows
from data.corpora import contents, corpus, document, made, paragraphs, rows


def parted(documents: list[Document], parts: int = 2, workers: int = 2, seed: int = 0, **config: Any) -> Corpus:
    given = {"test_share": 0.2, "validation_share": 0.1} | config
    return made(split, SplitConfig(**given), workers, seed, documents=corpus(documents, parts))


def decided(documents: list[Document], seed: int = 0, **config: Any) -> dict[str, str]:
    """The sides that a split gives documents of which none resembles another, without reading their texts."""
    given = SplitConfig(**{"test_share": 0.2, "validation_share": 0.1} | config)
    parts = parts_of(corpus(documents, parts=2))
    decision = Decision.of(parts, seed, given, np.zeros((0, 2), np.int64))
    return {
        one.doc_id: SIDES[side]
        for one, side in zip(documents, decision.sides_N.tolist(), strict=True)
        if side < len(SIDES)
    }


def sides(parted: Corpus) -> dict[str, str]:
    return {row["doc_id"]: row["side"] for row in rows(parted, "splits")}


def real_documents() -> list[Document]:
    """Paragraphs of a manual, and of each third one a copy with a few words changed."""
    found = []
    for language in ("en", "zh"):
        for number, text in enumerate(paragraphs(language)):
            found.append(document(f"{language}{number}", text, language=language))
            if number % 3 == 0:
                edited = text.replace("the ", "this ", 2) if language == "en" else text.replace("的", "之", 2)
                found.append(document(f"{language}{number}-edited", edited, language=language))
    return found


def shingles(text: str) -> set[tuple[str, ...]]:
    tokens = re.findall(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+", text.lower())
    return {tuple(tokens[at : at + 5]) for at in range(max(len(tokens) - 4, 1))}


@pytest.fixture(scope="module")
def real() -> tuple[list[Document], Corpus]:
    documents = real_documents()
    return documents, parted(documents, parts=3)


def test_no_near_duplicate_crosses_by_brute_force(real: tuple[list[Document], Corpus]) -> None:
    documents, made_of = real
    side = sides(made_of)
    sets = {one.doc_id: shingles(one.text) for one in documents}
    near = [(a, b) for a, b in combinations(sets, 2) if len(sets[a] & sets[b]) >= 0.72 * len(sets[a] | sets[b])]
    assert len(near) > 10
    assert [(a, b) for a, b in near if side[a] != side[b]] == []
    assert set(side.values()) == {"train", "validation", "test"}


def test_every_document_is_on_one_side_and_its_part_holds_that_side_alone(real: tuple[list[Document], Corpus]) -> None:
    documents, made_of = real
    held = {name: {row["doc_id"] for part in parts_of_side(made_of, name) for row in read_rows(part)} for name in SIDES}
    assert sum(map(len, held.values())) == len(documents) == len(set().union(*held.values()))
    assert {doc_id: name for name, ids in held.items() for doc_id in ids} == sides(made_of)


def test_one_worker_makes_the_same_bytes(real: tuple[list[Document], Corpus]) -> None:
    documents, made_of = real
    assert contents(parted(documents, parts=3, workers=1)) == contents(made_of)


def test_a_side_is_taken_as_a_corpus_of_its_own(real: tuple[list[Document], Corpus]) -> None:
    documents, made_of = real
    taken = made(take, TakeConfig(side="test"), documents=made_of)
    assert {row["doc_id"] for row in rows(taken, "documents")} == {d for d, s in sides(made_of).items() if s == "test"}
    with pytest.raises(UserError, match="not a split corpus"):
        made(take, TakeConfig(), documents=corpus(documents))


@pytest.mark.parametrize("field", ["url", "conversation", "author", "source"])
def test_what_shares_a_field_stays_together(field: str) -> None:
    texts = paragraphs("en")[:24]
    documents = [document(f"d{n}", text, **{field: f"{field} {n % 8}"}) for n, text in enumerate(texts)]
    side = decided(documents, group_by=(field,))
    assert all(side[f"d{n}"] == side[f"d{n % 8}"] for n in range(24))


def test_variants_follow_their_parent_though_their_texts_differ() -> None:
    texts = paragraphs("zh")[:20]
    originals = [document(f"d{n}", text) for n, text in enumerate(texts[:10])]
    variants = [document(f"d{n}-v", texts[10 + n], parent=f"d{n}") for n in range(10)]
    side = decided([*variants, *originals], group_by=())
    assert all(side[f"d{n}"] == side[f"d{n}-v"] for n in range(10))


def test_adding_documents_moves_no_other() -> None:
    documents = [document(f"d{n}", "text") for n in range(400)]
    few, many = decided(documents[::2]), decided(documents)
    assert {doc_id: many[doc_id] for doc_id in few} == few


def test_each_language_is_parted_by_the_same_shares() -> None:
    documents = [document(f"{lang}{n}", text, language=lang) for lang in ("en", "zh") for n, text in enumerate(paragraphs(lang)[:30])]  # fmt: skip
    side = decided(documents, stratify_by="language")
    for language in ("en", "zh"):
        own = [name for doc_id, name in side.items() if doc_id.startswith(language)]
        assert own.count("test") == round(0.2 * len(own)) and own.count("validation") == round(0.1 * len(own))


def test_by_time_nothing_in_training_is_as_new_as_the_test() -> None:
    dates = [f"20{10 + n % 12}-0{1 + n % 9}-01" for n in range(24)]
    documents = [document(f"d{n}", text, date=dates[n]) for n, text in enumerate(paragraphs("en")[:24])]
    undated = document("undated", paragraphs("zh")[0], date="last week")
    made_of = parted([*documents, undated], time_field="date")
    of_side = defaultdict(list)
    for doc_id, name in sides(made_of).items():
        of_side[name].append(dates[int(doc_id[1:])])
    assert max(of_side["train"]) < min(of_side["validation"]) <= max(of_side["validation"]) < min(of_side["test"])
    [reject] = rows(made_of, "rejects")
    assert (reject["doc_id"], reject["rule"]) == ("undated", "no date")
    assert made_of.manifest.counts["kept"] + made_of.manifest.counts["rejected"] == made_of.manifest.counts["input"]


def test_another_seed_draws_other_sides() -> None:
    documents = real_documents()
    assert decided(documents) != decided(documents, seed=1)


def test_too_few_groups_are_told() -> None:
    documents = [document(f"d{n}", "text", url="one page") for n in range(9)]
    with pytest.raises(WorkFailed, match=r"9 documents make 1 groups .* too few for 3 sides"):
        decided(documents)
    assert set(decided([*documents, document("other", "text")], validation_share=0.0).values()) == {"train", "test"}


def test_a_field_without_dates_is_told() -> None:
    with pytest.raises(UserError, match="No document has a date that can be read in the field written"):
        decided([document(f"d{n}", text) for n, text in enumerate(paragraphs("en")[:6])], time_field="written")


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=10))  # fmt: skip
@settings(deadline=None)
def test_groups_are_the_connected_components(values: list[int], pairs: list[tuple[int, int]]) -> None:
    count = len(values)
    edges = np.array([pair for pair in pairs if max(pair) < count], np.int64).reshape(-1, 2)
    groups = group(count, [np.array(values, np.uint64)], edges).tolist()
    tied = [(a, b) for a, b in combinations(range(count), 2) if values[a] == values[b] != 0] + edges.tolist()
    expected = list(range(count))
    for _ in range(count):
        for a, b in tied:
            expected[a] = expected[b] = min(expected[a], expected[b])
    assert len(set(zip(groups, expected, strict=True))) == len(set(groups)) == len(set(expected))


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 2**64 - 1), st.integers(0, 3)), min_size=3, max_size=60), st.booleans())  # fmt: skip
@settings(deadline=None)
def test_no_side_is_empty_and_none_overflows(drawn: list[tuple[int, int, int]], stratified: bool) -> None:
    sizes, ranks, strata = (np.array(column, np.uint64) for column in zip(*drawn, strict=True))
    groups = Groups(sizes.astype(np.int64), ranks, strata.astype(np.int64), np.zeros(0))
    assigned = assign(groups, Shares(0.1, 0.1), stratified=stratified)
    assert set(assigned.tolist()) == {0, 1, 2}


@pytest.mark.parametrize(
    ("value", "year"),
    [("2021", 2021), (2021, 2021), ("2021-03", 2021), ("2021-03-04T05:06:07Z", 2021), ("2021-03-04 05:06+08:00", 2021), (1.6e9, 2020)],
)  # fmt: skip
def test_dates_are_read_in_the_usual_forms(value: object, year: int) -> None:
    from datetime import UTC, datetime

    assert datetime.fromtimestamp(seconds_of(value), UTC).year == year


@pytest.mark.parametrize("value", [None, "", "last week", True, [], "2021-99"])
def test_what_is_no_date_is_none(value: object) -> None:
    assert seconds_of(value) == NO_TIME


@pytest.mark.parametrize("setting", [{"group_by": ("authr",)}, {"stratify_by": "authr"}, {"time_field": "authr"}])
def test_a_field_that_no_document_has_is_told_with_what_is_spelt_like_it(setting: dict[str, Any]) -> None:
    documents = [document(f"d{n}", text, author=f"a{n % 5}") for n, text in enumerate(paragraphs("en")[:20])]
    with pytest.raises(UserError, match="no document has the field authr") as failure:
        parted(documents, **setting)
    assert "author, " in failure.value.hint


def test_what_is_tied_by_default_may_be_missing() -> None:
    documents = [document(f"d{n}", text, author=f"a{n}") for n, text in enumerate(paragraphs("en")[:20])]
    assert parted(documents, group_by=("url", "author")).manifest.counts["kept"] == 20


@pytest.mark.parametrize(
    "written", ["2024/03/05", "2024/3/5", "2024年3月5日", "2024年03月05日", "2024.3.5", "2024-3-5", " 2024-03-05 "]
)
def test_days_are_read_as_people_write_them(written: str) -> None:
    assert seconds_of(written) == seconds_of("2024-03-05")


def test_years_months_and_times_are_read_in_chinese_too() -> None:
    assert seconds_of("2024年") == seconds_of("2024") == seconds_of("2024-01-01")
    assert seconds_of("2024年3月") == seconds_of("2024/3") == seconds_of("2024-03-01")
    assert seconds_of("2024年3月5日 10:30") == seconds_of("2024-03-05T10:30")
    assert [seconds_of(odd) for odd in ("03/05/2024", "2024年13月1日", "2024/3/5/6", "三月")] == [NO_TIME] * 4


def test_documents_without_a_readable_date_are_counted_where_too_few_are_left() -> None:
    dates = ["2024-01-01"] + ["5th of March"] * 30
    documents = [document(f"d{n}", f"{n}", date=date) for n, date in enumerate(dates)]
    with pytest.raises(
        WorkFailed, match=r"30 of 31 documents have no date .*“5th of March”.* 1 documents came in, and 3 are the least"
    ):
        decided(documents, time_field="date")
