import json
import re
from pathlib import Path

import pytest

from danlu.core.errors import UserError
from danlu.data.redact.policy import actions_of
from danlu.data.redact.pseudonyms import FORMLESS, pseudonym
from danlu.text.pii.finding import KINDS
from danlu.text.pii.scan import scan

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
        ("date_of_birth", "May 6th, 1990", r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d\d?th, (?:19|20)\d\d"),
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
