# ruff: noqa: D103 - the name of a function says which type it draws
"""What looks like personal data and is none: wrong check digits, numbers of things, and words to fill sentences with.

A decoy whose sentence carries no label never passes a check by chance (`undecidable`): nobody could say what such a number is.
"""

import base64
import random
import string
import uuid
from collections.abc import Callable

import pii_blind_values as values

Draw = random.Random


def undecidable(value: str) -> bool:
    """True where bare digits pass a check of a type that needs no label."""
    plain = "".join(filter(str.isalnum, value))
    if values.is_card(plain):
        return True
    if len(plain) == 18 and plain[:17].isdigit():
        return values.is_resident(plain) or values.credit_check(plain[:17]) == plain[17]
    return False


def wrong(make: Callable[[Draw], str], alphabet: str = string.digits) -> Callable[[Draw], str]:
    """The same value with another last character, so that the check fails."""

    def made(draw: Draw) -> str:
        value = make(draw)
        at = max(at for at, character in enumerate(value) if character.isalnum())
        for other in draw.sample(alphabet, len(alphabet)):
            changed = value[:at] + other + value[at + 1 :]
            if other != value[at] and not undecidable(changed):
                return changed
        return made(draw)

    return made


def safe(make: Callable[[Draw], str]) -> Callable[[Draw], str]:
    return lambda draw: next(
        value for value in iter(lambda: make(draw), None) if value is not None and not undecidable(value)
    )


def otherwise_free(first_14: str, draw: Draw) -> str:
    """A resident number with its right check character, and no other type's."""
    while True:
        body = first_14 + values.digits(draw, 3)
        value = body + values.resident_check(body)
        if not values.is_card(value) and values.credit_check(body) != value[17]:
            return value


def impossible_date(draw: Draw) -> str:
    region = draw.choice([region for region in values.REGIONS if region[0] not in "56"])
    born = f"{draw.randint(1950, 2005)}{draw.choice(('1301', '0230', '0631', '0000', '1435', '0432'))}"
    return otherwise_free(region + born, draw)


def unknown_province(draw: Draw) -> str:
    return otherwise_free(
        f"{draw.choice(('170101', '280304', '490105', '990101', '380203'))}{draw.randint(1950, 2005)}0715", draw
    )


def card_elsewhere(draw: Draw) -> str:
    """Luhn right, but in no issuer's range."""
    body = draw.choice("017") + values.digits(draw, draw.choice((14, 15, 18)))
    return body + values.luhn_check(body)


def isbn13(draw: Draw) -> str:
    body = draw.choice(("9787", "9780", "9789")) + values.digits(draw, 8)
    check = -sum(int(d) * (1, 3)[at % 2] for at, d in enumerate(body)) % 10
    return draw.choice((f"{body}{check}", f"{body[:3]}-{body[3]}-{body[4:7]}-{body[7:]}-{check}"))


def isbn10(draw: Draw) -> str:
    body = "7" + values.digits(draw, 8)
    check = "0123456789X"[-sum(int(d) * (10 - at) for at, d in enumerate(body)) % 11]
    return f"{body[0]}-{body[1:4]}-{body[4:]}-{check}"


def timestamp(draw: Draw) -> str:
    year, month, date = values.day(draw, 2015, 2026)
    hour = f"{draw.randint(0, 23):02}:{draw.randint(0, 59):02}:{draw.randint(0, 59):02}"
    return draw.choice(
        (
            f"{year}-{month:02}-{date:02} {hour}",
            f"{year}-{month:02}-{date:02}T{hour}.{draw.randint(0, 999):03}Z",
            f"{year}{month:02}{date:02}{hour.replace(':', '')}",
            f"{year}-{month:02}-{date:02}T{hour}+08:00",
        )
    )


def date_plain(draw: Draw) -> str:
    year, month, date = values.day(draw, 1985, 2026)
    return draw.choice((f"{year}年{month}月{date}日", f"{year}-{month:02}-{date:02}", f"{year}/{month}/{date}"))


def date_english(draw: Draw) -> str:
    year, month, date = values.day(draw, 1985, 2026)
    return draw.choice(
        (
            f"{values.MONTHS[month - 1]} {date}, {year}",
            f"{date} {values.MONTHS[month - 1]} {year}",
            f"{year}-{month:02}-{date:02}",
        )
    )


def blob(draw: Draw) -> str:
    """Base64 that holds digits and letters, with `+` or `/` so that it is nothing else."""
    return base64.b64encode(draw.randbytes(draw.choice((30, 48, 60)))).decode()


def fingerprint(draw: Draw) -> str:
    return ":".join(f"{byte:02x}" for byte in draw.randbytes(draw.choice((16, 20, 32))))


def number(low: int, high: int) -> Callable[[Draw], str]:
    return lambda draw: str(draw.randint(low, high))


def hexadecimal(size: int) -> Callable[[Draw], str]:
    return lambda draw: draw.randbytes(size).hex()


def public_block(draw: Draw) -> str:
    kind = draw.choice(("PUBLIC KEY", "CERTIFICATE", "RSA PUBLIC KEY", "CERTIFICATE REQUEST"))
    body = base64.b64encode(draw.randbytes(180)).decode()
    return "\n".join(
        (f"-----BEGIN {kind}-----", *(body[at : at + 64] for at in range(0, len(body), 64)), f"-----END {kind}-----")
    )


def unused_mobile(draw: Draw) -> str:
    return draw.choice(
        ("100", "101", "108", "110", "113", "119", "120", "125", "128", "154", "161", "174", "179", "194", "163")
    ) + values.digits(draw, 8)


NAMES = (
    "张伟 王秀英 李娜 刘洋 陈静 杨磊 赵敏 黄涛 周杰 吴霞 徐丽 孙浩 马超 朱琳 胡军 郭芳 何平 高翔 欧阳雪 林小雨".split()
)
NAMES_EN = "Alice Morgan;Ben Carter;Chloe Diaz;Daniel Wu;Erin Walsh;Farid Khan;Grace Lee;Hannah Cole;Ivan Petrov;Julia Stein".split(
    ";"
)
COMPANIES = (
    "星河科技有限公司 远山贸易有限公司 恒达物流集团 青禾餐饮管理有限公司 智联软件股份有限公司 长风机械厂".split()
)

DECOYS: dict[str, Callable[[Draw], str]] = {
    "name": lambda draw: draw.choice(NAMES), "ename": lambda draw: draw.choice(NAMES_EN), "company": lambda draw: draw.choice(COMPANIES),
    "n": number(2, 60), "n3": number(100, 999), "n4": number(1000, 9999), "n5": number(10000, 99999), "n6": number(100000, 999999),
    "n7": number(2000000, 8999999), "n8": number(20000000, 89999999), "n9": number(100000000, 899999999),
    "money": lambda draw: f"{draw.randint(1, 99999):,}.{draw.randint(0, 99):02}", "decimal": lambda draw: f"{draw.uniform(0, 500):.{draw.randint(1, 9)}f}",
    "percent": lambda draw: f"{draw.uniform(0.1, 99):.1f}%", "date": date_plain, "edate": date_english, "time": timestamp, "year": number(1949, 2026),
    "epoch": number(1600000000, 1799999999), "epoch_ms": safe(number(1600000000000, 1799999999999)),
    "order11": values.bare_mobile, "order16": values.bare_card, "order18": values.bare_resident_id, "order": lambda draw: f"{draw.choice(('SO', 'PO', 'DD', 'TB'))}{draw.randint(20200101, 20261231)}{values.digits(draw, 6)}",
    "digits20": lambda draw: "2024" + values.digits(draw, 18),
    "isbn": isbn13, "isbn10": isbn10, "issn": lambda draw: f"{values.digits(draw, 4)}-{values.digits(draw, 3)}X", "ean": lambda draw: "69" + values.digits(draw, 11),
    "version3": lambda draw: f"{draw.randint(0, 20)}.{draw.randint(0, 30)}.{draw.randint(0, 99)}", "version4": lambda draw: f"{draw.randint(1, 20)}.{draw.randint(0, 30)}.{draw.randint(0, 250)}.{draw.randint(0, 200)}",
    "serial": lambda draw: f"{values.letters(draw, 3)}{values.digits(draw, 4)}{values.letters(draw, 2)}{values.digits(draw, 4)}", "part": lambda draw: f"{values.letters(draw, 2)}-{values.digits(draw, 4)}-{values.letters(draw, 1)}",
    "md5": hexadecimal(16), "sha1": hexadecimal(20), "sha256": hexadecimal(32), "short": hexadecimal(4), "uuid": lambda draw: str(uuid.UUID(bytes=draw.randbytes(16), version=4)),
    "tracking": lambda draw: f"{draw.choice(('SF', 'YT', 'JD', 'ZTO'))}{values.digits(draw, 13)}", "coordinates": lambda draw: f"{draw.uniform(18, 53):.6f}, {draw.uniform(73, 135):.6f}",
    "colour": lambda draw: f"#{draw.randbytes(3).hex()}", "blob": blob, "fingerprint": fingerprint, "public": public_block,
    "bad_resident": safe(wrong(values.bare_resident_id)), "bad_resident_date": impossible_date, "bad_resident_province": unknown_province, "old_resident": safe(values.cn_resident_id_old),
    "bad_tw": wrong(values.tw_id), "tw": values.tw_id, "bad_hk": wrong(values.hk_id), "hk_bare": values.hk_id_bare,
    "permit_hk": values.permit_hk, "permit_tw": values.permit_tw, "passport": values.passport_cn, "bad_zone": wrong(values.passport_zone),
    "licence": values.licence_file, "bad_credit": safe(wrong(values.social_credit_code, values.CREDIT)), "organisation": values.organisation_code, "bad_organisation": wrong(values.organisation_code),
    "ein": values.tax_ein, "unused_mobile": unused_mobile, "bad_card": wrong(values.bank_card), "card_elsewhere": card_elsewhere,
    "bad_iban": wrong(values.iban, string.digits), "bad_wallet": wrong(lambda draw: values.base58check(bytes([draw.choice((0, 5, 0x41))]) + draw.randbytes(20)), values.BASE58),
    "txid": hexadecimal(32), "bad_imei": wrong(lambda draw: "".join(filter(str.isdigit, values.imei(draw)))), "imei": lambda draw: next(v for v in iter(lambda: values.imei(draw), "") if v.isdigit()),
    "mask": lambda draw: draw.choice(("255.255.255.0", "255.255.0.0", "255.255.255.255", "255.255.255.240", "255.0.0.0")), "cidr": lambda draw: f"{draw.choice(('10.0.0.0/8', '172.16.0.0/12', '192.168.{}.0/24', '100.64.0.0/10', '198.51.{}.0/23', '2001:db8::/32'))}".format(draw.randint(0, 250)),
    "loopback": lambda draw: draw.choice(("127.0.0.1", "0.0.0.0", "::1", "127.0.1.1")), "oid": lambda draw: f"1.3.6.1.4.1.{draw.randint(1, 9999)}.{draw.randint(1, 30)}", "section": lambda draw: f"{draw.randint(1, 9)}.{draw.randint(1, 9)}.{draw.randint(1, 9)}.{draw.randint(1, 9)}",
    "nino": lambda draw: "".join(values.nino_parts(draw)), "ssn": values.us_ssn, "bad_ssn": lambda draw: f"{draw.choice(('000', '666', '900', '987'))}-{draw.randint(10, 99)}-{values.digits(draw, 4)}",
    "half_jwt": lambda draw: ".".join(values.jwt(draw).split(".")[:2]), "plate_io": lambda draw: f"{draw.choice(values.PROVINCES)}{draw.choice('IO')}{values.digits(draw, 5)}",
    "place": lambda draw: draw.choice(values.PLACES), "road": lambda draw: draw.choice(values.ROADS),
}  # fmt: skip
"""Slot of a template (`<<-order11>>`) to the function that draws it."""
