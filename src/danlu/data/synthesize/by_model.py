"""Ask a model about every passage of some documents, several at a time, until the budget is spent.

Passages go out in batches of fixed size and come back in order, so that what is made, and where the budget ends, depends on the
replies and not on which came first.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from typing import Any, Protocol

from danlu.core.hashing import short_id
from danlu.data.synthesize.ask import ask, found_again
from danlu.data.synthesize.completes import Completes, Completion
from danlu.data.synthesize.instruct import instruct
from danlu.data.synthesize.pairs import Limits, Pair, Rejected, check
from danlu.data.synthesize.private import Scanned, held
from danlu.text.records import Document, Reject
from danlu.text.sections import passages, weight

BATCH = 8
_LEAST_WEIGHT = 80
"""Half-widths (danlu.text.sections): a shorter passage holds too little to ask about."""

Passage = tuple[Document, int, int]


class Asks(Protocol):
    """The settings that asking needs (SynthesizeConfig has them)."""

    @property
    def model_kinds(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def labels(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def answer_characters(self) -> int: ...  # noqa: D102
    @property
    def questions_per_passage(self) -> int: ...  # noqa: D102
    @property
    def round_trip(self) -> float: ...  # noqa: D102
    @property
    def max_tokens(self) -> int: ...  # noqa: D102


@dataclass
class Asked:
    """What was spent of a budget."""

    budget_tokens: int
    prompt_tokens: int = 0
    reply_tokens: int = 0
    requests: int = 0
    passages: int = 0
    passages_left: int = 0
    """Passages that nobody was asked about, since the budget was spent."""

    @property
    def spent(self) -> bool:
        """Whether no further passage may be asked about."""
        return self.prompt_tokens + self.reply_tokens >= self.budget_tokens

    def add(self, reply: Completion) -> None:
        """Count one reply."""
        self.requests += 1
        self.prompt_tokens += reply.prompt_tokens
        self.reply_tokens += reply.reply_tokens

    def counts(self) -> dict[str, int]:
        """For the manifest."""
        return {
            "model requests": self.requests, "prompt tokens": self.prompt_tokens, "reply tokens": self.reply_tokens,
            "passages asked": self.passages, "passages not asked": self.passages_left,
        }  # fmt: skip


def ask_all(model: Completes, documents: Iterator[Scanned], config: Asks, asked: Asked) -> Iterator[dict[str, Any]]:
    """One attempt after the other, as `attempt` writes them. Raises what the model raises when it cannot be reached.

    A passage with personal data is shown to no model: the reject stands for all that would have been made of it.
    """
    private: list[Reject] = []
    found = _passages(documents, private)
    with ThreadPoolExecutor(BATCH) as threads:
        while batch := list(islice(found, BATCH)):
            yield from ({"reject": asdict(reject)} for reject in private)
            private.clear()
            if asked.spent:
                asked.passages_left += len(batch)
                continue
            asked.passages += len(batch)
            for replies, attempts in threads.map(partial(_of_passage, model, config), batch):
                for reply in replies:
                    asked.add(reply)
                yield from attempts
        yield from ({"reject": asdict(reject)} for reject in private)


def _passages(documents: Iterator[Scanned], private: list[Reject]) -> Iterator[Passage]:
    """The passages to ask about; the rejects of those that hold personal data are added to `private`."""
    for given in documents:
        document = given.document
        for passage in passages(document):
            if weight(document.text[passage.start : passage.end]) < _LEAST_WEIGHT:
                continue
            id = short_id(["passage", document.doc_id, passage.start])
            reject = held(id, document.source, given.kinds_between(passage.start, passage.end))
            if reject:
                private.append(reject)
            else:
                yield document, passage.start, passage.end


def _of_passage(model: Completes, config: Asks, passage: Passage) -> tuple[list[Completion], list[dict[str, Any]]]:
    """All kinds for one passage: replies with their price, and attempts."""
    document, start, end = passage
    replies: list[Completion] = []
    attempts: list[dict[str, Any]] = []
    for kind in config.model_kinds:
        if kind == "question":
            reply, found = ask(model, document, start, end, config.questions_per_passage, config.max_tokens)
        else:
            reply, one = instruct(model, document, start, end, kind, config.labels, config.max_tokens)
            found = [one]
        replies.append(reply)
        for number, pair in enumerate(found):
            attempts.append(_judged(model, config, document, pair, f"{start}:{number}", replies))
    return replies, attempts


def _judged(
    model: Completes, config: Asks, document: Document, pair: Pair | Rejected, place: str, replies: list[Completion]
) -> dict[str, Any]:
    if isinstance(pair, Rejected):
        id = short_id(["pair", document.doc_id, pair.kind, place, model.name])
        return {"reject": asdict(Reject(id, document.source, pair.rule, pair.value, pair.threshold))}
    reject = check(pair, document, Limits(config.answer_characters))
    if reject is None and pair.kind == "question" and config.round_trip:
        reply, share = found_again(model, document, pair, config.max_tokens)
        replies.append(reply)
        if share < config.round_trip:
            id = pair.id(document.doc_id)
            reject = Reject(
                id, document.source, "answer not found again", f"overlap {share:.2f}", f"{config.round_trip}"
            )
    return {"reject": asdict(reject)} if reject else pair.row(document)
