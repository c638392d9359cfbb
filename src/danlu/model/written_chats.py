"""Conversations as the model sees them in training, or the reason why one cannot be written, with its file and id."""

from collections.abc import Sequence
from pathlib import Path

from danlu.core.errors import Phrase, UserError
from danlu.model.chat import ChatFormat, Message, Tokens
from danlu.model.chats import Chat


def written(path: Path, chat: Chat, chat_format: ChatFormat) -> Tokens:
    """A whole conversation of the file `path`; raises UserError when the template refuses it, or none of its replies is learnt."""
    whole = written_part(path, chat, chat.messages, chat_format)
    # Replies are switched off by the row, or left out by a template that forgets thoughts; all of them is a mistake.
    if not any(whole.loss_mask):
        raise UserError(
            "{path}: conversation {id!r}: none of its replies is learnt",
            "leave it out, or end it after a reply that is to be learnt",
            path=path,
            id=chat.chat_id,
        )
    return whole


def written_part(path: Path, chat: Chat, messages: Sequence[Message], chat_format: ChatFormat) -> Tokens:
    """Some of its messages, of which none need be learnt; raises UserError when the template refuses them."""
    try:
        return chat_format.training_ids(messages, chat.tools)
    except UserError as error:
        raise UserError(
            "{path}: conversation {id!r}: {problem}",
            "{remedy}"
            if error.hint_template
            else "correct this conversation: the base model's chat template cannot write it",
            path=path,
            id=chat.chat_id,
            problem=Phrase(error.message_template, **error.values),
            remedy=Phrase(error.hint_template, **error.values),
        ) from error
