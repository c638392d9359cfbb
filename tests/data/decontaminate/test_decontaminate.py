import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.core.artifacts import Corpus
from danlu.core.errors import UserError
from danlu.core.outside import DataFile
from danlu.data.decontaminate.benchmarks import Benchmarks
from danlu.data.decontaminate.find import Finder, pieces_of
from danlu.data.decontaminate.judge import Judge, judge_batch
from danlu.data.decontaminate.paragraphs import without
from danlu.data.decontaminate.stage import DecontaminateConfig, decontaminate
from danlu.data.parts import Batch
from danlu.text.contamination.items import Item, digest
from danlu.text.contamination.overlap import Comparer, Kind
from danlu.text.contamination.overlap_index import OverlapIndex
from danlu.text.offsets import OffsetMap, Piece
from danlu.text.records import DOCUMENTS, Block, Document
from danlu.text.shingles import hash_tokens
from danlu.text.waivers import Waiver, Waivers
from data.corpora import contents, corpus, document, made, paragraphs, rows

ENGLISH = "A farmer keeps hens in three barns and sells the eggs of two of them every Friday; how many dozens does he sell in a year?"  # fmt: skip
CHINESE = "某农户在三个鸡舍里养鸡，每周五把其中两个鸡舍的鸡蛋拿去集市出售，请问他一年之内一共卖出多少打鸡蛋？"
ITEMS = [{"question": ENGLISH, "answer": "1040"}, {"question": CHINESE, "answer": "1040"}]


def benchmark(folder: Path, given: list[dict[str, Any]] = ITEMS) -> Benchmarks:
    folder.mkdir(exist_ok=True)
    (folder / "eggs.jsonl").write_text("\n".join(json.dumps(item) for item in given), encoding="utf-8")
    return Benchmarks.below([folder])


def leaking() -> list[Document]:
    """Real paragraphs, four of which hold an item: whole, edited, twice, and at the end of a long document."""
    english, chinese = paragraphs("en"), paragraphs("zh")
    plain = [document(f"plain{n}", text) for n, text in enumerate((*english[:10], *chinese[:10]))]
    edited = CHINESE.replace("请问他", "问他").replace("集市", "市场")
    long = "\n\n".join(english * 15)
    assert len(long) > 2 * 60_000
    return [
        *plain,
        document("whole", f"{english[11]}\n\n{ENGLISH}\n\n{english[12]}"),
        document("edited", f"{chinese[11]}\n\n{edited}\n\n{chinese[12]}"),
        document("twice", f"{ENGLISH}\n\n{english[13]}\n\n{ENGLISH}"),
        document("long", f"{long}\n\n{ENGLISH}"),
    ]


def cleaned(folder: Path, documents: list[Document], workers: int = 2, **config: Any) -> Corpus:
    waivers = config.pop("waivers", None)
    config = {"policy": "drop"} | config
    given = {"documents": corpus(documents, 2), "against": benchmark(folder / "eggs"), "waivers": waivers}
    return made(decontaminate, DecontaminateConfig(**config), workers, **given)


def finder(texts: list[str], *items: Item) -> Finder:
    index = OverlapIndex(items, max_led=None)
    shingles, _ = index.shared(hash_tokens(texts))
    index.counted(np.bincount(shingles, minlength=index.shingle_count), len(texts))
    return Finder(items, index, Comparer(items, index))


@pytest.fixture(scope="module")
def dropped(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return cleaned(tmp_path_factory.mktemp("drop"), leaking())


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return cleaned(tmp_path_factory.mktemp("cut"), leaking(), workers=1, policy="paragraph")


def test_documents_that_hold_an_item_are_dropped_and_no_other(dropped: Corpus) -> None:
    assert {row["doc_id"] for row in rows(dropped, "rejects")} == {"whole", "edited", "twice", "long"}
    assert len(rows(dropped, "documents")) == 20
    assert {row["rule"] for row in rows(dropped, "rejects")} == {"benchmark item"}


def test_matches_name_both_sides_with_their_spans(dropped: Corpus) -> None:
    texts = {one.doc_id: one.text for one in leaking()}
    found = {row["doc_id"]: row for row in rows(dropped, "matches")}
    assert {name: row["kind"] for name, row in found.items()} == {
        "whole": "word for word", "edited": "with small edits", "twice": "word for word", "long": "word for word",
    }  # fmt: skip
    for name, row in found.items():
        assert texts[name][row["start"] : row["end"]] == row["text"]
        assert row["item_text"][row["item_start"] : row["item_end"]].rstrip("？?") in (ENGLISH[:-1], CHINESE[:-1])
    assert found["whole"]["text"] == ENGLISH[:-1]
    assert found["whole"]["benchmark"] == "eggs/eggs" and found["whole"]["row"] == 1


def test_paragraphs_leave_and_the_rest_leads_back(cut: Corpus) -> None:
    before = {one.doc_id: one.text for one in leaking()}
    after = {row["doc_id"]: row for row in rows(cut, "documents")}
    assert set(after) == set(before)
    edits = {row["doc_id"]: row["count"] for row in rows(cut, "edits")}
    assert edits == {"whole": 1, "edited": 1, "twice": 2, "long": 1}
    for name, row in after.items():
        assert ENGLISH not in row["text"] and "鸡蛋" not in row["text"]
        for piece in row["offsets"]:
            if piece["kept"]:
                own = row["text"][piece["start"] : piece["end"]]
                assert own == before[name][piece["source_start"] : piece["source_end"]]


def test_nothing_is_found_in_what_was_cleaned(cut: Corpus) -> None:
    texts = [row["text"] for row in rows(cut, "documents")]
    assert finder(texts, Item(1, ENGLISH, "question", answer="1040"), Item(2, CHINESE, "question")).find(texts) == []


def test_signed_waivers_keep_a_document_and_stay_in_sight() -> None:
    documents = [one for one in leaking() if one.doc_id in ("whole", "edited")]
    items = (Item(1, ENGLISH, "question"), Item(2, CHINESE, "question"))
    waivers = Waivers(
        (Waiver("contamination.exact", "our own riddle", 1, digest(items[0])[:16], "Li Lei, 2026-11-01"),)
    )
    found = finder([one.text for one in documents], *items)
    judge = Judge(found, ("eggs", "eggs"), waivers, "drop", lambda batch: list(range(batch.table.num_rows)))
    verdict = judge_batch(judge, Batch(pa.Table.from_pylist([asdict(one) for one in documents], DOCUMENTS), 0, 0))
    assert verdict.kept["doc_id"].to_pylist() == ["whole"]
    assert [reject.doc_id for reject in verdict.rejects] == ["edited"]
    rows = verdict.beside["matches"].to_pylist()
    assert [(row["action"], row["waiver"]) for row in rows] == [
        ("waived", "Li Lei, 2026-11-01: our own riddle"), ("document dropped", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"item": "a" * 16, "reason": "fine"}, "does not say who gave it"),
        ({"item": 3, "reason": "fine", "by": "me"}, "names its item by a row"),
        ({"item": "a" * 16, "by": "me"}, "gives no reason"),
    ],
)
def test_waivers_that_say_too_little_are_refused(tmp_path: Path, said: dict[str, Any], message: str) -> None:
    file = tmp_path / "waivers.jsonl"
    file.write_text(json.dumps({"check": "contamination.exact"} | said), encoding="utf-8")
    with pytest.raises(UserError, match=message):
        cleaned(tmp_path, leaking(), waivers=DataFile(file))


def test_a_column_that_is_not_named_right_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="expected OWN=KNOWN"):
        cleaned(tmp_path, leaking(), columns=("question",))


def test_what_every_document_says_is_no_contamination() -> None:
    licence = "Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files."  # fmt: skip
    texts = [f"{paragraphs('en')[n % 12]} {n}\n\n{licence}" for n in range(120)]
    assert finder(texts, Item(1, licence, "question")).find(texts) == []
    assert len(finder(texts[:3], Item(1, licence, "question")).find(texts[:3])) == 3


def test_one_item_in_many_documents_is_found_in_each() -> None:
    texts = [f"{paragraphs('en')[n % 12]} {n}" for n in range(6000)] + [f"{n} {ENGLISH} {n}" for n in range(55)]
    found = finder(texts, Item(1, ENGLISH, "question")).find(texts)
    assert [one.document for one in found] == list(range(6000, 6055))
    assert {one.match.kind for one in found} == {Kind.EXACT}


def test_what_is_not_looked_at_again_holds_nothing() -> None:
    texts = [one.text for one in leaking()]
    items = (Item(1, ENGLISH, "question", answer="1040"), Item(2, CHINESE, "question"))
    looks = finder(texts, *items)
    found = {one.document for one in looks.find(texts)}
    index = OverlapIndex(items, max_led=None)
    shingles, owners = index.shared(hash_tokens(texts))
    index.counted(np.bincount(shingles, minlength=index.shingle_count), len(texts))
    worth = set(index.owners_in_pairs(shingles, owners).tolist())
    assert found == worth == {20, 21, 22, 23}


def test_spans_are_exact_beside_signs_that_fold_to_several() -> None:
    text = f"①㎡ ﬁrst e\u0301t\u0301 ²\n{CHINESE}ﬀ\n㌔ {ENGLISH} ㎡"
    found = finder([text], Item(1, ENGLISH, "question"), Item(2, CHINESE, "question")).find([text])
    assert {text[slice(*one.span)] for one in found} == {ENGLISH[:-1], CHINESE[:-1]}


@given(st.text("a b\n", max_size=300), st.integers(0, 10**6))
@settings(deadline=None, max_examples=50)
def test_pieces_cover_the_text_and_overlap(part: str, seed: int) -> None:
    text = (part or "x") * (1 + 200_000 // max(len(part), 1))
    pieces = pieces_of([text])
    assert pieces[0].start == 0 and pieces[-1].start + len(pieces[-1].text) == len(text)
    assert all(text[piece.start : piece.start + len(piece.text)] == piece.text for piece in pieces)
    ends = [piece.start + len(piece.text) for piece in pieces]
    assert all(later.start < end <= later.start + 8_000 for end, later in zip(ends, pieces[1:], strict=False))


def test_blocks_and_earlier_offsets_move_along() -> None:
    text = "# Head\n\nKeep this.\n\nTake this out.\n\nAnd keep this."
    spans = [(0, 6, "heading"), (8, 18, "text"), (20, 34, "text"), (36, 50, "text")]
    earlier = OffsetMap((Piece(0, 50, 100, 150, kept=True),))
    before = Document("d", text, "", "s", "text/plain", "MIT", blocks=tuple(Block(*span) for span in spans),
                      offsets=tuple(vars(piece) for piece in earlier.pieces))  # fmt: skip
    after, removed = without(before, [(22, 25)])
    assert (after.text, removed) == ("# Head\n\nKeep this.\n\nAnd keep this.", 1)
    assert [after.text[block.start : block.end] for block in after.blocks] == ["# Head", "Keep this.", "And keep this."]
    last = after.offsets[-1]
    assert (last["source_start"], last["source_end"]) == (136, 150)


def test_workers_make_no_difference(dropped: Corpus, tmp_path: Path) -> None:
    assert contents(cleaned(tmp_path, leaking(), workers=1)) == contents(dropped)
