"""What becomes of an address that a server answered: kept in the archive, left out with a reason, or led elsewhere."""

import hashlib
from sqlite3 import Row
from typing import Any

from danlu.data.fetch.archive import Archive
from danlu.data.fetch.crawl_config import CrawlConfig
from danlu.data.fetch.frontier import REDIRECTS, Frontier
from danlu.data.fetch.ledger import FAILED, FETCHED, SKIPPED, FetchLedger
from danlu.data.fetch.page import Page, read_page
from danlu.data.fetch.response import Response
from danlu.data.fetch.urls import canonical
from danlu.data.fetch.web import MAX_HOPS

ELSEWHERE = "canonical elsewhere"


class Outcomes:
    """Settles the addresses of one site, and counts what is kept."""

    def __init__(
        self, ledger: FetchLedger, label: str, config: CrawlConfig, frontier: Frontier, licence: str | None
    ) -> None:
        self._ledger, self._label, self._config, self._frontier = ledger, label, config, frontier
        self._licence = licence
        self._archive = Archive(ledger, label)
        self.fetched, self.bytes = ledger.count(label, FETCHED), ledger.fetched_bytes(label)

    def settle(self, row: Row, state: str, reason: str | None = None, value: Any = None, **facts: Any) -> None:
        """Note what became of an address; `file=None` lets go of what the archive holds of it."""
        if "file" in facts and facts["file"] is None:
            facts |= dict.fromkeys(("start", "length", "sha256", "etag", "modified"))
        self._ledger.settle(self._label, row["item"], state, reason, value, **facts)
        self.fetched += state == FETCHED
        if state != FETCHED:  # pages that named this one as their canonical address must stand for themselves
            self._ledger.reopen(self._label, SKIPPED, (ELSEWHERE,), row["item"])

    def redirected(self, row: Row, response: Response) -> None:
        """Let the target of a redirect wait in the place of the address, where it belongs to the site."""
        target = canonical(response.location or "")
        if target is None:
            problem: tuple[str, Any] | None = ("not a URL", response.location)
        elif self._frontier.leads_back(row["item"], target):
            problem = "redirect loop", target
        elif self._frontier.scope.refuses(target):
            problem = "redirects away", target
        else:
            problem = ("too many redirects", target) if row["hops"] >= MAX_HOPS else None
        if problem or target is None:
            self.settle(row, FAILED, *(problem or ()), status=response.status, file=None)
            return
        self._frontier.note_instead(target, row, row["hops"] + 1)
        self.settle(row, SKIPPED, REDIRECTS, target, status=response.status, file=None)

    def unchanged(self, row: Row, response: Response) -> None:
        """The server says that what the archive holds is still so."""
        self.settle(row, FETCHED, status=304, fetched_at=_time(response))

    def take(self, row: Row, response: Response) -> None:
        """Keep a page unless it asks not to be kept, or is kept already under another address."""
        page = read_page(response)
        if page.directives.may_follow:
            self._frontier.note(page.links, row["depth"] + 1, row["item"])
        sha256 = hashlib.sha256(response.body).hexdigest()
        reason = self._unwanted(row, response, page, sha256)
        if reason:
            self.settle(row, SKIPPED, *reason, status=200, file=None)
            return
        facts: dict[str, Any] = {"status": 200, "licence": page.licence or self._licence, "fetched_at": _time(response)}
        facts |= {"etag": response.header("etag") or None, "modified": response.header("last-modified") or None}
        if not (row["file"] and row["sha256"] == sha256):
            place = self._archive.add(response)
            facts |= place | {"sha256": sha256, "size_bytes": len(response.body)}
            self.bytes += place["length"]
        self.settle(row, FETCHED, **facts)

    def _unwanted(self, row: Row, response: Response, page: Page, sha256: str) -> tuple[str, str] | None:
        if page.directives.reserved and self._config.obey_reservations:
            return "reserved against training", "by the page"
        if not page.directives.may_keep:
            return "noindex", "by the page"
        if not response.body.strip():
            return "no text", "0 bytes"
        if page.canonical and page.canonical != row["item"] and self._frontier.may_stand_for(page.canonical, row):
            return ELSEWHERE, page.canonical
        twin = self._ledger.with_content(self._label, sha256)
        return ("same content", twin["item"]) if twin and twin["item"] != row["item"] else None

    def pack(self) -> None:
        """Let go on disk of records that no longer count."""
        self._archive.pack()


def conditions(row: Row) -> dict[str, str]:
    """Headers that ask only for what changed since the page was fetched (RFC 9110 section 13)."""
    stamps = {"If-None-Match": row["etag"], "If-Modified-Since": row["modified"]} if row["file"] else {}
    return {name: value for name, value in stamps.items() if value}


def _time(response: Response) -> str:
    return response.fetched_at.isoformat(timespec="seconds")
