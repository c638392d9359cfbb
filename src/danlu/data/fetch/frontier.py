"""The frontier of a crawl: which addresses of a site are noted to be visited, and which never will be, and why.

The term is that of Mercator (Heydon and Najork 1999). It lies in the ledger: memory does not grow with the site.
"""

from collections import Counter
from collections.abc import Sequence
from sqlite3 import Row

from danlu.data.fetch.bounds import DEPTH, VARIANTS
from danlu.data.fetch.crawl_config import CrawlConfig
from danlu.data.fetch.ledger import FETCHED, SKIPPED, WAITING, FetchLedger
from danlu.data.fetch.urls import ANOTHER_HOST, OUTSIDE, Scope, path_of
from danlu.data.fetch.web import MAX_HOPS

REDIRECTS = "redirects"
_MOST_KNOWN = 20
"""Addresses noted for each page that may be kept: a bound on the disk that a site which never ends takes."""


class Frontier:
    """The known addresses of one site."""

    def __init__(self, ledger: FetchLedger, label: str, seed: str, config: CrawlConfig) -> None:
        self._ledger, self._label, self._seed, self._config = ledger, label, seed, config
        self.scope = Scope.of(seed)
        self.known = ledger.count(label)

    def note(self, urls: Sequence[str], depth: int, found_on: str | None) -> None:
        """Note links that belong to the site. Those that lead nowhere good are noted with the reason."""
        rows = []
        variants: Counter[str] = Counter()
        for url in urls:
            refusal = self.scope.refuses(url) if url != self._seed else None
            if refusal and refusal[0] in (ANOTHER_HOST, OUTSIDE):
                continue
            refusal = refusal or self._boundless(url, depth, variants)
            state = {"state": SKIPPED, "reason": refusal[0], "value": refusal[1]} if refusal else {}
            rows.append({"item": url, "depth": depth, "path": path_of(url), "found_on": found_on, **state})
        most = self._config.max_pages * _MOST_KNOWN
        if most - self.known < len(rows):
            self._ledger.note(self._label, addresses_not_noted_beyond=most)
        self.known += self._ledger.add_all(self._label, rows[: max(most - self.known, 0)])

    def _boundless(self, url: str, depth: int, variants: Counter[str]) -> tuple[str, str] | None:
        """Why a link is one too many; `variants` counts those that its page brings."""
        path = path_of(url)
        if depth > self._config.max_depth:
            return DEPTH, str(depth)
        if "?" in url and self._ledger.find(self._label, url) is None:
            variants[path] += 1
            if self._ledger.count(self._label, path=path) + variants[path] > self._config.max_variants:
                return VARIANTS, path
        return None

    def note_instead(self, url: str, row: Row, hops: int = 0) -> None:
        """Note the address that a page names in its own place, at the same depth."""
        facts = {"depth": row["depth"], "hops": hops, "path": path_of(url), "found_on": row["item"]}
        self.known += self._ledger.add(self._label, url, **facts)

    def leads_back(self, url: str, target: str) -> bool:
        """Whether the redirects that are known lead from `target` back to `url`."""
        for _ in range(MAX_HOPS + 1):
            if target == url:
                return True
            row = self._ledger.find(self._label, target)
            if row is None or row["reason"] != REDIRECTS:
                return False
            target = row["value"]
        return False

    def may_stand_for(self, url: str, row: Row) -> bool:
        """Whether the canonical address of a page is kept, or may still be; one that failed or points elsewhere is not trusted."""
        if self.scope.refuses(url):
            return False
        found = self._ledger.find(self._label, url)
        if found is None:
            self.note_instead(url, row)
            return True
        return found["state"] in (WAITING, FETCHED)
