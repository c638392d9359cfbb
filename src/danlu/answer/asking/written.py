"""The route of a model's own words: only with a model that passed its gate on held-out questions, and never without the quotes behind it.

A question is refused or answered by quoting first, so that the refusal gates hold whoever writes. Where quoting answers, the model
may put it in its own words; when nothing of that stands on its sources, the quotes are the answer. Where two sources contradict
each other both are quoted: no sentence of a model's comes between them.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from danlu.answer.asking.model_rights import ModelRights
from danlu.answer.uses.promotion import ModelWatch
from danlu.core.answers import Grounded
from danlu.core.artifacts import Artifact, Checkpoint, Release, Report
from danlu.core.errors import WorkFailed
from danlu.core.execute import Machine
from danlu.core.hashing import hash_facts
from danlu.core.project import Project
from danlu.engines.child import ChildEngine
from danlu.engines.protocol import Engine
from danlu.model.chat import ChatFormat
from danlu.model.loading import read_model_facts
from danlu.retrieve.claims.entailment import Entailment
from danlu.retrieve.grounding.written import hold_against, read_passages, writing_prompt
from danlu.retrieve.legs.live import LiveIndex
from danlu.retrieve.legs.search import Hit, Searcher

OpenEngine = Callable[[Path], Engine]
"""Starts a model's engine from its folder."""


@dataclass(frozen=True)
class ReleaseWriter:
    """The model of a release that may put answers in its own words."""

    part: str
    """Its name in the release: `tuned` or `base`."""
    checkpoint: str
    """Its id."""
    writer: "EngineWriter"
    watch: ModelWatch
    rights: ModelRights

    def may_answer(self, principals: frozenset[str]) -> bool:
        """Whether it learnt from nothing that was forgotten since, and from nothing that these principals may not see."""
        return not self.watch.learnt(self.checkpoint) and self.rights.may_use(self.checkpoint, principals)


def writer_of(release: Release) -> str:
    """The part of a release that may write answers (`tuned` or `base`); empty where none passed, or the one that did is withheld."""
    facts = release.read()
    name = str(facts.get("writer", ""))
    return "" if name in facts.get("withheld", {}) else name


def open_writer(
    project: Project, release: Release, parts: Mapping[str, Artifact], open_engine: OpenEngine
) -> ReleaseWriter | None:
    """The writer of a release; None where none may write. Its engine is started by the first question that it may answer."""
    part = writer_of(release)
    if not part:
        return None
    checkpoint, report = parts[part], parts["report"]
    assert isinstance(checkpoint, Checkpoint)
    assert isinstance(report, Report)
    folder = checkpoint.path
    writer = EngineWriter(
        lambda: open_engine(folder),
        ChatFormat.load(folder),
        read_model_facts(folder).context_tokens,
        int(report.read()["written"][part]["most_tokens"]),  # it is served as it was measured
    )
    return ReleaseWriter(part, checkpoint.id, writer, ModelWatch(project, release), ModelRights(project, release))


def child_engine(folder: Path) -> Engine:
    """The engine of a model, in a process of its own."""
    return ChildEngine("transformers", folder, Machine.here().threads)


def passages_to_write_from(view: Searcher, question: str, quoted: Grounded) -> list[Hit]:
    """What a model is given; nothing where its words have no place: a refusal, or sources that contradict each other."""
    return [] if quoted.refused or quoted.conflicts else read_passages(view, question)


def in_own_words(
    live: LiveIndex,
    principals: frozenset[str],
    generation: int,
    question: str,
    hits: Sequence[Hit],
    quoted: Grounded,
    writer: ReleaseWriter,
    judge: Entailment | None = None,
) -> Grounded:
    """What the writer says as far as it stands on the passages; else the quoted answer.

    No transaction is open while it writes, which takes seconds: where the index has changed meanwhile, the quotes are the answer.
    Raises WorkFailed when the engine fails.
    """
    said = writer.writer.write(writing_prompt(question, hits))
    if not said:
        return quoted
    with live.reading(principals) as view:
        if view.generation != generation:
            return quoted
        held = hold_against(view, question, hits, said, quoted.support, judge).grounded
    return (
        replace(
            held,
            written_by=writer.part,
            quoted=fingerprint(quoted),
            understood=quoted.understood,
            other_names=quoted.other_names,
        )
        if held
        else quoted
    )


def fingerprint(quoted: Grounded) -> str:
    """What a quoted answer is known again by, without a word of it."""
    return hash_facts([quoted.text, quoted.refused, [asdict(citation) for citation in quoted.citations]])


class EngineWriter:
    """An engine as a writer; opened at its first use. Threads share it."""

    def __init__(
        self, open_engine: Callable[[], Engine], chat: ChatFormat, context_tokens: int, most_tokens: int
    ) -> None:
        self._open_engine = open_engine
        self._chat = chat
        self._room = context_tokens - most_tokens
        self._most_tokens = most_tokens
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._is_closed = False

    def write(self, messages: list[dict[str, Any]]) -> str | None:
        """See Writer. The likeliest tokens, so that one question has one answer. Raises WorkFailed when the engine fails."""
        prompt = self._chat.prompt_ids(messages)
        if len(prompt) > self._room:
            return None
        stop_ids = frozenset(self._chat.stop_ids)
        tokens = self._opened().generate(
            prompt, max_tokens=self._most_tokens, stop_ids=stop_ids, temperature=0.0, top_p=1.0, seed=0
        )
        return self._chat.decode([token for token in tokens if token not in stop_ids])

    def close(self) -> None:
        """Close the engine, where one was opened; none is opened any more."""
        with self._lock:
            self._is_closed = True
            if self._engine is not None:
                self._engine.close()
                self._engine = None

    def _opened(self) -> Engine:
        with self._lock:
            if self._is_closed:  # a question that came before another release did: nobody would close what it opens
                raise WorkFailed("The model was closed: another release is current", "Ask again.")
            if self._engine is None:
                self._engine = self._open_engine()
            return self._engine
