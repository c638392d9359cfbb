"""What this machine knows of the jobs that it sent to others: one small file for each, in the user's cache, and a lock while it fetches.

When a file is lost, the same command finds its job again: a job's id follows from the command, the content of its inputs and the host.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from danlu.core.errors import UserError
from danlu.core.ssh import Host
from danlu.core.store import write_atomically


@dataclass(frozen=True)
class SubmittedJob:
    """One job."""

    id: str
    host: Host
    command: tuple[str, ...]
    """As it was typed, after the host."""
    out: str
    """Where on this machine what it makes goes."""
    submitted: str
    """ISO 8601, of the last time."""
    is_project: bool = False
    """`out` is a project's folder, and what is made are its artifacts."""
    state: str = "running"
    """As it was seen last: not started, running, ended or gone."""
    status: int | None = None
    """The exit status, once it ended."""
    read: Mapping[str, int] = field(default_factory=dict)
    """How many bytes of each stream were shown."""
    is_fetched: bool = False
    """What it made is here, and was checked."""

    @property
    def shown(self) -> str:
        """The command for people."""
        return " ".join(self.command)

    def but(
        self,
        *,
        state: str | None = None,
        status: int | None = None,
        read: Mapping[str, int] | None = None,
        is_fetched: bool | None = None,
    ) -> "SubmittedJob":
        """With what became of it."""
        return replace(
            self,
            state=state or self.state,
            status=status if state else self.status,
            read=self.read if read is None else read,
            is_fetched=self.is_fetched if is_fetched is None else is_fetched,
        )


@dataclass(frozen=True)
class SubmittedJobs:
    """The files."""

    folder: Path

    def save(self, job: SubmittedJob) -> SubmittedJob:
        """Write it down; returns it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self._file(job.id), json.dumps(asdict(job), indent=2, ensure_ascii=True) + "\n")
        return job

    def remove(self, job: SubmittedJob) -> None:
        """Forget it."""
        self._file(job.id).unlink(missing_ok=True)
        shutil.rmtree(self.folder / job.id, ignore_errors=True)

    def known(self, id: str) -> SubmittedJob | None:
        """The job of this id; None when it is not known here."""
        path = self._file(id)
        return _read(path) if path.exists() else None

    def all(self) -> list[SubmittedJob]:
        """Every job, the newest last."""
        return sorted((_read(path) for path in self.folder.glob("*.json")), key=lambda job: job.submitted)

    def find(self, start: str | None) -> SubmittedJob:
        """The job whose id starts so, or the newest; raises UserError when there is none, or more than one."""
        jobs = self.all()
        if not jobs:
            raise UserError("No job was submitted from here", "danlu submit HOST COMMAND … submits one.")
        if start is None:
            return jobs[-1]
        found = [job for job in jobs if job.id.startswith(start)]
        if len(found) != 1:
            raise UserError(
                "{count} jobs have an id that starts with {id}",
                "`danlu jobs list` lists them.",
                count=len(found),
                id=start,
            )
        return found[0]

    def _file(self, id: str) -> Path:
        return self.folder / f"{id}.json"


def _read(path: Path) -> SubmittedJob:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        return SubmittedJob(**{**facts, "host": Host(**facts["host"]), "command": tuple(facts["command"])})
    except (ValueError, KeyError, TypeError):
        raise UserError(
            "{path} is damaged", "Delete it: the same `danlu submit` again finds its job there.", path=path
        ) from None
