import gzip
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator

from danlu.data.extract.warc import WarcWriter
from outcomes import outcomes_of, rules_of, texts_of

CHINESE = "软件包管理系统会记录每一个已经安装的文件。"
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def archive(path: Path) -> bytes:
    with WarcWriter(path) as file:
        page = f"<title>T</title><p>{CHINESE}".encode("gb2312")
        file.add("http://a.example/x", NOON, 200, [("Content-Type", "text/html; charset=gb2312")], page)
        file.add("http://a.example/none", NOON, 404, [], b"no such page")
        file.add("http://a.example/x", NOON, 200, [("Content-Type", "text/plain")], b"again")
        file.add("http://a.example/r", NOON, 200, [("Content-Type", "text/plain")], os.urandom(4000).hex().encode())
    return path.read_bytes()


def test_pages_are_documents_with_url_and_date(tmp_path: Path) -> None:
    documents, rejects = outcomes_of(tmp_path, "b.warc.gz", archive(tmp_path / "a.warc.gz"))
    assert list(texts_of(documents)) == [
        "b.warc.gz#http://a.example/x", "b.warc.gz#http://a.example/x~2", "b.warc.gz#http://a.example/r",
    ]  # fmt: skip
    assert (documents[0].title, documents[0].text, documents[0].media_type) == ("T", CHINESE, "text/html")
    meta = json.loads(documents[0].meta)
    assert (meta["url"], meta["date"]) == ("http://a.example/x", "2024-05-01T12:00:00Z")
    assert [(reject.rule, reject.value) for reject in rejects] == [("not a page", "HTTP status 404")]


def test_another_reader_finds_what_was_written_and_its_digests_hold(tmp_path: Path) -> None:
    archive(tmp_path / "a.warc.gz")
    records = [
        (record.headers["WARC-Type"], record.verify_block_digest())
        for record in ArchiveIterator(str(tmp_path / "a.warc.gz"), parse_http=False)
    ]
    assert records == [("warcinfo", True), *[("response", True)] * 4]


def test_equal_fetches_are_equal_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        with WarcWriter(tmp_path / name) as file:
            file.add("http://a.example/", NOON, 200, [("Content-Encoding", "gzip"), ("X", "1\r\nY: 2")], b"text")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert b"\r\nY: 2" not in gzip.decompress((tmp_path / "a").read_bytes())


def test_an_archive_that_was_cut_short_keeps_what_lies_before(tmp_path: Path) -> None:
    documents, rejects = outcomes_of(tmp_path, "b.warc.gz", archive(tmp_path / "a.warc.gz")[:-900])
    assert len(documents) == 2
    assert list(rules_of(rejects).values())[-2:] == ["cut short", "cut short"]


def record(kind: str, url: str, block: bytes, content_type: str) -> bytes:
    head = f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: <{url}>\r\nContent-Type: {content_type}\r\n"
    return f"{head}Content-Length: {len(block)}\r\n\r\n".encode() + block + b"\r\n\r\n"


def test_bodies_are_read_as_other_crawlers_keep_them(tmp_path: Path) -> None:
    packed = gzip.compress(f"<p>{CHINESE}".encode())
    chunked = b"%x\r\n%b\r\n%x;note\r\n%b\r\n0\r\n\r\n" % (9, packed[:9], len(packed) - 9, packed[9:])
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n"
    content = record("response", "http://a/", head + chunked, "application/http")
    content += record("conversion", "http://b/", CHINESE.encode(), "text/plain") + record(
        "metadata", "http://b/", b"x", "text/plain"
    )
    content += record("revisit", "http://c/", b"HTTP/1.1 200 OK\r\n\r\n", "application/http")
    documents, rejects = outcomes_of(tmp_path, "a.warc", content)
    assert texts_of(documents) == {"a.warc#http://a/": CHINESE, "a.warc#http://b/": CHINESE}
    assert rules_of(rejects) == {"a.warc#http://c/": "repeated capture"}


@pytest.mark.parametrize("length", ["-1", "x", "", "99999999999999999999"])
def test_a_record_of_a_length_that_cannot_be_is_damaged(tmp_path: Path, length: str) -> None:
    content = record("response", "http://a/", b"x", "text/plain").replace(b"Length: 1", f"Length: {length}".encode())
    _, rejects = outcomes_of(tmp_path, "a.warc", content)
    assert next(reject.rule for reject in rejects) in ("damaged", "cut short", "too large")
