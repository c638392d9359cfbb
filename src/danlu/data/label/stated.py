"""What a YAML file states, as a model of its fields: a mistake is told by its place, in the words of the file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from danlu.core.errors import Phrase, UserError
from danlu.data.nearest import nearest_first

M = TypeVar("M", bound=BaseModel)

_PROBLEMS = {
    "missing": Phrase("it is missing"),
    "string_type": Phrase("expected text"),
    "tuple_type": Phrase("expected a list"),
    "int_type": Phrase("expected a whole number"),
    "greater_than_equal": Phrase("expected {ge} or more"),
    "model_type": Phrase("expected names with values in braces"),
    "empty_keyword": Phrase("a keyword is empty"),
    "unknown_pii": Phrase("no such type: {unknown}; the types are, the nearest first: {types}"),
    "tests_nothing": Phrase("give equals, one_of, at_least or at_most"),
}
"""Kinds of pydantic's errors and of our own, in our words."""


def read_stated(path: Path, kind: type[M], needs: Phrase) -> M:
    """The file as a `kind`; raises UserError that names the place in the file, and what the file needs."""
    try:
        read = yaml.safe_load(path.read_text(encoding="utf-8"))
        return kind.model_validate(_tuples(read))
    except UnicodeDecodeError as error:
        raise UserError("{path} is not UTF-8: {error}", "Save it as UTF-8.", path=path, error=error) from None
    except yaml.YAMLError as error:
        raise UserError("{path} is not YAML: {problem}", path=path, problem=str(error)) from None
    except ValidationError as error:
        raise _misfit(path, kind, read, error.errors()[0], needs) from None


def _misfit(path: Path, kind: type[BaseModel], read: Any, error: Any, needs: Phrase) -> UserError:
    loc = error["loc"]
    if error["type"] == "extra_forbidden":
        return UserError(
            "{path}: {place}: there is no field `{field}`",
            "The fields are, the nearest first: {fields}.",
            path=path,
            place=_place(read, loc[:-1]),
            field=loc[-1],
            fields=", ".join(nearest_first(str(loc[-1]), _fields_at(kind, loc))),
        )
    ours = _PROBLEMS.get(error["type"])
    problem = Phrase(ours.template, **error.get("ctx", {})) if ours else Phrase(error["msg"])
    place = _place(read, loc)
    return UserError("{path}: {place}: {problem}", "{needs}", path=path, place=place, problem=problem, needs=needs)


def _place(read: Any, loc: Sequence[str | int]) -> str:
    """`functions 2 (prize).regex`: entries are counted from one, and named where they have a name."""
    said = ""
    for part in loc:
        try:
            read = read[part]
        except (KeyError, TypeError, IndexError):
            read = None
        name = f" ({read['name']})" if isinstance(part, int) and isinstance(read, dict) and "name" in read else ""
        said += f" {part + 1}{name}" if isinstance(part, int) else f".{part}" if said else part
    return said or "file"


def _fields_at(kind: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    """The fields that stand where `loc` leads."""
    for part in loc[:-1]:
        if isinstance(part, str):
            annotation: Any = kind.model_fields[part].annotation
            kind = next(one for one in get_args(annotation) if isinstance(one, type) and issubclass(one, BaseModel))
    return list(kind.model_fields)


def _tuples(read: Any) -> Any:
    if isinstance(read, list):
        return tuple(map(_tuples, read))
    return {key: _tuples(value) for key, value in read.items()} if isinstance(read, dict) else read
