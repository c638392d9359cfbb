"""Fields of a request's JSON object, each read with its type and its bounds. Every function raises ApiError 400 that names the field."""

from collections.abc import Collection, Mapping
from typing import Any

import orjson

from danlu.serve.wire.errors import ApiError, bad_value, unsupported

MOST_STOPS = 4
LONGEST_STOP = 1_024


def object_of(body: bytes) -> dict[str, Any]:
    """The JSON object in a body."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ApiError(400, f"The body is not valid JSON: {error}.", code="invalid_json") from None
    if not isinstance(data, dict):
        raise ApiError(400, "The body must be a JSON object.", code="invalid_json")
    return data


def refuse_unknown(
    data: Mapping[str, Any], known: Collection[str], harmless: Collection[str], idle: Mapping[str, Collection[Any]]
) -> None:
    """Refuse fields that nobody reads. `idle` are known fields that are not offered, with the values that ask for nothing."""
    for name, value in data.items():
        if name in known or name in harmless:
            continue
        if name not in idle:
            raise ApiError(400, f"Unknown parameter: '{name[:80]}'.", code="unknown_parameter", param=name[:80])
        if value is not None and value not in idle[name]:
            raise unsupported(name, "this server does not offer it; leave it out")


def missing(name: str) -> ApiError:
    """400: a field that is needed is not there."""
    return ApiError(400, f"Missing required parameter: '{name}'.", code="missing_required_parameter", param=name)


def string(data: Mapping[str, Any], name: str, where: str = "") -> str:
    """A string that is needed; `where` is the path of the object, with a dot at its end."""
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise missing(where + name) if value is None else bad_value(where + name, "expected a non-empty string")
    return value


def flag(data: Mapping[str, Any], name: str) -> bool:
    """True or false; false where it is left out."""
    value = data.get(name)
    if value is not None and not isinstance(value, bool):
        raise bad_value(name, "expected true or false")
    return bool(value)


def number(data: Mapping[str, Any], name: str, low: float, high: float) -> float | None:
    """A number within bounds, or None where it is left out."""
    value = data.get(name)
    if value is None:
        return None
    # JSON has no NaN, so a plain comparison is enough; bool is an int to Python and a mistake here.
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise bad_value(name, f"expected a number from {low:g} to {high:g}")
    return float(value)


def integer(data: Mapping[str, Any], name: str, low: int, high: int) -> int | None:
    """A whole number within bounds, or None where it is left out."""
    value = data.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        shown = f"a whole number from {low} to {high}" if high < 2**31 else f"a whole number, at least {low}"
        raise bad_value(name, f"expected {shown if low >= 0 else 'a whole number'}")
    return value


def stops(value: Any) -> tuple[str, ...]:
    """Strings that end an answer."""
    if value is None:
        return ()
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or len(found) > MOST_STOPS or not all(map(_is_stop, found)):
        raise bad_value(
            "stop", f"expected a non-empty string or up to {MOST_STOPS} of them, {LONGEST_STOP} characters each"
        )
    return tuple(found)


def _is_stop(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_STOP
