"""Which language a text is in: a gate on the share of Han characters first, a classifier for longer text.

The gate decides Chinese by itself: it needs no model, and is right on texts as short as a question, where
classifiers are not. Kana or Hangul beside the Han characters means that it is not Chinese.
"""

import re

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_HAN = re.compile(f"[{HAN}]")
KANA_OR_HANGUL = "[\u3040-\u30ff\uac00-\ud7af]"
_KANA_OR_HANGUL = re.compile(KANA_OR_HANGUL)
_OTHER_WORD = re.compile(f"[^\\W\\d_{HAN}]+")
_HAN_SHARE = 0.2
"""Chinese manuals quote many commands: a fifth of the words being Han characters is enough."""
_READ_CHARACTERS = 4000


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
    """The ISO 639-1 code of a document's language; `und` when it has hardly any words."""
    if is_chinese(text):
        return "zh"
    sample = text[:_READ_CHARACTERS]
    if sum(character.isalpha() for character in sample) < 20:
        return "und"
    import py3langid

    return str(py3langid.classify(sample)[0])
