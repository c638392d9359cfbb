"""Training a vocabulary and encoding with it, against Hugging Face `tokenizers`: CPU-seconds, by language.

    python benchmarks/train_tokenizer.py english.txt chinese.txt [--size 16384] [--rounds 5]

Each file holds documents in one language, parted by form feeds. Both sides encode the same documents with the same `tokenizer.json`; ids are
compared before anything is timed. Encoding is timed on one thread, turn and turn about, and the ratio is of medians.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("RAYON_NUM_THREADS", "1")

import pyarrow as pa
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

from danlu.model.bulk_encoder import BulkEncoder
from danlu.model.byte_level import QWEN2_SPLIT, to_characters
from danlu.train.vocabulary.byte_pairs import merges_of, train_ranks
from danlu.train.vocabulary.files import bpe_json


def main() -> None:
    """Print one table for training and one for encoding."""
    options = argparse.ArgumentParser()
    options.add_argument("texts", nargs="+", type=Path)
    options.add_argument("--size", type=int, default=16384)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    texts = {path.stem: path.read_text(encoding="utf-8").split("\f") for path in given.texts}
    everything = [text for of_language in texts.values() for text in of_language]
    tokenizer = _train_both(everything, given.size)
    _encode_both(tokenizer, texts, given.rounds)


def _train_both(texts: list[str], size: int) -> str:
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    peer_s = _seconds(lambda: _peer(texts, size))
    made: list[str] = []
    own_s = _seconds(lambda: made.append(_own(texts, size)))
    print(
        f"train {size} on {megabytes:.1f} MB: tokenizers {peer_s:.1f} s, danlu (rustbpe) {own_s:.1f} s, {peer_s / own_s:.1f}x"
    )
    return made[0]


def _own(texts: list[str], size: int) -> str:
    ranks, _ = train_ranks(iter(texts), size)
    pieces = {to_characters(piece): rank for piece, rank in ranks.items()}
    return json.dumps(bpe_json(pieces, merges_of(ranks), []))


def _peer(texts: list[str], size: int) -> None:
    peer: Any = Tokenizer(models.BPE())
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    peer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(QWEN2_SPLIT), "isolated"), byte_level])
    trainer = trainers.BpeTrainer(vocab_size=size, show_progress=False, initial_alphabet=byte_level.alphabet())
    peer.train_from_iterator(texts, trainer)


def _encode_both(tokenizer: str, texts: dict[str, list[str]], rounds: int) -> None:
    import tiktoken

    facts = json.loads(tokenizer)
    to_byte = {to_characters(bytes([byte])): byte for byte in range(256)}
    ranks = {bytes(to_byte[c] for c in piece): rank for piece, rank in facts["model"]["vocab"].items()}
    fast = tiktoken.Encoding("bench", pat_str=QWEN2_SPLIT, mergeable_ranks=ranks, special_tokens={})
    bulk, library = BulkEncoder.of(tokenizer), Tokenizer.from_str(tokenizer)
    bulk.encode(["compiled before the clock starts"])
    for language, documents in texts.items():
        column = pa.array(documents, pa.large_string())
        encoded, found = bulk.encode(column), library.encode_batch_fast(documents, add_special_tokens=False)
        equal = sum(encoded.of(at).tolist() == found[at].ids for at in range(len(documents)))
        sides: dict[str, Callable[[], object]] = {
            "tokenizers": lambda documents=documents: library.encode_batch_fast(documents, add_special_tokens=False),  # type: ignore[misc]
            "tiktoken": lambda documents=documents: [fast.encode_ordinary(text) for text in documents],  # type: ignore[misc]
            "danlu": lambda column=column: bulk.encode(column),  # type: ignore[misc]
        }
        times: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(rounds):
            for name, side in sides.items():
                times[name].append(_seconds(side))
        megabytes = sum(len(text.encode()) for text in documents) / 1e6
        medians = {name: statistics.median(seconds) for name, seconds in times.items()}
        said = ", ".join(
            f"{name} {megabytes / s:.1f} MB/s ({medians['tokenizers'] / s:.1f}x)" for name, s in medians.items()
        )
        print(f"encode {language}, {megabytes:.1f} MB, ids equal in {equal} of {len(documents)} documents: {said}")


def _seconds(work: Callable[[], object]) -> float:
    """CPU-seconds of the whole process."""
    started = time.process_time()
    work()
    return time.process_time() - started


if __name__ == "__main__":
    main()
