import json
from email.message import EmailMessage
from pathlib import Path

from outcomes import outcomes_of, rules_of, texts_of

CHINESE = "软件包管理系统会记录每一个已经安装的文件。"


def message(charset: str = "utf-8") -> EmailMessage:
    made = EmailMessage()
    made["Subject"], made["From"], made["To"] = "会议 notes", "张三 <a@example.org>", "b@example.org"
    made["Date"], made["Message-ID"] = "Mon, 01 Jan 2024 10:00:00 +0800", "<1@example.org>"
    made.set_content(f"{CHINESE}\n\nSecond.", charset=charset)
    made.add_alternative(f"<p>HTML {CHINESE}", subtype="html")
    return made


def test_the_plain_text_is_the_document_and_headers_go_into_meta(tmp_path: Path) -> None:
    for charset in ("utf-8", "gb18030"):
        [document] = outcomes_of(tmp_path, "a.eml", message(charset).as_bytes())[0]
        assert (document.title, document.text) == ("会议 notes", f"{CHINESE}\n\nSecond.")
        assert json.loads(document.meta) == {
            "from": "张三 <a@example.org>", "to": "b@example.org", "date": "2024-01-01T10:00:00+08:00",
            "message_id": "<1@example.org>",
        }  # fmt: skip


def test_a_message_that_has_only_html_is_read_through_it(tmp_path: Path) -> None:
    made = EmailMessage()
    made["Subject"] = "S"
    made.set_content(f"<h1>T</h1><p>{CHINESE}", subtype="html")
    assert texts_of(outcomes_of(tmp_path, "a.eml", made.as_bytes())[0]) == {"a.eml": f"T\n\n{CHINESE}"}


def test_attachments_are_files_of_their_own(tmp_path: Path) -> None:
    made, inner = message(), EmailMessage()
    inner["Subject"] = "inner"
    inner.set_content("forwarded text")
    made.add_attachment(b"a,b\n1,2\n3,4\n", maintype="text", subtype="csv", filename="表.csv")
    made.add_attachment(b"# Title", maintype="application", subtype="octet-stream", filename="../notes.md")
    made.add_attachment(bytes(range(256)), maintype="application", subtype="octet-stream", filename="program")
    made.add_attachment(inner)
    documents, rejects = outcomes_of(tmp_path, "a.eml", made.as_bytes())
    assert list(texts_of(documents)) == ["a.eml", "a.eml#表.csv", "a.eml#.._notes.md", "a.eml#part-4"]
    assert documents[-1].text == "forwarded text"
    assert rules_of(rejects) == {"a.eml#program": "binary"}


def test_every_message_of_a_mailbox_is_read(tmp_path: Path) -> None:
    quoted = message().as_bytes().replace(b"Second.", b">From here on.")
    start = b"From a@example.org Mon Jan  1 00:00:00 2024\n"
    documents, _ = outcomes_of(tmp_path, "a.mbox", start + message().as_bytes() + b"\n" + start + quoted)
    assert list(texts_of(documents)) == ["a.mbox#1", "a.mbox#2"]


def test_headers_in_raw_bytes_are_read(tmp_path: Path) -> None:
    content = b"Subject: " + "会议通知和说明文件".encode("gb18030") + b"\nFrom: a@b\nDate: never\n\nText."
    [document] = outcomes_of(tmp_path, "a.eml", content)[0]
    assert document.title == "会议通知和说明文件"
    assert json.loads(document.meta)["date"] == "never"
