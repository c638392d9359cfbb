"""Sources with targets: a user's JSON Lines, or two parallel files line by line, checked and parted.

Pairs that share a source or a target go to the same side together: a sentence that is tested was not learnt.
"""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from danlu.core.artifacts import Examples
from danlu.core.errors import UserError
from danlu.core.outside import DataFile
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.text.records import Reject
from danlu.text.segment import VERSION, fold
from danlu.train.examples import Row, groups_of, is_held_out, read_objects, text_of, write_jsonl, write_rejects

EXPECTED = '{"source": "...", "target": "..."}'


class TextPairsConfig(Config):
    """How pairs are parted."""

    held_out_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share of the groups of pairs that only measure."""


def check_pairs(file: DataFile) -> list[tuple[int, Row]]:
    """Every line as {source, target}. Raises UserError for the first that is not of this form."""
    checked = []
    for number, row in read_objects(file.path, EXPECTED):
        where = f"{file.path}:{number}"
        checked.append((number, {field: text_of(row, field, where, EXPECTED) for field in ("source", "target")}))
    return checked


def check_parallel(sources: DataFile, targets: DataFile) -> list[tuple[int, Row]]:
    """Line n of both files as a pair. Raises UserError when they do not have as many lines."""
    ours, theirs = _lines(sources.path), _lines(targets.path)
    if len(ours) != len(theirs):
        raise UserError(
            "{source} has {lines} lines and {target} has {others}",
            "Line n of one file must be the translation of line n of the other: look for a line break that only one has.",
            source=sources.path,
            lines=len(ours),
            target=targets.path,
            others=len(theirs),
        )
    pairs = enumerate(zip(ours, theirs, strict=True), 1)
    return [(number, {"source": source, "target": target}) for number, (source, target) in pairs]


def _lines(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        raise UserError("No such file: {path}", "Name two text files after --parallel.", path=path) from None
    except UnicodeDecodeError as error:
        raise UserError("{path} is not UTF-8: {error}", "Save it as UTF-8.", path=path, error=error) from None
    return lines[:-1] if lines and not lines[-1] else lines


def _pairs(
    work: Work, config: TextPairsConfig, *, file: DataFile | None = None, sources: DataFile | None = None,
    targets: DataFile | None = None,
) -> Facts:  # fmt: skip
    if file:
        lines, name = check_pairs(file), file.path.name
    else:
        assert sources and targets, "a plan gives one file, or two"
        lines, name = check_parallel(sources, targets), f"{sources.path.name}, {targets.path.name}"
    kept, rejects = _kept(lines, name)
    groups = groups_of([[("s", fold(row["source"])), ("t", fold(row["target"]))] for row in kept])
    sides: dict[bool, list[Row]] = {False: [], True: []}
    for row, group in zip(kept, groups, strict=True):
        sides[is_held_out(fold(kept[group]["source"]), work.seed, config.held_out_share)].append(row)
    write_jsonl(work.folder / "train.jsonl", sides[False])
    write_jsonl(work.folder / "held_out.jsonl", sides[True])
    counts = {"input": len(lines), "kept": len(kept), "rejected": len(rejects)} | write_rejects(work.folder, rejects)
    return Facts(counts | {"pairs train": len(sides[False]), "pairs held_out": len(sides[True])}, ("unknown",))


def _kept(lines: list[tuple[int, Row]], name: str) -> tuple[list[Row], list[Reject]]:
    kept: list[Row] = []
    rejects: list[Reject] = []
    seen: dict[tuple[str, str], int] = {}
    for number, row in lines:
        key = row["source"].strip(), row["target"].strip()
        if not all(key):
            empty = "source" if not key[0] else "target"
            rejects.append(Reject(str(number), name, "empty text", empty, "some text"))
        elif key in seen:
            rejects.append(Reject(str(number), name, "repeated example", f"line {seen[key]}", "each example once"))
        else:
            seen[key] = number
            kept.append({"source": key[0], "target": key[1]})
    return kept, rejects


text_pairs = Stage(
    "text_pairs", version=1, makes=Examples, body=_pairs, config=TextPairsConfig, libraries=("pyarrow",),
    rules=(("segmentation", VERSION),),
)  # fmt: skip
