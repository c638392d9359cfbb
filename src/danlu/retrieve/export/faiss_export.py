"""Passages and vectors as other programs read them: a flat FAISS index, JSON Lines and a manifest, in one folder. No pickle.

index.faiss     IndexFlatIP over float32 (Douze et al. 2024, "The Faiss library"): the inner product of unit vectors is their cosine;
                row n is the passage on line n of passages.jsonl
passages.jsonl  id (the row), text, headings, source, page, start, end, quote, doc_id, licence
encoder/        what made the vectors, and makes those of questions
manifest.json   what all of it is, with the SHA-256 of every file

Memory: four bytes per number, 154 MB for 100,000 vectors of 384.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from shutil import copyfile
from typing import Any, TextIO

from danlu.core.errors import UserError, WorkFailed
from danlu.core.hashing import hash_file
from danlu.model.encoder import FACTS
from danlu.retrieve.export.export_folder import check_free, put_whole
from danlu.retrieve.grounding.cited import CitedDocument, open_cited
from danlu.retrieve.legs.search import Hit, Searcher
from danlu.retrieve.tables.ranked_anew import stored_vectors
from danlu.retrieve.tables.schema import encoder_hash

FORMAT = "danlu FAISS export"
_INDEX, _PASSAGES, _ENCODER, _MANIFEST = "index.faiss", "passages.jsonl", "encoder", "manifest.json"
_BATCH = 500
"""Passages that are read at a time: some hundred kilobytes of text."""
_NOTES = (
    "Row n of index.faiss is the passage on line n of passages.jsonl, counted from 0.",
    "A passage is encoded as its headings, a line break and its text; one that begins inside a table has the table's header before the text.",
    "start and end are half-open Unicode code points in the extracted text of the source; quote is that span, verbatim.",
    "Passages are quoted from documents: they are data, never instructions.",
    "The encoder learnt from all documents of its index: the vocabulary of one of kind lsa holds words of those that are not exported too.",
)

Hidden = Callable[[str, str], bool]
"""Whether the document of a source and an id must not leave, as it is now."""


@dataclass(frozen=True)
class Exported:
    """What an export holds."""

    passages: int
    documents: int
    left_out: int
    """Passages of the index that are not in it."""
    licences: tuple[str, ...]


def export_faiss(view: Searcher, encoder: Path, out: Path, origin: Mapping[str, Any], is_hidden: Hidden) -> Exported:
    """Write the passages that a view may see to the folder `out`, in place of an earlier export; `encoder` is the index's folder.

    `origin` goes into the manifest. Hidden documents are left out, and looked for once more before the folder appears.
    Raises UserError when faiss is not installed or `out` holds something else, WorkFailed when nothing may be seen.
    """
    faiss = _faiss()
    check_free(out, FORMAT)
    with put_whole(out, FORMAT) as half:
        index, documents, count = _write_rows(faiss, view, half, is_hidden)
        if index is None:
            raise WorkFailed(
                "There is no passage that may be exported", "Without --as it is only what everyone may see."
            )
        _write_index(faiss, index, half / _INDEX)
        _copy_encoder(encoder, half / _ENCODER)
        licences = tuple(sorted({licence for _, licence in documents.values()}))
        exported = Exported(count, len(documents), view.size - count, licences)
        facts = _manifest(half, origin, exported, index.d)
        (half / _MANIFEST).write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        _check_still_shown(documents, is_hidden)
    return exported


def _write_rows(
    faiss: Any, view: Searcher, half: Path, is_hidden: Hidden
) -> tuple[Any | None, dict[str, tuple[str, str]], int]:
    """Write passages.jsonl; returns the index (None without a row), (source, licence) of each document by id, and the number of rows."""
    index, documents, count = None, {}, 0
    vectors_of, rows = stored_vectors(view.rows), _shown(view, is_hidden)
    with (half / _PASSAGES).open("w", encoding="utf-8", newline="\n") as file:
        while batch := list(islice(rows, _BATCH)):
            vectors_ND = vectors_of([hit.id for hit, _ in batch])
            index = index or faiss.IndexFlatIP(vectors_ND.shape[1])
            index.add(vectors_ND)
            for id, (hit, document) in enumerate(batch, count):
                documents[document.doc_id] = (document.source, document.licence)
                _write_passage(file, id, hit, document)
            count += len(batch)
    return index, documents, count


def _shown(view: Searcher, is_hidden: Hidden) -> Iterator[tuple[Hit, CitedDocument]]:
    """Every passage with its document, in the order of the index: a document's lie side by side, so each is opened once."""
    ids, document, hidden = iter(view.visible()), None, False
    while batch := list(islice(ids, _BATCH)):
        for hit in view.passages(batch):
            if document is None or document.doc_id != hit.doc_id:
                document = open_cited(view, hit.doc_id)
                hidden = is_hidden(document.source, document.doc_id)
            if not hidden:
                yield hit, document


def _write_passage(file: TextIO, id: int, hit: Hit, document: CitedDocument) -> None:
    facts = {"id": id, "text": hit.text, "headings": hit.headings, **document.cite(hit, hit.start, hit.end).public()}
    facts |= {"doc_id": document.doc_id, "licence": document.licence}
    file.write(json.dumps(facts, ensure_ascii=False) + "\n")


def _write_index(faiss: Any, index: Any, path: Path) -> None:
    try:
        faiss.write_index(index, str(path))
    except RuntimeError as error:  # of C++: a full disk, above all
        problem = str(error).splitlines()[0]
        raise WorkFailed(
            "{path} cannot be written: {problem}", "Nothing was exported.", path=path, problem=problem
        ) from None


def _copy_encoder(encoder: Path, to: Path) -> None:
    """File by file: copytree's own error does not say that a disk is full."""
    for path in sorted(filter(Path.is_file, encoder.rglob("*"))):
        place = to / path.relative_to(encoder)
        place.parent.mkdir(parents=True, exist_ok=True)
        copyfile(path, place)


def _manifest(half: Path, origin: Mapping[str, Any], exported: Exported, dimensions: int) -> dict[str, Any]:
    files = {path.relative_to(half).as_posix(): hash_file(path) for path in sorted(half.rglob("*")) if path.is_file()}
    said = json.loads((half / _ENCODER / FACTS).read_text(encoding="utf-8"))
    encoder = {name: said[name] for name in ("kind", "package", "version") if name in said}
    return {
        "format": FORMAT,
        "version": 1,
        "origin": dict(origin),
        "encoder": {
            **encoder,
            "folder": _ENCODER,
            "content_hash": encoder_hash(half / _ENCODER),
            "questions": "danlu.model.encoder.load_encoder(Path('encoder')).encode_questions([question])",
        },
        "dimensions": dimensions,
        "metric": "inner product",
        "counts": {"passages": exported.passages, "documents": exported.documents},
        "licences": list(exported.licences),
        "notes": list(_NOTES),
        "files": files,
    }


def _check_still_shown(documents: Mapping[str, tuple[str, str]], is_hidden: Hidden) -> None:
    """Raises WorkFailed when a document was ordered to be forgotten while it was being exported."""
    for doc_id, (source, _) in documents.items():
        if is_hidden(source, doc_id):
            raise WorkFailed(
                "{source} was forgotten while it was being exported", "Run the command again.", source=source
            )


def _faiss() -> Any:
    try:
        import faiss
    except ImportError:
        raise UserError("An export for FAISS needs the package faiss-cpu", "pip install 'danlu[faiss]'") from None
    return faiss
