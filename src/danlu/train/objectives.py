"""What a pretraining does with its rows: go on with them (decoder), tell hidden tokens (BERT), say runs that were cut out (T5).

The three have one loop, one packing and one vocabulary. A vocabulary of danlu has reserved special tokens: the first is the mask, and
all of them are sentinels, unless the tokenizer declares its own.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from danlu.core.errors import UserError
from danlu.loop.causal import CausalLearner
from danlu.loop.feed import Feed
from danlu.loop.masked_batch import MaskedFeed, Masking
from danlu.loop.masked_learner import MaskedLearner
from danlu.loop.packed import PackedCorpus
from danlu.loop.row_source import CorpusRows
from danlu.loop.seq2seq_learner import Seq2seqLearner
from danlu.loop.span_corruption import Corruption, SpanFeed
from danlu.loop.token_feed import TokenFeed
from danlu.model.families import Kind

KINDS: dict[str, Kind] = {"causal": "causal", "masked": "masked", "span-corruption": "seq2seq"}
"""The kind of model that an objective trains."""
_RESERVED = re.compile(r"<\|reserved_\d+\|>|<extra_id_\d+>")


@dataclass(frozen=True)
class Specials:
    """Special tokens of a tokenizer, by what they are for."""

    vocabulary_size: int
    special_ids: frozenset[int]
    pad_id: int
    mask_id: int | None
    sentinel_ids: tuple[int, ...]

    @classmethod
    def read(cls, folder: Path, end_id: int) -> "Specials":
        """Of the tokenizer in a folder; a vocabulary without a padding token pads with its end of text, which is never looked at."""
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        special = {token.content: id for id, token in tokenizer.get_added_tokens_decoder().items() if token.special}
        declared = _declared(folder)
        reserved = sorted(id for name, id in special.items() if _RESERVED.fullmatch(name))
        sentinels = [special[f"<extra_id_{at}>"] for at in range(len(special)) if f"<extra_id_{at}>" in special]
        mask = special.get(declared.get("mask_token", ""), reserved[0] if reserved else None)
        pad = special.get(declared.get("pad_token", ""), end_id)
        size = 1 + max(tokenizer.get_vocab(with_added_tokens=True).values())
        return cls(size, frozenset(special.values()), pad, mask, tuple(sentinels or reserved))

    def masking(self) -> Masking:
        """Raises UserError when no token can be the mask."""
        if self.mask_id is None:
            raise UserError(
                "The tokenizer has no special token that can stand for hidden ones",
                "Take a vocabulary of `danlu tokenizer`, or one with [MASK].",
            )
        return Masking(self.mask_id, self.pad_id, self.vocabulary_size, self.special_ids)

    def corruption(self, end_id: int) -> Corruption:
        """Raises UserError when no token can stand for a run that was cut out."""
        if not self.sentinel_ids:
            raise UserError(
                "The tokenizer has no special token that can stand for a run that was cut out",
                "Take a vocabulary of `danlu tokenizer`, with tokenizer.reserved=100 as T5 has, or one with <extra_id_0>.",
            )
        return Corruption(self.sentinel_ids, end_id, self.pad_id)


def make_learner(objective: str, model: Any) -> torch.nn.Module:
    """The model with the loss of its objective."""
    return {"causal": CausalLearner, "masked": MaskedLearner, "span-corruption": Seq2seqLearner}[objective](model)


def make_feed(
    objective: str,
    feed: TokenFeed,
    corpora: Sequence[PackedCorpus],
    specials: Specials,
    micro_batch_rows: int,
    seed: int,
) -> Feed:
    """The rows that `feed` draws of its corpora, as the objective needs them."""
    if objective == "causal":
        return feed
    rows = CorpusRows(feed, corpora)
    if objective == "masked":
        return MaskedFeed(rows, specials.masking(), micro_batch_rows=micro_batch_rows, seed=seed)
    corruption = specials.corruption(corpora[0].shards.encoding.end_id)
    return SpanFeed(rows, corruption, micro_batch_rows=micro_batch_rows, seed=seed)


def _declared(folder: Path) -> dict[str, str]:
    """Special tokens by their roles, as tokenizer_config.json names them."""
    path = folder / "tokenizer_config.json"
    facts = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    found = {name: facts.get(name) for name in ("mask_token", "pad_token")}
    return {name: str(value["content"] if isinstance(value, dict) else value) for name, value in found.items() if value}
