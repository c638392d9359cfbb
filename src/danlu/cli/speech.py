"""What danlu says, in English or Chinese. Templates are English in the code; `chinese.py` holds the other language."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from string import Formatter

from danlu.core.errors import DanluError, Phrase

LANGUAGES = ("zh", "en")
_AS_GIVEN = frozenset(("benchmark", "column", "field", "name", "names", "row", "source", "value"))
"""Placeholders of stored texts for what users and files call things: a column that is called `text` is called so in Chinese too."""


def language_of(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """`--lang` before all, then the locale; English when neither says Chinese."""
    for number, argument in enumerate(arguments):
        if argument.startswith("--lang="):
            return argument.removeprefix("--lang=")
        if argument == "--lang" and number + 1 < len(arguments):
            return arguments[number + 1]
    locale = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    return "zh" if locale.lower().startswith("zh") else "en"


class Speech:
    """Says templates in one language."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, template: str, **values: object) -> str:
        """The template in the language, filled in.

        Without values it may also be a text that an artifact stores in English, such as the name of a rule: what is
        not known is said as it is.
        """
        if values:
            return self._translated(template).format(**{name: self._value(value) for name, value in values.items()})
        return self._translated(template)

    def error(self, error: DanluError) -> str:
        """An error with its hint, as it is printed."""
        message = self(error.message_template, **error.values)
        hint = self(error.hint_template, **error.values)
        said = self("error: {message}", message=message)
        return f"{said}\n{self('hint: {hint}', hint=hint)}" if hint else said

    def line(self, text: str | Phrase) -> str:
        """A line of a stage at work; what is no phrase is said as it is."""
        return self(text.template, **text.values) if isinstance(text, Phrase) else text

    def _value(self, value: object) -> object:
        return self(value.template, **value.values) if isinstance(value, Phrase) else value

    def _translated(self, template: str) -> str:
        if self.language != "zh":
            return template
        from danlu.cli.chinese import CHINESE, STORED

        said = CHINESE.get(template) or STORED.get(template)
        # The template that says most of the text itself: a whole note before `{first}; {then}`.
        wordiest = sorted(STORED, key=_wordiness, reverse=True)
        return said or next(filter(None, (self._read(template, stored) for stored in wordiest)), template)

    def _read(self, text: str, stored: str) -> str:
        """A stored text that follows the template `stored`, in the language; empty when it does not."""
        from danlu.cli.chinese import STORED

        match = _pattern(stored).fullmatch(text) if "{" in stored else None
        if match is None:
            return ""
        return STORED[stored].format(
            **{name: found if name in _AS_GIVEN else self._listed(found) for name, found in match.groupdict().items()}
        )

    def _listed(self, found: str) -> str:
        said = self(found)
        return ", ".join(map(self, found.split(", "))) if said == found else said


@cache
def _wordiness(template: str) -> int:
    return sum(len(literal) for literal, *_ in Formatter().parse(template))


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """Each placeholder takes as little as it can: the first space ends the number of a row, and what follows may hold more."""
    parts = [
        re.escape(literal) + (f"(?P<{name}>.+?)" if name else "") for literal, name, _, _ in Formatter().parse(template)
    ]
    return re.compile("".join(parts), re.DOTALL)
