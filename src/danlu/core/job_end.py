"""The other machine's end of `danlu submit`: answers what is asked over standard input and output, and knows jobs and their inputs.

Below one folder: `inputs/ID/` are files that came, by the hash of their names and content, and `jobs/ID/` are the jobs
(danlu.core.job_folder). What comes is data, but for a reward function that a job names; the only program that is ever started is danlu, with its arguments.
"""

import fcntl
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from danlu.core.errors import DanluError, UserError, WorkFailed
from danlu.core.file_trees import FileTree, listed, missing_in, read_tree, receive_files, send_files
from danlu.core.frames import Channel, HungUp
from danlu.core.job_folder import JobFolder
from danlu.core.library_errors import first_words
from danlu.core.progress import Silent
from danlu.core.store import link

PROTOCOL = 2
"""Raised with every change of what is asked or answered: both ends must have the same."""
_ID = re.compile(r"[0-9a-f]{16}")
_LAST_LINES = 12


class JobEnd:
    """Answers for the jobs below one folder."""

    def __init__(self, channel: Channel, root: Path, program: Sequence[str]) -> None:
        self._channel = channel
        self._root = root
        self._program = program
        self._answers: dict[str, Callable[[dict[str, Any]], None]] = {
            "open": self._open, "job": self._job, "input": self._input, "start": self._start, "follow": self._follow,
            "stop": self._stop, "made": self._made, "remove": self._remove,
        }  # fmt: skip

    def serve(self) -> None:
        """Answer until the other end hangs up. An error goes to it, and ends the line: what it sends meanwhile has no reader."""
        with suppress(HungUp):
            self._channel.send({"danlu": PROTOCOL})
            while True:
                facts, _ = self._channel.receive()
                try:
                    self._answers[facts["ask"]](facts)
                except DanluError as error:
                    self._channel.fail(error)
                    return
                except OSError as error:
                    self._channel.fail(_of_machine(error))
                    return

    def _open(self, facts: dict[str, Any]) -> None:
        """Which folder is meant, relative to the home, if it is another than the usual one."""
        if facts["folder"]:
            self._root = Path.home() / facts["folder"]
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._channel.send({"folder": str(self._root)})

    def _job(self, facts: dict[str, Any]) -> None:
        job = self._folder(facts)
        self._channel.send({"state": job.state(), "status": job.status(), "last": job.last_lines(_LAST_LINES)})

    def _input(self, facts: dict[str, Any]) -> None:
        """Take a tree, as far as it is not here; answers with the path that it has here."""
        whole = self._root / "inputs" / _checked(facts["id"])
        half = whole.with_name(f"{whole.name}.{_checked(facts['job'])}")
        with self._inputs_held():
            JobFolder(self._root / "jobs" / facts["job"]).name_input(whole.name)
        tree = listed(facts["name"], self._channel.receive()[1])
        if tree.id != facts["id"]:
            raise WorkFailed("The list of {name} is not that of its id", "Give the same command again.", name=tree.name)
        if not whole.exists():
            half.mkdir(parents=True, exist_ok=True)
        missing = [] if whole.exists() else missing_in(half, tree)
        self._check_room(sum(file.size_bytes for file in tree.files if file.place in missing))
        self._channel.send({"missing": missing, "path": str(whole / tree.name)})
        if missing:
            receive_files(self._channel, half, tree, missing, Silent())
        if not whole.exists():
            half.rename(whole)
        shutil.rmtree(half, ignore_errors=True)
        self._channel.send({"there": True})

    def _check_room(self, needed: int) -> None:
        free = shutil.disk_usage(self._root).free
        if needed > free:
            raise WorkFailed(
                "the other machine: {needed:.1f} MB are to be sent, and {folder} has room for {free:.1f} MB",
                "Make room there, or name another folder with --remote-folder.",
                needed=needed / 1e6,
                folder=self._root,
                free=free / 1e6,
            )

    def _start(self, facts: dict[str, Any]) -> None:
        """Link inputs by the names that the command knows, lay those that it writes beside as its own files, and start it."""
        job = self._folder(facts)
        job.work.mkdir(parents=True, exist_ok=True)
        if job.state() != "running":
            for called, name in facts["linked"]:
                at = job.work / name
                at.parent.mkdir(parents=True, exist_ok=True)
                at.unlink(missing_ok=True)
                at.symlink_to(called)
            for called, place in facts["laid"]:
                _lay(Path(called), job.work / place)
        command = [*self._program, *facts["arguments"]]
        self._channel.send({"started": job.start(command, facts["place"])})

    def _follow(self, facts: dict[str, Any]) -> None:
        job = self._folder(facts)
        if job.state() != "absent":
            for stream, printed in job.printed(facts["read"]):
                self._channel.send({"stream": stream}, printed)
        self._job(facts)

    def _stop(self, facts: dict[str, Any]) -> None:
        self._channel.send({"asked": self._folder(facts).stop()})

    def _made(self, facts: dict[str, Any]) -> None:
        """Send what the job made: the list, then the files that the other end still wants."""
        job = self._folder(facts)
        out = job.work / facts["name"]
        is_there = out.is_file() or any(path.is_file() for path in out.rglob("*"))
        tree = read_tree(out, hidden=True) if is_there else FileTree(out.name, ())
        self._channel.send({"files": len(tree.files)}, tree.listing())
        wanted = self._channel.receive()[0]["wanted"]
        send_files(self._channel, out, tree, frozenset(wanted), Silent())

    def _remove(self, facts: dict[str, Any]) -> None:
        """Delete a job that does not run, and its inputs that no other job names."""
        job = self._folder(facts)
        if job.state() == "running":
            raise UserError("The job {id} is running", "End it first: danlu jobs stop {id}", id=job.path.name)
        with self._inputs_held():
            mine = job.inputs
            if job.path.exists():
                shutil.rmtree(job.path)
            for path in self._root.glob("jobs/*"):
                mine -= JobFolder(path).inputs
            gone = [path for id in mine for path in self._root.glob(f"inputs/{id}")]
            for path in (*gone, *self._root.glob(f"inputs/*.{job.path.name}")):
                shutil.rmtree(path)
        self._channel.send({"removed_inputs": len(gone)})

    @contextmanager
    def _inputs_held(self) -> Iterator[None]:
        """No input is named or removed by another end meanwhile."""
        self._root.mkdir(parents=True, exist_ok=True)
        with (self._root / "inputs.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _folder(self, facts: dict[str, Any]) -> JobFolder:
        return JobFolder(self._root / "jobs" / _checked(facts["id"]))


def _lay(tree: Path, to: Path) -> None:
    for file in [tree] if tree.is_file() else [path for path in tree.rglob("*") if path.is_file()]:
        target = to / file.relative_to(tree)
        target.parent.mkdir(parents=True, exist_ok=True)
        link(file, target)


def _checked(id: str) -> str:
    """An id becomes a part of a path: nothing else may."""
    if not _ID.fullmatch(id):
        raise WorkFailed(
            "{id} is no id of a job or an input", "The two machines have different versions of danlu.", id=id
        )
    return id


def _of_machine(error: OSError) -> WorkFailed:
    return WorkFailed(
        "the other machine: {path}: {problem}",
        "What arrived there is kept: give the same command again when that is mended.",
        path=error.filename or "danlu",
        problem=error.strerror or first_words(error),
    )


def answer(root: Path, program: Sequence[str]) -> None:
    """Serve over this process's standard input and output, for jobs below `root`; `program` is danlu without arguments.

    Nothing else may print there.
    """
    os.umask(0o077)  # inputs may be secret, and the folder another one than this user's own
    JobEnd(Channel(sys.stdin.buffer, sys.stdout.buffer), root, program).serve()
