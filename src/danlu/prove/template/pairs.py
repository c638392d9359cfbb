"""Each conversation as it is served, beside what the model was trained on: the trainer's rendition, or the dump's row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from danlu.core.errors import Phrase
from danlu.core.progress import Progress
from danlu.prove.finding import Check, Finding
from danlu.prove.folder import ModelFolder
from danlu.prove.mask.reply_spans import opening_of
from danlu.prove.rows.dumps import Dump
from danlu.prove.template.matching import Match, match
from danlu.prove.template.probes import PROBES
from danlu.prove.template.serving import Ids, Refused, Serving
from danlu.prove.template.trained import EVERY, Trained, Unwritten, renditions
from danlu.prove.trainers.trainer import Trainer
from danlu.text.rows.rows import Conversation, Rows

_EDGE = 12
"""Characters of a cut message by which it is known again."""


@dataclass(frozen=True)
class Pair:
    """One conversation, served and trained. Shapes: S served tokens, T trained tokens."""

    conversation: Conversation
    text: str
    """As served."""
    ids_S: Ids
    trained: Trained | None


class Refusal(NamedTuple):
    """A conversation for which serving answers with an error."""

    conversation: Conversation
    words: str
    """The template's own."""
    is_trained: bool
    """Whether the trainer writes it all the same, or the dump holds it."""


@dataclass(frozen=True)
class Pairs:
    """All conversations that the template takes, and those that it does not."""

    pairs: tuple[Pair, ...]
    refused: tuple[Refusal, ...]
    bare: int
    """Rows of plain prompt and completion text, which no chat template is meant for."""
    are_rows: bool
    """Whether they are the user's, and no probes."""
    trainer: Trainer | None
    dump: Dump | None
    unwritten: tuple[Unwritten, ...]

    @property
    def chats(self) -> int:
        """How many conversations there are."""
        return len(self.pairs) + len(self.refused)

    @property
    def compared(self) -> tuple[Pair, ...]:
        """Those with something to compare: uncut ones."""
        return tuple(pair for pair in self.pairs if pair.trained is not None and not pair.trained.is_cut)

    @property
    def has_training(self) -> bool:
        """Whether a dump or a trainer was given."""
        return self.dump is not None or self.trainer is not None

    def refused_rows(self, *, trained: bool) -> tuple[Refusal, ...]:
        """Rows of the user's that are refused, and of which training is known, or is not; none of the probes."""
        return tuple(one for one in self.refused if self.are_rows and one.is_trained is trained)

    def unseen(self, check: Check) -> Finding | None:
        """What a check says that had no conversation to look at; None when it had one."""
        if self.pairs:
            return None
        if self.refused:
            said = Phrase("the template refuses all {count} conversations: {words}", count=len(self.refused), words=self.refused[0].words)  # fmt: skip
            return check.not_checkable(said, Phrase("conversations that the template takes"))
        if self.bare:
            return check.not_applicable(Phrase("all rows are plain text, which no chat template writes"))
        return check.not_checkable(Phrase("no row is a conversation"), Phrase("rows of conversations in --data"))


def refusals(pairs: Pairs) -> Iterator[Phrase]:
    """The line that tells of refused conversations."""
    if pairs.refused:
        first = pairs.refused[0]
        yield Phrase("{count} rows are refused by the template, such as row {row}: {words}", count=len(pairs.refused), row=first.conversation.row, words=first.words)  # fmt: skip


def pair_up(
    serving: Serving,
    folder: ModelFolder,
    rows: Rows | None,
    trainer: Trainer | None,
    dump: Dump | None,
    progress: Progress,
) -> Pairs:
    """Render every conversation as it is served, and find or make its trained form; a dump rules over a trainer.

    Without rows, fixed conversations stand in for them, and a dump is compared with nothing.
    """
    conversations, dump = (rows.conversations, dump) if rows else (PROBES, None)
    chats = [conversation for conversation in conversations if not conversation.plain_text]
    texts, words = _served(serving, chats, progress)
    taken = [chat for chat in chats if chat.row in texts]
    refused = [chat for chat in chats if chat.row in words]
    served = serving.ids([texts[chat.row] for chat in taken])
    trained: list[Trained | None] = [None] * len(chats)
    unwritten: tuple[Unwritten, ...] = ()
    if dump is not None:
        trained = [*_from_dump(serving, taken, served, dump), *_refused_in_dump(serving, refused, dump)]
    elif trainer is not None:
        trained, unwritten = renditions(trainer, [*taken, *refused], folder, progress, "training")
    triples = zip(taken, served, trained[: len(taken)], strict=True)
    pairs = [Pair(chat, texts[chat.row], ids, one) for chat, ids, one in triples]
    turned_away = [
        Refusal(chat, words[chat.row], one is not None)
        for chat, one in zip(refused, trained[len(taken) :], strict=True)
    ]
    bare = len(conversations) - len(chats)
    return Pairs(tuple(pairs), tuple(turned_away), bare, rows is not None, trainer, dump, unwritten)


def _served(
    serving: Serving, chats: Sequence[Conversation], progress: Progress
) -> tuple[dict[int, str], dict[int, str]]:
    """By row: the text that is served, or the words with which the template refuses it."""
    texts: dict[int, str] = {}
    words: dict[int, str] = {}
    for number, chat in enumerate(chats):
        if number % EVERY == 0:
            progress.advance(number, len(chats), "rendering")
        try:
            texts[chat.row] = serving.text(chat.messages, chat.tools)
        except Refused as refused:
            words[chat.row] = str(refused)
    return texts, words


def _refused_in_dump(serving: Serving, refused: Sequence[Conversation], dump: Dump) -> list[Trained | None]:
    """What stands in the dump for rows that no template writes: they are looked for by their contents."""
    if not refused:
        return []
    contents = ["\n".join(str(message.get("content") or "") for message in chat.messages) for chat in refused]
    return _from_dump(serving, refused, serving.ids(contents), dump)


def _from_dump(
    serving: Serving, taken: Sequence[Conversation], served: Sequence[Ids], dump: Dump
) -> list[Trained | None]:
    opening = opening_of(serving)
    matches = match(
        serving,
        served,
        dump.sequences(),
        lambda ids: opening is not None and bool(opening.spans(serving, ids)),
        lambda at, found: _is_of(serving, taken[at], found),
    )
    return [
        None if found is None else Trained(found.ids_T, found.labels_T, found.is_cut, found.place) for found in matches
    ]


def _is_of(serving: Serving, conversation: Conversation, found: Match) -> bool:
    """Whether the dump's conversation holds what this one's user said, and its last reply: near-duplicates do not.

    Of a cut one, the beginning or the end of a message is enough.
    """
    text = "".join(serving.decode(found.ids_T).split())
    said = {
        role: ["".join(str(message["content"]).split()) for message in conversation.messages if message["role"] == role]
        for role in ("user", "assistant")
    }
    replies = [reply.rpartition("</think>")[2] for reply in said["assistant"]]
    if found.is_cut:
        return any(words[:_EDGE] in text or words[-_EDGE:] in text for words in (*said["user"], *replies) if words)
    return (not replies or replies[-1] in text) and all(words in text for words in said["user"])
