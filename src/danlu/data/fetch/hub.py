"""Data sets of hubs: what is asked for, what a hub lists, and the requests that both hubs share.

Plain HTTP, since a hub's interface is three requests: what the data set is, which files it has, one file. The revision
is pinned to a commit before anything is downloaded, so that a fetch that is continued tomorrow is one data set and
not two.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from danlu.core.errors import DanluError, UserError, WorkFailed
from danlu.data.fetch.download import RemoteFile
from danlu.data.fetch.response import NoResponse, Response
from danlu.data.fetch.web import Web

_NAME = re.compile(
    r"(?P<id>[\w.-]+/[\w.-]+)(?::(?P<config>[\w.-]+))?(?:@(?P<revision>[\w./-]+?))?(?:/(?P<split>[\w.-]+))?"
)
_PAGE_BYTES = 64 * 2**20


@dataclass(frozen=True)
class DataSet:
    """What was asked for: `hf:owner/name[:config][@revision][/split]`."""

    id: str
    config: str | None = None
    revision: str | None = None
    split: str | None = None

    @classmethod
    def of(cls, text: str, scheme: str) -> "DataSet":
        """Read what follows `hf:` or `ms:`; raises UserError that shows the form."""
        match = _NAME.fullmatch(text)
        if match is None:
            raise UserError(
                "{source} does not name a data set",
                "The form is {scheme}:owner/name, with :configuration, @revision and /split behind it where needed.",
                source=f"{scheme}:{text}",
                scheme=scheme,
            )
        return cls(**match.groupdict())


@dataclass(frozen=True)
class Listing:
    """A data set as its hub has it at one commit."""

    revision: str
    licence: str
    files: tuple[RemoteFile, ...]
    left_out: Mapping[str, str]
    """Files that are no data, or were not asked for: path and reason."""


@dataclass(frozen=True)
class Hub:
    """Asks one hub about one data set. `variable` begins the names of its environment variables."""

    web: Web
    endpoint: str
    id: str
    headers: dict[str, str]
    variable: str

    async def json(self, path: str) -> Any:
        """An answer, read as JSON; raises UserError or WorkFailed with what to do about it."""
        return self._read(await self._get(self.endpoint + path))

    async def pages(self, path: str) -> list[dict[str, Any]]:
        """A list that comes in pages, the next one named by the Link header."""
        url: str | None = self.endpoint + path
        found: list[dict[str, Any]] = []
        while url:
            response = await self._get(url)
            found += self._read(response)
            link = re.search(r'<([^>]+)>\s*;\s*rel="?next', response.header("link"))
            url = link.group(1) if link else None
        return found

    def _read(self, response: Response) -> Any:
        try:
            return json.loads(response.body)
        except ValueError:
            raise WorkFailed(
                "{endpoint} does not answer as a hub does: {start}", "Check {variable}_ENDPOINT and the proxy.",
                endpoint=self.endpoint, start=response.body[:80].decode("utf-8", "replace"), variable=self.variable,
            ) from None  # fmt: skip

    async def _get(self, url: str) -> Response:
        try:
            response = await self.web.follow(url, _PAGE_BYTES, self.headers)
        except NoResponse as problem:
            raise WorkFailed(
                "{endpoint} cannot be reached: {problem}",
                "Without the internet: set {variable}_ENDPOINT to a mirror in your network (with --allow-private), or copy"
                " the files by hand and name their folder: danlu clean FOLDER --out corpus.",
                endpoint=self.endpoint, problem=problem.phrase(), variable=self.variable,
            ) from None  # fmt: skip
        if response.status != 200:
            raise self._refused(response.status)
        return response

    def _refused(self, status: int) -> DanluError:
        if status in (401, 403):
            return UserError(
                "{id} is private, gated, or not there: status {status}",
                "Accept its terms on its page, then set {variable}_TOKEN to your access token.",
                id=self.id, status=status,
                variable="MODELSCOPE_API" if self.variable == "MODELSCOPE" else self.variable,
            )  # fmt: skip
        if status == 404:
            return UserError(
                "{endpoint} has no data set {id}, or not that revision", "Check the name on its page.",
                endpoint=self.endpoint, id=self.id,
            )  # fmt: skip
        return WorkFailed(
            "{endpoint} answered with status {status}", "Try again later.", endpoint=self.endpoint, status=status
        )
