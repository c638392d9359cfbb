"""How far a crawl goes and how it behaves: the bounds on a site that never ends, and politeness."""

from pydantic import Field

from danlu.core.stages import Config
from danlu.data.fetch.page import HTML

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
