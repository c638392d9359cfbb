"""Which language a text is in: a gate on the share of Han characters first, a classifier for longer text.

The gate decides Chinese by itself: it needs no model, and is right on texts as short as a question, where
classifiers are not. Kana or Hangul beside the Han characters means that it is not Chinese.

The classifier knows 140 languages, and tells lists, commands and short English as one of the rare ones among them. So a rare language is
believed only when it is nearly sure, and any other answer is sought among languages of many documents.
"""

import re
from functools import cache
from typing import Any

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_HAN = re.compile(f"[{HAN}]")
KANA_OR_HANGUL = "[\u3040-\u30ff\uac00-\ud7af]"
_KANA_OR_HANGUL = re.compile(KANA_OR_HANGUL)
_OTHER_WORD = re.compile(f"[^\\W\\d_{HAN}]+")
_HAN_SHARE = 0.2
"""Chinese manuals quote many commands: a fifth of the words being Han characters is enough."""
_READ_CHARACTERS = 4000
_LEAST_LETTERS = 20
_LETTERS_OF_A_SYLLABLE = 4
"""A sign of kana or Hangul says as much of a language as about four letters."""
_COMMON = frozenset(
    "am ar az be bg bn bs ca cs da de el en es et fa fi fr gu he hi hr hu hy id is it ja ka kk km kn ko lo lt lv mk ml mn mr ms my ne nl"
    " no pa pl ps pt ro ru si sk sl sq sr sv sw ta te th tl tr uk ur uz vi zh".split()
)
_LEAST_COMMON = 0.4
"""Probability among common languages: below it lie lists, settings and code (0.1 to 0.3), above it nearly all short sentences."""
_LEAST_RARE = 0.9
"""Probability among all: a sentence in Welsh or Latin has 0.95 and more, English told as a rare language up to 0.6."""
_NO_LANGUAGE = "zxx"


def han_share(text: str) -> float:
    """The share of Han characters among words, where a Han character is a word. 0 when there are no words."""
    han, others = (len(found.findall(text[:_READ_CHARACTERS])) for found in (_HAN, _OTHER_WORD))
    return han / (han + others) if han else 0.0


def is_chinese(text: str) -> bool:
    """Whether a text of any length is Chinese, as far as characters tell."""
    sample = text[:_READ_CHARACTERS]
    return han_share(sample) >= _HAN_SHARE and len(_KANA_OR_HANGUL.findall(sample)) * 5 < len(_HAN.findall(sample))


def answer_language(question: str) -> str:
    """`zh` or `en`: the language in which danlu answers a question."""
    return "zh" if is_chinese(question) else "en"


def document_language(text: str) -> str:
    """The ISO 639-1 code of a document's language; `und` when it has hardly any words, or none that tell."""
    if is_chinese(text):
        return "zh"
    sample = text[:_READ_CHARACTERS]
    syllables = len(_KANA_OR_HANGUL.findall(sample))
    if sum(map(str.isalpha, sample)) + (_LETTERS_OF_A_SYLLABLE - 1) * syllables < _LEAST_LETTERS:
        return "und"
    ranks = _identifier().rank(sample)
    code, probability = ranks[0]
    if code not in _COMMON and probability >= _LEAST_RARE:
        return "und" if code == _NO_LANGUAGE else str(code)
    common = [rank for rank in ranks if rank[0] in _COMMON]
    code, probability = common[0]
    return str(code) if probability >= _LEAST_COMMON * sum(share for _, share in common) else "und"


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
