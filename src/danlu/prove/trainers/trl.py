"""How TRL's SFTTrainer writes a conversation: the chat template's text tokenised as a whole, and by default all of it learnt.

Facts from trl/trainer/sft_trainer.py and data_utils.py of version 1.16 (Apache-2.0). Templates are never ours: the
checkpoint's own, or a file of the installed package. Tool calls are written as the row has them; where rows name
different arguments, the Arrow table that TRL trains from fills the missing ones with null, which is not done here.
"""

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any

from danlu.core.errors import Phrase
from danlu.prove.folder import ModelFolder
from danlu.prove.trainers.jinja_text import installed_templates, render
from danlu.prove.trainers.tokens import copy_of, one_token
from danlu.prove.trainers.trainer import CannotRender, Rendition, Writer
from danlu.text.rows.rows import Conversation
from danlu.text.rows.shapes import TEXT

_GENERATION = re.compile(r"\{%-?\s*generation\s*-?%\}")


@dataclass(frozen=True)
class Options:
    """What a configuration file sets. The defaults are TRL's own."""

    max_tokens: int | None = None
    keeps_end: bool = False
    assistant_only: bool = False
    completion_only: bool | None = None
    """None: on for rows of prompt and completion."""
    eos_token: str | None = None
    any_shape: bool = False
    """Whether rows that SFTTrainer itself would not take are written all the same (a template file by itself)."""
    is_configured: bool = False


def templates() -> dict[str, Path]:
    """The template files of the installed TRL; empty when it is not installed."""
    return installed_templates("trl", "chat_templates")


def writer(template: str | None, options: Options) -> Writer:
    """The function that writes conversations by `template`, or by the checkpoint's own when it is None."""

    @cache
    def prepared(folder: ModelFolder) -> tuple[Any, str]:
        tokenizer = copy_of(folder)
        _set_eos(tokenizer, options)
        return tokenizer, _template(folder, template, options)

    def write(conversation: Conversation, folder: ModelFolder) -> Rendition:
        if conversation.plain_text and not options.any_shape:
            tokenizer = copy_of(folder)
            ids, learnt = _plain(conversation, tokenizer, options)
        else:
            _check(conversation, options)
            tokenizer, source = prepared(folder)
            ids, learnt = _chat(conversation, tokenizer, source, options)
        return _cut(ids, learnt, options)

    return write


def _set_eos(tokenizer: Any, options: Options) -> None:
    if options.eos_token is not None:
        one_token(tokenizer, options.eos_token)
        tokenizer.eos_token = options.eos_token


def _template(folder: ModelFolder, template: str | None, options: Options) -> str:
    """The template's source; with `assistant_only_loss` the one that TRL puts in its place to mark replies."""
    source = template or folder.chat_template
    if not source:
        raise CannotRender(Phrase("the checkpoint has no chat template, which TRL needs for messages"))
    if not options.assistant_only or _GENERATION.search(source):
        return source
    known = templates()
    for name, path in known.items():
        training = known.get(f"{name}_training")
        if training is not None and path.read_text(encoding="utf-8") == source:
            return training.read_text(encoding="utf-8")
    raise CannotRender(
        Phrase("the template marks no replies with generation tags, and the installed TRL has no version that does")
    )


def _check(conversation: Conversation, options: Options) -> None:
    """TRL takes rows with the columns messages, or prompt and completion; a template file anything that has turns."""
    if conversation.shape == TEXT:
        raise CannotRender(Phrase("plain text has no turns for a template to write"))
    if options.any_shape:
        return
    if conversation.shape == "sharegpt":
        raise CannotRender(
            Phrase("TRL keeps ShareGPT's own role names, and what a template makes of them is not known")
        )
    if conversation.shape not in ("openai", "prompt-completion") or (
        conversation.shape == "prompt-completion" and not conversation.prompt_messages
    ):
        raise CannotRender(Phrase("TRL's SFTTrainer takes no rows of shape {shape}", shape=conversation.shape))


def _chat(conversation: Conversation, tokenizer: Any, source: str, options: Options) -> tuple[list[int], list[bool]]:
    messages, tools = list(conversation.messages), conversation.tools
    text = render(tokenizer, source, messages, tools)
    ids = list(tokenizer(text, add_special_tokens=False)["input_ids"])
    learnt = [True] * len(ids)
    if options.assistant_only:
        learnt = _replies(tokenizer, source, messages, tools)
        if not any(learnt):
            raise CannotRender(Phrase("TRL stops at this row: the template marks no reply in it"))
    if conversation.prompt_messages and options.completion_only is not False:
        prompt = render(tokenizer, source, messages[: conversation.prompt_messages], tools, for_reply=True)
        prompt_ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
        learnt = _after(_shared(prompt_ids, ids), learnt)
    return ids, learnt


def _replies(tokenizer: Any, source: str, messages: list[Mapping[str, Any]], tools: Any) -> list[bool]:
    """Which tokens lie between the template's generation tags, as Transformers finds them."""
    marked = tokenizer.apply_chat_template(
        copy.deepcopy(messages),
        chat_template=source,
        tools=copy.deepcopy(list(tools)) or None,
        tokenize=True,
        return_dict=True,
        return_assistant_tokens_mask=True,
    )
    return [bool(bit) for bit in marked["assistant_masks"]]


def _plain(conversation: Conversation, tokenizer: Any, options: Options) -> tuple[list[int], list[bool]]:
    """Prompt and completion, or the whole text, as it is: no template, an EOS behind, BOS as the tokenizer puts it."""
    if options.assistant_only:
        raise CannotRender(Phrase("TRL finds no messages in this row, and assistant_only_loss needs them"))
    _set_eos(tokenizer, options)
    *asked, completion = (message["content"] for message in conversation.messages[-2:])
    prompt = "".join(asked)
    if tokenizer.eos_token and not completion.endswith(tokenizer.eos_token):
        completion += tokenizer.eos_token
    ids = list(tokenizer(text=prompt + completion)["input_ids"])
    learnt = [True] * len(ids)
    if asked and options.completion_only is not False:
        learnt = _after(_shared(tokenizer(text=prompt)["input_ids"], ids), learnt)
    return ids, learnt


def _shared(ids: list[int], other: list[int]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(ids, other, strict=False)))


def _after(start: int, learnt: list[bool]) -> list[bool]:
    return [False] * start + learnt[start:]


def _cut(ids: list[int], learnt: list[bool], options: Options) -> Rendition:
    limit = options.max_tokens
    if limit is None or len(ids) <= limit:
        return Rendition(ids, learnt if options.is_configured else None, truncated=False)
    kept = slice(-limit, None) if options.keeps_end else slice(limit)
    if not any(learnt[kept]):
        raise CannotRender(Phrase("TRL leaves out this row: nothing that carries loss is left after cutting"))
    return Rendition(ids[kept], learnt[kept], truncated=True)
