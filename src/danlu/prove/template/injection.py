"""`template.injection`: no text becomes a control token, whoever said it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from danlu.core.errors import Phrase
from danlu.prove.finding import Check, Finding
from danlu.prove.template import probes as probe
from danlu.prove.template.serving import Refused, Serving
from danlu.text.rows.rows import Conversation

INJECTION = Check(
    "template.injection",
    Phrase("no text of a row becomes a control token"),
    costs=Phrase(
        "a user's text ends its own turn and speaks as the system or the assistant; a reply's own text ends it early"
    ),
    fix=Phrase("take control tokens out of the rows, or tokenise contents with split_special_tokens=True"),
)
_EXCERPT_CHARACTERS = 40
_SHOWN = 4


class Injected(NamedTuple):
    """A control token in the text of a message."""

    role: str
    token: str
    excerpt: str


def check_injection(serving: Serving, conversations: Sequence[Conversation] | None) -> Finding:
    """Rows in whose messages a control token's string stands, as the tokenizer reads it.

    In replies only those count that end a turn or belong to the frame of a turn: tags of thoughts and of tool calls are theirs
    to write. Rows of plain prompt and completion text may bring their own frame.
    """
    if conversations is None:
        return INJECTION.not_checkable(Phrase("no training rows were given"), Phrase("give them with --data"))
    chats = [conversation for conversation in conversations if not conversation.plain_text]
    if not chats:
        return INJECTION.not_applicable(Phrase("no row is a conversation of messages"))
    if not serving.specials:
        return INJECTION.passed(Phrase("the tokenizer has no control tokens"))
    framing = _framing(serving)
    by_token: Counter[str] = Counter()
    lines: list[Phrase] = []
    faulty = ended = with_tags = 0
    for chat in chats:
        found = list(_injected(serving, chat))
        faults = [one for one in found if one.role != "assistant" or one.token in framing]
        faulty += bool(faults)
        ended += any(one.role == "assistant" for one in faults)
        with_tags += len(faults) < len(found)
        by_token.update({one.token for one in faults})
        if faults and len(lines) < _SHOWN:
            role, token, excerpt = faults[0]
            lines.append(Phrase("row {row}, {role}: {token} in {text!r}", row=chat.row, role=role, token=token, text=excerpt))  # fmt: skip
    if with_tags:
        lines.append(Phrase("{count} rows have control tokens of other kinds inside of their replies, as thoughts and tool calls need them", count=with_tags))  # fmt: skip
    measured = {"rows": len(chats), "injected": faulty, "replies_ended": ended, "in_replies": with_tags}
    if faulty:
        counts = ", ".join(f"{token} {count}" for token, count in by_token.most_common(_SHOWN))
        said = Phrase("{count} of {all} rows hold control tokens as text: {tokens}", count=faulty, all=len(chats), tokens=counts)  # fmt: skip
        return INJECTION.failed(said, lines, measured)
    said = Phrase("none of {count} rows holds a control token as text of a user, a system or a tool, nor one in a reply that ends or begins a turn", count=len(chats))  # fmt: skip
    return INJECTION.passed(said, lines, measured)


def _framing(serving: Serving) -> frozenset[str]:
    """Control tokens that end a turn, or that the template writes around plain messages; tags of thoughts are no frame."""
    texts = []
    for messages in (probe.TWO_TURNS, probe.WITH_SYSTEM):
        try:
            texts.append(serving.text(messages))
        except Refused:
            continue
    frame = {special for special in serving.specials if any(special in text for text in texts)}
    ends = {special for special, id in serving.specials.items() if id in serving.terminators}
    return frozenset(special for special in frame | ends if "think" not in special)


def _injected(serving: Serving, conversation: Conversation) -> Iterator[Injected]:
    for message in conversation.messages:
        content = message.get("content")
        if not isinstance(content, str):
            continue
        strings = [special for special in serving.specials if special in content]
        if not strings:
            continue
        ids = {int(id) for id in serving.ids([content])[0]}
        for special in strings:
            if serving.specials[special] in ids:
                at = content.index(special)
                yield Injected(str(message["role"]), special, content[max(0, at - 12) : at + _EXCERPT_CHARACTERS])
