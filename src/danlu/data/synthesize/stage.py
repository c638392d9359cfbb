"""Synthesize: questions with verbatim answers and instructions with replies, from a corpus; kept + rejected = generated.

What a document's form says is read in workers, part by part; a model is asked in this process, passage by passage, within
a budget of tokens. A question that was asked before is dropped, whichever document it came from. All that was made of one
document, and of the variants of one, is on one side; in a split corpus on the document's side.

The artifact is a Chats: `train.jsonl` and `held_out.jsonl` hold conversations with their provenance, and `questions.jsonl`
the questions in the form that measures an index. It is no Corpus: a conversation has no text of its own to clean or cite.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from danlu.core.artifacts import Chats, Corpus
from danlu.core.errors import WorkFailed
from danlu.core.hashing import short_id
from danlu.core.shards import finish
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.data.augment.protected import VERSION as PROTECTED
from danlu.data.augment.variants import random_of
from danlu.data.parts import parts_of
from danlu.data.synthesize.by_model import Asked, ask_all
from danlu.data.synthesize.completes import Completes
from danlu.data.synthesize.instruct import BY_RULES, instructions_from_rules
from danlu.data.synthesize.pairs import Limits, Pair, Rejected, check, dumped
from danlu.data.synthesize.private import RULE, Scanned, held, scanned
from danlu.data.synthesize.private import RULES as PRIVATE_RULES
from danlu.data.synthesize.rules import from_rules
from danlu.data.synthesize.writing import PairWriter
from danlu.text.records import Reject, read_documents
from danlu.text.sections import RULES
from danlu.text.segment import LIBRARIES

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
    personal_data: Literal["reject", "keep"] = "reject"
    """What is done with pairs, and with passages for a model, that hold personal data or secrets; `keep` where the corpus was redacted by pseudonyms."""
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
    with PairWriter(work, documents, config.held_out_share) as writer:
        for number, shard in enumerate(shards):
            if config.kinds:
                writer.take(shard.source.name, _lines(shard.outcome))
            if model is not None:
                documents_of_part = scanned(read_documents(shard.source), config.personal_data == "reject")
                writer.take(shard.source.name, ask_all(model, documents_of_part, config, asked))
            work.progress.advance(number + 1, len(shards), shard.source.stem)
    counts = writer.facts() | (asked.counts() if model is not None else {})
    _check_any(counts)
    return Facts(counts, tuple(sorted(writer.licences)), note=_note(config, counts))


def _check_any(counts: Mapping[str, int]) -> None:
    """Raises WorkFailed when there is no pair."""
    private = counts.get(f"rejected: {RULE}", 0)
    if not counts["kept"] and private:
        raise WorkFailed(
            "No pair could be made of these documents: {count} hold personal data or secrets",
            "`danlu redact` masks them; --set synthesize.personal_data=keep leaves them in.",
            count=private,
        )
    if not counts["kept"]:
        raise WorkFailed(
            "No pair could be made of these documents",
            "Pairs need headings, definitions, tables or names; or give a model: --model URL NAME.",
        )


def _note(config: SynthesizeConfig, counts: Mapping[str, int]) -> str:
    """What a user would not see in the files."""
    private = counts.get(f"rejected: {RULE}")
    empty = config.held_out_share and not counts.get("pairs held_out")
    if private and empty:
        return f"{PRIVATE}; and {NOTHING_HELD_OUT}"
    return PRIVATE if private else NOTHING_HELD_OUT if empty else ""


PRIVATE = (
    "personal data or secrets stand in these documents: what holds them was left out; `danlu redact` masks them first"
)
NOTHING_HELD_OUT = "held_out.jsonl is empty: there are too few documents for a share of them; `danlu split` them first, or measure on others"


def _rules_of_part(config: SynthesizeConfig, seed: int, shard: _Shard) -> None:
    """Everything that is made of a part without a model, one JSON line per attempt."""
    half = shard.outcome.with_suffix(".half")
    limits = Limits(config.answer_characters)
    with half.open("w", encoding="utf-8") as file:
        for given in scanned(read_documents(shard.source), config.personal_data == "reject"):
            document, kinds = given.document, tuple(config.kinds)
            random = random_of(seed, document.doc_id, "synthesize", 0)
            found = list(from_rules(document, kinds, random, config.answer_characters))
            if set(kinds) & set(BY_RULES):
                found += instructions_from_rules(document, kinds, config.passage_characters)
            file.writelines(dumped([attempt(pair, given, limits)]) for pair in found)
    half.rename(shard.outcome)


def attempt(pair: Pair | Rejected, given: Scanned, limits: Limits) -> dict[str, Any]:
    """A row that is kept, or the reject that takes its place."""
    document = given.document
    if isinstance(pair, Rejected):
        id = short_id(["pair", document.doc_id, pair.kind, pair.start, pair.rule])
        return {"reject": asdict(Reject(id, document.source, pair.rule, pair.value, pair.threshold))}
    id = pair.id(document.doc_id)
    reject = check(pair, document, limits) or held(id, document.source, given.kinds_of(pair))
    return {"reject": asdict(reject)} if reject else pair.row(document)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


synthesize = Stage(
    "synthesize",
    version=1,
    makes=Chats,
    body=_synthesize,
    config=SynthesizeConfig,
    libraries=LIBRARIES,
    rules=(
        *RULES,
        *PRIVATE_RULES,
        ("pairs", 1),
        ("pairs from rules", 3),
        ("pairs by a model", 1),
        ("protected spans", PROTECTED),
    ),
    resumable=True,
)
