import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from commands import danlu
from danlu.core.artifacts import MANIFEST, Corpus
from danlu.core.errors import UserError, WorkFailed
from danlu.core.progress import Silent
from danlu.data.remote.address import Remote, open_remote
from danlu.data.remote.pull import ids_in, pointer_of, pull
from danlu.data.remote.push import push
from data.corpora import corpus, document, paragraphs


@pytest.fixture(scope="module")
def made() -> Corpus:
    """A corpus whose id follows from its manifest, as those of stages do."""
    given = corpus([document(f"d{n}", text) for n, text in enumerate(paragraphs("zh")[:8])], parts=3)
    facts = json.loads((given.path / MANIFEST).read_text(encoding="utf-8"))
    facts["id"] = given.manifest.identity()
    (given.path / MANIFEST).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    from danlu.core.store import open_artifact

    return open_artifact(given.path, Corpus)


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return open_remote(str(tmp_path / "remote"), tmp_path, tmp_path)


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def pulled(remote: Remote, made: Corpus, to: Path) -> Path:
    pull(pointer_of(remote, made.id[:6]), remote, to, Silent())
    return to


def test_what_is_pulled_is_what_was_pushed(made: Corpus, remote: Remote, tmp_path: Path) -> None:
    sent = push(made, remote, Silent())
    assert not sent.already_there and sent.files == len(files(made.path))
    assert push(made, remote, Silent()).already_there
    assert ids_in(remote) == [made.id]
    assert files(pulled(remote, made, tmp_path / "back")) == files(made.path)


def test_plain_dvc_pulls_it_too(made: Corpus, remote: Remote, tmp_path: Path) -> None:
    push(made, remote, Silent())
    shutil.copy(remote.pointer(made.id), tmp_path / "corpus.dvc")
    environment = os.environ | {"DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(tmp_path / "site")}
    for arguments in (
        ["init", "--no-scm", "-q"],
        ["remote", "add", "-d", "team", remote.root],
        ["pull", "-q", "corpus.dvc"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "dvc", *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    assert files(tmp_path / f"test-{made.id}") == files(made.path)


def test_an_interrupted_push_goes_on_and_is_not_seen_before_its_end(
    made: Corpus, remote: Remote, tmp_path: Path
) -> None:
    push(made, remote, Silent())
    objects = sorted(Path(remote.root).glob("files/md5/*/*"))
    Path(remote.pointer(made.id)).unlink()
    listing = next(path for path in objects if path.suffix == ".dir")
    for path in (objects[0], listing):
        path.unlink(missing_ok=True)
    kept = {path: path.stat().st_mtime_ns for path in objects if path.exists()}
    with pytest.raises(UserError, match="holds 0 artifacts"):
        pointer_of(remote, made.id)
    push(made, remote, Silent())
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert files(pulled(remote, made, tmp_path / "back")) == files(made.path)


def test_an_interrupted_pull_is_no_artifact_and_goes_on(made: Corpus, remote: Remote, tmp_path: Path) -> None:
    push(made, remote, Silent())
    back = pulled(remote, made, tmp_path / "back")
    (back / MANIFEST).unlink()
    (back / "documents" / "00001.parquet").write_bytes(b"half")
    (back / "documents" / "00002.parquet").rename(back / "documents" / "00002.parquet.half")
    kept = (back / "documents" / "00000.parquet").stat().st_mtime_ns
    pulled(remote, made, back)
    assert (back / "documents" / "00000.parquet").stat().st_mtime_ns == kept
    assert {name: body for name, body in files(back).items() if not name.endswith(".half")} == files(made.path)


def test_a_lost_or_damaged_object_is_told_and_leaves_no_artifact(made: Corpus, remote: Remote, tmp_path: Path) -> None:
    push(made, remote, Silent())
    one = max(Path(remote.root).glob("files/md5/*/*"), key=lambda path: path.stat().st_size)
    one.chmod(0o644)
    body = one.read_bytes()
    one.write_bytes(body[:-1] + b"?")
    with pytest.raises(WorkFailed, match="holds a damaged object"):
        pulled(remote, made, tmp_path / "back")
    one.unlink()
    with pytest.raises(WorkFailed, match="lacks the object"):
        pulled(remote, made, tmp_path / "back")
    assert not (tmp_path / "back" / MANIFEST).exists()
    one.write_bytes(body)
    assert files(pulled(remote, made, tmp_path / "back")) == files(made.path)


def test_damage_here_is_not_sent(made: Corpus, remote: Remote, tmp_path: Path) -> None:
    damaged = Corpus(tmp_path / "damaged", made.manifest)
    shutil.copytree(made.path, damaged.path)
    (damaged.path / "documents" / "00000.parquet").write_bytes(b"")
    with pytest.raises(WorkFailed, match="is damaged"):
        push(damaged, remote, Silent())
    assert not Path(remote.root).exists()


def test_a_folder_of_something_else_is_left_alone(made: Corpus, remote: Remote, tmp_path: Path) -> None:
    push(made, remote, Silent())
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(UserError, match="holds something else already"):
        pulled(remote, made, tmp_path / "mine")


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("s3://bucket/data?secret_access_key=abc", "holds a secret"),
        ("ssh://me:pass@host/data", "holds a secret"),
        ("nonsense://somewhere", "is no remote that DVC knows"),
        ("gs://bucket/data", "need the package dvc-gs"),
    ],
)
def test_addresses_that_cannot_be_opened_are_told(address: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        open_remote(address, tmp_path, tmp_path)


@pytest.fixture
def ssh_server(tmp_path: Path) -> Iterator[str]:
    """An SSH server with SFTP on this machine, that knows one key."""
    asyncssh = pytest.importorskip("asyncssh")
    pytest.importorskip("sshfs")
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(str(tmp_path / "key"))
    (tmp_path / "key").chmod(0o600)
    key.write_public_key(str(tmp_path / "authorised"))
    loop, ports = asyncio.new_event_loop(), []
    ready = threading.Event()

    async def serve() -> None:
        server = await asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
            authorized_client_keys=str(tmp_path / "authorised"), sftp_factory=True,
        )  # fmt: skip
        ports.append(server.get_port())
        ready.set()

    thread = threading.Thread(target=lambda: (loop.run_until_complete(serve()), loop.run_forever()), daemon=True)
    thread.start()
    assert ready.wait(20)
    yield f"ssh://me@127.0.0.1:{ports[0]}{tmp_path}/served?keyfile={tmp_path}/key"
    loop.call_soon_threadsafe(loop.stop)


def test_over_ssh(made: Corpus, ssh_server: str, tmp_path: Path) -> None:
    remote = open_remote(ssh_server, tmp_path, tmp_path)
    push(made, remote, Silent())
    assert files(pulled(remote, made, tmp_path / "back")) == files(made.path)


@pytest.fixture
def s3_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an S3 server on this machine; what is pushed with lives in our environment, the server in its own."""
    program = Path(__file__).parents[3] / ".venv-s3" / "bin" / "moto_server"
    if "CI" not in os.environ:  # there, a test that is skipped would prove nothing
        pytest.importorskip("dvc_s3")
        if not program.exists():
            pytest.skip("scripts/s3_server.sh makes the server")
    for name, value in {"AWS_ACCESS_KEY_ID": "one", "AWS_SECRET_ACCESS_KEY": "two"}.items():
        monkeypatch.setenv(name, value)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (tmp_path / "server.log").open("w") as log:
        server = subprocess.Popen([program, "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log)
    try:
        until = time.monotonic() + 60
        while not _answers(port):
            assert server.poll() is None and time.monotonic() < until, (tmp_path / "server.log").read_text()
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def _answers(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


def test_over_s3(made: Corpus, s3_server: str, tmp_path: Path) -> None:
    remote = open_remote(f"s3://data/danlu?endpointurl={s3_server}&region=us-east-1", tmp_path, tmp_path)
    with pytest.raises(WorkFailed, match="cannot be used"):
        push(made, remote, Silent())
    urlopen(Request(f"{s3_server}/data", method="PUT")).close()
    assert ids_in(remote) == []
    push(made, remote, Silent())
    assert push(made, remote, Silent()).already_there
    assert ids_in(remote) == [made.id]
    assert files(pulled(remote, made, tmp_path / "back")) == files(made.path)


def test_the_commands(made: Corpus, tmp_path: Path) -> None:
    sent = danlu(tmp_path, "push", str(made.path), "--remote", "team")
    assert sent.returncode == 0 and f"danlu pull {made.id}" in sent.stdout, sent.stderr
    got = danlu(tmp_path, "pull", made.id[:8], "--remote", "team", "--out", "back", "--json")
    assert got.returncode == 0 and json.loads(got.stdout)["state"] == "pulled", got.stderr
    refused = danlu(tmp_path, "pull", made.id, "--lang", "zh")
    assert refused.returncode == 2 and "没有指定远端" in refused.stderr


def test_a_folder_that_is_not_there_is_no_empty_remote(remote: Remote, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        ids_in(remote)
    (tmp_path / "remote").mkdir()
    assert ids_in(remote) == []
