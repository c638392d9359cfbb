"""What argparse says of a wrong command line: in the language of the rest, and with the word that was likely meant."""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

from danlu.cli.speech import Speech


@contextmanager
def argparse_says(say: Speech) -> Iterator[None]:
    """Lend argparse our words while it parses: it asks gettext for them by two names of its own module."""
    module: Any = argparse
    before = module._, module.ngettext
    if say.language == "zh":
        from danlu.cli.chinese import ARGPARSE

        module._ = lambda text: ARGPARSE.get(text, text)
        module.ngettext = lambda one, many, count: ARGPARSE.get(many, one if count == 1 else many)
    try:
        yield
    finally:
        module._, module.ngettext = before


class Parser(argparse.ArgumentParser):
    """Names the nearest command or option; what a command does not know is told with that command's usage, not danlu's."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """As argparse's, but that nothing unknown is left over."""
        options, unknown = super().parse_known_args(args, namespace)
        if unknown:
            module: Any = argparse
            flag = next((word.partition("=")[0] for word in unknown if word.startswith("-")), "")
            known = [name for action in self._actions for name in action.option_strings]
            self.error(module._("unrecognized arguments: %s") % " ".join(unknown) + _meant(flag, known))
        return options, unknown

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            error.message += _meant(str(value), map(str, action.choices or ()))
            raise


def _meant(word: str, known: Iterable[str]) -> str:
    module: Any = argparse
    near: Sequence[str] = get_close_matches(word, list(known), n=1)
    return "\n" + module._("did you mean %s?") % near[0] if near else ""
