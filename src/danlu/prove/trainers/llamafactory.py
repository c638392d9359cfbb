"""How LLaMA-Factory writes a conversation: piece by piece from a template's slots, its EOS where the slots put it.

Facts from data/template.py, data/formatter.py and data/processor/supervised.py of version 0.9.5 (Apache-2.0).
"""

import re
from functools import cache
from itertools import chain
from typing import Any

from danlu.prove.folder import ModelFolder
from danlu.prove.trainers.llamafactory_table import Options, Slots, Template, configured, templates
from danlu.prove.trainers.llamafactory_turns import Turn, alternating, call_text, tool_text
from danlu.prove.trainers.tokens import copy_of, one_token, set_eos
from danlu.prove.trainers.trainer import Rendition, Writer
from danlu.text.rows.rows import Conversation

Pair = tuple[list[int], list[int]]


def writer(name: str, options: Options) -> Writer:
    """The function that writes conversations by the template `name`."""
    template = configured(templates()[name], options)

    @cache
    def tokenizer_of(folder: ModelFolder) -> Any:
        return _fixed_tokenizer(folder, template)

    def write(conversation: Conversation, folder: ModelFolder) -> Rendition:
        tokenizer = tokenizer_of(folder)
        pairs = _pairs(conversation, template, options, tokenizer)
        return _join(pairs, template.efficient_eos, tokenizer.eos_token_id, options)

    return write


def _fixed_tokenizer(folder: ModelFolder, template: Template) -> Any:
    """The tokenizer as `fix_special_tokens` leaves it: another EOS, and stop words as special tokens."""
    tokenizer = copy_of(folder)
    stop_words = list(template.stop_words)
    if template.replace_eos:
        set_eos(tokenizer, stop_words.pop(0))
    if tokenizer.eos_token_id is None:
        set_eos(tokenizer, "<|endoftext|>")
    if stop_words:
        tokenizer.add_special_tokens({"additional_special_tokens": stop_words}, replace_extra_special_tokens=False)
    return tokenizer


def _pairs(conversation: Conversation, template: Template, options: Options, tokenizer: Any) -> list[Pair]:
    """Ids of every question and its reply."""
    system, turns = alternating(conversation, options.formatting)
    discards = options.mask_history and not options.preserve_thinking
    if template.kind.startswith("reasoning"):
        turns = _without_thoughts(turns, template, options, discards=discards)
    encoded = _encode(turns, system, conversation, template, tokenizer)
    if template.kind.startswith("reasoning"):
        thought = template.thought_words[1] if template.kind == "reasoning_glm47" else "".join(template.thought_words)
        empty = _text_ids(tokenizer, thought)
        for at in range(len(turns) - 2 if discards else 0, len(turns), 2):
            if any(word.strip() in turns[at + 1].content for word in template.thought_words):
                continue
            if options.enable_thinking:
                encoded[at + 1] = empty + encoded[at + 1]
            else:
                encoded[at] = encoded[at] + empty
    return [(encoded[at], encoded[at + 1]) for at in range(0, len(encoded), 2)]


def _without_thoughts(turns: list[Turn], template: Template, options: Options, *, discards: bool) -> list[Turn]:
    last = len(turns) - 1
    return [
        turn._replace(content=_unthought(turn.content, template))
        if at % 2 and (options.enable_thinking is False or (discards and at != last))
        else turn
        for at, turn in enumerate(turns)
    ]


def _unthought(content: str, template: Template) -> str:
    start, end = map(re.escape, template.thought_words)
    return re.sub(f"{start}(.*?){end}", "", content, flags=re.DOTALL).lstrip("\n")


def _encode(
    turns: list[Turn], system: str, conversation: Conversation, template: Template, tokenizer: Any
) -> list[list[int]]:
    system = system or template.default_system
    if conversation.tools:
        system += tool_text(template.tools, conversation.tools)
    head: Slots = _filled(template.system, system) if system else ()
    encoded = []
    for at, turn in enumerate(turns):
        content, slots = _written(turn, template)
        before: Slots = ()
        if at == 0 and template.kind == "system_in_user":
            before, content = template.prefix, "".join(str(slot) for slot in head[:1]) + content
        elif at == 0:
            before = [*template.prefix, *head]
        is_numbered = turn.role == "user" and template.kind != "system_in_user"
        filled = _filled(slots, content, str(at // 2) if is_numbered else None)
        encoded.append(list(chain.from_iterable(_slot_ids(tokenizer, slot) for slot in [*before, *filled])))
    return encoded


def _written(turn: Turn, template: Template) -> tuple[str, Slots]:
    if turn.role == "function":
        words = (template.thought_words[0], template.thought_words[1])
        return call_text(template.calls, turn, words), template.function
    return turn.content, {
        "user": template.user,
        "assistant": template.assistant,
        "observation": template.observation,
    }[turn.role]


def _filled(slots: Slots, content: str, number: str | None = None) -> list[str | list[str]]:
    """The slots with their placeholders replaced once, content first: a content may itself hold {{idx}}."""
    filled: list[str | list[str]] = []
    for slot in slots:
        if isinstance(slot, str):
            slot = slot.replace("{{content}}", content, 1)
            slot = slot if number is None else slot.replace("{{idx}}", number, 1)
        filled.append(slot)
    return filled


def _slot_ids(tokenizer: Any, slot: str | list[str]) -> list[int]:
    if isinstance(slot, str):
        return _text_ids(tokenizer, slot)
    if len(slot) == 2:
        return [one_token(tokenizer, slot[0])]
    # Any other name stands for nothing: phi_small means to begin with <|endoftext|>, and writes none.
    token = {"bos": tokenizer.bos_token_id, "eos": tokenizer.eos_token_id}.get(slot[0])
    return [] if token is None else [token]


def _text_ids(tokenizer: Any, text: str) -> list[int]:
    return list(tokenizer.encode(text, add_special_tokens=False)) if text else []


def _join(pairs: list[Pair], efficient_eos: bool, eos_id: int, options: Options) -> Rendition:
    """Pairs one after the other until the limit; with `mask_history` the last pair is placed first."""
    ids: list[int] = []
    learnt: list[bool] = []
    total = int(efficient_eos)
    for at, (source, target) in enumerate(reversed(pairs) if options.mask_history else pairs):
        if options.cutoff_tokens is not None:
            if total >= options.cutoff_tokens:
                break
            room = _fit(len(source), len(target), options.cutoff_tokens - total)
            source, target = source[: room[0]], target[: room[1]]
        total += len(source) + len(target)
        of_source = [options.train_on_prompt] * len(source)
        if efficient_eos and at != 0 and source and not options.train_on_prompt:
            of_source[0] = True
        of_target = [not options.mask_history or at == 0] * len(target)
        before = options.mask_history
        ids = source + target + ids if before else ids + source + target
        learnt = of_source + of_target + learnt if before else learnt + of_source + of_target
    whole = sum(len(source) + len(target) for source, target in pairs) + int(efficient_eos)
    if efficient_eos:
        ids, learnt = [*ids, eos_id], [*learnt, True]
    return Rendition(ids, learnt if options.is_configured else None, total < whole)


def _fit(source: int, target: int, limit: int) -> tuple[int, int]:
    """How many tokens of a question and of its reply are kept under the limit."""
    if target * 2 < limit:
        most = limit
    elif source * 2 < limit:
        most = limit - source
    else:
        most = int(limit * (target / (source + target)))
    kept = min(most, target)
    return min(max(limit - kept, 0), source), kept
