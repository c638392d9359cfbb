"""tokenize: documents, or conversations, as token shards."""

from argparse import Namespace

from danlu.cli.given import inputs_of, settings_of
from danlu.cli.speech import Speech
from danlu.cli.stand_alone import make
from danlu.core.errors import UserError
from danlu.recipes import single_tokenize


def tokenize(options: Namespace, say: Speech) -> None:
    """Write documents, or conversations, as token ids."""
    paths, settings = inputs_of(options), settings_of(options)
    if not options.chats:
        make(single_tokenize.tokenize_plan(paths, options.licence, options.tokenizer, settings), options, say)
        return
    if len(paths) > 1:
        raise UserError("--chats reads one file of conversations, and {count} were given", count=len(paths))
    make(single_tokenize.tokenize_chats_plan(paths[0], options.tokenizer, settings), options, say)
