"""The files of an ordinary Hugging Face checkpoint, and how one is told from others, and how one is written."""

from pathlib import Path
from typing import Any

from danlu.core.hashing import hash_facts, hash_file
from danlu.model.loading import quiet_transformers

INDEX = "model.safetensors.index.json"
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "added_tokens.json",
    "merges.txt",
    "source.spm",
    "spiece.model",
    "target.spm",
    "tokenizer.model",
    "vocab.json",
    "vocab.txt",
)
FOLDER_FILES = ("config.json", "generation_config.json", *TOKENIZER_FILES, INDEX)
"""With `*.safetensors`, all that a checkpoint is: a read-me or a run's times beside it are no part of its identity."""


def weights_hash(folder: Path) -> str:
    """What tells the weights of models apart, adapters too: the names and the SHA-256 of their files."""
    return hash_facts([[path.name, hash_file(path)] for path in sorted(folder.glob("*.safetensors"))])


def model_hash(folder: Path) -> str:
    """What tells models apart: their weights and their settings."""
    return hash_facts([hash_file(folder / "config.json"), weights_hash(folder)])


def save_checkpoint(model: Any, tokenizer_dir: Path, out_dir: Path) -> None:
    """Write a model of Transformers with the tokenizer and the template in `tokenizer_dir`: equal weights give equal bytes."""
    with quiet_transformers():
        model.save_pretrained(out_dir, max_shard_size="1TB")
    copy_tokenizer(tokenizer_dir, out_dir)
    make_readable(out_dir)


def copy_tokenizer(from_dir: Path, to_dir: Path) -> None:
    """Copy what a tokenizer and its template are made of."""
    for name in TOKENIZER_FILES:
        if (from_dir / name).is_file():
            (to_dir / name).write_bytes((from_dir / name).read_bytes())


def make_readable(folder: Path) -> None:
    """Undo mode 0600, with which safetensors creates its files."""
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(0o644)


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer of a checkpoint, as Transformers reads it."""
    from transformers import AutoTokenizer

    loader: Any = AutoTokenizer
    return loader.from_pretrained(folder, local_files_only=True)
