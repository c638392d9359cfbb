"""split, take: a corpus in sides that share nothing, and one side as a corpus of its own."""

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from danlu.cli.project import parsed_settings
from danlu.cli.speech import Speech
from danlu.cli.stand_alone import make
from danlu.core.errors import UserError
from danlu.recipes import single_split
from danlu.recipes.settings import Settings


def split(options: Namespace, say: Speech) -> None:
    """Part documents into training, validation and test."""
    paths = paths_outside(options.paths, Path(options.out))
    settings = Settings(parsed_settings(options.set))
    make(single_split.split_plan(paths, options.licence, settings, options.seed), options, say)


def take(options: Namespace, say: Speech) -> None:
    """Make one side of a split a corpus of its own."""
    [folder] = paths_outside([options.split], Path(options.out))
    make(single_split.take_plan(folder, options.side), options, say)


def paths_outside(paths: Sequence[str], out: Path) -> list[Path]:
    """The input paths; raises UserError when the output folder lies inside one of them."""
    for path in paths:
        if out.resolve().is_relative_to(Path(path).resolve()):
            raise UserError(
                "{out} lies inside {path}, which is read", "Name a folder elsewhere after --out.", out=out, path=path
            )
    return [Path(path) for path in paths]
