"""The first example as the model will see it, before step 1: which tokens are learnt, which are only read.

Most trainings that taught nothing had the loss on the wrong tokens, and it could have been seen here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.text import Text

_LEARNT, _READ, _CONTROL = "green", "dim", "bold"
_SHOWN_TOKENS = 400


@dataclass(frozen=True)
class Piece:
    """A stretch of tokens of one kind, as text."""

    text: str
    is_learnt: bool
    is_control: bool
    """A token that the tokenizer declares special: it stands for itself."""


def pieces(tokenizer: Any, ids: Sequence[int], loss_mask: Sequence[bool]) -> list[Piece]:
    """The example in stretches; `tokenizer` is a `tokenizers.Tokenizer`.

    Tokens are decoded together as far as a stretch goes: a Chinese character may be three tokens, none of which is text alone.
    """
    special = {number for number, added in tokenizer.get_added_tokens_decoder().items() if added.special}
    found: list[Piece] = []
    marked = ((int(id), bool(learn), int(id) in special) for id, learn in zip(ids, loss_mask, strict=True))
    end = 0
    for (learn, control), group in groupby(marked, key=lambda one: one[1:]):
        for length in [1] * len(list(group)) if control else [len(list(group))]:
            found.append(Piece(_said(tokenizer, ids[:end], ids[end : end + length]), learn, control))
            end += length
    return found


def _said(tokenizer: Any, before: Sequence[int], ids: Sequence[int]) -> str:
    """The text that tokens add to those before: many tokenizers leave out the space at the start of what they decode."""
    shown, whole = (tokenizer.decode(list(part), skip_special_tokens=False) for part in (before, [*before, *ids]))
    if whole.startswith(shown):
        return str(whole[len(shown) :])
    return str(tokenizer.decode(list(ids), skip_special_tokens=False))


def coloured(tokenizer: Any, ids: Sequence[int], loss_mask: Sequence[bool]) -> "Text":
    """For a terminal with colours: learnt tokens green, others dim, control tokens bold."""
    from rich.text import Text

    text = Text()
    for piece in pieces(tokenizer, ids[:_SHOWN_TOKENS], loss_mask[:_SHOWN_TOKENS]):
        colour = _LEARNT if piece.is_learnt else _READ
        text.append(piece.text, f"{_CONTROL} {colour}" if piece.is_control else colour)
    return text.append(" …", _READ) if len(ids) > _SHOWN_TOKENS else text


def bracketed(tokenizer: Any, ids: Sequence[int], loss_mask: Sequence[bool]) -> str:
    """For logs and terminals without colours: what is learnt stands in ⟦double brackets⟧."""
    shown = pieces(tokenizer, ids[:_SHOWN_TOKENS], loss_mask[:_SHOWN_TOKENS])
    text = "".join(
        "⟦" + "".join(piece.text for piece in group) + "⟧" if learn else "".join(piece.text for piece in group)
        for learn, group in groupby(shown, key=lambda piece: piece.is_learnt)
    )
    return f"{text} …" if len(ids) > _SHOWN_TOKENS else text
