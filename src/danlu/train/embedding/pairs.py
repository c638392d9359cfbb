"""Queries and the passages that answer them: from a user's JSON Lines, or from the headings of a user's own documents.

The artifact holds `passages.jsonl` (`id`, `text`) and queries by side: `query`, and the numbers of `positives` and `negatives`
among the passages. Queries that share an answer, or a near copy of it, go to the same side together.
"""

import json
from collections import defaultdict
from typing import Annotated

from pydantic import Field

from danlu.core.artifacts import Chats, Corpus, Examples
from danlu.core.errors import UserError
from danlu.core.outside import DataFile
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.text.records import Reject, licences_of, read_documents
from danlu.text.sections import RULES, passages
from danlu.text.segment import LIBRARIES, fold
from danlu.text.tables import stream_rows
from danlu.train.embedding.lexical import Lexical, nearly_equal, shingles_of
from danlu.train.examples import (
    Row,
    groups_of,
    is_held_out,
    read_objects,
    text_of,
    write_jsonl,
    write_rejects,
)

EXPECTED = '{"query": "...", "positive": "...", "negatives": ["..."]}'
_NEIGHBOURS = 10
"""How many lexical neighbours of an answer are looked at for near copies of it."""


class PairsConfig(Config):
    """How queries are parted."""

    held_out_share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Share of the groups of queries that only measure."""


def check_pairs(file: DataFile) -> list[tuple[int, Row]]:
    """Every line as {query, positive, negatives}. Raises UserError for the first that is not of this form."""
    checked = []
    for number, row in read_objects(file.path, EXPECTED):
        where = f"{file.path}:{number}"
        negatives = row.get("negatives", [])
        if not isinstance(negatives, list) or not all(isinstance(text, str) for text in negatives):
            raise UserError(
                "{where}: the field {field} is {value}, and not a list of texts",
                "Expected on each line: {expected}",
                where=where,
                field="negatives",
                value=json.dumps(negatives, ensure_ascii=False)[:80],
                expected=EXPECTED,
            )
        query, positive = (text_of(row, field, where, EXPECTED) for field in ("query", "positive"))
        checked.append((number, {"query": query, "positive": positive, "negatives": negatives}))
    return checked


def _from_file(work: Work, config: PairsConfig, *, file: DataFile) -> Facts:
    lines = check_pairs(file)
    kept, rejects = _kept(lines, str(file.path.name))
    numbers: dict[str, int] = {}
    for row in kept:
        for text in (row["positive"], *row["negatives"]):
            numbers.setdefault(text, len(numbers))
    groups = _groups(kept)
    sides: dict[bool, list[Row]] = {True: [], False: []}
    for row, group in zip(kept, groups, strict=True):
        held = is_held_out(fold(kept[group]["positive"]), work.seed, config.held_out_share)
        negatives = [numbers[text] for text in row["negatives"]]
        sides[held].append({"query": row["query"], "positives": [numbers[row["positive"]]], "negatives": negatives})
    write_jsonl(work.folder / "passages.jsonl", ({"id": str(at), "text": text} for text, at in numbers.items()))
    counts = {"input": len(lines), "kept": len(kept), "rejected": len(rejects)}
    counts |= write_rejects(work.folder, rejects) | _write_sides(work, _joined(sides[False]), _joined(sides[True]))
    return Facts(counts | {"passages": len(numbers)}, ("unknown",))


def _kept(lines: list[tuple[int, Row]], source: str) -> tuple[list[Row], list[Reject]]:
    """The rows that can be learnt from, and why the others cannot."""
    kept: list[Row] = []
    rejects: list[Reject] = []
    seen: dict[tuple[str, str], int] = {}
    for number, row in lines:
        key = fold(row["query"]).strip(), fold(row["positive"]).strip()
        rule, value, threshold = "", "", ""
        if not all(key):
            rule, value, threshold = "empty text", "query" if not key[0] else "positive", "some text"
        elif key in seen:
            rule, value, threshold = "repeated example", f"line {seen[key]}", "each example once"
        elif key[1] in {fold(text).strip() for text in row["negatives"]}:
            rule, value, threshold = "a negative equals the positive", row["positive"][:40], "another text"
        if rule:
            rejects.append(Reject(str(number), source, rule, value, threshold))
            continue
        seen[key] = number
        kept.append({**row, "negatives": [text for text in row["negatives"] if text.strip()]})
    return kept, rejects


def _groups(rows: list[Row]) -> list[int]:
    """Rows that share a query, an answer, or nearly an answer, are one group."""
    texts = list(dict.fromkeys(fold(row["positive"]) for row in rows))
    lexical, shingles = Lexical.of(texts), [shingles_of(text) for text in texts]
    ties: dict[str, set[tuple[int, int]]] = defaultdict(set)
    for at, near in enumerate(lexical.best(texts, _NEIGHBOURS)):
        for other in near:
            if other != at and nearly_equal(shingles[at], shingles[other]):
                tie = min(at, other), max(at, other)
                ties[texts[at]].add(tie)
                ties[texts[other]].add(tie)
    return groups_of(
        [
            [("q", fold(row["query"])), ("p", fold(row["positive"])), *sorted(ties[fold(row["positive"])])]
            for row in rows
        ]
    )


def _joined(rows: list[Row]) -> list[Row]:
    """One row for each query, with all its answers."""
    found: dict[str, Row] = {}
    for row in rows:
        first = found.setdefault(fold(row["query"]), {"query": row["query"], "positives": [], "negatives": []})
        for field in ("positives", "negatives"):
            first[field] += [number for number in row[field] if number not in first[field]]
    for row in found.values():
        row["negatives"] = [number for number in row["negatives"] if number not in row["positives"]]
    return list(found.values())


def _from_sections(work: Work, config: Config, *, documents: Corpus, chats: Chats) -> Facts:
    """Headings as queries; the passages below a heading, without it, as its answers. Sides are those of the chats."""
    of_section: dict[str, list[int]] = defaultdict(list)
    texts: list[Row] = []
    for document in read_documents(documents.documents):
        for passage in passages(document):
            of_section[passage.section.id].append(len(texts))
            text = document.text[passage.start : passage.end]
            texts.append({"id": f"{document.doc_id}:{passage.start}", "text": text})
    sides: dict[str, list[Row]] = {"train": [], "held_out": []}
    for line in chats.questions.read_text(encoding="utf-8").split("\n"):
        if line:
            asked = json.loads(line)
            positives = [number for section in asked["sections"] for number in of_section[section]]
            sides[asked["split"]].append({"query": asked["question"], "positives": positives, "negatives": []})
    write_jsonl(work.folder / "passages.jsonl", texts)
    counts = _write_sides(work, sides["train"], sides["held_out"]) | {"passages": len(texts)}
    return Facts(counts, licences_of(stream_rows(documents.documents, ["licence"])))


def _write_sides(work: Work, train: list[Row], held_out: list[Row]) -> dict[str, int]:
    write_jsonl(work.folder / "train.jsonl", train)
    write_jsonl(work.folder / "held_out.jsonl", held_out)
    return {"queries train": len(train), "queries held_out": len(held_out)}


retrieval_pairs = Stage(
    "retrieval_pairs", version=1, makes=Examples, body=_from_file, config=PairsConfig,
    libraries=("pyarrow", "scipy", *LIBRARIES), rules=RULES,
)  # fmt: skip

section_pairs = Stage(
    "section_pairs", version=1, makes=Examples, body=_from_sections, libraries=("pyarrow",), rules=RULES
)
