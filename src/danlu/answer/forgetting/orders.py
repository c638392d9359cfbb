"""The life of an order to forget, by its records: given, rebuilt, purged, or lifted; and whether records and list still agree."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from danlu.answer.forgetting import forgotten_record
from danlu.answer.forgetting.forgotten_record import Record
from danlu.answer.forgetting.standing import Standing, finished, ordering, standing
from danlu.answer.state import State
from danlu.answer.uses.catalogue import Catalogue
from danlu.answer.uses.lineage import line_of
from danlu.answer.uses.named_document import find_document
from danlu.answer.uses.promotion import returned_in
from danlu.core.artifacts import Release
from danlu.core.errors import UserError
from danlu.core.forgotten import Forgotten, ForgottenDocument
from danlu.core.project import Project
from danlu.core.store import Store, only_writer


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def lift(project: Project, name: str, by: str, start: Path) -> Record:
    """Take an order back: the next run reads the document again.

    Raises UserError when it is not forgotten, and for an order that was cut off. The caller holds the project's writer lock.
    """
    state = State.of(project).folder
    with ordering(state):
        return _lifted(project, state, name, by, start)


def _lifted(project: Project, state: Path, name: str, by: str, start: Path) -> Record:
    known = finished(state)
    entry = known.listed.find(name) or known.listed.find(find_document(Catalogue.of(project), name, start).source)
    if entry is None:
        raise UserError("{name} is not forgotten", "`danlu forget --list` shows what is.", name=name)
    names = [one.source for one in known.listed.documents if one.record == entry.record]
    body = {"action": "lifted", "at": now(), "by": by, "about": entry.record, "names": names}
    cut_off = (one for one in known.records if one.action == "lifted" and one.about == entry.record)
    record = next(cut_off, None) or forgotten_record.append(state, body)
    known.ordered.without((entry.record,)).write(state)
    return record


def note_rebuilt(project: Project, release: Release, by: str) -> list[Record]:
    """After a release became current: say of every open order as what everything was made anew.

    While an order waits for its record, nothing is recorded: the next run, which has nothing to do, says it.
    """
    state = State.of(project).folder
    with ordering(state):
        opened = [] if standing(state).pending else open_orders(state)
        made = {one.manifest.stage: one.id for one in line_of(Store(project.artifacts), release)} if opened else {}
        body = {"action": "rebuilt", "at": now(), "by": by, "release": release.id, "artifacts": made}
        return [forgotten_record.append(state, body | {"about": order.number}) for order in opened]


def cut_off(state: Path) -> list[str]:
    """Names of documents that are hidden already, and whose order is not finished."""
    return [entry.source for entry in standing(state).pending]


def open_orders(state: Path) -> list[Record]:
    """Orders to forget that nothing was rebuilt for since, and that were not lifted."""
    known = forgotten_record.records(state)
    done = {one.about for one in known if one.action in ("rebuilt", "lifted")}
    return [one for one in known if one.action == "forget" and one.number not in done]


def entries_of(records: Sequence[Record]) -> Iterator[ForgottenDocument]:
    """The list that some records imply: what was ordered and not lifted."""
    lifted = {record.about for record in records if record.action == "lifted"}
    for record in records:
        if record.action == "forget" and record.number not in lifted:
            for said in record.body["documents"]:
                yield ForgottenDocument(**{**said, "doc_ids": tuple(said["doc_ids"]), "texts": tuple(said["texts"])})


@dataclass(frozen=True)
class Verified:
    """What a look at the records found."""

    records: int
    unsigned: tuple[int, ...]
    signers: tuple[tuple[str, tuple[int, ...]], ...]
    """Public keys that signed records, each with their numbers."""
    lost_keys: tuple[str, ...]
    """Those of them that are not in the project's file any more: their records hold, and nobody can sign another."""
    last_sha256: str
    """Of the last record: keep it elsewhere, and a chain that was cut is seen."""
    problems: tuple[tuple[int, str], ...]
    """Number of a record, and what is wrong with it."""
    restored: bool
    """Whether the list was not what the records say, and was written again from them."""
    returned: tuple[tuple[str, int], ...]
    """Documents of the current release with a forgotten text, with the order's number."""


def verify(project: Project) -> Verified:
    """Check every record, hash and signature; mend the list by the records where these hold; look for what came back.

    Raises UserError when the list must be mended and another command is writing.
    """
    state = State.of(project)
    problems = tuple(forgotten_record.broken(state.folder))
    restored = not problems and _restore(project, state.folder)
    known = () if problems else forgotten_record.records(state.folder)
    signers = () if problems else tuple(forgotten_record.signers(state.folder))
    here = forgotten_record.key_here(state.folder) if signers else ""
    return Verified(
        forgotten_record.next_number(state.folder) - 1,
        tuple(record.number for record in known if not record.body["signed_by"]),
        signers,
        tuple(key for key, _ in signers if key != here),
        forgotten_record.last_hash(state.folder),
        problems,
        restored,
        () if problems else _returned(project, state),
    )


def _restore(project: Project, state: Path) -> bool:
    """Write the list again where it is not what the records say, with what is on it of an order that was cut off."""
    if _list_wanted(state) is None:
        return False
    # An order at work would be overwritten; it may have written the list meanwhile.
    with only_writer(project.state), ordering(state):
        wanted = _list_wanted(state)
        if wanted is not None:
            wanted.write(state)
    return wanted is not None


def _list_wanted(state: Path) -> Forgotten | None:
    """What the list should be; None where it is that."""
    known = tuple(forgotten_record.records(state))
    try:
        listed = Forgotten.of(state)
    except UserError:
        return Forgotten(tuple(entries_of(known)))
    found = Standing(listed, known)
    wanted = dict.fromkeys((*entries_of(known), *found.pending))
    return None if wanted.keys() == set(listed.documents) else Forgotten(tuple(wanted))


def _returned(project: Project, state: State) -> tuple[tuple[str, int], ...]:
    if not state.has_release():
        return ()
    store, forgotten = Store(project.artifacts), Forgotten.of(state.folder)
    try:
        release = store.find(state.current())
    except UserError:
        return ()
    known = (
        returned_in(line_of(store, release), forgotten) if isinstance(release, Release) and forgotten.documents else ()
    )
    return tuple((name, record) for name, record in known if not forgotten.find(name))
