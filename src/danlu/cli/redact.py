"""redact: a corpus without what must not be learnt."""

from argparse import Namespace

from danlu.cli.given import inputs_of, settings_of
from danlu.cli.speech import Speech
from danlu.cli.stand_alone import make
from danlu.recipes.single_redact import redact_plan


def redact(options: Namespace, say: Speech) -> None:
    """Find what is sensitive, and do with it what the policy says."""
    settings = settings_of(options, {"redact.policy": options.policy} if options.policy else {})
    plan = redact_plan(inputs_of(options), options.licence, settings, options.words, options.key, options.seed)
    make(plan, options, say)
