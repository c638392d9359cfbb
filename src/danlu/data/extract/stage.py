"""Extract: read every collected file into a document, each in a worker of its own.

A reader that crashes (native code on a damaged file) costs that file, by name, and nothing else. Finished files
lie as pieces in the scratch folder, so an interrupted run reads only what is left.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from danlu.core.artifacts import Corpus, Files
from danlu.core.errors import WorkFailed
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.core.store import write_atomically
from danlu.core.workers import Died, map_shards
from danlu.data import media
from danlu.data.extract.blocks import Extracted, Unreadable
from danlu.data.extract.docx import extract_docx
from danlu.data.extract.html import extract_html
from danlu.data.extract.pdf import extract_pdf
from danlu.data.extract.plain import extract_markdown, extract_text
from danlu.data.lock import SourceFile, SourceLock
from danlu.text.records import Block, Document, Ledger, Reject, read_rows

READERS: dict[str, Callable[[bytes], Extracted]] = {
    media.PDF: extract_pdf,
    media.DOCX: extract_docx,
    media.HTML: extract_html,
    media.MARKDOWN: extract_markdown,
    media.TEXT: extract_text,
}


@dataclass(frozen=True)
class Job:
    """One file to read: a shard of the work."""

    file: SourceFile
    media_type: str
    piece: Path


def read_one(job: Job) -> None:
    """Read one file and put the outcome, a document or a reject, into its piece."""
    file = job.file
    outcome: dict[str, Any]
    try:
        found = READERS[job.media_type](file.read())
        title = found.title or Path(file.source).stem
        document = Document(
            file.doc_id, found.text, title, file.source, job.media_type, file.licence, blocks=found.blocks
        )
        outcome = {"document": asdict(document), "edits": found.edits}
    except Unreadable as reason:
        outcome = {"reject": asdict(Reject(file.doc_id, file.source, reason.rule, reason.value, reason.threshold))}
    except WorkFailed:
        raise
    except Exception as error:  # noqa: BLE001  parsers raise whatever they like on damaged files
        found_instead = f"{type(error).__name__}: {error}"[:300]
        outcome = {"reject": asdict(Reject(file.doc_id, file.source, "crashed the reader", found_instead, "text"))}
    write_atomically(job.piece, json.dumps(outcome, ensure_ascii=False))


def _extract(work: Work, config: Config, *, files: Files, sources: SourceLock) -> Facts:
    rows = read_rows(files.table)
    jobs = [
        Job(sources.by_id[row["doc_id"]], row["media_type"], work.scratch / f"{row['doc_id']}.json") for row in rows
    ]
    ledger = Ledger(input=len(jobs))
    waiting = [job for job in jobs if not job.piece.exists()]
    done = len(jobs) - len(waiting)
    for position, result in map_shards(read_one, waiting, work.workers):
        if isinstance(result, Died):
            file = waiting[position].file
            ledger.rejects.append(
                Reject(
                    file.doc_id,
                    file.source,
                    "crashed the reader",
                    f"exit code {result.exit_code}",
                    f"{result.tries} tries",
                )
            )
        done += 1
        work.progress.advance(done, len(jobs), waiting[position].file.source)
    crashed = {reject.doc_id for reject in ledger.rejects}
    for job in jobs:
        if job.file.doc_id not in crashed:
            _take(job, ledger)
    if not ledger.documents:
        raise WorkFailed(
            "None of the {count} files gave any text",
            "`danlu show` on the collect stage names the files.",
            count=len(jobs),
        )
    return ledger.write(work.folder)


def _take(job: Job, ledger: Ledger) -> None:
    outcome = json.loads(job.piece.read_text(encoding="utf-8"))
    if "reject" in outcome:
        ledger.rejects.append(Reject(**outcome["reject"]))
        return
    facts = outcome["document"]
    facts["blocks"] = tuple(Block(**block) for block in facts["blocks"])
    ledger.documents.append(Document(**facts))
    ledger.edits.extend({"doc_id": job.file.doc_id, "rule": rule, "count": count} for rule, count in outcome["edits"])


extract = Stage(
    "extract",
    version=1,
    makes=Corpus,
    body=_extract,
    resumable=True,
    libraries=("pypdfium2", "python-docx", "resiliparse"),
    rules=(("blocks", 1),),
)
