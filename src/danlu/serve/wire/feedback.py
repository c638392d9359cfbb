"""Reads an opinion about an answer: `POST /v1/feedback`, an endpoint of our own.

    {"answer_id": "chatcmpl-…", "rating": "down", "correction": "Every 200 hours.", "comment": "wrong pump", "tags": ["wrong-source"]}

`answer_id` is the id of the answer as its client got it; all else may be left out, but not everything.
"""

from typing import Any, Literal, NamedTuple

from danlu.serve.wire.errors import bad_value
from danlu.serve.wire.fields import object_of, refuse_unknown, string

_KNOWN = frozenset({"answer_id", "rating", "correction", "comment", "tags"})
_LONGEST_TEXT = 32_768
_MOST_TAGS = 16
_LONGEST_TAG = 64


class Said(NamedTuple):
    """The fields of such a request."""

    answer_id: str
    rating: Literal["up", "down", ""]
    correction: str
    comment: str
    tags: tuple[str, ...]


def parse_feedback(body: bytes) -> Said:
    """The opinion in this body. Raises ApiError 400 with the field named."""
    data = object_of(body)
    refuse_unknown(data, _KNOWN, (), {})
    said = Said(
        string(data, "answer_id"),
        _rating(data.get("rating")),
        _text(data, "correction"),
        _text(data, "comment"),
        _tags(data.get("tags")),
    )
    if not any(said[1:]):
        raise bad_value("rating", "expected a rating, a correction, a comment or tags")
    return said


def _rating(value: Any) -> Literal["up", "down", ""]:
    if value in (None, ""):
        return ""
    if value != "up" and value != "down":
        raise bad_value("rating", "expected up or down")
    return "up" if value == "up" else "down"


def _text(data: dict[str, Any], name: str) -> str:
    value = data.get(name) or ""
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise bad_value(name, f"expected a string of at most {_LONGEST_TEXT} characters")
    return value


def _tags(value: Any) -> tuple[str, ...]:
    tags = value or []
    if (
        not isinstance(tags, list)
        or len(tags) > _MOST_TAGS
        or not all(isinstance(t, str) and 0 < len(t) <= _LONGEST_TAG for t in tags)
    ):
        raise bad_value("tags", f"expected at most {_MOST_TAGS} strings of at most {_LONGEST_TAG} characters")
    return tuple(dict.fromkeys(tags))
