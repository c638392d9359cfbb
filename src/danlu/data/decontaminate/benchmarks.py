"""Benchmarks as files: what is read, under which name, and how its rows become items.

JSON lines (also .gz), JSON arrays, Parquet, Arrow, CSV and TSV are read; a folder stands for every such file below it. The
columns of the public benchmarks are known by name (danlu.text.contamination.items); the CSV files of the original MMLU
have no header and are known by their form. A danlu artifact of questions stands for its held-out conversations.
"""

import csv
import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

from danlu.core.artifacts import MANIFEST, Chats, Manifest
from danlu.core.errors import Phrase, UserError
from danlu.core.hashing import hash_facts, hash_file
from danlu.data.nearest import nearest_first
from danlu.text.contamination.items import FIELDS, Item, Items, items_of
from danlu.text.rows.dump_files import TABLES
from danlu.text.rows.json_rows import SUFFIXES
from danlu.text.rows.rows import raw_rows
from danlu.text.rows.shapes import Unfit

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_READ = (*SUFFIXES, *TABLES, *_DELIMITERS)
_ZIPPED = ".gz"
_SHOWN = 8
_BARE_MMLU = ("question", "a", "b", "c", "d", "answer")


@dataclass(frozen=True)
class Benchmark:
    """One file of evaluation items; `name` follows from where it lies below the path that was given."""

    name: str
    path: Path

    def read(self, columns: Mapping[str, str]) -> Items:
        """Its items; `columns` renames columns to names that are known. Raises UserError when it holds none."""
        return items_of(self.path, ((number, _renamed(row, columns)) for number, row in _rows(self.path)))


@dataclass(frozen=True)
class Benchmarks:
    """All evaluation files of a run: they enter identity by name and content."""

    files: tuple[Benchmark, ...]

    @classmethod
    def below(cls, paths: Sequence[Path]) -> "Benchmarks":
        """Every file of items in some files and folders; raises UserError for a path that is missing or holds none."""
        files = _told_apart([benchmark for path in paths for benchmark in _below(path)])
        names: dict[str, Path] = {}
        for file in files:
            if names.setdefault(file.name, file.path) != file.path:
                raise UserError(
                    "Two benchmarks are called {name}: {first} and {second}",
                    "Rename one of the two files or folders.",
                    name=file.name,
                    first=names[file.name],
                    second=file.path,
                )
        return cls(tuple(sorted(files, key=lambda file: file.name)))

    @cached_property
    def _hash(self) -> str:
        return hash_facts([[file.name, hash_file(file.path)] for file in self.files])

    def content_hash(self) -> str:
        """What enters identity: names and bytes, not where the files lie."""
        return self._hash


def _told_apart(files: Sequence[Benchmark]) -> list[Benchmark]:
    """Benchmarks; those whose names would be equal keep the endings of their files, such as `bb/a.jsonl` beside `bb/a.csv`."""
    paths: dict[str, set[Path]] = {}
    for file in files:
        paths.setdefault(file.name, set()).add(file.path)
    return [
        Benchmark(f"{file.name}{_ending(file.path)}", file.path) if len(paths[file.name]) > 1 else file
        for file in files
    ]


@dataclass(frozen=True)
class NamedItems:
    """The items of all benchmarks, one list."""

    items: tuple[Item, ...]
    names: tuple[str, ...]
    """The benchmark of each item."""
    no_items: Mapping[str, int]
    """Rows that are no items, by benchmark."""


def read_benchmarks(benchmarks: Benchmarks, columns: Mapping[str, str]) -> NamedItems:
    """Read every file; raises UserError for one that holds no item, and for columns that no file has or that mean nothing here."""
    _check_columns(benchmarks, columns)
    items: list[Item] = []
    names: list[str] = []
    no_items: dict[str, int] = {}
    for file in benchmarks.files:
        found = file.read(columns)
        items += found.items
        names += [file.name] * len(found.items)
        no_items[file.name] = len(found.rejected)
    return NamedItems(tuple(items), tuple(names), no_items)


def _check_columns(benchmarks: Benchmarks, columns: Mapping[str, str]) -> None:
    for own, known in columns.items():
        if known.lower() not in FIELDS:
            raise UserError(
                "decontaminate.columns: {own}={known}: no column of an evaluation item is called {known}",
                "Names that are known, nearest first: {names}.",
                own=own,
                known=known,
                names=", ".join(nearest_first(known, (name for name in FIELDS if len(name) > 1))[:_SHOWN]),
            )
    missing, seen = set(columns), set[str]()
    for _, row in chain.from_iterable(_rows(file.path) for file in benchmarks.files) if missing else ():
        seen.update(map(str, row) if isinstance(row, dict) else ())
        missing -= seen
        if not missing:
            return
    if missing:
        raise UserError(
            "decontaminate.columns: no benchmark has the column {own}",
            "Correct the name. The benchmarks have: {names}.",
            own=min(missing),
            names=", ".join(nearest_first(min(missing), sorted(seen))[:_SHOWN]) or "-",
        )


def _below(path: Path) -> Iterator[Benchmark]:
    if not path.exists():
        raise UserError(
            "No such file or folder: {path}", "Name files or folders of evaluation items after --against.", path=path
        )
    if path.is_file():
        if not _is_read(path):
            raise UserError(
                "{path}: {suffix} files are not read as evaluation items",
                "Convert it to JSON lines, JSON, Parquet, CSV or TSV.",
                path=path,
                suffix=path.suffix or path.name,
            )
        yield Benchmark(_stem(path), path)
        return
    if (path / MANIFEST).is_file():
        yield _held_out(path)
        return
    files = sorted(file for file in path.rglob("*") if file.is_file() and _is_read(file) and not _is_hidden(file, path))
    if not files:
        raise UserError(
            "{path} holds no file of evaluation items",
            "JSON lines, JSON, Parquet, Arrow, CSV and TSV files are read.",
            path=path,
        )
    for file in files:
        yield Benchmark(f"{path.resolve().name}/{_stem(Path(file.relative_to(path)))}", file)


def _held_out(path: Path) -> Benchmark:
    kind = Manifest.read(path).kind
    if kind != Chats.__name__:
        raise UserError(
            "{folder} holds a {made}, and a {wanted} is needed here", folder=path, made=kind, wanted=Chats.__name__
        )
    return Benchmark(f"{path.resolve().name}/held_out", path / "held_out.jsonl")


def _is_hidden(file: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(root).parts) or file.name in (
        "dataset_dict.json", "dataset_info.json", "dataset_infos.json", "state.json",
    )  # fmt: skip


def _is_read(path: Path) -> bool:
    return path.suffix in _READ or (path.suffix == _ZIPPED and Path(path.stem).suffix in (".jsonl", ".ndjson"))


def _stem(path: Path) -> str:
    name = path.as_posix().removesuffix(_ZIPPED)
    return name.removesuffix(Path(name).suffix) if not path.is_absolute() else _stem(Path(path.name))


def _ending(path: Path) -> str:
    return path.name.removeprefix(_stem(Path(path.name)))


def _rows(path: Path) -> Iterator[tuple[int, object]]:
    if path.suffix in _DELIMITERS:
        return _table(path)
    return _zipped(path) if path.suffix == _ZIPPED else raw_rows(path)


def _zipped(path: Path) -> Iterator[tuple[int, object]]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, json.loads(line)
    except (OSError, EOFError, ValueError) as error:
        raise UserError("{path} cannot be read: {problem}", "Fetch the file again.", path=path, problem=error) from None


def _table(path: Path) -> Iterator[tuple[int, object]]:
    """Rows of a CSV file, counted from 1 below the header."""
    csv.field_size_limit(2**31 - 1)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file, delimiter=_DELIMITERS[path.suffix])
            first = next(lines, [])
            bare = len(first) == len(_BARE_MMLU) and first[-1].strip() in tuple("ABCD")
            header = _BARE_MMLU if bare else tuple(cell.strip() for cell in first)
            for number, cells in enumerate(([first, *lines] if bare else lines), 1):
                if len(cells) > len(header):
                    problem = Phrase("has {found} cells, and its header {wanted}", found=len(cells), wanted=len(header))
                    yield number, Unfit(problem)
                else:
                    yield number, {name: cell for name, cell in zip(header, cells, strict=False) if name and cell}
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError("{path} cannot be read: {problem}", "Save it as UTF-8 CSV.", path=path, problem=error) from None


def _renamed(row: object, columns: Mapping[str, str]) -> object:
    if not columns or not isinstance(row, dict):
        return row
    return {columns.get(str(name), name): value for name, value in row.items()}
