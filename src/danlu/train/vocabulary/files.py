"""The files of a vocabulary, as Transformers, vLLM and llama.cpp read them.

Special tokens are ChatML's: what Qwen and SmolLM use, so engines know them. `<|endoftext|>` ends a document and pads,
`<|im_end|>` ends a turn. The template is ChatML without a default system message: what stands in a conversation is what
its author wrote. Text is cut by Qwen 2's pattern: llama.cpp knows it by name, so an exported model is split as it was trained.
A letter in it is a letter of any script: Han characters between two punctuation marks are one piece, in which pieces of
several characters form, and every digit stands alone.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from danlu.model.byte_level import QWEN2_SPLIT

END_OF_TEXT, TURN_BEGINS, TURN_ENDS = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def special_tokens(reserved: int) -> tuple[str, ...]:
    """The special tokens in the order of their ids, which are the last of the vocabulary."""
    return (END_OF_TEXT, TURN_BEGINS, TURN_ENDS, *(f"<|reserved_{number}|>" for number in range(reserved)))


def bpe_json(pieces: Mapping[str, int], merges: Sequence[tuple[str, str]], special: Sequence[str]) -> dict[str, Any]:
    """The `tokenizer.json` of a byte-level BPE."""
    model = {
        "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
        "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
        "vocab": dict(pieces), "merges": [list(merge) for merge in merges],
    }  # fmt: skip
    return _around(model, len(pieces), special)


def unigram_json(pieces: Sequence[tuple[str, float]], special: Sequence[str]) -> dict[str, Any]:
    """The `tokenizer.json` of a Unigram over bytes: every byte is a piece, so nothing is unknown."""
    model = {"type": "Unigram", "unk_id": None, "vocab": [list(piece) for piece in pieces], "byte_fallback": False}
    return _around(model, len(pieces), special)


def _around(model: dict[str, Any], size: int, special: Sequence[str]) -> dict[str, Any]:
    split = {"type": "Split", "pattern": {"Regex": QWEN2_SPLIT}, "behavior": "Isolated", "invert": False}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    added = [
        {"id": size + number, "content": token, "single_word": False, "lstrip": False, "rstrip": False}
        | {"normalized": False, "special": True}
        for number, token in enumerate(special)
    ]
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "post_processor": None, "decoder": byte_level, "model": model,
    }  # fmt: skip


def write_tokenizer(folder: Path, tokenizer: Mapping[str, Any]) -> None:
    """Write `tokenizer.json`."""
    text = json.dumps(tokenizer, ensure_ascii=False, indent=1)
    (folder / "tokenizer.json").write_text(text + "\n", encoding="utf-8")


def write_beside(folder: Path) -> None:
    """Write what says how the special tokens are used: the config and the chat template."""
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": TURN_ENDS,
        "pad_token": END_OF_TEXT,
        "clean_up_tokenization_spaces": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE, encoding="utf-8")
