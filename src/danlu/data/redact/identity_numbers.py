"""Pseudonyms of numbers that check themselves: region, issuer or country stay, what follows is drawn, the check digit is right.

Resident numbers get a birth date of 1900 to 1919: the check holds, and hardly anybody alive has one. A card, an identity card of Hong
Kong or Taiwan and a company's code have no such corner: one that comes out may be somebody's.
"""

import re
from collections.abc import Iterator
from hashlib import sha256

from danlu.data.redact.shape import characters, digits_shaped, filled, shaped
from danlu.text.pii import checksums, wallets

_ORGANISATION = "ABCDEFGHJKLMNPQRTUWXY"
"""Letters of GB 32100."""


def resident_id(value: str, draw: Iterator[int]) -> str:
    """18 characters or 15 digits."""
    own = characters(value)
    year, month, day, serial = 1900 + next(draw) % 20, 1 + next(draw) % 12, 1 + next(draw) % 28, next(draw) % 1000
    body = f"{own[:6]}{year}{month:02}{day:02}{serial:03}"
    return filled(value, body + checksums.resident_id_check(body) if len(own) == 18 else body[:6] + body[8:])


def taiwan_id(value: str, draw: Iterator[int]) -> str:
    """The letter of the place and the digit after it stay."""
    body = characters(shaped(value, draw, keep=2))[:9]
    return filled(value, body + checksums.taiwan_check(body))


def hong_kong_id(value: str, draw: Iterator[int]) -> str:
    """One or two letters stay."""
    body = characters(digits_shaped(value, draw))[:-1]
    return filled(value, body + checksums.hong_kong_check(body))


def card(value: str, draw: Iterator[int]) -> str:
    """The issuer's six digits stay."""
    return _luhn(value, shaped(value, draw, keep=6))


def imei(value: str, draw: Iterator[int]) -> str:
    """The eight digits of the model stay."""
    return _luhn(value, shaped(value, draw, keep=8))


def _luhn(value: str, made: str) -> str:
    body = characters(made)[:-1]
    return filled(value, body + next(last for last in "0123456789" if checksums.luhn(body + last)))


def social_credit_code(value: str, draw: Iterator[int]) -> str:
    """Authority, kind and region stay; the organisation's own code inside checks too."""
    own = characters(value)
    organisation = shaped(own[8:16], draw, letters=_ORGANISATION)
    body = own[:8] + organisation + checksums.organisation_check(organisation)
    return filled(value, body + checksums.social_credit_check(body))


def organisation_code(value: str, draw: Iterator[int]) -> str:
    """Nine characters."""
    body = characters(shaped(value, draw))[:8]
    return filled(value, body + checksums.organisation_check(body))


def iban(value: str, draw: Iterator[int]) -> str:
    """Country and bank stay."""
    body = characters(shaped(value, draw, keep=8))
    return filled(value, body[:2] + checksums.iban_check(body) + body[4:])


def social_security_number(value: str, draw: Iterator[int]) -> str:
    """The area stays; group and serial are not all zeros."""
    group, serial = 1 + next(draw) % 99, 1 + next(draw) % 9999
    return filled(value, f"{characters(value)[:3]}{group:02}{serial:04}")


def passport(value: str, draw: Iterator[int]) -> str:
    """Letters stay; in a machine-readable zone the name is drawn, and every check digit is right."""
    first, newline, second = value.partition("\n")
    if not newline:
        return digits_shaped(value, draw)
    name = first[:5] + shaped(first[5:], draw)
    margin = second[: len(second) - len(second.lstrip())]
    return name + newline + margin + _zone(second.strip(), draw)


def _zone(line: str, draw: Iterator[int]) -> str:
    number = digits_shaped(line[:9], draw)
    birth = f"{1 + next(draw) % 99:02}{1 + next(draw) % 12:02}{1 + next(draw) % 28:02}"
    optional = digits_shaped(line[28:42], draw)
    number, birth, expiry = (field + checksums.mrz_check(field) for field in (number, birth, line[21:27]))
    last = "<" if set(optional) == {"<"} and line[42] == "<" else checksums.mrz_check(optional)
    composite = checksums.mrz_check(number + birth + expiry + optional + last)
    return number + line[10:13] + birth + line[20] + expiry + optional + last + composite


def wallet(value: str, draw: Iterator[int]) -> str:
    """An address of the same kind that checks, and whose key nobody has."""
    if value.startswith("0x"):
        digits = "".join("0123456789abcdef"[next(draw) % 16] for _ in value[2:])
        mixed = value[2:] not in (value[2:].lower(), value[2:].upper())
        return "0x" + (wallets.checksummed(digits) if mixed else digits.upper() if value[2:].isupper() else digits)
    drawn = sha256(str(next(draw)).encode()).digest()
    if re.match("bc1", value, re.IGNORECASE):
        made = wallets.bech32_of(drawn, len(value), value[3].lower())
        return made.upper() if value.isupper() else made
    raw = wallets.to_base58_bytes(value)[:1] + drawn[:20]
    return wallets.from_base58_bytes(raw + wallets.double_hash(raw))
