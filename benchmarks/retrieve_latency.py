"""What a question costs on many passages: CPU of the fused query, filtered and not, of ingestion, and memory; with FTS5 and FAISS beside.

    apt-get download libreoffice-help-zh-cn libreoffice-help-zh-tw manpages-zh linux-doc-6.1 postgresql-doc-15 python3.11-doc git-doc
    for package in *.deb; do dpkg -x "$package" manuals; done
    python benchmarks/retrieve_latency.py manuals [--passages 100000] [--dimensions 384] [--vectors 1000000]

Every HTML page and every page of a manual is a document, cut into passages of 450 characters (225 where it is Chinese); Chinese ones come
first, until they are 44 % of the passages.
Vectors are those of an LSA that is trained on 20,000 of the passages. Questions are sentences of the passages, half in each language, encoded
before the clock starts. A query is what a search does between a question and its ten passages: misspelt words and other names
looked up, both lexical legs, the dense one with exact scores for what they found, the fusion, the passages read. Once more with a slip
of the hand in a word of each question that has one; and what `danlu ask` does with a question, the refusal gate and the quote included.
Queries run in a process of their own, whose peak memory, the encoder's included, is printed.

Ingestion is the index's own writing with an encoder that costs nothing: all documents in one transaction, as a run builds
it, and each in its own, as a live index takes it. FTS5 gets the same terms and the same questions. For FAISS the passages are cut into pieces of 75 characters (30 Chinese
ones), each with its own vector, until there are --vectors of them or no text is left; a hit counts when its exact score reaches that of the tenth.
CPU-seconds are those of one thread.
"""

import argparse
import gzip
import json
import os
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danlu.core.errors import UserError
from danlu.core.threads import one_blas_thread
from danlu.model.encoder import Encoder, LsaEncoder, load_encoder, save_lsa
from danlu.retrieve.grounding.ground import answer
from danlu.retrieve.legs.change import Change
from danlu.retrieve.legs.lexical import lexical_scores
from danlu.retrieve.legs.live import LiveIndex
from danlu.retrieve.legs.memory import Memory
from danlu.retrieve.legs.other_names import other_names
from danlu.retrieve.legs.search import DEPTH, Searcher
from danlu.retrieve.legs.spelling import spelt
from danlu.retrieve.ranking.fuse import PRIOR
from danlu.retrieve.ranking.rank import best_passages
from danlu.retrieve.refusal.calibrate import calibrate
from danlu.retrieve.tables.faiss_cache import Stamp, build_cache, open_cache
from danlu.retrieve.tables.postings import Columns
from danlu.retrieve.tables.ranked_anew import ranked
from danlu.retrieve.tables.schema import encoder_hash, write_fact
from danlu.retrieve.tables.vectors import VectorTable
from danlu.retrieve.tables.writing import Version, build
from danlu.text.language import answer_language, is_chinese
from danlu.text.records import Block, Document
from danlu.text.segment import bigrams, terms

_LENGTH = 450
_CHINESE_SHARE = 0.44
_PAGE = re.compile(r"\.html$|\.\d\w*\.gz$")
_MACRO = re.compile(r"^\.\w+ ?|\\f[BIRP]|\\[&-]")
WORD = re.compile(r"(?<![\w./+:@#-])[A-Za-z][a-z]{4,}(?![\w+#]|[-./:@]\w)", re.ASCII)
"""What spelling looks at."""
_SENTENCE = re.compile(r"(?<=[。！？])|(?<=[.!?])\s|\n")
_FTS5 = (
    "CREATE VIRTUAL TABLE lexical USING fts5(heading_words, words, heading_bigrams, bigrams,"
    " tokenize=\"unicode61 remove_diacritics 0 tokenchars '-_./+:@#'\")"
)
_FTS5_LEGS = {
    "words": ("heading_words words", "bm25(lexical, 1.5, 1.0, 0.0, 0.0)"),
    "bigrams": ("heading_bigrams bigrams", "bm25(lexical, 0.0, 0.0, 1.5, 1.0)"),
}

Documents = list[list[tuple[str, str]]]
"""Documents of passages, each a heading and a text."""


def read_documents(folder: Path, count: int) -> Documents:
    """Documents of HTML pages until there are `count` passages."""
    pages = sorted(path for path in folder.rglob("*") if _PAGE.search(path.name) and path.is_file())
    random.Random(0).shuffle(pages)
    chinese, others, seen = [], [], set[str]()
    for page in pages:
        passages = list({text: (title, text) for title, text in _passages(page) if text not in seen}.values())
        seen.update(text for _, text in passages)
        if passages:
            (chinese if is_chinese(" ".join(text for _, text in passages[:10])) else others).append(passages)
    first = _until(chinese, int(count * _CHINESE_SHARE))
    found = first + _until(others, count - sum(map(len, first)))
    random.Random(1).shuffle(found)
    return found


def _passages(page: Path) -> Iterator[tuple[str, str]]:
    title, text = _read(page)
    width = _LENGTH // 2 if is_chinese(text) else _LENGTH
    for start in range(0, len(text), width):
        if len(text) - start >= 40:
            yield title, text[start : start + width]


def _read(page: Path) -> tuple[str, str]:
    """Title and text; of a manual's source the text is what is left of its lines without macros."""
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.html import HTMLTree

    if page.suffix == ".gz":
        lines = gzip.decompress(page.read_bytes()).decode("utf-8", "replace").splitlines()
        kept = (_MACRO.sub("", line) for line in lines if not line.startswith(('.\\"', "'\\\"")))
        return page.name.split(".")[0], " ".join(filter(None, kept))
    tree = HTMLTree.parse_from_bytes(page.read_bytes()[:3_000_000], "utf-8")
    text = extract_plain_text(tree, preserve_formatting=False, main_content=True, alt_texts=False)
    return (tree.title or "").strip(), text


def _until(documents: Documents, count: int) -> Documents:
    found: Documents = []
    for document in documents:
        if count <= 0:
            break
        found.append(document[:count])
        count -= len(found[-1])
    return found


def columns_of(passage: tuple[str, str]) -> Columns:
    """The terms of a passage, as an index takes them."""
    heading, text = passage
    return terms(heading), terms(text), bigrams(heading), bigrams(text)


def versions(documents: Documents) -> Iterator[Version]:
    """The documents as an index takes them; of the principals `third` may see three in ten, and `hundredth` one in a hundred."""
    draw = random.Random(4)
    for number, document in enumerate(documents):
        heading, parts = document[0][0] or "Untitled", [text for _, text in document]
        ends = list(accumulate([len(heading) + 1, *(len(text) + 1 for text in parts)]))
        spans = pairwise(ends)
        blocks = (Block(0, len(heading), "heading", level=1), *(Block(start, end - 1, "text") for start, end in spans))
        text = "\n".join([heading, *parts])
        language = "zh" if is_chinese(text) else "en"
        made = Document(f"{number:06}", text, heading, f"{number:06}", "text/html", "unknown", language, blocks)
        share = draw.random()
        seen_by = {"all"} | ({"third"} if share < 0.3 else set()) | ({"hundredth"} if share < 0.01 else set())
        yield Version(made, text, frozenset(seen_by))


class Free:
    """An encoder that costs nothing."""

    dimensions = 1

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """A zero for each text."""
        return np.zeros((len(texts), 1), dtype=np.float32)

    encode_questions = encode


def measure_ingestion(folder: Path, documents: Documents) -> None:
    """Print what writing costs without vectors, and taking out."""
    made = list(versions(documents))
    terms("安装")  # reads the dictionary once
    started = time.process_time()
    count = build(folder / "many.db", made, Free(), "none", blind=False)
    speeds = [count / (time.process_time() - started)]
    build(folder / "one.db", (), Free(), "none", blind=False)
    with closing(sqlite3.connect(folder / "one.db", isolation_level=None)) as connection:
        connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;")
        started = time.process_time()
        for version in made:
            connection.execute("BEGIN IMMEDIATE")
            change = Change(connection, Free())
            change.put(version)
            change.flush()
            connection.execute("COMMIT")
        speeds.append(count / (time.process_time() - started))
    each = "{:,.0f} in one transaction, {:,.0f} by document".format(*speeds)
    size_mb = (folder / "many.db").stat().st_size / 1e6
    print(f"  ingest, passages per CPU-second: {each}; {size_mb:.0f} MB", flush=True)
    gone = [version.document.doc_id for version in made[:: max(1, len(made) // 50)]]
    with closing(LiveIndex(folder / "one.db", None)) as live:
        print(f"  removing a document                 {percentiles(live.remove, gone)}", flush=True)


def draw_questions(documents: Documents, count: int) -> list[str]:
    """Sentences of the passages, half in each language."""
    draw = random.Random(2)
    found: dict[bool, list[str]] = {True: [], False: []}
    texts = [text for document in documents for _, text in document]
    while min(map(len, found.values())) < count // 2:
        sentence = draw.choice(_SENTENCE.split(draw.choice(texts)) or [""]).strip()
        chinese = is_chinese(sentence)
        if 8 <= len(sentence) <= 40 if chinese else 20 <= len(sentence) <= 120:
            found[chinese].append(sentence)
    return found[True][: count // 2] + found[False][: count // 2]


def percentiles(run: Callable[[Any], object], asked: Sequence[Any]) -> str:
    """CPU milliseconds of one call each."""
    run(asked[0])
    spent_s = []
    for each in asked:
        started = time.process_time()
        run(each)
        spent_s.append(time.process_time() - started)
    p50, p99 = np.percentile(spent_s, [50, 99]) * 1000
    return f"p50 {p50:6.2f} ms  p99 {p99:6.2f} ms"


class Remembering:
    """An encoder that encodes a question once, so that the clock does not see it."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder, self._known = encoder, dict[str, NDArray[np.float32]]()
        self.dimensions = encoder.dimensions

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Passages."""
        return self._encoder.encode(texts)

    def encode_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Questions."""
        for text in texts:
            if text not in self._known:
                self._known[text] = self._encoder.encode_questions([text])[0]
        return np.stack([self._known[text] for text in texts])


def measure_queries(folder: Path, questions: Sequence[str]) -> None:
    """Print what queries cost."""
    encoder, memory = Remembering(load_encoder(folder / "encoder")), Memory()
    with closing(sqlite3.connect(folder / "index.db", isolation_level=None)) as connection:

        def asked_by(who: frozenset[str] | None, work: Callable[[Searcher, str], object]) -> Callable[[str], object]:
            def ask(question: str) -> object:
                connection.execute("BEGIN")
                try:
                    return work(Searcher(connection, memory, encoder, who), question)
                finally:
                    connection.rollback()

            return ask

        def search(view: Searcher, question: str) -> object:
            return best_passages(view, question, answer_language(question), 10)

        draw = random.Random(5)
        slips = [(text, WORD.findall(text)) for text in questions]
        misspelt = [text.replace(word := draw.choice(words), slipped(word, draw)) for text, words in slips if words]
        for name in ("the owner", "all", "third", "hundredth"):
            who = None if name == "the owner" else frozenset({name})
            for kind, asked in (("", questions), (", misspelt", misspelt)):
                show(f"fused, {name}{kind}", asked_by(who, search), asked)
        show("answered", asked_by(frozenset({"all"}), answer), questions)
        parts: dict[str, Callable[[Searcher, str], object]] = {
            "spelling": spelt,
            "other names": lambda view, text: other_names(view.rows, text, None),
            "words": lambda view, text: lexical_scores(view.rows, "words", terms(text), DEPTH),
            "bigrams": lambda view, text: lexical_scores(view.rows, "bigrams", bigrams(text), DEPTH),
            "dense": lambda view, text: view.leg("dense", text),
        }
        for name, work in parts.items():
            show(f"{name} alone", asked_by(None, work), questions)
        show("spelling alone, misspelt", asked_by(None, spelt), misspelt)
    peak_kb = re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text(encoding="utf-8"))
    print(f"  peak memory of this process {int(peak_kb[1]) / 1024 if peak_kb else float('nan'):.0f} MB", flush=True)


def show(name: str, run: Callable[[str], object], asked: Sequence[str]) -> None:
    """Print what a call costs, once the questions are encoded."""
    for question in asked:
        run(question)
    print(f"  {name:<36}{percentiles(run, asked)}", flush=True)


def slipped(word: str, draw: random.Random) -> str:
    """A letter behind the second left out, put in, changed, or swapped with the one before it."""
    at, letter = draw.randrange(2, len(word)), draw.choice("abcdefghijklmnopqrstuvwxyz")
    swapped = word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :]
    left_out, put_in, changed = (
        word[:at] + word[at + 1 :],
        word[:at] + letter + word[at:],
        word[:at] + letter + word[at + 1 :],
    )
    return draw.choice((left_out, put_in, changed, swapped))


def measure_fts5(folder: Path, documents: Documents, questions: list[str]) -> None:
    """Print what the same legs cost in SQLite's own full-text index."""
    with closing(sqlite3.connect(folder / "fts5.db")) as connection, connection:
        connection.execute(_FTS5)
        rows = (columns_of(passage) for document in documents for passage in document)
        connection.executemany("INSERT INTO lexical VALUES (?,?,?,?)", (tuple(map(" ".join, row)) for row in rows))
        for leg, split in (("words", terms), ("bigrams", bigrams)):
            columns, rank = _FTS5_LEGS[leg]
            wanted = [" OR ".join(f'"{term}"' for term in sorted(set(split(text)))) for text in questions]
            query = f"SELECT rowid FROM lexical WHERE lexical MATCH ? ORDER BY {rank}, rowid LIMIT {DEPTH}"

            def match(terms: str, columns: str = columns, query: str = query) -> object:
                return connection.execute(query, (f"{{{columns}}} : ({terms})",)).fetchall()

            print(f"  FTS5, {leg:8}                      {percentiles(match, [terms for terms in wanted if terms])}")


def measure_faiss(
    folder: Path, documents: Documents, encoder: LsaEncoder, questions: NDArray[np.float32], count: int
) -> None:
    """Print recall and cost of the FAISS cache beside the exact scan."""
    vectors = np.empty((count + 1, encoder.dimensions), dtype=np.float16)
    vectors[0], filled = 0, 1
    for text in (text for document in documents for _, text in document):
        width = 30 if is_chinese(text) else 75
        made = encoder.encode([text[at : at + width] for at in range(0, len(text), width)])[: count + 1 - filled]
        made = made[np.linalg.norm(made, axis=1) > 0]
        vectors[filled : filled + len(made)] = made
        filled += len(made)
    vectors = vectors[:filled]
    ids, allowed_I = np.arange(1, filled), np.arange(filled) > 0

    def stored(ids: Sequence[int]) -> NDArray[np.float32]:
        return vectors[np.asarray(ids, dtype=np.int64)].astype(np.float32)

    table, stamp = VectorTable.empty(encoder.dimensions), Stamp("benchmark", 1)
    for start in range(1, filled, 50_000):
        some = ids[start - 1 : start + 49_999]
        table = table.extended(some, stored(some.tolist()))
    none = np.zeros(0, dtype=np.int64)
    cost = percentiles(lambda question: table.search(question, 10, stored), questions)
    print(f"  {filled - 1:,} vectors, exact               {cost}", flush=True)
    started = time.process_time()
    try:
        build_cache(folder, stamp, ids, stored)
    except UserError as error:
        print(f"  FAISS: {error}")
        return
    size_mb = sum(path.stat().st_size for path in folder.glob("vectors.faiss*")) / 1e6
    print(f"  FAISS: built in {time.process_time() - started:.0f} CPU-seconds, {size_mb:.0f} MB")
    cache = open_cache(folder, stamp)
    assert cache is not None, "it was just built"

    def approximate(question: NDArray[np.float32]) -> dict[int, float]:
        return ranked(question, 10, stored, cache.nearest(question, 10, allowed_I), none)

    right = 0
    for question in questions:
        least = min(table.search(question, 10, stored).values(), default=0.0)
        right += sum(score >= least - 1e-6 for score in approximate(question).values())
    print(f"  FAISS, recall@10 {right / 10 / len(questions):.4f}            {percentiles(approximate, questions)}")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the HTML pages lie")
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=500)
    parser.add_argument("--dimensions", type=int, default=384)
    parser.add_argument("--vectors", type=int, default=1_000_000, help="0 leaves FAISS out")
    parser.add_argument("--search", action="store_true", help=argparse.SUPPRESS)  # the process that queries run in
    given = parser.parse_args()
    with one_blas_thread():
        if given.search:
            measure_queries(given.folder, json.loads((given.folder / "questions.json").read_text(encoding="utf-8")))
            return
        measure(given)


def measure(given: argparse.Namespace) -> None:
    """Build everything, and print every figure."""
    from danlu.train.retriever.config import RetrieverConfig
    from danlu.train.retriever.lsa import fit_lsa

    documents = read_documents(given.folder, given.passages)
    passages = [passage for document in documents for passage in document]
    chinese = sum(is_chinese(text) for _, text in passages) / len(passages)
    print(f"{len(passages):,} passages of {len(documents):,} documents, {chinese:.0%} Chinese", flush=True)
    sample = random.Random(3).sample(passages, min(20_000, len(passages)))
    encoder = fit_lsa(
        [f"{heading}\n{text}" for heading, text in sample], RetrieverConfig(dimensions=given.dimensions), 0
    )
    questions = draw_questions(documents, given.questions)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        measure_ingestion(folder, documents)
        (folder / "encoder").mkdir()
        save_lsa(encoder, folder / "encoder")
        build(folder / "index.db", versions(documents), encoder, encoder_hash(folder / "encoder"), blind=False)
        set_up(folder, encoder)
        (folder / "questions.json").write_text(json.dumps(questions), encoding="utf-8")
        own = dict(os.environ, OMP_NUM_THREADS="1")
        subprocess.run([sys.executable, __file__, str(folder), "--search"], check=True, env=own)
        measure_fts5(folder, documents, questions)
        if given.vectors:
            measure_faiss(folder, documents, encoder, encoder.encode_questions(questions[:200]), given.vectors)


def set_up(folder: Path, encoder: LsaEncoder) -> None:
    """Write the facts that asking needs: the weights at their priors, the gate by the general questions alone."""
    with closing(sqlite3.connect(folder / "index.db")) as connection, connection:
        gate = calibrate(Searcher(connection, Memory(), encoder, None), {}, PRIOR, reads_both=False)
        weights = {language: asdict(found) for language, found in PRIOR.items()}
        for name, value in {"weights": weights, "orders": {}, "gate": asdict(gate)}.items():
            write_fact(connection, name, value)


if __name__ == "__main__":
    main()
