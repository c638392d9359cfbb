"""Forget a document: at once out of every answer, then out of what the project keeps, with a signed record of what was found.

The order of the steps is such that a kill between any two of them leaves the document hidden, and the same command again goes on:
the list first (from then on no answer cites it, in any process, and no run reads it), the recorded answers, the live index, and
last the record, which lists every place that still holds it and everything that learnt from it. The list waits for no run; the rest
needs the project's writer lock. What cannot be opened is named in the record, and stops nothing. Artifacts are written once
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
from danlu.answer.forgetting.redact_answers import Redacted, redact_answers
from danlu.answer.forgetting.remaining import remaining
from danlu.answer.forgetting.standing import ordering, standing
from danlu.answer.forgetting.traces import Quotes
from danlu.answer.index.live import bring_store, changing, refresh_scratch, remove_documents
from danlu.answer.state import State
from danlu.answer.uses.catalogue import Catalogue, NamedDocument
from danlu.answer.uses.named_document import copies_of, document_of, find_document
from danlu.answer.uses.sought import Sought, any_of
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

    Earlier orders that were cut off are finished first. Raises UserError for a document that nobody knows, and for a damaged list or
    record.
    """
    number, is_new = hide(project, order)
    made = {record.number: record for record in finish(project, order, number if is_new else 0)}
    return made.get(number) or record_of(project, number), number not in made


def hide(project: Project, order: Order) -> tuple[int, bool]:
    """Put a document on the list, with its copies; returns the number of the order, and whether it was given now and not before.

    It waits for no run. What follows, the record too, is `finish`'s. Raises as `forget` does.
    """
    state = State.of(project).folder
    with ordering(state):
        known = standing(state)
        if entry := known.ordered.find(order.name):
            return entry.record, False
        catalogue = Catalogue.of(project, is_lenient=True)
        document = find_document(catalogue, order.name, order.start)
        if entry := known.ordered.find(document.source):
            return entry.record, False
        number = known.next_number + len({entry.record for entry in known.pending})
        documents = [document, *copies_of(catalogue, document)]
        new = [_entry(document, number, now()) for document in documents if not known.ordered.find(document.source)]
        known.ordered.adding(new).write(state)
        return number, True


def finish(project: Project, order: Order, given_now: int = 0) -> list[Record]:
    """Carry out every order that is on the list and has no record, oldest first; `given_now` is the one that was not cut off.

    Of `order` it takes who, and where else to look. The caller holds the project's writer lock.
    """
    pending = standing(State.of(project).folder).pending
    numbers = dict.fromkeys(entry.record for entry in pending)
    return [_carried_out(project, number, order, resumed=number != given_now) for number in numbers]


def record_of(project: Project, number: int) -> Record:
    """The record of an order that was carried out."""
    return next(one for one in forgotten_record.records(State.of(project).folder) if one.number == number)


def _carried_out(project: Project, number: int, order: Order, resumed: bool) -> Record:
    """Everything that comes after the list; the record is the last. One that is `resumed` counts what it took out now."""
    state = State.of(project).folder
    entries = [entry for entry in Forgotten.of(state).documents if entry.record == number]
    catalogue = Catalogue.of(project, is_lenient=True)
    documents = [document_of(catalogue, entry) for entry in entries]
    found = {
        "action": "forget",
        "at": now(),
        "by": order.who,
        "documents": [asdict(entry) for entry in entries],
        "removed": _removed(project, documents, number),
        "resumed": resumed,
        **_found(project, documents, order.elsewhere),
        "not_proven": list(NOT_PROVEN),
    }
    with ordering(state):
        return forgotten_record.append(state, found)


def _entry(document: NamedDocument, number: int, at: str) -> ForgottenDocument:
    ids = tuple(sorted(document.doc_ids))
    return ForgottenDocument(number, at, document.source, document.file, document.sha256, ids, document.text_hashes)


def _removed(project: Project, documents: Sequence[NamedDocument], number: int) -> dict[str, Any]:
    """Take them out of what changes: the recorded answers, then the live index, whose text finds their words if this is cut off."""
    state, sought = State.of(project).folder, any_of(document.sought for document in documents)
    shutil.rmtree(refresh_scratch(project), ignore_errors=True)  # nobody refreshes meanwhile: the writer's lock is held
    quotes = Quotes(text for document in documents for text in document.texts)
    answers, unusable = Redacted(), {}
    try:
        answers = redact_answers(state / "answers.db", lambda said: number * _is_of(said, sought), quotes, number)
    except UserError as error:
        unusable[state / "answers.db"] = error
    with changing(project) as indexes:
        removed = remove_documents(indexes, sought.doc_ids, {document.file for document in documents})
    logs = [path.name for path in removed.logs_left] + ([] if answers.log_is_emptied else ["answers.db"])
    unusable |= removed.unusable
    return {
        "passages": removed.passages,
        "answers": list(answers.ids),
        "logs left": logs,
        "unusable": [
            {"name": path.relative_to(project.folder).as_posix(), "problem": error.message}
            for path, error in unusable.items()
        ],
        "vectors left": bring_store(project),
    }


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
