"""Which files hold the same text as a document: what `deduplicate` says that it left out as equal, among the artifacts of a run or a refresh.

Near duplicates are others: what they say apart from the document that stayed is not in the index.
"""

from collections.abc import Iterable

from danlu.core.artifacts import Artifact, Corpus
from danlu.retrieve.tables.twins import Twin
from danlu.text.tables import stream_rows


def equal_files(artifacts: Iterable[Artifact]) -> dict[str, list[Twin]]:
    """The twins of each document, by the document's id."""
    line = list(artifacts)
    corpora = [artifact for artifact in line if (artifact.path / "pairs").exists()]
    pairs = [row for corpus in corpora for row in stream_rows(corpus.path / "pairs", ["kept", "removed", "text"])]
    kept = {row["removed"]: row["kept"] for row in pairs if row["text"] is None}  # a near duplicate's is not
    if not kept:
        return {}
    rejects = [row for corpus in corpora for row in stream_rows(corpus.path / "rejects", ["doc_id", "source"])]
    texts = _texts(line, {*kept, *kept.values()})
    found: dict[str, list[Twin]] = {}
    for row in rejects:
        doc_id = kept.get(row["doc_id"], "")
        text, own = texts.get(doc_id), texts.get(row["doc_id"])
        if text is not None and own is not None and own.split() == text.split():
            twin = Twin(row["doc_id"], row["source"], None if own == text else own)
            found.setdefault(doc_id, []).append(twin)
    return found


def _texts(line: Iterable[Artifact], ids: set[str]) -> dict[str, str]:
    """The extractions of some documents."""
    extractions = (one for one in line if isinstance(one, Corpus) and one.manifest.stage == "extract")
    rows = (row for one in extractions for row in stream_rows(one.documents, ["doc_id", "text"]))
    return {row["doc_id"]: row["text"] for row in rows if row["doc_id"] in ids}
