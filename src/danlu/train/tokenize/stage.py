"""Tokenize: a corpus, or conversations, as token shards that a training reads at any place at once.

Each document ends with the end-of-text token. What a document says is encoded as characters, also where it spells a
special token. Parts are the corpus's own, made in workers and taken up again after a kill.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from pydantic import Field

from danlu.core.artifacts import Artifact, Chats, Corpus, TokenShards
from danlu.core.errors import WorkFailed
from danlu.core.shards import finish
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.core.store import link
from danlu.loop.shard_writer import join_parts
from danlu.loop.shards import Encoding
from danlu.model.chats import read_chats
from danlu.text.records import part_name
from danlu.train.tokenize.parts import (
    DOCUMENTS,
    FACTS,
    REJECTED,
    ChatsShard,
    DocumentsShard,
    HowDocuments,
    tokenize_conversations,
    tokenize_documents,
)
from danlu.train.tokenize.tokenizer import DocumentTokens, TokenizerFiles

_PART_CONVERSATIONS = 5000
_SMALLEST_SHARE = 0.01
"""Of the tokens: languages with less are counted together, since telling them errs on lists and code."""
_MOST_JUNK = 0.5
"""Share of a language's documents. With more it is the tokenizer that does not fit, and not the documents."""
_FEWEST_JUNK = 3
"""Documents: one or two of a language that was told for noise say nothing of the tokenizer."""


class TokenizeConfig(Config):
    """What ends a document, and which documents are no text."""

    end_token: str = ""
    """A special token; empty: `<|endoftext|>` or `<|end_of_text|>` where the tokenizer has it, else its `eos_token`."""
    max_tokens_per_character: float = Field(2.5, gt=0)
    """Above it a document of 64 characters or more is rejected: it is spelt out byte by byte, in a script that the tokenizer
    does not know or in none. With SmolLM2's tokenizer English has 0.25, base64 0.8, Chinese 1.1, Thai 1.9, private-use
    characters 3, rare Han 4."""


class TokenizeChatsConfig(Config):
    """Which conversations."""

    side: Literal["train", "held_out"] = "train"
    """Those to learn from, or those to measure with."""
    max_tokens: int | None = Field(None, ge=2)
    """Longer conversations are rejected: name the size of a row, so that none is cut and every reply has all of its
    conversation before it. None keeps them."""


def _tokenize(work: Work, config: TokenizeConfig, *, documents: Corpus, tokenizer: TokenizerFiles | Artifact) -> Facts:
    encoding = _encoding(tokenizer.path, config.end_token, has_loss_mask=False)
    how = HowDocuments(tokenizer.path, encoding, config.max_tokens_per_character)
    parts = sorted(documents.documents.glob("*.parquet"))
    shards = [DocumentsShard(path, work.scratch / f"part-{number:05}") for number, path in enumerate(parts)]
    finish(work, partial(tokenize_documents, how), shards)
    facts = _gather(work, [shard.outcome for shard in shards], encoding)
    counts, tokens = facts.counts, facts.tokens.total()
    _check_kept(facts, config.max_tokens_per_character)
    counts |= {"tokens": tokens} | _by_language(facts.tokens)
    note = f"{facts.text_bytes / tokens:.2f} bytes per token"
    return Facts(counts, facts.licences, note=note)


def _tokenize_chats(
    work: Work, config: TokenizeChatsConfig, *, chats: Chats, tokenizer: TokenizerFiles | Artifact
) -> Facts:
    path = chats.train if config.side == "train" else chats.held_out
    rows, encoding = read_chats(path), _encoding(tokenizer.path, "", has_loss_mask=True)
    shards = [
        ChatsShard(path, work.scratch / f"part-{number:05}", tuple(rows[start : start + _PART_CONVERSATIONS]))
        for number, start in enumerate(range(0, len(rows), _PART_CONVERSATIONS))
    ]
    finish(work, partial(tokenize_conversations, tokenizer.path, encoding, config.max_tokens), shards)
    facts = _gather(work, [shard.outcome for shard in shards], encoding)
    if not facts.counts["kept"]:
        raise WorkFailed(
            "All of {input} conversations are longer than {max_tokens} tokens",
            "Raise tokenize.max_tokens.",
            input=facts.counts["input"],
            max_tokens=config.max_tokens,
        )
    counts = {"tokens": facts.tokens.total(), "tokens learnt": facts.learnt}
    return Facts(facts.counts | counts, chats.manifest.licences)


def _encoding(folder: Path, end_token: str, *, has_loss_mask: bool) -> Encoding:
    found = DocumentTokens.read(folder, end_token)
    return Encoding(found.vocabulary_size, found.end_id, found.tokenizer, has_loss_mask)


@dataclass
class _Counted:
    """What the parts add up to."""

    counts: dict[str, int]
    tokens: Counter[str]
    """By language."""
    learnt: int
    text_bytes: int
    licences: tuple[str, ...]
    documents: Counter[str]
    """That came in, by language."""
    junk: Counter[str]
    """Of them: rejected since the tokenizer does not know their script."""


def _gather(work: Work, outcomes: Sequence[Path], encoding: Encoding) -> _Counted:
    """Join finished parts, those without a document left out, and add up what they counted."""
    facts = [json.loads((outcome / FACTS).read_text(encoding="utf-8")) for outcome in outcomes]
    full = [outcome for outcome, fact in zip(outcomes, facts, strict=True) if fact["kept"]]
    for name, of in ((DOCUMENTS, full), (REJECTED, outcomes)):
        folder = work.folder / Path(name).stem
        folder.mkdir()
        for number, outcome in enumerate(of):
            link(outcome / name, folder / part_name(number))
    join_parts(work.folder, full, encoding)
    kept, rejected = sum(fact["kept"] for fact in facts), sum(fact["rejected"] for fact in facts)
    counts = {"input": kept + rejected, "kept": kept, "rejected": rejected}
    rules = sum((Counter(fact["rules"]) for fact in facts), Counter[str]())
    return _Counted(
        counts | {f"rejected: {rule}": rules[rule] for rule in sorted(rules)},
        sum((Counter(fact["tokens"]) for fact in facts), Counter[str]()),
        sum(fact["learnt"] for fact in facts),
        sum(fact["text_bytes"] for fact in facts),
        tuple(sorted({licence for fact in facts for licence in fact["licences"]})),
        sum((Counter(fact["documents"]) for fact in facts), Counter[str]()),
        sum((Counter(fact["junk"]) for fact in facts), Counter[str]()),
    )


def _by_language(tokens: Counter[str]) -> dict[str, int]:
    """Tokens of each language that has its share, and of all others together."""
    least = _SMALLEST_SHARE * tokens.total()
    named = {f"tokens {language}": count for language, count in sorted(tokens.items()) if count >= least}
    others = tokens.total() - sum(named.values())
    return named | ({"tokens of other languages": others} if others else {})


def _check_kept(facts: _Counted, bound: float) -> None:
    """Raises WorkFailed when nothing is left, or the tokenizer is the wrong one for a language: none may vanish."""
    for language, junk in sorted(facts.junk.items()):
        if junk > _MOST_JUNK * facts.documents[language] and junk >= _FEWEST_JUNK:
            raise WorkFailed(
                "{junk} of {input} documents in {language} take more than {bound:g} tokens for a character: the tokenizer does not know their script",
                "Train one on such texts (`danlu tokenizer`), or raise tokenize.max_tokens_per_character.",
                junk=junk,
                input=facts.documents[language],
                language=language,
                bound=bound,
            )
    if not facts.counts["kept"]:
        raise WorkFailed(
            "None of {input} documents has any text", "Look at what was collected.", input=facts.counts["input"]
        )


tokenize = Stage(
    "tokenize",
    version=1,
    makes=TokenShards,
    body=_tokenize,
    config=TokenizeConfig,
    libraries=("pyarrow", "tokenizers"),
    rules=(("shards", 1),),
    resumable=True,
)
tokenize_chats = Stage(
    "tokenize_chats",
    version=1,
    makes=TokenShards,
    body=_tokenize_chats,
    config=TokenizeChatsConfig,
    libraries=("jinja2", "pyarrow", "tokenizers"),
    rules=(("shards", 1),),
    resumable=True,
)
