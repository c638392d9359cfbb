"""The table of characters against what it is said to be, and against Python's own older Unicode."""

import unicodedata
from hashlib import sha256

import pytest

from danlu.text import characters as kinds

FLAGS = kinds.character_flags()


def test_the_table_has_the_hash_that_stages_name() -> None:
    assert sha256(FLAGS.tobytes()).hexdigest() == kinds.TABLE_SHA256


def test_letters_and_digits_are_those_of_unicode() -> None:
    assigned = [code for code in range(kinds.CODE_POINTS) if unicodedata.category(chr(code)) not in ("Cn", "Cs", "Co")]
    for flag, category in ((kinds.DIGIT, "Nd"), (kinds.LETTER, "L")):
        wrong = [
            code
            for code in assigned
            if bool(FLAGS[code] & flag) != unicodedata.category(chr(code)).startswith(category)
        ]
        assert len(wrong) < 10, [hex(code) for code in wrong[:20]]  # a handful changed between two versions


@pytest.mark.parametrize(
    ("characters", "flag"),
    [
        ("汉漢々"[:2], kinds.HAN), ("汉国", kinds.SIMPLIFIED), ("漢國", kinds.TRADITIONAL), ("的我們這", kinds.COMMON),
        ("\ufffd\ue000\x00\x85"[:3], kinds.GARBLED), ("。！？.!?", kinds.TERMINAL), (" \u3000\n", kinds.SPACE),
        ("aé", kinds.LATIN), ("αΩ", kinds.GREEK), ("аЯ", kinds.CYRILLIC),
    ],
)  # fmt: skip
def test_characters_are_what_they_are(characters: str, flag: int) -> None:
    assert [character for character in characters if not FLAGS[ord(character)] & flag] == []


def test_text_in_a_wrong_encoding_has_few_common_characters() -> None:
    text = "请把阀门关上，然后检查压力表的读数是否正常。"
    misread = text.encode().decode("gb18030", errors="replace")
    shares = [_share(read, kinds.COMMON) / _share(read, kinds.HAN) for read in (text, misread)]
    assert shares[0] > 0.9
    assert shares[1] < 0.5


def _share(text: str, flag: int) -> float:
    return sum(bool(FLAGS[ord(character)] & flag) for character in text) / len(text)
