"""What a checkpoint is served: conversations as Transformers' `apply_chat_template` writes them with the folder's files.

vLLM, SGLang and Transformers render by the same template and tokenise without adding special tokens; as vLLM does, a
template that reads contents only as a list of parts gets them so, and arguments of tool calls arrive as objects. Rows
may hold bare definitions of tools; a client of OpenAI's protocol can only send them wrapped, so they are served wrapped.
Shapes: T tokens of one conversation.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danlu.core.library_errors import first_words
from danlu.prove.folder import ModelFolder
from danlu.prove.stops import declared_ids, stop_ids, turn_terminator

Ids = NDArray[np.int64]
Message = Mapping[str, Any]
_PROBE = "Zylofin"
_BATCH_TEXTS = 512


class Refused(Exception):
    """The template itself raises an error for a conversation, in the words of the message."""

    def __init__(self, words: str, line: int | None = None) -> None:
        super().__init__(words)
        self.line = line
        """Where the template does not even parse; None when it does."""


class Serving:
    """The template and the tokenizer of one checkpoint. Raises UserError when the tokenizer does not load."""

    def __init__(self, folder: ModelFolder) -> None:
        self.tokenizer: Any = folder.tokenizer
        self.template = folder.chat_template
        self.stops = frozenset(stop_ids(folder) or declared_ids(self.tokenizer.eos_token_id))
        """Where generation ends: as configured, else by the tokenizer's EOS."""
        ends = (*self.stops, *declared_ids(self.tokenizer.eos_token_id), *declared_ids(turn_terminator(folder)))
        self.terminators = frozenset(ends)
        """Ids that may end a reply: the stops, EOS, and what the template puts after a reply."""
        self._blank: dict[int, bool] = {}
        self.specials = {
            str(token.content): int(id) for id, token in self.tokenizer.added_tokens_decoder.items() if token.special
        }
        self.special_ids = frozenset(self.specials.values())
        self._in_parts = False
        self._in_parts = self._reads_parts_only()

    def text(
        self,
        messages: Sequence[Message],
        tools: Sequence[Mapping[str, Any]] = (),
        *,
        for_reply: bool = False,
        thinking: bool | None = None,
    ) -> str:
        """The conversation as text; `for_reply` adds the generation prompt, `thinking` is passed on as `enable_thinking`.

        Raises Refused when the template does not take the conversation.
        """
        from jinja2.exceptions import TemplateError, TemplateSyntaxError

        named: dict[str, Any] = {} if thinking is None else {"enable_thinking": thinking}
        shaped = [self._shaped(message) for message in messages]
        wrapped = [_wrapped(tool) for tool in tools] or None
        try:
            return str(
                self.tokenizer.apply_chat_template(
                    shaped, tools=wrapped, add_generation_prompt=for_reply, tokenize=False, **named
                )
            )
        except (TemplateError, TypeError, ValueError, LookupError, AttributeError) as error:
            line = error.lineno if isinstance(error, TemplateSyntaxError) else None
            raise Refused(first_words(error), line) from None

    def ids(self, texts: Sequence[str]) -> list[Ids]:
        """Token ids (T,) of rendered texts, without special tokens added."""
        found: list[Ids] = []
        for start in range(0, len(texts), _BATCH_TEXTS):
            batch = list(texts[start : start + _BATCH_TEXTS])
            encoded = self.tokenizer(batch, add_special_tokens=False, return_attention_mask=False, verbose=False)
            found += [np.asarray(ids, dtype=np.int64) for ids in encoded["input_ids"]]
        return found

    def decode(self, ids: Sequence[int] | Ids) -> str:
        """The text of ids, special tokens included."""
        return str(
            self.tokenizer.decode(
                [int(id) for id in ids], skip_special_tokens=False, clean_up_tokenization_spaces=False
            )
        )

    def is_blank(self, id: int) -> bool:
        """Whether a token is white space and nothing else."""
        if id not in self._blank:
            self._blank[id] = id not in self.special_ids and not self.decode([id]).strip()
        return self._blank[id]

    def core(self, ids: Ids) -> Ids:
        """The ids up to the terminator of the last reply: what comes after is never generated, nor read, in serving."""
        end = len(ids)
        while end and (int(ids[end - 1]) in self.special_ids or self.is_blank(int(ids[end - 1]))):
            end -= 1
        last = next((at for at in range(end, len(ids)) if int(ids[at]) in self.terminators), None)
        return ids if last is None else ids[: last + 1]

    def _shaped(self, message: Message) -> dict[str, Any]:
        shaped = dict(message)
        if shaped.get("tool_calls"):
            shaped["tool_calls"] = [_with_object(call) for call in shaped["tool_calls"]]
        if self._in_parts and isinstance(shaped.get("content"), str):
            shaped["content"] = [{"type": "text", "text": shaped["content"]}]
        return shaped

    def _reads_parts_only(self) -> bool:
        """Whether a plain content gets lost and a list of parts does not: templates of models that see."""
        probe = [{"role": "user", "content": _PROBE}]
        try:
            if _PROBE in self.text(probe):
                return False
        except Refused:
            pass
        parts = [{"role": "user", "content": [{"type": "text", "text": _PROBE}]}]
        try:
            return _PROBE in self.text(parts)
        except Refused:
            return False


def _wrapped(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    """A tool as a request names it."""
    return tool if "type" in tool or "function" in tool else {"type": "function", "function": tool}


def _with_object(call: Any) -> Any:
    """A tool call whose arguments are an object, where they were an object written as text."""
    if not isinstance(call, dict):
        return call
    function = call.get("function")
    if isinstance(function, dict):
        return {**call, "function": _with_object(function)}
    if not isinstance(call.get("arguments"), str):
        return call
    try:
        arguments = json.loads(call["arguments"])
    except ValueError:
        return call
    return {**call, "arguments": arguments} if isinstance(arguments, dict) else call
