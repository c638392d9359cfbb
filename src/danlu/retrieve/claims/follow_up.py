"""Make a follow-up question stand alone: "and for Windows?" after "How do I install the client on Linux?" asks how to install it.

By rules over words, no model. A question follows up when it opens with an ellipsis (and for …, what about …, 那…呢), points back
(it, they, this, 它, 这个) with nothing in itself that it could point to, or says nothing by itself (why? 多久？). It then takes over the
content words of what was asked before: all of them where it has no verb of its own, else the things and not what was done with
them; a place, system or kind that it names anew ("for Windows") takes the place of the old one ("on Linux"), and so does what danlu.retrieve.claims.slots tells.
Any other question is left as it is, to the character. What was carried is named, so that the answer can show what it was understood as.

The price: a pronoun whose noun stands in the answer before, and not in a question, is not found.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from danlu.retrieve.claims.content import Word, content_words
from danlu.retrieve.claims.slots import replaced
from danlu.text.language import HAN, is_chinese

MOST_TURNS = 6
"""Earlier questions that are read: a thread about one thing is seldom longer, and what follows from it is asked within two or three."""


@dataclass(frozen=True)
class Resolved:
    """A question as it is searched for, and what of it came from earlier ones."""

    question: str
    """Stands alone; equal to the one that was asked where that stood alone."""
    carried: tuple[str, ...]
    """Words of earlier questions, as they were written; empty when nothing was changed."""


_ELLIPSIS = re.compile(
    r"^\s*(?:(?:and|or|but|so|ok(?:ay)?|then),?\s+)*(?:what|how) (?:about|if)\b|^\s*(?:same|the same)\b|^.{0,16}(?<!怎么)呢[?？。!！]?\s*$|^\s*(?:换成|如果是|要是)",
    re.IGNORECASE,
)
"""Asks the same of something else."""
_OPENER = re.compile(r"^\s*(?:(?:and|or|but|also|then|so)\b,?|那么?|还有|另外|以及)\s*(?!些|里|个)", re.IGNORECASE)
_ASKS = re.compile(
    r"\b(?:how|what|where|when|who|why|which|is|are|does|do|can|should)\b|怎么|如何|什么|哪|多少|几|是否|能不能|可以",
    re.IGNORECASE,
)
_PREPOSITION = re.compile(
    r"^\s*(?:and |or |but )?(?P<word>for|on|in|with|at|under|from|as|without|during|after|before) (?!i\b|you\b|we\b)[^,]*$",
    re.IGNORECASE,
)
_EMPTY = re.compile(
    r"^\s*(?:and |but |so )?(?:(?:for |since |until |by )?(?:how (?:long|much|many|often|far|soon|so)|when|where|who|why(?: not| so)?|which(?: one)?)|really|else|more|anything else|tell me more|go on|for example)[\s?!.]*$"
    r"|^\s*(?:那|那么)?(?:为什么|为何|怎么|怎么办|多久|多少钱?|多长时间|几天|几次|什么时候|何时|在哪里?|哪里|谁|还有吗|还有呢|然后呢|真的吗|例如|比如|举个例子)[呢吗\s?？!！。]*$",
    re.IGNORECASE,
)
"""Says nothing alone."""
_POINTS = re.compile(
    r"\b(?P<pronoun>it|its|they|them|their|he|she|him|her|(?<!all )(?:these|those)|the (?:former|latter|second one|first one|other one)|the same(?=[?.!]*$))\b"
    r"|\b(?P<this>this|that)(?=\s*[?.!]*$|\s+(?:is|was|does|do|did|work|works|mean|means|cost|costs|take|takes|apply|applies|happen|include|includes|be|for|on|in|too)\b)|(?:^|[,.] )(?:is|was|are|does|did|will|can) (?P<opens>this|that)\b(?! \w+ \w+ \w+)"
    r"|\b(?P<determiner>this|that) (?=(?:error|message|file|option|setting|command|rule|form|step|case|problem|page|one|version|policy|limit|value)\b)"
    r"|(?<!which )(?<!this )(?<!that )(?<!other )(?<!next )(?<!first )(?<!number )(?<!in )(?<!no )\b(?P<one>one)(?=\s*[?.!]*$)|\b(?P<there>there)(?=[?.!]*$)|(?P<han>(?<!其)它们?|(?<![其吉])他们?|她们?|这(?!里是|边)(?:个|些|样|种|项|条)?|那(?:个|些|样|种)|上述|前者|后者|其(?![他它中实余次]))",
    re.IGNORECASE,
)
_EXPLETIVE = re.compile(
    r"\b(?:(?:is|was|be|would) it (?:\w+ )?(?:possible|necessary|allowed|safe|ok|okay|all right|required|true|better|best|worth|mandatory|normal|a good idea|that|to)\b|does it take (?:for |until |to )|it takes|is it (?:raining|late)|what time is it)",
    re.IGNORECASE,
)
"""An "it" that stands for nothing."""
_FRAME = re.compile(
    r"\b(?P<word>for|on|in|with|at|under|from|as|during) (?P<phrase>(?:the |a |an |my |our )?[\w.+-]+(?: [\w.+-]+)?)(?=[?.!]*$|[?.!,]| (?:and|or|for|on|in|with)\b)"
    r"|在\s*(?P<place>[^在上里中下，。？?]{1,20}?)\s*(?:上|里|中|下)",
    re.IGNORECASE,
)
_ENGLISH_VERB = re.compile(
    r"\b(?:(?:do|does|did|can|could|should|may|must|will|would|to)\s+(?:i|we|you|one|they|users?|people)?\s*|(?:i|we|you|they)\s+)(?P<verb>[a-z]+)\b",
    re.IGNORECASE,
)
_GENERAL = frozenset("long much mani often far time need want know use get tell explain mean way thing".split())


def resolve(question: str, earlier: Sequence[str]) -> Resolved:
    """A question made to stand alone by the questions before it, oldest first; unchanged where it stands alone."""
    standing = Resolved("", ())
    for asked in earlier[-MOST_TURNS:]:
        standing = _after(asked, standing.question)
    return _after(question, standing.question)


def _after(question: str, before: str) -> Resolved:
    kind = _kind(question) if before.strip() else ""
    carried = _carried(question, before, kind) if kind else ()
    if not carried:
        return Resolved(question, ())
    opened, closed = ("（", "）") if is_chinese(question) else (" (", ")")
    return Resolved(f"{question.rstrip()}{opened}{' '.join(carried)}{closed}", carried)


def _kind(question: str) -> str:
    """`same` asks the same of something else, `points` points back; empty for a question that stands alone."""
    words = _meaningful(question)
    if _EMPTY.match(question):
        return "same"
    if _ELLIPSIS.search(question) and len(words) <= 3 and not (_asks_fully(question) and len(words) >= 2):
        return "points" if _points_back(question) else "same"
    if _PREPOSITION.match(question) and len(words) <= 3 and not _ASKS.search(question):
        return "same"
    if _points_back(question):
        return "same" if re.search(r"\bdo (?:it|this|that|so)\b|这样做", question, re.IGNORECASE) else "points"
    opener = _OPENER.match(question)
    if opener and (len(words) <= 1 or (len(words) <= 2 and not _ASKS.search(question[opener.end() :]))):
        return "points" if _verbs(question) and len(words) <= 1 else "same"
    return ""


def _asks_fully(question: str) -> bool:
    """A wh-word beside content: "那如何备份数据库呢" lacks nothing."""
    return bool(re.search(r"怎么|如何|什么|多少|哪", question)) or bool(
        re.match(r"\s*(?:and )?how (?:do|can|to)\b", question, re.IGNORECASE)
    )


def _points_back(question: str) -> bool:
    plain = _EXPLETIVE.sub(lambda match: " " * len(match.group()), question)
    match = _POINTS.search(plain)
    if match is None:
        return False
    own = [word for word in _meaningful(question) if word.end <= match.start()]
    verbs = _verbs(question)
    relative = match["this"] and own and question[own[-1].end : match.start()] == " "
    if relative and re.match(r"that \w", question[match.start() :], re.IGNORECASE):
        return False  # "a program that is written in C"
    things = [word for word in own if not word.key.endswith("ly") and word.start not in verbs]
    of_a_person = (match["pronoun"] or "").lower() in ("he", "she", "him", "her")
    return len(things) < (1 if match["han"] or of_a_person else 2) and not (
        things and _subordinate(question, match.start())
    )


def _subordinate(question: str, place: int) -> bool:
    """What the pronoun points to stands in a clause before it: "if the printer jams, how do I open it?"."""
    return bool(re.search(r"[,，]|\band\b|\bif\b|\bwhen\b|如果|当|之后|并", question[:place], re.IGNORECASE))


def _meaningful(text: str) -> list[Word]:
    return [word for word in content_words(text) if word.key not in _GENERAL]


def _verbs(question: str) -> set[int]:
    """Where its verbs begin."""
    if is_chinese(question):
        return {start for start, _ in _han_verbs(question)}
    return {match.start("verb") for match in _ENGLISH_VERB.finditer(question)}


def _han_verbs(text: str) -> list[tuple[int, str]]:
    import rjieba

    found, at = [], 0
    for word, tag in rjieba.tag(text):
        if tag.startswith("v") and tag != "vn":
            found.append((at, word))
        at += len(word)
    return found


def _carried(question: str, before: str, kind: str) -> tuple[str, ...]:
    mine = {word.key for word in content_words(question)}
    left_out = _replaced(question, before)
    verbs = _verbs(before) if kind == "points" else set()
    found = [
        word
        for word in _meaningful(before)
        if word.key not in mine and not any(start <= word.start < end for start, end in left_out)
    ]
    things = [word for word in found if word.start not in verbs] or found
    texts = [before[_start(before, word) : word.end] for word in things]
    return tuple(dict.fromkeys(texts))


def _start(text: str, word: Word) -> int:
    """A single Han character is the end of a word that the segmenter cut (年假): the one before it is taken too."""
    cut = word.han and word.end - word.start == 1 and re.match(f"[{HAN}]", text[word.start - 1 : word.start])
    return word.start - 1 if cut and text[word.start - 1] not in "的了在是和与请" else word.start


def _replaced(question: str, before: str) -> list[tuple[int, int]]:
    """Places in the earlier question whose part the new one fills: the same preposition, or a name for a name."""
    fills = _frames(question)
    named = any(_is_name(question[word.start : word.end]) for word in _meaningful(question))
    found = replaced(question, before)
    for preposition, start, end in _frames(before):
        same = any(preposition == other for other, _, _ in fills)
        if same or (named and _is_name(before[start:end].split()[-1])):
            found.append((start, end))
    return found


def _frames(text: str) -> list[tuple[str, int, int]]:
    """Preposition and place of what it leads in."""
    return [
        (match["word"].lower(), *match.span("phrase")) if match["word"] else ("在", *match.span("place"))
        for match in _FRAME.finditer(text)
    ]


def _is_name(word: str) -> bool:
    return bool(re.match("[A-Z]|.*[0-9]", word))
