"""Chinese variants of a sentence that say the same: 把 and 被, two forms of a yes-or-no question, 的 left out.

The rules read the segmenter's words and tags. A clause is turned only when it stands between two marks, has one 把 or 被, a
short subject and object without verbs, and an ending verb phrase; a clause with 把 or 被 that is not turned is counted as abstained.
"""

import re
from collections.abc import Iterator, Sequence

from danlu.data.augment.protected import Spans, tagged
from danlu.text.language import HAN
from danlu.text.offsets import Edit

VERSION = 1

_CLAUSE = re.compile(f"(?:(?<=^)|(?<=[，。！？；：\\n]))[{HAN}]{{4,40}}(?=[，。！？；\\n]|$)")
_NOMINAL = ("n", "r", "m", "q", "s", "f", "vn", "uj", "zg", "b", "a")
_LINKING = frozenset(
    "因为 所以 如果 但是 而 就 也 都 不 没 没有 可以 应该 应当 必须 会 能 要 将 已经 已 并 再 请 先 然后 让 使 由 向 对 在 从 时候".split()
)
_QUESTIONS = {"能": "能不能", "会": "会不会", "可以": "可不可以", "有": "有没有", "要": "要不要", "应该": "应不应该"}
_NEGATIONS = re.compile("[不没别非无未吗谁哪]|难道|什么|怎么|几个|多少|对")
"""Besides negations: words that make another kind of question, or that 有 depends on (对……有意义)."""
_ASKED = re.compile(f"[{HAN}]{{3,30}}吗(?=？)")
_DOUBLED = re.compile("(" + "|".join(_QUESTIONS.values()) + f")[{HAN}]{{2,30}}(?=？)")
_SINGLE = {doubled: single for single, doubled in _QUESTIONS.items()}
_KIN = (
    "爸爸|妈妈|父亲|母亲|哥哥|姐姐|弟弟|妹妹|丈夫|妻子|爷爷|奶奶|孩子|儿子|女儿|家人|朋友|老师|同学|公司|学校|单位|国家"
)
_OWNED = re.compile(
    f"(?<=[我你您他她])的(?=(?:{_KIN})(?![{HAN}]?的))|(?<=我们|你们|他们|她们)的(?=(?:{_KIN})(?![{HAN}]?的))"
)

Word = tuple[str, str]


def turned(text: str, protected: Spans) -> Iterator[tuple[Edit | None, str]]:
    """把 to 被 and 被 to 把: (edit, form), or (None, form) for a clause that is left alone."""
    for match in _CLAUSE.finditer(text):
        for mark, other in (("把", "被"), ("被", "把")):
            if mark in match.group() and not protected.touch(*match.span()):
                words = [(word, tag) for _, word, tag in tagged(match.group())]
                new = _turn(words, mark, other)
                yield (Edit(*match.span(), new, "把 to 被" if mark == "把" else "被 to 把") if new else None), mark


def _turn(words: Sequence[Word], mark: str, other: str) -> str:
    """`subject 把 object verb...` as `object 被 subject verb...`, and the other way round; empty when not sure."""
    at = [number for number, (word, _) in enumerate(words) if word == mark]
    if len(at) != 1 or any(word in _LINKING for word, _ in words):
        return ""
    verb = next((n for n in range(at[0] + 1, len(words)) if words[n][1] in ("v", "vd", "l", "i")), 0)
    subject, object, rest = words[: at[0]], words[at[0] + 1 : verb], words[verb:]
    if not (_is_noun_phrase(subject) and _is_noun_phrase(object) and _ends_the_deed(rest)):
        return ""
    return "".join(word for word, _ in (*object, (other, ""), *subject, *rest))


def _is_noun_phrase(words: Sequence[Word]) -> bool:
    if not words or len(words) > 4 or words[-1][1] not in ("n", "r", "vn", "zg", "nz"):
        return False
    return all(tag.startswith(_NOMINAL) for _, tag in words) and words[0][0] != "的"


def _ends_the_deed(words: Sequence[Word]) -> bool:
    """Both forms need a result: a particle or a complement after the verb, and no second deed."""
    if not words or "地" in "".join(word for word, _ in words):
        return False
    verbs = sum(tag == "v" for _, tag in words)
    last = words[-1][0]
    return (
        verbs <= 2
        and len(words) <= 5
        and (last == "了" or words[0][0][-1] in "到成为在给" or words[1:2] == [("了", "ul")])
    )


def question_forms(text: str, protected: Spans) -> Iterator[Edit]:
    """`能……吗？` to `能不能……？` and back."""
    for match in _ASKED.finditer(text):
        words = list(tagged(match.group()[:-1]))
        modal = [(place, word) for place, word, tag in words if word in _QUESTIONS and tag.startswith("v")]
        if len(modal) == 1 and not _NEGATIONS.search(match.group()[:-1]) and not protected.touch(*match.span()):
            place, word = modal[0]
            body = match.group()[:place] + _QUESTIONS[word] + match.group()[place + len(word) : -1]
            yield Edit(*match.span(), body, "question form")
    for match in _DOUBLED.finditer(text):
        rest = match.group()[len(match[1]) :]
        read = next(tagged(rest))[2]
        noun_follows = match[1] != "有没有" or read.startswith(("n", "m"))
        if (
            noun_follows
            and not _NEGATIONS.search(rest)
            and not re.search("[呢呀啊么]", rest)
            and not protected.touch(*match.span())
        ):
            yield Edit(*match.span(), _SINGLE[match[1]] + rest + "吗", "question form")


def without_de(text: str, protected: Spans) -> Iterator[Edit]:
    """`我的妈妈` to `我妈妈`: only before kin and the group one belongs to, where spoken Chinese leaves 的 out."""
    for match in _OWNED.finditer(text):
        if not protected.touch(*match.span()):
            yield Edit(*match.span(), "", "的 left out")
