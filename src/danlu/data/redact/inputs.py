"""A user's own word lists and key, as inputs of the stage: they enter identity by their content."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from danlu.core.errors import UserError
from danlu.core.hashing import hash_facts, hash_file
from danlu.text.words.lists import Phrase, read_phrases

_LEAST_KEY_BYTES = 16


@dataclass(frozen=True)
class WordLists:
    """Files with one word, or `word<TAB>category`, per line; without a category the file's name is it."""

    paths: tuple[Path, ...]

    def content_hash(self) -> str:
        """SHA-256 over the names and contents."""
        return hash_facts([[path.stem, hash_file(path)] for path in self.paths])

    def phrases(self) -> tuple[Phrase, ...]:
        """All words, in the order of the files."""
        return tuple(phrase for path in self.paths for phrase in read_phrases(path, category=path.stem))


def word_lists(paths: Sequence[Path]) -> WordLists | None:
    """The lists in these files, and in the `.txt` files of these folders. Raises UserError when one is missing or malformed."""
    files = [file for path in paths for file in (sorted(path.glob("*.txt")) if path.is_dir() else [path])]
    if paths and not files:
        raise UserError("No word list in {path}", "Name a folder with .txt files, or a file.", path=paths[0])
    lists = WordLists(tuple(files))
    lists.phrases()
    return lists if files else None


@dataclass(frozen=True)
class KeyFile:
    """The secret that pseudonyms and the hashes of values are made by."""

    path: Path

    def content_hash(self) -> str:
        """SHA-256 of the key; raises UserError when it is missing, or so short that it could be guessed from this."""
        self.read()
        return hash_file(self.path)

    def read(self) -> bytes:
        """The bytes of the file."""
        if not self.path.is_file():
            raise UserError("No such file: {path}", "Make a key: head -c 32 /dev/urandom > redact.key", path=self.path)
        key = self.path.read_bytes()
        if len(key) < _LEAST_KEY_BYTES:
            raise UserError(
                "{path}: a key of {size} bytes can be guessed",
                "Make a key: head -c 32 /dev/urandom > redact.key",
                path=self.path,
                size=len(key),
            )
        return key
