"""Traces of a document's text: whether a text quotes it, and which files still hold a sentence of it.

Both look for what is verbatim. A paraphrase, a translation, or what a model learnt leaves no trace that could be found so.
"""

import json
import mmap
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from danlu.core.databases import read_only
from danlu.text.sections import weight
from danlu.text.sentences import sentence_spans

_GRAM = 12
"""Characters, white space left out."""
_STRIDE = 8
"""Only each eighth run of characters is looked up at first: a quote of twenty is met at least once."""
_LEAST_WEIGHT = 40
"""Half-widths that a quote has, white space left out: twenty Han characters, eight English words. Shorter runs are common phrases."""
_LARGE_CHARACTERS = 8_000_000
_PROBE_CHARACTERS = 60
_LEAST_PROBES, _MOST_PROBES = 8, 2000
_READ_BYTES = 20_000_000_000
"""Each sentence costs a pass over all that is searched: so many bytes in all, some ten seconds."""
_NO_TEXT = (".safetensors", ".gguf", ".npy", ".bin")
"""Weights and vectors: no text lies there as text."""


class Quotes:
    """Tells whether a text holds a verbatim stretch of one of some texts. Holds 60 bytes for each of their characters."""

    def __init__(self, texts: Iterable[str]) -> None:
        squeezed = ["".join(text.split()) for text in texts]
        large = sum(map(len, squeezed)) > _LARGE_CHARACTERS
        self._own_stride, self._stride = (_STRIDE, 1) if large else (1, _STRIDE)
        self._grams = {
            hash(text[at : at + _GRAM]) for text in squeezed for at in range(0, len(text) - _GRAM + 1, self._own_stride)
        }

    def are_in(self, text: str) -> bool:
        """Whether a text quotes them: forty half-widths in a row."""
        squeezed = "".join(text.split())
        places = range(0, len(squeezed) - _GRAM + 1, self._stride)
        return any(weight(self._around(squeezed, at)) >= _LEAST_WEIGHT for at in places if self._known(squeezed, at))

    def _known(self, text: str, at: int) -> bool:
        return 0 <= at <= len(text) - _GRAM and hash(text[at : at + _GRAM]) in self._grams

    def _around(self, text: str, at: int) -> str:
        """The longest stretch around a place whose runs of characters are all known."""
        start, end = at, at
        while self._known(text, start - self._own_stride):
            start -= self._own_stride
        while self._known(text, end + self._own_stride):
            end += self._own_stride
        return text[start : end + _GRAM]


def probes(texts: Sequence[str], others: Iterable[str], size_bytes: int) -> list[str]:
    """Beginnings of sentences of some texts that none of the others holds: all of them where `size_bytes` are to be searched that are
    few, else a few from each part; none where all stands elsewhere too.
    """
    count = min(max(_READ_BYTES // max(size_bytes, 1), _LEAST_PROBES), _MOST_PROBES)
    found = list(dict.fromkeys(line for text in texts for line in _lines(text)))
    chosen = found[:: max(len(found) // (2 * count), 1)]
    for other in others:
        chosen = [probe for probe in chosen if probe not in other]
    return chosen[:: max(len(chosen) // count, 1)][:count]


def size_of(paths: Iterable[Path]) -> int:
    """Bytes of the files, given or below given folders."""
    return sum(path.stat().st_size for given in paths for path in (given, *given.rglob("*")) if path.is_file())


def _lines(text: str) -> Iterator[str]:
    """Stretches of sentences that are written alike in every file: no line end, quotation mark or backslash in them."""
    for start, end in sentence_spans(text):
        pieces = text[start:end].replace("\\", "\n").replace('"', "\n").splitlines()
        yield from (piece.strip()[:_PROBE_CHARACTERS] for piece in pieces if weight(piece.strip()) >= _LEAST_WEIGHT)


def holders(paths: Iterable[Path], sought: Sequence[str]) -> Iterator[Path]:
    """Files, given or below given folders, that hold one of the sentences; Parquet is unpacked, and databases are read beside their bytes.

    Free pages and write-ahead logs of SQLite are files' bytes like any other. Other packed files are not looked into.
    """
    if not sought:
        return
    for given in paths:
        for path in sorted(given.rglob("*")) if given.is_dir() else [given]:
            if path.is_file() and not path.is_symlink() and path.suffix not in _NO_TEXT and _holds(path, sought):
                yield path


def _holds(path: Path, sought: Sequence[str]) -> bool:
    try:
        if path.suffix == ".parquet":
            return _in_table(path, sought)
        return _in_bytes(path, sought) or (path.suffix in (".sqlite", ".db") and _in_database(path, sought))
    except (OSError, pa.ArrowException, sqlite3.DatabaseError, ValueError):
        return path.exists() and _in_bytes(path, sought)  # gone meanwhile, or damaged: then its bytes are all there is


def _in_bytes(path: Path, sought: Sequence[str]) -> bool:
    forms = {form for one in sought for form in (one.encode(errors="replace"), json.dumps(one)[1:-1].encode())}
    if not path.stat().st_size:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return any(content.find(form) >= 0 for form in forms)


def _in_table(path: Path, sought: Sequence[str]) -> bool:
    file = pq.ParquetFile(path)
    return any(
        pc.any(pc.match_substring(column, one)).as_py()
        for group in range(file.num_row_groups)
        for column in file.read_row_group(group).columns
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
        for one in sought
    )


def _in_database(path: Path, sought: Sequence[str]) -> bool:
    """A long text lies in several pages, so bytes alone do not tell."""
    with closing(read_only(path)) as connection:
        tables = connection.execute(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
        ).fetchall()
        for (table,) in tables:
            columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
            for column in columns:
                query = f'SELECT 1 FROM "{table}" WHERE typeof("{column}") = \'text\' AND instr("{column}", ?) LIMIT 1'
                if any(connection.execute(query, (one,)).fetchone() for one in sought):
                    return True
    return False
