"""Chat rendering and the loss mask: the only ones, shared by training, evaluation, export checks and serving.

The checkpoint's own Jinja template is rendered with every message content replaced by a marker. What lies between
the markers was written by the template, so only there may special tokens stand; contents are tokenised with
special-token parsing off, so no text can become a control token or steer the template. A reply is tokenised on its own,
from where the generation prompt ends: training ids are exactly the prompt's ids followed by what a model generates.

Special tokens are those that the tokenizer declares special; other added tokens are ordinary vocabulary.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from danlu.core.errors import UserError
from danlu.model.template import Template, read_json

Message = Mapping[str, str]
"""`role` (one of ROLES) and `content`."""
ROLES = ("system", "user", "assistant", "tool")

# Private-use characters frame the number. The em spaces tell whether the template trims white space around a content.
_PAD = "\u2003"
_MARKER = re.compile(f"({_PAD}?)\ue000([0-9]+)\ue001({_PAD}?)")
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


class ChatFormat:
    """How one checkpoint writes conversations as token ids. Safe to share between threads."""

    def __init__(self, tokenizer: Any, template: Template, eos_ids: frozenset[int] = frozenset()) -> None:
        self._tokenizer = tokenizer
        self._template = template
        special = [token for token in tokenizer.get_added_tokens_decoder().values() if token.special]
        self._special_ids = {token.content: int(tokenizer.token_to_id(token.content)) for token in special}
        self._special = _pattern(special)
        self._check_probe()
        self._tokenizer.encode_special_tokens = True
        self.stop_id = self._find_stop()
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
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def decode(self, ids: Sequence[int]) -> str:
        """Text of `ids` without special tokens; a character that is cut off decodes to U+FFFD."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True))

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        """Ids of a conversation up to where the reply begins."""
        return self._tokens(messages, self._pieces(messages, for_reply=True)).ids

    def training_ids(self, messages: Sequence[Message]) -> Tokens:
        """Ids of a conversation that ends with a reply; they start with `prompt_ids(messages[:-1])`.

        The loss is on the contents of replies and on the stop token after each, nowhere else. An earlier reply that
        the template writes otherwise than it was generated (reasoning models drop their thoughts) gets no loss.
        """
        if len(messages) < 2 or messages[-1].get("role") != "assistant":
            raise UserError("a training conversation must end with an assistant message that answers something")
        whole = self._pieces(messages, for_reply=False)
        reply_at = max(at for at, piece in enumerate(whole) if piece.message == len(messages) - 1)
        return self._tokens(messages, [*self._pieces(messages[:-1], for_reply=True), *whole[reply_at:]])

    def _pieces(self, messages: Sequence[Message], *, for_reply: bool) -> list[_Piece]:
        """The rendered conversation, split at its markers."""
        _check_messages(messages)
        marked = [
            {"role": message["role"], "content": f"{_PAD}\ue000{at}\ue001{_PAD}"} for at, message in enumerate(messages)
        ]
        first, *rest = _MARKER.split(self._template.render(marked, for_reply))
        left_out = sorted(set(range(len(messages))) - {int(number) for number in rest[1::4]})
        if left_out:
            role = messages[left_out[0]]["role"]
            raise UserError(
                "the chat template leaves out message {number}, of role {role!r}", number=left_out[0] + 1, role=role
            )
        pieces = [_Piece(first)]
        for before, number, after, text in zip(*(iter(rest),) * 4, strict=True):
            content = messages[int(number)]["content"]
            content = content if before else content.lstrip()
            pieces += [_Piece(content if after else content.rstrip(), int(number)), _Piece(text)]
        return pieces

    def _tokens(self, messages: Sequence[Message], pieces: list[_Piece]) -> Tokens:
        """Ids of the pieces: prompt contents join the template's plain text, replies stand on their own."""
        out = Tokens([], [])
        plain, learn = "", False
        for at, piece in enumerate(pieces):
            if piece.message is None:
                plain = self._add_template_text(out, plain, piece.text, learn_stop=learn)
                learn = False
            elif messages[piece.message]["role"] != "assistant":
                plain += piece.text
            else:
                learn = self._is_learnt(messages, pieces, at)
                _add(out, self.encode(plain), learn=False)
                _add(out, self.encode(piece.text), learn=learn)
                plain = ""
        _add(out, self.encode(plain), learn=False)
        return out

    def _add_template_text(self, out: Tokens, plain: str, text: str, *, learn_stop: bool) -> str:
        """Add `plain` and the template's `text` up to its last special token; returns the plain text after that.

        `learn_stop` puts the first special token under the loss: the stop token that ends a reply.
        """
        start = 0
        for match in self._special.finditer(text):
            _add(out, self.encode(plain + text[start : match.start()]), learn=False)
            _add(out, [self._special_id(match)], learn=learn_stop)
            plain, start, learn_stop = "", match.end(), False
        return plain + text[start:]

    def _is_learnt(self, messages: Sequence[Message], pieces: list[_Piece], at: int) -> bool:
        """Whether the reply at `pieces[at]` stands after its own generation prompt and before the stop token."""
        number = pieces[at].message
        assert number is not None
        match = self._special.match(pieces[at + 1].text)
        stops = match is not None and self._special_id(match) == self.stop_id
        if number == len(messages) - 1:
            if not stops:
                raise UserError("the chat template does not end this reply with its stop token")
            return True
        return stops and _text(self._pieces(messages[:number], for_reply=True)) == _text(pieces[:at])

    def _special_id(self, match: re.Match[str]) -> int:
        assert match.lastindex is not None
        return self._special_ids[match[match.lastindex]]

    def _find_stop(self) -> int:
        """The special token that the template puts right after a reply."""
        after = self._pieces([*_PROBE, _PROBE_REPLY], for_reply=False)[-1].text
        match = self._special.match(after)
        if match is None:
            raise UserError(
                "the chat template puts no special token right after a reply, but {found!r}",
                "a model cannot learn to stop without one: end each reply with the stop token in the template",
                found=after[:40],
            )
        return self._special_id(match)

    def _check_probe(self) -> None:
        """An ordinary prompt must get the ids that it gets when its rendered text is tokenised as a whole."""
        pieces = self._pieces(_PROBE, for_reply=True)
        self._tokenizer.encode_special_tokens = False
        whole = self.encode(_text(pieces))
        self._tokenizer.encode_special_tokens = True
        if self._tokens(_PROBE, pieces).ids != whole:
            raise UserError(
                "this tokenizer writes text otherwise after a special token, so a prompt has no unique ids",
                "byte-level BPE tokenizers (GPT-2, LLaMA 3, Qwen, SmolLM) are supported",
            )


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
                "message {number}: content is {kind}, expected text", number=number, kind=type(content).__name__
            )


def _eos_ids(checkpoint_dir: Path) -> frozenset[int]:
    """What the checkpoint itself declares as the end of generation: one id or several."""
    declared = read_json(checkpoint_dir / "generation_config.json").get("eos_token_id")
    return frozenset([declared] if isinstance(declared, int) else declared or ())


def _text(pieces: Sequence[_Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def _add(out: Tokens, ids: Sequence[int], *, learn: bool) -> None:
    out.ids.extend(ids)
    out.loss_mask.extend([learn] * len(ids))
