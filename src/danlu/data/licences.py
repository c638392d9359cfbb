"""Licences by their SPDX identifiers (SPDX licence list), from the addresses and names that pages and documents give for them.

What is stated is a claim: whether it holds, nothing here can tell.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from danlu.core.licence_card import KNOWN_NAMES, NONE_NAMES

_CREATIVE = re.compile(
    r"creativecommons\.org/(?:licenses|publicdomain)/([a-z-]+)(?:/(\d\.\d))?(?:/([a-z]{2})(?![a-z]))?", re.IGNORECASE
)
_PUBLIC = {"zero": "CC0", "mark": "CC-PDM", "publicdomain": "CC-PDDC"}
_ADDRESSES = (
    (re.compile(r"opendatacommons\.org/licenses/by", re.IGNORECASE), "ODC-By-1.0"),
    (re.compile(r"opendatacommons\.org/licenses/odbl", re.IGNORECASE), "ODbL-1.0"),
    (re.compile(r"opendatacommons\.org/licenses/pddl", re.IGNORECASE), "PDDL-1.0"),
    (re.compile(r"apache\.org/licenses/LICENSE-2\.0", re.IGNORECASE), "Apache-2.0"),
    (re.compile(r"opensource\.org/licenses?/mit\b", re.IGNORECASE), "MIT"),
    (re.compile(r"gnu\.org/(?:licenses|copyleft)/(?:old-licenses/)?fdl-1\.(\d)", re.IGNORECASE), "GFDL-1.{0}"),
    (re.compile(r"gnu\.org/(?:licenses|copyleft)/fdl", re.IGNORECASE), "GFDL-1.3"),
    (re.compile(r"mozilla\.org/.*MPL/2\.0", re.IGNORECASE), "MPL-2.0"),
)
_WORD = re.compile(r"https?://\S{1,200}|[A-Za-z][\w.+-]{1,40}")
_CREATIVE_NAME = re.compile(
    r"(?:CC[ -])(?:BY(?:-NC)?(?:-SA|-ND)?)[ -]\d\.\d(?:[ -][A-Z]{2})?|CC0[ -]1\.0", re.IGNORECASE
)
_JOINED = re.compile(r" (AND|OR|WITH) ")
_METAS = ("license", "licence", "dc.rights", "dc.license", "dcterms.license", "dcterms.rights")
_JSON = re.compile(r'"license"\s*:\s*"(https?:[^"]+)"')


def licence_of_url(url: str) -> str | None:
    """The identifier of a licence's address; None for an address of anything else."""
    match = _CREATIVE.search(url)
    if match:
        kind, version, country = match.group(1).lower(), match.group(2), match.group(3)
        if kind in _PUBLIC:
            return "-".join(filter(None, (_PUBLIC[kind], version)))
        return "-".join(filter(None, ("CC", kind.upper(), version or "4.0", (country or "").upper())))
    for pattern, name in _ADDRESSES:
        if match := pattern.search(url):
            return name.format(*match.groups())
    return None


def licence_of_name(stated: str) -> str | None:
    """The licence that a document names: by its identifier where that is known, else the word, the address or the SPDX
    expression as it stands. None for prose, and for a word that says that there is none.
    """
    short = " ".join(stated.split())
    names = _JOINED.split(short)
    if len(names) > 1:
        found = [name if place % 2 else licence_of_name(name) for place, name in enumerate(names)]
        return " ".join(name for name in found if name) if all(found) else None
    if _CREATIVE_NAME.fullmatch(short):
        return short.upper().replace(" ", "-")
    known = licence_of_url(short) or KNOWN_NAMES.get(short.lower())
    return known or (short if _WORD.fullmatch(short) and short.lower() not in NONE_NAMES else None)


def licence_of_page(tree: Any) -> str | None:
    """What a page states of itself: rel=license, a meta tag, JSON-LD; else a Creative Commons address if it is the only one."""
    if not tree.document:
        return None
    found = next(filter(None, map(licence_of_name, _stated(tree.document))), None)
    if found:
        return found
    links = tree.document.query_selector_all('a[href*="creativecommons.org"]')
    named = _named(link.getattr("href") for link in links)
    return named.pop() if len(named) == 1 else None


def _stated(page: Any) -> Iterator[str]:
    for node in (*page.query_selector_all("a[rel~=license]"), *page.query_selector_all("link[rel~=license]")):
        yield node.getattr("href") or ""
    for node in page.query_selector_all("meta"):
        if (node.getattr("name") or node.getattr("property") or "").strip().lower() in _METAS:
            yield node.getattr("content") or ""
    for node in page.query_selector_all('script[type="application/ld+json"]'):
        yield from _JSON.findall(node.text or "")


def _named(addresses: Iterable[str | None]) -> set[str]:
    return {licence for licence in (licence_of_url(address or "") for address in addresses) if licence}
