"""What the robots rules of a site allow, asked of each origin once and with patience."""

from dataclasses import dataclass, field

from danlu.data.fetch.crawl_config import CrawlConfig
from danlu.data.fetch.pace import Pace
from danlu.data.fetch.robots import Robots, read_robots
from danlu.data.fetch.urls import origin_of, path_of
from danlu.data.fetch.web import Web


@dataclass(frozen=True)
class SiteRules:
    """The rules of the origins of one site: its host by http and https, with `www.` and without."""

    web: Web
    pace: Pace
    config: CrawlConfig
    _known: dict[str, Robots] = field(default_factory=dict)

    async def of(self, url: str) -> Robots:
        """The rules that an address is under. The pace slows down to the delay that they ask for."""
        origin = origin_of(url)
        if origin not in self._known:
            self._known[origin] = await self._read(origin)
        return self._known[origin]

    async def _read(self, origin: str) -> Robots:
        for tries in range(self.config.max_tries):
            await self.pace.turn()
            found = await read_robots(self.web, origin)
            if not found.may_pass or tries + 1 == self.config.max_tries:
                break
            asked_s = found.wait_s
            if asked_s is not None and asked_s > self.config.max_wait_s:
                break
            self.pace.pause(self.pace.backoff_s(tries, self.config.max_wait_s) if asked_s is None else asked_s)
        self.pace.delay_s = max(self.pace.delay_s, min(found.delay_s, self.config.max_wait_s))
        return found

    def refusal(self, rules: Robots, url: str) -> tuple[str, str] | None:
        """Why an address is not asked for: a reason and what was met; None for one that is."""
        if rules.refusal:
            return rules.refusal
        if rules.delay_s > self.config.max_wait_s:
            return "robots.txt asks to wait", f"{rules.delay_s:g} s"
        if rules.reserved and self.config.obey_reservations:
            return "reserved against training", "robots.txt: ai-train=no"
        return None if rules.allows(url) else ("robots.txt forbids", path_of(url))
