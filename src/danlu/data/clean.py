"""Clean: repair and normalise text, tell its language, reject what cannot serve as a document.

The rule set `manual` rejects only what nobody could read: empty, garbled, or exactly equal to another document. A
short page is kept. Rules made for web text reject most pages of a manual, so they are never on by default.
Every change is counted by rule, and every document keeps a map from its cleaned text back to its extraction, so
that a citation points into what the source says and not into our rewriting of it.
"""

import re
import unicodedata
from dataclasses import asdict, replace
from typing import Literal

from pydantic import Field

from danlu.core.artifacts import Corpus
from danlu.core.errors import WorkFailed
from danlu.core.hashing import hash_facts
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.data.normalise import normalise
from danlu.text.language import document_language
from danlu.text.offsets import OffsetMap
from danlu.text.records import Block, Document, Ledger, Reject, read_documents


class CleanConfig(Config):
    """What cleaning rejects."""

    rules: Literal["manual"] = "manual"
    """The named rule set."""
    max_garbled_share: float = Field(0.1, gt=0, le=1)
    """Share of characters, 0 to 1: replacement, private-use and control characters and known decoding debris."""
    max_word_characters: int = Field(2000, ge=100)
    """Characters: a document whose longest word is longer and makes up half of the text is a dump, not prose."""


_GARBLED = re.compile("[\ufffd\ue000-\uf8ff\x00-\x08\x0b\x0c\x0e-\x1f]|锟斤拷|烫烫烫|屯屯屯")
_WORD = re.compile(r"\S+")
_SPACE = re.compile(r"\s+")


def _clean(work: Work, config: CleanConfig, *, documents: Corpus) -> Facts:
    extracted = read_documents(documents.documents)
    ledger = Ledger(input=len(extracted))
    seen: dict[str, str] = {}
    for number, document in enumerate(extracted):
        garbled = _garbled(document, config)
        cleaned, edits = (document, {}) if garbled else clean_document(document)
        reject = garbled or _empty(cleaned) or _duplicate(cleaned, seen)
        if reject:
            ledger.rejects.append(reject)
        else:
            ledger.documents.append(cleaned)
            ledger.edits.extend(
                {"doc_id": cleaned.doc_id, "rule": rule, "count": count} for rule, count in edits.items()
            )
        work.progress.advance(number + 1, len(extracted), document.source)
    if not ledger.documents:
        raise WorkFailed(
            "Cleaning kept none of {count} documents",
            "`danlu show` on the extract stage tells what was read.",
            count=len(extracted),
        )
    return ledger.write(work.folder)


def clean_document(document: Document) -> tuple[Document, dict[str, int]]:
    """The document with its text normalised, blocks moved along, language set; and the edits by rule."""
    text, offsets, edits = normalise(document.text, document.blocks)
    counts: dict[str, int] = {}
    for edit in edits:
        counts[edit.rule] = counts.get(edit.rule, 0) + 1
    blocks = tuple(block for block in (_moved(block, offsets) for block in document.blocks) if block)
    cleaned = replace(
        document, text=text, blocks=blocks, title=_SPACE.sub(" ", unicodedata.normalize("NFC", document.title)).strip(),
        language=document_language(text), offsets=tuple(asdict(piece) for piece in offsets.pieces),
    )  # fmt: skip
    return cleaned, counts


def _moved(block: Block, offsets: OffsetMap) -> Block | None:
    start, end = offsets.from_source(block.start), offsets.from_source(block.end)
    return replace(block, start=start, end=end) if end > start and block.kind != "furniture" else None


def _garbled(document: Document, config: CleanConfig) -> Reject | None:
    text = document.text
    share = sum(len(match) for match in _GARBLED.findall(text)) / max(len(text), 1)
    if share > config.max_garbled_share:
        return Reject(
            document.doc_id, document.source, "garbled", f"{share:.2f} of the characters", str(config.max_garbled_share)
        )
    longest = max((match.end() - match.start() for match in _WORD.finditer(text)), default=0)
    if longest > config.max_word_characters and longest * 2 > len(text) and not _has_punctuation(text):
        return Reject(
            document.doc_id,
            document.source,
            "garbled",
            f"one word of {longest} characters",
            str(config.max_word_characters),
        )
    return None


def _has_punctuation(text: str) -> bool:
    """Whether a text without spaces is still written language: Chinese prose has a mark every few dozen characters."""
    marks = len(re.findall(r"[，。！？、；：,.!?;:]", text[:1_000_000]))
    return marks * 200 > min(len(text), 1_000_000)


def _empty(document: Document) -> Reject | None:
    words = len(re.findall(r"\w", document.text[:10_000]))
    return None if words else Reject(document.doc_id, document.source, "empty", "0 letters", "1 letter")


def _duplicate(document: Document, seen: dict[str, str]) -> Reject | None:
    """The first document in the order of the sources stays; white space does not make a difference."""
    key = hash_facts(_SPACE.sub("", document.text))
    first = seen.setdefault(key, document.source)
    if first == document.source:
        return None
    return Reject(
        document.doc_id, document.source, "exact duplicate", f"same text as {first}", "no other document with this text"
    )


clean = Stage(
    "clean",
    version=1,
    makes=Corpus,
    body=_clean,
    config=CleanConfig,
    libraries=("ftfy", "py3langid"),
    rules=(("normalisation", 1),),
)
