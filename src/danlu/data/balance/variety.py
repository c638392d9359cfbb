"""How varied a sample of documents is as a whole: repeated phrases, sameness of documents, what compression takes away.

distinct-n: Li et al. 2016 (arXiv:1510.03055). Self-BLEU: Zhu et al. 2018 (arXiv:1802.01886); here the mean share of a document's
4-grams that stand in one of its peers of the sample, which needs no reference lengths. Compression ratio: Shaib et al. 2024
(arXiv:2403.00553). All fall or rise with the size of the sample: compare corpora by samples of equal size.
"""

import zlib
from collections import Counter
from collections.abc import Sequence

VERSION = 1


def distinct(documents: Sequence[Sequence[str]], n: int) -> float | None:
    """Different n-grams by all n-grams, 0 to 1; None without any."""
    grams = Counter(gram for tokens in documents for gram in zip(*(tokens[at:] for at in range(n)), strict=False))
    total = sum(grams.values())
    return round(len(grams) / total, 4) if total else None


def self_overlap(documents: Sequence[Sequence[str]], n: int = 4) -> float | None:
    """Mean share of a document's n-grams that another document holds too: 0 all different, 1 all the same."""
    grams = [set(zip(*(tokens[at:] for at in range(n)), strict=False)) for tokens in documents]
    held = Counter(gram for own in grams for gram in own)
    shares = [sum(held[gram] > 1 for gram in own) / len(own) for own in grams if own]
    return round(sum(shares) / len(shares), 4) if len(shares) > 1 else None


def compression(texts: Sequence[str]) -> float | None:
    """Compressed by raw bytes of the texts in a row (zlib, level 6): the lower, the more they repeat."""
    packer = zlib.compressobj(6)
    raw = packed = 0
    for text in texts:
        data = text.encode()
        raw += len(data)
        packed += len(packer.compress(data))
    packed += len(packer.flush())
    return round(packed / raw, 4) if raw else None
