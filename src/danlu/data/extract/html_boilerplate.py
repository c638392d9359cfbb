"""What of a web page is not its text: navigation, banners, advertising, lists of related links.

An element is left out for what it is (`nav`, `footer`, the page's own `header`), for what its class or id says, or because it is hidden.
What may be either (a sidebar, a menu, an `aside`) is left out when it is mostly links: manuals put notes into them.
"""

import re
from typing import Any

UNSEEN = frozenset("script style noscript template head svg iframe annotation annotation-xml rp rt rtc".split())
"""Never shown as text of the page; a ruby note is shown above its word and would tear the sentence apart."""
RUBY = frozenset(("rt", "rtc"))
_SKIPPED = UNSEEN | frozenset("nav footer select button dialog".split())
_ROLES = frozenset("navigation banner contentinfo search dialog alertdialog menu menubar toolbar".split())
_NAVIGATION = frozenset(
    "navheader navfooter toc sphinxsidebar related breadcrumb breadcrumbs headerlink navbar pagination pager skip-link"
    " skiplink mw-editsection mw-jump-link printfooter catlinks noprint".split()
)
_BOXES = frozenset(
    "sidebar menu related-posts related-articles related-links share sharing social tags recommended".split()
)
_BANNER = re.compile(
    r"(?:^|[-_ ])(?:cookies?|consent|gdpr|newsletter|subscribe|advert(?:isement)?s?|ads?|sponsor(?:ed)?|promo|popup|modal|paywall)(?:$|[-_ ])",
    re.IGNORECASE,
)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_MAX_BANNER_SHARE = 0.3
"""A banner holds less of the page's text: an element of this name that holds more is the page (`<div class="ad-free">`)."""
_LINKED_SHARE = 0.5


def is_boilerplate(node: Any, in_section: bool, page_characters: int) -> bool:
    """Whether an element of a page with this many characters is left out; `in_section`: it stands inside an article."""
    tag = node.tag
    if tag in _SKIPPED or (tag == "header" and not in_section):
        return True
    names = node.attrs
    if "role" in names and node.getattr("role") in _ROLES:
        return True
    if ("style" in names or "aria-hidden" in names) and _is_hidden(node):
        return True
    classes = {name.lower() for name in node.class_list} if "class" in names else set()
    if classes & _NAVIGATION or (("class" in names or "id" in names) and _is_banner(node, page_characters)):
        return True
    return bool(tag == "aside" or classes & _BOXES) and _is_mostly_links(node)


def _is_hidden(node: Any) -> bool:
    """The attribute `hidden` does not count: scripts show what has it (variants of a manual, folded answers)."""
    return node.getattr("aria-hidden") == "true" or bool(_HIDDEN.search(node.getattr("style") or ""))


def _is_banner(node: Any, page_characters: int) -> bool:
    named = f"{node.getattr('class') or ''} {node.getattr('id') or ''}"
    return bool(_BANNER.search(named)) and len(node.text) < _MAX_BANNER_SHARE * page_characters


def _is_mostly_links(node: Any) -> bool:
    linked = sum(len(link.text) for link in node.get_elements_by_tag_name("a")[:])
    return bool(linked > _LINKED_SHARE * len(node.text))


_MIN_MAIN = 250
"""Characters: a `main` element with less may be a frame that a script fills."""


def main_element(body: Any) -> Any:
    """The one element that a page calls its main content, or the body."""
    found = body.query_selector_all("main, [role=main]")
    if len(found) == 1 and len((found[0].text or "").strip()) >= _MIN_MAIN:
        return found[0]
    return body
