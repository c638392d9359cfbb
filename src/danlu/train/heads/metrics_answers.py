"""How well answers are found: exact match and F1 as SQuAD scores English and as CMRC 2018 scores Chinese.

SQuAD (Rajpurkar et al. 2016, arXiv 1606.05250): lower case, without punctuation, articles and extra spaces; F1 over the bag of words.
CMRC (Cui et al. 2019, arXiv 1810.07366): lower case, without punctuation; each Han character is a token, and F1 is over the
longest run of tokens that both share. The best of a question's answers counts.
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")


def answer_scores(answers: Sequence[Sequence[str]], said: Sequence[str]) -> dict[str, Any]:
    """Means over questions, in shares of 1. No answer is right when nothing is said, and only then."""
    pairs = list(zip(answers, said, strict=True))
    answered = [pair for pair in pairs if pair[0]]
    is_chinese = sum(bool(_HAN.search("".join(known))) for known, _ in answered) * 2 > len(answered)
    found = {
        "questions": len(pairs),
        "unanswerable": len(pairs) - len(answered),
        "squad_exact": _mean(_best(squad_exact, known, text) for known, text in pairs),
        "squad_f1": _mean(_best(squad_f1, known, text) for known, text in pairs),
        "cmrc_exact": _mean(_best(cmrc_exact, known, text) for known, text in pairs),
        "cmrc_f1": _mean(_best(cmrc_f1, known, text) for known, text in pairs),
    }
    scored_as = "cmrc" if is_chinese else "squad"
    return found | {"scored_as": scored_as, "exact": found[f"{scored_as}_exact"], "f1": found[f"{scored_as}_f1"]}


def squad_exact(answer: str, said: str) -> float:
    """1 for the same words."""
    return float(_squad_words(answer) == _squad_words(said))


def squad_f1(answer: str, said: str) -> float:
    """F1 over words."""
    known, found = _squad_words(answer), _squad_words(said)
    if not known or not found:
        return float(known == found)
    return _f1((Counter(known) & Counter(found)).total(), len(known), len(found))


def cmrc_exact(answer: str, said: str) -> float:
    """1 for the same characters, punctuation left out."""
    return float(_plain(answer) == _plain(said))


def cmrc_f1(answer: str, said: str) -> float:
    """F1 of the longest shared run of Han characters and words."""
    known, found = _mixed(answer), _mixed(said)
    if not known or not found:
        return float(known == found)
    return _f1(_longest_run(known, found), len(known), len(found))


def _best(score: Callable[[str, str], float], known: Sequence[str], said: str) -> float:
    if not known:
        return float(not said)
    return max(score(answer, said) for answer in known)


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)


def _f1(shared: int, known: int, found: int) -> float:
    return 2 * shared / (known + found)


def _squad_words(text: str) -> list[str]:
    bare = "".join(character for character in text.lower() if character not in string.punctuation)
    return _ARTICLES.sub(" ", bare).split()


def _plain(text: str) -> str:
    """Lower case without white space and punctuation (CMRC lists its signs; here Unicode says what is one)."""
    return "".join(c for c in text.lower() if not c.isspace() and unicodedata.category(c)[0] not in "PS")


def _mixed(text: str) -> list[str]:
    """Han characters one by one, other words whole."""
    spaced = "".join(
        f" {c} " if _HAN.match(c) else " " if unicodedata.category(c)[0] in "PS" else c for c in text.lower()
    )
    return spaced.split()


def _longest_run(first: Sequence[str], second: Sequence[str]) -> int:
    """Length of the longest run of tokens that stands in both."""
    best = 0
    before = [0] * (len(second) + 1)
    for token in first:
        here = [0] + [before[at] + 1 if token == other else 0 for at, other in enumerate(second)]
        best, before = max(best, *here), here
    return best
