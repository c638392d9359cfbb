"""Front matter: what stands before a Markdown text about it, as YAML between `---` (Jekyll, Pandoc) or as TOML between `+++` (Hugo)."""

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, NamedTuple

_YAML = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_TOML = re.compile(r"\A\+\+\+[ \t]*\n(.*?)^\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_MAX_CHARACTERS = 16384
_MAX_BRACKETS = 100
"""What has more is text: to read YAML takes a second for each 25 kB, and far more where brackets stand in brackets."""
_LANGUAGES = ("lang", "language")


class FrontMatter(NamedTuple):
    """What it says, and where the text begins."""

    title: str
    language: str
    meta: dict[str, Any]
    end: int


def front_matter(text: str) -> FrontMatter | None:
    """The front matter of a text; None where there is none, or where what looks like it is no mapping of names to values."""
    found = _YAML.match(text) or _TOML.match(text)
    if not found or found.end() > _MAX_CHARACTERS or sum(map(found[1].count, "[{")) > _MAX_BRACKETS:
        return None
    said = _yaml(found[1]) if text.startswith("---") else _toml(found[1])
    if not isinstance(said, Mapping) or not said:
        return None
    facts = {str(name): plain for name, value in said.items() if (plain := _plain(value)) is not None}
    title = str(facts.pop("title", ""))
    language = next((str(facts.pop(name)) for name in _LANGUAGES if name in facts), "")
    return FrontMatter(title, language, facts, found.end())


def _yaml(said: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(said)
    except (yaml.YAMLError, ValueError, RecursionError):  # ValueError: 2024-13-45 is no date
        return None


def _toml(said: str) -> Any:
    try:
        return tomllib.loads(said)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None


def _plain(value: Any) -> Any:
    """A value, or a list of values, as JSON has them. Deeper ones are left out: aliases of YAML make them grow without end."""
    if isinstance(value, list):
        return [one for one in map(_scalar, value) if one is not None] or None
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value if isinstance(value, str | int | float | bool) and value != "" else None
