import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastwarc.warc import ArchiveIterator, WarcRecordType

from commands import Outcome, here
from danlu.data.extract.warc import WarcWriter
from sites import Asked, Reply, Site, served

CRAWL = "CC-MAIN-2026-10"
SEGMENT = f"crawl-data/{CRAWL}/segments/1/warc/a.warc.gz"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Common Crawl with three pages of one archive, two of them equal."""
    lines = []
    with WarcWriter(tmp_path / "a.warc.gz") as writer:
        for name, body in (("a", "安装"), ("b", "two"), ("c", "two")):
            url = f"https://www.example.org/{name}"
            start, length = writer.add(
                url, datetime(2026, 3, 1, tzinfo=UTC), 200, [("Content-Type", "text/html")], body.encode()
            )
            lines.append(
                {
                    "url": url,
                    "filename": SEGMENT,
                    "offset": str(start),
                    "length": str(length),
                    "digest": body,
                    "status": "200",
                }
            )
    content = (tmp_path / "a.warc.gz").read_bytes()
    (tmp_path / "a.warc.gz").unlink()

    def archive(asked: Asked) -> Reply:
        first, _, last = asked.headers.get("range", "bytes=0-").removeprefix("bytes=").partition("-")
        return Reply(content[int(first) : int(last) + 1], 206) if last else Reply(content)

    def index(asked: Asked) -> Reply:
        if not asked.path.startswith(f"/{CRAWL}-index?url=%2A.example.org%2F%2A"):
            return Reply(status=404)
        return Reply("\n".join([*map(json.dumps, lines), "{damaged"]).encode())

    with served(Site(otherwise=index)) as running:
        running.pages[f"/{SEGMENT}"] = archive
        running.pages[f"/crawl-data/{CRAWL}/warc.paths.gz"] = Reply(gzip.compress(f"{SEGMENT}\nb\n".encode()))
        yield running


def fetch(folder: Path, site: Site, source: str) -> Outcome:
    mirror = ["--set", f"common_crawl.index_url={site.url}", "--set", f"common_crawl.data_url={site.url}"]
    return here(
        folder,
        "fetch",
        source,
        "--out",
        "out",
        "--allow-private",
        "--json",
        *mirror,
        "--set",
        "common_crawl.max_tries=2",
    )


def pages(folder: Path) -> list[str]:
    found = []
    for path in sorted((folder / "out").glob("*/*.warc.gz")):
        with path.open("rb") as file:
            found += [record.headers["WARC-Target-URI"] for record in ArchiveIterator(file, WarcRecordType.response)]
    return found


def account(done: Outcome) -> dict[str, Any]:
    [source] = json.loads(done.stdout)["sources"]
    return dict(source)


def test_records_that_the_index_names_are_taken_out_of_the_archive(tmp_path: Path, site: Site) -> None:
    done = fetch(tmp_path, site, f"cc:{CRAWL}?url=*.example.org/*&limit=10")
    assert done.returncode == 0, done.stderr
    assert pages(tmp_path) == ["https://www.example.org/a", "https://www.example.org/b"]
    assert account(done)["reasons"] == {"skipped: index line damaged": 1, "skipped: same content": 1}
    [index] = [path for path in site.paths() if "-index" in path]
    assert "limit=10" in index and "output=json" in index and "filter=%3Dstatus%3A200" in index
    assert fetch(tmp_path, site, f"cc:{CRAWL}?url=*.example.org/*&limit=10").returncode == 0
    assert len(pages(tmp_path)) == 2


def test_a_record_that_fails_is_asked_for_again_by_the_same_command(tmp_path: Path, site: Site) -> None:
    archive = site.pages[f"/{SEGMENT}"]
    site.pages[f"/{SEGMENT}"] = Reply(b"no gzip at all", 206)
    failed = fetch(tmp_path, site, f"cc:{CRAWL}?url=*.example.org/*")
    assert failed.returncode == 1 and "2 of 4 records" in failed.stderr
    assert pages(tmp_path) == []
    site.pages[f"/{SEGMENT}"] = archive
    assert fetch(tmp_path, site, f"cc:{CRAWL}?url=*.example.org/*").returncode == 0
    assert len(pages(tmp_path)) == 2


def test_whole_files_by_number(tmp_path: Path, site: Site) -> None:
    assert fetch(tmp_path, site, f"cc:{CRAWL}/warc/0").returncode == 0
    assert len(pages(tmp_path)) == 3
    beyond = fetch(tmp_path, site, f"cc:{CRAWL}/warc/0-7")
    assert beyond.returncode == 2 and "0 to 1" in beyond.stderr


@pytest.mark.parametrize(
    ("source", "status", "said"),
    [
        (f"cc:{CRAWL}", 2, "names nothing"), (f"cc:{CRAWL}?limit=3", 2, "names nothing"),
        ("cc:CC-MAIN-1999-01?url=example.org", 2, "has nothing"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_for_is_told(tmp_path: Path, site: Site, source: str, status: int, said: str) -> None:
    refused = fetch(tmp_path, site, source)
    assert refused.returncode == status
    assert said in refused.stderr
