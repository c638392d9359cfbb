"""How axolotl writes a conversation with `type: chat_template`: the template's text, tokenised as a whole.

Facts from axolotl/prompt_strategies/chat_template.py and loaders/tokenizer.py of version 0.19.0 (Apache-2.0).
"""

import copy
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from danlu.core.errors import Phrase
from danlu.prove.folder import ModelFolder
from danlu.prove.trainers.axolotl_mask import Ends, Loss, ends, mask
from danlu.prove.trainers.axolotl_text import TextForm
from danlu.prove.trainers.tokens import copy_of
from danlu.prove.trainers.trainer import CannotRender, Rendition, Writer
from danlu.text.rows.rows import Conversation

_FIELDS = ("tool_calls", "name", "tool_call_id")
"""What a message keeps beside role, content and reasoning_content, if the template asks for it."""


@dataclass(frozen=True)
class Options:
    """What a configuration file sets. The defaults are axolotl's own."""

    loss: Loss = field(default_factory=Loss)
    max_tokens: int | None = None
    truncates: bool = False
    """False: a row that is too long is left out."""
    drops_system: bool = False
    special_tokens: Mapping[str, str] = field(default_factory=dict)
    added_tokens: tuple[str, ...] = ()
    is_configured: bool = False


def writer(form_of: Callable[[ModelFolder], TextForm], options: Options) -> Writer:
    """The function that writes conversations by the template that `form_of` finds for a checkpoint."""

    @cache
    def prepared(folder: ModelFolder) -> tuple[Any, TextForm, Ends | CannotRender]:
        tokenizer = copy_of(folder)
        if options.special_tokens:
            tokenizer.add_special_tokens(dict(options.special_tokens))
        if options.added_tokens:
            tokenizer.add_tokens(list(options.added_tokens))
        form = form_of(folder)
        try:
            return tokenizer, form, ends(tokenizer, form.source, options.loss)
        except CannotRender as error:
            return tokenizer, form, error

    def write(conversation: Conversation, folder: ModelFolder) -> Rendition:
        tokenizer, form, stops = prepared(folder)
        if isinstance(stops, CannotRender):
            raise stops
        turns = _turns(conversation, form.source, options)

        def text_of(messages: Any) -> str:
            return form.write(tokenizer, messages, conversation.tools)

        ids = list(tokenizer(text_of(turns), add_special_tokens=False)["input_ids"])
        learnt = mask(text_of, turns, tokenizer, ids, options.loss, stops) if options.is_configured else None
        return _cut(ids, learnt, options)

    return write


def _turns(conversation: Conversation, source: str, options: Options) -> list[dict[str, Any]]:
    if conversation.shape not in ("openai", "sharegpt"):
        raise CannotRender(Phrase("axolotl's chat_template takes no rows of shape {shape}", shape=conversation.shape))
    kept = [key for key in _FIELDS if re.search(rf"\b{key}\b", source)]
    turns = [_turn(message, kept) for message in conversation.messages]
    if conversation.shape == "sharegpt" and any("tool_calls" in message for message in conversation.messages):
        raise CannotRender(Phrase("axolotl does not know ShareGPT's roles for calls"))
    return turns[1:] if options.drops_system and turns[0]["role"] == "system" else turns


def _turn(message: Mapping[str, Any], kept: list[str]) -> dict[str, Any]:
    keys = ["role", "content", "reasoning_content", *kept]
    turn = {key: copy.deepcopy(message[key]) for key in keys if message.get(key) is not None}
    for call in turn.get("tool_calls", ()):
        arguments = call.get("function", {}).get("arguments")
        if isinstance(arguments, str):
            try:
                call["function"]["arguments"] = json.loads(arguments)
            except json.JSONDecodeError:
                raise CannotRender(Phrase("the arguments of a call are no JSON")) from None
    return turn


def _cut(ids: list[int], learnt: list[bool] | None, options: Options) -> Rendition:
    limit = options.max_tokens
    if limit is None or len(ids) <= limit:
        return Rendition(ids, learnt, truncated=False)
    if not options.truncates:
        raise CannotRender(
            Phrase(
                "axolotl leaves out this row: it has {tokens} tokens, and sequence_len is {limit}",
                tokens=len(ids),
                limit=limit,
            )
        )
    return Rendition(ids[:limit], None if learnt is None else learnt[:limit], truncated=True)
