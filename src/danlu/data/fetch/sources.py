"""What `danlu fetch` can be asked for: one line of text, read into a source with a folder name of its own."""

import difflib
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from danlu.core.errors import UserError
from danlu.core.hashing import hash_facts

SCHEMES = ("https", "http", "url", "sql", "hf", "ms", "c4", "pile", "cc")
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")


@dataclass(frozen=True)
class Source:
    """One source: `scheme` says how, `rest` is what follows it (for a site the whole URL)."""

    scheme: str
    rest: str

    @classmethod
    def of(cls, text: str) -> "Source":
        """Read `https://...`, `sql:...`, `hf:...` and so on; raises UserError with the nearest scheme."""
        scheme, colon, rest = text.partition(":")
        scheme = scheme.lower()
        if not colon or scheme not in SCHEMES or not rest:
            near = difflib.get_close_matches(scheme, SCHEMES, n=1, cutoff=0.4) if colon else []
            raise UserError(
                "{text} is no source that danlu can fetch",
                "Sources begin with {schemes}. Files that you have already need no fetch: danlu clean FOLDER. Did you mean {near}?"
                if near
                else "Sources begin with {schemes}. Files that you have already need no fetch: danlu clean FOLDER.",
                text=text,
                schemes=", ".join(f"{one}:" for one in SCHEMES),
                near=f"{near[0]}:" if near else "",
            )
        return cls(scheme, text if scheme in ("http", "https") else rest)

    def label(self, name: str = "") -> str:
        """The folder of the source: readable, and safe as a name; `name` stands for it where it is given (a table)."""
        readable = name or self._readable()
        label = _NOT_IN_NAMES.sub("-", unquote(readable)).strip("-.") or self.scheme
        return label if len(label) <= 80 else f"{label[:70]}-{hash_facts(readable)[:8]}"

    def _readable(self) -> str:
        if self.scheme in ("http", "https", "url"):
            parts = urlsplit(self.rest)
            path = parts.path if self.scheme != "url" else f"/{PurePosixPath(parts.path).name}"
            return f"{parts.netloc.rpartition('@')[2]}{path}"
        return f"{self.scheme}-{self.rest}" if self.scheme in ("c4", "pile") else self.rest.replace("/", "--")
