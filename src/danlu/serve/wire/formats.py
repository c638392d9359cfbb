"""What the text of an answer has to be, and whether it is: JSON, or JSON by a schema.

A schema is checked when it comes, since an engine would only find out in the middle of its work. References are followed inside the
schema alone: one that names an address would make the server fetch it.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import Any

import orjson

from danlu.serve.models import Format
from danlu.serve.wire.errors import ApiError, bad_value
from danlu.serve.wire.fields import flag

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_DEEPEST = 32
_MOST_BYTES = 256 * 1024


def format_of(value: Any, where: str = "response_format") -> Format:
    """The `response_format` of a chat completion. Raises ApiError 400."""
    if value is None:
        return Format()
    kind = value.get("type") if isinstance(value, dict) else None
    if kind == "text":
        return Format()
    if kind == "json_object":
        return Format("json_object")
    if kind != "json_schema":
        raise bad_value(f"{where}.type", "expected text, json_object or json_schema")
    return schema_format(value.get("json_schema"), f"{where}.json_schema")


def schema_format(value: Any, where: str) -> Format:
    """A format from the object that holds its name and schema. Raises ApiError 400."""
    if not isinstance(value, dict):
        raise bad_value(where, "expected an object")
    name, schema = value.get("name"), value.get("schema")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise bad_value(f"{where}.name", "expected 1 to 64 letters, digits, _ or -")
    if not isinstance(schema, dict):
        raise bad_value(f"{where}.schema", "expected a JSON schema, an object")
    check_schema(schema, f"{where}.schema")
    return Format("json_schema", name, schema, flag(value, "strict"))


def check_schema(schema: dict[str, Any], where: str) -> None:
    """Raises ApiError 400 unless this is a JSON schema of a sensible size that refers to nothing outside itself."""
    from jsonschema.exceptions import SchemaError

    if _is_deeper(schema, _DEEPEST) or len(orjson.dumps(schema)) > _MOST_BYTES:
        raise bad_value(where, f"expected at most {_MOST_BYTES} bytes and {_DEEPEST} levels")
    if outside := _outside(schema):
        raise bad_value(where, f"'$ref' may point into the schema only, not to {outside[:80]!r}")
    try:
        _validator().check_schema(schema)
    except SchemaError as error:
        raise bad_value(where, f"no JSON schema: {error.message[:200]}") from None
    for pattern in _patterns(schema):
        if not _is_linear(pattern):
            raise bad_value(where, f"the pattern {pattern[:80]!r} is none that is matched in linear time")


def _children(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _is_deeper(value: Any, levels: int) -> bool:
    return levels < 0 or any(_is_deeper(child, levels - 1) for child in _children(value))


def _outside(value: Any) -> str:
    """The first reference that does not point into the schema itself; empty where there is none."""
    if isinstance(value, dict):
        reference = value.get("$ref") or value.get("$dynamicRef")
        if isinstance(reference, str) and not reference.startswith("#"):
            return reference
    return next(filter(None, map(_outside, _children(value))), "")


def _patterns(value: Any) -> Iterator[str]:
    """Regular expressions anywhere in a schema, and some other strings that are named like them."""
    if isinstance(value, dict):
        if isinstance(value.get("pattern"), str):
            yield value["pattern"]
        if isinstance(value.get("patternProperties"), dict):
            yield from value["patternProperties"]
    for child in _children(value):
        yield from _patterns(child)


@cache
def _validator() -> Any:
    """Draft 2020-12 with patterns matched by RE2: a caller's expression must not be able to hold the server."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError
    from jsonschema.validators import extend

    def pattern(validator: Any, expression: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
        if validator.is_type(instance, "string") and not _compiled(expression).search(instance):
            yield ValidationError(f"{instance!r} does not match {expression!r}")

    def pattern_properties(validator: Any, by_pattern: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        if validator.is_type(instance, "object"):
            for expression, subschema in by_pattern.items():
                for name in filter(_compiled(expression).search, instance):
                    yield from validator.descend(instance[name], subschema, path=name, schema_path=expression)

    return extend(Draft202012Validator, {"pattern": pattern, "patternProperties": pattern_properties})


def _is_linear(expression: str) -> bool:
    try:
        _compiled(expression)
    except ValueError:
        return False
    return True


@lru_cache(256)
def _compiled(expression: str) -> Any:
    """Raises ValueError for what RE2 does not know: look-arounds and back-references."""
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(expression, options)
    except re2.error as error:
        raise ValueError(str(error)) from None


def check_text(text: str, format: Format) -> None:
    """Raises ApiError 502 when an answer is not what it has to be."""
    if format.kind == "text":
        return
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _not_as_asked(f"it is no JSON: {error}") from None
    if format.kind == "json_object":
        if not isinstance(data, dict):
            raise _not_as_asked("it is no JSON object")
        return
    problem = next(_validator()(format.schema).iter_errors(data), None)
    if problem is not None:
        raise _not_as_asked(f"at {problem.json_path}: {problem.message[:200]}")


def _not_as_asked(why: str) -> ApiError:
    message = f"The model's answer is not of the format that was asked for: {why}."
    return ApiError(502, message, code="invalid_model_output", kind="api_error")
