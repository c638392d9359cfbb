"""Train the project's own retriever, and keep it only where it finds more: the stage `train_retriever`."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from danlu.core.artifacts import Chats, Checkpoint, Corpus
from danlu.core.errors import Phrase
from danlu.core.stages import Facts, Stage, Work
from danlu.core.threads import one_blas_thread
from danlu.model.encoder import READS_ACROSS, LsaEncoder
from danlu.model.packaged import PackagedModel
from danlu.model.sentence_encoder import SentenceFiles
from danlu.text.ranking import utility
from danlu.text.records import Document, licences_of, read_documents
from danlu.text.sections import RULES, passages
from danlu.text.segment import LIBRARIES
from danlu.text.tables import stream_rows
from danlu.train.retriever.across import SENTENCES
from danlu.train.retriever.candidates import Candidate, candidates
from danlu.train.retriever.config import RetrieverConfig
from danlu.train.retriever.joining import joined
from danlu.train.retriever.judge import FEWEST, Found, Judge, Read, Scores, interval, not_worse, takes_place

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
    ready = (named is not None) + (packaged is not None)
    trials = (config.contrastive_epochs > 0) + ready + (ready == 2)
    all_tried: list[_Tried] = []
    best: _Tried | None = None
    rows: list[dict[str, Any]] = []
    for tried in _in_order(judge, corpus, config, work, packaged, named):
        rows.append(_row(judge, tried, best, trials, work.seed))
        all_tried.append(tried)
        if rows[-1]["used"]:
            best = tried
    assert best is not None  # the first takes an empty place
    used = _known(judge, all_tried, best, work.seed) if config.use == "best" else all_tried[-1]
    rows[all_tried.index(used)]["used"] = True
    _use(work, used.candidate, rows, as_set=config.use != "best")
    licences = {*licences_of(stream_rows(documents.documents, ["licence"])), *used.candidate.licences}
    why = "set" if config.use != "best" else "questions" if used is best else "known"
    note = _note(rows, used.candidate, len(judge.side(calibrates=True)), why)
    return Facts(_counts(judge, used.candidate), tuple(sorted(licences)), note)


def _known(judge: Judge, all_tried: list[_Tried], best: _Tried, seed: int) -> _Tried:
    """The best, unless more is known of another and it is within chance: one that reads both languages is known to find more
    where the best does not read both, and one that is made for English in documents in English while the questions are few.
    """
    asked = judge.side(calibrates=True)
    found = {id(tried): utility(tried.fused_Q[asked]) for tried in all_tried}
    within = [tried for tried in all_tried if not_worse(found[id(tried)] - found[id(best)], seed)]
    able = [tried for tried in within if tried.candidate.across >= READS_ACROSS]
    if best.candidate.across >= READS_ACROSS:
        return best
    if not able and len(asked) < FEWEST:
        able = [tried for tried in within if tried.candidate.english]
    return max(able, key=lambda tried: float(found[id(tried)].sum()), default=best)


def _judge_of(corpus: list[Document], chats: Chats) -> Judge:
    found = [(document, passage) for document in corpus for passage in passages(document)]
    texts = [document.text[passage.start : passage.end] for document, passage in found]
    return Judge(texts, [passage.section.id for _, passage in found], chats)


def _in_order(
    judge: Judge, corpus: list[Document], config: RetrieverConfig, work: Work,
    packaged: PackagedModel | None, named: SentenceFiles | None,
) -> Iterator[_Tried]:  # fmt: skip
    """The candidates with what they found, made with sums in one order; two that came ready also as one."""
    ready: list[tuple[Candidate, Read]] = []
    with one_blas_thread():
        for candidate in candidates(corpus, config, work.seed, work.progress, packaged, named):
            read = _read(judge, candidate, work)
            if candidate.ready:
                ready.append((candidate, read))
            yield _tried(judge, candidate, judge.found(read))
        if len(ready) == 2:
            both = joined(judge, [candidate for candidate, _ in ready], [read for _, read in ready])
            if both is not None:
                yield _tried(judge, both.candidate, both.found)


def _read(judge: Judge, candidate: Candidate, work: Work) -> Read:
    started = time.perf_counter()
    read = judge.read(candidate.encoder)
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
    return read


def _tried(judge: Judge, candidate: Candidate, found: Found) -> _Tried:
    return _Tried(candidate, found.alone_Q, judge.fused(found))


def _row(judge: Judge, tried: _Tried, best: _Tried | None, trials: int, seed: int) -> dict[str, Any]:
    """What is shown of a candidate, and whether it takes the place of the best so far, by the calibration questions alone."""
    row: dict[str, Any] = {"name": tried.candidate.name, "dimensions": tried.candidate.encoder.dimensions}
    row |= {"across": tried.candidate.across, "over": best.candidate.name if best else None, "used": best is None}
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


def _use(work: Work, candidate: Candidate, rows: list[dict[str, Any]], *, as_set: bool) -> None:
    candidate.save(work.folder)
    report = {"candidates": rows, "used": candidate.name, "as set": as_set}
    (work.folder / REPORT).write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _counts(judge: Judge, candidate: Candidate) -> dict[str, int]:
    counts = {"passages": len(judge.texts), "dimensions": candidate.encoder.dimensions}
    if isinstance(candidate.encoder, LsaEncoder):
        counts["terms"] = len(candidate.encoder.vocabulary)
    return counts


def _note(rows: list[dict[str, Any]], used: Candidate, questions: int, why: str) -> str:
    """One line: who was used and why, and what the others would have brought."""
    name = used.name
    if why == "set":
        return f"{name} is used, as train_retriever.use says: {questions} calibration questions"
    both = used.across >= READS_ACROSS
    if not questions and why == "known":
        if both:
            return f"no calibration question: {name}, which reads Chinese and English, is used, untested"
        return f"no calibration question: {name}, which is made for English, is used, untested"
    if not questions and len(rows) > 1:
        return "no calibration question: lsa is used, untested"
    found = "; ".join(
        f"{row['name']} / {row['over']} {row['calibration']['gain'][1]:+.3f} "
        f"[{row['calibration']['gain'][0]:+.3f}, {row['calibration']['gain'][2]:+.3f}]"
        for row in rows
        if row["over"]
    )
    if not found:
        return ""
    if why == "known" and both:
        return f"{name}, which reads Chinese and English, is used; gains on {questions} calibration questions: {found}"
    if why == "known":
        return f"{name}, which is made for English, is used; gains on {questions} calibration questions: {found}"
    return f"{name} is used; gains on {questions} calibration questions: {found}"


train_retriever = Stage(
    "train_retriever",
    version=4,
    makes=Checkpoint,
    body=_train,
    config=RetrieverConfig,
    numeric=True,
    libraries=("numpy", "scipy", "safetensors", *LIBRARIES),
    rules=(*RULES, ("parallel sentences", SENTENCES)),
)
