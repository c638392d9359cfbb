import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from commands import Outcome, here
from sites import Asked, Reply, Site, served

COMMIT = "5f2b3c" * 6 + "abcd"


@pytest.fixture
def site() -> Iterator[Site]:
    with served(Site()) as running:
        yield running


def fetch(folder: Path, site: Site, source: str, *arguments: str, **environment: str) -> Outcome:
    variables = {"HF_ENDPOINT": site.url, "MODELSCOPE_ENDPOINT": site.url, "HF_TOKEN": "", **environment}
    return here(folder, "fetch", source, "--out", "out", "--allow-private", "--json", *arguments, **variables)


def ranged(content: bytes) -> Any:
    """A file that is served in ranges, as a CDN does."""

    def answer(asked: Asked) -> Reply:
        start = int(asked.headers.get("range", "bytes=0-")[6:].partition("-")[0])
        if not start:
            return Reply(content)
        if start >= len(content):
            return Reply(status=416)
        place = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return Reply(content[start:], 206, {"Content-Range": place})

    return answer


def hugging_face(site: Site, files: dict[str, bytes], card: dict[str, Any], id: str = "team/handbook") -> None:
    """Serve a data set as the hub does: about, tree in pages of two, files by a redirect."""
    about = json.dumps({"id": id, "sha": COMMIT, "cardData": card}).encode()
    for revision in ("main", "v1", COMMIT):
        site.pages[f"/api/datasets/{id}/revision/{revision}"] = Reply(about)
    entries: list[dict[str, Any]] = [{"type": "directory", "path": "data", "size": 0, "oid": "0"}]
    for number, (path, content) in enumerate(files.items()):
        git = hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()
        entry: dict[str, Any] = {"type": "file", "path": path, "size": len(content), "oid": git}
        if number % 2 == 0:
            entry["lfs"] = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content)}
        entries.append(entry)
        site.pages[f"/datasets/{id}/resolve/{COMMIT}/{path}"] = Reply(status=302, headers={"Location": f"/cdn/{path}"})
        site.pages[f"/cdn/{path}"] = ranged(content)
    tree = f"/api/datasets/{id}/tree/{COMMIT}?recursive=true"
    for start in range(0, len(entries), 2):
        more = {"Link": f'<{site.url}{tree}&cursor={start + 2}>; rel="next"'} if start + 2 < len(entries) else {}
        path = tree if not start else f"{tree}&cursor={start}"
        site.pages[path] = Reply(json.dumps(entries[start : start + 2]).encode(), headers=more)


FILES = {
    "README.md": b"# card", "data/train-00000-of-00002.jsonl": b'{"text": "\xe6\x96\x87"}\n' * 50,
    "data/train-00001-of-00002.jsonl": b'{"text": "two"}\n' * 50, "data/test-00000-of-00001.jsonl": b'{"text": "t"}\n',
    "load.py": b"print()",
}  # fmt: skip
CARD = {
    "license": "apache-2.0",
    "configs": [
        {"config_name": "default", "data_files": [{"split": "train", "path": "data/train-*"}, {"split": "test", "path": ["data/test-*"]}]}
    ],
}  # fmt: skip


def held(folder: Path) -> dict[str, bytes]:
    root = folder / "out"
    found = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.glob("*/**/*") if path.is_file()}
    return {path.partition("/")[2]: content for path, content in found.items() if not path.startswith(".")}


def test_data_files_are_pinned_to_a_commit_with_the_licence_of_the_card(tmp_path: Path, site: Site) -> None:
    hugging_face(site, FILES, CARD)
    done = fetch(tmp_path, site, "hf:team/handbook@v1")
    assert done.returncode == 0, done.stderr
    assert held(tmp_path) == {path: content for path, content in FILES.items() if path.startswith("data/")}
    [source] = json.loads(done.stdout)["sources"]
    assert source["revision"] == COMMIT
    assert source["licences"] == {"Apache-2.0": 3}
    assert source["reasons"] == {"skipped: no data file": 2}
    asked = len(site.asked)
    assert fetch(tmp_path, site, "hf:team/handbook@v1").returncode == 0
    assert len(site.asked) == asked


def test_one_split_and_the_nearest_configuration(tmp_path: Path, site: Site) -> None:
    hugging_face(site, FILES, CARD)
    done = fetch(tmp_path, site, "hf:team/handbook:default/test")
    assert done.returncode == 0, done.stderr
    assert set(held(tmp_path)) == {"data/test-00000-of-00001.jsonl"}
    wrong = fetch(tmp_path, site, "hf:team/handbook:defualt")
    assert wrong.returncode == 2 and "Did you mean default?" in wrong.stderr
    none = fetch(tmp_path, site, "hf:team/handbook/nosuch")
    assert none.returncode == 2 and "data/train-00000-of-00002.jsonl" in none.stderr


def test_a_file_that_broke_off_is_continued_and_a_wrong_one_never_gets_its_name(tmp_path: Path, site: Site) -> None:
    hugging_face(site, FILES, CARD)
    first, second = "data/train-00000-of-00002.jsonl", "data/train-00001-of-00002.jsonl"
    whole = site.pages[f"/cdn/{first}"]
    ranges: list[str] = []

    def breaks(asked: Asked) -> Reply:
        ranges.append(asked.headers.get("range", ""))
        assert callable(whole)
        reply = whole(asked)
        return (
            Reply(reply.body[:100], reply.status, reply.headers, length=len(reply.body)) if len(ranges) < 3 else reply
        )

    site.pages[f"/cdn/{first}"] = breaks
    site.pages[f"/cdn/{second}"] = Reply(b"x" * len(FILES[second]))
    failed = fetch(tmp_path, site, "hf:team/handbook", "--set", "download.max_tries=2")
    assert failed.returncode == 1 and "checksum differs" in failed.stderr
    assert ranges == ["", "bytes=100-", "bytes=200-"]
    assert held(tmp_path)[first] == FILES[first]
    assert second not in held(tmp_path)
    site.pages[f"/cdn/{second}"] = ranged(FILES[second])
    assert fetch(tmp_path, site, "hf:team/handbook").returncode == 0
    assert held(tmp_path)[second] == FILES[second]
    assert len(ranges) == 3


def test_a_busy_hub_is_waited_for_as_long_as_is_allowed_and_no_longer(tmp_path: Path, site: Site) -> None:
    hugging_face(site, {"a.jsonl": b'{"text": "x"}'}, {})
    times: list[float] = []
    served_at_last = ranged(b'{"text": "x"}')

    def busy(asked: Asked) -> Reply:
        times.append(time.monotonic())
        return Reply(status=429, headers={"Retry-After": "1"}) if len(times) == 1 else served_at_last(asked)

    site.pages["/cdn/a.jsonl"] = busy
    refused = fetch(tmp_path, site, "hf:team/handbook", "--set", "download.max_wait_s=0.9")
    assert refused.returncode == 1 and "server busy, 429 Too Many Requests" in refused.stderr
    assert len(times) == 1
    times.clear()
    assert fetch(tmp_path, site, "hf:team/handbook").returncode == 0
    assert times[1] - times[0] >= 1


def test_the_token_is_sent_to_the_hub_alone(tmp_path: Path, site: Site) -> None:
    with served(Site()) as cdn:
        hugging_face(site, {"a.jsonl": b'{"text": "x"}'}, {})
        cdn.pages["/a.jsonl"] = ranged(b'{"text": "x"}')
        site.pages[f"/datasets/team/handbook/resolve/{COMMIT}/a.jsonl"] = Reply(
            status=302, headers={"Location": f"{cdn.url}/a.jsonl"}
        )
        assert fetch(tmp_path, site, "hf:team/handbook", HF_TOKEN="hf_secret").returncode == 0
        assert all("secret" in asked.headers["authorization"] for asked in site.asked)
        assert all("authorization" not in asked.headers for asked in cdn.asked)
    for path in (tmp_path / "out").rglob("*"):
        assert not path.is_file() or b"hf_secret" not in path.read_bytes()


def test_names_that_lead_out_of_the_folder_are_refused(tmp_path: Path, site: Site) -> None:
    hugging_face(site, {"../../evil.jsonl": b"{}", "good.jsonl": b'{"text": "x"}', "/etc/x.jsonl": b"{}"}, {})
    done = fetch(tmp_path, site, "hf:team/handbook")
    assert done.returncode == 0, done.stderr
    assert set(held(tmp_path)) == {"good.jsonl"}
    assert json.loads(done.stdout)["sources"][0]["reasons"]["skipped: unsafe name"] == 2


@pytest.mark.parametrize(
    ("source", "status", "said"),
    [
        ("hf:team/handbook", 401, "HF_TOKEN"), ("hf:team/handbook", 404, "has no data set"),
        ("hf:team", None, "The form is hf:owner/name"), ("hv:team/handbook", None, "Did you mean hf:?"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_for_is_told(
    tmp_path: Path, site: Site, source: str, status: int | None, said: str
) -> None:
    site.otherwise = Reply(status=status or 200)
    refused = fetch(tmp_path, site, source)
    assert refused.returncode == 2
    assert said in refused.stderr


def test_a_server_that_is_no_hub_is_told_from_one(tmp_path: Path, site: Site) -> None:
    site.otherwise = Reply(b"<html>Sign in to the guest network</html>", headers={"Content-Type": "text/html"})
    for source in ("hf:team/handbook", "ms:team/handbook"):
        refused = fetch(tmp_path, site, source)
        assert refused.returncode == 1, refused.stderr
        assert "does not answer as a hub does: <html>Sign in" in refused.stderr


def test_without_a_network_the_next_step_is_named(tmp_path: Path, site: Site) -> None:
    offline = fetch(tmp_path, site, "hf:team/handbook", HF_ENDPOINT="http://127.0.0.1:9")
    assert offline.returncode == 1
    assert "HF_ENDPOINT" in offline.stderr and "danlu clean FOLDER" in offline.stderr


def test_a_corpus_that_is_too_large_is_not_begun(tmp_path: Path, site: Site) -> None:
    hugging_face(site, FILES, CARD)
    refused = fetch(tmp_path, site, "hf:team/handbook", "--set", "download.max_bytes=100")
    assert refused.returncode == 2 and "download.max_bytes" in refused.stderr
    assert not [path for path in site.paths() if path.startswith("/cdn/")]


def test_modelscope_is_asked_in_its_own_way(tmp_path: Path, site: Site) -> None:
    files = {f"data/part-{number:03d}.jsonl": f'{{"text": "第{number}段"}}'.encode() for number in range(130)}

    def tree(asked: Asked) -> Reply:
        query = parse_qs(urlsplit(asked.path).query)
        assert query["Revision"] == [COMMIT]
        number, size = int(query["PageNumber"][0]), int(query["PageSize"][0])
        entries = [
            {"Path": path, "Type": "blob", "Size": len(content), "Sha256": hashlib.sha256(content).hexdigest()}
            for path, content in files.items()
        ]
        return Reply(
            json.dumps({"Code": 200, "Data": {"Files": entries[(number - 1) * size : number * size]}}).encode()
        )

    def otherwise(asked: Asked) -> Reply:
        parts = urlsplit(asked.path)
        if parts.path.endswith("/repo/tree"):
            return tree(asked)
        return Reply(files[parse_qs(parts.query)["FilePath"][0]])

    base = "/api/v1/datasets/team/shouce"
    site.pages[base] = Reply(json.dumps({"Code": 200, "Data": {"License": "Apache License 2.0"}}).encode())
    site.pages[f"{base}/commits/master?PageNumber=1&PageSize=1"] = Reply(
        json.dumps({"Data": {"Commit": [{"Id": COMMIT}]}}).encode()
    )
    site.otherwise = otherwise
    done = fetch(tmp_path, site, "ms:team/shouce")
    assert done.returncode == 0, done.stderr
    assert held(tmp_path) == files
    [source] = json.loads(done.stdout)["sources"]
    assert (source["revision"], source["licences"]) == (COMMIT, {"Apache-2.0": 130})


def test_shards_of_c4_by_number(tmp_path: Path, site: Site) -> None:
    names = [f"en/c4-train.{number:05d}-of-01024.json.gz" for number in range(4)]
    names += ["multilingual/c4-zh.tfrecord-00000-of-01024.json.gz", "realnewslike/c4-train.00000-of-00512.json.gz"]
    hugging_face(site, {name: name.encode() for name in names}, {"license": "odc-by"}, id="allenai/c4")
    assert fetch(tmp_path, site, "c4:en/00001-00002").returncode == 0
    assert fetch(tmp_path, site, "c4:zh/0").returncode == 0
    assert set(held(tmp_path)) == {names[1], names[2], names[4]}
    beyond = fetch(tmp_path, site, "c4:en/2-9")
    assert beyond.returncode == 2 and "realnewslike" in beyond.stderr


def test_shards_of_the_pile_from_a_mirror_and_a_single_file(tmp_path: Path, site: Site) -> None:
    site.pages["/pile/train/00.jsonl.zst"] = ranged(b"zstd 0")
    site.pages["/pile/train/01.jsonl.zst"] = ranged(b"zstd 1")
    done = fetch(tmp_path, site, "pile:00-01", "--set", f"pile.url={site.url}/pile")
    assert done.returncode == 0, done.stderr
    assert fetch(tmp_path, site, f"url:{site.url}/pile/train/01.jsonl.zst").returncode == 0
    assert held(tmp_path) == {
        "train/00.jsonl.zst": b"zstd 0",
        "train/01.jsonl.zst": b"zstd 1",
        "01.jsonl.zst": b"zstd 1",
    }
    assert fetch(tmp_path, site, "pile:29-30").returncode == 2
