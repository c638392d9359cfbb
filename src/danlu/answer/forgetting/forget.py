"""Forget a document: at once out of every answer, then out of what the project keeps, with a signed record of what was found.

The order of the steps is such that a kill between any two of them leaves the document hidden, and the same command again goes on:
the list first (from then on no answer cites it, in any process, and no run reads it), the live index, the recorded answers, and
last the record, which lists every place that still holds it and everything that learnt from it. Artifacts are written once
and stay; `rebuild` makes what follows without it, `purge` deletes those that used it.
"""

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
from danlu.answer.forgetting.traces import Quotes
from danlu.answer.index.live import bring_store, changing, remove_documents
from danlu.answer.state import State
from danlu.answer.uses.named_document import NamedDocument, Sought, any_of, copies_of, find_document
from danlu.answer.uses.tainted import uses_in
from danlu.core.artifacts import Corpus
from danlu.core.errors import UserError
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

    Raises UserError for a document that nobody knows, and for a damaged list or record.
    """
    state = State.of(project).folder
    earlier, forgotten = forgotten_record.records(state), Forgotten.of(state)
    document = find_document(project, order.name, order.start)
    if done := _record_of(document, forgotten, earlier):
        return done, True
    documents = [document, *copies_of(project, document)]
    number = _listed(state, documents, forgotten, earlier)
    found = {
        "action": "forget",
        "at": now(),
        "by": order.who,
        "documents": [asdict(entry) for entry in Forgotten.of(state).documents if entry.record == number],
        "removed": _removed(project, documents, number),
        **_found(project, documents, order.elsewhere),
        "not_proven": list(NOT_PROVEN),
    }
    return forgotten_record.append(state, found), False


def _record_of(document: NamedDocument, forgotten: Forgotten, earlier: Sequence[Record]) -> Record | None:
    """The record of an earlier order for this very document; None where there is none, or it was cut off before its record."""
    entry = forgotten.find(document.source)
    return next((record for record in earlier if entry and record.number == entry.record), None)


def _listed(state: Path, documents: Sequence[NamedDocument], forgotten: Forgotten, earlier: Sequence[Record]) -> int:
    """Put the documents on the list; returns the number of the order: that of one that was cut off, or the next."""
    number = forgotten_record.next_number(state)
    at = now()
    new = [_entry(document, number, at) for document in documents if not forgotten.find(document.source)]
    recorded = {record.number for record in earlier}
    pending = {entry.record for entry in forgotten.documents} - recorded
    if pending - {number}:
        raise UserError(
            "The list of forgotten documents names the order {number}, and its record is gone",
            "Put the file back from a copy. `danlu forget --verify` shows what is missing.",
            number=min(pending - {number}),
        )
    forgotten.adding(new).write(state)
    return number


def _entry(document: NamedDocument, number: int, at: str) -> ForgottenDocument:
    ids = tuple(sorted(document.doc_ids))
    return ForgottenDocument(number, at, document.source, document.file, document.sha256, ids, document.text_hashes)


def _removed(project: Project, documents: Sequence[NamedDocument], number: int) -> dict[str, Any]:
    """Take them out of what changes: the live index and the recorded answers."""
    state, sought = State.of(project).folder, any_of(document.sought for document in documents)
    with changing(project) as indexes:
        passages = remove_documents(indexes, sought.doc_ids, {document.file for document in documents})
    quotes = Quotes(text for document in documents for text in document.texts)
    answers = redact_answers(state / "answers.db", lambda said: _is_of(said, sought), quotes, number)
    return {"passages": passages, "answers": answers, "vectors left": bring_store(project)}


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
