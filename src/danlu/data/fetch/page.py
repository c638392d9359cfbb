"""What a page says to a robot: links, its canonical address, its wishes, its licence."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5
from resiliparse.parse.html import HTMLTree

from danlu.data.fetch.response import Response
from danlu.data.fetch.robots import Directives, directives
from danlu.data.fetch.urls import canonical
from danlu.data.licences import licence_of_name, licence_of_page

HTML = ("text/html", "application/xhtml+xml")
_LINK_HEADER = re.compile(r"<([^>]*)>((?:\s*;[^,<]*)*)")
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?([A-Za-z0-9_-]{1,30})", re.IGNORECASE)
_REFRESH = re.compile(r"url\s*=\s*['\"]?([^'\";]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Page:
    """What was found. `links` are canonical and without those that the page asks not to follow."""

    directives: Directives
    links: tuple[str, ...] = ()
    canonical: str | None = None
    licence: str | None = None


def read_page(response: Response) -> Page:
    """Read a response; what is not HTML speaks by its headers alone."""
    stated = list(_header_links(response))
    own = next((canonical(url, response.url) for rels, url in stated if "canonical" in rels), None)
    licence = next(filter(None, (licence_of_name(url) for rels, url in stated if "license" in rels)), None)
    tags, reserved = response.all("x-robots-tag"), [value.strip() for value in response.all("tdm-reservation")]
    if response.media_type not in HTML:
        return Page(directives(tags, [], reserved), (), own, licence)
    tree = _tree(response)
    metas = list(_metas(tree))
    wishes = [content for name, content in metas if name in ("robots", "danlu")]
    reserved += [content.strip() for name, content in metas if name == "tdm-reservation"]
    base, main = _base(tree, response.url), _rel(tree, "link", "canonical")
    return Page(
        directives(tags, wishes, reserved),
        tuple(dict.fromkeys(_links(tree, base))),
        own or (canonical(main, base) if main else None),
        licence or licence_of_page(tree),
    )


def _tree(response: Response) -> HTMLTree:
    stated = _CHARSET.search(response.header("content-type").encode()) or _CHARSET.search(response.body[:4096])
    encoding = map_encoding_to_html5(stated.group(1).decode()) if stated else detect_encoding(response.body)
    return HTMLTree.parse(response.body.decode(encoding or "utf-8", "replace"))


def _header_links(response: Response) -> Iterator[tuple[set[str], str]]:
    """Link headers (RFC 8288): relations and target."""
    for header in response.all("link"):
        for match in _LINK_HEADER.finditer(header):
            rel = re.search(r"rel\s*=\s*\"?([^\";]+)", match.group(2), re.IGNORECASE)
            yield set(rel.group(1).lower().split()) if rel else set(), match.group(1)


def _metas(tree: HTMLTree) -> Iterator[tuple[str, str]]:
    for node in _all(tree, "meta"):
        name = node.getattr("name") or node.getattr("http-equiv") or node.getattr("property") or ""
        yield name.strip().lower(), node.getattr("content") or ""


def _base(tree: HTMLTree, url: str) -> str:
    node = next(iter(_all(tree, "base[href]")), None)
    return canonical(node.getattr("href"), url) or url if node else url


def _all(tree: HTMLTree, selector: str) -> Iterable[Any]:
    return tree.document.query_selector_all(selector) if tree.document else ()


def _links(tree: HTMLTree, base: str) -> Iterator[str]:
    for node in _all(tree, "a[href], area[href], iframe[src], frame[src]"):
        if "nofollow" not in _relations(node):
            url = canonical(node.getattr("href") or node.getattr("src") or "", base)
            if url:
                yield url
    for name, content in _metas(tree):
        match = _REFRESH.search(content) if name == "refresh" else None
        url = canonical(match.group(1), base) if match else None
        if url:
            yield url


def _relations(node: Any) -> set[str]:
    return set((node.getattr("rel") or "").lower().split())


def _rel(tree: HTMLTree, tag: str, relation: str) -> str | None:
    nodes = _all(tree, f"{tag}[rel][href]")
    return next((node.getattr("href") for node in nodes if relation in _relations(node)), None)
