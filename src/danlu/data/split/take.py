"""Take: one side of a split as a corpus of its own, for every stage that reads a whole corpus.

The parts are hard links to those of the split where the file system can, so that a side costs no space.
"""

import json
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from danlu.core.artifacts import Corpus
from danlu.core.errors import UserError, WorkFailed
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.core.store import link
from danlu.data.mix import MIXED_FROM
from danlu.data.split.parted import SIDES_FILE
from danlu.text.records import DOCUMENTS, EDITS, REJECTS, part_name
from danlu.text.tables import TableWriter, read_groups, write_rows


class TakeConfig(Config):
    """Which side."""

    side: Literal["train", "validation", "test"] = "train"
    """The side that is taken."""
    corpus: str = ""
    """Of several that were mixed: the one whose documents are taken. Empty: all of them."""


def parts_of_side(corpus: Corpus, side: str) -> list[Path]:
    """The document files of one side of a split; raises UserError when the corpus was not split."""
    listing = corpus.path / SIDES_FILE
    if not listing.is_file():
        raise UserError(
            "{folder} is not a split corpus: it has no sides.json",
            "`danlu split IN --out DIR` splits one.",
            folder=corpus.path,
        )
    names: list[str] = json.loads(listing.read_text(encoding="utf-8"))[side]
    return [corpus.documents / name for name in names]


def _take(work: Work, config: TakeConfig, *, documents: Corpus) -> Facts:
    parts = parts_of_side(documents, config.side)
    if not parts:
        raise WorkFailed("The side {side} of the split is empty", side=config.side)
    folder = work.folder / "documents"
    folder.mkdir()
    rows, licences = 0, set[str]()
    for number, part in enumerate(parts):
        if config.corpus:
            _write_corpus(part, config.corpus, folder / part_name(number))
        else:
            link(part, folder / part_name(number))
        rows += pq.read_metadata(folder / part_name(number)).num_rows
        for table in read_groups(folder / part_name(number), ["licence"]):
            licences |= set(pc.unique(table["licence"]).to_pylist())
        work.progress.advance(number + 1, len(parts), part.stem)
    write_rows(work.folder / "rejects" / part_name(0), [], REJECTS)
    write_rows(work.folder / "edits" / part_name(0), [], EDITS)
    if not rows:
        raise WorkFailed(
            "The side {side} has no document of {corpus}",
            "Add documents to it: a small share of few documents is none.",
            side=config.side,
            corpus=config.corpus,
        )
    return Facts({"documents": rows}, tuple(sorted(licences)))


def _write_corpus(part: Path, corpus: str, path: Path) -> None:
    """The documents that came from one of several corpora."""
    with TableWriter(path, DOCUMENTS) as documents:
        for table in read_groups(part):
            names = [json.loads(meta or "{}").get(MIXED_FROM) for meta in table["meta"].to_pylist()]
            documents.add(table.filter(pa.array([name == corpus for name in names])))


take = Stage("take", version=1, makes=Corpus, body=_take, config=TakeConfig)
