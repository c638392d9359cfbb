"""What is measured of a sample of a corpus, since it takes all texts at once: topics, and variety as a whole.

A sample bounds the memory, and equal documents are in it whatever else the corpus holds: they are chosen by a hash of their ids.
"""

import hashlib
import heapq
from typing import Any

from danlu.core.artifacts import Corpus
from danlu.data.balance.measures import tokens_of
from danlu.data.balance.topics import topics_of
from danlu.data.balance.variety import compression, distinct, self_overlap
from danlu.text.segment import terms
from danlu.text.tables import stream_rows

_TERMS_OF_A_SAMPLE = 400
_CHARACTERS_OF_A_SAMPLE = 4000


def share_of(key: str) -> float:
    """A number between 0 and 1 that a key alone decides."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big") / 2**64


def sample_of(documents: Corpus, size: int, seed: int) -> list[str]:
    """The beginnings of the documents with the smallest hashes, in the order of these."""
    ids = (row["doc_id"] for row in stream_rows(documents.documents, ["doc_id"]))
    chosen = dict(
        heapq.nsmallest(size, ((id, share_of(f"{seed}:{id}")) for id in ids), key=lambda pair: (pair[1], pair[0]))
    )
    found = [
        (chosen[row["doc_id"]], row["doc_id"], row["text"][:_CHARACTERS_OF_A_SAMPLE])
        for row in stream_rows(documents.documents, ["doc_id", "text"])
        if row["doc_id"] in chosen
    ]
    return [text for _, _, text in sorted(found)]


def _telling(tokens: list[str]) -> list[str]:
    """Words as people read them, without stop words, numbers and single characters."""
    return [token for token in tokens if len(token) > 1 and not token.isdigit() and terms(token)]


def measures_of_sample(texts: list[str], seed: int) -> dict[str, Any]:
    """Topics and variety, by name."""
    tokens = [tokens_of(text) for text in texts]
    topics = topics_of([_telling(own)[:_TERMS_OF_A_SAMPLE] for own in tokens], seed)
    return {
        "sample": len(texts),
        "topics": [{"documents": topic.documents, "terms": list(topic.terms)} for topic in topics],
        "variety": {
            "distinct_1": distinct(tokens, 1), "distinct_2": distinct(tokens, 2), "distinct_3": distinct(tokens, 3),
            "self_overlap_4": self_overlap(tokens), "compression": compression(texts),
        },
    }  # fmt: skip
