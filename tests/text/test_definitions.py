import pytest

from danlu.text.definitions import defined_pairs


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("Use the Advanced Package Tool (APT) for this.", ("Advanced Package Tool", "APT")),
        ("the Software in the Public Interest (SPI)", ("Software in the Public Interest", "SPI")),
        ("Access Control Lists (ACLs) are finer", ("Access Control Lists", "ACLs")),
        ("高级软件包工具（APT）可以安装软件。", ("高级软件包工具", "APT")),
        ("使用逻辑卷管理(LVM)来分区", ("逻辑卷管理", "LVM")),
        ("自由软件基金会（Free Software Foundation, FSF）", ("自由软件基金会", "FSF")),
        ("通过 GUI（图形用户界面）设置", ("图形用户界面", "GUI")),
    ],
)
def test_a_name_and_its_other_name_are_found(text: str, pair: tuple[str, str]) -> None:
    assert pair in defined_pairs([text])


@pytest.mark.parametrize(
    "text",
    [
        "Edit the file (see below).",
        "It was sold in 2000 (Roland).",
        "the first release (1996)",
        "参见手册（第 12.1 节）",
        "编辑器（Vim）",
        "文件系统（例如 ext4）",
        "运行命令（apt）",
        "()（）( )",
        "word (ABC",
    ],
)
def test_other_brackets_define_nothing(text: str) -> None:
    assert defined_pairs([text]) == []


def test_one_small_latin_word_is_taken_once_the_document_repeats_it() -> None:
    assert defined_pairs(["后台守护进程（daemon）"]) == []
    assert defined_pairs(["后台守护进程（daemon）", "后台守护进程（daemon）"]) == [("后台守护进程", "daemon")]
