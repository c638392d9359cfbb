"""Values that stand for others: of the same form, the same for the same value, made by a key.

Digits and letters are drawn from HMAC-SHA-256 of the type and the value, read in its canonical form (danlu.data.redact.canonical), so
that one number written in two ways becomes another one number written in those two ways. What says of which country, area, issuer or kind a value is
stays, and so do its grouping and the way it is written; check digits are right, so that what checks a text or learns from it meets
numbers as they are. An address of mail gets a host under example.com (RFC 2606), an IP address lies in a private net. This is
pseudonymisation, not anonymisation: who holds the key can test a guess, equal values stay equal, and what comes out may be somebody's.
"""

import hmac
import re
from collections.abc import Callable, Iterator
from hashlib import sha256

from danlu.data.redact import identity_numbers, phone_numbers
from danlu.data.redact.canonical import canonical, mail_signs
from danlu.data.redact.dates import date
from danlu.data.redact.shape import characters, digits_shaped, filled, shaped
from danlu.text.pii.finding import NAME_KINDS
from danlu.text.pii.window import window_of

VERSION = 3
FORMLESS = NAME_KINDS | {"address"}
"""Types that have no form to keep: they can be masked, and not be pseudonymised."""
_WIDTH = 0xFEE0
"""From a character of ASCII to its wide form."""
_PLATE_LETTERS = "ABCDEFGHJK"
"""What may stand at any place of a plate, that of new-energy vehicles among them."""
_TRIES = 8


def keyed_hash(key: bytes, kind: str, value: str) -> str:
    """16 hexadecimal digits that are equal for equal values, and tell nothing to who has no key."""
    return hmac.new(key, _message(kind, value).encode(), sha256).hexdigest()[:16]


def pseudonym(key: bytes, kind: str, value: str) -> str:
    """Another value of the same type and form; asterisks where no other one came out, since the value itself must not."""
    plain = window_of(value, 0).text
    number, extension = phone_numbers.parted(kind, plain)
    other = _other(key, kind, number)
    if extension:
        draw = _numbers(key, _message(kind, plain))
        other += re.sub("[0-9]+", lambda digits: shaped(digits[0], draw), extension)
    return _as_wide(value, plain, other)


def _other(key: bytes, kind: str, plain: str) -> str:
    draw, own = _numbers(key, _message(kind, plain)), canonical(kind, plain)
    made = (_MAKERS.get(kind, shaped)(plain, draw) for _ in range(_TRIES))
    return next((one for one in made if canonical(kind, one) != own), re.sub(r"\w", "*", plain))


def _as_wide(value: str, plain: str, other: str) -> str:
    """`other` as wide as `value` was written; separators are those of `value`, but where it hides some inside."""
    if not len(value) == len(plain) == len(other):
        return other
    spread = zip(value, plain, other, strict=True)
    return "".join(v if p == o else chr(ord(o) + _WIDTH) if "\uff01" <= v <= "\uff5e" else o for v, p, o in spread)


def _message(kind: str, value: str) -> str:
    """One text for all the ways in which a value is written."""
    return f"{kind}\0{canonical(kind, window_of(value, 0).text)}"


def _numbers(key: bytes, message: str) -> Iterator[int]:
    """Numbers without end, each of 32 bits."""
    block = 0
    while True:
        digest = hmac.new(key, f"{block}\0{message}".encode(), sha256).digest()
        yield from (int.from_bytes(digest[at : at + 4], "big") for at in range(0, 32, 4))
        block += 1


def _mail(value: str, draw: Iterator[int]) -> str:
    """`[at]` and `[dot]` stay."""
    at, dot = mail_signs(value)
    return f"user{next(draw) % 10**8:08}{at}{'abcdefghij'[next(draw) % 10]}{next(draw) % 1000:03}{dot}example{dot}com"


def _ip(value: str, draw: Iterator[int]) -> str:
    """Addresses that are routed nowhere: 10.0.0.0/8, and fd00::/8 for the long ones."""
    if ":" in value:
        zone = value.partition("%")
        return "fd00:" + ":".join(f"{next(draw) % 65536:x}" for _ in range(7)) + zone[1] + zone[2]
    return f"10.{next(draw) % 256}.{next(draw) % 256}.{1 + next(draw) % 254}"


def _mac(value: str, draw: Iterator[int]) -> str:
    """The maker's three bytes stay."""
    made = characters(value)[:6] + "".join("0123456789ABCDEF"[next(draw) % 16] for _ in range(6))
    return filled(value.upper(), made) if value.upper() == value else filled(value.upper(), made).lower()


def _plate(value: str, draw: Iterator[int]) -> str:
    """Province and city stay."""
    return shaped(value, draw, keep=1, letters=_PLATE_LETTERS)


def _tax_number(value: str, draw: Iterator[int]) -> str:
    """Letters stay, and the region of six digits where there is one."""
    return digits_shaped(value, draw, keep=6 if len(characters(value)) >= 15 else 2)


def _licence(value: str, draw: Iterator[int]) -> str:
    """A British number holds month and day: their tens keep their place."""
    made, own = characters(shaped(value, draw)), characters(value)
    if re.fullmatch(r"[A-Z9]{5}\d[0156]\d[0-3]\d{2}[A-Z9]{2}\d[A-Z]{2}", own):
        made = made[:6] + own[6] + made[7] + own[8] + made[9:]
    return filled(value, made)


_MAKERS: dict[str, Callable[[str, Iterator[int]], str]] = {
    "cn_resident_id": identity_numbers.resident_id,
    "tw_id": identity_numbers.taiwan_id,
    "hk_id": identity_numbers.hong_kong_id,
    "passport": identity_numbers.passport,
    "travel_permit": digits_shaped,
    "driving_licence": _licence,
    "vehicle_plate": _plate,
    "social_credit_code": identity_numbers.social_credit_code,
    "organisation_code": identity_numbers.organisation_code,
    "tax_id": _tax_number,
    "mobile_phone": phone_numbers.mobile,
    "landline_phone": phone_numbers.landline,
    "international_phone": phone_numbers.abroad,
    "bank_card": identity_numbers.card,
    "iban": identity_numbers.iban,
    "imei": identity_numbers.imei,
    "crypto_wallet": identity_numbers.wallet,
    "email": _mail,
    "ip_address": _ip,
    "mac_address": _mac,
    "us_ssn": identity_numbers.social_security_number,
    "uk_nino": digits_shaped,
    "date_of_birth": date,
}
"""By type; any other one keeps its shape alone."""
