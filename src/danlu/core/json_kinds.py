"""What a JSON value is, in the words that people who write JSON know."""

from danlu.core.errors import Phrase


def json_kind(value: object) -> Phrase:
    """`NoneType` and `dict` are Python's words, and a data file is JSON."""
    match value:
        case None:
            return Phrase("null")
        case bool():
            return Phrase("true or false")
        case int() | float():
            return Phrase("a number")
        case str():
            return Phrase("a text")
        case list() | tuple():
            return Phrase("a list")
        case dict():
            return Phrase("an object")
    return Phrase(type(value).__name__)
