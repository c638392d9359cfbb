"""The documents that a project was ordered to forget: what every later run, and every answer, looks up.

`.danlu/state/forgotten.json` is the list; what was ordered, and what came of it, is in the signed records beside it
(danlu.answer.forgetting.forgotten_record). A document is known again by its name, and by the bytes of its file:

- the name stays forgotten whatever its file holds later. An order to forget is about a document, and one that comes back with a
  corrected date is the same to whoever asked for it. The price: a new document needs a new name, or `danlu forget --lift`.
- the bytes stay forgotten under any name, so that a renamed copy does not come back.
- the text, white space apart, is told when it comes back in another file: no release that holds it becomes current.

Hashes of texts are kept, never texts.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from danlu.core.errors import UserError
from danlu.core.store import write_atomically

FILE = "forgotten.json"
RECORDS = "forgotten"
"""The folder of the records."""
LEAST_CHARACTERS = 40
"""Of a text that is known again by its hash: shorter ones ("n/a", "see above") are equal by chance."""


@dataclass(frozen=True)
class ForgottenDocument:
    """One document, or a file with all the documents in it."""

    record: int
    """The number of the order."""
    at: str
    """When, ISO 8601."""
    source: str
    """Its name as citations show it."""
    file: str
    """The name of the file that it stands in: the same, or what stands before a `#` of the name."""
    sha256: str
    """Of that file; empty when it could not be read."""
    doc_ids: tuple[str, ...]
    texts: tuple[str, ...]
    """`text_hash` of each of its documents, as they were extracted."""

    def name_in(self, file: str, content: str) -> str | None:
        """What is forgotten of a source file of this name and SHA-256: its own name, that of a member; None for nothing."""
        is_same = file == self.file or (self.sha256 != "" and content == self.sha256)
        return file + self.source[len(self.file) :] if is_same else None


@dataclass(frozen=True)
class Forgotten:
    """The list."""

    documents: tuple[ForgottenDocument, ...] = ()

    @classmethod
    def of(cls, state: Path) -> "Forgotten":
        """The list in the folder `.danlu/state`; empty where nothing was forgotten.

        Raises UserError when it is damaged, or gone while there are records of orders: what is hidden would come back.
        """
        path = state / FILE
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            return cls(tuple(map(_read, said["documents"])))
        except FileNotFoundError:
            if not any((state / RECORDS).glob("*.json")):
                return cls()
            raise UserError(
                "{path} is gone, and there are records of what was forgotten",
                "`danlu forget --verify` writes it again from the records. Until then nothing is answered and nothing runs.",
                path=path,
            ) from None
        except (ValueError, KeyError, TypeError):
            raise UserError(
                "{path} is damaged",
                "`danlu forget --verify` writes it again from the records. Until then nothing is answered and nothing runs.",
                path=path,
            ) from None

    def write(self, state: Path) -> None:
        """Replace the list in the folder, at once and whole."""
        said = {"documents": [asdict(document) for document in self.documents]}
        write_atomically(state / FILE, json.dumps(said, indent=1, ensure_ascii=False) + "\n")

    def find(self, source: str, doc_id: str = "") -> ForgottenDocument | None:
        """The entry that covers a document; None when it is not forgotten."""
        by_name = (self._by_name[name] for name in names_around(source) if name in self._by_name)
        return next(by_name, None) or self._by_id.get(doc_id)

    def with_text(self, text: str) -> ForgottenDocument | None:
        """The entry of a document with this text, white space apart."""
        return self._by_text.get(text_hash(text)) if self._by_text else None

    @cached_property
    def _by_name(self) -> dict[str, ForgottenDocument]:
        return {one.source: one for one in self.documents}

    @cached_property
    def _by_id(self) -> dict[str, ForgottenDocument]:
        return {id: one for one in self.documents for id in one.doc_ids}

    @cached_property
    def _by_text(self) -> dict[str, ForgottenDocument]:
        return {hash: one for one in self.documents for hash in one.texts}

    def adding(self, documents: Iterable[ForgottenDocument]) -> "Forgotten":
        """With further ones."""
        return Forgotten((*self.documents, *documents))

    def without(self, records: Collection[int]) -> "Forgotten":
        """Without those of some orders."""
        return Forgotten(tuple(one for one in self.documents if one.record not in records))


def _read(said: dict[str, Any]) -> ForgottenDocument:
    return ForgottenDocument(**{**said, "doc_ids": tuple(said["doc_ids"]), "texts": tuple(said["texts"])})


def names_around(source: str) -> Iterator[str]:
    """The name of a document, then the names of what it may stand in: all that comes before a `#`."""
    yield source
    yield from (source[:at] for at in reversed(range(len(source))) if source[at] == "#")


def text_hash(text: str) -> str:
    """SHA-256 of a text without white space; empty for one too short to be known again."""
    squeezed = "".join(text.split())
    return sha256(squeezed.encode(errors="replace")).hexdigest() if len(squeezed) >= LEAST_CHARACTERS else ""


class ForgottenWatch:
    """The list as it is now, for a process that lives long: read again when the file was replaced."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._stamp: tuple[int, int] | None = None
        self._list: Forgotten | None = None

    def now(self) -> Forgotten:
        """The list; costs one look at the file's times when nothing changed."""
        stamp = _stamp(self._state / FILE)
        if self._list is None or stamp != self._stamp:
            self._list = None  # nothing is taken for the list while it cannot be read
            self._list, self._stamp = Forgotten.of(self._state), stamp
        return self._list


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns
