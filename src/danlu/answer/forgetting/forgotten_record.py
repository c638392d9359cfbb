"""Records of orders to forget: numbered files that hold one another's hashes, signed where a key can be had.

`.danlu/state/forgotten/0001.json` holds the body as canonical JSON (danlu.core.hashing) with `previous`, the SHA-256 of the file
before it, so that none can be changed, swapped or taken out of the middle unseen. Each is signed by Ed25519 (RFC 8032) with the
project's key, `.danlu/state/signing.key`, which the first record makes where the package `cryptography` is installed; without it the
chain stands alone, and the record says so.

What this proves, and what not: who has no key cannot write other records in its name. Who can read the key, which lies in the same folder,
can write the whole chain anew; cutting records off its end, and going on there with a key of one's own, is seen only by one who kept the
number or the hash of the last. Keep the key elsewhere, or keep the hash of the last record, if that matters.

A key that is gone stops no order, since the law does not wait for it: the next record is signed by a new one, and says so (`key_before`).
The records before it are still verified by the key that each of them names; nobody can sign another one so.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from danlu.core.errors import UserError
from danlu.core.forgotten import RECORDS
from danlu.core.hashing import canonical_json
from danlu.core.store import sync, write_atomically

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY = "signing.key"
_NO_PREVIOUS = ""


@dataclass(frozen=True)
class Record:
    """One record as it lies on disk."""

    number: int
    body: dict[str, Any]

    @property
    def action(self) -> str:
        """forget, rebuilt, purged or lifted."""
        return str(self.body["action"])

    @property
    def about(self) -> int:
        """The number of the order that it is about: its own, for one to forget."""
        return int(self.body.get("about", self.number))


def next_number(state: Path) -> int:
    """The number that the next record will have."""
    return max((number for number, _ in _files(state)), default=0) + 1


def append(state: Path, body: dict[str, Any]) -> Record:
    """Write the next record of the chain; on disk, whole, when this returns."""
    number = next_number(state)
    (state / RECORDS).mkdir(exist_ok=True)
    key = _key(state)
    full = body | {"record": number, "previous": _hash_of(state, number - 1), "signed_by": _public(key) if key else ""}
    before = next((signer for one in reversed(records(state)) if (signer := one.body["signed_by"])), "")
    if key and before not in ("", full["signed_by"]):
        full["key_before"] = before
    signature = key.sign(canonical_json(full)).hex() if key else ""
    text = canonical_json({"body": full, "signature": signature}).decode()
    write_atomically(_path(state, number), text + "\n")
    return Record(number, full)


def records(state: Path) -> list[Record]:
    """Every record, oldest first; raises UserError that names a damaged one. Signatures are not looked at."""
    return [Record(number, _read(path)["body"]) for number, path in _files(state)]


def signers(state: Path) -> list[tuple[str, tuple[int, ...]]]:
    """The public keys that signed, in their order, each with the numbers of its records."""
    found: dict[str, list[int]] = {}
    for record in records(state):
        found.setdefault(record.body["signed_by"], []).append(record.number)
    return [(key, tuple(numbers)) for key, numbers in found.items() if key]


def key_here(state: Path) -> str:
    """The public key of the key that signs the next record; empty where there is none, and one will be made."""
    key = _read_key(state) if (state / KEY).exists() else None
    return _public(key) if key else ""


def broken(state: Path) -> Iterator[tuple[int, str]]:
    """What is wrong with the chain: the number of a record, and what was found."""
    expected, previous, signer = 1, _NO_PREVIOUS, ""
    for number, path in _files(state):
        for missing in range(expected, number):
            yield missing, "the record is missing"
        try:
            said = _read(path)
        except UserError:
            yield number, "the record is damaged"
            expected, previous = number + 1, sha256(path.read_bytes()).hexdigest()
            continue
        if number == expected and said["body"]["previous"] != previous:
            yield number, "the record before it was changed"
        if said["body"]["record"] != number:
            yield number, "the record has another number"
        if signer in ("", said["body"].get("key_before")):
            signer = said["body"]["signed_by"]
        if problem := _signature_problem(said, signer):
            yield number, problem
        expected, previous = number + 1, sha256(path.read_bytes()).hexdigest()


def last_hash(state: Path) -> str:
    """The SHA-256 of the last record's file: who keeps it elsewhere sees when the chain was cut."""
    return _hash_of(state, next_number(state) - 1)


def _signature_problem(said: dict[str, Any], signer: str) -> str:
    body = said["body"]
    if body["signed_by"] != signer:
        return "signed by another key than the records before it"
    if not signer:
        return ""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(signer)).verify(
            bytes.fromhex(said["signature"]), canonical_json(body)
        )
    except (InvalidSignature, ValueError):
        return "the record was changed after it was signed"
    return ""


def _files(state: Path) -> list[tuple[int, Path]]:
    return sorted((int(path.stem), path) for path in (state / RECORDS).glob("*.json") if path.stem.isdecimal())


def _path(state: Path, number: int) -> Path:
    return state / RECORDS / f"{number:04}.json"


def _hash_of(state: Path, number: int) -> str:
    path = _path(state, number)
    return sha256(path.read_bytes()).hexdigest() if path.exists() else _NO_PREVIOUS


def _read(path: Path) -> dict[str, Any]:
    try:
        said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        for name in ("action", "record", "previous", "signed_by"):
            said["body"][name]
        said["signature"]
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(
            "{path} is damaged",
            "Put it back from a copy. `danlu forget --verify` says which records of the chain still hold.",
            path=path,
        ) from None
    return said


def _key(state: Path) -> "Ed25519PrivateKey | None":
    """The project's key, made when missing; None where the package that signs is not installed."""
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError:
        return None
    if not (path := state / KEY).exists():
        raw = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        _put_once(path, raw)
    return _read_key(state)


def _read_key(state: Path) -> "Ed25519PrivateKey":
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    path = state / KEY
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise UserError(
            "{path} is no Ed25519 key", "Put the project's key back there, in PEM without a password.", path=path
        )
    return key


def _put_once(path: Path, content: bytes) -> None:
    """A file for its owner alone, which appears whole or not at all: a torn key would stop every later order."""
    half = path.with_name(f"{path.name}.{os.getpid()}.half")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    half.rename(path)
    sync(path.parent)


def _public(key: "Ed25519PrivateKey") -> str:
    from cryptography.hazmat.primitives import serialization

    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw).hex()
