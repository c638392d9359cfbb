"""Texts with entities: JSON Lines {"tokens": [...], "tags": ["B-PER", ...]} or {"text", "entities": [{"start", "end", "label"}]}.

Offsets are half-open code points. Tokens become a text again: with a space between two, unless both touch as Han characters do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from danlu.core.errors import Phrase, UserError
from danlu.train.examples import read_objects
from danlu.train.heads.lines import check_label, missing, text_in, wrong
from danlu.train.heads.metrics_entities import Entity, entities_of

_TEXT = Phrase("a text")
_TOKENS = Phrase("a list of words")
_TAGS = Phrase("a list of tags, one for each token: O, B-LABEL or I-LABEL")
_ENTITIES = Phrase('a list of {"start": 0, "end": 3, "label": "..."} with offsets inside the text, none across another')
_FORM = '{"tokens": ["..."], "tags": ["B-PER"]}'


@dataclass(frozen=True)
class TaggedText:
    """One row of the file."""

    where: str
    text: str
    words: tuple[tuple[int, int], ...]
    """Where each token of the file stands in the text; empty when the file gives a text."""
    entities: tuple[Entity, ...]


def read_tagged(path: Path, declared: tuple[str, ...], *, is_labelled: bool = True) -> list[TaggedText]:
    """All rows. Raises UserError for the first line that is wrong."""
    found = []
    for number, row in read_objects(path, _FORM):
        where = f"{path}:{number}"
        tagged = _from_tokens(row, where, is_labelled) if "tokens" in row else _from_text(row, where, is_labelled)
        for _, _, label in tagged.entities:
            check_label(label, declared, where)
        found.append(tagged)
    if is_labelled and not any(tagged.entities for tagged in found):
        raise UserError(
            "{path}: none of {rows} rows has an entity",
            "A tagger needs rows with entities to learn from.",
            path=path,
            rows=len(found),
        )
    return found


def joined(tokens: Sequence[str]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """A text of tokens, and where each stands in it."""
    text, places = "", []
    for token in tokens:
        if text and not (_is_han(text[-1]) and _is_han(token[0])):
            text += " "
        places.append((len(text), len(text) + len(token)))
        text += token
    return text, tuple(places)


def _from_tokens(row: dict[str, Any], where: str, is_labelled: bool) -> TaggedText:
    tokens = row["tokens"]
    if not isinstance(tokens, list) or not tokens or not all(isinstance(t, str) and t.strip() for t in tokens):
        raise wrong(where, "tokens", tokens, _TOKENS)
    text, words = joined(tokens)
    if not is_labelled:
        return TaggedText(where, text, words, ())
    if "tags" not in row:
        raise missing(row, where, "tags", _TAGS)
    tags = row["tags"]
    if not isinstance(tags, list) or len(tags) != len(tokens):
        raise wrong(where, "tags", tags, _TAGS)
    _check_tags(tags, where)
    entities = tuple((words[start][0], words[end - 1][1], label) for start, end, label in entities_of(tags))
    return TaggedText(where, text, words, entities)


def _check_tags(tags: Sequence[Any], where: str) -> None:
    before = "O"
    for number, tag in enumerate(tags, 1):
        kind, _, label = tag.partition("-") if isinstance(tag, str) else ("", "", "")
        if not (tag == "O" or (kind in ("B", "I") and label)):
            raise wrong(where, "tags", tag, _TAGS)
        if kind == "I" and before[2:] != label:
            raise UserError(
                "{where}: tag {number} is {tag} and follows {before}",
                "In BIO an entity begins with B-{label}: write that, or correct the tag before it.",
                where=where,
                number=number,
                tag=tag,
                before=before,
                label=label,
            )
        before = tag


def _from_text(row: dict[str, Any], where: str, is_labelled: bool) -> TaggedText:
    text = text_in(row, "text", where, _TEXT)
    if not is_labelled:
        return TaggedText(where, text, (), ())
    if "entities" not in row:
        raise missing(row, where, "entities", _ENTITIES)
    given = row["entities"]
    if not isinstance(given, list):
        raise wrong(where, "entities", given, _ENTITIES)
    entities = sorted(_entity(value, text, where) for value in given)
    for before, after in pairwise(entities):
        if after[0] < before[1]:
            raise wrong(where, "entities", [before, after], _ENTITIES)
    return TaggedText(where, text, (), tuple(entities))


def _entity(value: Any, text: str, where: str) -> Entity:
    fields = value if isinstance(value, dict) else {}
    start, end, label = fields.get("start"), fields.get("end"), fields.get("label")
    if type(start) is not int or type(end) is not int or not isinstance(label, str) or not label:
        raise wrong(where, "entities", value, _ENTITIES)
    if not 0 <= start < end <= len(text):
        raise wrong(where, "entities", value, _ENTITIES)
    return start, end, label


def _is_han(character: str) -> bool:
    return "\u3000" <= character <= "\u9fff" or character > "\U00020000" or "\uff00" <= character <= "\uffef"
