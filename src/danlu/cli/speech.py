"""What danlu says, in English or Chinese. Templates are English in the code; `chinese.py` holds the other language."""

from collections.abc import Mapping, Sequence

from danlu.core.errors import DanluError

LANGUAGES = ("zh", "en")


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
        """The template in the language, filled in."""
        said = self._translated(template)
        return said.format(**values) if values else said

    def error(self, error: DanluError) -> str:
        """An error with its hint, as it is printed."""
        message = self._filled(error.message_template, error.values)
        hint = self._filled(error.hint_template, error.values)
        lines = [f"{self('error')}: {message}"] + ([f"{self('hint')}: {hint}"] if hint else [])
        return "\n".join(lines)

    def _filled(self, template: str, values: Mapping[str, object]) -> str:
        said = self._translated(template)
        return said.format(**values) if values else said

    def _translated(self, template: str) -> str:
        if self.language != "zh":
            return template
        from danlu.cli.chinese import CHINESE

        return CHINESE.get(template, template)
