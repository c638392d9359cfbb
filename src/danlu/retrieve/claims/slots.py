"""What of an earlier question a follow-up puts something else in the place of: "and building C?" after "When does building A close?".

Three signs, all of form and none of meaning: a label or an identifier of the same shape (A and C, E42 and E43); in English what stands
beside a word that both have (the travel form, the leave form); in Chinese a word that ends alike (年假, 病假; 三楼, 四楼).
The price: "and phones?" after a question about laptops has none of them, so that laptops stay beside phones.
"""

import re
from itertools import pairwise

from danlu.retrieve.claims.content import content_words
from danlu.text.language import HAN

Span = tuple[int, int]
_LABEL = re.compile(r"(?<![A-Za-z0-9])(?:[A-HJ-Z]|[A-Za-z]*[.-]?[0-9][A-Za-z0-9.-]*)(?![A-Za-z0-9])")
_CORE = re.compile(f"^(?:那么?|还有|另外)?\\s*(?P<core>[A-Za-z0-9{HAN}]{{2,8}}?)的?呢?[?？。!！\\s]*$")
"""What a short Chinese question names."""


def replaced(question: str, before: str) -> list[Span]:
    """Places in the earlier question that the new one fills anew."""
    return [*_same_shape(question, before), *_beside_shared(question, before), *_ending_alike(question, before)]


def _same_shape(question: str, before: str) -> list[Span]:
    fresh = [found for found in _LABEL.findall(question) if found not in before]
    shapes = {_shape(label) for label in fresh}
    return [found.span() for found in _LABEL.finditer(before) if _shape(found.group()) in shapes]


def _shape(label: str) -> str:
    return re.sub("[0-9]+", "9", re.sub("[A-Za-z]+", "A", label))


def _beside_shared(question: str, before: str) -> list[Span]:
    """Words of the earlier question on that side of a shared one on which the new question has another."""
    mine, theirs = content_words(question), content_words(before)
    shared = {word.key for word in mine if not word.han} & {word.key for word in theirs}
    found = []
    for one, other in pairwise(theirs):
        if before[one.end : other.start] != " " or (one.key in shared) == (other.key in shared):
            continue
        kept, gone = (one, other) if one.key in shared else (other, one)
        sides = (
            (left.key == kept.key if kept is one else right.key == kept.key)
            and (right if kept is one else left).key not in shared
            for left, right in pairwise(mine)
            if question[left.end : right.start] == " "
        )
        if any(sides):
            found.append((gone.start, gone.end))
    return found


def _ending_alike(question: str, before: str) -> list[Span]:
    match = _CORE.match(question)
    if match is None or not re.search(f"[{HAN}]$", match["core"]):
        return []
    core = match["core"]
    ends = (found.end() for found in re.finditer(re.escape(core[-1]), before))
    spans = ((max(0, end - len(core)), end) for end in ends)
    return [(start, end) for start, end in spans if end - start > 1 and not core.endswith(before[start:end])]
