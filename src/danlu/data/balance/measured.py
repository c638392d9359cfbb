"""One row of measures for each document of a corpus, made in workers, part by part."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from danlu.core.artifacts import Corpus
from danlu.core.shards import finish
from danlu.core.stages import Work
from danlu.data.balance.groups import GENDER, WordLists, group_of
from danlu.data.balance.measures import MEASURES, measure
from danlu.data.fields import check_fields
from danlu.data.parts import parts_of
from danlu.text import segment, sentences
from danlu.text.records import part_name, read_documents
from danlu.text.tables import TableWriter

RULES = (
    ("tone", 1), ("measures", 1), ("groups", 2), ("topics", 1), ("variety", 1), ("segmentation", segment.VERSION),
    ("sentences", sentences.VERSION),
)  # fmt: skip


@dataclass(frozen=True)
class _Shard:
    source: Path
    outcome: Path


def lists_of(by: str, words: WordLists | None) -> Mapping[str, tuple[str, ...]]:
    """The word lists that make the groups, if any do."""
    return words.read() if words else GENDER if by == "gender" else {}


def _measure_part(by: str, label_by: str, lists: Mapping[str, tuple[str, ...]], shard: _Shard) -> None:
    half = shard.outcome.with_suffix(".half")
    with TableWriter(half, MEASURES) as table:
        for document in read_documents(shard.source):
            label = group_of(document, label_by, {}) if label_by else ""
            table.add_rows([measure(document, group_of(document, by, lists), label)])
    half.rename(shard.outcome)


def measured(work: Work, by: str, label_by: str, documents: Corpus, words: WordLists | None) -> list[Path]:
    """One table of MEASURES for each part of the corpus, made in workers. Raises UserError for a field that no document has."""
    parts, lists = parts_of(documents), lists_of(by, words)
    check_fields("group_by", () if lists else (by,), parts)
    check_fields("label_by", (label_by,) if label_by else (), parts)
    folder = work.scratch / "measures"
    folder.mkdir(exist_ok=True)
    shards = [_Shard(path, folder / part_name(number)) for number, path in enumerate(parts)]
    task = partial(_measure_part, by, label_by, lists)
    finish(work, task, shards)
    return [shard.outcome for shard in shards]
