"""The settings that are searched, and which values each trial has: a pure function of the trial's number and the seed.

Trials are points of a scrambled Sobol sequence (Owen 1998; scipy.stats.qmc), which covers a space more evenly than chance does
(Bergstra & Bengio 2012 recommend low-discrepancy sequences over grids). A sampler that learns from earlier trials would
need fewer of them, and no trial could then be repeated alone.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from danlu.core.errors import UserError
from danlu.core.stages import Config

_LOGARITHMIC_FROM = 10
"""A range whose ends differ by this factor is searched by orders of magnitude."""

C = TypeVar("C", bound=Config)
Value = int | float | str | bool


@dataclass(frozen=True)
class Dimension:
    """One setting: a range, or a list of choices."""

    name: str
    low: float = 0.0
    high: float = 0.0
    is_whole: bool = False
    choices: tuple[Value, ...] = ()

    def at(self, share: float) -> Value:
        """The value at a place in [0, 1)."""
        if self.choices:
            return self.choices[int(share * len(self.choices))]
        if self.low > 0 and self.high / self.low >= _LOGARITHMIC_FROM:
            value = math.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low)))
        else:
            value = self.low + share * (self.high - self.low)
        return round(value) if self.is_whole else float(f"{value:.4g}")  # as it is printed, so that it can be typed


def read_space(ranges: Mapping[str, str]) -> tuple[Dimension, ...]:
    """`name: LOW:HIGH` or `name: A|B|C`; raises UserError for anything else."""
    if not ranges:
        raise UserError(
            "nothing is searched", "Name a setting and its range, such as --set search.learning_rate=1e-4:1e-2."
        )
    return tuple(_dimension(name, text) for name, text in sorted(ranges.items()))


def _dimension(name: str, text: str) -> Dimension:
    parts = text.split("|")
    if len(parts) > 1:
        return Dimension(name, choices=tuple(_value(name, text, part) for part in parts))
    ends = [_number(part) for part in text.split(":")]
    if len(ends) != 2 or ends[0] is None or ends[1] is None or not ends[0] < ends[1]:
        raise _misfit(name, text)
    is_whole = all(part.strip().lstrip("+-").isdigit() for part in text.split(":"))
    return Dimension(name, ends[0], ends[1], is_whole)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _value(name: str, text: str, part: str) -> Value:
    number = _number(part)
    if number is not None:
        return int(part) if part.strip().lstrip("+-").isdigit() else number
    try:
        value = yaml.safe_load(part)
    except yaml.YAMLError:
        raise _misfit(name, text) from None
    if not isinstance(value, str | bool):
        raise _misfit(name, text)
    return value


def _misfit(name: str, text: str) -> UserError:
    return UserError(
        "search.{name}={text} is no range",
        "Expected LOW:HIGH with LOW below HIGH, such as 1e-4:1e-2, or choices, such as 8|16|32.",
        name=name,
        text=text,
    )


def check_settings(stage: str, config: C, settings: Mapping[str, Any]) -> C:
    """The config with a trial's settings; raises UserError when it does not have one, or not with this value."""
    try:
        return type(config).model_validate(config.model_dump() | dict(settings))
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(
            "search: {stage}.{name} cannot be {value!r}",
            "The settings are: {names}.",
            stage=stage,
            name=".".join(map(str, first["loc"])),
            value=first["input"],
            names=", ".join(type(config).model_fields),
        ) from None


def settings_of_trial(space: tuple[Dimension, ...], number: int, seed: int) -> dict[str, Any]:
    """What trial `number`, from 0, sets."""
    from scipy.stats import qmc

    sequence = qmc.Sobol(len(space), scramble=True, rng=seed)
    if number:
        sequence.fast_forward(number)
    [point] = sequence.random(1)
    return {one.name: one.at(min(float(share), 1 - 1e-12)) for one, share in zip(space, point, strict=True)}
