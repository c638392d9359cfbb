import json
import re
from pathlib import Path

import pytest

from danlu.core.errors import UserError
from danlu.data.redact.canonical import canonical
from danlu.data.redact.policy import actions_of
from danlu.data.redact.pseudonyms import FORMLESS, keyed_hash, pseudonym
from danlu.text.pii.finding import KINDS
from danlu.text.pii.scan import scan
from danlu.text.pii.window import window_of

KEY = b"a key of the test's own"
BLIND = Path(__file__).parents[3] / "benchmarks" / "pii_blind.jsonl"
EVERY = 12
"""Of the blind set, one text in so many is enough to meet every type several times."""


def test_a_text_with_pseudonyms_holds_the_same_types_in_the_same_places() -> None:
    rows = [json.loads(line)["text"] for line in BLIND.read_text(encoding="utf-8").splitlines()][::EVERY]
    texts, wanted, met = [], [], set[str]()
    for text, findings in zip(rows, scan(rows), strict=True):
        made, places, at = "", [], 0
        for found in findings:
            value = text[found.start : found.end]
            keeps = found.kind in FORMLESS or KINDS[found.kind].secret
            other = value if keeps else pseudonym(KEY, found.kind, value)
            assert keeps or other != value
            made += text[at : found.start]
            places.append((len(made), len(made) + len(other), found.kind))
            made, at = made + other, found.end
            met.add(found.kind)
        texts.append(made + text[at:])
        wanted.append(places)
    assert [[tuple(found) for found in findings] for findings in scan(texts)] == wanted
    assert len(met - FORMLESS) >= 26


@pytest.mark.parametrize(
    ("kind", "value", "form"),
    [
        ("mobile_phone", "+86 138-0013-8000", r"\+86 138-\d{4}-\d{4}"),
        ("mobile_phone", "１３８００１３８０００", r"１３８[０-９]{8}"),
        ("mobile_phone", "一三八零零一三八零零零", r"一三八[零一二三四五六七八九]{8}"),
        ("landline_phone", "(0755) 2601 8888 转 801", r"\(0755\) 2\d{3} \d{4} 转 \d{3}"),
        ("landline_phone", "+86 10 6234 5678", r"\+86 10 6\d{3} \d{4}"),
        ("international_phone", "+44 20 7946 0958", r"\+44 20 \d{4} \d{4}"),
        ("international_phone", "+1 (415) 555-2671", r"\+1 \(415\) 5\d\d-\d{4}"),
        ("international_phone", "415-555-2671 ext. 12", r"415-5\d\d-\d{4} ext\. \d\d"),
        ("international_phone", "+852 9123 4567", r"\+852 91\d\d \d{4}"),
        ("date_of_birth", "1990年5月6日", r"(?:19|20)\d\d年1?\d月[12]?\d日"),
        ("date_of_birth", "06/05/1990", r"[01]\d/[01]\d/(?:19|20)\d\d"),
        ("date_of_birth", "May 6th, 1990", r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (?:1st|21st|2nd|22nd|3rd|23rd|\d\d?th), (?:19|20)\d\d"),
        ("international_phone", "+44 (0)20 7946 0958", r"\+44 \(0\)20 \d{4} \d{4}"),
        ("landline_phone", "010-88886666-801", r"010-8\d{7}-\d{3}"),
        ("date_of_birth", "25/12/1990", r"(?:0[1-9]|[12]\d)/(?:0[1-9]|1[012])/(?:19|20)\d\d"),
        ("email", "bob.smith [at] acme [dot] com", r"user\d{8} \[at\] [a-j]\d{3} \[dot\] example \[dot\] com"),
        ("date_of_birth", "3 DECEMBER 1990", r"\d\d? [A-Z]{3,9} (?:19|20)\d\d"),
        ("date_of_birth", "一九九〇年五月六日", r"[〇一二三四五六七八九]{4}年[一二三四五六七八九十]{1,2}月[一二三四五六七八九十]{1,3}日"),
        ("cn_resident_id", "110105 19491231 002X", r"110105 19[01]\d{5} \d{3}[\dX]"),
        ("bank_card", "6222 0212 3456 7894", r"6222 02\d\d \d{4} \d{4}"),
        ("iban", "DE89 3704 0044 0532 0130 00", r"DE\d\d 3704 \d{4} \d{4} \d{4} \d\d"),
        ("mac_address", "a4:5e:60:c2:01:9f", r"a4:5e:60(?::[0-9a-f]{2}){3}"),
        ("vehicle_plate", "粤B·D12345", r"粤B·[A-K]\d{5}"),
        ("passport", "E12345678", r"E\d{8}"),
        ("us_ssn", "536-22-8726", r"536-\d\d-\d{4}"),
    ],
)  # fmt: skip
def test_a_pseudonym_is_written_as_the_value_is(kind: str, value: str, form: str) -> None:
    for number in range(40):
        made = pseudonym(KEY + bytes([number]), kind, value)
        assert re.fullmatch(form, made) and made != value, made


SAME = [
    ("mobile_phone", ("13912345678", "+86 139 1234 5678", "8613912345678", "0086-139-1234-5678", "１３９１２３４５６７８", "一三九一二三四五六七八", "幺三九幺贰三四五六七八")),
    ("date_of_birth", ("1990-05-06", "1990/05/06", "1990.5.6", "1990年5月6日", "19900506", "一九九〇年五月六日", "May 6th, 1990", "6 May 1990", "6th of MAY 1990")),
    ("date_of_birth", ("1990-12-25", "一九九零年十二月二十五日", "一九九〇年十二月廿五日")),
    ("email", ("bob.smith@acme.com", "Bob.Smith@Acme.COM", "bob.smith [at] acme.com", "bob.smith(at)acme(dot)com", "ｂｏｂ.smith＠acme.com")),
    ("landline_phone", ("010-88886666", "(010)88886666", "010 8888 6666", "+86 10 8888 6666", "+86-(0)10-88886666")),
    ("landline_phone", ("010-88886666 转 801", "(010)88886666-801", "+86 10 8888 6666 ext. 801")),
    ("international_phone", ("+44 20 7946 0958", "0044 20 7946 0958", "+44 (0)20 7946 0958", "+442079460958")),
    ("international_phone", ("+1 415-555-2671", "(415) 555-2671", "1-415-555-2671", "415.555.2671")),
    ("cn_resident_id", ("11010519491231002X", "11010519491231002x", "110105 19491231 002X", "110105491231002")),
    ("hk_id", ("A123456(3)", "a1234563")),
    ("vehicle_plate", ("粤B·D12345", "粤bd12345")),
    ("bank_card", ("6222 0212 3456 7894", "6222021234567894")),
    ("iban", ("DE89 3704 0044 0532 0130 00", "DE89370400440532013000")),
    ("mac_address", ("a4:5e:60:c2:01:9f", "A4-5E-60-C2-01-9F", "a45e.60c2.019f")),
    ("ip_address", ("2001:db8::1", "2001:0DB8:0:0::1")),
]  # fmt: skip


def plain(kind: str, value: str) -> str:
    return canonical(kind, window_of(value, 0).text)


@pytest.mark.parametrize(("kind", "ways"), SAME)
def test_equal_values_become_equal_pseudonyms_however_they_are_written(kind: str, ways: tuple[str, ...]) -> None:
    for number in range(20):
        key = KEY + bytes([number])
        made = [pseudonym(key, kind, way) for way in ways]
        assert len({plain(kind, one) for one in made}) == 1, made
        assert plain(kind, made[0]) != plain(kind, ways[0])
    assert len({keyed_hash(KEY, kind, way) for way in ways}) == 1


def test_a_date_whose_order_is_plain_keeps_it() -> None:
    year, month, day = pseudonym(KEY, "date_of_birth", "1990-12-25").split("-")
    assert pseudonym(KEY, "date_of_birth", "25/12/1990") == f"{day}/{month}/{year}"
    assert pseudonym(KEY, "date_of_birth", "12-25-1990") == f"{month}-{day}-{year}"


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        ("mobile_phone", "13912345678", "13912345679"),
        ("landline_phone", "010-88886666 转 801", "010-88886666 转 802"),
        ("landline_phone", "010-88886666", "021-88886666"),
        ("vehicle_plate", "粤B12345", "湘B12345"),
        ("date_of_birth", "06/05/1990", "05/06/1990"),
        ("crypto_wallet", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "1boatSLRHtKNngkdXEeobR76b53LETtpyT"),
        ("password", "Hunter2", "hunter2"),
    ],
)
def test_other_values_stay_others(kind: str, first: str, second: str) -> None:
    assert keyed_hash(KEY, kind, first) != keyed_hash(KEY, kind, second)


def test_a_number_is_the_same_with_and_without_its_extension() -> None:
    alone, extended = (
        pseudonym(KEY, "landline_phone", "010-88886666"),
        pseudonym(KEY, "landline_phone", "(010)88886666转801"),
    )
    assert re.sub(r"\D", "", extended).startswith(re.sub(r"\D", "", alone))


def test_nothing_without_a_form_is_pseudonymised() -> None:
    for kind in sorted(FORMLESS):
        with pytest.raises(UserError, match="cannot be pseudonymised"):
            actions_of("mask-all", {kind: "pseudonymise"})
    assert pseudonym(KEY, "password", "密码密码") == "****"  # nothing to draw: the value itself must not come out


def test_an_unknown_type_is_told_with_the_nearest_first() -> None:
    with pytest.raises(UserError) as told:
        actions_of("mask-all", {"phone": "keep"})
    assert "The types are, the nearest first: mobile_phone, landline_phone, international_phone, " in str(told.value)
    assert all(kind in str(told.value) for kind in KINDS)
