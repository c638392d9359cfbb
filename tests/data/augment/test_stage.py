import json
from collections import Counter
from pathlib import Path

import pytest

from commands import danlu, here
from corpora import corpus, manuals
from danlu.core.artifacts import Corpus, Manifest
from danlu.data.augment.protected import protected_spans
from danlu.data.augment.stage import AugmentConfig, augment
from danlu.data.augment.variants import drift
from danlu.data.augment.wordnet import WordNetFiles
from danlu.data.families import family, family_of, with_parent
from danlu.text.offsets import OffsetMap, Piece
from danlu.text.records import Document, read_documents
from danlu.text.tables import read_rows
from killed import killed_when
from stages import ran
from tiny_wordnet import write_wordnet

ALL = ("synonyms", "grammar", "keyboard", "misread", "homophones", "dropped", "case")


@pytest.fixture(scope="module")
def wordnet(tmp_path_factory: pytest.TempPathFactory) -> WordNetFiles:
    return WordNetFiles(write_wordnet(tmp_path_factory.mktemp("wordnet")))


def made(config: AugmentConfig, wordnet: WordNetFiles | None, given: Corpus, **how: int) -> Corpus:
    return ran(
        Corpus, lambda work: augment.body(work, config, documents=given, wordnet=wordnet), work=True, workers=how.get("workers", 2), seed=how.get("seed", 0)
    )  # fmt: skip


@pytest.fixture(scope="module")
def augmented(wordnet: WordNetFiles) -> Corpus:
    return made(AugmentConfig(methods=ALL, variants=2, noise_share=0.3), wordnet, corpus(manuals()))


def test_documents_and_attempts_are_all_accounted_for(augmented: Corpus) -> None:
    counts = augmented.manifest.counts
    attempts = 12 * (2 * (len(ALL) - 1) + 1)
    assert counts["input"] == 12 + attempts == counts["kept"] + counts["rejected"]
    assert counts["kept"] == len(read_rows(augmented.documents))
    rejects = read_rows(augmented.path / "rejects")
    assert counts["rejected"] == len(rejects) == len({row["doc_id"] for row in rejects})
    assert all(row["rule"] and row["value"] and row["threshold"] for row in rejects)


def test_every_variant_has_a_parent_a_row_and_an_id_of_its_own(augmented: Corpus) -> None:
    found = {document.doc_id: document for document in read_documents(augmented.documents)}
    rows = read_rows(augmented.path / "variants")
    assert len(found) == len(read_rows(augmented.documents)) == 12 + len(rows)
    for row in rows:
        variant = found[row["doc_id"]]
        assert family(variant) == row["parent"] and row["parent"] in found
        assert json.loads(variant.meta)["method"] == row["method"]
        assert json.loads(variant.meta)["author"] in "ab"
        assert variant.text != found[row["parent"]].text
        assert 0 <= row["changed_share"] <= 1 and 0 <= row["drift"] <= 0.35


def test_no_fact_is_altered(augmented: Corpus) -> None:
    found = {document.doc_id: document for document in read_documents(augmented.documents)}
    for document in found.values():
        parent = found[family(document)]
        spans = [parent.text[a:b] for a, b in protected_spans(parent)]
        assert not Counter(spans) - Counter({span: document.text.count(span) for span in spans})


def test_offsets_of_a_variant_lead_back_to_its_parent_and_blocks_move_along(augmented: Corpus) -> None:
    found = {document.doc_id: document for document in read_documents(augmented.documents)}
    changed = [document for document in found.values() if document.doc_id != family(document)]
    assert len({json.loads(document.meta)["method"] for document in changed}) == len(ALL)
    for document in changed:
        parent = found[family(document)]
        pieces = OffsetMap(tuple(Piece(**piece) for piece in document.offsets)).pieces
        assert pieces[-1].end == len(document.text)
        for piece in pieces:
            if piece.kept:
                assert document.text[piece.start : piece.end] == parent.text[piece.source_start : piece.source_end]
        assert [block.kind for block in document.blocks] == [block.kind for block in parent.blocks]
        assert all(0 <= block.start < block.end <= len(document.text) for block in document.blocks)


def test_edits_are_counted_for_variants_only(augmented: Corpus) -> None:
    variants = {row["doc_id"]: row["edits"] for row in read_rows(augmented.path / "variants")}
    counted: Counter[str] = Counter()
    for row in read_rows(augmented.path / "edits"):
        counted[row["doc_id"]] += row["count"]
    assert counted == variants


def test_content_depends_on_the_seed_and_not_on_workers(wordnet: WordNetFiles) -> None:
    given, config = corpus(manuals(6)), AugmentConfig(methods=("synonyms", "dropped"), noise_share=0.3)
    one, two = (made(config, wordnet, given, workers=n).manifest.content_hash for n in (1, 2))
    assert one == two != made(config, wordnet, given, seed=1).manifest.content_hash


def test_a_document_that_is_already_another_s_variant_is_not_made_twice(wordnet: WordNetFiles) -> None:
    config = AugmentConfig(methods=("grammar",))
    first = [document for document in manuals(2) if document.language == "en"]
    variants = made(config, wordnet, corpus(first, parts=1))
    both = [
        Document.of(row | {"doc_id": f"copy {row['doc_id']}", "meta": "{}"}) for row in read_rows(variants.documents)
    ]
    rules = {row["rule"] for row in read_rows(made(config, wordnet, corpus(both, parts=1)).path / "rejects")}
    assert "duplicate variant" in rules


def test_a_missing_wordnet_and_other_languages_are_told_as_reasons() -> None:
    german = Document("de", "Das ist gut.", "", "de.txt", "text/plain", "MIT", "de")
    given = made(AugmentConfig(methods=("synonyms",)), None, corpus([*manuals(2), german], parts=1))
    rules = {row["source"]: row["rule"] for row in read_rows(given.path / "rejects")}
    assert rules["docs/en-000.html"] == "WordNet not found" and rules["de.txt"] == "language not covered"
    assert given.manifest.counts["kept"] >= 3


def test_a_variant_of_a_variant_belongs_to_the_first_document() -> None:
    first = manuals(1)[0]
    second = Document("b", "text", "", "b", "text/plain", "MIT", meta=with_parent(first, method="m"))
    third = Document("c", "text", "", "c", "text/plain", "MIT", meta=with_parent(second, method="n"))
    assert [family(document) for document in (first, second, third)] == [first.doc_id] * 3
    assert family_of("c", third.meta) == first.doc_id


def test_drift_is_nought_for_the_same_words_and_one_for_none_in_common() -> None:
    one = Counter(["管理", "软件"])
    assert drift(one, one) == pytest.approx(0)
    assert drift(one, Counter(["天气"])) == 1
    assert drift(Counter(), Counter()) == 0


def test_a_killed_run_ends_with_the_content_of_an_uninterrupted_one(tmp_path: Path) -> None:
    given = corpus(manuals(24), parts=6).path
    arguments = ["augment", str(given), "--out", "out", "--methods", "grammar,misread,dropped"]
    assert killed_when(tmp_path, arguments, "part-0000?")
    assert not (tmp_path / "out" / "manifest.json").exists()
    again = danlu(tmp_path, *arguments)
    assert again.returncode == 0, again.stderr
    whole = danlu(tmp_path, *arguments[:3], "whole", *arguments[4:])
    assert whole.returncode == 0, whole.stderr
    assert Manifest.read(tmp_path / "out").content_hash == Manifest.read(tmp_path / "whole").content_hash


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--methods", "telepathy"], "Unknown method `telepathy`"),
        (["--methods", "back_translation"], "back_translation needs a translator"),
        (["--wordnet", "."], "is no WordNet"),
        (["--translator", ".", ".", "--methods", "back_translation"], "config.json is missing"),
        (["--set", "augment.word_share=2"], "expected 1.0 or less"),
    ],
)
def test_wrong_usage_is_told_with_status_2(tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "in.txt").write_text("The administrator removes the package.", encoding="utf-8")
    refused = here(tmp_path, "augment", "in.txt", "--out", "out", *arguments)
    assert refused.returncode == 2 and message in refused.stderr
    assert "hint" in refused.stderr
