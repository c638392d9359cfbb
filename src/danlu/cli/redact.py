"""redact: a corpus without what must not be learnt."""

from argparse import Namespace
from pathlib import Path

from danlu.cli.project import parsed_settings
from danlu.cli.speech import Speech
from danlu.cli.stand_alone import make
from danlu.core.errors import UserError
from danlu.recipes.settings import Settings
from danlu.recipes.single_redact import redact_plan


def redact(options: Namespace, say: Speech) -> None:
    """Find what is sensitive, and do with it what the policy says."""
    settings = parsed_settings(options.set)
    if options.policy:
        settings["redact.policy"] = options.policy
    out = Path(options.out).resolve()
    for path in options.paths:
        if out.is_relative_to(path.resolve()):
            raise UserError(
                "{out} lies inside {path}, which is read", "Name a folder elsewhere after --out.", out=out, path=path
            )
    plan = redact_plan(options.paths, options.licence, Settings(settings), options.words, options.key, options.seed)
    make(plan, options, say)
