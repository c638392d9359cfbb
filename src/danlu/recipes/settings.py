"""What `danlu.yaml` and `--set` change in a recipe's configs: `stage.field: value`, checked against the configs."""

from typing import Any, TypeVar

from pydantic import ValidationError

from danlu.core.errors import Phrase, UserError
from danlu.core.project import unknown_key
from danlu.core.stages import Config

C = TypeVar("C", bound=Config)

_PROBLEMS = {
    "bool_type": "expected true or false",
    "float_type": "expected a number",
    "greater_than": "expected more than {gt}",
    "greater_than_equal": "expected {ge} or more",
    "int_type": "expected a whole number",
    "less_than": "expected less than {lt}",
    "less_than_equal": "expected {le} or less",
    "literal_error": "expected {expected}",
    "string_type": "expected text",
    "tuple_type": "expected a list",
}
"""Kinds of pydantic's errors, in our words."""


def _problem(error: Any) -> Phrase:
    template = _PROBLEMS.get(error["type"])
    return Phrase(template, **error.get("ctx", {})) if template else Phrase(error["msg"])


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
            raise self._misfit(stage, str(first["loc"][0]), first) from None

    def _misfit(self, stage: str, field: str, error: Any) -> UserError:
        key = f"{stage}.{field}"
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
        """Raise UserError for a setting of a stage that the recipe does not have."""
        stages = {key.split(".")[0] for key in self._known}
        for key in self._values:
            if key.split(".")[0] not in stages:
                raise unknown_key("set", key, self._known)
