"""What a server answered, and why it did not: the two ends of every request (RFC 9110)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urljoin

from danlu.core.errors import Phrase

Headers = tuple[tuple[str, str], ...]

STATUS = "HTTP status"
BUSY, BROKEN = "server busy", "server error"
_BUSY = (425, 429, 503)
_PASSING = (408, *_BUSY)
_REDIRECTS = (301, 302, 303, 307, 308)


class NoResponse(Exception):
    """A request without a usable response: a reason in a few words, what was met, and whether later may be better."""

    def __init__(
        self, reason: str, value: object, may_pass: bool, wait_s: float | None = None, status: int | None = None
    ) -> None:
        super().__init__(f"{reason}: {value}")
        self.reason, self.value, self.may_pass = reason, str(value)[:300], may_pass
        self.wait_s, self.status = wait_s, status

    def phrase(self) -> Phrase:
        """It as a part of a message."""
        return Phrase("{reason}: {value}", reason=Phrase(self.reason), value=self.value)

    @classmethod
    def of_status(cls, status: int, retry_after: str = "") -> "NoResponse":
        """What a status that is no success means."""
        if status in _PASSING or status >= 500:
            reason = BUSY if status in _BUSY else BROKEN
            return cls(reason, status_line(status), True, seconds_asked(retry_after), status)
        return cls(STATUS, status_line(status), may_pass=False, status=status)


@dataclass(frozen=True)
class Response:
    """What a server said. `body` is unpacked."""

    url: str
    status: int
    headers: Headers
    body: bytes
    fetched_at: datetime
    took_s: float

    def header(self, name: str) -> str:
        """The first header of that name, or nothing."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    def all(self, name: str) -> list[str]:
        """Every header of that name."""
        return [value for key, value in self.headers if key.lower() == name]

    @property
    def location(self) -> str | None:
        """Where a redirect leads, as a full URL."""
        found = self.header("location") if self.status in _REDIRECTS else ""
        return urljoin(self.url, found) if found else None

    @property
    def media_type(self) -> str:
        """The content type without its parameters."""
        return self.header("content-type").partition(";")[0].strip().lower()

    def trouble(self) -> NoResponse:
        """A status that is no success, as what it means."""
        return NoResponse.of_status(self.status, self.header("retry-after"))


def status_line(status: int) -> str:
    """A status with the words that the standard has for it: 404 Not Found."""
    known = status in HTTPStatus._value2member_map_
    return f"{status} {HTTPStatus(status).phrase}" if known else str(status)


def seconds_asked(retry_after: str) -> float | None:
    """How long a server asks to wait: seconds, or a date (RFC 9110 section 10.2.3)."""
    asked = retry_after.strip()
    if asked.isdecimal():
        return float(asked)
    try:
        return max(0.0, (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
