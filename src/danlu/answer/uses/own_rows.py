"""What the rows of an artifact say of a document: ids and names are the same through all stages."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from danlu.answer.uses.sought import Sought
from danlu.answer.uses.use import HOLDS, NAMES, TRAIN_QUESTIONS, Use
from danlu.core.artifacts import Artifact, Chats, Checkpoint, Examples, Files, Index, Preferences, Release, Report
from danlu.core.databases import read_only, using
from danlu.core.errors import Phrase
from danlu.text.tables import read_groups, stream_rows

_SIDES = {"train.jsonl": "train pairs", "held_out.jsonl": "held-out pairs", "questions.jsonl": "questions"}
_NEXT_STEP = Phrase("Delete the folder that it lies in, then `danlu run` again.")


def own_rows(artifact: Artifact, document: Sought) -> Use:
    """What the rows of an artifact say themselves. Raises UserError when its database is damaged."""
    use = Use(artifact)
    if isinstance(artifact, Files):
        _count(use, "files", NAMES, _matching(artifact.table, document))
    if isinstance(artifact, Index):
        _look_into_index(use, artifact, document)
    if isinstance(artifact, Chats | Preferences | Examples):
        _look_into_lines(use, artifact.path, document)
    elif not isinstance(artifact, Files | Checkpoint | Report | Release):
        for folder in ("documents", "labels"):
            _count(
                use, "documents", HOLDS if folder == "documents" else NAMES, _matching(artifact.path / folder, document)
            )
        _count(use, "texts of removed duplicates", HOLDS, _removed(artifact.path / "pairs", document))
    rejected = _matching(artifact.path / "rejects", document, ("doc_id", "source", "rule", "value"))
    use.rejected = [{name: row[name] for name in ("source", "rule", "value")} for row in rejected]
    use.how |= {NAMES} if use.rejected else set()
    for row in _matching(artifact.path / "edits", document, ("doc_id", "rule", "count")):
        use.edits[row["rule"]] += row["count"]
    return use


def _count(use: Use, what: str, how: str, rows: Iterable[Any]) -> None:
    if number := sum(1 for _ in rows):
        use.counts[what] += number
        use.how.add(how)


def _matching(
    table: Path, document: Sought, columns: tuple[str, ...] = ("doc_id", "source")
) -> Iterator[dict[str, Any]]:
    if not table.exists():
        return
    for group in read_groups(table):
        there = [name for name in columns if name in group.column_names]
        yield from (row for row in group.select(there).to_pylist() if document.is_in(row))


def _removed(pairs: Path, document: Sought) -> Iterator[dict[str, Any]]:
    """Near duplicates that `deduplicate` took out: their texts are kept beside what stays."""
    rows = stream_rows(pairs, ["removed", "text"]) if pairs.exists() else iter(())
    return (row for row in rows if row["removed"] in document.doc_ids and row["text"])


def _look_into_lines(use: Use, folder: Path, document: Sought) -> None:
    for name, what in _SIDES.items():
        path = folder / name
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        rows = [row for row in map(json.loads, lines) if is_made_of(row, document)]
        _count(use, what, HOLDS, rows)
        if name == "questions.jsonl":
            use.counts[TRAIN_QUESTIONS] += sum(row.get("split") == "train" for row in rows)
    use.counts = Counter({name: count for name, count in use.counts.items() if count})


def is_made_of(row: dict[str, Any], document: Sought) -> bool:
    """Rows name their document, or sections of it: `id` and `sections` begin with the document's id."""
    named = [row.get("id"), row.get("doc_id"), *(row.get("sections") or ())]
    ids = {name.partition(":")[0] for name in named if isinstance(name, str)}
    source = row.get("source")
    return bool(ids & document.doc_ids) or (isinstance(source, str) and document.covers(source))


def _look_into_index(use: Use, index: Index, document: Sought) -> None:
    served, blind = ("documents", "passages"), ("blind documents", "blind passages")
    for path, names in ((index.database, served), (index.blind, blind)):
        if not path.exists():
            continue
        with using(path, _NEXT_STEP), closing(read_only(path, immutable=True)) as connection:
            listed = connection.execute("SELECT doc_id, source FROM documents")
            ids = [doc_id for doc_id, source in listed if document.is_in({"doc_id": doc_id, "source": source})]
            marks = ",".join("?" * len(ids))
            passages = connection.execute(f"SELECT count(*) FROM passages WHERE doc_id IN ({marks})", ids).fetchone()[0]
        if ids:
            use.how.add(HOLDS)
            use.counts |= Counter(dict(zip(names, (len(ids), passages), strict=True)))
