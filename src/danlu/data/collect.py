"""Collect: list the source files with what they are, and say which cannot be read."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from typing import Any

from danlu.core.artifacts import MANIFEST, SEEN, Files, Manifest
from danlu.core.errors import NothingKept, Phrase
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.data.detect import media_type_of
from danlu.data.extract.readers import is_read, unread
from danlu.data.forgotten import ForgottenFiles
from danlu.data.lock import UNREADABLE, SourceFile, SourceLock
from danlu.text.records import FILES, Ledger, Reject
from danlu.text.tables import GROUP_ROWS, TableWriter, read_rows

_NAMED_HIDDEN = 20


def _collect(work: Work, config: Config, *, sources: SourceLock, forgotten: ForgottenFiles | None = None) -> Facts:
    ledger = Ledger(input=len(sources.files))
    known = _known_kinds(work.folder)
    rows: list[dict[str, Any]] = []
    seen: list[str] = []
    licences: set[str] = set()
    with TableWriter(work.folder / "files.parquet", FILES) as table:
        for number, file in enumerate(sources.files):
            found = (forgotten and forgotten.reject(file.doc_id, file.source)) or _look(file, known)
            if isinstance(found, Reject):
                ledger.rejects.append(found)
            else:
                rows.append(found)
                seen.append(file.source)
                licences.add(file.licence)
            if len(rows) == GROUP_ROWS:
                table.add_rows(rows)
                rows = []
            work.progress.advance(number + 1, len(sources.files), file.source)
        table.add_rows(rows)
    counts = ledger.write_accounts(
        work.folder, len(seen)
    )  # of a collection of nothing too: a refresh tells each reason
    if not seen:
        reasons = reduce(
            lambda first, then: Phrase("{first}; {then}", first=first, then=then), map(_reason, ledger.rejects[:5])
        )
        raise NothingKept(
            "None of the {count} files can be read: {reasons}",
            "danlu reads text, HTML, PDF, Office files, e-mail, source code, data sets and archives.",
            count=ledger.input,
            reasons=reasons,
        )
    _note_times(work.folder / SEEN, seen)
    return Facts(counts, tuple(sorted(licences)), note=_hidden(sources.hidden))


def _known_kinds(folder: Path) -> dict[str, str]:
    """What the files of the newest earlier collection are, by name and content: they are not opened again."""
    earlier = [path.parent for path in folder.parent.glob(f"*/{MANIFEST}") if path.parent != folder]
    made = [found for found in earlier if (found / "files.parquet").exists() and _is_ours(found)]
    newest = max(made, key=lambda found: (found / MANIFEST).stat().st_mtime_ns, default=None)
    if newest is None:
        return {}
    rows = read_rows(newest / "files.parquet", ["source", "sha256", "media_type"])
    return {_key(row["source"], row["sha256"]): row["media_type"] for row in rows}


def _is_ours(folder: Path) -> bool:
    manifest = Manifest.read(folder)
    return (
        manifest.stage == collect.name and manifest.version == collect.version and manifest.runtime == collect.runtime()
    )


def _key(source: str, sha256: str) -> str:
    return f"{sha256}{source}"


def _note_times(path: Path, sources: list[str]) -> None:
    """When each file was first collected as it is: a fact about this run, outside every hash."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    with path.open("w", encoding="utf-8") as file:
        json.dump(dict.fromkeys(sources, now), file, indent=2, ensure_ascii=False)


def _reason(reject: Reject) -> Phrase:
    rule, value = Phrase(reject.rule), Phrase(reject.value)
    return Phrase("{source}: {rule} ({value})", source=reject.source, rule=rule, value=value)


def _hidden(names: Sequence[str]) -> str:
    """Said beside the artifact and no part of it: what file browsers leave in a folder makes nothing anew."""
    some = ", ".join(names[:_NAMED_HIDDEN]) + (", ..." if len(names) > _NAMED_HIDDEN else "")
    return f"hidden files and folders left out: {len(names)} ({some})" if names else ""


def _look(file: SourceFile, known: dict[str, str]) -> dict[str, Any] | Reject:
    if file.sha256 == UNREADABLE:
        return Reject(file.doc_id, file.source, "unreadable", "the system refused to open it", "permission to read")
    if file.size_bytes == 0:
        return Reject(file.doc_id, file.source, "empty", "0 bytes", "1 byte")
    kind = known.get(_key(file.source, file.sha256)) or _kind(file)
    if not is_read(kind):
        reason = unread(kind)
        return Reject(file.doc_id, file.source, reason.rule, reason.value, reason.threshold)
    return {
        "doc_id": file.doc_id, "source": file.source, "sha256": file.sha256, "size_bytes": file.size_bytes,
        "media_type": kind, "licence": file.licence,
    }  # fmt: skip


def _kind(file: SourceFile) -> str:
    """What a file is, by its first bytes; whether they are those that were locked is found out when all are read."""
    try:
        with file.path.open("rb") as stream:
            return media_type_of(file.source, stream)
    except OSError:
        raise NothingKept(
            "{source} changed while danlu was reading it",
            "Run `danlu run` again: it starts from what lies there now.",
            source=file.source,
        ) from None


collect = Stage("collect", version=2, makes=Files, body=_collect, rules=(("file types", 2),))
