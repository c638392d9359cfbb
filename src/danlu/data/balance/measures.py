"""What is measured of one document: length, variety of words, sentences, register and tone. One row, so that a threshold is a query.

MTLD: McCarthy and Jarvis 2010 (doi 10.3758/BRM.42.2.381), mean length of stretches that keep a type-token ratio above 0.72, both
ways; unlike the plain ratio it does not fall with length.
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from danlu.data.balance.tone import emotion_of, formality, is_imperative, polarity, register_of
from danlu.text.records import Document
from danlu.text.sentences import sentence_spans

VERSION = 1
_MTLD_RATIO = 0.72
_LEAST_TOKENS = 50
"""Tokens: MTLD of less says nothing."""
_WORD = re.compile(r"[A-Za-z]+(?:['’][a-z]+)?|\d+")

MEASURES = pa.schema(
    [
        (name, pa.string())
        for name in ("doc_id", "source", "language", "domain", "register", "emotion", "group", "label")
    ]
    + [(name, pa.int64()) for name in ("characters", "tokens", "types", "sentences")]
    + [
        (name, pa.float64())
        for name in ("type_token", "mtld", "compression", "sentence_tokens", "question_share", "imperative_share")
    ]
    + [("formality", pa.float64()), ("polarity", pa.float64())]
)
"""One row per document, null where a text is too short to say."""


def tokens_of(text: str) -> list[str]:
    """Words in order: Latin ones in lower case with their contractions, Han ones as the segmenter cuts them, none inside another."""
    import rjieba

    found: list[str] = []
    for run in re.split("([\u3400-\u9fff]+)", text):
        if run and "\u3400" <= run[0] <= "\u9fff":
            found.extend(rjieba.cut(run))
        else:
            found.extend(word.lower().replace("’", "'") for word in _WORD.findall(run))
    return found


def measure(document: Document, group: str, label: str) -> dict[str, Any]:
    """The row of MEASURES."""
    text, tokens = document.text, tokens_of(document.text)
    spans = list(sentence_spans(text))
    sentences = max(len(spans), 1)
    raw = text.encode()
    return {
        "doc_id": document.doc_id, "source": document.source, "language": document.language, "domain": domain_of(document),
        "register": register_of(tokens), "emotion": emotion_of(tokens), "group": group, "label": label,
        "characters": len(text), "tokens": len(tokens), "types": len(set(tokens)), "sentences": len(spans),
        "type_token": round(len(set(tokens)) / len(tokens), 4) if tokens else None,
        "mtld": mtld(tokens), "compression": round(len(zlib.compress(raw, 6)) / len(raw), 4) if len(raw) > 500 else None,
        "sentence_tokens": round(len(tokens) / sentences, 2),
        "question_share": round(sum(text[b - 1] in "?？" for _, b in spans) / sentences, 4),
        "imperative_share": round(sum(is_imperative(text[a:b]) for a, b in spans) / sentences, 4),
        "formality": formality(tokens), "polarity": polarity(tokens),
    }  # fmt: skip


def domain_of(document: Document) -> str:
    """Where a document is from, in short: the host of its address, or the folder that it lay in."""
    match = re.search(r"https?://([^/\s\"]+)", f"{document.source} {document.meta}")
    if match:
        return match[1].removeprefix("www.")
    return document.source.split("#")[0].rpartition("/")[0] or "."


def mtld(tokens: Sequence[str]) -> float | None:
    """Mean length, in tokens, of stretches with a type-token ratio above 0.72, forwards and backwards."""
    if len(tokens) < _LEAST_TOKENS:
        return None
    return round((_one_way(iter(tokens), len(tokens)) + _one_way(reversed(tokens), len(tokens))) / 2, 2)


def _one_way(tokens: Iterator[str], count: int) -> float:
    factors, seen, length = 0.0, set[str](), 0
    for token in tokens:
        seen.add(token)
        length += 1
        if len(seen) / length <= _MTLD_RATIO:
            factors, seen, length = factors + 1, set(), 0
    if length:
        factors += (1 - len(seen) / length) / (1 - _MTLD_RATIO)
    return count / factors if factors else float(count)
