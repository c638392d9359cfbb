import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from documents import as_docx
from outcomes import outcomes_of, rules_of, texts_of

CHINESE = "软件包管理系统会记录每一个已经安装的文件。"


def zipped(**members: bytes | str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def tarred(members: dict[str, bytes], *others: tarfile.TarInfo, mode: str = "w") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for other in others:
            archive.addfile(other)
    return file.getvalue()


def test_members_are_read_by_their_own_readers_and_nests_too(tmp_path: Path) -> None:
    nested = zipped(**{"in.txt": f"inside {CHINESE}"})
    content = zipped(
        **{"a.md": f"# 标题\n\n{CHINESE}", "b/c.docx": as_docx([("Heading", "Text.")]), "n.zip": nested,
           "page.html.gz": gzip.compress(b"<h1>T</h1><p>body")}
    )  # fmt: skip
    documents, rejects = outcomes_of(tmp_path, "a.zip", content)
    assert texts_of(documents) == {
        "a.zip#a.md": f"标题\n\n{CHINESE}", "a.zip#b/c.docx": "Heading\n\nText.", "a.zip#n.zip#in.txt": f"inside {CHINESE}",
        "a.zip#page.html.gz": "T\n\nbody",
    }  # fmt: skip
    assert [document.media_type for document in documents][::3] == ["text/markdown", "text/html"]
    assert rejects == []


def test_what_is_not_safe_is_refused_by_name(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("../up.txt", "/root.txt", "C:\\windows.txt", "a\\..\\b.txt", ".hidden", "good.txt"):
            archive.writestr(name, "text")
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("good.txt", "other text")
    content = bytearray(file.getvalue())
    documents, rejects = outcomes_of(tmp_path, "a.zip", bytes(content))
    assert texts_of(documents) == {"a.zip#good.txt": "text"}
    assert rules_of(rejects) == {
        "a.zip#../up.txt": "unsafe path", "a.zip#/root.txt": "unsafe path", "a.zip#C:\\windows.txt": "unsafe path",
        "a.zip#a\\..\\b.txt": "unsafe path", "a.zip#.hidden": "hidden file", "a.zip#link": "link",
        "a.zip#good.txt~2": "duplicate member",
    }  # fmt: skip


def test_an_encrypted_member_is_refused_and_the_others_are_read(tmp_path: Path) -> None:
    content = bytearray(zipped(**{"secret.txt": "x", "open.txt": "y"}))
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    documents, rejects = outcomes_of(tmp_path, "a.zip", bytes(content))
    assert (list(texts_of(documents)), rules_of(rejects)) == (["a.zip#open.txt"], {"a.zip#secret.txt": "encrypted"})


def test_a_chinese_name_written_by_windows_is_read(tmp_path: Path) -> None:
    content = zipped(**{"ABCD.txt": CHINESE}).replace(b"ABCD", "手册".encode("gbk"))
    assert list(texts_of(outcomes_of(tmp_path, "a.zip", content)[0])) == ["a.zip#手册.txt"]


def test_links_and_devices_of_a_tar_are_refused(tmp_path: Path) -> None:
    link, device = tarfile.TarInfo("link"), tarfile.TarInfo("device")
    link.type, link.linkname, device.type = tarfile.SYMTYPE, "/etc/passwd", tarfile.CHRTYPE
    content = tarred({"手册/a.txt": CHINESE.encode(), "../b.txt": b"x"}, link, device)
    documents, rejects = outcomes_of(tmp_path, "a.tar", content)
    assert texts_of(documents) == {"a.tar#手册/a.txt": CHINESE}
    assert rules_of(rejects) == {"a.tar#../b.txt": "unsafe path", "a.tar#link": "link", "a.tar#device": "device"}


def zstd(content: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(content, asbytes=True))


@pytest.mark.parametrize(
    ("ending", "pack"), [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress), ("zst", zstd)]
)
def test_compressed_files_are_read_as_what_lies_in_them(tmp_path: Path, ending: str, pack: object) -> None:
    assert callable(pack)
    rows = f'{{"text": "{CHINESE}"}}\n{{"text": "two"}}\n'.encode()
    documents, rejects = outcomes_of(tmp_path, f"a.jsonl.{ending}", pack(rows))
    assert texts_of(documents) == {f"a.jsonl.{ending}#1": CHINESE, f"a.jsonl.{ending}#2": "two"}
    assert rejects == []


def test_streams_that_follow_each_other_in_one_gzip_file_are_all_read(tmp_path: Path) -> None:
    content = gzip.compress(b'{"text": "one"}\n') + gzip.compress(b'{"text": "two"}\n')
    assert len(outcomes_of(tmp_path, "a.jsonl.gz", content)[0]) == 2


def test_what_lies_before_the_cut_is_kept_and_the_cut_is_told(tmp_path: Path) -> None:
    rows = "".join(f'{{"text": "{number} {CHINESE} {os.urandom(30).hex()}"}}\n' for number in range(200)).encode()
    documents, rejects = outcomes_of(tmp_path, "a.jsonl.gz", gzip.compress(rows)[:-4000])
    assert 50 < len(documents) < 200
    assert [(reject.source, reject.rule) for reject in rejects][-1] == ("a.jsonl.gz", "cut short")
    assert "bytes of its content" in rejects[-1].value
    members = {f"{number}.txt": f"{number} {os.urandom(2000).hex()}".encode() for number in range(9)}
    documents, rejects = outcomes_of(tmp_path, "a.tar", tarred(members)[:20_000])
    assert len(documents) == 4
    assert rejects[-1].rule == "cut short"
    documents, rejects = outcomes_of(tmp_path, "a.zip", zipped(**members)[:-3000])
    assert 5 <= len(documents) < 9
    assert rules_of(rejects) == {"a.zip": "cut short"}


def test_a_bomb_is_refused_while_it_unpacks(tmp_path: Path) -> None:
    line = b"the same line again and again\n" * 1_000_000
    documents, rejects = outcomes_of(tmp_path, "a.txt.gz", gzip.compress(line * 3), max_unpack_ratio=20)
    assert not [document for document in documents if len(document.text) > 40_000_000]
    assert rules_of(rejects) == {"a.txt.gz": "unpacks to too much"}
    _, rejects = outcomes_of(tmp_path, "a.zip", zipped(**{"a.txt": line[:100_000]}), max_unpacked_bytes=50_000)
    assert rules_of(rejects) == {"a.zip": "unpacks to too much"}


def test_a_nest_that_is_too_deep_is_refused(tmp_path: Path) -> None:
    content = b"deep"
    for _ in range(6):
        content = zipped(a=content)
    documents, rejects = outcomes_of(tmp_path, "a.zip", content)
    assert (documents, [reject.rule for reject in rejects]) == ([], ["nested too deep"])


def test_an_archive_without_files_is_told(tmp_path: Path) -> None:
    assert rules_of(outcomes_of(tmp_path, "a.zip", zipped())[1]) == {"a.zip": "no documents"}
    assert rules_of(outcomes_of(tmp_path, "a.txt.gz", gzip.compress(b""))[1]) == {"a.txt.gz": "empty"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_archives_give_documents_or_reasons(tmp_path: Path, data: st.DataObject) -> None:
    members = {"a.txt": CHINESE.encode(), "b.html": b"<p>page", "c.csv": b"a,b\n1,2\n"}
    whole = {
        "a.zip": zipped(**members), "a.tar": tarred(members), "a.tgz": tarred(members, mode="w:gz"),
        "a.docx": as_docx([("Heading", CHINESE)]),
    }  # fmt: skip
    name = data.draw(st.sampled_from(sorted(whole)))
    content = bytearray(whole[name])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(1, len(content)))]
    documents, rejects = outcomes_of(tmp_path, name, bytes(content))
    assert documents or rejects
    assert all(reject.rule and reject.value for reject in rejects)
    assert len({record.doc_id for record in (*documents, *rejects)}) == len(documents) + len(rejects)
