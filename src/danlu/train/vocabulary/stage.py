"""Train or extend a vocabulary, prove it, and report what it costs.

Three stages make a Vocabulary: `train_vocabulary` (byte-level BPE), `train_unigram` and `extend_vocabulary`. Beside the files of
the tokenizer lies `report.json`: tokens by language on documents that were not learnt from, and which encoders were shown
to agree on them.
"""

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from danlu.core.artifacts import Artifact, Corpus, Vocabulary
from danlu.core.errors import Phrase, UserError
from danlu.core.stages import Facts, Stage, Work
from danlu.model.bulk_encoder import BulkEncoder
from danlu.model.byte_level import QWEN2_SPLIT, to_characters
from danlu.train.vocabulary.byte_pairs import merges_of, train_ranks
from danlu.train.vocabulary.config import TokenizerConfig
from danlu.train.vocabulary.extension import extend
from danlu.train.vocabulary.fertility import fertility, rare_pieces, said
from danlu.train.vocabulary.files import bpe_json, special_tokens, unigram_json, write_beside, write_tokenizer
from danlu.train.vocabulary.proof import Encode, prove
from danlu.train.vocabulary.sample import Sample, draw_sample, texts_of
from danlu.train.vocabulary.unigram import count_pieces, train_unigram

ADDED_FILE = "added.json"
"""In an extended vocabulary: each new piece, its id, and the old ids that spell it."""
_COPIED = ("tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja")


class _Texts:
    """What a vocabulary reads of a corpus."""

    def __init__(self, work: Work, config: TokenizerConfig, corpus: Corpus) -> None:
        self._parts = sorted(corpus.documents.glob("*.parquet"))
        self._progress = work.progress
        self.sample: Sample = draw_sample(self._parts, config, work.seed)

    def train(self) -> Iterable[pa.Array]:
        """Columns of the texts to learn from."""
        doc_ids = [doc_id for of_language in self.sample.train.values() for doc_id in of_language]
        done = 0
        for column in texts_of(self._parts, doc_ids):
            yield column
            done += len(column)
            self._progress.advance(done, len(doc_ids))

    def held(self) -> dict[str, list[str]]:
        """The texts that measure, by language."""
        return {
            language: [text for column in texts_of(self._parts, doc_ids) for text in column.to_pylist()]
            for language, doc_ids in self.sample.held.items()
        }


def _train_bpe(work: Work, config: TokenizerConfig, *, documents: Corpus) -> Facts:
    texts, special = _Texts(work, config, documents), special_tokens(config.reserved)
    _check_size(config, special)
    ranks, encode = train_ranks(
        (text for column in texts.train() for text in column.to_pylist()), config.size - len(special)
    )
    pieces = {to_characters(piece): rank for piece, rank in ranks.items()}
    tokenizer = bpe_json(pieces, merges_of(ranks), special)
    return _told_size(work, config, _finish(work, texts, tokenizer, {"rustbpe": encode, "tiktoken": _tiktoken(ranks)}))


def _train_unigram(work: Work, config: TokenizerConfig, *, documents: Corpus) -> Facts:
    texts, special = _Texts(work, config, documents), special_tokens(config.reserved)
    _check_size(config, special)
    pieces = train_unigram(count_pieces(texts.train()), config.size - len(special), work.scratch)
    return _told_size(work, config, _finish(work, texts, unigram_json(pieces, special), {}))


def _extend(work: Work, config: TokenizerConfig, *, documents: Corpus, base: Artifact) -> Facts:
    if config.algorithm != "bpe":
        raise UserError(
            "tokenizer.algorithm is {algorithm}, and with --base only bpe can be",
            "Leave out --base, or tokenizer.algorithm.",
            algorithm=config.algorithm,
        )
    texts = _Texts(work, config, documents)
    before = (base.path / "tokenizer.json").read_text(encoding="utf-8")
    old = BulkEncoder.of(before)
    extended = extend(json.loads(before), old, texts.train(), config.added_pieces)
    added = [new._asdict() for new in extended.added]
    (work.folder / ADDED_FILE).write_text(json.dumps(added, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for name in _COPIED:
        if (base.path / name).is_file():
            shutil.copyfile(base.path / name, work.folder / name)
    spelt = {new.id: new.spelt for new in extended.added}
    tokenizer = json.dumps(extended.tokenizer, ensure_ascii=False)
    _prove_spelling(tokenizer, old, spelt, texts.held())
    facts = _finish(work, texts, extended.tokenizer, {}, old)
    return Facts({**facts.counts, "added": len(added)}, (*facts.licences, *base.manifest.licences), facts.note)


def _prove_spelling(
    tokenizer: str, old: BulkEncoder, spelt: Mapping[int, Sequence[int]], held: Mapping[str, Sequence[str]]
) -> None:
    """Every new piece written out as its old pieces gives the old ids."""
    new = BulkEncoder.of(tokenizer)
    for texts in held.values():
        written = [part for id in new.encode(texts).ids.tolist() for part in spelt.get(id, (id,))]
        assert written == old.encode(texts).ids.tolist(), "an extension that cuts a text otherwise"


def _finish(
    work: Work,
    texts: _Texts,
    tokenizer: dict[str, Any],
    others: Mapping[str, Encode],
    old: BulkEncoder | None = None,
) -> Facts:
    """Write the vocabulary, prove it on held-out text and report."""
    write_tokenizer(work.folder, tokenizer)
    if old is None:
        write_beside(work.folder)
    text, held, sample = json.dumps(tokenizer, ensure_ascii=False), texts.held(), texts.sample
    encoder = BulkEncoder.of(text)
    uses_V = np.zeros(encoder.vocabulary_size, np.int64)
    for column in texts.train():
        uses_V += np.bincount(encoder.encode(column).ids, minlength=len(uses_V))
    found = fertility(encoder, held)
    report: dict[str, Any] = {
        "algorithm": str(tokenizer["model"]["type"]).lower(),
        "size": encoder.vocabulary_size,
        "rare_pieces": rare_pieces(uses_V[old.vocabulary_size :] if old else uses_V),
        "proof": prove(text, others, held),
        "languages": found,
        "measured_on_training_text": list(sample.only_trained),
    }
    if old is not None:
        report["before"] = fertility(old, held)
    (work.folder / "report.json").write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    counts = {**sample.counts(), "tokens in the vocabulary": report["size"], "rare pieces": report["rare_pieces"]}
    return Facts(counts, sample.licences, note=f"bytes per token: {said(found)}")


def _told_size(work: Work, config: TokenizerConfig, facts: Facts) -> Facts:
    if (made := int(facts.counts["tokens in the vocabulary"])) < config.size:
        work.progress.line(
            Phrase(
                "{asked} tokens were asked for: these documents have pieces for {made}", asked=config.size, made=made
            )
        )
    return facts


def _check_size(config: TokenizerConfig, special: Sequence[str]) -> None:
    least = 256 + len(special)
    if config.size <= least:
        raise UserError(
            "tokenizer.size is {size}, and the bytes and special tokens alone are {least}",
            "Expected more: 8192 suits small models on few documents.",
            size=config.size,
            least=least,
        )


def _tiktoken(ranks: dict[bytes, int]) -> Encode:
    import tiktoken

    return tiktoken.Encoding("danlu", pat_str=QWEN2_SPLIT, mergeable_ranks=ranks, special_tokens={}).encode_ordinary


train_vocabulary = Stage(
    "train_vocabulary",
    version=1,
    makes=Vocabulary,
    body=_train_bpe,
    config=TokenizerConfig,
    libraries=("rustbpe", "tiktoken", "tokenizers"),
)
train_unigram_vocabulary = Stage(
    "train_unigram",
    version=1,
    makes=Vocabulary,
    body=_train_unigram,
    config=TokenizerConfig,
    libraries=("sentencepiece", "tokenizers"),
    numeric=True,
)
extend_vocabulary = Stage(
    "extend_vocabulary", version=1, makes=Vocabulary, body=_extend, config=TokenizerConfig, libraries=("tokenizers",)
)
