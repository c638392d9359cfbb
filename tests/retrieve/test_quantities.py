import random

import pytest

from danlu.retrieve.claims.quantities import quantities


def found(text: str) -> list[tuple[str, tuple[str, ...], str, str]]:
    return [(one.kind, one.value, one.unit, one.bound) for one in quantities(text)]


@pytest.mark.parametrize(
    "texts",
    [
        ("30 minutes", "thirty minutes", "30 min", "30分钟", "三十分钟", "３０分钟"),
        ("2024-03-05", "5 March 2024", "March 5, 2024", "2024年3月5日", "二〇二四年三月五日", "2024/3/5"),
        ("30%", "30 percent", "30 per cent", "百分之三十", "30％"),
        ("100,000 yuan", "10万元", "¥100000", "十万元", "100 thousand yuan"),
        ("USD 5", "$5", "US$5", "5 dollars", "5美元"),
        ("2:30 pm", "14:30", "下午2点半", "下午两点三十分"),
        ("at most 5 times", "no more than 5 times", "最多5次", "不超过五次", "up to 5 times"),
        ("at least 3 months", "至少3个月", "不少于三个月", "3个月以上", "three months or more"),
        ("5-10 days", "5 to 10 days", "5～10天", "5至10天", "between 5 and 10 days"),
        ("one third 1/3", "one third 三分之一"),
        ("version 1.2.3", "v1.2.3", "版本 1.2.3"),
        ("10 GB", "10GB", "10G"),
        ("five business days", "5个工作日", "5 working days"),
        ("12,000", "12000", "一万二"),
        ("on Mondays", "每周一", "on Monday", "星期一"),
    ],
    ids=lambda texts: texts[0],
)
def test_one_quantity_has_one_form_however_it_is_written(texts: tuple[str, ...]) -> None:
    assert len({str(found(text)) for text in texts}) == 1, {text: found(text) for text in texts}
    assert found(texts[0])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("30 minutes", "30 hours"), ("3 days", "3 business days"), ("10 GB", "10 MB"), ("$5", "€5"), ("5%", "5 percentage points"),
        ("Python 3.1", "Python 3.10"), ("2 am", "2 pm"), ("more than 5 days", "less than 5 days"), ("18岁以上", "18岁以下"),
        ("18岁以上", "超过18岁"), ("一万", "一千"), ("24 hours", "1 day"), ("3月", "3个月"), ("5 minutes before", "5 minutes after"),
        ("-20 °C", "20 °C"), ("满200元", "不满200元"),
    ],
)  # fmt: skip
def test_two_quantities_have_two_forms(one: str, other: str) -> None:
    assert found(one) != found(other)
    assert found(one)
    assert found(other)


@pytest.mark.parametrize(
    "text",
    [
        "python3.11",
        "/dev/sda1",
        "utf-8",
        "一些用户",
        "统一管理",
        "3D printing",
        "x86_64",
        "一个用户",
        "MP3",
        "You may go",
        "",
    ],
)
def test_names_and_words_are_no_numbers(text: str) -> None:
    assert found(text) == []


def test_places_are_those_of_the_text() -> None:
    text = "在 30分钟 内，at most ＄5.50，３月５日"
    assert [text[one.start : one.end].strip() for one in quantities(text)] == ["30分钟", "＄5.50", "３月５日"]


def test_no_text_is_too_odd() -> None:
    chance = random.Random(1)
    pieces = [
        *"ab1.2,3年月日十百万亿千点[]()-/:.。，；不\n\t%$€第一二零〇两半分时",
        "百分之",
        "分之",
        " March ",
        " pm",
        "USD ",
        " between ",
        " and ",
        " a dozen ",
    ]
    for _ in range(400):
        text = "".join(chance.choice(pieces) for _ in range(40))
        assert all(0 <= one.start < one.end <= len(text) for one in quantities(text))
