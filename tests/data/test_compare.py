from danlu.core.artifacts import Corpus
from danlu.data.compare import compare, examples, manifest_differences
from data.corpora import corpus, document, paragraphs


def pair() -> tuple[Corpus, Corpus]:
    english, chinese = paragraphs("en"), paragraphs("zh")
    first = [
        document("same", english[0], language="en"),
        document("gone", english[1], language="en"),
        document("edited", chinese[0], language="zh"),
        document("old name", english[2], language="en"),
        document("retold", chinese[1], language="und"),
    ]
    second = [
        document("retold", chinese[1], language="zh"),
        document("edited", chinese[0].replace("的", "之", 1), language="zh"),
        document("new name", english[2], language="en"),
        document("same", english[0], language="en"),
        document("fresh", chinese[2], language="zh", source="other/fresh"),
    ]
    return corpus(first, parts=2), corpus(second, parts=3)


def test_every_document_is_told_by_id_and_by_text() -> None:
    found = compare(*pair(), between=[])
    assert (len(found.added), len(found.removed), len(found.changed)) == (2, 2, 1)
    assert (found.relabelled, found.renamed, found.unchanged) == (1, 1, 1)
    assert found.removed_by == {"": 2}


def test_amounts_are_those_of_the_texts() -> None:
    first, second = pair()
    found = compare(first, second, between=[])
    assert found.first.by_language["en"]["documents"] == 3 and found.second.by_language["zh"]["documents"] == 3
    assert found.first.by_language["en"]["characters"] == sum(map(len, paragraphs("en")[:3]))
    assert set(found.second.by_source) == {"docs", "other"}
    assert 20 < found.second.by_source["other"]["tokens"] <= len(paragraphs("zh")[2])


def test_examples_show_where_texts_part() -> None:
    found = examples(compare(*pair(), between=[]), 5)
    assert {row["source"] for row in found["added"]} == {"docs/new name", "other/fresh"}
    assert {row["source"] for row in found["removed"]} == {"docs/gone", "docs/old name"}
    [changed] = found["changed"]
    assert "的" in changed["before"] and changed["after"] == changed["before"].replace("的", "之", 1)


def test_equal_corpora_do_not_differ() -> None:
    first, _ = pair()
    found = compare(first, first, between=[])
    assert (len(found.added), len(found.removed), len(found.changed), found.relabelled, found.unchanged) == (
        0,
        0,
        0,
        0,
        5,
    )
    assert manifest_differences(first.manifest, first.manifest) == {}


def test_manifests_are_told_apart_by_name() -> None:
    first, second = pair()
    assert set(manifest_differences(first.manifest, second.manifest)) == {"content_hash"}
