"""Corpora of given texts, and what is near by the plain definition."""

import random
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path

from danlu.core.artifacts import Corpus, Manifest
from danlu.core.progress import Silent
from danlu.core.stages import Work
from danlu.text.records import DOCUMENTS, Document, part_name
from danlu.text.shingles import tokens
from danlu.text.tables import TableWriter

HANDBOOK = Path(__file__).parents[3] / "examples" / "handbook" / "docs"
PAIR = tuple[int, int]


@cache
def passages(language: str) -> list[str]:
    """Real text: the handbook in pieces of a few paragraphs."""
    pages = [path for path in sorted(HANDBOOK.rglob("*.md")) if path.parent.name == language]
    paragraphs = [part for page in pages for part in page.read_text(encoding="utf-8").split("\n\n") if len(part) > 20]
    return ["\n\n".join(paragraphs[start : start + 6]) for start in range(0, len(paragraphs), 6)]


def edited(text: str, share: float, seed: int) -> str:
    """The text with a share of its characters (Chinese) or words replaced, left out or doubled."""
    draw = random.Random(seed)
    units = text.split(" ") if text.isascii() or text.count(" ") * 8 > len(text) else list(text)
    for at in draw.sample(range(len(units)), int(len(units) * share)):
        units[at] = draw.choice(["", units[at] + units[at], draw.choice(units)])
    return (" " if text.count(" ") * 8 > len(text) else "").join(units)


def write(folder: Path, texts: Sequence[str], part_rows: int = 50, language: str = "und") -> Corpus:
    """A corpus of these texts, `part_rows` to a part, with documents named d0, d1, ..."""
    for number, start in enumerate(range(0, len(texts), part_rows)):
        with TableWriter(folder / "documents" / part_name(number), DOCUMENTS) as table:
            for at, text in enumerate(texts[start : start + part_rows], start):
                document = Document(f"d{at}", text, "", f"docs/{at}.txt", "text/plain", "MIT", language)
                table.add_rows([asdict(document)])
    return Corpus(folder, Manifest("0" * 16, "Corpus", "test", 1, {}, 0, {}, {}, ""))


def work(folder: Path, workers: int = 1) -> Work:
    """What a stage is given, with its scratch folder."""
    scratch = folder / ".work"
    scratch.mkdir(parents=True, exist_ok=True)
    return Work(folder, scratch, 0, 1, workers, Silent())


def jaccard(one: str, two: str) -> float:
    """The similarity of two texts by the definition, from strings."""
    first, second = _shingles(one), _shingles(two)
    return len(first & second) / len(first | second) if first and second else 0.0


@cache
def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    found = tokens(text)
    return frozenset(tuple(found[at : at + 5]) for at in range(max(len(found) - 4, 1))) if found else frozenset()


def near_pairs(texts: Sequence[str], threshold: float) -> dict[PAIR, float]:
    """Every pair at or above the threshold, by comparing all with all."""
    found = {(a, b): jaccard(texts[a], texts[b]) for b in range(len(texts)) for a in range(b)}
    return {pair: similarity for pair, similarity in found.items() if similarity >= threshold}
