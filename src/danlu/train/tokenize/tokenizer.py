"""The tokenizer of token shards: its files as an input of a plan, what ends a document, how many bytes a first token has."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from danlu.core.errors import UserError
from danlu.core.hashing import hash_facts, hash_file
from danlu.model.byte_level import to_bytes

_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "generation_config.json", "chat_template.jinja")  # fmt: skip
_ENDS = ("<|endoftext|>", "<|end_of_text|>")
"""What ends a text in pretraining (GPT-2 and its kin; LLaMA 3). A chat model's `eos_token` ends a reply and is another."""
_SHAPING = ("model", "normalizer", "pre_tokenizer", "added_tokens")
"""What of a tokenizer decides the ids of a text."""


@dataclass(frozen=True)
class TokenizerFiles:
    """A folder with `tokenizer.json`: it enters identity by its content."""

    path: Path

    def content_hash(self) -> str:
        """Hash of the tokenizer's files; raises UserError when there is no `tokenizer.json`."""
        if not (self.path / _FILES[0]).is_file():
            raise UserError(
                "{folder} has no tokenizer.json",
                "Name a folder that `danlu tokenizer` wrote, or a checkpoint.",
                folder=self.path,
            )
        return hash_facts({name: hash_file(self.path / name) for name in _FILES if (self.path / name).is_file()})


@dataclass(frozen=True)
class DocumentTokens:
    """What of a tokenizer, beside encoding, the shards of documents need."""

    vocabulary_size: int
    end_id: int
    tokenizer: str
    """Hash of what decides the ids: equal for a folder and a copy of it that a library wrote anew."""

    @classmethod
    def read(cls, folder: Path, end_token: str = "") -> "DocumentTokens":
        """Raises UserError when no special token can end a document."""
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(folder / _FILES[0]))
        facts = json.loads(tokenizer.to_str())
        special = {token.content: id for id, token in tokenizer.get_added_tokens_decoder().items() if token.special}
        wanted = [end_token] if end_token else [*_ENDS, _declared_end(folder)]
        found = next((name for name in wanted if name in special), None)
        if found is None:
            raise UserError(
                "The tokenizer in {folder} has no special token {tokens} to end a document with",
                "Name one of its special tokens: --set tokenize.end_token=… It has: {special}.",
                folder=folder,
                tokens=", ".join(name for name in wanted if name),
                special=", ".join(sorted(special)) or "—",
            )
        size = 1 + max(tokenizer.get_vocab(with_added_tokens=True).values())
        return cls(size, int(special[found]), _shaping_hash(facts))


def shaping_hash(folder: Path) -> str:
    """Hash of what decides the ids of a text: equal to the one that shards made with this tokenizer name."""
    from tokenizers import Tokenizer

    return _shaping_hash(json.loads(Tokenizer.from_file(str(folder / _FILES[0])).to_str()))


def _shaping_hash(facts: dict[str, Any]) -> str:
    return hash_facts({name: facts.get(name) for name in _SHAPING})


def _declared_end(folder: Path) -> str:
    """The end of text that the tokenizer's configuration names; empty without one."""
    path = folder / "tokenizer_config.json"
    declared: Any = json.loads(path.read_text(encoding="utf-8")).get("eos_token") if path.is_file() else None
    return str(declared.get("content", "") if isinstance(declared, dict) else declared or "")


class FirstBytes:
    """How many bytes of a text its first token stands for."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(folder / _FILES[0]))
        self._byte_level = "ByteLevel" in json.dumps(json.loads(self._tokenizer.to_str()).get("decoder"))

    def of(self, token_id: int, text: str) -> int:
        """At most the bytes of the text: pieces of SentencePiece begin with a space that the text may lack."""
        piece = str(self._tokenizer.id_to_token(token_id))
        data = to_bytes(piece) if self._byte_level else None
        if data is not None:
            return len(data)
        if piece.startswith("<0x") and piece.endswith(">"):
            return 1
        spoken = piece.replace("▁", " ")
        return len((spoken if text.startswith(" ") else spoken.lstrip(" ")).encode()) or 1
