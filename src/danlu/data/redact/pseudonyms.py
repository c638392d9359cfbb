"""Values that stand for others: of the same form, the same for the same value, made by a key.

Digits and letters are drawn from HMAC-SHA-256 of the type and the value, then what makes the form is put right: an identity number keeps
its region and gets a date, a card keeps its issuer, an address of mail gets a host under example.com (RFC 2606). The check digits of
identity numbers and cards are wrong on purpose, so that no number that somebody has can come out. This is pseudonymisation, not
anonymisation: who holds the key can test a guess, and equal values stay equal.
"""

import hmac
import re
from collections.abc import Callable, Iterator
from hashlib import sha256

from danlu.text.pii import checksums
from danlu.text.pii.window import window_of

_SEPARATOR = re.compile(r"[\s-]")


def keyed_hash(key: bytes, kind: str, value: str) -> str:
    """16 hexadecimal digits that are equal for equal values, and tell nothing to who has no key."""
    return hmac.new(key, _message(kind, value).encode(), sha256).hexdigest()[:16]


def pseudonym(key: bytes, kind: str, value: str) -> str:
    """Another value of the same type and form."""
    draw = _numbers(key, _message(kind, value))
    return _MAKERS.get(kind, _same_shape)(value, draw)


def _message(kind: str, value: str) -> str:
    """One text for all the ways in which a value is written."""
    return f"{kind}\0{_SEPARATOR.sub('', window_of(value, 0).text)}"


def _numbers(key: bytes, message: str) -> Iterator[int]:
    """Numbers without end, each of 32 bits."""
    block = 0
    while True:
        digest = hmac.new(key, f"{block}\0{message}".encode(), sha256).digest()
        yield from (int.from_bytes(digest[at : at + 4], "big") for at in range(0, 32, 4))
        block += 1


def _same_shape(value: str, draw: Iterator[int], keep: int = 0) -> str:
    """A digit for a digit, a letter for a letter; the first `keep` of them stay, and so does all that is neither."""
    out, seen = [], 0
    for c in value:
        number = next(draw) if c.isascii() and c.isalnum() else 0
        seen += c.isascii() and c.isalnum()
        if not (c.isascii() and c.isalnum()) or seen <= keep:
            out.append(c)
        elif c.isdigit():
            out.append(str(number % 10))
        else:
            out.append(chr((ord("A") if c.isupper() else ord("a")) + number % 26))
    return "".join(out)


def _wrong(characters: str, right: str) -> str:
    """A check digit other than the right one."""
    return characters[(characters.index(right) + 1) % len(characters)] if right in characters else characters[0]


def _resident_id(value: str, draw: Iterator[int]) -> str:
    digits = re.sub(r"\D", "", value)[:6]
    year, month, day, serial = 1940 + next(draw) % 66, 1 + next(draw) % 12, 1 + next(draw) % 28, next(draw) % 1000
    body = f"{digits}{year}{month:02}{day:02}{serial:03}"
    if len(re.sub(r"[^\dXx]", "", value)) < 18:
        return f"{digits}{year % 100:02}{month:02}{day:02}{serial:03}"
    return body + _wrong("0123456789X", checksums.resident_id_check(body))


def _card(value: str, draw: Iterator[int]) -> str:
    """The issuer's six digits stay; the sum is off by one."""
    made = _same_shape(value, draw, keep=6)
    digits = re.sub(r"\D", "", made)
    for last in "0123456789":
        if not checksums.luhn(digits[:-1] + last):
            return made[:-1] + last
    return made


def _mobile(value: str, draw: Iterator[int]) -> str:
    """Country code and segment stay. A telephone number has no check digit: what comes out may be somebody's."""
    if not re.search("[0-9]", value):
        return value[:3] + "".join("零一二三四五六七八九"[next(draw) % 10] for _ in value[3:])
    prefix = re.match(r"(?:\(?(?:\+|00)?\s?86\)?[\s-]*)?(?=1)", value)
    head = prefix[0] if prefix else ""
    return head + _same_shape(value[len(head) :], draw, keep=3)


def _mail(value: str, draw: Iterator[int]) -> str:
    return f"user{next(draw) % 10**8:08}@{'abcdefghij'[next(draw) % 10]}{next(draw) % 1000:03}.example.com"


def _ip(value: str, draw: Iterator[int]) -> str:
    """Addresses that are routed nowhere: 10.0.0.0/8, and fd00::/8 for the long ones."""
    if ":" in value:
        return "fd00:" + ":".join(f"{next(draw) % 65536:x}" for _ in range(7))
    return f"10.{next(draw) % 256}.{next(draw) % 256}.{1 + next(draw) % 254}"


def _date(value: str, draw: Iterator[int]) -> str:
    """Any day of 66 years: one near the true one would tell the age. Figures keep their written form."""
    year, month, day = 1940 + next(draw) % 66, 1 + next(draw) % 12, 1 + next(draw) % 28
    if re.match(r"\d{4}\D", value):
        parts = iter((f"{year}", f"{month}", f"{day}"))
        return re.sub(r"\d+", lambda found: next(parts).zfill(len(found[0])), value)
    return f"{year}-{month:02}-{day:02}" if not value.isdigit() else f"{year}{month:02}{day:02}"


def _plate(value: str, draw: Iterator[int]) -> str:
    return _same_shape(value, draw, keep=1)


def _first_kept(value: str, draw: Iterator[int]) -> str:
    return _same_shape(value, draw, keep=4)


_MAKERS: dict[str, Callable[[str, Iterator[int]], str]] = {
    "cn_resident_id": _resident_id,
    "bank_card": _card,
    "mobile_phone": _mobile,
    "landline_phone": _first_kept,
    "email": _mail,
    "ip_address": _ip,
    "date_of_birth": _date,
    "vehicle_plate": _plate,
}
