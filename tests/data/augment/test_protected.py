import pytest

from danlu.data.augment.protected import Spans, protected_spans
from danlu.text.records import Block, Document


def held(text: str, language: str) -> set[str]:
    document = Document("a", text, "", "a", "text/plain", "MIT", language)
    return {text[a:b] for a, b in protected_spans(document)}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("It took 3.5 seconds on page 12.", "3.5"),
        ("Read https://www.debian.org/doc/ first.", "https://www.debian.org/doc/"),
        ("Write to root@example.org today.", "root@example.org"),
        ("Run `apt-get update` as root.", "`apt-get update`"),
        ("Then pass --no-install-recommends to it.", "--no-install-recommends"),
        ("Edit /etc/apt/sources.list now.", "/etc/apt/sources.list"),
        ("As shown before (Smith, 2020), it holds.", "(Smith, 2020)"),
        ("This is known [3, 4] to hold.", "[3, 4]"),
        ("Set max_tokens in the file.", "max_tokens"),
        ("He met Ada Lovelace in the garden.", "Ada Lovelace"),
        ("It speaks HTTP to the server.", "HTTP"),
        ("user: how is the pump kept?\nassistant: grease it often.", "assistant:"),
        ("user: how is the pump kept?\nassistant: grease it often.", "user:"),
    ],
)
def test_facts_of_english_text_are_protected(text: str, kept: str) -> None:
    assert kept in held(text, "en")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("他于2023年5月到达。", "2023"),
        ("请阅读《新华字典》的说明。", "《新华字典》"),
        ("第三章说明了方法。", "第三"),
        ("我们在北京开会。", "北京"),
        ("百分之三十的人同意。", "百分之三十"),
        ("共有五百人参加。", "五百"),
        ("请运行apt-get安装。", "apt-get"),
        ("他生于1990年5月6日。", "1990年5月6日"),
        ("每天 8 时 30 分开机，3千元。", "8 时"),
        ("每天 8 时 30 分开机，3千元。", "3千元"),
        ("五月六日开会。", "五月六日"),
        ("user: 泵怎么保养？\nassistant: 每月检查一次。", "assistant:"),
        ("用户：泵怎么保养？\n助手：每月检查一次。", "助手："),
    ],
)
def test_facts_of_chinese_text_are_protected(text: str, kept: str) -> None:
    assert any(kept in span for span in held(text, "zh"))


def test_plain_words_stay_free() -> None:
    assert held("The administrator removes a large package quickly.", "en") == set()
    assert held("管理员快速删除软件。", "zh") == set()


def test_code_tables_and_headings_are_whole() -> None:
    text = "A heading\n\nx = compute(y)\n\nplain words here"
    blocks = (Block(0, 9, "heading", level=1), Block(11, 25, "code"), Block(27, 43, "text"))
    spans = protected_spans(Document("a", text, "", "a", "text/plain", "MIT", "en", blocks))
    assert spans.touch(0, 9) and spans.touch(12, 13) and not spans.touch(27, 43)


def test_spans_join_and_are_touched_at_their_edges() -> None:
    spans = Spans.of([(5, 8), (0, 3), (7, 10)])
    assert list(spans) == [(0, 3), (5, 10)]
    assert [spans.touch(a, b) for a, b in ((3, 5), (2, 4), (9, 12), (10, 12), (4, 6))] == [
        False,
        True,
        True,
        False,
        True,
    ]
