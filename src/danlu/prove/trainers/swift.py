"""How ms-swift writes a conversation: contexts, joined while their loss is the same, and each stretch tokenised on its own.

Facts from swift/template/base.py, template_meta.py and loss_scale/ of version 4.6.0 (Apache-2.0).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from danlu.core.errors import Phrase
from danlu.prove.folder import ModelFolder
from danlu.prove.trainers.swift_loss import Written, cut, encode, ids_of, learn_stops, scaled
from danlu.prove.trainers.swift_table import Options, Template, templates
from danlu.prove.trainers.swift_turns import Context, Turn, last_question, merged, split_system, tool_system
from danlu.prove.trainers.tokens import copy_of
from danlu.prove.trainers.trainer import CannotRender, Rendition, Writer
from danlu.text.rows.rows import Conversation


def writer(name: str, options: Options) -> Writer:
    """The function that writes conversations by the template `name`."""
    template = templates()[name]
    if options.system is not None:
        template = replace(template, default_system=options.system)
    tokenizer_of = cache(copy_of)

    def write(conversation: Conversation, folder: ModelFolder) -> Rendition:
        tokenizer = tokenizer_of(folder)
        written, last = _contexts(conversation, template, options, tokenizer)
        ids, learnt = encode(scaled(written, last, options), tokenizer)
        suffix = [token for context in template.suffix for token in ids_of(tokenizer, context)]
        learn_stops(ids, learnt, suffix)
        learnt[0] = False
        return cut(ids, learnt, options)

    return write


def _contexts(
    conversation: Conversation, template: Template, options: Options, tokenizer: Any
) -> tuple[list[Written], int]:
    """The contexts in order, and where the last question stands among the turns."""
    system, turns = _prepared(conversation, template, options)
    rounds = list(zip(turns[::2], turns[1::2], strict=True))
    if len(rounds) > 1 and template.chat_sep is None:
        rounds = rounds[-1:]
    bos, sep = _surrounding(tokenizer) if template.auto_add_bos else ([], [])
    in_question = template.asks_for_system
    prefix = template.prefix if in_question or not system else template.system_prefix or ()
    written = [Written(list(bos))] if bos else []
    written += [Written(context) for context in _filled(prefix, system, None, None)]
    for number, (asked, reply) in enumerate(rounds):
        is_last = number == len(rounds) - 1
        prompt = template.prompt if not in_question or is_last else _without_system(template.prompt)
        prompt = asked.contexts if asked.role == "tool" else prompt
        question = "" if asked.role == "tool" else asked.text
        written += [Written(part, round=number) for part in _filled(prompt, system, question, number)]
        written += [Written(text, is_reply=True, round=number) for text in reply.texts]
        if not is_last:
            follows = () if rounds[number + 1][0].role == "tool" else template.chat_sep or ()
            written += [Written(part, round=number + 1) for part in follows]
        elif not sep and not _ends(reply.texts[-1], template, tokenizer):
            written += [Written(part, is_reply=True, round=number + 1) for part in template.suffix]
    if sep:
        written.append(Written(list(sep), is_reply=True, round=len(rounds)))
    if template.kind == "glm4":
        written = _glm4(written)
    return written, last_question([turn for pair in rounds for turn in pair])


def _prepared(conversation: Conversation, template: Template, options: Options) -> tuple[str | None, list[Turn]]:
    """System text and turns that alternate, as they stand when the writing begins."""
    system, turns = split_system(conversation)
    uses_tools = bool(conversation.tools) or any(turn.role in ("call", "tool") for turn in turns)
    tools = options.tools or template.tools
    if uses_tools and (tools != "hermes" or template.kind == "gemma3"):
        raise CannotRender(Phrase("the agent template {name} of ms-swift is not known here", name=tools or "none"))
    turns = merged(turns, _without_system(template.prompt), template.chat_sep or ())
    if options.adds_non_thinking_prefix and template.non_thinking_prefix:
        _add_prefix(turns, template, options)
    if not _preserves(template, options):
        _drop_thoughts(turns, template)
    if template.kind == "gemma3":
        _gemma3(system, turns)
        system = None
    system = template.default_system if system is None else system
    if system is not None and template.system_prefix is None and not template.asks_for_system:
        raise CannotRender(Phrase("ms-swift's template takes no system text"))
    if conversation.tools:
        system = tool_system(system, conversation.tools)
    if turns and turns[0].role == "assistant":
        turns.insert(0, Turn("user", [""]))
    roles = [turn.role for turn in turns]
    if len(turns) % 2 or "assistant" in roles[::2] or set(roles[1::2]) != {"assistant"}:
        raise CannotRender(Phrase("the row ends without a reply, and what ms-swift makes of it is not known here"))
    return system, turns


def _add_prefix(turns: list[Turn], template: Template, options: Options) -> None:
    """Replies without a thought get the mark of an empty one."""
    is_late = options.strategy == "last_round" and not template.preserve_thinking
    start = last_question(turns) if is_late else 0
    for at, turn in enumerate(turns):
        follows_user = at > 0 and turns[at - 1].role == "user"
        if turn.role != "assistant" or at < start or (template.kind == "deepseek_v3_1" and not follows_user):
            continue
        if not turn.texts[0].startswith(("<think>", template.non_thinking_prefix)):
            turn.texts[0] = template.non_thinking_prefix + turn.texts[0]


def _preserves(template: Template, options: Options) -> bool:
    """Whether thoughts of earlier replies stay."""
    for said in (options.preserve_thinking, template.preserve_thinking):
        if said is not None:
            return said
    thinks = options.enable_thinking
    if thinks is None:
        thinks = template.is_thinking and not template.non_thinking_prefix
    return options.strategy != "last_round" or not (template.is_thinking or thinks)


def _drop_thoughts(turns: list[Turn], template: Template) -> None:
    for turn in turns[: max(last_question(turns), 0)]:
        if turn.role == "assistant":
            turn.texts[0] = template.history_thinking_prefix + turn.texts[0].split("</think>")[-1].strip()


def _gemma3(system: str | None, turns: list[Turn]) -> None:
    """The system text goes into the first question, and replies lose the line breaks around them."""
    if system is not None:
        turns[0].texts = [f"{system}\n\n{turns[0].text}"]
    for turn in turns:
        if turn.role == "assistant" and len(turn.texts) == 1:
            turn.texts = [turn.text.strip("\n")]


def _glm4(written: list[Written]) -> list[Written]:
    """No line break between the mark of the assistant and a call."""
    after = [part.context for part in written[1:]] + ["<|observation|>"]
    return [
        replace(part, context=part.context[:-1])
        if isinstance(part.context, str)
        and part.context.endswith(("<|assistant|>\n", "<think></think>\n"))
        and "<|observation|>" in following
        else part
        for part, following in zip(written, after, strict=True)
    ]


def _without_system(prompt: Sequence[Context]) -> list[Context]:
    return [part for part in prompt if not (isinstance(part, str) and "{{SYSTEM}}" in part)]


def _filled(
    contexts: Iterable[Context], system: str | None, query: str | None, number: int | None
) -> Iterator[Context]:
    """Contexts with their placeholders replaced one after the other: a question may hold one itself."""
    values = {"{{SYSTEM}}": system, "{{QUERY}}": query}
    if number is not None:
        values |= {"{{ROUND0}}": str(number), "{{ROUND1}}": str(number + 1)}
    for context in contexts:
        if isinstance(context, str):
            for name, value in values.items():
                context = context if value is None else context.replace(name, value)
        if context:
            yield context


def _surrounding(tokenizer: Any) -> tuple[list[int], list[int]]:
    """What the tokenizer itself puts before and after a text."""
    whole, alone = tokenizer.encode("a"), tokenizer.encode("a", add_special_tokens=False)
    if len(alone) != 1:
        raise CannotRender(Phrase("ms-swift stops at a tokenizer that splits the letter a"))
    at = whole.index(alone[0])
    return whole[:at], whole[at + 1 :]


def _ends(reply: str, template: Template, tokenizer: Any) -> bool:
    """Whether the reply already ends with a stop word, so that nothing is put behind it."""
    words = [word for word in (*template.stop_words, tokenizer.eos_token) if isinstance(word, str)]
    if template.suffix and isinstance(template.suffix[-1], str) and template.suffix[-1].strip():
        words.append(template.suffix[-1].strip())
    return reply.endswith(tuple(words))
