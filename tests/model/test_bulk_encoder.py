"""The bulk encoder gives exactly the ids that `tokenizers` gives."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora import manuals
from danlu.core.errors import UserError
from danlu.model.bulk_encoder import BulkEncoder
from danlu.model.byte_level import BYTE_CHARACTERS, QWEN2_SPLIT

_BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
_GPT2 = _BYTE_LEVEL | {"use_regex": True}
_LLAMA3 = QWEN2_SPLIT.replace(r"\p{N}|", r"\p{N}{1,3}|")
_DIGITS = {"type": "Digits", "individual_digits": True}


def _split(pattern: str) -> dict[str, Any]:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


def _sequence(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Sequence", "pretokenizers": list(steps)}


KINDS = {
    "qwen": (_sequence(_split(QWEN2_SPLIT), _BYTE_LEVEL), {}),
    "qwen, NFC": (_sequence(_split(QWEN2_SPLIT), _BYTE_LEVEL), {"normalizer": {"type": "NFC"}}),
    "llama 3": (_sequence(_split(_LLAMA3), _BYTE_LEVEL), {"ignore_merges": True}),
    "gpt2": (_GPT2, {}),
    "smollm": (_sequence(_DIGITS, _GPT2), {}),
    "without all bytes": (_sequence(_DIGITS, _GPT2), {"lacks": (0x04, 0x14, 0xC0, 0xF1, 0xFF)}),
}
"""How families of models split text, and what else their tokenizers say."""

_WORDS = (
    "'s 's 'S 'ſ 'LL 're 'Ve 'd '' the import aaaa ababab ==== <|im_end|> <tool> 中文 手册说明 ， 。 １ 1 23 ² Ⅷ ٣ é ß ﬅ K ſ 🙂 👩‍👩‍👧 한국어 हिन्दी 𠀀"
).split()
_SIGNS = [" ", "  ", "    ", "\n", "\r\n", "\t", "\u3000", "\xa0", "\u2028", "\x85", "\x1c", "\u200b", "\ufeff", "e\u0301", "\u0301", "\u212b", "ᄒ", "ᅡ", "\0"]  # fmt: skip
PIECES = [*_WORDS, *_SIGNS]
TEXTS = st.lists(st.sampled_from([*PIECES, "\x04", "\x14", "\U00050000"]) | st.text(max_size=3)).map("".join)


@pytest.fixture(scope="module")
def learnt() -> dict[str, Any]:
    """A BPE of 900 pieces in both languages, whose special token is one of the pieces, and one ordinary added token."""
    from tokenizers import AddedToken, Regex, Tokenizer, models, pre_tokenizers, trainers

    trained: Any = Tokenizer(models.BPE())
    steps = [pre_tokenizers.Split(Regex(QWEN2_SPLIT), "isolated"), pre_tokenizers.ByteLevel(False, use_regex=False)]
    trained.pre_tokenizer = pre_tokenizers.Sequence(steps)
    trainer = trainers.BpeTrainer(
        vocab_size=900, show_progress=False, special_tokens=["<|im_end|>"], initial_alphabet=steps[1].alphabet()
    )
    trained.train_from_iterator([*(one.text for one in manuals()), *PIECES * 3], trainer)
    trained.add_tokens([AddedToken("<tool>", normalized=False)])
    facts: dict[str, Any] = json.loads(trained.to_str())
    return facts


def _both(learnt: dict[str, Any], kind: str) -> tuple[BulkEncoder, Any]:
    from tokenizers import Tokenizer

    pre_tokenizer, more = KINDS[kind]
    facts = learnt | {"pre_tokenizer": pre_tokenizer, "normalizer": more.get("normalizer")}
    lacks = {BYTE_CHARACTERS[byte] for byte in more.get("lacks", ())}
    vocabulary = {piece: id for piece, id in learnt["model"]["vocab"].items() if piece not in lacks}
    facts["model"] = learnt["model"] | {"ignore_merges": more.get("ignore_merges", False), "vocab": vocabulary}
    library: Any = Tokenizer.from_str(json.dumps(facts))
    library.encode_special_tokens = True
    return BulkEncoder.of(json.dumps(facts)), library


@pytest.fixture(scope="module", params=KINDS)
def both(request: pytest.FixtureRequest, learnt: dict[str, Any]) -> tuple[BulkEncoder, Any]:
    return _both(learnt, request.param)


def test_manuals_get_the_ids_of_the_library(both: tuple[BulkEncoder, Any]) -> None:
    bulk, library = both
    assert bulk.compiled
    texts = [one.text for one in manuals(40)]
    encoded = bulk.encode(pa.chunked_array([texts[:7], texts[7:]], pa.large_string()))
    assert encoded.ids.dtype == np.int32
    assert [encoded.of(at).tolist() for at in range(len(texts))] == [
        library.encode(text, add_special_tokens=False).ids for text in texts
    ]


@settings(max_examples=150, deadline=None)
@given(texts=st.lists(TEXTS, max_size=12))
def test_any_text_gets_the_ids_of_the_library(both: tuple[BulkEncoder, Any], texts: list[str]) -> None:
    bulk, library = both
    encoded = bulk.encode(texts)
    assert [encoded.of(at).tolist() for at in range(len(texts))] == [
        library.encode(text, add_special_tokens=False).ids for text in texts
    ]


def test_every_character_is_seen_as_the_library_sees_it(both: tuple[BulkEncoder, Any]) -> None:
    bulk, library = both
    characters = [chr(code) for code in range(0x30000) if not 0xD800 <= code < 0xE000]
    texts = ["a".join(characters[at : at + 64]) + " " for at in range(0, len(characters), 64)]
    encoded = bulk.encode(texts)
    found = library.encode_batch(texts, add_special_tokens=False)
    assert [text for at, text in enumerate(texts) if encoded.of(at).tolist() != found[at].ids] == []


def test_a_special_token_in_a_text_is_characters(both: tuple[BulkEncoder, Any]) -> None:
    bulk, library = both
    special, ordinary = library.token_to_id("<|im_end|>"), library.token_to_id("<tool>")
    ids = bulk.encode(["a<|im_end|>\n<tool>"]).ids.tolist()
    assert special not in ids and ordinary in ids


def test_merges_that_no_text_comes_to_are_no_ways(learnt: dict[str, Any]) -> None:
    """LLaMA 3 lists every way to join two pieces to a third; merging takes one."""
    from tokenizers import Tokenizer

    pieces = {piece: id for piece, id in learnt["model"]["vocab"].items() if not piece.startswith("<|")}
    merges = [
        [piece[:at], piece[at:]]
        for piece in sorted(pieces, key=pieces.__getitem__)
        for at in range(1, len(piece))
        if piece[:at] in pieces and piece[at:] in pieces
    ]
    facts = learnt | {"model": learnt["model"] | {"merges": merges}}
    library: Any = Tokenizer.from_str(json.dumps(facts))
    bulk = BulkEncoder.of(json.dumps(facts))
    texts = [one.text for one in manuals()] + ["".join(PIECES[at:] + PIECES[:at]) for at in range(len(PIECES))]
    library.encode_special_tokens = True
    assert bulk.compiled and len(merges) > len(learnt["model"]["merges"])
    assert [bulk.encode([text]).ids.tolist() for text in texts] == [library.encode(text).ids for text in texts]


def test_long_runs_without_a_space_are_cut_the_same(both: tuple[BulkEncoder, Any]) -> None:
    bulk, library = both
    texts = ["手册说明如何启动机器" * 400, "a" * 5000, " " * 3000, "ababa" * 999, ""]
    encoded = bulk.encode(texts)
    assert [encoded.of(at).tolist() for at in range(5)] == [
        library.encode(text, add_special_tokens=False).ids for text in texts
    ]


def test_a_column_of_several_batches_is_one(monkeypatch: pytest.MonkeyPatch, learnt: dict[str, Any]) -> None:
    bulk, _ = _both(learnt, "qwen")
    texts = [one.text for one in manuals(30)]
    whole = bulk.encode(texts)
    monkeypatch.setattr("danlu.model.bulk_encoder._AT_ONCE_BYTES", 1000)
    parts = bulk.encode(pa.array(["not read", *texts], pa.large_string()).slice(1))
    assert np.array_equal(whole.ids, parts.ids) and np.array_equal(whole.starts, parts.starts)
    assert len(bulk.encode([]).ids) == 0 and bulk.encode([""]).starts.tolist() == [0, 0]


def test_other_tokenizers_are_left_to_the_library(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    library: Any = Tokenizer(models.WordLevel({"[UNK]": 0, "pump": 1, "bar": 2}, unk_token="[UNK]"))
    library.pre_tokenizer = pre_tokenizers.Whitespace()
    library.save(str(tmp_path / "tokenizer.json"))
    bulk = BulkEncoder.load(tmp_path)
    assert not bulk.compiled and bulk.vocabulary_size == 3
    encoded = bulk.encode(["pump", "bar  pump 泵", ""])
    assert (encoded.ids.tolist(), encoded.starts.tolist()) == ([1, 2, 1, 0], [0, 1, 4, 4])


def test_a_folder_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has no tokenizer\.json"):
        BulkEncoder.load(tmp_path)
