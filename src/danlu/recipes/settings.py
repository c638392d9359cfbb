"""What `danlu.yaml` and `--set` change in a recipe's configs: `stage.field: value`, checked against the configs."""

from typing import Any, TypeVar

from pydantic import ValidationError

from danlu.core.errors import Phrase, UserError
from danlu.core.project import unknown_key
from danlu.core.stages import Config

C = TypeVar("C", bound=Config)

_PROBLEMS = {
    "bool_type": Phrase("expected true or false"),
    "dict_type": Phrase("expected names with values in braces"),
    "float_type": Phrase("expected a number"),
    "greater_than": Phrase("expected more than {gt}"),
    "greater_than_equal": Phrase("expected {ge} or more"),
    "int_type": Phrase("expected a whole number"),
    "less_than": Phrase("expected less than {lt}"),
    "less_than_equal": Phrase("expected {le} or less"),
    "literal_error": Phrase("expected {expected}"),
    "string_type": Phrase("expected text"),
    "tuple_type": Phrase("expected a list"),
}
"""Kinds of pydantic's errors, in our words."""


def _problem(error: Any) -> Phrase:
    ours = _PROBLEMS.get(error["type"])
    return Phrase(ours.template, **error.get("ctx", {})) if ours else Phrase(error["msg"])


class Settings:
    """Hands each stage its config, and knows in the end which settings no stage asked for."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values
        self._known: list[str] = []

    def of(self, stage: str, kind: type[C]) -> C:
        """The config of a stage; raises UserError that names the setting which does not fit."""
        self._known += [f"{stage}.{field}" for field in kind.model_fields]
        prefix = stage + "."
        own = {key.removeprefix(prefix): value for key, value in self._values.items() if key.startswith(prefix)}
        try:
            return kind.model_validate(
                {key: tuple(value) if isinstance(value, list) else value for key, value in own.items()}
            )
        except ValidationError as error:
            first = error.errors()[0]
            raise self._misfit(
                ".".join([stage, *(part for part in first["loc"] if isinstance(part, str))]), first
            ) from None

    def says(self, stage: str) -> bool:
        """Whether anything is set for a stage: for those that a plan has only then."""
        return any(key.startswith(f"{stage}.") for key in self._values)

    def _misfit(self, key: str, error: Any) -> UserError:
        if error["type"] == "extra_forbidden":
            return unknown_key("set", key, self._known)
        return UserError(
            "set: `{key}` is {value!r}: {problem}",
            "Correct it in danlu.yaml or after --set.",
            key=key,
            value=error["input"],
            problem=_problem(error),
        )

    def check_all_used(self) -> None:
        """Raise UserError for a setting that no stage of the recipe has."""
        for key in self._values:
            if key not in self._known:
                raise unknown_key("set", key, self._known)
