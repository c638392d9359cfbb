"""The bounds on a crawl as a whole: pages, bytes, depth, variants; and what waits again when one of them was raised."""

from typing import Any

from danlu.data.fetch.crawl_config import CrawlConfig
from danlu.data.fetch.ledger import FETCHED, SKIPPED, WAITING, FetchLedger

PAGES, BYTES, DEPTH, VARIANTS = "page limit", "size limit", "too deep", "too many variants"
_LEFT_OUT = """
label = :label AND state = :skipped AND (reason IN (:pages, :bytes) OR (reason = :depth AND depth <= :max_depth) OR id IN (
  SELECT id FROM (
    SELECT id, reason, row_number() OVER (PARTITION BY path ORDER BY id) AS number FROM items
    WHERE label = :label AND path IN (SELECT path FROM items WHERE label = :label AND reason = :variants)
  ) WHERE reason = :variants AND number <= :max_variants
))
"""
"""What a bound left out that the bounds of now would not; the first `max_variants` addresses of a path are within."""


def reached(config: CrawlConfig, fetched: int, size_bytes: int) -> tuple[str, int] | None:
    """The bound that ends a crawl which has so much: its name and its value."""
    if fetched >= config.max_pages:
        return PAGES, config.max_pages
    return (BYTES, config.max_bytes) if size_bytes >= config.max_bytes else None


def has_more_room(ledger: FetchLedger, label: str, config: CrawlConfig) -> bool:
    """Whether a bound that left something out was raised since."""
    query = f"SELECT EXISTS (SELECT 1 FROM items WHERE {_LEFT_OUT})"
    found = ledger.database.execute(query, _values(label, config)).fetchone()
    return bool(found[0]) and _has_room(ledger, label, config)


def reopen(ledger: FetchLedger, label: str, config: CrawlConfig) -> None:
    """Let wait again what a lower bound left out, where there is room now."""
    if _has_room(ledger, label, config):
        with ledger.database as database:
            query = f"UPDATE items SET state = :waiting, tries = 0 WHERE {_LEFT_OUT}"
            database.execute(query, _values(label, config) | {"waiting": WAITING})


def _has_room(ledger: FetchLedger, label: str, config: CrawlConfig) -> bool:
    return reached(config, ledger.count(label, FETCHED), ledger.fetched_bytes(label)) is None


def _values(label: str, config: CrawlConfig) -> dict[str, Any]:
    return {
        "label": label, "skipped": SKIPPED, "pages": PAGES, "bytes": BYTES, "depth": DEPTH, "variants": VARIANTS,
        "max_depth": config.max_depth, "max_variants": config.max_variants,
    }  # fmt: skip
