"""head classify, tag, span, apply."""

import argparse
from pathlib import Path

from danlu.cli.commands import Commands, artifact_options, check_option, json_option, seed_option, watch_options
from danlu.cli.speech import Speech


def add(group: Commands, say: Speech) -> None:
    """Add the commands."""
    classify = group.add(
        "classify",
        "head:classify",
        say("train a classifier of texts on an encoder, and measure it on rows that it did not see"),
        "danlu head classify --base encoder --data reviews.jsonl --out classifier --set classify.epochs=3",
    )
    _data(classify, say, say('JSON Lines with {"text", "label"} or {"text", "labels": [...]}, or CSV with text,label'))
    tag = group.add(
        "tag",
        "head:tag",
        say("train a tagger that finds entities in texts"),
        "danlu head tag --base encoder --data entities.jsonl --out tagger",
    )
    _data(
        tag, say, say('JSON Lines with {"tokens", "tags"} in BIO, or {"text", "entities": [{"start", "end", "label"}]}')
    )
    span = group.add(
        "span",
        "head:span",
        say("train a reader that points at the answer in a text"),
        "danlu head span --base encoder --data questions.jsonl --out reader",
    )
    _data(span, say, say('JSON Lines with {"context", "question", "answers": [{"start", "text"}]}'))
    apply = group.add(
        "apply",
        "head:apply",
        say("say what a trained head finds in each row of a file, as JSON Lines"),
        "danlu head apply classifier texts.jsonl",
    )
    apply.add_argument("head", type=Path, metavar="DIR", help=say("a folder that classify, tag or span wrote"))
    apply.add_argument("data", type=Path, metavar="FILE", help=say("rows as in training; labels are not needed"))
    json_option(apply, say)


def _data(command: argparse.ArgumentParser, say: Speech, form: str) -> None:
    command.add_argument(
        "--base", required=True, metavar="MODEL", help=say("folder of an encoder as save_pretrained writes it")
    )
    command.add_argument("--data", type=Path, required=True, metavar="FILE", help=form)
    command.add_argument(
        "--held-out",
        type=Path,
        metavar="FILE",
        help=say("rows to measure on; without it some of the data are parted off for that"),
    )
    seed_option(command, say)
    artifact_options(command, say)
    watch_options(command, say)
    check_option(command, say)
