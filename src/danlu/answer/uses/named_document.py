"""Which document a name means: the name as citations show it, a document's id, or the path of a source file.

A whole file is meant with every document in it (rows of a data set, members of an archive: `file#member`).
"""

from dataclasses import replace
from pathlib import Path

from danlu.answer.uses.catalogue import Catalogue, NamedDocument
from danlu.core.errors import UserError
from danlu.core.forgotten import ForgottenDocument, text_hash
from danlu.data.nearest import nearest_first

_NEAREST = 3


def find_document(known: Catalogue, name: str, start: Path) -> NamedDocument:
    """The document that `name` means, paths seen from the folder `start`; raises UserError with the nearest names."""
    return _with_texts(known, known.document(_meant(name, known.ids, known.paths, start), ()))


def document_of(known: Catalogue, entry: ForgottenDocument) -> NamedDocument:
    """A document that is on the list, as far as anything here still knows it."""
    found = known.document(entry.source, ())
    return _with_texts(
        known, replace(found, sha256=found.sha256 or entry.sha256, doc_ids=found.doc_ids | {*entry.doc_ids})
    )


def _with_texts(known: Catalogue, found: NamedDocument) -> NamedDocument:
    texts = (row["text"] for row in known.extracted() if found.sought.is_in(row))
    return replace(found, texts=tuple(dict.fromkeys(texts)))


def copies_of(known: Catalogue, document: NamedDocument) -> list[NamedDocument]:
    """Other documents that ever were read with the same text, white space apart: to forget one of them alone would forget nothing."""
    if not (wanted := frozenset(document.text_hashes)):
        return []
    texts: dict[str, list[str]] = {}
    for row in known.extracted():
        if not document.sought.is_in(row) and text_hash(row["text"]) in wanted:
            texts.setdefault(row["source"], []).append(row["text"])
    return [known.document(source, found) for source, found in texts.items()]


def _meant(name: str, known: dict[str, str], paths: dict[str, Path], start: Path) -> str:
    if name in known:
        return name
    by_id = [source for source, doc_id in known.items() if doc_id == name]
    if len(by_id) == 1:
        return by_id[0]
    if any(source.startswith(f"{name}#") for source in known):
        return name
    asked = (start / name).resolve() if name else start
    at_path = [source for source, path in paths.items() if path.resolve() == asked]
    if len(at_path) == 1:
        return at_path[0]
    raise _unknown(name, known)


def _unknown(name: str, known: dict[str, str]) -> UserError:
    if not known:
        return UserError("This project has no documents", "`danlu run` reads them; danlu.yaml says where they lie.")
    near = nearest_first(name, sorted(known))[:_NEAREST]
    return UserError(
        "No document is called {name}",
        "The nearest names: {names}. A name is one that citations show, a document's id, or the path of a source file.",
        name=name or "''",
        names=", ".join(near),
    )
