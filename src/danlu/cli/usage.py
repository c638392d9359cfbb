"""argparse's own words ("usage:", "the following arguments are required") in the language of the rest."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
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
