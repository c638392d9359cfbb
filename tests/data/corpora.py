"""Small corpora from documents given in a test, and real texts in both languages."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from danlu.core.artifacts import Corpus
from danlu.core.stages import Facts, Stage
from danlu.text.records import DOCUMENTS, EDITS, REJECTS, Document, licences_of, part_name
from danlu.text.tables import read_rows, write_rows
from documents import chapter
from stages import ran


def document(name: str, text: str, **facts: Any) -> Document:
    """A document whose meta are the `facts` that are no columns."""
    columns = {key: facts.pop(key) for key in ("language", "source", "licence", "blocks") if key in facts}
    given = {"source": f"docs/{name}", "licence": "MIT"} | columns
    return Document(name, text, "", media_type="text/plain", meta=json.dumps(facts, ensure_ascii=False), **given)


def corpus(documents: Iterable[Document], parts: int = 1) -> Corpus:
    """The documents, in so many parts."""
    rows = [asdict(document) for document in documents]

    def write(folder: Path) -> Facts:
        size = -(-len(rows) // parts) or 1
        for number in range(parts):
            own = rows[number * size : (number + 1) * size]
            for table, schema, given in (("documents", DOCUMENTS, own), ("rejects", REJECTS, []), ("edits", EDITS, [])):
                write_rows(folder / table / part_name(number), given, schema)
        return Facts({"input": len(rows), "kept": len(rows), "rejected": 0}, licences_of(rows))

    return ran(Corpus, write)


def made(stage: Stage[Corpus], config: Any, workers: int = 2, seed: int = 0, **inputs: Any) -> Corpus:
    """What a stage makes of its inputs."""
    return ran(Corpus, lambda work: stage.body(work, config, **inputs), work=True, workers=workers, seed=seed)


def rows(corpus: Corpus, table: str) -> list[dict[str, Any]]:
    return read_rows(corpus.path / table)


def contents(corpus: Corpus) -> str:
    return corpus.manifest.content_hash


@cache
def paragraphs(language: str) -> tuple[str, ...]:
    """Real paragraphs of a bilingual manual, each long enough to be told from others."""
    text = "\n\n".join(text for _, text in chapter(language))
    least = 60 if language == "zh" else 150
    return tuple(dict.fromkeys(part.strip() for part in text.split("\n\n") if len(part.strip()) >= least))
