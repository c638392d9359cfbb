"""Make questions: questions and training pairs made from a corpus's own headings, so that nothing leaks.

A heading is a question whose answer section is known. Sections are grouped before they are split: those with the same
heading, or with texts that share half of their shingles, go to the same side together (two that share
only shingles of more than fifty sections are compared only when they are neighbours among these). Every document is indexed, held
out or not; what is held out never trains or calibrates anything.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

from pydantic import Field

from danlu.core.artifacts import Chats, Corpus
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.text.records import Document, licences_of, read_documents
from danlu.text.sections import RULES, Section, sections, weight
from danlu.text.segment import LIBRARIES, fold, terms
from danlu.text.sentences import sentence_spans
from danlu.text.tables import stream_rows


class QuestionsConfig(Config):
    """How questions are made and parted."""

    held_out_share: float = Field(0.5, gt=0, lt=1)
    """Share of the groups of sections that only measure."""
    min_body_weight: int = Field(80, ge=1)
    """Half-widths: a section with less text answers nothing."""
    pair_languages: tuple[str, ...] = ("en",)
    """Languages of training pairs: those that the base model speaks."""
    answer_characters: int = Field(400, ge=40)
    """Longest answer of a training pair, cut at sentences."""


@dataclass(frozen=True)
class _Candidate:
    document: Document
    section: Section
    text: str


SHINGLE = 5
_SIMILAR = 0.5
_COMMON_SHINGLE = 50
"""A shingle in more sections than this counts between neighbours only: copies still join in a chain, in linear work."""


def _make_questions(work: Work, config: QuestionsConfig, *, documents: Corpus) -> Facts:
    candidates = list(_candidates(read_documents(documents.documents), config))
    groups = group_similar([(fold(c.section.heading), c.text) for c in candidates])
    sides = [_side(groups[number], candidates, work.seed, config) for number in range(len(candidates))]
    questions = _questions(candidates, sides)
    pairs = {side: list(_pairs(candidates, sides, side, config)) for side in ("train", "held_out")}
    _write(work.folder / "questions.jsonl", questions)
    for side, rows in pairs.items():
        _write(work.folder / f"{side}.jsonl", rows)
    asked = Counter(f"questions {question['split']} {question['language']}" for question in questions)
    counts = dict(sorted(asked.items()))
    counts |= {f"pairs {side}": len(rows) for side, rows in pairs.items()}
    counts["sections without a short answer"] = _in_pair_languages(candidates, config) - sum(map(len, pairs.values()))
    return Facts(counts, licences_of(stream_rows(documents.documents, ["licence"])))


def _candidates(documents: Iterable[Document], config: QuestionsConfig) -> Iterator[_Candidate]:
    """Sections whose heading says enough to be a question, and whose text is enough to be its answer."""
    for document in documents:
        for section in sections(document):
            text = document.text[section.blocks[0].start : section.blocks[-1].end]
            if len(set(terms(section.heading))) >= 2 and weight(text) >= config.min_body_weight:
                yield _Candidate(document, section, text)


def group_similar(sections: list[tuple[str, str]]) -> list[int]:
    """For each (heading, text), the smallest position in its group: same heading, or Jaccard of 5-shingles ≥ 0.5."""
    parent = list(range(len(sections)))

    def root(at: int) -> int:
        while parent[at] != at:
            at = parent[at]
        return at

    def join(a: int, b: int) -> None:
        low, high = sorted((root(a), root(b)))
        parent[high] = low

    first: dict[str, int] = {}
    for at, (heading, _) in enumerate(sections):
        join(first.setdefault(heading, at), at)
    for a, b in _similar_pairs([_shingles(text) for _, text in sections]):
        join(a, b)
    return [root(at) for at in range(len(sections))]


def _shingles(text: str) -> set[int]:
    folded = "".join(fold(text).split())
    return {hash_text(folded[at : at + SHINGLE]) for at in range(max(len(folded) - SHINGLE + 1, 1))}


def hash_text(text: str) -> int:
    """A 64-bit hash that is equal in every process."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def _similar_pairs(shingles: list[set[int]]) -> Iterator[tuple[int, int]]:
    where: dict[int, list[int]] = defaultdict(list)
    for at, found in enumerate(shingles):
        for shingle in found:
            where[shingle].append(at)
    candidates: set[tuple[int, int]] = set()
    for places in where.values():
        candidates.update(combinations(places, 2) if len(places) <= _COMMON_SHINGLE else pairwise(places))
    for a, b in sorted(candidates):
        shared = len(shingles[a] & shingles[b])
        if shared >= _SIMILAR * (len(shingles[a]) + len(shingles[b]) - shared):
            yield a, b


def _side(group: int, candidates: list[_Candidate], seed: int, config: QuestionsConfig) -> str:
    key = f"{seed}:{candidates[group].section.id}"
    return "held_out" if hash_text(key) / 2**64 < config.held_out_share else "train"


def _questions(candidates: list[_Candidate], sides: list[str]) -> list[dict[str, Any]]:
    """One question per distinct heading and language, with every section that stands below it."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for candidate, side in zip(candidates, sides, strict=True):
        heading, language = candidate.section.heading, candidate.document.language
        fresh = {"question": heading, "language": language, "split": side, "sections": []}
        found.setdefault((fold(heading), language), fresh)["sections"].append(candidate.section.id)
    return [found[key] for key in sorted(found)]


def _pairs(
    candidates: list[_Candidate], sides: list[str], side: str, config: QuestionsConfig
) -> Iterator[dict[str, Any]]:
    for candidate, its_side in zip(candidates, sides, strict=True):
        if its_side == side and candidate.document.language in config.pair_languages:
            answer = _first_sentences(candidate, config.answer_characters)
            if not answer:
                continue
            messages = [{"role": "user", "content": _as_question(candidate)}, {"role": "assistant", "content": answer}]
            yield {"id": candidate.section.id, "source": candidate.document.source, "messages": messages}


def _in_pair_languages(candidates: list[_Candidate], config: QuestionsConfig) -> int:
    return sum(candidate.document.language in config.pair_languages for candidate in candidates)


def _as_question(candidate: _Candidate) -> str:
    heading = candidate.section.heading
    if heading.endswith(("?", "？")):
        return heading
    outer = candidate.section.headings[0] if len(candidate.section.headings) > 1 else candidate.document.title
    return f"{outer}: {heading}. What does the manual say?"


def _first_sentences(candidate: _Candidate, characters: int) -> str:
    """Whole sentences of a section, from its start; empty when the first alone is longer: a cut one teaches to stop early."""
    text, start = candidate.document.text, candidate.section.blocks[0].start
    end = start
    for span in sentence_spans(text, start, candidate.section.blocks[-1].end):
        if span[1] - start > characters:
            break
        end = span[1]
    return text[start:end]


def _write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


make_questions = Stage(
    "make_questions",
    version=1,
    makes=Chats,
    body=_make_questions,
    config=QuestionsConfig,
    libraries=LIBRARIES,
    rules=RULES,
)
