"""Crawl a site politely: one request at a time, what its robots rules allow, never beyond its host and folder.

Pages are visited by depth, from the ledger: a kill costs the page in flight. Every bound on a site that never ends
(pages, bytes, depth, variants of one path, addresses that grow) ends with its reason in the ledger.
"""

from dataclasses import dataclass
from sqlite3 import Row

from danlu.core.progress import Progress
from danlu.data.fetch import bounds
from danlu.data.fetch.crawl_config import CrawlConfig
from danlu.data.fetch.frontier import Frontier
from danlu.data.fetch.ledger import FAILED, FETCHED, KEPT_AS_IT_WAS, SKIPPED, WAITING, FetchLedger
from danlu.data.fetch.outcomes import Outcomes, conditions
from danlu.data.fetch.pace import Pace
from danlu.data.fetch.response import BROKEN, BUSY, NoResponse, Response
from danlu.data.fetch.robots import NO_RULES, Robots
from danlu.data.fetch.site_rules import SiteRules
from danlu.data.fetch.sitemaps import Sitemaps
from danlu.data.fetch.urls import canonical, origin_of
from danlu.data.fetch.web import PRIVATE, Web

_GIVEN_UP = "host given up"
_PASSING = (BUSY, BROKEN, "timed out", "no connection", "connection broke", NO_RULES, _GIVEN_UP)


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
    _failing: int = 0
    _given_up: bool = False

    async def run(self, refresh: bool) -> None:
        """Visit everything that waits; in the end nothing does."""
        self._rules = SiteRules(self.web, self.pace, self.config)
        refusal = (await self._rules.of(self.seed)).refusal
        self.ledger.note(self.label, refused=refusal)
        self._given_up = refusal is not None
        self._reopen(refresh and refusal is None)
        self._frontier = Frontier(self.ledger, self.label, self.seed, self.config)
        self._outcomes = Outcomes(self.ledger, self.label, self.config, self._frontier, self.licence)
        self._frontier.note([self.seed], 0, None)
        if refusal is None:
            await self._read_sitemaps()
        while row := self.ledger.next(self.label):
            bound = bounds.reached(self.config, self._outcomes.fetched, self._outcomes.bytes)
            if bound:
                self.ledger.settle_all(self.label, SKIPPED, *bound)
                break
            await self._visit(row)
        self._outcomes.pack()
        self.ledger.finish(self.label, bool(self._outcomes.fetched) and not self._given_up)

    def _reopen(self, refresh: bool) -> None:
        self.ledger.reopen(self.label, FAILED, () if refresh else _PASSING)
        self.ledger.reopen(self.label, SKIPPED, (PRIVATE,))
        if refresh:
            self.ledger.reopen(self.label, FETCHED)
        bounds.reopen(self.ledger, self.label, self.config)

    async def _read_sitemaps(self) -> None:
        rules = await self._rules.of(self.seed)
        named = [url for url in (canonical(found, self.seed) for found in rules.rules.sitemaps) if url]
        sitemaps = Sitemaps(self.web, self.pace)
        places = named or [f"{origin_of(self.seed)}/sitemap.xml"]
        pages = await sitemaps.pages(places, self._frontier.scope.host, self.config.max_pages * 2)
        self._frontier.note(pages, 1, "sitemap")
        self.ledger.note(self.label, sitemap_pages=len(pages), sitemap_problems=sitemaps.problems if named else {})

    async def _visit(self, row: Row) -> None:
        url = row["item"]
        rules = await self._rules.of(url)
        refusal = self._rules.refusal(rules, url)
        if refusal:
            self._refused(row, rules, *refusal)
            return
        await self.pace.turn()
        try:
            response = await self.web.get(url, self.config.max_page_bytes, conditions(row), self.config.content_types)
            self.pace.took(response.took_s)
            self._answered(row, response)
        except NoResponse as problem:
            self._trouble(row, problem)
        self.progress.advance(self._outcomes.fetched, min(self._frontier.known, self.config.max_pages), url)

    def _refused(self, row: Row, rules: Robots, reason: str, value: str) -> None:
        """Leave a page out; rules that cannot be had are no wish of the site, and cost nothing that is kept already."""
        if rules.refusal and row["file"]:
            self._outcomes.settle(row, FETCHED, KEPT_AS_IT_WAS, f"{reason}: {value}")
            return
        has_failed = rules.refusal is not None and rules.may_pass
        self._given_up = self._given_up or has_failed
        self._outcomes.settle(row, FAILED if has_failed else SKIPPED, reason, value, file=None)

    def _answered(self, row: Row, response: Response) -> None:
        """Settle what a server said; raises NoResponse for a status that is no success."""
        if response.location is not None:
            self._outcomes.redirected(row, response)
        elif response.status == 304 and row["file"]:
            self._outcomes.unchanged(row, response)
        elif response.status == 200:
            self._outcomes.take(row, response)
        else:
            raise response.trouble()
        self._failing = 0

    def _trouble(self, row: Row, problem: NoResponse) -> None:
        """Let a page wait for another try; give it up after the last, and the host when it never answers."""
        if not problem.may_pass:
            self._failing = 0
            state = SKIPPED if problem.status is None else FAILED
            self._outcomes.settle(row, state, problem.reason, problem.value, status=problem.status, file=None)
            return
        self._failing += 1
        tries, wait_s = row["tries"] + 1, problem.wait_s
        seen = {"tries": tries, "status": problem.status}
        if wait_s is not None and wait_s > self.config.max_wait_s:
            self._give_up(f"{problem.value}: asked to wait {wait_s:.0f} s")
        elif self._failing >= self.config.max_failures:
            self._give_up(f"{self._failing} failures in a row: {problem.reason}, {problem.value}")
        elif tries < self.config.max_tries:
            self.ledger.settle(self.label, row["item"], WAITING, problem.reason, problem.value, **seen)
            self.pace.pause(self.pace.backoff_s(tries - 1, self.config.max_wait_s) if wait_s is None else wait_s)
        elif row["file"]:
            self._outcomes.settle(row, FETCHED, KEPT_AS_IT_WAS, f"{problem.reason}: {problem.value}")
        else:
            self._outcomes.settle(row, FAILED, problem.reason, problem.value, **seen)

    def _give_up(self, value: str) -> None:
        self._given_up = True
        self.ledger.settle_all(self.label, FAILED, _GIVEN_UP, value)
