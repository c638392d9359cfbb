"""Collect: list the source files with what they are, and say which cannot be read."""

import json
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from typing import Any

from danlu.core.artifacts import SEEN, Files
from danlu.core.errors import Phrase, WorkFailed
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.data.lock import UNREADABLE, SourceFile, SourceLock
from danlu.data.media import BINARY, READABLE, media_type
from danlu.text.records import FILES, Ledger, Reject, licences_of, write_table


def _collect(work: Work, config: Config, *, sources: SourceLock) -> Facts:
    ledger = Ledger(input=len(sources.files))
    rows: list[dict[str, Any]] = []
    for number, file in enumerate(sources.files):
        found = _look(file)
        if isinstance(found, Reject):
            ledger.rejects.append(found)
        else:
            rows.append(found)
        work.progress.advance(number + 1, len(sources.files), file.source)
    if not rows:
        reasons = reduce(
            lambda first, then: Phrase("{first}; {then}", first=first, then=then), map(_reason, ledger.rejects[:5])
        )
        raise WorkFailed(
            "None of the {count} files can be read: {reasons}",
            "danlu reads text, Markdown, HTML, PDF and DOCX.",
            count=ledger.input,
            reasons=reasons,
        )
    write_table(work.folder / "files.parquet", rows, FILES)
    _note_times(work.folder / SEEN, rows)
    return Facts(ledger.write_accounts(work.folder, len(rows)), licences_of(rows))


def _note_times(path: Path, rows: list[dict[str, Any]]) -> None:
    """When each file was first collected as it is: a fact about this run, outside every hash."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    path.write_text(json.dumps({row["source"]: now for row in rows}, indent=2, ensure_ascii=False), encoding="utf-8")


def _reason(reject: Reject) -> Phrase:
    rule, value = Phrase(reject.rule), Phrase(reject.value)
    return Phrase("{source}: {rule} ({value})", source=reject.source, rule=rule, value=value)


def _look(file: SourceFile) -> dict[str, Any] | Reject:
    if file.sha256 == UNREADABLE:
        return Reject(file.doc_id, file.source, "unreadable", "the system refused to open it", "permission to read")
    if file.size_bytes == 0:
        return Reject(file.doc_id, file.source, "empty", "0 bytes", "1 byte")
    kind = media_type(file.source, file.read())
    if kind not in READABLE:
        rule = "binary" if kind == BINARY else "unsupported type"
        return Reject(file.doc_id, file.source, rule, kind, "text, Markdown, HTML, PDF or DOCX")
    return {
        "doc_id": file.doc_id, "source": file.source, "sha256": file.sha256, "size_bytes": file.size_bytes,
        "media_type": kind, "licence": file.licence,
    }  # fmt: skip


collect = Stage("collect", version=1, makes=Files, body=_collect)
