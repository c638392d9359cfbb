"""Mix: several corpora as one that knows of each document which of them it came from.

So they are split together, and a document with its near-duplicate in another corpus stays on one side (`danlu.data.split`); `take`
gives back the documents of one of them. The name is kept in the field `mixed_from` of a document's `meta`.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from danlu.core.artifacts import Corpus
from danlu.core.shards import finish
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.data.parts import TABLES, PartWriter, Verdict, gather, parts_of
from danlu.text.records import DOCUMENTS
from danlu.text.tables import read_groups

MIXED_FROM = "mixed_from"
"""Field of `meta`."""


@dataclass(frozen=True)
class _Shard:
    source: Path
    outcome: Path
    name: str


def _mix(work: Work, config: Config, /, **corpora: Corpus) -> Facts:
    """By name: the order in which they were given is no part of what comes out."""
    named = [(name, part) for name in sorted(corpora) for part in parts_of(corpora[name])]
    shards = [_Shard(part, work.scratch / f"part-{number:05}", name) for number, (name, part) in enumerate(named)]
    finish(work, _mark_part, shards)
    return gather(work.folder, [shard.outcome for shard in shards], tuple(TABLES))


def _mark_part(shard: _Shard) -> None:
    if shard.outcome.exists():  # the worker before was killed after its last act
        return
    writer, read = PartWriter(shard.outcome, TABLES), 0
    for table in read_groups(shard.source):
        writer.add(Verdict(_marked(table, shard.name)))
        read += table.num_rows
    writer.finish(read)


def _marked(table: pa.Table, name: str) -> pa.Table:
    metas = [json.loads(meta or "{}") | {MIXED_FROM: name} for meta in table["meta"].to_pylist()]
    column = pa.array([json.dumps(meta, ensure_ascii=False, sort_keys=True) for meta in metas], pa.large_string())
    return table.set_column(table.schema.get_field_index("meta"), DOCUMENTS.field("meta"), column)


mix = Stage("mix", version=1, makes=Corpus, body=_mix, libraries=("pyarrow",), resumable=True)
