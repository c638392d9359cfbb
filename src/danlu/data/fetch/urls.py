"""URLs: one spelling for each page, what belongs to a site, and which addresses never end.

Normal form after RFC 3986 section 6.2.2: lower-case scheme and host, no default port, dot segments resolved, percent
escapes in upper case and only where they are needed, no fragment. Beyond the RFC: parameters that name a visit or a
campaign and not a page are dropped, and parameters are sorted.
"""

import re
from collections import Counter
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

MAX_URL_CHARACTERS = 2000
ANOTHER_HOST, OUTSIDE = "another host", "outside the folder"
_PORTS = {"http": 80, "https": 443}
_VISIT = re.compile(
    r"utm_\w+|fbclid|gclid|dclid|msclkid|yclid|mc_[ce]id|spm|scm|_ga|jsessionid|phpsessid|aspsessionid\w*|cfid|cftoken"
    r"|sid|sessionid|session_id|share_token|vd_source",
    re.IGNORECASE,
)
_SESSION_IN_PATH = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/;?]*", re.IGNORECASE)
_MOST_REPEATS = 3
"""Times that one segment may stand in a path: /a/b/a/b/a/b/a is a link that is relative to itself."""


def canonical(url: str, base: str | None = None) -> str | None:
    """The one spelling of a URL, resolved against the page that names it; None for what is no page of the web."""
    try:
        parts = urlsplit(urljoin(base, url.strip()) if base else url.strip())
        host, port = (parts.hostname or "").encode("idna").decode("ascii"), parts.port
    except (ValueError, UnicodeError):
        return None
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not host:
        return None
    netloc = f"[{host}]" if ":" in host else host
    if port is not None and port != _PORTS[scheme]:
        netloc += f":{port}"
    return urlunsplit((scheme, netloc, _path(parts.path), _query(parts.query), ""))


def _path(path: str) -> str:
    path = _SESSION_IN_PATH.sub("", path) or "/"
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        if segment == "..":
            kept[-1:] = []
        elif segment != ".":
            kept.append(segment)
    if path.endswith(("/.", "/..")):
        kept.append("")
    return "/" + "/".join(_escaped(segment, "!$&'()*+,;=:@") for segment in kept)


def _escaped(text: str, safe: str) -> str:
    """Percent escapes in their normal form; `%2F` stays what it is, since it is no slash."""
    pieces = re.split(r"(%2[Ff]|%25)", text)
    return "".join(
        piece.upper() if number % 2 else quote(unquote(piece, errors="surrogateescape"), safe, errors="surrogateescape")
        for number, piece in enumerate(pieces)
    )


def _query(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
    kept = sorted(pair for pair in pairs if not _VISIT.fullmatch(pair[0]))
    if len(kept) == len(pairs) == 1 and "=" not in query:
        return quote(kept[0][0])  # "?page" is no "?page="
    return urlencode(kept, errors="surrogateescape")


def path_of(url: str) -> str:
    """A URL without its query: what many variants of one page share."""
    return url.partition("?")[0]


def host_of(url: str) -> str:
    """Host and port, `www.` left out: a site and its `www.` twin are one."""
    return urlsplit(url).netloc.removeprefix("www.")


def origin_of(url: str) -> str:
    """Scheme, host and port: what one robots.txt speaks for."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@dataclass(frozen=True)
class Scope:
    """What belongs to a crawl: one host, with or without `www.`, and the folder of the URL that it began with."""

    host: str
    prefix: str

    @classmethod
    def of(cls, seed: str) -> "Scope":
        """The scope of a seed: of `/docs/` or `/docs/index.html` all of `/docs/`; of `/docs` that page and `/docs/`."""
        path = urlsplit(seed).path
        folder, _, name = path.rpartition("/")
        return cls(host_of(seed), f"{folder}/" if not name or "." in name else path)

    def refuses(self, url: str) -> tuple[str, str] | None:
        """Why a URL does not belong: a reason and what was met; None for one that does."""
        path = urlsplit(url).path
        if host_of(url) != self.host:
            return ANOTHER_HOST, host_of(url)
        if not path.startswith(self.prefix) and path != self.prefix.rstrip("/"):
            return OUTSIDE, path
        if not self.prefix.endswith("/") and path[len(self.prefix) :][:1] not in ("", "/"):
            return OUTSIDE, path
        return endless(url)


def endless(url: str) -> tuple[str, str] | None:
    """Signs of an address that grows without end."""
    if len(url) > MAX_URL_CHARACTERS:
        return "URL too long", f"{len(url)} characters"
    segments = Counter(segment for segment in urlsplit(url).path.split("/") if segment)
    segment, repeats = next(iter(segments.most_common(1)), ("", 0))
    return ("path repeats itself", f"{segment} {repeats} times") if repeats > _MOST_REPEATS else None
