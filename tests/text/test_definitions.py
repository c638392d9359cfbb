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
        ("PAM（可插拔身份验证模块）", ("可插拔身份验证模块", "PAM")),
        ("The Secure Sockets Layer (SSL)", ("Secure Sockets Layer", "SSL")),
        ("Extended regular expression (ERE)", ("Extended regular expression", "ERE")),
        ("Security-Enhanced Linux (SELinux)", ("Security-Enhanced Linux", "SELinux")),
        ("采用虚拟专用网络（VPN）连接", ("虚拟专用网络", "VPN")),
        ("这是 Linux 安全模块（LSM）", ("Linux 安全模块", "LSM")),
        ("向人力资源部（HR）提交", ("人力资源部", "HR")),
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
        "北京分公司（HR、IT）",
        "张三（工程师）",
        "王伟（CEO）签字",
        "Zhang San（项目经理）批准",
        "三楼会议室（A301）",
        "RAM（最低要求）",
        "选择 other（最后一项）",
        "enable control of console logging level (ON)",
        "the messages of a daemon without any special classification (DNS)",
        "()（）( )",
        "word (ABC",
    ],
)
def test_other_brackets_define_nothing(text: str) -> None:
    assert defined_pairs([text]) == []


def test_one_small_latin_word_is_taken_once_the_document_repeats_it() -> None:
    assert defined_pairs(["后台守护进程（daemon）"]) == []
    assert defined_pairs(["后台守护进程（daemon）", "后台守护进程（daemon）"]) == [("后台守护进程", "daemon")]
