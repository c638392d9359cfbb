"""tokenizer: a vocabulary, and how many tokens each language takes in it."""

from argparse import Namespace
from pathlib import Path
from typing import Any

from danlu.cli.given import inputs_of, settings_of
from danlu.cli.speech import Speech
from danlu.cli.stand_alone import make
from danlu.cli.tables import print_table
from danlu.core.artifacts import Artifact, Vocabulary
from danlu.core.store import open_artifact
from danlu.recipes import single_tokenizer


def tokenizer(options: Namespace, say: Speech) -> None:
    """Train or extend a vocabulary."""
    plan = single_tokenizer.tokenizer_plan(
        inputs_of(options), options.licence, options.base, options.with_model, settings_of(options), options.seed
    )
    make(plan, options, say)
    made: Artifact = open_artifact(Path(options.out))
    if isinstance(made, Vocabulary) and not options.json:
        _print_fertility(made.read(), say)


def _print_fertility(report: dict[str, Any], say: Speech) -> None:
    before = report.get("before", {})
    header = [say("language"), say("documents"), say("tokens"), say("bytes per token")]
    header += [say("tokens per character"), say("tokens per word")]
    header += [say("bytes per token before")] if before else []
    rows = []
    for language, figures in report["languages"].items():
        row = [language, figures["documents"], figures["tokens"], f"{figures['bytes_per_token']:.2f}"]
        row += [f"{figures['tokens_per_character']:.2f}"]
        row += [f"{figures['tokens_per_word']:.2f}" if "tokens_per_word" in figures else "–"]
        row += [f"{before[language]['bytes_per_token']:.2f}"] if before else []
        rows.append(row)
    print_table(header, rows)
    proof = report["proof"]
    count, names = sum(proof["documents"].values()), ", ".join(proof["equal"])
    print(say("equal ids on {count} documents: {names}", count=count, names=names))
    if report["measured_on_training_text"]:
        languages = ", ".join(report["measured_on_training_text"])
        print(
            say(
                "measured on the text that was learnt from, for want of a second document: {languages}",
                languages=languages,
            )
        )
