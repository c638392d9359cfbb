"""One text for all the ways in which a value is written: what pseudonyms and hashes of equal values are drawn from.

Numbers are their digits: numerals in Han characters are read, the country code of a mainland number and a leading 0 of its area are left
out, an old resident number gets the century and the check character of GB 11643. Dates are parsed, addresses of mail are folded and their
`[at]` and `[dot]` read, IP addresses are compressed (RFC 5952). A date such as 06/05/1990 is a day and a month in an order that nobody can
tell, and a telephone number in a national form of a country that it does not name: such a one equals only those written so too.
"""

import re
from collections.abc import Callable
from ipaddress import ip_address

from danlu.data.redact import phone_numbers
from danlu.data.redact.dates import read_date
from danlu.data.redact.shape import characters
from danlu.text.pii import checksums

_SEPARATOR = re.compile(r"[\s-]")
_NO_DIGIT = re.compile(r"\D")
_NO_WORD = re.compile(r"[\W_]")
_AT = re.compile(r" ?[\[({<] ?(?:at|@|#) ?[\])}>] ?| ?@ ?", re.IGNORECASE)
_DOT = re.compile(r" ?[\[({<] ?(?:dot|\.) ?[\])}>] ?|\.", re.IGNORECASE)


def canonical(kind: str, plain: str) -> str:
    """The value, given in ASCII width (danlu.text.pii.window); secrets and names, which have one form only, but for white space and hyphens."""
    number, extension = phone_numbers.parted(kind, plain)
    read = _READERS.get(kind)
    whole = read(number) if read else _SEPARATOR.sub("", number)
    return f"{whole}x{_NO_DIGIT.sub('', extension)}" if extension else whole


def mail_signs(plain: str) -> tuple[str, str]:
    """How an address of mail writes `@` and the dots of its host."""
    at = _AT.search(plain)
    dot = _DOT.search(plain, at.end()) if at else None
    return at[0] if at else "@", dot[0] if dot else "."


def _resident_id(plain: str) -> str:
    own = characters(plain)
    body = own[:6] + "19" + own[6:]
    return body + checksums.resident_id_check(body) if len(own) == 15 else own


def _mail(plain: str) -> str:
    local, _, host = _AT.sub("@", plain, count=1).partition("@")
    return f"{local}@{_DOT.sub('.', host)}".lower()


def _ip(plain: str) -> str:
    try:
        return ip_address(plain.partition("%")[0]).compressed
    except ValueError:
        return plain


def _wallet(plain: str) -> str:
    """The capitals of an address in hexadecimal digits are a checksum, those of bech32 mean nothing, those of base58 are digits."""
    return plain.lower() if re.match("0x|bc1", plain, re.IGNORECASE) else plain


def _words(plain: str) -> str:
    """Letters of any script and digits, so that the province of a plate stays."""
    return _NO_WORD.sub("", plain).upper()


_READERS: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(
        (
            "tw_id", "hk_id", "travel_permit", "passport", "driving_licence", "vehicle_plate", "social_credit_code",
            "organisation_code", "tax_id", "bank_card", "card_cvv", "iban", "mac_address", "imei", "us_ssn", "uk_nino", "qq_number",
        ),
        _words,
    ),
    "cn_resident_id": _resident_id,
    "mobile_phone": phone_numbers.read_mobile,
    "landline_phone": phone_numbers.read_landline,
    "international_phone": phone_numbers.read_abroad,
    "email": _mail,
    "ip_address": _ip,
    "crypto_wallet": _wallet,
    "wechat_id": str.lower,
    "date_of_birth": read_date,
}  # fmt: skip
