"""Two token sequences of one conversation: where they part, how that looks in context, and of what kind it is.

Shapes: S served tokens, T trained tokens.
"""

import re
from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from danlu.core.errors import Phrase
from danlu.prove.template.serving import Ids, Serving
from danlu.text.rows.rows import Conversation

_BEFORE, _AFTER = 4, 6
THOUGHT = re.compile(r"<think>.*?</think>\s*|</?think>\s*", re.DOTALL)
_TEXT_CHARACTERS = 60
_DATE_FORM = re.compile(r"""strftime_now\(\s*['"]([^'"]+)['"]""")


class Kind(StrEnum):
    """In which way a served conversation differs from the trained one: the first of these that explains it whole."""

    BOS = "bos"
    TOKENS = "tokens"
    WHITESPACE = "whitespace"
    THINKING = "thinking"
    SYSTEM = "system"
    TEXT = "text"


def kind_phrase(kind: Kind) -> Phrase:
    """A kind as it is said."""
    said = {
        Kind.BOS: Phrase("BOS at the beginning"),
        Kind.TOKENS: Phrase("same text, other tokens"),
        Kind.WHITESPACE: Phrase("white space"),
        Kind.THINKING: Phrase("thoughts"),
        Kind.SYSTEM: Phrase("what stands before the first user message"),
        Kind.TEXT: Phrase("other text"),
    }
    return said[kind]


def first_difference(served_S: Ids, trained_T: Ids) -> int:
    """The first place where they differ: the length of the shorter one where it is a prefix of the other."""
    length = min(len(served_S), len(trained_T))
    unequal = np.flatnonzero(served_S[:length] != trained_T[:length])
    return int(unequal[0]) if len(unequal) else length


def kind_of(serving: Serving, conversation: Conversation, served_S: Ids, trained_T: Ids) -> Kind:
    """The simplest explanation of the difference."""
    bos = serving.tokenizer.bos_token_id
    if bos is not None and np.array_equal(_without_leading(served_S, bos), _without_leading(trained_T, bos)):
        return Kind.BOS
    served, trained = serving.decode(served_S), serving.decode(trained_T)
    if served == trained:
        return Kind.TOKENS
    if _squeezed(served) == _squeezed(trained):
        return Kind.WHITESPACE
    if _squeezed(THOUGHT.sub("", served)) == _squeezed(THOUGHT.sub("", trained)):
        return Kind.THINKING
    first = next(
        (str(message["content"]).strip() for message in conversation.messages if message["role"] == "user"), ""
    )
    if first and served.partition(first)[1:] == trained.partition(first)[1:] and first in served:
        return Kind.SYSTEM
    return Kind.TEXT


def shown(serving: Serving, row: int, served_S: Ids, trained_T: Ids) -> Iterator[Phrase]:
    """The first difference in context: tokens with their ids, and the text around."""
    at = first_difference(served_S, trained_T)
    yield Phrase("row {row}: the first difference is at token {at}", row=row, at=at)
    yield Phrase("served:  {tokens}", tokens=tokens_around(serving, served_S, at))
    yield Phrase("trained: {tokens}", tokens=tokens_around(serving, trained_T, at))
    yield Phrase("text served:  {text!r}", text=_text_around(serving, served_S, at))
    yield Phrase("text trained: {text!r}", text=_text_around(serving, trained_T, at))


def tokens_around(serving: Serving, ids: Ids, at: int) -> str:
    """Tokens around one place, the one at it marked, each with its id."""
    found = []
    for place in range(max(0, at - _BEFORE), min(len(ids), at + _AFTER)):
        shown = f"{token_string(serving, int(ids[place]))}={ids[place]}"
        found.append(f">>{shown}<<" if place == at else shown)
    if at >= len(ids):
        found.append(">>∅<<")
    return " ".join(found)


def token_string(serving: Serving, id: int) -> str:
    """A token as text, or as the tokenizer spells it where it is part of a character."""
    text = serving.decode([id])
    return repr(serving.tokenizer.convert_ids_to_tokens(id)) if "\ufffd" in text or not text else repr(text)


def redated(serving: Serving, text: str, trained_T: Ids) -> Ids | None:
    """The ids of the served `text` with the date that the trained ones bear; None when the template asks for no date.

    Templates such as LLaMA 3.2's write today's date, so tokens made on another day differ by design.
    """
    from datetime import datetime

    forms = _DATE_FORM.findall(serving.template)
    if not forms:
        return None
    trained = serving.decode(trained_T)
    for form in forms:
        today = datetime.now().strftime(form)  # local, as Transformers writes it
        digits = re.sub(r"\d+", "0", re.escape(today))
        pattern = re.sub(r"[A-Za-z]+", "[A-Za-z]+", digits).replace("0", r"\d+")
        if (found := re.search(pattern, trained)) is not None:
            text = text.replace(today, found[0])
    return serving.ids([text])[0]


def _without_leading(ids: Ids, bos: int) -> Ids:
    start = 0
    while start < len(ids) and ids[start] == bos:
        start += 1
    return ids[start:]


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _text_around(serving: Serving, ids: Ids, at: int) -> str:
    start = max(0, at - 2 * _BEFORE)
    return serving.decode(ids[start : at + 2 * _AFTER]).strip("\ufffd")[:_TEXT_CHARACTERS]
