"""Find personal data and secrets in many texts at once.

Every detector judges a window alone; where two disagree the stronger evidence wins (danlu.text.pii.finding). Texts hold nothing that
is found without being announced by its form or a word near it, so that only a few per cent of ordinary text is looked at closely.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from danlu.text.pii import address, network, numbers, people, phones, secrets
from danlu.text.pii.finding import Candidate, Finding, settled
from danlu.text.pii.gate import (
    ACCOUNT,
    BIRTH,
    CODE,
    DOCUMENT,
    EVERYTHING,
    ISSUED,
    KEYWORD,
    PEM,
    PLACE,
    PLATE,
    SECRET,
    SPELT,
    SPOKEN,
    stretches,
)  # fmt: skip
from danlu.text.pii.gate_kernels import HEX, LONG, MIDDLE, QUAD, SHORT, TOKEN
from danlu.text.pii.window import window_of

VERSION = 3
"""Raised with any change of what is found."""


class Detector(NamedTuple):
    """What looks for some types in a window, and in which windows it can find any."""

    find: Callable[[str], Iterator[Candidate]]
    kinds: int


DETECTORS = (
    Detector(numbers.resident_ids, LONG),
    Detector(numbers.other_ids, SHORT),
    Detector(numbers.bank_cards, LONG),
    Detector(numbers.card_codes, CODE),
    Detector(numbers.company_codes, LONG | TOKEN | SHORT | DOCUMENT),
    Detector(numbers.devices, LONG),
    Detector(numbers.foreign_ids, SHORT),
    Detector(phones.mobile_phones, MIDDLE),
    Detector(phones.spoken_phones, SPOKEN),
    Detector(phones.landlines, MIDDLE),
    Detector(phones.foreign_phones, SHORT),
    Detector(people.passports, SHORT | TOKEN | DOCUMENT),
    Detector(people.permits, SHORT | DOCUMENT),
    Detector(people.plates, PLATE),
    Detector(people.accounts, ACCOUNT),
    Detector(people.births, BIRTH),
    Detector(network.emails, SPELT),
    Detector(network.credentials, SPELT),
    Detector(network.addresses, QUAD | HEX),
    Detector(network.machines, HEX),
    Detector(network.money, TOKEN | SHORT),
    Detector(secrets.issued_keys, ISSUED),
    Detector(secrets.named_keys, KEYWORD),
    Detector(secrets.tokens, ISSUED),
    Detector(secrets.private_keys, PEM),
    Detector(secrets.passwords, SECRET),
    Detector(secrets.unsigned_passwords, SECRET),
    Detector(address.postal_addresses, PLACE),
)


def scan(texts: Sequence[str]) -> list[list[Finding]]:
    """What stands in each text, in order, without overlaps."""
    encoded = [text.encode() for text in texts]
    ends_D = np.cumsum([len(text) for text in encoded], dtype=np.int64)
    starts_D = np.concatenate(([0], ends_D[:-1])) if len(ends_D) else ends_D
    return _scan(np.frombuffer(b"".join(encoded), np.uint8), starts_D, ends_D)


def scan_array(texts: pa.Array) -> list[list[Finding]]:
    """What stands in each text of a column of large strings without nulls."""
    return _scan(*_bytes_of(texts))


def _scan(text_B: NDArray[np.uint8], starts_D: NDArray[np.int64], ends_D: NDArray[np.int64]) -> list[list[Finding]]:
    found: list[list[Finding]] = [[] for _ in range(len(starts_D))]
    text, byte, character = -1, 0, 0
    for stretch in stretches(text_B, starts_D, ends_D):
        if stretch.text != text:
            text, byte, character = stretch.text, int(starts_D[stretch.text]), 0
        character += _characters(text_B[byte : stretch.start])
        byte = stretch.start
        found[text] += look_at(str(text_B[stretch.start : stretch.end].data, "utf-8"), character, stretch.kinds)
    return found


def look_at(stretch: str, offset: int = 0, kinds: int = EVERYTHING) -> list[Finding]:
    """What stands in a stretch of a text that begins at code point `offset`."""
    window = window_of(stretch, offset)
    candidates: list[Candidate] = []
    for detector in DETECTORS:
        if detector.kinds & kinds:
            candidates += detector.find(window.text)
    return [Finding(*window.span(one.start, one.end), one.kind) for one in settled(candidates)] if candidates else []


def _bytes_of(texts: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    _, offsets, data = texts.buffers()
    edges = np.frombuffer(offsets, np.int64, len(texts) + 1 + texts.offset)[texts.offset :]
    text_B = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(0, np.uint8)
    text_B = text_B[edges[0] : edges[-1]] if len(edges) else text_B
    edges = edges - edges[0]
    return text_B, edges[:-1], edges[1:]


def _characters(text_B: NDArray[np.uint8]) -> int:
    """Code points in whole UTF-8."""
    return int(np.count_nonzero((text_B & 0xC0) != 0x80))


def kinds_in(found: Iterable[Sequence[Finding]]) -> dict[str, int]:
    """How many of each type there are."""
    counts: dict[str, int] = {}
    for findings in found:
        for finding in findings:
            counts[finding.kind] = counts.get(finding.kind, 0) + 1
    return dict(sorted(counts.items()))
