"""Personal data and secrets stay out of what is made: a model learns an answer by heart, and a passage may go to somebody's server.

A document is scanned as a whole, since what a value is may stand far before it; only pairs of documents that hold something are
looked at one by one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from danlu.data.synthesize.pairs import Pair
from danlu.text.pii.finding import Finding
from danlu.text.pii.scan import VERSION as SCAN
from danlu.text.pii.scan import scan
from danlu.text.records import Document, Reject

RULES = (("personal data", SCAN),)
RULE = "holds personal data"
_AT_ONCE = 64
"""Documents scanned in one call."""


class Scanned(NamedTuple):
    """A document and what personal data stands in it; before its text, in its title, places are negative."""

    document: Document
    found: Sequence[Finding]

    def kinds_of(self, pair: Pair) -> dict[str, int]:
        """How much of each type a pair would hold."""
        return self._counted(pair.start, pair.end, pair.question)

    def kinds_between(self, start: int, end: int) -> dict[str, int]:
        """How much of each type a passage, and the title that goes with it, holds."""
        return self._counted(start, end, self.document.title)

    def _counted(self, start: int, end: int, said: str) -> dict[str, int]:
        own = self.document.title + "\n" + self.document.text
        shift = len(self.document.title) + 1
        held = (
            one.kind
            for one in self.found
            if (one.start < end and one.end > start) or own[one.start + shift : one.end + shift] in said
        )
        return dict(Counter(held))


def scanned(documents: Iterable[Document], looks: bool) -> Iterator[Scanned]:
    """Documents with what is found in them; with nothing when nobody `looks`."""
    given = iter(documents)
    while batch := list(islice(given, _AT_ONCE)):
        found = scan([f"{document.title}\n{document.text}" for document in batch]) if looks else [[] for _ in batch]
        for document, findings in zip(batch, found, strict=True):
            shift = len(document.title) + 1
            moved = [Finding(one.start - shift, one.end - shift, one.kind) for one in findings]
            yield Scanned(document, moved)


def held(id: str, source: str, kinds: dict[str, int]) -> Reject | None:
    """The reject of something that holds personal data."""
    if not kinds:
        return None
    return Reject(id, source, RULE, ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())), "0")
