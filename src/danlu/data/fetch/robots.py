"""What a site asks of robots: robots.txt (RFC 9309), X-Robots-Tag and the robots meta tag, and reservations against
training: `noai`, the TDM Reservation Protocol (W3C community report, 2024), Content-Signal lines (`ai-train=no`).

robots.txt that is missing (4xx) allows all; one that cannot be had (5xx, no connection) forbids all; redirects are
followed at most five times, and more count as missing; what lies beyond 500 KiB is not read.
"""

import re
from dataclasses import dataclass

from protego import Protego

from danlu.data.fetch.response import NoResponse
from danlu.data.fetch.web import PRIVATE, Web

ROBOT = "danlu"
"""The product token that a group of rules in robots.txt can name."""
NO_RULES = "robots.txt cannot be had"
_READ_BYTES = 500 * 1024
_FIELD = re.compile(r"^[ \t]*([a-z-]+)[ \t]*:[ \t]*([^#\r\n]*)", re.IGNORECASE | re.MULTILINE)
_OURS = re.compile(r"^\s*([a-z][\w-]*)\s*:\s*(.*)$", re.IGNORECASE | re.DOTALL)
_VALUED = ("max-snippet", "max-image-preview", "max-video-preview", "unavailable_after")


@dataclass(frozen=True)
class Robots:
    """The rules of one origin. `refusal` is set where all is forbidden."""

    rules: Protego
    refusal: tuple[str, str] | None = None
    may_pass: bool = False
    wait_s: float | None = None
    """How long the server asks to wait where it is busy."""
    reserved: bool = False
    """Whether the site says that its content is not for training."""

    def allows(self, url: str) -> bool:
        """Whether a URL may be fetched."""
        return self.refusal is None and bool(self.rules.can_fetch(url, ROBOT))

    @property
    def delay_s(self) -> float:
        """Seconds between requests that the site asks for: Crawl-delay or Request-rate."""
        rate = self.rules.request_rate(ROBOT)
        asked = [self.rules.crawl_delay(ROBOT) or 0.0, rate.seconds / max(rate.requests, 1) if rate else 0.0]
        return float(max(asked))


async def read_robots(web: Web, origin: str) -> Robots:
    """The rules of an origin, such as https://example.org."""
    nothing = Protego.parse("")
    try:
        response = await web.follow(f"{origin}/robots.txt", _READ_BYTES, cut=True)
        if response.status == 200:
            text = response.body.decode("utf-8", "replace")
            return Robots(Protego.parse(text), reserved=forbids_training(text))
        if response.status == 429 or response.status >= 500:
            raise response.trouble()
    except NoResponse as problem:
        if problem.reason == PRIVATE:
            return Robots(nothing, (problem.reason, problem.value))
        if problem.reason != "too many redirects":
            refusal = NO_RULES, f"{problem.reason}: {problem.value}"
            return Robots(nothing, refusal, problem.may_pass, problem.wait_s)
    return Robots(nothing)


def forbids_training(text: str) -> bool:
    """Whether a Content-Signal of our group, or of the group for all, says `ai-train=no`."""
    agents: list[str] = []
    said: dict[str, str] = {}
    was_agent = False
    for match in _FIELD.finditer(text):
        field, value = match.group(1).lower(), match.group(2).strip().lower()
        if field == "user-agent":
            agents = [*agents, value] if was_agent else [value]
        elif field == "content-signal":
            said |= dict.fromkeys(agents or ["*"], value)
        was_agent = field == "user-agent"
    return re.search(r"ai-train\s*=\s*no", said.get(ROBOT) or said.get("*", "")) is not None


@dataclass(frozen=True)
class Directives:
    """What a page says of itself."""

    may_keep: bool = True
    may_follow: bool = True
    reserved: bool = False


def directives(headers: list[str], metas: list[str], reservations: list[str]) -> Directives:
    """Read X-Robots-Tag headers, the contents of robots meta tags, and the values of `tdm-reservation`."""
    words = {
        word.strip().lower() for text in [*filter(None, map(_for_us, headers)), *metas] for word in text.split(",")
    }
    return Directives(
        may_keep=not words & {"noindex", "none"},
        may_follow=not words & {"nofollow", "none"},
        reserved=bool(words & {"noai", "notrain"}) or "1" in reservations,
    )


def _for_us(header: str) -> str:
    """An X-Robots-Tag without the robot that it names; nothing when it names another one."""
    match = _OURS.match(header)
    if match is None or match.group(1).lower() in _VALUED:
        return header
    return match.group(2) if match.group(1).lower() == ROBOT else ""
