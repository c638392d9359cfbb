"""synthesize: pairs and instructions made from documents."""

import sys
from argparse import Namespace
from contextlib import ExitStack
from pathlib import Path

from danlu.cli.given import inputs_of, parsed_settings, user_cache
from danlu.cli.speech import Speech
from danlu.cli.stand_alone import make
from danlu.core.artifacts import Manifest
from danlu.recipes.settings import Settings
from danlu.recipes.single_synthesize import local_model, served_model, synthesize_plan


def synthesize(options: Namespace, say: Speech) -> None:
    """Make pairs, and tell what a model cost."""
    settings = parsed_settings(options.set)
    for given, field in ((options.kinds, "kinds"), (options.model_kinds, "model_kinds")):
        if given is not None:
            settings[f"synthesize.{field}"] = [name.strip() for name in given.split(",") if name.strip()]
    cache = user_cache() / "replies.sqlite"
    paths = inputs_of(options)
    with ExitStack() as opened:
        model = None
        if options.gguf:
            model = opened.enter_context(local_model(options.gguf, cache))
        elif options.model:
            model = served_model(options.model[0], options.model[1], cache)
        plan = synthesize_plan(paths, options.licence, Settings(settings), model, options.seed)
        make(plan, options, say)
    if options.price:
        _tell_cost(Path(options.out), options.price, say)


def _tell_cost(folder: Path, prices: tuple[float, float], say: Speech) -> None:
    counts = Manifest.read(folder).counts
    prompt, reply = counts.get("prompt tokens", 0), counts.get("reply tokens", 0)
    cost = (prompt * prices[0] + reply * prices[1]) / 1_000_000
    told = say(
        "cost: {cost:.4f} for {prompt} tokens of prompts and {reply} of replies; replies kept from an earlier run are counted too",
        cost=cost,
        prompt=prompt,
        reply=reply,
    )
    print(told, file=sys.stderr)
