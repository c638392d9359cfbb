"""Check digits: what tells an identity number from any other number.

Each function takes the characters without separators, letters as capitals, and says whether the check holds. Sources: GB 11643-1999
(ISO 7064 MOD 11-2), GB 11714-1997, GB 32100-2015, ISO/IEC 7812-1 annex B (Luhn), ISO 13616 (IBAN), ICAO Doc 9303 part 3.
"""

from functools import cache

_DIGITS_AND_CAPITALS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_GB_32100 = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_GB_32100_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_GB_11714_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_GB_11643_WEIGHTS = tuple(pow(2, 17 - place, 11) for place in range(17))
_TW_LETTERS = "ABCDEFGHJKLMNPQRSTUVXYWZIO"
"""In the order of the numbers 10 to 35 that they stand for."""
_IBAN_LENGTHS = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 "
    "FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 "
    "LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 "
    "ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"
)


@cache
def iban_lengths() -> dict[str, int]:
    """Characters of an IBAN, by country."""
    return {entry[:2]: int(entry[2:]) for entry in _IBAN_LENGTHS.split()}


def luhn(digits: str) -> bool:
    """Bank cards and IMEI. Ten equal digits in a row pass by arithmetic and are no number anybody was given."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0 and len(set(digits)) > 1


def resident_id(characters: str) -> bool:
    """18 characters of GB 11643."""
    return resident_id_check(characters[:17]) == characters[17]


def resident_id_check(digits: str) -> str:
    """The 18th character for the 17 before it."""
    total = sum(int(digit) * weight for digit, weight in zip(digits, _GB_11643_WEIGHTS, strict=True))
    return "10X98765432"[total % 11]


def social_credit_code(characters: str) -> bool:
    """18 characters of GB 32100."""
    return all(c in _GB_32100 for c in characters) and social_credit_check(characters[:17]) == characters[17]


def social_credit_check(characters: str) -> str:
    """The 18th character for the 17 before it."""
    total = sum(_GB_32100.index(c) * weight for c, weight in zip(characters, _GB_32100_WEIGHTS, strict=True))
    return _GB_32100[-total % 31]


def organisation_code(characters: str) -> bool:
    """9 characters of GB 11714, the last of which may be X."""
    return organisation_check(characters[:8]) == characters[8]


def organisation_check(characters: str) -> str:
    """The 9th character for the 8 before it."""
    total = sum(_DIGITS_AND_CAPITALS.index(c) * weight for c, weight in zip(characters, _GB_11714_WEIGHTS, strict=True))
    check = 11 - total % 11
    return {10: "X", 11: "0"}.get(check, str(check))


def hong_kong_id(characters: str) -> bool:
    """One or two letters, six digits, check digit 0 to 9 or A."""
    return hong_kong_check(characters[:-1]) == characters[-1]


def hong_kong_check(characters: str) -> str:
    """The check digit for the letters and six digits before it."""
    values = [36] if len(characters) == 7 else []
    values += [_DIGITS_AND_CAPITALS.index(c) for c in characters]
    remainder = sum(value * weight for value, weight in zip(values, range(9, 1, -1), strict=True)) % 11
    return "0" if remainder == 0 else "A" if remainder == 1 else str(11 - remainder)


def taiwan_id(characters: str) -> bool:
    """A letter and nine digits."""
    return taiwan_check(characters[:9]) == characters[9]


def taiwan_check(characters: str) -> str:
    """The last digit for the letter and eight digits before it."""
    number = _TW_LETTERS.index(characters[0]) + 10
    digits = [number // 10, number % 10, *map(int, characters[1:])]
    total = sum(digit * weight for digit, weight in zip(digits, (1, 9, 8, 7, 6, 5, 4, 3, 2, 1), strict=True))
    return str(-total % 10)


def iban(characters: str) -> bool:
    """Country, its length, and the remainder by 97."""
    return iban_lengths().get(characters[:2]) == len(characters) and iban_check(characters) == characters[2:4]


def iban_check(characters: str) -> str:
    """The two check digits for a country and account; what stands in their place does not count."""
    moved = characters[4:] + characters[:2] + "00"
    return f"{98 - int(''.join(str(_DIGITS_AND_CAPITALS.index(c)) for c in moved)) % 97:02}"


def mrz_check(field: str) -> str:
    """The check digit of a field of a machine-readable zone."""
    values = (0 if c == "<" else _DIGITS_AND_CAPITALS.index(c) for c in field)
    return str(sum(value * (7, 3, 1)[place % 3] for place, value in enumerate(values)) % 10)


def passport_zone(second: str) -> bool:
    """The second line of a passport's zone of two lines of 44 characters."""
    number, birth, expiry, optional = second[:10], second[13:20], second[21:28], second[28:43]
    holds = all(mrz_check(field[:-1]) == field[-1] for field in (number, birth, expiry))
    optional_holds = mrz_check(optional[:-1]) == optional[-1] or set(optional) == {"<"}
    return holds and optional_holds and mrz_check(number + birth + expiry + optional) == second[43]
