"""What a page says of itself: description, author, date, address, licence, language."""

import re
from typing import Any

from danlu.data.licences import licence_of_page

_NAMES = {
    "description": "description", "og:description": "description", "author": "author", "article:author": "author",
    "dc.creator": "author", "date": "date", "dc.date": "date", "dcterms.date": "date", "article:published_time": "date",
    "pubdate": "date", "datepublished": "date",
}  # fmt: skip
_SPACES = re.compile(r"\s+")
_MAX_CHARACTERS = 1000


def page_facts(tree: Any) -> dict[str, str]:
    """Facts by name: description, author, date (as written), url, licence (as `licence_of_page` names it)."""
    facts: dict[str, str] = {}
    if tree.head is not None:
        for node in tree.head.get_elements_by_tag_name("meta")[:]:
            name = (node.getattr("name") or node.getattr("property") or "").lower()
            if name in _NAMES:
                _keep(facts, _NAMES[name], node.getattr("content"))
        for node in tree.head.get_elements_by_tag_name("link")[:]:
            if "canonical" in (node.getattr("rel") or "").lower().split():
                _keep(facts, "url", node.getattr("href"))
    _keep(facts, "licence", licence_of_page(tree))
    return facts


def page_language(tree: Any) -> str:
    """The language tag of the page; empty when it declares none."""
    root = tree.document.query_selector("html")
    return ((root.getattr("lang") or root.getattr("xml:lang") or "") if root else "").strip()


def _keep(facts: dict[str, str], name: str, value: str | None) -> None:
    folded = _SPACES.sub(" ", value or "").strip()[:_MAX_CHARACTERS]
    if folded:
        facts.setdefault(name, folded)
