"""Run a function over every part of a corpus, in workers, so that a kill costs the parts in flight and nothing else.

Which documents make a part follows from the data alone, never from the number of workers: the same corpus comes out on
one core, on all cores and on a cluster. A worker holds one row group at a time. A part that is done lies in the
scratch folder with its counts; the next run takes it from there. A judge that looks at nothing but its documents and its
settings may say so (`shaped_by`): parts that an earlier artifact of the stage holds are then linked and not made again.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import partial, reduce
from pathlib import Path
from shutil import rmtree
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from danlu.core.artifacts import Corpus
from danlu.core.errors import NothingKept, Phrase
from danlu.core.hashing import hash_facts, hash_file
from danlu.core.shards import finish
from danlu.core.stages import Facts, Work
from danlu.core.store import link
from danlu.data.reuse import FACTS, Earlier, note, seal
from danlu.text.records import DOCUMENTS, EDITS, REJECTS, Reject, part_name
from danlu.text.tables import TableWriter, read_groups

TABLES = {"documents": DOCUMENTS, "rejects": REJECTS, "edits": EDITS}


@dataclass(frozen=True)
class Batch:
    """Some documents of a part: a table of DOCUMENTS, and where it stands."""

    table: pa.Table
    part: int
    row: int
    """The first row's place in its part."""


@dataclass(frozen=True)
class Verdict:
    """What became of the documents of a batch. Every one of them is kept or rejected."""

    kept: pa.Table
    rejects: Sequence[Reject] = ()
    edits: Sequence[tuple[str, str, int]] = ()
    """doc_id, rule, count."""
    beside: Mapping[str, pa.Table] = field(default_factory=dict)
    """Rows of further tables, by the names given to `map_parts`."""


Judge = Callable[[Batch], Verdict]


@dataclass(frozen=True)
class _Shard:
    number: int
    source: Path
    outcome: Path
    key: str
    """Over all that shapes the part; empty when it is never taken over."""


def parts_of(corpus: Corpus) -> list[Path]:
    """The document files of a corpus, in order."""
    return sorted(corpus.documents.glob("*.parquet"))


def map_parts(
    work: Work,
    corpus: Corpus,
    judge: Judge,
    beside: Mapping[str, pa.Schema] | None = None,
    shaped_by: Sequence[Any] = (),
) -> Facts:
    """Judge every document of `corpus` and write documents, rejects, edits and the tables `beside` into the work's folder.

    `judge` is a module-level function, or a `partial` of one: it travels to workers. `shaped_by` are the facts, as for
    `hash_facts`, that decide beside a part's own bytes what becomes of it; without any, every part is judged. Raises
    NothingKept when a part kills its worker again and again.
    """
    schemas = TABLES | dict(beside or {})
    shards = [
        _Shard(number, path, work.scratch / f"part-{number:05}", _key(shaped_by, path))
        for number, path in enumerate(parts_of(corpus))
    ]
    if shaped_by:
        _take_over(work, shards)
    finish(work, partial(_judge_part, judge, schemas), shards)
    if shaped_by:
        note(work.folder, [(shard.key, [shard.outcome]) for shard in shards])
    return gather(work.folder, [shard.outcome for shard in shards], tuple(schemas))


def _key(shaped_by: Sequence[Any], path: Path) -> str:
    return hash_facts([*shaped_by, hash_file(path)])[:32] if shaped_by else ""


def _take_over(work: Work, shards: Sequence[_Shard]) -> None:
    earlier = Earlier.beside(work.folder)
    for shard in shards:
        half = shard.outcome.with_name(f"{shard.outcome.name}.half")
        if not shard.outcome.exists() and earlier.take(shard.key, lambda _, half=half: half):  # type: ignore[misc]
            half.rename(shard.outcome)


def gather(folder: Path, outcomes: Sequence[Path], tables: Sequence[str]) -> Facts:
    """Link the tables of finished parts into an artifact's folder, and add up their counts.

    The parts stay whole in the scratch folder: a kill in the middle of this costs nothing but doing it again.
    """
    for table in tables:
        (folder / table).mkdir(parents=True, exist_ok=True)
    counts = {"input": 0, "kept": 0, "rejected": 0}
    rules: dict[str, int] = {}
    licences: set[str] = set()
    for number, outcome in enumerate(outcomes):
        facts = json.loads((outcome / FACTS).read_text(encoding="utf-8"))
        for name in counts:
            counts[name] += facts[name]
        for rule, count in facts["rules"].items():
            rules[rule] = rules.get(rule, 0) + count
        licences |= set(facts["licences"])
        for table in tables:
            link(outcome / f"{table}.parquet", folder / table / part_name(number))
    return Facts(counts | {f"rejected: {rule}": rules[rule] for rule in sorted(rules)}, tuple(sorted(licences)))


def check_any_kept(facts: Facts, stage: str) -> Facts:
    """The facts; raises NothingKept that says which rules took everything when nothing was kept."""
    if facts.counts["kept"] or not facts.counts["input"]:
        return facts
    taken = {name.removeprefix("rejected: "): n for name, n in facts.counts.items() if name.startswith("rejected: ")}
    by_size = sorted(taken.items(), key=lambda item: (-item[1], item[0]))
    reasons = reduce(
        lambda first, then: Phrase("{first}; {then}", first=first, then=then),
        (Phrase("{rule} {count}", rule=Phrase(rule), count=count) for rule, count in by_size),
    )
    raise NothingKept(
        "{stage} kept none of {input} documents. By rule: {reasons}",
        "The rules are explained in docs/data; a setting of the stage may fit these documents better.",
        stage=stage,
        input=facts.counts["input"],
        reasons=reasons,
    )


class PartWriter:
    """Writes the tables of one part and counts what goes into them; `finish` makes the part whole by one rename."""

    def __init__(self, outcome: Path, schemas: Mapping[str, pa.Schema]) -> None:
        self._outcome, self._half = outcome, outcome.with_name(f"{outcome.name}.half")
        self._files = ExitStack()
        rmtree(
            self._half, ignore_errors=True
        )  # what lies here may be links into a finished artifact: never write through them
        self._half.mkdir(parents=True)
        self._tables = {
            name: self._files.enter_context(TableWriter(self._half / f"{name}.parquet", schema))
            for name, schema in schemas.items()
        }
        self._rules: dict[str, int] = {}
        self._licences: set[str] = set()

    @property
    def text_bytes(self) -> int:
        """Bytes of text kept so far."""
        return self._tables["documents"].bytes

    def add(self, verdict: Verdict) -> None:
        """Append what became of a batch."""
        self._tables["documents"].add(verdict.kept)
        self._licences |= set(pc.unique(verdict.kept["licence"]).to_pylist())
        self._tables["rejects"].add_rows([asdict(reject) for reject in verdict.rejects])
        for reject in verdict.rejects:
            self._rules[reject.rule] = self._rules.get(reject.rule, 0) + 1
        self._tables["edits"].add_rows(
            [{"doc_id": doc_id, "rule": rule, "count": count} for doc_id, rule, count in verdict.edits]
        )
        for name, table in verdict.beside.items():
            self._tables[name].add(table)

    def finish(self, read: int) -> None:
        """End the files, write the counts and give the part its name; `read` is how many documents came in."""
        kept, rejected = self._tables["documents"].rows, self._tables["rejects"].rows
        self._files.close()
        facts: dict[str, Any] = {"input": read, "kept": kept, "rejected": rejected, "rules": self._rules}
        facts["licences"] = sorted(self._licences)
        (self._half / FACTS).write_text(json.dumps(facts), encoding="utf-8")
        seal(self._half)
        self._half.rename(self._outcome)


def _judge_part(judge: Judge, schemas: Mapping[str, pa.Schema], shard: _Shard) -> None:
    if shard.outcome.exists():  # the worker before was killed after its last act
        return
    writer = PartWriter(shard.outcome, schemas)
    row = 0
    for table in read_groups(shard.source):
        verdict = judge(Batch(table, shard.number, row))
        assert verdict.kept.num_rows + len(verdict.rejects) == table.num_rows, "a judge lost a document"
        writer.add(verdict)
        row += table.num_rows
    writer.finish(row)
