"""Repeated passages, against a plain search in strings that settles document by document."""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from danlu.core.hashing import hash_content
from danlu.data.deduplicate.passage_edits import passage_edits
from danlu.data.deduplicate.stage import DeduplicateConfig, deduplicate
from danlu.text.offsets import apply
from danlu.text.records import DOCUMENTS, Block, Document, read_documents
from danlu.text.shingles import tokens
from danlu.text.tables import read_rows, write_rows
from danlu.text.token_places import token_places
from data.deduplicate.corpora import passages, work, write

PART_ROWS = 60
"""So that the real text makes two parts."""


def plain(texts: list[list[str]], must_stay: set[int], length: int, least: int) -> dict[int, list[str] | None]:
    """What each text keeps, None where it goes: a run of `length` tokens goes when it stands whole in what was kept before."""
    standing: set[tuple[str, ...]] = set()
    kept: dict[int, list[str] | None] = {}
    for at, words in enumerate(texts):
        runs = [tuple(words[start : start + length]) for start in range(len(words) - length + 1)]
        is_cut, here = [False] * len(words), set[tuple[str, ...]]()
        for token in range(len(words) + 1):
            before = token - length
            if before >= 0 and not any(is_cut[before:token]):
                here.add(runs[before])
            if token < len(runs) and runs[token] in standing | here:
                is_cut[token : token + length] = [True] * length
        left = [word for word, cut in zip(words, is_cut, strict=True) if not cut]
        too_little = any(is_cut) and len(left) < least
        kept[at] = None if too_little and at not in must_stay else words if too_little else left
        standing |= set(runs) if kept[at] == words else here if kept[at] is not None else set()
    return kept


def run(folder: Path, texts: list[str], workers: int = 1, part_rows: int = 50, **config: object) -> Path:
    out = folder / f"out-{workers}-{part_rows}"
    facts = deduplicate.body(
        work(out, workers), DeduplicateConfig(**config), documents=write(folder / f"in-{part_rows}", texts, part_rows)
    )
    assert facts.counts["kept"] + facts.counts["rejected"] == facts.counts["input"] == len(texts)
    shutil.rmtree(out / ".work")
    return out


def agrees(out: Path, texts: list[str], length: int, least: int) -> None:
    """The stage kept what the plain search keeps, and said so."""
    rejects = {str(row["doc_id"]): str(row["rule"]) for row in read_rows(out / "rejects")}
    duplicates = {doc_id for doc_id, rule in rejects.items() if rule in ("exact duplicate", "near duplicate")}
    centres = {str(row["cluster"]) for row in read_rows(out / "clusters")}
    names = [f"d{at}" for at in range(len(texts)) if f"d{at}" not in duplicates]
    words = [tokens(texts[int(name[1:])]) for name in names]
    kept = plain(words, {at for at, name in enumerate(names) if name in centres}, length, least)
    documents = {document.doc_id: document for document in read_documents(out / "documents")}
    changed = {str(row["doc_id"]) for row in read_rows(out / "edits")}
    for at, name in enumerate(names):
        if kept[at] is None:
            assert rejects[name] == "little beside repeated passages"
            continue
        assert tokens(documents[name].text) == kept[at]
        assert (name in changed) == (kept[at] != words[at])
        source = texts[int(name[1:])]
        for piece in documents[name].offset_map().pieces:
            if piece.kept:
                assert documents[name].text[piece.start : piece.end] == source[piece.source_start : piece.source_end]
    for row in read_rows(out / "passages"):
        ours, theirs = texts[int(row["doc_id"][1:])], texts[int(row["kept"][1:])]
        assert ours[row["start"] : row["end"]] == row["text"]
        assert tokens(row["text"]) == tokens(theirs[row["kept_start"] : row["kept_end"]])
        assert len(tokens(row["text"])) == row["tokens"] >= length
        assert row["kept"] in documents


PIECES = st.sampled_from(["ab ", "c, ", "字", "词。", "d\n", "e.\n\n", "(f) ", "“㎡”"])
RUNS = st.lists(PIECES, min_size=1, max_size=14).map("".join)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(RUNS, min_size=2, max_size=4), st.data(), st.sampled_from([1, 8, 25]))
def test_any_texts_keep_what_a_plain_search_keeps(
    tmp_path: Path, runs: list[str], data: st.DataObject, least: int
) -> None:
    texts = data.draw(st.lists(st.lists(st.sampled_from(runs), max_size=8).map("".join), min_size=1, max_size=8))
    texts = [re.sub("㎡", "m2", text) for text in texts]  # its tokens cannot be cut apart: tested below
    folder = tmp_path / str(time.monotonic_ns())
    agrees(run(folder, texts, passage_tokens=10, min_left_tokens=least, near_threshold=1.0), texts, 10, least)


def mixed(seed: int = 0) -> list[str]:
    """Real text in both languages: documents of sentences of their own, and stretches of others' that begin anywhere."""
    draw, documents = random.Random(seed), []
    sources = passages("en") + passages("zh")
    for own in sources * 3:
        cut = sorted(draw.randrange(len(own)) for _ in range(2))
        others = [draw.choice(sources) for _ in range(2)]
        starts = [draw.randrange(max(len(other) - 400, 1)) for other in others]
        stretches = [other[at : at + draw.randrange(60, 400)] for other, at in zip(others, starts, strict=True)]
        documents.append(draw.choice([own, own[: cut[1]] + stretches[0], stretches[0] + own[cut[0] :] + stretches[1]]))
    return documents


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], Path]:
    texts = mixed()
    return texts, run(tmp_path_factory.mktemp("real"), texts, part_rows=PART_ROWS, passage_tokens=30)


def test_real_text_keeps_what_a_plain_search_keeps(real: tuple[list[str], Path]) -> None:
    texts, out = real
    agrees(out, texts, 30, 20)
    rows = read_rows(out / "passages")
    assert len(rows) > 40 and {row["kept"] == row["doc_id"] for row in rows} == {True, False}
    assert any("\n\n" in row["text"] for row in rows), "none crosses a paragraph"


def test_workers_and_parts_do_not_change_what_is_cut(real: tuple[list[str], Path], tmp_path: Path) -> None:
    texts, out = real
    assert hash_content(run(tmp_path, texts, workers=2, part_rows=PART_ROWS, passage_tokens=30), ()) == hash_content(
        out, ()
    )
    whole = run(tmp_path, texts, part_rows=10_000, passage_tokens=30)
    assert read_rows(whole / "documents") == read_rows(out / "documents")
    assert read_rows(whole / "passages") == read_rows(out / "passages")


_KILLED = """
import os, signal, sys
from pathlib import Path
from data.deduplicate import corpora
from danlu.core.artifacts import Corpus
from danlu.data.deduplicate import stage

class Dying:
    def advance(self, done, total, note=""):
        if (Path(sys.argv[2]) / ".work" / "passages" / sys.argv[3]).exists():
            os.kill(os.getpid(), signal.SIGKILL)
    def line(self, text): pass

if __name__ == "__main__":
    given = corpora.work(Path(sys.argv[2]), 1)
    given = type(given)(given.folder, given.scratch, 0, 1, 1, Dying())
    stage.deduplicate.body(given, stage.DeduplicateConfig(passage_tokens=30), documents=Corpus(Path(sys.argv[1]), None))
"""


def test_killed_and_run_again_equals_uninterrupted(real: tuple[list[str], Path], tmp_path: Path) -> None:
    texts, out = real
    corpus, folder = write(tmp_path / "in", texts, PART_ROWS), tmp_path / "out"
    script = tmp_path / "killed.py"
    script.write_text(_KILLED, encoding="utf-8")
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    arguments = [sys.executable, str(script), str(corpus.path), str(folder), "part-00000"]
    assert subprocess.run(arguments, env=env, check=False).returncode == -signal.SIGKILL
    assert not (folder / ".work" / "passages" / "settled").exists()
    deduplicate.body(work(folder), DeduplicateConfig(passage_tokens=30), documents=corpus)
    shutil.rmtree(folder / ".work")
    assert hash_content(folder, ()) == hash_content(out, ())


CUTS = [
    ("Mine. The passage ends here. Mine again.", "The passage ends here", "Mine. Mine again."),
    ("自己的话。重复的文段到此为止。自己的尾巴。", "重复的文段到此为止", "自己的话。自己的尾巴。"),
    ("Mine (“the passage”) and mine.", "the passage", "Mine and mine."),
    ("mine(the passage)mine", "the passage", "mine mine"),
    ("我的（重复的文段）话", "重复的文段", "我的话"),
    ("First.\n\n- The whole item.\n\nLast.", "The whole item", "First.\n\nLast."),
    ("First.\n\nThe end.\n", "The end", "First."),
    ("The start,\nand more. Mine.", "The start,\nand more", "Mine."),
    ("Mine. The start\n\nand the rest. Mine too.", "The start\n\nand the rest", "Mine.\n\nMine too."),
    ("甲乙丙。开头的话\n后面的话。丁。", "开头的话\n后面的话", "甲乙丙。\n丁。"),
    ("Mine. All to the end of the line.\nNext.", "All to the end of the line", "Mine.\nNext."),
]


@pytest.mark.parametrize(("text", "passage", "left"), CUTS)
def test_a_cut_takes_the_marks_that_belong_to_it_and_joins_nothing(text: str, passage: str, left: str) -> None:
    start = text.index(passage)
    found, _ = apply(text, passage_edits(text, [(start, start + len(passage))]))
    assert found == left
    assert tokens(found) == [*tokens(text[:start]), *tokens(text[start + len(passage) :])]


WORDS = st.sampled_from(["ab", "c", "字", "词", " ", ", ", "。", "\n", "\n\n", "(", "）", "- ", "é", "_"])


@settings(deadline=None)
@given(st.lists(WORDS, max_size=12).map("".join), st.data())
@example("c\n。 é", None)
def test_cuts_take_their_own_tokens_and_no_others(text: str, data: st.DataObject | None) -> None:
    spans = sorted({(start, start + len(found)) for found, start in _separate(text)})
    chosen = [span for span in spans if data is None or data.draw(st.booleans())]
    joined: list[tuple[int, int]] = []
    for start, end in chosen:
        if joined and not tokens(text[joined[-1][1] : start]):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    found, _ = apply(text, passage_edits(text, joined))
    assert tokens(found) == [token for token, start in _separate(text) if not any(a <= start < b for a, b in joined)]


def _separate(text: str) -> list[tuple[str, int]]:
    """Tokens and where they start, of a text whose marks all follow what they join."""
    places = token_places(pa.array([text]))
    return [
        (tokens(text[start:end])[0], start)
        for start, end in zip(places.begins.tolist(), places.ends.tolist(), strict=True)
    ]


def test_a_sign_of_several_tokens_is_cut_whole_or_not_at_all(tmp_path: Path) -> None:
    shared = "这套住宅的建筑面积是一百二十㎡而且朝南"
    texts = [f"甲方说明：{shared}三居室。", f"乙方的另一段完全不同的文字，{shared}，但是楼层不一样。"]
    out = run(tmp_path, texts, passage_tokens=10, min_left_tokens=3)
    agrees(out, texts, 10, 3)
    inside = [text.replace("㎡", "m2") if at else text for at, text in enumerate(texts)]
    _, second = read_documents(run(tmp_path / "b", inside, passage_tokens=10, min_left_tokens=3) / "documents")
    assert shared[:8] not in second.text


def test_blocks_move_and_offsets_lead_back_through_an_earlier_edit(tmp_path: Path) -> None:
    one, two = passages("en")[2], passages("zh")[2]
    text = f"My own beginning of this page.\n\n{one}\n\n自己的一段话，只有这里才有，不会出现在别处。"
    own = text.index("自己的")
    blocks = (Block(0, 30, "heading"), Block(32, own - 2, "text"), Block(own, len(text), "text"))
    second = Document("d1", text, "", "docs/1.txt", "text/plain", "MIT", blocks=blocks)
    corpus = write(tmp_path / "in", [one, two])
    rows = [*read_rows(corpus.documents), replace(second, doc_id="d9").row()]
    write_rows(corpus.documents / "00000.parquet", rows, DOCUMENTS)
    config = DeduplicateConfig(passage_tokens=30, near_threshold=1.0)
    deduplicate.body(work(tmp_path / "out"), config, documents=corpus)
    [made] = [document for document in read_documents(tmp_path / "out" / "documents") if document.doc_id == "d9"]
    assert made.text == "My own beginning of this page.\n\n自己的一段话，只有这里才有，不会出现在别处。"
    assert [(made.text[block.start : block.end], block.kind) for block in made.blocks] == [
        ("My own beginning of this page.", "heading"),
        ("自己的一段话，只有这里才有，不会出现在别处。", "text"),
    ]
    assert made.offset_map().to_source(32, len(made.text)) == (own, len(text))


def test_lines_and_passages_are_cut_together_and_a_witness_loses_nothing(tmp_path: Path) -> None:
    menu, shared = "首页 | 新闻中心 | 联系我们 | 关于本站 | 网站地图", passages("en")[1]
    pages = [passages("zh")[at] for at in range(4)]
    texts = [f"{menu}\n\n{own}\n\n{menu}\n\n{shared if at in (1, 3) else ''}" for at, own in enumerate(pages)]
    meta = [f'{{"url": "https://a.example/{at}"}}' for at in range(4)]
    corpus = write(tmp_path / "in", texts)
    rows = [row | {"meta": url} for row, url in zip(read_rows(corpus.documents), meta, strict=True)]
    write_rows(corpus.documents / "00000.parquet", rows, DOCUMENTS)
    config = DeduplicateConfig(passage_tokens=30, max_line_documents=2)
    deduplicate.body(work(tmp_path / "out"), config, documents=corpus)
    made = [document.text for document in read_documents(tmp_path / "out" / "documents")]
    assert [text.count(menu) for text in made] == [2, 0, 0, 0]
    assert [shared[-200:] in text for text in made] == [False, True, False, False]
    assert sum(text.count(pages[at].strip()) for at, text in enumerate(made)) == 4


def test_a_document_that_others_went_for_never_goes(tmp_path: Path) -> None:
    whole = passages("en")[4]
    part = whole[: len(whole) // 2]
    texts = [whole, part, part + " again"]
    out = run(tmp_path, texts, passage_tokens=20)
    assert {row["doc_id"]: row["rule"] for row in read_rows(out / "rejects")} == {"d2": "near duplicate"}
    assert [document.text for document in read_documents(out / "documents")] == [whole, part]
    agrees(out, texts, 20, 20)
