"""The route of a model's own words: only with a model that passed its gate on held-out questions, and never without the quotes behind it.

A question is refused or answered by quoting first, so that the refusal gates hold whoever writes. Where quoting answers, the model
may put it in its own words; when nothing of that stands on its sources, the quotes are the answer.
"""

from collections.abc import Callable
from typing import Any

from danlu.core.answers import Grounded
from danlu.core.artifacts import Release
from danlu.core.writing import Writer
from danlu.engines.protocol import Engine
from danlu.model.chat import ChatFormat
from danlu.retrieve.grounding.ground import answer
from danlu.retrieve.grounding.written import hold_against, read_passages, writing_prompt
from danlu.retrieve.legs.search import Searcher

MOST_TOKENS = 160
"""Of a written answer: three sentences in either language; more would be cut by the check's own demand for a citation."""


def answer_in_own_words(searcher: Searcher, question: str, writer: Writer) -> Grounded:
    """What the writer says as far as it stands on the passages; else the quoted answer, or its refusal."""
    quoted = answer(searcher, question)
    if quoted.refused:
        return quoted
    hits = read_passages(searcher, question)
    said = writer.write(writing_prompt(question, hits))
    return (hold_against(searcher, question, hits, said, quoted.support).grounded if said else None) or quoted


def writer_of(release: Release) -> str:
    """The part of a release that may write answers (`tuned` or `base`); empty where none passed, or the one that did is withheld."""
    facts = release.read()
    name = str(facts.get("writer", ""))
    return "" if name in facts.get("withheld", {}) else name


class EngineWriter:
    """An engine as a writer; opened at its first use."""

    def __init__(
        self, open_engine: Callable[[], Engine], chat: ChatFormat, context_tokens: int, most_tokens: int = MOST_TOKENS
    ) -> None:
        self._open_engine = open_engine
        self._chat = chat
        self._room = context_tokens - most_tokens
        self._most_tokens = most_tokens
        self._engine: Engine | None = None

    def write(self, messages: list[dict[str, Any]]) -> str | None:
        """See Writer. The likeliest tokens, so that one question has one answer."""
        prompt = self._chat.prompt_ids(messages)
        if len(prompt) > self._room:
            return None
        if self._engine is None:
            self._engine = self._open_engine()
        stop_ids = frozenset(self._chat.stop_ids)
        tokens = self._engine.generate(
            prompt, max_tokens=self._most_tokens, stop_ids=stop_ids, temperature=0.0, top_p=1.0, seed=0
        )
        return self._chat.decode([token for token in tokens if token not in stop_ids])

    def close(self) -> None:
        """Close the engine, where one was opened."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None
