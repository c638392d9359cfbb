"""Train the project's own retriever, and keep it only where it finds more: the stage `train_retriever`."""

import json
import time
from dataclasses import dataclass
from typing import Any

from danlu.core.artifacts import Chats, Checkpoint, Corpus
from danlu.core.errors import Phrase
from danlu.core.stages import Facts, Stage, Work
from danlu.core.threads import one_blas_thread
from danlu.model.encoder import LsaEncoder
from danlu.model.packaged import PackagedModel
from danlu.model.sentence_encoder import SentenceFiles
from danlu.text.records import Document, licences_of, read_documents
from danlu.text.sections import RULES, passages
from danlu.text.tables import stream_rows
from danlu.train.retriever.candidates import Candidate, candidates
from danlu.train.retriever.config import RetrieverConfig
from danlu.train.retriever.judge import Judge, Scores, interval, takes_place, utility

REPORT = "report.json"


@dataclass(frozen=True)
class _Tried:
    """A candidate with what it found, by question, alone and fused."""

    candidate: Candidate
    alone_Q: Scores
    fused_Q: Scores


def _train(
    work: Work, config: RetrieverConfig, *, documents: Corpus, chats: Chats,
    packaged: PackagedModel | None = None, named: SentenceFiles | None = None,
) -> Facts:  # fmt: skip
    corpus = list(read_documents(documents.documents))
    judge = _judge_of(corpus, chats)
    trials = (config.contrastive_epochs > 0) + (named is not None) + (packaged is not None)
    best: _Tried | None = None
    rows: list[dict[str, Any]] = []
    for candidate in _in_order(corpus, config, work, packaged, named):
        tried = _tried(judge, candidate, work)
        rows.append(_row(judge, tried, best, trials, work.seed))
        if rows[-1]["used"]:
            best = tried
    assert best is not None  # the first takes an empty place
    _use(work, best.candidate, rows)
    licences = set(licences_of(stream_rows(documents.documents, ["licence"])))
    if named is not None and best.candidate.name == named.spec:
        licences.add(named.licence)
    return Facts(_counts(judge, best.candidate), tuple(sorted(licences)), _note(rows, len(judge.side(calibrates=True))))


def _judge_of(corpus: list[Document], chats: Chats) -> Judge:
    found = [(document, passage) for document in corpus for passage in passages(document)]
    texts = [document.text[passage.start : passage.end] for document, passage in found]
    return Judge(texts, [passage.section.id for _, passage in found], chats)


def _in_order(
    corpus: list[Document], config: RetrieverConfig, work: Work, packaged: PackagedModel | None, named: SentenceFiles | None
) -> Any:  # fmt: skip
    """The candidates, made with sums in one order."""
    with one_blas_thread():
        yield from candidates(corpus, config, work.seed, work.progress, packaged, named)


def _tried(judge: Judge, candidate: Candidate, work: Work) -> _Tried:
    started = time.perf_counter()
    found = judge.found(candidate.encoder)
    milliseconds = 1000 * (time.perf_counter() - started) / max(len(judge.texts), 1)
    # Times are no part of an artifact, so the price is told while it is paid.
    work.progress.line(
        Phrase(
            "{encoder}: made in {seconds:.1f} s, {milliseconds:.1f} ms a passage to judge it",
            encoder=candidate.name,
            seconds=candidate.seconds,
            milliseconds=milliseconds,
        )
    )
    return _Tried(candidate, found.alone_Q, judge.fused(found))


def _row(judge: Judge, tried: _Tried, best: _Tried | None, trials: int, seed: int) -> dict[str, Any]:
    """What is shown of a candidate, and whether it takes the place of the best so far, by the calibration questions alone."""
    row: dict[str, Any] = {"name": tried.candidate.name, "dimensions": tried.candidate.encoder.dimensions}
    row |= {"over": best.candidate.name if best else None, "used": best is None}
    for side, calibrates in (("calibration", True), ("held_out", False)):
        at = judge.side(calibrates=calibrates)
        row[side] = {"questions": len(at), "alone": _quality(tried.alone_Q[at]), "fused": _quality(tried.fused_Q[at])}
        if best is not None:
            gains = utility(tried.fused_Q[at]) - utility(best.fused_Q[at])
            row[side]["gain"] = interval(gains, seed)
            row["used"] = row["used"] or (calibrates and takes_place(gains, trials, seed))
    return row


def _quality(ranks: Scores) -> list[float]:
    """Recall and mean reciprocal rank, at ten sections."""
    return [round(float((ranks > 0).mean()), 4), round(float(ranks.mean()), 4)] if len(ranks) else [0.0, 0.0]


def _use(work: Work, candidate: Candidate, rows: list[dict[str, Any]]) -> None:
    candidate.save(work.folder)
    report = {"candidates": rows, "used": candidate.name}
    (work.folder / REPORT).write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _counts(judge: Judge, candidate: Candidate) -> dict[str, int]:
    counts = {"passages": len(judge.texts), "dimensions": candidate.encoder.dimensions}
    if isinstance(candidate.encoder, LsaEncoder):
        counts["terms"] = len(candidate.encoder.vocabulary)
    return counts


def _note(rows: list[dict[str, Any]], questions: int) -> str:
    """One line: who was used, and what the others would have brought."""
    if not questions and len(rows) > 1:
        return "no calibration question: lsa is used, untested"
    used = [row["name"] for row in rows if row["used"]][-1]
    found = "; ".join(
        f"{row['name']} / {row['over']} {row['calibration']['gain'][1]:+.3f} "
        f"[{row['calibration']['gain'][0]:+.3f}, {row['calibration']['gain'][2]:+.3f}]"
        for row in rows
        if row["over"]
    )
    return f"{used} is used; gains on {questions} calibration questions: {found}" if found else ""


train_retriever = Stage(
    "train_retriever",
    version=2,
    makes=Checkpoint,
    body=_train,
    config=RetrieverConfig,
    numeric=True,
    libraries=("numpy", "scipy", "safetensors", "rjieba", "PyStemmer"),
    rules=RULES,
)
