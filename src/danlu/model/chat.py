"""Chat rendering and the loss mask: the only ones, shared by training, evaluation, export checks and serving.

The checkpoint's own Jinja template is rendered with every message content replaced by a marker. What lies between
the markers was written by the template, so only there may special tokens stand; contents are tokenised with
special-token parsing off, so no text can become a control token or steer the template. A reply is tokenised on its own,
from where the generation prompt ends: training ids are exactly the prompt's ids followed by what a model generates.
White space that the template puts around a reply (Mistral, LLaMA 2) is generated too, so it belongs to the reply;
words that it puts before one (the empty thought of Qwen3) are no part of the prompt, and are left out.

Special tokens are those that the tokenizer declares special; other added tokens are ordinary vocabulary.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from danlu.core.errors import UserError
from danlu.core.json_kinds import json_kind
from danlu.model.stretches import Before, StretchEncoder
from danlu.model.template import Template, read_json
from danlu.model.thoughts import has_thought, kept_thoughts, without_thought, written_thought
from danlu.model.tool_calls import Tools, check_plain, check_written, raw, written_call

Message = Mapping[str, Any]
"""`role` (one of ROLES) and `content`, text; a reply may hold `tool_calls`, `reasoning_content`, and `loss` false: it is context."""
ROLES = ("system", "user", "assistant", "tool")

# Private-use characters frame the number. The em spaces tell whether the template trims white space around a content.
_PAD = "\u2003"
_MARKER = re.compile(f"({_PAD}?)\ue000([0-9]+)\ue001({_PAD}?)")
_WRITTEN = "is_written"
"""In a message of ours: its content is what the template wrote of a thought, so white space around it is the template's own."""
_PROBE: list[Message] = [{"role": "user", "content": "Is it 7:30?"}]
_PROBE_REPLY: Message = {"role": "assistant", "content": "Yes."}


class Tokens(NamedTuple):
    """Token ids of a conversation; `loss_mask[i]` says whether the model must learn to say `ids[i]`."""

    ids: list[int]
    loss_mask: list[bool]


@dataclass(frozen=True)
class _Piece:
    """A stretch of the rendered conversation: content of message number `message`, or the template's own text."""

    text: str
    message: int | None = None


@dataclass(frozen=True)
class _Frame:
    """What the template puts around a reply."""

    lead: str = ""
    """White space between the generation prompt and the reply."""
    trail: str = ""
    """White space between the reply and the stop token."""
    stop: str = ""
    is_open: bool = False
    """Nothing ends the last reply of a conversation: GLM-4's ends where the next turn would begin."""


class _Writer:
    """Token ids of a conversation, stretch by stretch."""

    def __init__(self, encoder: StretchEncoder) -> None:
        self._encoder = encoder
        self._out = Tokens([], [])
        self._plain = ""
        self._before = Before.NOTHING

    def text(self, text: str) -> None:
        """Text that nothing is learnt from; it joins the text before it."""
        self._plain += text

    def special(self, token_id: int, *, learn: bool) -> None:
        self._end_text()
        self._add([token_id], learn=learn)
        self._before = Before.SPECIAL

    def reply(self, text: str, *, learn: bool) -> None:
        """Text that stands on its own, as it is generated."""
        self._end_text()
        self._add(self._encoder.encode(text, self._before), learn=learn)
        self._before = Before.TEXT if text else self._before

    def tokens(self) -> Tokens:
        self._end_text()
        return self._out

    def _end_text(self) -> None:
        if self._plain:
            self._add(self._encoder.encode(self._plain, self._before), learn=False)
            self._plain, self._before = "", Before.TEXT

    def _add(self, ids: Sequence[int], *, learn: bool) -> None:
        self._out.ids.extend(ids)
        self._out.loss_mask.extend([learn] * len(ids))


class ChatFormat:
    """How one checkpoint writes conversations as token ids. Safe to share between threads."""

    def __init__(self, tokenizer: Any, template: Template, eos_ids: frozenset[int] = frozenset()) -> None:
        self._tokenizer = tokenizer
        self._template = template
        special = [token for token in tokenizer.get_added_tokens_decoder().values() if token.special]
        self._special_ids = {token.content: int(tokenizer.token_to_id(token.content)) for token in special}
        self._special = _pattern(special)
        self._encoder = StretchEncoder(tokenizer)
        self._frame = _Frame()
        self._check_probe()
        self._frame = self._find_frame(eos_ids)
        self.stop_id = self._special_ids[self._frame.stop]
        self.stop_ids = frozenset({self.stop_id}) | eos_ids

    @classmethod
    def load(cls, checkpoint_dir: Path) -> "ChatFormat":
        """Read the tokenizer and the template. Raises UserError when one is missing or no safe ids follow from them."""
        from tokenizers import Tokenizer

        path = checkpoint_dir / "tokenizer.json"
        if not path.is_file():
            raise UserError(
                "{folder} has no tokenizer.json", "a Hugging Face folder is expected", folder=checkpoint_dir
            )
        return cls(Tokenizer.from_file(str(path)), Template.load(checkpoint_dir), _eos_ids(checkpoint_dir))

    def encode(self, text: str) -> list[int]:
        """Token ids of plain text: `<|im_end|>` in it is ten characters, never a control token."""
        return self._encoder.encode(text, Before.NOTHING)

    def decode(self, ids: Sequence[int]) -> str:
        """Text of `ids` without special tokens; a character that is cut off decodes to U+FFFD."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True))

    def prompt_ids(self, messages: Sequence[Message], tools: Tools = ()) -> list[int]:
        """Ids of a conversation up to where the reply begins; `tools` are those that the model may call."""
        said = self._said(messages, tools)
        return self._tokens(said, self._pieces(said, tools, for_reply=True), tools).ids

    def training_ids(self, messages: Sequence[Message], tools: Tools = ()) -> Tokens:
        """Ids of a conversation that ends with a reply; they start with `prompt_ids(messages[:-1])`.

        The loss is on the contents of replies and on the stop token after each, nowhere else. An earlier reply that
        the template writes otherwise than it was generated (reasoning models drop their thoughts) gets no loss.
        A tool call is a reply: what the template writes for it is learnt, and so is the thought before a reply where the
        template writes it. A reply with `loss` false gets none.
        """
        if len(messages) < 2 or messages[-1].get("role") != "assistant":
            raise UserError("a training conversation must end with an assistant message that answers something")
        said = self._said(messages, tools)
        whole = self._pieces(said, tools, for_reply=False)
        reply_at = max(at for at, piece in enumerate(whole) if piece.message == len(said) - 1)
        end = [whole[reply_at], _Piece(self._frame.stop)] if self._frame.is_open else whole[reply_at:]
        return self._tokens(said, [*self._pieces(said[:-1], tools, for_reply=True), *end], tools)

    def _said(self, messages: Sequence[Message], tools: Tools) -> Sequence[Message]:
        """The same conversation with the text of each tool call as the content of its reply.

        Raises UserError when the conversation so written is not what the template writes of the calls themselves.
        """
        _check_messages(messages)
        check_plain(self._special, list(tools))
        check_written(self._template, _PROBE, tools)
        if not any(message.get("tool_calls") or has_thought(message) for message in messages):
            return messages
        thinks_last = messages[-1]["role"] == "assistant" and has_thought(messages[-1])
        earlier = messages[:-1] if thinks_last else messages
        kept = kept_thoughts(self._template, earlier, tools) | {len(earlier)}
        said: list[Message] = []
        for at, message in enumerate(messages):
            written = self._written(said, message, tools)  # refuses a thought that the template never writes
            forgets = has_thought(message) and at not in kept
            said.append(self._written(said, without_thought(message), tools) if forgets else written)
        # A thought in the last reply stands where the template would write an empty one, which `training_ids` leaves out.
        pieces = self._pieces(said[: len(earlier)], tools, for_reply=False)
        if _text(pieces) != self._template.render([*map(raw, earlier)], False, tools):
            raise UserError(
                "the chat template writes tool calls otherwise than replies",
                "take a base model whose template writes both between the same tokens, such as Qwen's",
            )
        return said

    def _written(self, before: Sequence[Message], message: Message, tools: Tools) -> Message:
        """A message with what the template writes of its call and its thought as its content."""
        if not message.get("tool_calls") and not has_thought(message):
            return message
        stop = self._frame.stop
        if message.get("tool_calls"):
            check_plain(self._special, raw(message))
            text = written_call(self._template, before, raw(message), tools, stop)
        if has_thought(message):
            is_open = self._frame.is_open
            text = written_thought(self._template, self._special, before, message, tools, stop, is_open=is_open)
        text = text.removeprefix(self._frame.lead).removesuffix(self._frame.trail)
        said = {"role": message["role"], "content": text, _WRITTEN: has_thought(message)}
        return said | ({"loss": False} if _is_context(message) else {})

    def _pieces(self, messages: Sequence[Message], tools: Tools = (), *, for_reply: bool) -> list[_Piece]:
        """The rendered conversation, split at its markers."""
        _check_messages(messages)
        marked = [
            {"role": message["role"], "content": f"{_PAD}\ue000{at}\ue001{_PAD}"} for at, message in enumerate(messages)
        ]
        first, *rest = _MARKER.split(self._template.render(marked, for_reply, tools))
        left_out = sorted(set(range(len(messages))) - {int(number) for number in rest[1::4]})
        if left_out:
            role = messages[left_out[0]]["role"]
            raise UserError(
                "the chat template leaves out message {number}, of role {role!r}", number=left_out[0] + 1, role=role
            )
        pieces = [_Piece(first)]
        for before, number, after, text in zip(*(iter(rest),) * 4, strict=True):
            content, is_written = messages[int(number)]["content"], messages[int(number)].get(_WRITTEN, False)
            content = content if before or is_written else content.lstrip()
            pieces += [_Piece(content if after or is_written else content.rstrip(), int(number)), _Piece(text)]
        return self._framed(messages, pieces)

    def _framed(self, messages: Sequence[Message], pieces: list[_Piece]) -> list[_Piece]:
        """The pieces with the white space around replies moved into them."""
        lead, trail = self._frame.lead, self._frame.trail
        for at, piece in enumerate(pieces):
            if piece.message is None or messages[piece.message]["role"] != "assistant" or not lead + trail:
                continue
            before, after = pieces[at - 1].text, pieces[at + 1].text
            pieces[at - 1] = _Piece(before.removesuffix(lead))
            pieces[at + 1] = _Piece(after.removeprefix(trail))
            text = before[len(pieces[at - 1].text) :] + piece.text + after[: len(after) - len(pieces[at + 1].text)]
            pieces[at] = _Piece(text, piece.message)
        return pieces

    def _tokens(self, messages: Sequence[Message], pieces: list[_Piece], tools: Tools = ()) -> Tokens:
        """Ids of the pieces: prompt contents join the template's plain text, replies stand on their own."""
        out, learn = _Writer(self._encoder), False
        for at, piece in enumerate(pieces):
            if piece.message is None:
                self._add_template_text(out, piece.text, learn_stop=learn)
                learn = False
            elif messages[piece.message]["role"] != "assistant":
                out.text(piece.text)
            else:
                learn = self._is_learnt(messages, pieces, at, tools)
                out.reply(piece.text, learn=learn)
        return out.tokens()

    def _add_template_text(self, out: _Writer, text: str, *, learn_stop: bool) -> None:
        """Add the template's `text`; `learn_stop` puts its first special token under the loss: the stop that ends a reply."""
        start = 0
        for match in self._special.finditer(text):
            out.text(text[start : match.start()])
            out.special(self._special_id(match), learn=learn_stop)
            start, learn_stop = match.end(), False
        out.text(text[start:])

    def _is_learnt(self, messages: Sequence[Message], pieces: list[_Piece], at: int, tools: Tools) -> bool:
        """Whether the reply at `pieces[at]` stands after its own generation prompt and before the stop token."""
        number = pieces[at].message
        assert number is not None
        match = self._special.match(pieces[at + 1].text)
        stops = match is not None and self._special_id(match) == self.stop_id
        if number == len(messages) - 1:
            if not stops:
                raise UserError("the chat template does not end this reply with its stop token")
            return not _is_context(messages[number])
        if _is_context(messages[number]):
            return False
        return stops and _text(self._pieces(messages[:number], tools, for_reply=True)) == _text(pieces[:at])

    def _special_id(self, match: re.Match[str]) -> int:
        return self._special_ids[self._special_text(match)]

    @staticmethod
    def _special_text(match: re.Match[str]) -> str:
        assert match.lastindex is not None
        return match[match.lastindex]

    def _find_frame(self, eos_ids: frozenset[int]) -> _Frame:
        """How the template ends a reply, and the white space around one."""
        prompt = _text(self._pieces(_PROBE, for_reply=True))
        *before, _, last = self._pieces([*_PROBE, _PROBE_REPLY], for_reply=False)
        lead = _text(before).removeprefix(prompt)
        lead = lead if lead.isspace() else ""
        after = last.text.lstrip()
        # A token that is declared to swallow the white space before it needs none moved.
        swallowed = self._special.match(last.text)
        match = swallowed or self._special.match(after)
        if match:
            trail = "" if swallowed else last.text[: len(last.text) - len(after)]
            return _Frame(lead, trail, self._special_text(match))
        following = self._pieces([*_PROBE, _PROBE_REPLY, *_PROBE], for_reply=False)
        match = self._special.match(next(text.text for said, text in pairwise(following) if said.message == 1))
        if after or match is None or self._special_id(match) not in eos_ids:
            raise UserError(
                "the chat template puts no special token right after a reply, but {found!r}",
                "a model cannot learn to stop without one: end each reply with the stop token in the template",
                found=last.text[:40],
            )
        return _Frame(lead, "", self._special_text(match), is_open=True)

    def _check_probe(self) -> None:
        """An ordinary prompt must get the ids that it gets when its rendered text is tokenised as a whole."""
        pieces = self._pieces(_PROBE, for_reply=True)
        self._tokenizer.encode_special_tokens = False
        whole = self.encode(_text(pieces))
        self._tokenizer.encode_special_tokens = True
        if self._tokens(_PROBE, pieces).ids != whole:
            raise UserError(
                "this tokenizer writes text otherwise after a special token, so a prompt has no unique ids",
                "byte-level and SentencePiece BPE tokenizers (GPT-2, LLaMA, Qwen, Mistral, Gemma, Phi-3) are supported",
            )


def _is_context(message: Message) -> bool:
    """Whether a reply is there to be read, and not to be learnt."""
    return message.get("loss") is False


def _pattern(special: Sequence[Any]) -> re.Pattern[str]:
    """Matches a special token, longest first, with the white space that the token is declared to swallow."""
    if not special:
        raise UserError("the tokenizer declares no special tokens", "a chat model needs at least a stop token")
    by_length = sorted(special, key=lambda token: (-len(token.content), token.content))
    space = {True: r"\s*", False: ""}
    return re.compile("|".join(f"{space[t.lstrip]}({re.escape(t.content)}){space[t.rstrip]}" for t in by_length))


def _check_messages(messages: Sequence[Message]) -> None:
    """A role is written by the template, so a free one could carry control tokens."""
    for number, message in enumerate(messages, start=1):
        role, content = message.get("role"), message.get("content")
        if role not in ROLES:
            raise UserError(
                "message {number}: role is {role!r}, expected one of {roles}",
                number=number,
                role=role,
                roles=", ".join(ROLES),
            )
        if not isinstance(content, str):
            raise UserError(
                "message {number}: content is {kind}, expected text", number=number, kind=json_kind(content)
            )


def _eos_ids(checkpoint_dir: Path) -> frozenset[int]:
    """What the checkpoint itself declares as the end of generation: one id or several."""
    declared = read_json(checkpoint_dir / "generation_config.json").get("eos_token_id")
    return frozenset([declared] if isinstance(declared, int) else declared or ())


def _text(pieces: Sequence[_Piece]) -> str:
    return "".join(piece.text for piece in pieces)
