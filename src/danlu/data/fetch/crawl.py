"""Crawl a site politely: one request at a time, what its robots rules allow, never beyond its host and folder.

Pages are visited by depth, from the ledger: a kill costs the page in flight. Every bound on a site that never ends
(pages, bytes, depth, variants of one path, addresses that grow) ends with its reason in the ledger.
Rules: RFC 9309 for robots.txt; see robots.py for the wishes of pages.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from sqlite3 import Row
from typing import Any

from pydantic import Field

from danlu.core.progress import Progress
from danlu.core.stages import Config
from danlu.data.fetch.archive import Archive
from danlu.data.fetch.ledger import FAILED, FETCHED, KEPT_AS_IT_WAS, SKIPPED, WAITING, FetchLedger
from danlu.data.fetch.pace import Pace
from danlu.data.fetch.page import HTML, Page, read_page
from danlu.data.fetch.robots import Robots, read_robots
from danlu.data.fetch.sitemaps import Sitemaps
from danlu.data.fetch.urls import Scope, canonical, origin_of, path_of
from danlu.data.fetch.web import MAX_HOPS, PRIVATE, NoResponse, Response, Web

_OFFICE = "application/vnd.openxmlformats-officedocument"


class CrawlConfig(Config):
    """How far a crawl goes and how it behaves."""

    max_pages: int = Field(10_000, ge=1)
    """Pages kept of one site: at one a second about three hours."""
    max_depth: int = Field(20, ge=0)
    """Links between the first page and the last: a calendar's "next month" ends here."""
    max_bytes: int = Field(2 * 2**30, ge=1)
    """Bytes on disk of one site, packed."""
    max_page_bytes: int = Field(32 * 2**20, ge=1)
    """Bytes of one response, unpacked: a long PDF fits, a video does not."""
    max_variants: int = Field(200, ge=1)
    """Addresses with one path and different parameters: beyond that they are sortings and filters of the same."""
    delay_s: float = Field(1.0, ge=0)
    """Seconds between two requests to one host; a longer wish of robots.txt counts."""
    max_wait_s: float = Field(300, ge=1)
    """Seconds: a host that asks to wait longer, by Crawl-delay or Retry-After, is given up."""
    max_tries: int = Field(4, ge=1)
    """Requests for one page when the host is busy or does not answer."""
    max_failures: int = Field(10, ge=1)
    """Such answers in a row until the host is given up."""
    timeout_s: float = Field(120, gt=0)
    """Seconds for one response."""
    obey_reservations: bool = True
    """Whether pages reserved against training are left out; false only for sites that are your own."""
    contact: str = ""
    """A web or mail address of yours, for the user agent: whoever runs the site can ask you."""
    content_types: tuple[str, ...] = (
        *HTML, "text/plain", "text/markdown", "application/pdf", f"{_OFFICE}.wordprocessingml.document",
        f"{_OFFICE}.presentationml.presentation", f"{_OFFICE}.spreadsheetml.sheet",
    )  # fmt: skip
    """Media types that are fetched."""


_BUSY = (429, 503)
_BROKEN = (408, 500, 502, 504)
ELSEWHERE, REDIRECTS = "canonical elsewhere", "redirects"
_LIMITS = ("page limit", "size limit")
_PASSING = (
    "server busy", "server error", "timed out", "no connection", "connection broke", "robots.txt cannot be had",
    "host given up",
)  # fmt: skip
_MOST_KNOWN = 20
"""Addresses noted for each page that may be kept: memory on disk for a site that never ends."""


@dataclass
class Crawl:
    """The crawl of one site."""

    web: Web
    ledger: FetchLedger
    label: str
    seed: str
    config: CrawlConfig
    pace: Pace
    progress: Progress
    licence: str | None = None
    """Of pages that state none."""
    _robots: dict[str, Robots] = field(default_factory=dict)
    _failing: int = 0
    _given_up: bool = False

    async def run(self, refresh: bool) -> None:
        """Visit everything that waits; in the end nothing does."""
        self._archive = Archive(self.ledger, self.label)
        self._scope = Scope.of(self.seed)
        self._reopen(refresh)
        self._fetched, self._known = self.ledger.count(self.label, FETCHED), self.ledger.count(self.label)
        self._bytes = self.ledger.fetched_bytes(self.label)
        self._note_pages([self.seed], 0, None)
        if (await self._rules(self.seed)).refusal is None:
            await self._read_sitemaps()
        while row := self.ledger.next(self.label):
            limit = self._limit()
            if limit:
                self.ledger.settle_all(self.label, SKIPPED, *limit)
                break
            await self._visit(row)
        self._archive.pack()
        self.ledger.finish(self.label, bool(self._fetched) and not self._given_up)

    def _reopen(self, refresh: bool) -> None:
        self.ledger.reopen(self.label, FAILED, () if refresh else _PASSING)
        self.ledger.reopen(self.label, SKIPPED, (PRIVATE,))
        if refresh:
            self.ledger.reopen(self.label, FETCHED)
        if not self._over(self.ledger.count(self.label, FETCHED), self.ledger.fetched_bytes(self.label)):
            self.ledger.reopen(self.label, SKIPPED, _LIMITS)

    def _over(self, fetched: int, size: int) -> tuple[str, int] | None:
        if fetched >= self.config.max_pages:
            return "page limit", self.config.max_pages
        return ("size limit", self.config.max_bytes) if size >= self.config.max_bytes else None

    def _limit(self) -> tuple[str, int] | None:
        return self._over(self._fetched, self._bytes)

    async def _rules(self, url: str) -> Robots:
        origin = origin_of(url)
        if origin not in self._robots:
            self._robots[origin] = await self._read_rules(origin)
        return self._robots[origin]

    async def _read_rules(self, origin: str) -> Robots:
        for tries in range(self.config.max_tries):
            await self.pace.turn()
            found = await read_robots(self.web, origin)
            if not found.may_pass:
                break
            self.pace.pause(self._backoff_s(tries))
        self.pace.delay_s = max(self.pace.delay_s, min(found.delay_s, self.config.max_wait_s))
        return found

    def _backoff_s(self, tries: int) -> float:
        return min(max(self.config.delay_s, 0.05) * 2.0 ** (tries + 1), 60.0, self.config.max_wait_s)

    async def _read_sitemaps(self) -> None:
        rules = await self._rules(self.seed)
        named = [url for url in (canonical(found, self.seed) for found in rules.rules.sitemaps) if url]
        sitemaps = Sitemaps(self.web)
        places = named or [f"{origin_of(self.seed)}/sitemap.xml"]
        pages = await sitemaps.pages(places, self._scope.host, self.config.max_pages * 2)
        self._note_pages(pages, 1, "sitemap")
        self.ledger.note(self.label, sitemap_pages=len(pages), sitemap_problems=sitemaps.problems if named else {})

    def _note_pages(self, urls: list[str] | tuple[str, ...], depth: int, found_on: str | None) -> None:
        """Note links that belong to the site. Those that lead nowhere good are noted with the reason."""
        rows = []
        variants: Counter[str] = Counter()
        for url in urls:
            refusal = self._scope.refuses(url) if url != self.seed else None
            if refusal and refusal[0] in ("another host", "outside the folder"):
                continue
            refusal = refusal or self._boundless(url, depth, variants)
            state = {"state": SKIPPED, "reason": refusal[0], "value": refusal[1]} if refusal else {}
            rows.append({"item": url, "depth": depth, "path": path_of(url), "found_on": found_on, **state})
        room = self.config.max_pages * _MOST_KNOWN - self._known
        if room < len(rows):
            self.ledger.note(self.label, addresses_not_noted_beyond=self.config.max_pages * _MOST_KNOWN)
        self._known += self.ledger.add_all(self.label, rows[: max(room, 0)])

    def _boundless(self, url: str, depth: int, variants: Counter[str]) -> tuple[str, str] | None:
        """Why a link is one too many; `variants` counts those that its page brings."""
        path = path_of(url)
        if depth > self.config.max_depth:
            return "too deep", str(depth)
        if "?" in url and self.ledger.find(self.label, url) is None:
            variants[path] += 1
            if self.ledger.count(self.label, path=path) + variants[path] > self.config.max_variants:
                return "too many variants", path
        return None

    async def _visit(self, row: Row) -> None:
        url = row["item"]
        rules = await self._rules(url)
        refusal = self._refused(rules, url)
        if refusal:
            state = FAILED if rules.refusal and rules.may_pass else SKIPPED
            self._given_up = self._given_up or state == FAILED
            self.ledger.settle(self.label, url, state, *refusal, file=None)
            return
        await self.pace.turn()
        try:
            response = await self.web.get(url, self.config.max_page_bytes, _conditions(row), self.config.content_types)
        except NoResponse as problem:
            self._no_response(row, problem)
        else:
            self.pace.took(response.took_s)
            self._answered(row, response)
        self.progress.advance(self._fetched, min(self._known, self.config.max_pages), url)

    def _refused(self, rules: Robots, url: str) -> tuple[str, str] | None:
        if rules.refusal:
            return rules.refusal
        if rules.delay_s > self.config.max_wait_s:
            return "robots.txt asks to wait", f"{rules.delay_s:g} s"
        if rules.reserved and self.config.obey_reservations:
            return "reserved against training", "robots.txt: ai-train=no"
        return None if rules.allows(url) else ("robots.txt forbids", path_of(url))

    def _no_response(self, row: Row, problem: NoResponse) -> None:
        if problem.may_pass:
            self._again(row, problem.reason, problem.value, None, None)
        else:
            self._settle(row, SKIPPED, problem.reason, problem.value, file=None)

    def _answered(self, row: Row, response: Response) -> None:
        status = response.status
        if status in _BUSY or status in _BROKEN:
            reason = "server busy" if status in _BUSY else "server error"
            self._again(row, reason, f"status {status}", status, response.retry_after_s)
            return
        self._failing = 0
        if response.location is not None:
            self._redirected(row, response)
        elif status == 304 and row["file"]:
            self._settle(row, FETCHED, status=304, fetched_at=_time(response))
        elif status == 200:
            self._take(row, response)
        else:
            self._settle(row, FAILED, "status", status, status=status, file=None)

    def _again(self, row: Row, reason: str, value: str, status: int | None, asked_s: float | None) -> None:
        """Let a page wait for another try; give it up after the last, and the host when it never answers."""
        self._failing += 1
        if asked_s is not None and asked_s > self.config.max_wait_s:
            self._give_up(f"asked to wait {asked_s:.0f} s")
        elif self._failing >= self.config.max_failures:
            self._give_up(f"{self._failing} failures in a row: {reason}, {value}")
        elif row["tries"] + 1 < self.config.max_tries:
            self.ledger.settle(self.label, row["item"], WAITING, reason, value, tries=row["tries"] + 1, status=status)
            self.pace.pause(self._backoff_s(row["tries"]) if asked_s is None else asked_s)
        elif row["file"]:
            self._settle(row, FETCHED, KEPT_AS_IT_WAS, f"{reason}: {value}")
        else:
            self._settle(row, FAILED, reason, value, tries=row["tries"] + 1, status=status)

    def _give_up(self, value: str) -> None:
        self._given_up = True
        self.ledger.settle_all(self.label, FAILED, "host given up", value)

    def _redirected(self, row: Row, response: Response) -> None:
        target = canonical(response.location or "")
        problem = None if target else ("not a URL", response.location)
        if target and self._leads_back(row["item"], target):
            problem = "redirect loop", target
        elif target and self._scope.refuses(target):
            problem = "redirects away", target
        elif row["hops"] >= MAX_HOPS:
            problem = "too many redirects", target
        if problem:
            self._settle(row, FAILED, *problem, status=response.status, file=None)
            return
        assert target is not None
        known = {"depth": row["depth"], "hops": row["hops"] + 1, "path": path_of(target), "found_on": row["item"]}
        self._known += self.ledger.add(self.label, target, **known)
        self._settle(row, SKIPPED, REDIRECTS, target, status=response.status, file=None)

    def _leads_back(self, url: str, target: str) -> bool:
        """Whether the redirects that are known lead from `target` back to `url`."""
        for _ in range(MAX_HOPS + 1):
            if target == url:
                return True
            row = self.ledger.find(self.label, target)
            if row is None or row["reason"] != REDIRECTS:
                return False
            target = row["value"]
        return False

    def _take(self, row: Row, response: Response) -> None:
        """Keep a page unless it asks not to be kept, or is kept already under another address."""
        page = read_page(response)
        if page.directives.may_follow:
            self._note_pages(page.links, row["depth"] + 1, row["item"])
        sha256 = hashlib.sha256(response.body).hexdigest()
        reason = self._unwanted(row, response, page, sha256)
        if reason:
            self._settle(row, SKIPPED, *reason, status=200, file=None)
            return
        facts: dict[str, Any] = {"status": 200, "licence": page.licence or self.licence, "fetched_at": _time(response)}
        facts |= {"etag": response.header("etag") or None, "modified": response.header("last-modified") or None}
        if not (row["file"] and row["sha256"] == sha256):
            place = self._archive.add(response)
            facts |= place | {"sha256": sha256, "size_bytes": len(response.body)}
            self._bytes += place["length"]
        self._settle(row, FETCHED, **facts)

    def _unwanted(self, row: Row, response: Response, page: Page, sha256: str) -> tuple[str, str] | None:
        if page.directives.reserved and self.config.obey_reservations:
            return "reserved against training", "by the page"
        if not page.directives.may_keep:
            return "noindex", "by the page"
        if not response.body.strip():
            return "no text", "0 bytes"
        if page.canonical and page.canonical != row["item"] and self._stands_for(page.canonical, row):
            return ELSEWHERE, page.canonical
        twin = self.ledger.with_content(self.label, sha256)
        return ("same content", twin["item"]) if twin and twin["item"] != row["item"] else None

    def _stands_for(self, url: str, row: Row) -> bool:
        """Whether the canonical address is kept, or may still be; one that failed or points elsewhere is not trusted."""
        if self._scope.refuses(url):
            return False
        found = self.ledger.find(self.label, url)
        if found is None:
            known = {"depth": row["depth"], "path": path_of(url), "found_on": row["item"]}
            self._known += self.ledger.add(self.label, url, **known)
            return True
        return found["state"] in (WAITING, FETCHED)

    def _settle(self, row: Row, state: str, reason: str | None = None, value: Any = None, **facts: Any) -> None:
        if "file" in facts and facts["file"] is None:
            facts |= dict.fromkeys(("start", "length", "sha256", "etag", "modified"))
        self.ledger.settle(self.label, row["item"], state, reason, value, **facts)
        self._fetched += state == FETCHED
        if state != FETCHED:  # pages that named this one as their canonical address must stand for themselves
            self.ledger.reopen(self.label, SKIPPED, (ELSEWHERE,), row["item"])


def _conditions(row: Row) -> dict[str, str]:
    """Ask only for what changed since the page was fetched (RFC 9110 section 13)."""
    stamps = {"If-None-Match": row["etag"], "If-Modified-Since": row["modified"]} if row["file"] else {}
    return {name: value for name, value in stamps.items() if value}


def _time(response: Response) -> str:
    return response.fetched_at.isoformat(timespec="seconds")
