"""Scores of generated texts against references: BLEU, chrF, ROUGE.

BLEU: Papineni et al. 2002, as sacrebleu computes it (Post 2018, arXiv 1804.08771): corpus level, exponential smoothing, tokens
of mteval-v13a, or single Chinese characters with 13a between them. chrF: Popović 2015, characters up to six, beta 2.
ROUGE-1, -2 and -L: Lin 2004, F1, mean over the texts, without stemming; a Chinese character is a word.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Hashable, Sequence

from danlu.text.language import HAN

_BLEU_ORDER, _CHRF_ORDER, _CHRF_BETA = 4, 6, 2
_ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))
_RULES_13A = (
    (re.compile(r"([ -&(-+/:-@\[-`{-~])"), r" \1 "),
    (re.compile(r"([^0-9])([.,])"), r"\1 \2 "),
    (re.compile(r"([.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),
)
_CHINESE_ALONE = re.compile(
    "([\u2001-\u2a6d\u2e80-\u2fdf\u2ff0-\u303f\u3100-\u312f\u31a0-\u31ef\u3200-\u4db5\u4e00-\u9fbb\uf900-\ufa2d"
    "\ufa30-\ufa6a\ufa70-\ufad9\ufe10-\ufe1f\ufe30-\ufe4f\uff00-\uffef])"
)
"""What sacrebleu's `zh` sets apart: Chinese characters, full-width forms, and punctuation and symbols from U+2001 on."""
_HAN = re.compile(f"[{HAN}]")
_ROUGE_WORD = re.compile(f"[{HAN}]|[^\\W_{HAN}]+")
_CHINESE_SHARE = 0.2
"""Share of Han characters in the references from which they count as Chinese."""


def is_chinese(texts: Sequence[str]) -> bool:
    """Whether texts are written in Chinese, so that characters are counted and not words."""
    joined = "".join(texts)
    return len(_HAN.findall(joined)) > _CHINESE_SHARE * max(len(joined), 1)


def tokens_13a(text: str) -> list[str]:
    """The tokens of mteval-v13a."""
    text = text.replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    for entity, character in _ENTITIES:
        text = text.replace(entity, character)
    return _split(f" {text} ")


def tokens_chinese(text: str) -> list[str]:
    """Chinese characters one by one, and 13a's rules between them."""
    return _split(_CHINESE_ALONE.sub(r" \1 ", text.strip()))


def _split(text: str) -> list[str]:
    for pattern, replacement in _RULES_13A:
        text = pattern.sub(replacement, text)
    return text.split()


def _ngrams(items: Sequence[Hashable], order: int) -> Counter[tuple[Hashable, ...]]:
    return Counter(tuple(items[at : at + order]) for at in range(len(items) - order + 1))


def bleu(made: Sequence[str], references: Sequence[str]) -> float:
    """Corpus BLEU, 0 to 100."""
    tokens = tokens_chinese if is_chinese(references) else tokens_13a
    right, total = [0] * _BLEU_ORDER, [0] * _BLEU_ORDER
    made_length = reference_length = 0
    for one, reference in zip(made, references, strict=True):
        ours, theirs = tokens(one), tokens(reference)
        made_length, reference_length = made_length + len(ours), reference_length + len(theirs)
        for order in range(_BLEU_ORDER):
            found = _ngrams(ours, order + 1)
            right[order] += (found & _ngrams(theirs, order + 1)).total()
            total[order] += found.total()
    if not any(right) or not all(total):
        return 0.0
    logs, smoothing = 0.0, 1.0
    for matches, count in zip(right, total, strict=True):
        if not matches:
            smoothing *= 2
        logs += math.log(100 * matches / count if matches else 100 / (smoothing * count))
    brevity = math.exp(1 - reference_length / made_length) if made_length < reference_length else 1.0
    return brevity * math.exp(logs / _BLEU_ORDER)


def chrf(made: Sequence[str], references: Sequence[str]) -> float:
    """Corpus chrF2, 0 to 100: white space is left out, orders that a side has no n-gram of do not count."""
    precisions, recalls = [], []
    for order in range(1, _CHRF_ORDER + 1):
        right = ours_total = theirs_total = 0
        for one, reference in zip(made, references, strict=True):
            ours, theirs = (_ngrams("".join(text.split()), order) for text in (one, reference))
            right += (ours & theirs).total()
            ours_total += ours.total() if theirs else 0
            theirs_total += theirs.total()
        if ours_total and theirs_total:
            precisions.append(right / ours_total)
            recalls.append(right / theirs_total)
    if not any(precisions):
        return 0.0
    precision, recall = math.fsum(precisions) / len(precisions), math.fsum(recalls) / len(recalls)
    return 100 * (1 + _CHRF_BETA**2) * precision * recall / (_CHRF_BETA**2 * precision + recall)


def rouge(made: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    """Mean F1 of ROUGE-1, ROUGE-2 and ROUGE-L, 0 to 100."""
    scores = {"rouge1": _shared(1), "rouge2": _shared(2), "rougeL": _longest_common}
    words = [(rouge_words(one), rouge_words(reference)) for one, reference in zip(made, references, strict=True)]
    return {
        name: 100 * math.fsum(score(ours, theirs) for ours, theirs in words) / max(len(words), 1)
        for name, score in scores.items()
    }


def rouge_words(text: str) -> list[str]:
    """Runs of letters and digits in lower case; Chinese characters one by one."""
    return _ROUGE_WORD.findall(text.lower())


def _shared(order: int) -> Callable[[list[str], list[str]], float]:
    def score(ours: list[str], theirs: list[str]) -> float:
        found, wanted = _ngrams(ours, order), _ngrams(theirs, order)
        return _f1((found & wanted).total(), found.total(), wanted.total())

    return score


def _longest_common(ours: list[str], theirs: list[str]) -> float:
    return _f1(common_length(ours, theirs), len(ours), len(theirs))


def common_length(a: Sequence[str], b: Sequence[str]) -> int:
    """Length of the longest common subsequence, a row of the table in one integer (Hyyrö 2004): bits that fell are matches."""
    places: dict[str, int] = {}
    for at, word in enumerate(a):
        places[word] = places.get(word, 0) | 1 << at
    full = (1 << len(a)) - 1
    row = full
    for word in b:
        matches = row & places.get(word, 0)
        row = ((row + matches) | (row - matches)) & full
    return len(a) - row.bit_count()


def _f1(right: int, found: int, wanted: int) -> float:
    return 2 * right / (found + wanted) if right else 0.0
