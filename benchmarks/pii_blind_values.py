# ruff: noqa: D103 - the name of a function says which type it draws
"""Invented values of every type of personal data, check digits computed from the public standards.

Written without a look at danlu's detectors: GB 11643 (resident identity), GB 32100 (social credit), GB 11714 (organisation code),
ISO/IEC 7812 (Luhn), ISO 13616 (IBAN), ICAO 9303 (machine-readable zone), BIP 13/173/350 and EIP-55 (wallets), DVLA and HMRC
formats. Each function of `VALUES` draws one value, in one of the ways people write it.
"""

import base64
import calendar
import hashlib
import json
import random
import string
from collections.abc import Callable

Draw = random.Random
REGIONS = (
    "110101 110102 110105 110106 110108 110112 120101 120103 120104 130102 130104 130203 140105 140106 150102 210102 210103"
    " 210202 220102 220104 230102 230103 310101 310104 310105 310106 310107 310109 310110 310112 310115 320102 320104 320106"
    " 320505 330102 330106 330108 330203 340102 340103 350102 350203 360102 370102 370202 410102 410103 420102 420106 420111"
    " 430102 430103 440103 440104 440106 440303 440304 440305 440306 450102 460105 500103 510104 510105 510107 520102 530102"
    " 540102 610102 610104 620102 630102 640104 650102"
).split()
MOBILE_SEGMENTS = (
    "130 131 132 133 134 135 136 137 138 139 145 147 149 150 151 152 153 155 156 157 158 159 162 165 166 167 170 171 172 173"
    " 175 176 177 178 180 181 182 183 184 185 186 187 188 189 190 191 192 193 195 196 197 198 199"
).split()
LONG_AREAS = "010 020 021 022 023 024 025 027 028 029 0311 0371 0411 0431 0451 0512 0531 0532 0551 0571 0574 0591 0592 0731 0755 0757 0769 0791 0871 0898".split()
SHORT_AREAS = "0570 0578 0594 0635 0662 0717 0735 0763 0772 0839 0937 0951 0991".split()
ALPHANUMERIC = string.ascii_letters + string.digits
UPPER = string.ascii_uppercase + string.digits
CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
SURNAMES_EN = (
    "Smith Taylor Brown Garcia Miller Okafor Novak Rossi Larsen Dubois Moreau Keller Haddad Silva Tanaka".split()
)
SURNAMES_PINYIN = "zhang wang li zhao chen liu yang huang wu zhou xu sun ma zhu hu guo lin he luo gao".split()
GIVEN_PINYIN = "wei fang na xiuying min jing lei qiang jun yang ming juan xia ping gang yu hui tao".split()


def digits(draw: Draw, count: int) -> str:
    return "".join(draw.choices(string.digits, k=count))


def letters(draw: Draw, count: int) -> str:
    return "".join(draw.choices(string.ascii_uppercase, k=count))


def characters(draw: Draw, count: int, alphabet: str = ALPHANUMERIC) -> str:
    """Random characters with a digit and a letter among them, no mark at either end."""
    while True:
        found = "".join(draw.choices(alphabet, k=count))
        mixed = any(map(str.isdigit, found)) and any(map(str.isalpha, found))
        if mixed and found[0].isalnum() and found[-1].isalnum():
            return found


def day(draw: Draw, first: int = 1948, last: int = 2008) -> tuple[int, int, int]:
    year, month = draw.randint(first, last), draw.randint(1, 12)
    return year, month, draw.randint(1, calendar.monthrange(year, month)[1])


def grouped(value: str, sizes: tuple[int, ...], by: str) -> str:
    parts, at = [], 0
    for size in sizes:
        parts.append(value[at : at + size])
        at += size
    return by.join(part for part in [*parts, value[at:]] if part)


# Checks ---------------------------------------------------------------------------------------------------------------------


def resident_check(first_17: str) -> str:
    """GB 11643: weights 2^(17-i) mod 11."""
    return "10X98765432"[sum(int(digit) * pow(2, 17 - at, 11) for at, digit in enumerate(first_17)) % 11]


def credit_check(first_17: str) -> str:
    """GB 32100: weights 3^i mod 31."""
    total = sum(CREDIT.index(character) * pow(3, at, 31) for at, character in enumerate(first_17))
    return CREDIT[(31 - total % 31) % 31]


def organisation_check(first_8: str) -> str:
    """GB 11714: weights 3, 7, 9, 10, 5, 8, 4, 2, modulo 11."""
    total = sum(UPPER_36.index(c) * weight for c, weight in zip(first_8, (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
    return "0123456789X0"[11 - total % 11]


UPPER_36 = string.digits + string.ascii_uppercase


def luhn_check(body: str) -> str:
    total = 0
    for at, digit in enumerate(reversed(body)):
        double = int(digit) * (2 if at % 2 == 0 else 1)
        total += double - 9 if double > 9 else double
    return str(-total % 10)


def mrz_check(field: str) -> str:
    """ICAO 9303: weights 7, 3, 1, modulo 10."""
    worth = {"<": 0, **{character: at for at, character in enumerate(UPPER_36)}}
    return str(sum(worth[character] * (7, 3, 1)[at % 3] for at, character in enumerate(field)) % 10)


def base58check(payload: bytes) -> str:
    raw = payload + hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    number, text = int.from_bytes(raw, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        text = BASE58[rest] + text
    return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + text


def bech32(program: bytes, version: int) -> str:
    """BIP 173 for version 0, BIP 350 (bech32m) above."""
    bits = "".join(f"{byte:08b}" for byte in program)
    bits += "0" * (-len(bits) % 5)
    data = [version] + [int(bits[at : at + 5], 2) for at in range(0, len(bits), 5)]
    state = 1
    for value in [3, 3, 0, 2, 3, *data, 0, 0, 0, 0, 0, 0]:
        top, state = state >> 25, (state & 0x1FFFFFF) << 5 ^ value
        for at, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            state ^= generator if top >> at & 1 else 0
    state ^= 0x2BC830A3 if version else 1
    return "bc1" + "".join(BECH32[value] for value in [*data, *(state >> 5 * (5 - at) & 31 for at in range(6))])


def keccak_256(data: bytes) -> bytes:
    """Keccak with the padding from before SHA-3, as Ethereum uses it."""
    mask, rate = (1 << 64) - 1, 136
    padded = bytearray(data + b"\1" + b"\0" * (-(len(data) + 1) % rate))
    padded[-1] |= 0x80
    lanes = [[0] * 5 for _ in range(5)]
    turn = lambda value, by: (value << by | value >> (64 - by)) & mask if by else value  # noqa: E731
    for start in range(0, len(padded), rate):
        for at in range(rate // 8):
            lanes[at % 5][at // 5] ^= int.from_bytes(padded[start + 8 * at : start + 8 * at + 8], "little")
        register = 1
        for _ in range(24):
            column = [a[0] ^ a[1] ^ a[2] ^ a[3] ^ a[4] for a in lanes]
            change = [column[(x - 1) % 5] ^ turn(column[(x + 1) % 5], 1) for x in range(5)]
            lanes = [[lanes[x][y] ^ change[x] for y in range(5)] for x in range(5)]
            x, y, current = 1, 0, lanes[1][0]
            for step in range(24):
                x, y = y, (2 * x + 3 * y) % 5
                current, lanes[x][y] = lanes[x][y], turn(current, (step + 1) * (step + 2) // 2 % 64)
            lanes = [
                [a ^ (~b & c) for a, b, c in zip(lanes[x], lanes[(x + 1) % 5], lanes[(x + 2) % 5], strict=True)]
                for x in range(5)
            ]
            for power in range(7):
                register = (register << 1 ^ (register >> 7) * 0x71) % 256
                if register & 2:
                    lanes[0][0] ^= 1 << (1 << power) - 1
    return b"".join(lanes[at % 5][at // 5].to_bytes(8, "little") for at in range(4))


def eip55(address: str) -> str:
    judge = keccak_256(address.encode()).hex()
    return "0x" + "".join(c.upper() if int(judge[at], 16) >= 8 else c for at, c in enumerate(address))


# Government -----------------------------------------------------------------------------------------------------------------


def bare_resident_id(draw: Draw) -> str:
    region = draw.choice(REGIONS) if draw.random() < 0.93 else draw.choice(("810000", "820000", "830000"))
    year, month, date = day(draw)
    body = f"{region}{year}{month:02}{date:02}{digits(draw, 3)}"
    if draw.random() < 0.1:
        body = next(
            b for b in (body[:-3] + f"{n:03}" for n in range(draw.randint(1, 800), 1000)) if resident_check(b) == "X"
        )
    value = body + resident_check(body)
    return bare_resident_id(draw) if value.isdigit() and is_card(value) else value


def cn_resident_id(draw: Draw) -> str:
    value = bare_resident_id(draw)
    if value.endswith("X") and draw.random() < 0.4:
        value = value.lower()
    if draw.random() < 0.15:
        value = grouped(value, (6, 8, 4), draw.choice(" -"))
    return value


def cn_resident_id_old(draw: Draw) -> str:
    year, month, date = day(draw, 1930, 1985)
    return f"{draw.choice(REGIONS)}{year % 100:02}{month:02}{date:02}{digits(draw, 3)}"


TW_LETTERS = dict(zip("ABCDEFGHJKLMNPQRSTUVXYWZIO", range(10, 36), strict=True))


def tw_check(letter: str, first_8: str) -> str:
    code = TW_LETTERS[letter]
    return str(-(code // 10 + code % 10 * 9 + sum(int(d) * (8 - at) for at, d in enumerate(first_8))) % 10)


def tw_id(draw: Draw) -> str:
    letter = draw.choice("ABCDEFGHIJKMNOPQTUVWXZ")
    body = draw.choice("11122") + digits(draw, 7)
    return letter + body + tw_check(letter, body)


def hk_check(letters_: str, six: str) -> str:
    worth = [UPPER_36.index(c) for c in letters_]
    total = sum(
        v * w
        for v, w in zip(
            ([36] if len(letters_) == 1 else []) + worth + [int(d) for d in six], range(9, 1, -1), strict=True
        )
    )
    return "0123456789A"[-total % 11]


def hk_parts(draw: Draw) -> tuple[str, str]:
    prefix = draw.choice("ABCDEFGHKMPRSVYZ") if draw.random() < 0.8 else draw.choice(("WX", "XA", "XD", "XE", "XG"))
    six = digits(draw, 6)
    return prefix + six, hk_check(prefix, six)


def hk_id(draw: Draw) -> str:
    body, check = hk_parts(draw)
    return f"{body}（{check}）" if draw.random() < 0.2 else f"{body}({check})"


def hk_id_bare(draw: Draw) -> str:
    return "".join(hk_parts(draw))


def permit_hk(draw: Draw) -> str:
    return draw.choice("HM") + digits(draw, draw.choice((8, 10)))


def permit_tw(draw: Draw) -> str:
    return digits(draw, draw.choice((8, 8, 10)))


def permit_to_hk(draw: Draw) -> str:
    return draw.choice("CCW") + (digits(draw, 8) if draw.random() < 0.5 else draw.choice("ABCDEFGH") + digits(draw, 7))


def permit_to_tw(draw: Draw) -> str:
    return draw.choice("TL") + digits(draw, 8)


def passport_cn(draw: Draw) -> str:
    kind = draw.choice(("E", "E", "EA", "G", "D", "S", "P", "H", "EJ", "SE"))
    return kind + digits(draw, 9 - len(kind))


def passport_foreign(draw: Draw) -> str:
    return draw.choice(
        (
            digits(draw, 9),
            letters(draw, 1) + digits(draw, 8),
            letters(draw, 2) + digits(draw, 7),
            "C01" + draw.choice("XYZ") + digits(draw, 5),
            letters(draw, 1) + digits(draw, 7),
            digits(draw, 2) + letters(draw, 2) + digits(draw, 5),
        )
    )


def passport_zone(draw: Draw) -> str:
    country = draw.choice(("CHN", "USA", "GBR", "FRA", "JPN", "KOR", "CAN", "AUS"))
    surname, given = draw.choice(SURNAMES_EN + SURNAMES_PINYIN).upper(), draw.choice(GIVEN_PINYIN).upper()
    number = draw.choice(("E", "P", "K", "1", "5")) + digits(draw, 8)
    born, ends = day(draw, 1950, 2005), day(draw, 2024, 2034)
    first, last = (f"{y % 100:02}{m:02}{d:02}" for y, m, d in (born, ends))
    numbered, first, last = (field + mrz_check(field) for field in (number, first, last))
    optional = "<" * 14 + draw.choice("<0")
    line = f"{numbered}{country}{first}{draw.choice('MF')}{last}{optional}"
    line += mrz_check(numbered + first + last + optional)
    return f"P<{country}{surname}<<{given}".ljust(44, "<") + "\n" + line


def licence_file(draw: Draw) -> str:
    return draw.choice(REGIONS)[:4] + digits(draw, 8)


def licence_uk(draw: Draw) -> str:
    year, month, date = day(draw, 1950, 2004)
    month += draw.choice((0, 50))
    name = draw.choice(SURNAMES_EN).upper()[:5].ljust(5, "9")
    initials = draw.choice(string.ascii_uppercase) + draw.choice("9ABEJMR")
    return f"{name}{year // 10 % 10}{month:02}{date:02}{year % 10}{initials}9{letters(draw, 2)}"


def licence_us(draw: Draw) -> str:
    return draw.choice(
        (letters(draw, 1) + digits(draw, 7), digits(draw, 9), digits(draw, 8), letters(draw, 1) + digits(draw, 12))
    )


PROVINCES = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
PLATE = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def vehicle_plate(draw: Draw) -> str:
    office = draw.choice(PROVINCES) + draw.choice("ABCDEFGHJKL")
    five = (
        digits(draw, 5)
        if draw.random() < 0.5
        else draw.choice(PLATE) + digits(draw, 2) + draw.choice(PLATE) + digits(draw, 1)
    )
    green = draw.choice("DF") + digits(draw, 5) if draw.random() < 0.7 else digits(draw, 5) + draw.choice("DF")
    tail = draw.choice((five, five, five, five, green, green, digits(draw, 4) + draw.choice("警学挂")))
    return office + draw.choice(("", "", "", "·", "·", " ", "-")) + tail


def plate_special(draw: Draw) -> str:
    return draw.choice(
        (f"粤Z{digits(draw, 4)}{draw.choice('港澳')}", f"粤Z·{digits(draw, 4)}港", f"粤Z{digits(draw, 3)}A澳")
    )


def plate_embassy(draw: Draw) -> str:
    return draw.choice(
        (f"使{digits(draw, 6)}", f"{digits(draw, 6)}使", f"沪A{digits(draw, 4)}领", f"粤A{digits(draw, 4)}领")
    )


def bare_organisation_code(draw: Draw, letters_too: bool = True) -> str:
    body = draw.choice(CREDIT if letters_too else string.digits) + "".join(draw.choices(string.digits, k=7))
    if letters_too and draw.random() < 0.6:
        body = "MA" + draw.choice("0123456789ABCDEFGHJKLMN") + "".join(draw.choices(CREDIT, k=5))
    return body + organisation_check(body)


def social_credit_code(draw: Draw) -> str:
    body = draw.choice(("91", "91", "91", "92", "93", "12", "51", "52", "11")) + draw.choice(REGIONS)
    body += bare_organisation_code(draw, draw.random() < 0.7)
    value = body + credit_check(body)
    return social_credit_code(draw) if "I" in value or is_card(value) or is_resident(value) else value


def credit_digits(draw: Draw) -> str:
    return next(value for value in iter(lambda: social_credit_code(draw), "") if value.isdigit())


def organisation_code(draw: Draw) -> str:
    value = bare_organisation_code(draw, draw.random() < 0.5)
    return value[:8] + draw.choice(("-", "-", "")) + value[8]


def tax_cn(draw: Draw) -> str:
    return draw.choice(
        (
            draw.choice(REGIONS) + digits(draw, 9),
            draw.choice(REGIONS) + bare_organisation_code(draw),
            cn_resident_id_old(draw) + digits(draw, 2),
            bare_resident_id(draw) + digits(draw, 2),
        )
    )


def tax_ein(draw: Draw) -> str:
    return f"{draw.choice((12, 20, 27, 33, 36, 45, 47, 52, 61, 75, 82, 94))}-{digits(draw, 7)}"


def tax_vat(draw: Draw) -> str:
    return draw.choice(
        (
            "DE" + draw.choice("123") + digits(draw, 8),
            "GB" + digits(draw, 9),
            "FR" + digits(draw, 11),
            "ATU" + digits(draw, 8),
            "NL" + digits(draw, 9) + "B0" + draw.choice("123"),
            "IT" + digits(draw, 11),
            "PL" + digits(draw, 10),
            "BE0" + digits(draw, 9),
        )
    )


# Telephone ------------------------------------------------------------------------------------------------------------------


def bare_mobile(draw: Draw) -> str:
    return draw.choice(MOBILE_SEGMENTS) + digits(draw, 8)


def mobile_phone(draw: Draw) -> str:
    value = bare_mobile(draw)
    by = draw.choice((" ", "-", "-", " ", "."))
    shape = draw.random()
    if shape < 0.45:
        return value
    if shape < 0.70:
        return grouped(value, (3, 4), by)
    if shape < 0.74:
        return grouped(value, draw.choice(((4, 3), (3, 3))), draw.choice(" -"))
    prefix = draw.choice(("+86", "+86 ", "+86-", "86-", "86", "0086", "0086-", "0086 ", "＋86 "))
    return prefix + (value if draw.random() < 0.5 else grouped(value, (3, 4), draw.choice(" -")))


def mobile_numerals(draw: Draw) -> str:
    return bare_mobile(draw).translate(
        str.maketrans(
            "0123456789", draw.choice(("〇一二三四五六七八九", "零幺二三四五六七八九", "零一二三四五六七八九"))
        )
    )


def landline(draw: Draw) -> tuple[str, str]:
    if draw.random() < 0.8:
        return draw.choice(LONG_AREAS), draw.choice("2345678") + digits(draw, 7)
    return draw.choice(SHORT_AREAS), draw.choice("2345678") + digits(draw, 6)


def landline_phone(draw: Draw) -> str:
    area, number = landline(draw)
    shown = number if draw.random() < 0.7 else f"{number[:-4]}{draw.choice(' -')}{number[-4:]}"
    value = draw.choice(
        (f"{area}-{shown}",) * 4 + (f"{area} {shown}", f"({area}){shown}", f"({area}) {shown}", f"（{area}）{shown}")
    )
    if draw.random() < 0.12:
        value = draw.choice(("+86 ", "+86-", "0086-")) + f"{area[1:]}{draw.choice(' -')}{number}"
    if draw.random() < 0.2:
        value += draw.choice(("-", "转", "转 ", " 转 ")) + digits(draw, draw.choice((3, 4))).replace("0", "8")
    return value


def landline_bare(draw: Draw) -> str:
    return "".join(landline(draw))


ABROAD = (
    ("44", "20 79## ####"),
    ("44", "7### ######"),
    ("49", "30 2#######"),
    ("49", "151 2#######"),
    ("33", "6 12 ## ## ##"),
    ("81", "3-5###-####"),
    ("81", "90-3###-####"),
    ("82", "10-4###-####"),
    ("852", "9### ####"),
    ("852", "2### ####"),
    ("853", "66## ####"),
    ("886", "9## ### ###"),
    ("886", "2 27## ####"),
    ("65", "8### ####"),
    ("61", "4## ### ###"),
    ("91", "98### #####"),
    ("7", "916 ###-##-##"),
    ("55", "11 9####-####"),
    ("971", "50 ### ####"),
    ("60", "12-### ####"),
    ("1", "415 555 ####"),
    ("1", "(212) 555-####"),
    ("1", "617-555-####"),
    ("39", "347 ### ####"),
    ("34", "612 ### ###"),
)


def filled(draw: Draw, shape: str) -> str:
    return "".join(draw.choice(string.digits) if c == "#" else c for c in shape)


def international_phone(draw: Draw) -> str:
    country, shape = draw.choice(ABROAD)
    number = filled(draw, shape)
    form = draw.random()
    if form < 0.2:
        return f"+{country}" + "".join(filter(str.isdigit, number))
    if form < 0.35:
        return f"00{country}{draw.choice(' -')}{number}"
    return f"+{country}{draw.choice((' ', ' ', '-'))}{number}"


def phone_us(draw: Draw) -> str:
    area, exchange, line = (
        draw.choice("2345678") + draw.choice("02345678") + digits(draw, 1),
        draw.choice("23456789") + digits(draw, 2),
        digits(draw, 4),
    )
    if "11" in (area[1:], exchange[1:]):
        return phone_us(draw)
    return draw.choice(
        (
            f"({area}) {exchange}-{line}",
            f"({area}){exchange}-{line}",
            f"{area}-{exchange}-{line}",
            f"{area}.{exchange}.{line}",
        )
    )


def phone_national(draw: Draw) -> str:
    return draw.choice(
        (
            filled(draw, "020 79## ####"),
            filled(draw, "07### ######"),
            filled(draw, "415555####"),
            filled(draw, "03-5###-####"),
            filled(draw, "0161 496 ####"),
        )
    )


# Money ----------------------------------------------------------------------------------------------------------------------


def is_card(value: str) -> bool:
    return value.isdigit() and 13 <= len(value) <= 19 and value[0] in "345689" and luhn_check(value[:-1]) == value[-1]


def is_resident(value: str) -> bool:
    return value[:17].isdigit() and resident_check(value[:17]) == value[17]


CARDS = (
    ("622202", 19), ("622848", 19), ("621700", 19), ("621661", 19), ("622588", 16), ("625965", 16), ("628288", 16), ("603367", 18),
    ("601382", 19), ("8123", 16), ("436742", 19), ("436742", 16), ("955880", 19), ("955881", 19), ("4", 16), ("4539", 16), ("51", 16),
    ("55", 16), ("2221", 16), ("2720", 16), ("34", 15), ("37", 15), ("3530", 16), ("3589", 16), ("36", 14), ("6011", 16), ("65", 16),
    ("675911", 16), ("6763", 16),
)  # fmt: skip


def bare_card(draw: Draw) -> str:
    prefix, length = draw.choice(CARDS)
    body = prefix + digits(draw, length - 1 - len(prefix))
    value = body + luhn_check(body)
    clash = len(value) == 18 and (is_resident(value) or credit_check(value[:17]) == value[17])
    return bare_card(draw) if clash else value


def bank_card(draw: Draw) -> str:
    value = bare_card(draw)
    if draw.random() < 0.5:
        return value
    by = draw.choice((" ", " ", " ", "-"))
    if len(value) == 15:
        return grouped(value, (4, 6), by)
    if len(value) == 14:
        return grouped(value, (4, 6), by)
    if len(value) == 19 and draw.random() < 0.3:
        return grouped(value, (6,), by)
    return grouped(value, (4, 4, 4, 4), by)


def card_cvv(draw: Draw) -> str:
    return digits(draw, 3 if draw.random() < 0.85 else 4)


IBANS = {
    "DE": "d18", "GB": "a4d14", "FR": "d10x11d2", "NL": "a4d10", "ES": "d20", "IT": "a1d10x12", "CH": "d5x12", "BE": "d12", "AT": "d16",
    "PL": "d24", "SE": "d20", "NO": "d11", "DK": "d14", "FI": "d14", "PT": "d21", "IE": "a4d14", "LU": "d3x13", "AE": "d19", "TR": "d22",
}  # fmt: skip


def iban(draw: Draw) -> str:
    country = draw.choice(sorted(IBANS))
    bban, shape = "", IBANS[country]
    while shape:
        kind, count = shape[0], shape[1:].split("a")[0].split("d")[0].split("x")[0]
        bban += "".join(draw.choices({"d": string.digits, "a": string.ascii_uppercase, "x": UPPER}[kind], k=int(count)))
        shape = shape[1 + len(count) :]
    number = int("".join(str(int(c, 36)) for c in bban + country + "00"))
    value = f"{country}{98 - number % 97:02}{bban}"
    return grouped(value, (4,) * 8, " ") if draw.random() < 0.5 else value


def crypto_wallet(draw: Draw) -> str:
    body = draw.randbytes(20)
    return draw.choice(
        (
            base58check(b"\x00" + body),
            base58check(b"\x05" + body),
            base58check(b"\x41" + body),
            bech32(body, 0),
            bech32(draw.randbytes(32), 1),
            "0x" + body.hex(),
            eip55(body.hex()),
            eip55(body.hex()),
        )
    )


# Network and devices --------------------------------------------------------------------------------------------------------

DOMAINS = "example.com example.org mail.example.cn qq.com 163.com 126.com gmail.com outlook.com sina.com.cn foxmail.com corp.example.net hust.edu.cn beispiel.de acme-labs.io 丹炉.中国 例子.公司".split()


def email(draw: Draw) -> str:
    family, given = draw.choice(SURNAMES_PINYIN), draw.choice(GIVEN_PINYIN)
    local = draw.choice(
        (
            f"{given}.{family}",
            f"{family}{given}{digits(draw, 3)}",
            f"{given[0]}{family}",
            f"{digits(draw, 9)}",
            f"{family}_{given}",
            f"{given}+news",
            f"{family}-{given}",
        )
    )
    domain = draw.choice(DOMAINS)
    shape = draw.random()
    if shape < 0.85 or not domain.isascii():
        return f"{local}@{domain}"
    if shape < 0.89:
        return f"{local}＠{domain}"
    at, dot = draw.choice(
        (("[at]", "[dot]"), ("(at)", "."), (" [at] ", " [dot] "), (" (at) ", " (dot) "), ("[at]", "."))
    )
    return f"{local}{at}{domain.replace('.', dot)}"


def ip_address(draw: Draw) -> str:
    shape = draw.random()
    if shape < 0.7:
        first = draw.choice(
            (
                "10.{}.{}.{}",
                "192.168.{}.{}",
                "172.16.{}.{}",
                "203.0.113.{}",
                "198.51.100.{}",
                "47.98.{}.{}",
                "114.114.{}.{}",
                "8.{}.{}.{}",
            )
        )
        return first.format(*(draw.randint(1, 254) for _ in range(3)))
    piece = lambda: f"{draw.randint(1, 65535):x}"  # noqa: E731
    pieces = [piece() for _ in range(5)]
    shapes = (
        "2001:db8::{1}",
        "2001:db8:{0}:{1}:{2}:{3}:{4}:1",
        "fe80::{0}:7aff:fe12:{3}",
        "2408:801a:{1}::{2}",
        "240e:{0}:{1}::{2}:{3}",
        "fd00:{0}::{1}",
    )
    return draw.choice(shapes).format(*pieces)


def ip_v4(draw: Draw) -> str:
    return draw.choice(("10.{}.{}.{}", "192.168.{}.{}", "203.0.113.{}", "121.40.{}.{}")).format(
        *(draw.randint(1, 254) for _ in range(3))
    )


def mac_address(draw: Draw) -> str:
    value = draw.randbytes(6).hex()
    pairs = [value[at : at + 2] for at in range(0, 12, 2)]
    shown = draw.choice((":".join(pairs), ":".join(pairs), "-".join(pairs), f"{value[:4]}.{value[4:8]}.{value[8:]}"))
    return shown.upper() if draw.random() < 0.5 else shown


def imei(draw: Draw) -> str:
    body = draw.choice(("86", "35", "01", "99", "45")) + digits(draw, 12)
    value = body + luhn_check(body)
    return (
        value
        if draw.random() < 0.75
        else draw.choice(
            (grouped(value, (2, 6, 6), "-"), grouped(value, (2, 6, 6), " "), grouped(value, (6, 2, 6), "-"))
        )
    )


def url_credentials(draw: Draw) -> str:
    return f"{draw.choice(('root', 'admin', 'deploy', 'svc_report', 'liwei', 'ci-bot', 'reader'))}:{draw.choice((characters(draw, 12), 'S3cret' + digits(draw, 3), 'pa55-' + characters(draw, 6), 'Zx' + digits(draw, 4) + '%21'))}"


# Secrets --------------------------------------------------------------------------------------------------------------------


def api_key(draw: Draw) -> str:
    base32 = string.ascii_uppercase + "234567"
    kinds: tuple[Callable[[], str], ...] = (
        lambda: draw.choice(("AKIA", "ASIA")) + characters(draw, 16, base32),
        lambda: "AIzaSy" + characters(draw, 33, ALPHANUMERIC + "-_"),
        lambda: draw.choice(("ghp_", "gho_")) + characters(draw, 36),
        lambda: f"github_pat_{characters(draw, 22)}_{characters(draw, 59)}",
        lambda: "glpat-" + characters(draw, 20),
        lambda: f"xoxb-{digits(draw, 12)}-{digits(draw, 13)}-{characters(draw, 24)}",
        lambda: f"sk-{characters(draw, 20)}T3BlbkFJ{characters(draw, 20)}",
        lambda: f"sk-proj-{characters(draw, 74)}T3BlbkFJ{characters(draw, 74)}",
        lambda: f"sk-ant-api03-{characters(draw, 93, ALPHANUMERIC + '-_')}AA",
        lambda: draw.choice(("sk_live_", "rk_live_", "sk_test_")) + characters(draw, 24),
        lambda: "hf_" + characters(draw, 34, string.ascii_letters + "0123"),
        lambda: "npm_" + characters(draw, 36),
        lambda: "LTAI5t" + characters(draw, 18),
        lambda: "AKID" + characters(draw, 32),
        lambda: f"SG.{characters(draw, 22)}.{characters(draw, 43)}",
    )
    return draw.choice(kinds)()


def key_labelled(draw: Draw) -> str:
    return draw.choice(
        (
            draw.randbytes(16).hex(),
            characters(draw, 24),
            characters(draw, 40, ALPHANUMERIC + "-_"),
            characters(draw, 32),
            draw.randbytes(20).hex(),
            characters(draw, 16),
        )
    )


def key_twilio(draw: Draw) -> str:
    return "SK" + draw.randbytes(16).hex()


def private_key(draw: Draw) -> str:
    kind = draw.choice(("RSA ", "EC ", "OPENSSH ", "", "ENCRYPTED ", "DSA "))
    body = base64.b64encode(draw.randbytes(draw.choice((120, 240, 400)))).decode()
    by = "\\n" if draw.random() < 0.15 else "\n"
    return by.join(
        (
            f"-----BEGIN {kind}PRIVATE KEY-----",
            *(body[at : at + 64] for at in range(0, len(body), 64)),
            f"-----END {kind}PRIVATE KEY-----",
        )
    )


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def jwt(draw: Draw) -> str:
    header = (
        {"alg": draw.choice(("HS256", "RS256", "ES256")), "typ": "JWT"}
        if draw.random() < 0.7
        else {"typ": "JWT", "alg": "HS256", "kid": digits(draw, 4)}
    )
    claims = {"sub": digits(draw, 8), "name": draw.choice(GIVEN_PINYIN), "iat": 1700000000 + draw.randint(0, 10**7)}
    compact = (",", ":")
    return ".".join(
        (
            encoded(json.dumps(header, separators=compact).encode()),
            encoded(json.dumps(claims, separators=compact).encode()),
            encoded(draw.randbytes(32)),
        )
    )


def password(draw: Draw) -> str:
    return draw.choice(
        (
            f"{draw.choice(GIVEN_PINYIN).title()}@{digits(draw, 4)}",
            characters(draw, draw.choice((8, 10, 14))),
            f"P@ss{digits(draw, 3)}w0rd",
            f"{draw.choice(GIVEN_PINYIN)}{digits(draw, 6)}",
            f"{draw.choice(('Qwer', 'Abc', 'Test', 'Huawei', 'Root'))}#{digits(draw, 4)}x",
            digits(draw, 6),
            f"{draw.choice(('tiger', 'sunshine', 'iloveyou', 'dragon'))}{draw.choice('_!$%')}{digits(draw, 2)}",
            f"{characters(draw, 5)}!{characters(draw, 5)}",
        )
    )


def password_phrase(draw: Draw) -> str:
    return (
        f"{draw.choice(('correct', 'purple', 'silent'))} {draw.choice(('horse', 'ladder', 'river'))} {digits(draw, 2)}"
    )


# People ---------------------------------------------------------------------------------------------------------------------


def bare_ssn(draw: Draw) -> tuple[str, str, str]:
    area = draw.choice([n for n in range(1, 900) if n != 666])
    return f"{area:03}", f"{draw.randint(1, 99):02}", f"{draw.randint(1, 9999):04}"


def us_ssn(draw: Draw) -> str:
    return "-".join(bare_ssn(draw))


def ssn_labelled(draw: Draw) -> str:
    return draw.choice(("-", "-", " ", "")).join(bare_ssn(draw))


def nino_parts(draw: Draw) -> tuple[str, ...]:
    while True:
        prefix = draw.choice("ABCEGHJKLMNOPRSTWXYZ") + draw.choice("ABCEGHJKLMNPRSTWXYZ")
        if prefix not in ("BG", "GB", "NK", "KN", "TN", "NT", "ZZ"):
            return prefix, digits(draw, 2), digits(draw, 2), digits(draw, 2), draw.choice("ABCD")


def uk_nino(draw: Draw) -> str:
    return " ".join(nino_parts(draw))


def nino_labelled(draw: Draw) -> str:
    return draw.choice(("", "", " ")).join(nino_parts(draw))


def wechat_id(draw: Draw) -> str:
    family, given = draw.choice(SURNAMES_PINYIN), draw.choice(GIVEN_PINYIN)
    return draw.choice(
        (
            f"wxid_{characters(draw, 14, string.ascii_lowercase + string.digits)}",
            f"{family}_{given}{digits(draw, 2)}",
            f"{family}{given}{digits(draw, 4)}",
            f"{given}-{family}-{digits(draw, 2)}",
            f"{given.title()}{family}{digits(draw, 3)}",
            f"{family}{given}studio",
        )
    )


def qq_number(draw: Draw) -> str:
    return draw.choice("123456789") + digits(draw, draw.choice((5, 6, 7, 8, 8, 9, 9)))


MONTHS = "January February March April May June July August September October November December".split()


def birth_cn(draw: Draw) -> str:
    year, month, date = day(draw)
    return draw.choice(
        (
            f"{year}年{month}月{date}日",
            f"{year}年{month:02}月{date:02}日",
            f"{year}-{month:02}-{date:02}",
            f"{year}/{month}/{date}",
            f"{year}.{month:02}.{date:02}",
        )
    )


def birth_cn_words(draw: Draw) -> str:
    year, month, date = day(draw)
    return f"{year}年{month}月{date}日"


def birth_en(draw: Draw) -> str:
    year, month, date = day(draw)
    name = MONTHS[month - 1]
    return draw.choice(
        (
            f"{name} {date}, {year}",
            f"{date} {name} {year}",
            f"{date:02}/{month:02}/{year}",
            f"{year}-{month:02}-{date:02}",
            f"{name[:3]} {date}, {year}",
            f"{date:02}.{month:02}.{year}",
            f"{month}/{date}/{year}",
        )
    )


PLACES = (
    "北京市海淀区", "北京市朝阳区", "上海市徐汇区", "上海市浦东新区", "广东省深圳市南山区", "广东省广州市天河区", "浙江省杭州市西湖区",
    "江苏省南京市鼓楼区", "江苏省苏州市昆山市", "四川省成都市武侯区", "湖北省武汉市洪山区", "陕西省西安市雁塔区", "山东省青岛市市南区",
    "河南省郑州市金水区", "湖南省长沙市岳麓区", "福建省厦门市思明区", "重庆市渝中区", "天津市南开区", "辽宁省大连市中山区", "云南省昆明市盘龙区",
    "杭州市余杭区", "深圳市福田区", "成都市高新区", "广西壮族自治区南宁市青秀区", "内蒙古自治区呼和浩特市赛罕区", "新疆维吾尔自治区乌鲁木齐市天山区",
    "海淀区", "浦东新区", "黑龙江省哈尔滨市南岗区", "安徽省合肥市蜀山区", "贵州省贵阳市云岩区",
)  # fmt: skip
ROADS = "中山路 解放大道 人民南路 建设北街 文一西路 科技园南路 学院路 长江中路 和平大街 新华路 金融大道 环城东路 漕溪北路 珠江西路 五一大道".split()


def address(draw: Draw) -> str:
    place, road, number = draw.choice(PLACES), draw.choice(ROADS), draw.randint(1, 999)
    room = f"{draw.randint(1, 28)}{draw.randint(1, 12):02}室"
    return draw.choice(
        (
            f"{place}{road}{number}号",
            f"{place}{road}{number}号{room}",
            f"{place}{road}{number}号{draw.randint(1, 30)}栋{draw.randint(1, 6)}单元{room}",
            f"{place}{road}{number}号院{draw.randint(1, 30)}号楼{room}",
            f"{place}{road}{number}弄{draw.randint(1, 60)}号{room}",
            f"{place}{road}{number}号{draw.choice(('阳光花园', '创新大厦', '万科城', '锦绣家园'))}{draw.randint(1, 20)}栋{room}",
            f"{place}{road}{number}号{draw.choice('ABC')}座{draw.randint(2, 30)}楼",
            f"{place}{road} {number} 号 {room}",
        )
    )


def address_village(draw: Draw) -> str:
    county = draw.choice(
        ("河北省保定市定兴县", "四川省绵阳市三台县", "湖南省衡阳市衡南县", "贵州省遵义市湄潭县", "安徽省六安市霍山县")
    )
    return (
        county
        + draw.choice(("柳林镇", "石桥镇", "双河乡", "青山镇"))
        + draw.choice(("李家村", "红星村", "东风村", "大湾村"))
        + draw.choice(
            (
                f"{draw.randint(1, 12)}组",
                f"{draw.choice('一二三四五六七八')}组{draw.randint(1, 99)}号",
                f"{draw.randint(1, 200)}号",
            )
        )
    )


def address_road(draw: Draw) -> str:
    return f"{draw.choice(ROADS)}{draw.randint(1, 999)}号" + draw.choice(
        ("", f"{draw.randint(1, 20)}栋{draw.randint(1, 9)}0{draw.randint(1, 4)}室")
    )


VALUES: dict[str, Callable[[Draw], str]] = {
    "cn_resident_id": cn_resident_id, "cn_resident_id:old": cn_resident_id_old, "tw_id": tw_id, "hk_id": hk_id, "hk_id:bare": hk_id_bare,
    "travel_permit:hk": permit_hk, "travel_permit:tw": permit_tw, "travel_permit:to_hk": permit_to_hk, "travel_permit:to_tw": permit_to_tw,
    "passport:cn": passport_cn, "passport:foreign": passport_foreign, "passport:zone": passport_zone,
    "driving_licence:file": licence_file, "driving_licence:uk": licence_uk, "driving_licence:us": licence_us,
    "vehicle_plate": vehicle_plate, "vehicle_plate:special": plate_special, "vehicle_plate:embassy": plate_embassy,
    "social_credit_code": social_credit_code, "social_credit_code:digits": credit_digits, "organisation_code": organisation_code,
    "tax_id:cn": tax_cn, "tax_id:ein": tax_ein, "tax_id:vat": tax_vat,
    "mobile_phone": mobile_phone, "mobile_phone:numerals": mobile_numerals, "landline_phone": landline_phone, "landline_phone:bare": landline_bare,
    "international_phone": international_phone, "international_phone:us": phone_us, "international_phone:national": phone_national,
    "bank_card": bank_card, "card_cvv": card_cvv, "iban": iban, "crypto_wallet": crypto_wallet,
    "email": email, "ip_address": ip_address, "ip_address:v4": ip_v4, "mac_address": mac_address, "imei": imei, "url_credentials": url_credentials,
    "api_key": api_key, "api_key:labelled": key_labelled, "api_key:twilio": key_twilio, "private_key": private_key, "jwt": jwt,
    "password": password, "password:phrase": password_phrase,
    "us_ssn": us_ssn, "us_ssn:labelled": ssn_labelled, "uk_nino": uk_nino, "uk_nino:labelled": nino_labelled,
    "wechat_id": wechat_id, "qq_number": qq_number, "date_of_birth:cn": birth_cn, "date_of_birth:words": birth_cn_words, "date_of_birth:en": birth_en,
    "address": address, "address:village": address_village, "address:road": address_road,
}  # fmt: skip
"""Slot of a template to the function that draws its value; the type is what stands before the colon."""
