"""Extract: read every collected file into documents, shard by shard, in workers.

A shard that was read before from the same files by the same readers is taken from the earlier artifact. A reader that crashes
(native code on a damaged file) costs that file, by name, and nothing else: when a shard ends its worker twice, its files are
tried one by one, and the shard is read without those that crash. A finished shard lies in the scratch folder, so an
interrupted run reads only what is left. Memory: one group of documents for each worker, and about 700 bytes for each
source file in the process that hands out the work.
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from danlu.core.artifacts import Corpus, Files
from danlu.core.errors import WorkFailed
from danlu.core.hashing import hash_facts
from danlu.core.stages import Facts, Stage, Work
from danlu.core.workers import Died, map_shards
from danlu.data.extract.config import ExtractConfig
from danlu.data.extract.items import Item
from danlu.data.extract.outcomes import Outcome, Reading
from danlu.data.extract.readers import optional_libraries
from danlu.data.extract.reading import read_item, read_span
from danlu.data.extract.shards import Job, shards_of
from danlu.data.extract.unpack import Meter
from danlu.data.extract.unread_pages import mostly_unread
from danlu.data.extract.writing import Parts
from danlu.data.forgotten import BOUND, BY_NAME, RULE, ForgottenMembers, is_forgotten
from danlu.data.lock import SourceLock
from danlu.data.parts import TABLES, check_any_kept, gather
from danlu.data.reuse import Earlier, note
from danlu.text.records import Reject, part_name
from danlu.text.tables import stream_rows


@dataclass(frozen=True)
class Shard:
    """Files that one worker reads into the parts below `outcome`."""

    key: str
    jobs: tuple[Job, ...]
    outcome: Path
    config: ExtractConfig
    crashed: tuple[tuple[int, int], ...] = ()
    """Jobs that end every worker, by position, and its exit code."""

    def parts(self) -> list[Path]:
        """The finished parts, in order."""
        return sorted(path for path in self.outcome.iterdir() if path.is_dir())


def read_shard(shard: Shard) -> None:
    """Read the files of a shard into parts; they appear together, by one rename."""
    if shard.outcome.exists():  # the worker before was killed after its last act
        return
    half = shard.outcome.with_name(f"{shard.outcome.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    writer = Parts(half)
    for outcome in _outcomes(shard, half):
        writer.add(outcome)
    writer.finish()
    half.rename(shard.outcome)


def probe(shard: Shard) -> None:
    """Read a shard for nothing but to see whether its worker lives."""
    spool = shard.outcome.with_name(f"{shard.outcome.name}.probe")
    spool.mkdir(parents=True, exist_ok=True)
    for _ in _outcomes(shard, spool):
        continue
    shutil.rmtree(spool)


def _outcomes(shard: Shard, spool: Path) -> Iterator[Outcome]:
    crashed = dict(shard.crashed)
    for position, job in enumerate(shard.jobs):
        if position in crashed:
            yield _crashed(job, crashed[position])
        else:
            yield from read_job(job, shard.config, spool)


def _crashed(job: Job, exit_code: int) -> Reject:
    file = job.file
    return Reject(file.doc_id, file.source, "crashed the reader", f"exit code {exit_code}", f"{_TRIES} tries")


def read_job(job: Job, config: ExtractConfig, spool: Path) -> Iterator[Outcome]:
    """The documents and rejects of one file, or of a span of one; raises WorkFailed when the file is not what was locked."""
    file = job.file
    meter = Meter(file.size_bytes, config.max_unpack_ratio, config.max_unpacked_bytes)
    reading = Reading(config, file.licence, meter, spool)
    with file.opened(part=bool(job.span and job.span.start)) as stream:
        item = Item(file.source, stream, size_bytes=file.size_bytes, media_type=job.media_type)
        found = read_span(item, job.span, reading) if job.span else read_item(item, reading)
        yield from _without_forgotten(found, job.forgotten) if job.forgotten else found


def _without_forgotten(outcomes: Iterator[Outcome], names: tuple[str, ...]) -> Iterator[Outcome]:
    """A forgotten member is read, since its container is, and leaves nothing but its name."""
    kept_out = frozenset(names)
    for outcome in outcomes:
        found = outcome if isinstance(outcome, Reject) else outcome[0]
        yield (
            Reject(found.doc_id, found.source, RULE, BY_NAME, BOUND)
            if is_forgotten(found.source, kept_out)
            else outcome
        )


_TRIES = 3


def _extract(
    work: Work,
    config: ExtractConfig,
    *,
    files: Files,
    sources: SourceLock,
    forgotten: ForgottenMembers | None = None,
) -> Facts:
    shards = list(_shards(work, config, shards_of(stream_rows(files.table), sources, forgotten)))
    _take_over(work, shards)
    waiting = [shard for shard in shards if not shard.outcome.exists()]
    for shard in _read(work, waiting, len(shards)):
        _read_without_crashers(work, shard)
    parts = [(shard.key, shard.parts()) for shard in shards]
    note(work.folder, parts)
    facts = gather(work.folder, [part for _, found in parts for part in found], tuple(TABLES))
    return replace(check_any_kept(facts, extract.name), note=mostly_unread(work.folder))


def _shards(work: Work, config: ExtractConfig, cut: Iterable[tuple[Job, ...]]) -> Iterator[Shard]:
    shaping = extract.shaping(config)
    for jobs in cut:
        key = hash_facts([shaping, [job.facts() for job in jobs]])[:32]
        yield Shard(key, jobs, work.scratch / f"shard-{key}", config)


def _take_over(work: Work, shards: Sequence[Shard]) -> None:
    """Shards that an earlier artifact holds."""
    earlier = Earlier.beside(work.folder)
    for shard in shards:
        if not shard.outcome.exists():
            half = shard.outcome.with_name(f"{shard.outcome.name}.half")
            shutil.rmtree(half, ignore_errors=True)
            if earlier.take(shard.key, lambda number, half=half: half / Path(part_name(number + 1)).stem):  # type: ignore[misc]
                half.rename(shard.outcome)


def _read(work: Work, waiting: Sequence[Shard], count: int) -> list[Shard]:
    """Read the shards, and return those that ended their workers."""
    died = []
    done = count - len(waiting)
    for position, result in map_shards(read_shard, waiting, work.workers, tries=2):
        shard = waiting[position]
        if isinstance(result, Died):
            died.append(shard)
        done += 1
        work.progress.advance(done, count, shard.jobs[-1].file.source)
    return died


def _read_without_crashers(work: Work, shard: Shard) -> None:
    """Find the files that end their workers, and read the shard without them."""
    single = [replace(shard, jobs=(job,), outcome=shard.outcome.with_name(f"{shard.outcome.name}-{number}"))
              for number, job in enumerate(shard.jobs)]  # fmt: skip
    crashed = [
        (position, result.exit_code)
        for position, result in map_shards(probe, single, work.workers, _TRIES)
        if isinstance(result, Died)
    ]
    for _, result in map_shards(read_shard, [replace(shard, crashed=tuple(sorted(crashed)))], 1):
        if isinstance(result, Died):
            raise WorkFailed(
                "{part} ended its worker {tries} times, with exit code {code}",
                "Memory may be short: try with fewer workers.",
                part=shard.jobs[0].file.source,
                tries=result.tries,
                code=result.exit_code,
            )


extract = Stage(
    "extract",
    version=3,
    makes=Corpus,
    body=_extract,
    config=ExtractConfig,
    resumable=True,
    libraries=(
        "pypdfium2",
        "python-docx",
        "python-pptx",
        "python-calamine",
        "resiliparse",
        "trafilatura",
        "pyarrow",
        *optional_libraries(),
    ),
    rules=(("blocks", 4), ("encodings", 2), ("file types", 3)),
)
