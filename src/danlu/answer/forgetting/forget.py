"""Forget a document: at once out of every answer, then out of what the project keeps, with a signed record of what was found.

The order of the steps is such that a kill between any two of them leaves the document hidden, and the same command again goes on:
the list first (from then on no answer cites it, in any process, and no run reads it), the recorded answers, the live index, and
last the record, which lists every place that still holds it and everything that learnt from it. Artifacts are written once
and stay; `rebuild` makes what follows without it, `purge` deletes those that used it.
"""

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from danlu.answer.forgetting import forgotten_record
from danlu.answer.forgetting.forgotten_record import Record
from danlu.answer.forgetting.orders import now
from danlu.answer.forgetting.places import Elsewhere, places_of
from danlu.answer.forgetting.redact_answers import redact_answers
from danlu.answer.forgetting.remaining import remaining
from danlu.answer.forgetting.standing import standing
from danlu.answer.forgetting.traces import Quotes
from danlu.answer.index.live import bring_store, changing, refresh_scratch, remove_documents
from danlu.answer.state import State
from danlu.answer.uses.catalogue import NamedDocument
from danlu.answer.uses.named_document import copies_of, document_of, find_document
from danlu.answer.uses.sought import Sought, any_of
from danlu.answer.uses.tainted import uses_in
from danlu.core.artifacts import Corpus
from danlu.core.forgotten import Forgotten, ForgottenDocument
from danlu.core.project import Project
from danlu.core.store import Store

NOT_PROVEN = (
    "the sources themselves: danlu never deletes a user's own files",
    "backups, and copies that anybody made outside of this project: exports, downloads, logs of other programs",
    "what was sent to others: remotes, jobs on other machines, paid models",
    "that a model which learnt from it would not say it: only a model made without it does not know it",
    "blocks of the disk that the file system gave back: danlu overwrites what it deletes in its databases, not below them",
)


@dataclass(frozen=True)
class Order:
    """Who orders to forget what, and where else it may lie."""

    name: str
    who: str
    start: Path
    """The folder that paths are seen from."""
    elsewhere: Elsewhere


def forget(project: Project, order: Order) -> tuple[Record, bool]:
    """Carry out an order; returns its record, and whether it was carried out before. The caller holds the project's writer lock.

    An earlier order that was cut off is finished first. Raises UserError for a document that nobody knows, and for a damaged list or
    record.
    """
    state = State.of(project).folder
    now_finished = finish(project, order)
    known = standing(state)
    record = known.record_of(order.name)
    if record is None:
        document = find_document(project, order.name, order.start)
        record = known.record_of(document.source)
    if record is not None:
        return record, now_finished is None or now_finished.number != record.number
    documents, number = [document, *copies_of(project, document)], forgotten_record.next_number(state)
    new = [_entry(document, number, now()) for document in documents if not known.ordered.find(document.source)]
    known.ordered.adding(new).write(state)
    return _carried_out(project, documents, number, order), False


def finish(project: Project, order: Order) -> Record | None:
    """Finish the order that was cut off, if there is one; returns its record. Of `order` it takes who, and where else to look."""
    pending = standing(State.of(project).folder).pending
    if not pending:
        return None
    documents = [document_of(project, entry) for entry in pending]
    return _carried_out(project, documents, pending[0].record, order, resumed=True)


def _carried_out(
    project: Project, documents: Sequence[NamedDocument], number: int, order: Order, resumed: bool = False
) -> Record:
    """Everything that comes after the list; the record is the last. One that is `resumed` counts what it took out now."""
    state = State.of(project).folder
    found = {
        "action": "forget",
        "at": now(),
        "by": order.who,
        "documents": [asdict(entry) for entry in Forgotten.of(state).documents if entry.record == number],
        "removed": _removed(project, documents, number),
        "resumed": resumed,
        **_found(project, documents, order.elsewhere),
        "not_proven": list(NOT_PROVEN),
    }
    return forgotten_record.append(state, found)


def _entry(document: NamedDocument, number: int, at: str) -> ForgottenDocument:
    ids = tuple(sorted(document.doc_ids))
    return ForgottenDocument(number, at, document.source, document.file, document.sha256, ids, document.text_hashes)


def _removed(project: Project, documents: Sequence[NamedDocument], number: int) -> dict[str, Any]:
    """Take them out of what changes: the recorded answers, then the live index, whose text finds their words if this is cut off."""
    state, sought = State.of(project).folder, any_of(document.sought for document in documents)
    shutil.rmtree(refresh_scratch(project), ignore_errors=True)  # nobody refreshes meanwhile: the writer's lock is held
    quotes = Quotes(text for document in documents for text in document.texts)
    answers = redact_answers(state / "answers.db", lambda said: number * _is_of(said, sought), quotes, number)
    with changing(project) as indexes:
        passages, kept = remove_documents(indexes, sought.doc_ids, {document.file for document in documents})
    logs = [path.name for path in kept] + ([] if answers.log_is_emptied else ["answers.db"])
    return {"passages": passages, "answers": list(answers.ids), "logs left": logs, "vectors left": bring_store(project)}


def _is_of(citation: dict[str, Any], sought: Sought) -> bool:
    """Whether a citation is of one of the documents: by its source, or by the id that its passage's begins with."""
    passage = str(citation.get("passage_id", ""))
    return sought.covers(str(citation.get("source", ""))) or passage.partition(":")[0] in sought.doc_ids


def _found(project: Project, documents: Sequence[NamedDocument], elsewhere: Elsewhere) -> dict[str, Any]:
    """What used the documents, where their text still lies, and what stays that says much of the same."""
    store, sought = Store(project.artifacts), any_of(document.sought for document in documents)
    texts = list(dict.fromkeys(text for document in documents for text in document.texts))
    used = uses_in(store, sought)
    newest = _newest_extraction(store)
    near = remaining(newest, sought, texts) if newest else []
    return {
        "uses": [use.public() for use in used],
        "places": places_of(project, documents, texts, used, elsewhere),
        "remaining": [asdict(one) for one in near],
    }


def _newest_extraction(store: Store) -> Corpus | None:
    made = [one for one in store.all() if isinstance(one, Corpus) and one.manifest.stage == "extract"]
    return max(made, key=lambda one: (one.path / "manifest.json").stat().st_mtime_ns, default=None)
