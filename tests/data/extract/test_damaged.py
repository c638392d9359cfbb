"""Files of every kind that was damaged on its way: cut short, with spans changed, lost or repeated."""

import gzip
import io
import zipfile
from collections.abc import Callable
from email.message import EmailMessage
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from documents import as_docx
from outcomes import outcomes_of

HTML = """<!DOCTYPE html><html lang=zh-CN><head><meta charset=utf-8><title>安装 & setup</title><meta name=author content="王小明"></head>
<body><nav><ul><li><a href=/>首页</a></ul></nav><main><h1>安装说明</h1><p>软件包管理系统会记录<b>每一个<i>已经</b>安装的</i>文件<sup><a href="#n1">1</a></sup>。
<ol start=3><li>Fetch the list<ul><li>from the mirror<li>or the disc</ul><li>安装</ol>
<table><caption>版本</caption><thead><tr><th rowspan=2>年份<th colspan=2>Size</tr><tr><th>MB<th>GB</thead><tr><td rowspan=2>2024<td>1<td>2<tr><td>3
<td><table><tr><td>x<tr><td>y</table></table><pre>apt  install
  x</pre><p>H<sub>2</sub>O &amp; &#x4e2d;&nbsp;10<sup>6</sup><br>海淀区<br/>北京 <!-- note --> <ruby>漢<rt>hàn</ruby></main><footer>版权所有</footer></body></html>
"""
MARKDOWN = """---\ntitle: 安装说明\ntags: [a, b]\n---\n\n# 安装\n\n软件包会记录文件，\n第二行。\n\n- one\n  - 二\n\n        code\n\n```py\nx = 1\n```\n
| a | b |\n| - | - |\n| 1 | 2 |\n\n    indented\n"""


def mail() -> bytes:
    made, inner = EmailMessage(), EmailMessage()
    made["Subject"], made["From"], made["Date"] = (
        "会议 notes",
        "张三 <a@example.org>",
        "Mon, 01 Jan 2024 10:00:00 +0800",
    )
    made.set_content("软件包管理系统会记录每一个已经安装的文件。\n\nSecond.", charset="gb18030")
    made.add_alternative(HTML, subtype="html")
    made.add_attachment(MARKDOWN.encode(), maintype="application", subtype="octet-stream", filename="说明.md")
    inner.set_content("forwarded text")
    made.add_attachment(inner)
    return made.as_bytes()


def archive() -> bytes:
    page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + HTML.encode()
    head = (
        b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.example/%d\r\nContent-Type: application/http\r\n"
    )
    return b"".join(head % n + b"Content-Length: %d\r\n\r\n" % len(page) + page + b"\r\n\r\n" for n in range(2))


FILES: dict[str, Callable[[], bytes]] = {
    "page.html": HTML.encode,
    "gbk.html": lambda: HTML.replace("utf-8", "gbk").replace("à", "a").encode("gb18030"),
    "说明.md": MARKDOWN.encode,
    "form.txt": lambda: "姓名：张三\n电话：138\n\nThe system keeps\r\na record.".encode("utf-16"),
    "message.eml": mail,
    "manual.docx": lambda: as_docx([("安装", "软件包管理系统会记录文件。"), ("Setup", "The system keeps a record.")]),
    "pages.warc": archive,
    "pages.warc.gz": lambda: gzip.compress(archive(), mtime=0),
}


@cache
def content_of(name: str) -> bytes:
    return FILES[name]()


def damaged(content: bytes, data: st.DataObject) -> bytes:
    """The content after one to four accidents."""
    made = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, max(len(made) - 1, 0)))
        end = start + data.draw(st.sampled_from([1, 2, 5, 40, 300]))
        match data.draw(st.sampled_from(["cut", "flip", "delete", "repeat", "replace"])):
            case "cut":
                del made[max(start, 8) :]
            case "flip":
                made[start:end] = bytes(byte ^ (1 << data.draw(st.integers(0, 7))) for byte in made[start : start + 1])
            case "delete":
                del made[start:end]
            case "repeat":
                made[start:start] = made[start:end] * data.draw(st.sampled_from([1, 3, 50]))
            case _:
                made[start:end] = data.draw(st.binary(max_size=5))
    return bytes(made) or b"x"


@pytest.mark.parametrize("name", FILES)
def test_the_file_is_read_before_it_is_damaged(tmp_path: Path, name: str) -> None:
    documents, rejects = outcomes_of(tmp_path, name, content_of(name))
    assert documents
    assert not rejects


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_every_damaged_file_gives_documents_or_reasons(tmp_path: Path, name: str, data: st.DataObject) -> None:
    documents, rejects = outcomes_of(tmp_path, name, damaged(content_of(name), data))
    assert documents or rejects
    assert all(reject.rule and reject.value for reject in rejects)
    for document in documents:
        document.text.encode()
        position = 0
        for block in document.blocks:
            assert position <= block.start < block.end <= len(document.text)
            position = block.end


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_damaged_page_crashes_its_reader(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    _, rejects = outcomes_of(tmp_path_factory.getbasetemp(), "page.html", damaged(content_of("page.html"), data))
    assert "crashed the reader" not in {reject.rule for reject in rejects}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_xml_in_a_whole_package_gives_a_document_or_a_reason(tmp_path: Path, data: st.DataObject) -> None:
    source, file = zipfile.ZipFile(io.BytesIO(content_of("manual.docx"))), io.BytesIO()
    member = data.draw(
        st.sampled_from(["word/document.xml", "word/styles.xml", "[Content_Types].xml", "word/_rels/document.xml.rels"])
    )
    with zipfile.ZipFile(file, "w") as package:
        for name in source.namelist():
            package.writestr(name, damaged(source.read(name), data) if name == member else source.read(name))
    documents, rejects = outcomes_of(tmp_path, "manual.docx", file.getvalue())
    assert documents or rejects
