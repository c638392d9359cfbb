"""Files as they are: resumed where they broke off, checked against what their hub says of them.

A file arrives below `.fetch/` and gets its name when it is whole and its checksum is right, so that the folder holds
no half file at any moment.
"""

import asyncio
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import urljoin, urlsplit

import aiohttp
from pydantic import Field

from danlu.core.errors import Phrase, UserError, WorkFailed
from danlu.core.hashing import hash_facts
from danlu.core.progress import Progress
from danlu.core.stages import Config
from danlu.data.fetch.ledger import FAILED, FETCHED, SKIPPED, STATE, WAITING, FetchLedger, now
from danlu.data.fetch.response import NoResponse
from danlu.data.fetch.web import MAX_HOPS, Web


class DownloadConfig(Config):
    """How much is downloaded and how patiently."""

    max_bytes: int = Field(50 * 2**30, ge=1)
    """Bytes of one source: a web-scale corpus of terabytes is not fetched by mistake."""
    connections: int = Field(4, ge=1, le=32)
    """Files at a time."""
    max_tries: int = Field(5, ge=1)
    """Tries in a row that bring no new byte."""
    max_wait_s: float = Field(300, ge=0)
    """Seconds: a server that asks to wait longer is given up."""


@dataclass(frozen=True)
class RemoteFile:
    """A file to download: `path` is where it goes in the folder of its source."""

    path: str
    url: str
    size_bytes: int | None = None
    sha256: str | None = None
    git_sha1: str | None = None
    """The name that git gives a file of this content: hubs say it where they say no SHA-256."""


@dataclass(frozen=True)
class Downloads:
    """Downloads the files of one source."""

    web: Web
    ledger: FetchLedger
    label: str
    config: DownloadConfig
    progress: Progress
    headers: Mapping[str, str] = field(default_factory=dict)
    """Sent to the host that is asked, and to no other that it redirects to."""
    licence: str = "unknown"

    async def run(self, files: Sequence[RemoteFile]) -> None:
        """Download what is missing; raises UserError when it is more than is allowed, WorkFailed when something failed."""
        self.ledger.reopen(self.label, FAILED)
        for file in files:
            self._note(file)
        total = sum(file.size_bytes or 0 for file in files)
        if total > self.config.max_bytes:
            raise UserError(
                "{label} is {total} bytes, and {max_bytes} are allowed",
                "Ask for a part of it (a configuration, a split, a range of files), or raise download.max_bytes with --set.",
                label=self.label, total=total, max_bytes=self.config.max_bytes,
            )  # fmt: skip
        waiting = iter([file for file in files if self._is_missing(file)])
        done = len(files) - sum(self._is_missing(file) for file in files)
        self.progress.advance(done, len(files), self.label)
        await asyncio.gather(*(self._work(waiting, len(files)) for _ in range(self.config.connections)))
        failed = self.ledger.count(self.label, FAILED)
        if failed:
            first = next(self.ledger.items(self.label, FAILED))
            raise WorkFailed(
                "{failed} of {count} files of {label} failed; first {path}: {reason}, {value}",
                "What was fetched is kept: the same command continues there.",
                failed=failed, count=len(files), label=self.label, path=first["item"], reason=Phrase(first["reason"]),
                value=first["value"],
            )  # fmt: skip

    def _note(self, file: RemoteFile) -> None:
        parts = PurePosixPath(file.path).parts
        safe = parts and not file.path.startswith("/") and not any(part.startswith(".") for part in parts)
        state = (
            {} if safe and "\0" not in file.path else {"state": SKIPPED, "reason": "unsafe name", "value": file.path}
        )
        if self.ledger.add(self.label, file.path, **state) or not state:
            row = self.ledger.find(self.label, file.path)
            if row and row["state"] == FETCHED and file.sha256 and row["sha256"] != file.sha256:
                self.ledger.settle(self.label, file.path, WAITING)

    def _is_missing(self, file: RemoteFile) -> bool:
        row = self.ledger.find(self.label, file.path)
        assert row is not None
        place = self._place(file)
        if row["state"] == FETCHED:
            return not place.is_file() or place.stat().st_size != row["length"]
        return bool(row["state"] == WAITING)

    def _place(self, file: RemoteFile) -> Path:
        return self.ledger.folder / self.label / file.path

    async def _work(self, waiting: Iterator[RemoteFile], count: int) -> None:
        for file in waiting:
            await self._one(file)
            self.progress.advance(self.ledger.count(self.label, FETCHED), count, file.path)

    async def _one(self, file: RemoteFile) -> None:
        """Download one file, and note what became of it."""
        half = self.ledger.folder / STATE / hash_facts([self.label, file.path])[:32]
        try:
            sha256 = await self._patiently(file, half)
        except NoResponse as problem:
            self.ledger.settle(self.label, file.path, FAILED, problem.reason, problem.value, status=problem.status)
            return
        place = self._place(file)
        place.parent.mkdir(parents=True, exist_ok=True)
        size = half.stat().st_size
        half.replace(place)
        self.ledger.settle(
            self.label, file.path, FETCHED, file=f"{self.label}/{file.path}", length=size, size_bytes=size, sha256=sha256,
            licence=self.licence, fetched_at=now(),
        )  # fmt: skip

    async def _patiently(self, file: RemoteFile, half: Path) -> str:
        """Receive a file, in as many tries as each bring a new byte; returns its SHA-256."""
        tries, had, most_s = 0, -1, self.config.max_wait_s
        while True:
            try:
                await self._receive(file, half)
                return await asyncio.to_thread(_checked, file, half)
            except NoResponse as problem:
                size = half.stat().st_size if half.exists() else 0
                tries, had = (0 if size > had >= 0 else tries + 1), size
                wait_s = min(0.5 * 2.0**tries, most_s) if problem.wait_s is None else problem.wait_s
                if not problem.may_pass or tries >= self.config.max_tries or wait_s > most_s:
                    raise
            await asyncio.sleep(wait_s)

    async def _receive(self, file: RemoteFile, half: Path) -> None:
        url, host = file.url, urlsplit(file.url).netloc
        for _ in range(MAX_HOPS + 1):
            have = half.stat().st_size if half.exists() else 0
            if file.size_bytes is not None and have == file.size_bytes:
                half.touch()
                return
            headers = {"Accept-Encoding": "identity", **(self.headers if urlsplit(url).netloc == host else {})}
            if have:
                headers |= {"Range": f"bytes={have}-"} | self._if_range(file)
            async with self.web.open(url, headers) as answer:
                location = answer.headers.get("Location") if 300 <= answer.status < 400 else None
                if location is None:
                    await self._write(file, half, have, answer)
                    return
                url = urljoin(url, location)
        raise NoResponse("too many redirects", url, may_pass=False)

    def _if_range(self, file: RemoteFile) -> dict[str, str]:
        row = self.ledger.find(self.label, file.path)
        return {"If-Range": row["etag"]} if row and row["etag"] and not (file.sha256 or file.git_sha1) else {}

    async def _write(self, file: RemoteFile, half: Path, have: int, answer: aiohttp.ClientResponse) -> None:
        if answer.status == 416:
            half.unlink(missing_ok=True)
            raise NoResponse("connection broke", "the file changed", may_pass=True)
        if answer.status not in (200, 206):
            raise NoResponse.of_status(answer.status, answer.headers.get("Retry-After", ""))
        resumed = answer.status == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        etag = answer.headers.get("ETag", "")
        if etag and not etag.startswith("W/"):
            self.ledger.settle(self.label, file.path, WAITING, etag=etag)
        most = self.config.max_bytes if file.size_bytes is None else file.size_bytes
        with half.open("ab" if resumed else "wb") as target:
            async for chunk in answer.content.iter_chunked(1 << 18):
                if target.tell() + len(chunk) > most:
                    raise NoResponse("too large", f"more than {most} bytes", may_pass=False)
                target.write(chunk)
        if file.size_bytes is not None and half.stat().st_size < file.size_bytes:
            raise NoResponse("connection broke", f"{half.stat().st_size} of {file.size_bytes} bytes", may_pass=True)


def _checked(file: RemoteFile, half: Path) -> str:
    """The file's SHA-256; a file that is not what its hub says is deleted, and NoResponse raised."""
    size = half.stat().st_size
    sha256, git = hashlib.sha256(), hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
    with half.open("rb") as source:
        while chunk := source.read(1 << 20):
            sha256.update(chunk)
            if file.git_sha1:
                git.update(chunk)
    for found, said in ((sha256.hexdigest(), file.sha256), (git.hexdigest(), file.git_sha1)):
        if said and found != said:
            half.unlink()
            raise NoResponse("checksum differs", f"{found} is not {said}", may_pass=True)
    return sha256.hexdigest()
