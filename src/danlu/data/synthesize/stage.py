"""Synthesize: questions with verbatim answers and instructions with replies, from a corpus; kept + rejected = generated.

What a document's form says is read in workers, part by part; a model is asked in this process, passage by passage, within
a budget of tokens. A question that was asked before is dropped, whichever document it came from. All that was made of one
document, and of the variants of one, is on one side; in a split corpus on the document's side.

The artifact is a Chats: `train.jsonl` and `held_out.jsonl` hold conversations with their provenance, and `questions.jsonl`
the questions in the form that measures an index. It is no Corpus: a conversation has no text of its own to clean or cite.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from danlu.core.artifacts import Chats, Corpus
from danlu.core.errors import WorkFailed
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.data.augment.expand import text_hash
from danlu.data.augment.variants import random_of
from danlu.data.parts import parts_of
from danlu.data.shards import finish
from danlu.data.synthesize.by_model import Asked, ask_all
from danlu.data.synthesize.completes import Completes
from danlu.data.synthesize.instruct import BY_RULES, instructions_from_rules
from danlu.data.synthesize.pairs import Limits, Pair, check, dumped
from danlu.data.synthesize.rules import from_rules
from danlu.data.synthesize.sides import side_of
from danlu.text.records import REJECTS, Document, Reject, part_name
from danlu.text.sections import RULES
from danlu.text.segment import fold
from danlu.text.tables import TableWriter, read_groups

Kind = Literal["heading", "definition", "faq", "table", "cloze", "title", "extract"]
ModelKind = Literal["question", "summarise", "rewrite", "classify"]


class SynthesizeConfig(Config):
    """What is made, and the bounds that it must keep."""

    kinds: tuple[Kind, ...] = ("heading", "definition", "faq", "table", "cloze", "title", "extract")
    """What is made without a model."""
    model_kinds: tuple[ModelKind, ...] = ("question",)
    """What a model is asked for, when there is one."""
    labels: tuple[str, ...] = ()
    """The classes that `classify` chooses from."""
    answer_characters: int = Field(400, ge=20)
    """Longest verbatim answer."""
    passage_characters: int = Field(2000, ge=200)
    """Longest passage that an instruction holds."""
    questions_per_passage: int = Field(3, ge=1, le=8)
    """Questions that a model is asked for at once."""
    round_trip: float = Field(0.5, ge=0, le=1)
    """Least overlap (F1 of words) of a model's answer with what it finds when asked again; 0 asks once and checks less."""
    max_tokens: int = Field(600, ge=32)
    """Tokens of one reply."""
    budget_tokens: int = Field(1_000_000, ge=1)
    """Tokens of all prompts and replies: when they are spent, no further passage is asked about."""
    held_out_share: float = Field(0.1, ge=0, lt=1)
    """Share of the documents whose pairs never train, where the corpus was not split before."""


@dataclass(frozen=True)
class _Shard:
    source: Path
    outcome: Path


def _synthesize(work: Work, config: SynthesizeConfig, *, documents: Corpus, model: Completes | None = None) -> Facts:
    parts = parts_of(documents)
    shards = [_Shard(path, work.scratch / f"rules-{number:05}.jsonl") for number, path in enumerate(parts)]
    if config.kinds:
        finish(work, partial(_rules_of_part, config, work.seed), shards)
    asked = Asked(config.budget_tokens)
    with _Writer(work, documents, config) as writer:
        for number, shard in enumerate(shards):
            if config.kinds:
                writer.take(shard.source.name, _lines(shard.outcome))
            if model is not None:
                writer.take(shard.source.name, ask_all(model, read_part(shard.source), config, asked))
            work.progress.advance(number + 1, len(shards), shard.source.stem)
    if not writer.counts["kept"]:
        raise WorkFailed(
            "No pair could be made of these documents",
            "Pairs need headings, definitions, tables or names; or give a model: --model URL NAME.",
        )
    return Facts(writer.facts() | (asked.counts() if model is not None else {}), tuple(sorted(writer.licences)))


def read_part(path: Path) -> Iterator[Document]:
    """The documents of one part, a row group at a time."""
    return (Document.of(row) for table in read_groups(path) for row in table.to_pylist())


def _rules_of_part(config: SynthesizeConfig, seed: int, shard: _Shard) -> None:
    """Everything that is made of a part without a model, one JSON line per attempt."""
    half = shard.outcome.with_suffix(".half")
    limits = Limits(config.answer_characters)
    with half.open("w", encoding="utf-8") as file:
        for document in read_part(shard.source):
            kinds = tuple(config.kinds)
            random = random_of(seed, document.doc_id, "synthesize", 0)
            found = list(from_rules(document, kinds, random, config.answer_characters))
            if set(kinds) & set(BY_RULES):
                found += instructions_from_rules(document, kinds, config.passage_characters)
            file.writelines(dumped([attempt(pair, document, limits)]) for pair in found)
    half.rename(shard.outcome)


def attempt(pair: Pair, document: Document, limits: Limits) -> dict[str, Any]:
    """A row that is kept, or the reject that takes its place."""
    reject = check(pair, document, limits)
    return {"reject": asdict(reject)} if reject else pair.row(document)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


class _Writer:
    """Writes rows to their side, drops questions that were asked before (a hash of 8 bytes each), and counts."""

    def __init__(self, work: Work, documents: Corpus, config: SynthesizeConfig) -> None:
        self._folder = work.folder
        self._side: Callable[[str, str], str] = side_of(documents, config.held_out_share, work.seed)
        self._files = {
            n: (work.folder / f"{n}.jsonl").open("w", encoding="utf-8") for n in ("train", "held_out", "questions")
        }
        self._rejects = TableWriter(work.folder / "rejects" / part_name(0), REJECTS)
        self._asked: set[int] = set()
        self.counts: Counter[str] = Counter()
        self._rules: Counter[str] = Counter()
        self.licences: set[str] = set()

    def __enter__(self) -> "_Writer":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        for file in self._files.values():
            file.close()
        self._rejects.__exit__(kind, error, trace)

    def take(self, part: str, attempts: Iterable[Mapping[str, Any]]) -> None:
        """Write each attempt where it belongs."""
        for row in attempts:
            self.counts["input"] += 1
            reject = Reject(**row["reject"]) if "reject" in row else self._repeated(row)
            if reject:
                self._rejects.add_rows([asdict(reject)])
                self._rules[reject.rule] += 1
            else:
                self._keep(part, row)

    def _repeated(self, row: Mapping[str, Any]) -> Reject | None:
        question = row["messages"][0]["content"]
        key = text_hash(fold(question))
        if key in self._asked:
            return Reject(
                row["id"], row["source"], "question asked before", "the same question", "a question of its own"
            )
        self._asked.add(key)
        return None

    def _keep(self, part: str, row: Mapping[str, Any]) -> None:
        side = self._side(part, row["parent"])
        self._files[side].write(dumped([row]))
        if row["verbatim"]:
            self._files["questions"].write(dumped([_as_measure(row, side)]))
        self.counts["kept"] += 1
        self.counts[f"pairs {side}"] += 1
        self.counts[f"made: {row['kind']}"] += 1
        self.licences.add(row["licence"])

    def facts(self) -> dict[str, int]:
        """Counts for the manifest: input = kept + rejected, by rule and by kind."""
        counts = {"input": self.counts["input"], "kept": self.counts["kept"], "rejected": sum(self._rules.values())}
        counts |= {f"rejected: {rule}": count for rule, count in sorted(self._rules.items())}
        return counts | {name: n for name, n in sorted(self.counts.items()) if name not in counts}


def _as_measure(row: Mapping[str, Any], side: str) -> dict[str, Any]:
    """A question in the form in which `danlu evaluate INDEX --data` reads it."""
    turns = row["messages"]
    kept = {name: row[name] for name in ("language", "doc_id", "start", "end")}
    return {"question": turns[0]["content"], "file": row["source"], "quote": turns[1]["content"], "split": side, **kept}


synthesize = Stage(
    "synthesize",
    version=1,
    makes=Chats,
    body=_synthesize,
    config=SynthesizeConfig,
    libraries=("rjieba", "PyStemmer"),
    rules=(*RULES, ("pairs", 1), ("pairs from rules", 1), ("pairs by a model", 1), ("protected spans", 1)),
    resumable=True,
)
