"""What a question costs on many passages: CPU of the fused query, filtered and not, of ingestion, and memory; with FTS5 and FAISS beside.

    apt-get download libreoffice-help-zh-cn libreoffice-help-zh-tw manpages-zh linux-doc-6.1 postgresql-doc-15 python3.11-doc git-doc
    for package in *.deb; do dpkg -x "$package" manuals; done
    python benchmarks/retrieve_latency.py manuals [--passages 100000] [--dimensions 384] [--vectors 1000000]

Every HTML page and every page of a manual is a document, cut into passages of 450 characters (225 where it is Chinese); Chinese ones come
first, until they are 44 % of the passages.
Vectors are those of an LSA that is trained on 20,000 of the passages. Questions are sentences of the passages, half in each language, encoded
before the clock starts. A query is what a search does between a question's terms and vector and its ranking: both lexical legs, the
dense one with exact scores for what they found, and the fusion. Queries run in a process of their own, whose peak memory is printed.

Ingestion is segmentation and every row but the vector, each document in a transaction of its own, and then in transactions of 500
passages. FTS5 gets the same terms and the same questions. For FAISS the passages are cut into pieces of 75 characters (30 Chinese
ones), each with its own vector, until there are --vectors of them or no text is left; a hit counts when its exact score reaches that of the tenth.
CPU-seconds are those of one thread.
"""

import argparse
import gzip
import os
import pickle
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danlu.core.errors import UserError
from danlu.core.threads import one_blas_thread
from danlu.model.encoder import LsaEncoder
from danlu.retrieve.legs.lexical import lexical_scores
from danlu.retrieve.legs.search import DEPTH, fuse
from danlu.retrieve.ranking.fuse import PRIOR
from danlu.retrieve.tables.faiss_cache import Stamp, build_cache, open_cache
from danlu.retrieve.tables.postings import TABLES, Columns, add_lexical, remove_lexical
from danlu.retrieve.tables.vectors import VectorTable, ranked, stored_vectors
from danlu.text.language import is_chinese
from danlu.text.segment import bigrams, terms

_LENGTH = 450
_CHINESE_SHARE = 0.44
_PAGE = re.compile(r"\.html$|\.\d\w*\.gz$")
_MACRO = re.compile(r"^\.\w+ ?|\\f[BIRP]|\\[&-]")
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


def ingest(path: Path, documents: Documents, at_once: int) -> float:
    """Write an index without vectors; returns passages per CPU-second."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA secure_delete = ON")
        connection.executescript(TABLES + "CREATE TABLE passages(id INTEGER PRIMARY KEY, headings TEXT, text TEXT);")
        started, first = time.process_time(), 1
        waiting: list[tuple[str, str]] = []
        for number, document in enumerate(documents, 1):
            waiting += document
            if len(waiting) < at_once and number < len(documents):
                continue
            connection.execute("BEGIN IMMEDIATE")
            rows = ((id, *passage) for id, passage in enumerate(waiting, first))
            connection.executemany("INSERT INTO passages VALUES (?,?,?)", rows)
            add_lexical(connection, first, [columns_of(passage) for passage in waiting])
            connection.execute("COMMIT")
            first, waiting = first + len(waiting), []
        return (first - 1) / (time.process_time() - started)


def add_vectors(path: Path, documents: Documents, encoder: LsaEncoder) -> None:
    """Write the vector of every passage."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE vectors(id INTEGER PRIMARY KEY, vector BLOB)")
        texts = (f"{heading}\n{text}" for document in documents for heading, text in document)
        rows = ((id, encoder.encode([text])[0].astype(np.float16).tobytes()) for id, text in enumerate(texts, 1))
        connection.executemany("INSERT INTO vectors VALUES (?,?)", rows)


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


def measure_queries(path: Path, asked: list[tuple[str, NDArray[np.float32]]], documents: list[int]) -> None:
    """Print what queries cost; `documents` are the numbers of their passages."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:

        def rows(query: str, values: Sequence[Any] = ()) -> list[Any]:
            return connection.execute(query, values).fetchall()

        stored, table, size = stored_vectors(rows), VectorTable.empty(len(asked[0][1])), sum(documents)
        for start in range(1, size + 1, 10_000):
            ids = np.arange(start, min(start + 10_000, size + 1))
            table = table.extended(ids, stored(ids.tolist()))
        for share in (1.0, 0.3, 0.01):
            seen = np.random.default_rng(0).random(len(documents)) < share
            allowed_I = None if share == 1.0 else np.concatenate([[False], np.repeat(seen, documents)])

            def fused(question: tuple[str, NDArray[np.float32]], allowed_I: Any = allowed_I) -> object:
                text, vector_D = question
                lexical = {
                    "words": lexical_scores(rows, "words", terms(text), DEPTH, allowed_I),
                    "bigrams": lexical_scores(rows, "bigrams", bigrams(text), DEPTH, allowed_I),
                }
                found = {id for scores in lexical.values() for id in scores}
                dense = table.search(vector_D, DEPTH, stored, allowed_I, found)
                return fuse(lexical | {"dense": dense}, PRIOR["zh" if is_chinese(text) else "en"])

            print(f"  fused, {share:4.0%} of the documents allowed  {percentiles(fused, asked)}", flush=True)
        for leg, split in (("words", terms), ("bigrams", bigrams)):
            split_questions = [split(text) for text, _ in asked]
            cost = percentiles(lambda query, leg=leg: lexical_scores(rows, leg, query, DEPTH), split_questions)
            print(f"  {leg:8} alone                       {cost}")
        cost = percentiles(lambda question: table.search(question[1], DEPTH, stored), asked)
        print(f"  dense    alone                       {cost}")
    peak_kb = re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text(encoding="utf-8"))
    print(f"  peak memory of this process {int(peak_kb[1]) / 1024 if peak_kb else float('nan'):.0f} MB", flush=True)


def measure_removal(path: Path, documents: list[int]) -> None:
    """Print what taking a document out costs."""
    starts = np.cumsum([1, *documents])
    spans = [
        (int(starts[at]), int(starts[at]) + documents[at] - 1) for at in range(0, len(documents), len(documents) // 50)
    ]
    with closing(sqlite3.connect(path)) as connection:
        print(f"  removing a document         {percentiles(lambda span: remove_lexical(connection, *span), spans[1:])}")
        connection.rollback()


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
            asked, documents = pickle.loads((given.folder / "asked.pickle").read_bytes())
            measure_queries(given.folder / "index.db", asked, documents)
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
    asked = [(question, encoder.encode_questions([question])[0]) for question in questions]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one = ingest(folder / "index.db", documents, 1)
        many = ingest(folder / "many.db", documents, 500)
        size_mb = (folder / "many.db").stat().st_size / 1e6
        print(
            f"  ingest, passages per CPU-second: {one:,.0f} by document, {many:,.0f} by 500 passages; {size_mb:.0f} MB"
        )
        add_vectors(folder / "index.db", documents, encoder)
        (folder / "asked.pickle").write_bytes(pickle.dumps((asked, list(map(len, documents)))))
        own = dict(os.environ, OMP_NUM_THREADS="1")
        subprocess.run([sys.executable, __file__, str(folder), "--search"], check=True, env=own)
        measure_removal(folder / "index.db", list(map(len, documents)))
        measure_fts5(folder, documents, questions)
        if given.vectors:
            vectors = np.stack([vector for _, vector in asked[:200]])
            measure_faiss(folder, documents, encoder, vectors, given.vectors)


if __name__ == "__main__":
    main()
