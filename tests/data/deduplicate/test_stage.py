import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from danlu.core.errors import WorkFailed
from danlu.core.hashing import hash_content
from danlu.data.deduplicate.corpus import find_duplicates
from danlu.data.deduplicate.stage import DeduplicateConfig, deduplicate
from danlu.text.tables import read_rows
from data.deduplicate.corpora import edited, jaccard, near_pairs, passages, work, write

THRESHOLD = 0.8


def real_texts() -> list[str]:
    """Passages in both languages, each with two close versions and an exact copy of some; blanks and empty texts."""
    texts = []
    for number, text in enumerate(passages("en")[:30] + passages("zh")[:30]):
        texts += [text, edited(text, 0.015, number), edited(text, 0.05, number)]
        texts += [text.replace("\n", " \n"), f"  {text}\n"] if number % 5 == 0 else []
    return [*texts, "", "", " ", "短", "短", "a b c", "A, b: c!", "x" * 50]


def run(folder: Path, texts: list[str], workers: int = 1, part_rows: int = 90, **config: float) -> Path:
    corpus = write(folder / "in", texts, part_rows)
    out = folder / f"out-{workers}-{part_rows}"
    facts = deduplicate.body(work(out, workers), DeduplicateConfig(**config), documents=corpus)
    assert facts.counts["kept"] + facts.counts["rejected"] == facts.counts["input"] == len(texts)
    shutil.rmtree(out / ".work")
    return out


def table(out: Path, name: str) -> list[dict[str, object]]:
    return list(read_rows(out / name))


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], Path]:
    texts = real_texts()
    return texts, run(tmp_path_factory.mktemp("real"), texts)


def number(doc_id: object) -> int:
    return int(str(doc_id).removeprefix("d"))


def test_every_removed_document_is_a_near_duplicate_of_one_that_stays(real: tuple[list[str], Path]) -> None:
    texts, out = real
    kept = {row["doc_id"] for row in table(out, "documents")}
    pairs = table(out, "pairs")
    assert len(pairs) > 40
    for row in pairs:
        assert row["kept"] in kept and row["removed"] not in kept
        assert number(row["kept"]) < number(row["removed"])
        ours, theirs = texts[number(row["kept"])], texts[number(row["removed"])]
        if row["text"] is None:
            assert " ".join(ours.split()) == " ".join(theirs.split())
        else:
            assert row["text"] == theirs
            assert (
                row["jaccard"] == pytest.approx(jaccard(ours, theirs), abs=1e-12) and jaccard(ours, theirs) >= THRESHOLD
            )


def test_no_two_that_stay_are_near_duplicates(real: tuple[list[str], Path]) -> None:
    texts, out = real
    kept = [texts[number(row["doc_id"])] for row in table(out, "documents")]
    assert near_pairs(kept, THRESHOLD) == {}
    assert len({" ".join(text.split()) for text in kept}) == len(kept)


def test_rejects_say_what_was_measured_and_clusters_add_up(real: tuple[list[str], Path]) -> None:
    _, out = real
    rejects = table(out, "rejects")
    rules = Counter(row["rule"] for row in rejects)
    assert set(rules) == {"exact duplicate", "near duplicate"}
    assert {row["doc_id"] for row in rejects} == {row["removed"] for row in table(out, "pairs")}
    assert all(str(row["value"]).split(" ")[-1].startswith("docs/") for row in rejects)
    clusters = table(out, "clusters")
    sizes = Counter(row["cluster"] for row in clusters)
    assert all(row["size"] == sizes[row["cluster"]] > 1 for row in clusters)
    assert sum(sizes.values()) - len(sizes) == len(rejects)


def test_workers_and_parts_do_not_change_what_comes_out(real: tuple[list[str], Path], tmp_path: Path) -> None:
    texts, out = real
    assert hash_content(run(tmp_path, texts, workers=2), ()) == hash_content(out, ())
    found = find_duplicates(work(tmp_path / "one"), write(tmp_path / "one-in", texts, part_rows=10_000), THRESHOLD)
    assert {f"d{at}" for at, stays in enumerate(found.kept) if at == stays} == {
        row["doc_id"] for row in table(out, "documents")
    }


_KILLED = """
import os, signal, sys
from pathlib import Path
from data.deduplicate import corpora
from danlu.core.artifacts import Corpus
from danlu.data.deduplicate import stage

class Dying:
    left = int(sys.argv[3])
    def advance(self, done, total, note=""):
        Dying.left -= 1
        if Dying.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
    def line(self, text): pass

if __name__ == "__main__":
    given = corpora.work(Path(sys.argv[2]), 2)
    given = type(given)(given.folder, given.scratch, 0, 1, 2, Dying())
    corpus = Corpus(Path(sys.argv[1]), None)
    stage.deduplicate.body(given, stage.DeduplicateConfig(), documents=corpus)
"""


@pytest.mark.parametrize("steps", [1, 5])
def test_killed_and_run_again_equals_uninterrupted(real: tuple[list[str], Path], tmp_path: Path, steps: int) -> None:
    texts, out = real
    corpus, folder = write(tmp_path / "in", texts, 90), tmp_path / "out"
    script = tmp_path / "killed.py"
    script.write_text(_KILLED, encoding="utf-8")
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, str(script), str(corpus.path), str(folder), str(steps)], env=env, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert any((folder / ".work").iterdir())
    deduplicate.body(work(folder), DeduplicateConfig(), documents=corpus)
    shutil.rmtree(folder / ".work")
    assert hash_content(folder, ()) == hash_content(out, ())


WORDS = st.lists(st.sampled_from("alpha beta gamma delta 字 词 句 段 一 二".split()), max_size=12).map(" ".join)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(WORDS, min_size=1, max_size=12), st.sampled_from([0.5, 0.8, 1.0]))
def test_any_texts_keep_the_promises(tmp_path: Path, texts: list[str], threshold: float) -> None:
    folder = tmp_path / str(time.monotonic_ns())
    corpus = write(folder / "in", texts, part_rows=100)
    found = find_duplicates(work(folder / "out"), corpus, threshold)
    stays = found.kept.tolist()
    for ours, theirs in zip(stays, range(len(texts)), strict=True):
        assert ours <= theirs and stays[ours] == ours
        same = texts[ours].split() == texts[theirs].split()
        assert same or jaccard(texts[ours], texts[theirs]) >= threshold
    kept = [text for at, text in enumerate(texts) if stays[at] == at]
    assert near_pairs(kept, threshold) == {}


def test_a_corpus_of_one_page_a_thousand_times_keeps_one(tmp_path: Path) -> None:
    page = passages("zh")[3]
    texts = [f"{page[:200]} 第 {at % 7} 次 {page[200:]} {at}" for at in range(1000)]
    found = find_duplicates(work(tmp_path / "out"), write(tmp_path / "in", texts, part_rows=1000), THRESHOLD)
    assert set(found.kept.tolist()) == {0}


def test_one_very_long_document_among_short_ones(tmp_path: Path) -> None:
    long = " ".join(f"word{at * 7919 % 100_003}" for at in range(300_000))
    texts = ["short one here", long, "short one here", long + " the end", "another text"]
    found = find_duplicates(work(tmp_path / "out"), write(tmp_path / "in", texts), THRESHOLD)
    assert found.kept.tolist() == [0, 1, 0, 1, 4]


def test_chinese_that_does_not_fall_into_tokens_fails_loudly(tmp_path: Path) -> None:
    garbled = "".join(passages("zh")[:5]).encode("gb18030").hex()
    corpus = write(tmp_path / "in", [garbled[:4000], garbled[4000:9000]], language="zh")
    with pytest.raises(WorkFailed, match="bytes a token"):
        deduplicate.body(work(tmp_path / "out"), DeduplicateConfig(), documents=corpus)
