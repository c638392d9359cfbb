import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.data.normalise import normalise
from danlu.text.records import Block


def kept(text: str, page: int | None = None) -> str:
    return normalise(text, [Block(0, len(text), "text", page)])[0]


ENGLISH = """\
The package management system keeps a record of every file that it has
installed, and when it upgrades it checks which files belong to which
package, so that an administrator should not change them by hand."""
CHINESE = """\
软件包管理系统会记录每一个已经安装的文件，并且在升级的时候检查哪些文件属于
哪个软件包，因此管理员不应该直接修改这些文件，而应该修改配置文件，否则下一
次升级就会把修改的内容覆盖掉。"""

AUTHORS = [
    "姓名：张三\n电话：13800138000\n地址：北京市海淀区中关村大街一号院二号楼三单元四零二室",
    "Name: Jane Smith\nPhone: 020 7946 0000\nProject: upgrade of the heating system in building four",
    "员工登记表\n姓名：李四\n所属部门：信息技术部系统运行与维护处数据中心机房管理科第二小组\n电话：010-88888888",
    "床前明月光，\n疑是地上霜。\n举头望明月，\n低头思故乡。",
    "Shall I compare thee to a summer's day?\nThou art more lovely and more temperate:\n"
    "Rough winds do shake the darling buds of May,\nAnd summer's lease hath all too short a date;",
    "苹果\n香蕉\n梨",
    "milk\neggs\nbread",
    "Fetch the list of packages from the mirror that is nearest to you:\n- choose it by hand\n- or let the installer do it",
    "安装之前请先备份下列文件，并且确认备份的文件可以在另一台机器上正常恢复使用：\n一、配置文件\n二、数据库文件",
]
"""Whatever the format."""
IN_FILES = [
    "我是你河边上破旧的老水车\n数百年来纺着疲惫的歌\n我是你额上熏黑的矿灯",
    "两个黄鹂鸣翠柳，一行白鹭上青天。\n窗含西岭千秋雪，门泊东吴万里船。",
    "Acme Corporation International Ltd\n12 Long Street\nLondon",
    "北京市海淀区人民政府办公室信息中心\n上海市浦东新区人民政府办公室\n广州市天河区政府办",
    f"{'每一段都在一行上的文章没有必要再合并，' * 9}第一段没有句号\n{'第二段也是这样，' * 20}到此为止",
    "Give it a name that says what it is for, and then a short description:  \nthe list shows both of them",
]


@pytest.mark.parametrize("text", [*AUTHORS, *IN_FILES])
def test_the_lines_of_forms_verses_addresses_and_lists_stay(text: str) -> None:
    assert kept(text) == text


@pytest.mark.parametrize("text", AUTHORS)
def test_a_layout_that_says_paragraph_is_not_believed_of_forms_verses_and_items(text: str) -> None:
    assert kept(text, page=1) == text


@pytest.mark.parametrize("page", [None, 1])
def test_prose_that_a_page_broke_is_joined(page: int | None) -> None:
    assert kept(ENGLISH, page) == ENGLISH.replace("\n", " ")
    assert kept(CHINESE, page) == CHINESE.replace("\n", "")


def test_a_narrow_column_is_prose_where_a_layout_says_so() -> None:
    text = "软件包管理系统会记录每一个\n已经安装的文件，并且在升级\n的时候检查文件。"
    assert kept(text, page=1) == text.replace("\n", "")
    assert kept(text) == text


def test_a_paragraph_goes_on_below_its_item_and_ends_at_the_next() -> None:
    text = "- a long item that goes on to the next line because it is long enough to be\n  wrapped here\n- short\n  - nested"
    assert kept(text) == text.replace("be\n  wrapped", "be wrapped")
    text = "（一）软件包管理系统会记录每一个已经安装的文件，并且在升级的时候检查哪些文件属\n于哪个软件包；\n（二）其他文件。"
    assert kept(text) == text.replace("属\n于", "属于")


def test_paragraphs_that_only_an_indent_parts_are_not_joined() -> None:
    text = f"{CHINESE}\n　　“你要去哪里”\n　　船夫问"
    assert kept(text) == f"{CHINESE.replace(chr(10), '')}\n“你要去哪里”\n船夫问"
    text = f"{ENGLISH}\n    {ENGLISH}"
    assert kept(text) == f"{ENGLISH.replace(chr(10), ' ')}\n    {ENGLISH.replace(chr(10), ' ')}"


def test_the_end_of_a_sentence_ends_a_line_only_where_another_word_would_have_fitted() -> None:
    full = ENGLISH.replace("which files belong to which\npackage,", "what they hold, as it should.\nThe package,")
    assert kept(full) == full.replace("has\ni", "has i").replace("should.\nThe", "should. The").replace("\n", " ")
    short = ENGLISH.replace("which files belong to which\npackage,", "them.\nThe package,")
    assert "them.\nThe" in kept(short)


def test_one_line_that_runs_over_does_not_hide_that_the_rest_was_wrapped() -> None:
    text = "\n".join([ENGLISH.replace("by hand.", "by hand and")] * 4 + ["https://example.org/" + "a" * 150])
    assert "\n" not in kept(text).replace("\nhttps", " https")


LINES = st.lists(
    st.sampled_from(
        [
            *ENGLISH.split("\n"),
            *CHINESE.split("\n"),
            "姓名：张三",
            "Name: x",
            "- item",
            "  - nested",
            "Short",
            "短句。",
            "",
        ]
    ),
    max_size=12,
)


@given(LINES, st.sampled_from([None, 1]))
def test_joining_takes_line_breaks_and_nothing_else(lines: list[str], page: int | None) -> None:
    text = "\n".join(lines)
    assert "".join(kept(text, page).split()) == "".join(text.split())


# A short line that stops in mid-sentence and was joined with the full one above it may look like a full line itself.
@given(LINES.map(lambda lines: [line for line in lines if line not in ("Short", "姓名：张三", "Name: x")]))
def test_what_was_joined_stays_as_it_is(lines: list[str]) -> None:
    once = kept("\n".join(lines).strip())
    assert kept(once) == once
