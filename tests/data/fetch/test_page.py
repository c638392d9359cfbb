from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protego import Protego

from danlu.data.fetch.page import Page, read_page
from danlu.data.fetch.response import Response
from danlu.data.fetch.robots import Robots, forbids_training
from danlu.data.licences import licence_of_url


def read(body: str, *headers: tuple[str, str], encoding: str = "utf-8") -> Page:
    found = (("Content-Type", "text/html"), *headers)
    return read_page(Response("https://e.org/a/", 200, found, body.encode(encoding), datetime.now(UTC), 0))


def test_links_are_found_by_their_base_and_without_nofollow() -> None:
    page = read(
        '<base href="/b/"><a href="c">c</a><a href="d" rel="nofollow">d</a><a href="mailto:x@e.org">m</a>'
        '<iframe src="//e.org/f"></iframe><meta http-equiv="refresh" content="0; url=g"><area href="c#x">'
    )
    assert page.links == ("https://e.org/b/c", "https://e.org/f", "https://e.org/b/g")


@pytest.mark.parametrize(
    ("body", "headers", "keep", "follow", "reserved"),
    [
        ("", (), True, True, False),
        ('<meta name="ROBOTS" content="NoIndex, nofollow">', (), False, False, False),
        ('<meta name="danlu" content="none">', (), False, False, False),
        ("", (("X-Robots-Tag", "noindex"),), False, True, False),
        ("", (("X-Robots-Tag", "otherbot: noindex, nofollow"),), True, True, False),
        ("", (("X-Robots-Tag", "danlu: nofollow"),), True, False, False),
        ("", (("X-Robots-Tag", "unavailable_after: 25 Jun 2010 15:00:00 PST"),), True, True, False),
        ('<meta name="robots" content="noai, noimageai">', (), True, True, True),
        ('<meta name="tdm-reservation" content="1">', (), True, True, True),
        ("", (("tdm-reservation", "1"),), True, True, True),
    ],
)
def test_wishes_of_a_page(
    body: str, headers: tuple[tuple[str, str], ...], keep: bool, follow: bool, reserved: bool
) -> None:
    found = read(body, *headers).directives
    assert (found.may_keep, found.may_follow, found.reserved) == (keep, follow, reserved)


@pytest.mark.parametrize(
    ("body", "licence"),
    [
        ('<a rel="license" href="https://creativecommons.org/licenses/by-sa/3.0/cn/">署名-相同方式共享</a>', "CC-BY-SA-3.0-CN"),
        ('<link rel="license" href="https://www.gnu.org/licenses/fdl-1.3.html">', "GFDL-1.3"),
        ('<meta name="dcterms.license" content="https://opendatacommons.org/licenses/by/1-0/">', "ODC-By-1.0"),
        ('<script type="application/ld+json">{"license": "https://creativecommons.org/publicdomain/zero/1.0/"}</script>', "CC0-1.0"),
        ('<footer><a href="http://creativecommons.org/licenses/by/4.0/">CC</a></footer>', "CC-BY-4.0"),
        ('<a href="http://creativecommons.org/licenses/by/4.0/">1</a><a href="http://creativecommons.org/licenses/by-nc/2.0/">2</a>', None),
        ('<meta name="dc.rights" content="All rights reserved by us, see below">', None),
        ("<p>nothing</p>", None),
    ],
)  # fmt: skip
def test_the_licence_that_a_page_states(body: str, licence: str | None) -> None:
    assert read(body).licence == licence


def test_headers_speak_where_there_is_no_html() -> None:
    headers = (
        ("Content-Type", "application/pdf"), ("X-Robots-Tag", "noindex"),
        ("Link", '<https://e.org/b.pdf>; rel="canonical", <https://creativecommons.org/licenses/by/4.0/>; rel=license'),
    )  # fmt: skip
    page = read_page(Response("https://e.org/a.pdf", 200, headers, b"%PDF-1.4", datetime.now(UTC), 0))
    assert page == Page(page.directives, (), "https://e.org/b.pdf", "CC-BY-4.0")
    assert not page.directives.may_keep


def test_chinese_in_its_old_encodings_is_read() -> None:
    assert read('<meta charset="gb2312"><a href="/页">页</a>', encoding="gb18030").links == ("https://e.org/%E9%A1%B5",)


def test_an_address_of_anything_else_is_no_licence() -> None:
    assert licence_of_url("https://e.org/terms") is None


_SCRAPS = st.sampled_from(
    [b"<a href=", b'"', b"//[", b"<base href='http://[::1'>", b'<meta http-equiv="refresh" content="0;url=http://[x">',
     b'<link rel="canonical" href="http://[">', b"charset=utf-16", b"charset=hz", b"<script type='application/ld+json'>", b"\xff\xfe", b"\x00", b">"]
)  # fmt: skip


@given(
    st.lists(_SCRAPS | st.binary(max_size=20), max_size=12).map(b"".join), st.text(max_size=30), st.text(max_size=30)
)
def test_no_page_stops_a_crawl(body: bytes, link: str, wish: str) -> None:
    headers = (
        ("Content-Type", f"text/html; charset={wish}"),
        ("Link", f"<{link}>; rel=canonical"),
        ("X-Robots-Tag", wish),
    )
    read_page(Response("https://e.org/a/", 200, headers, body, datetime.now(UTC), 0))


@given(
    st.lists(
        st.sampled_from(
            [
                "user-agent:",
                "*",
                "\n",
                "allow: /",
                "disallow: %",
                "crawl-delay: x",
                "request-rate: 1/",
                "sitemap: http://[",
            ]
        )
        | st.text(max_size=8)
    ).map(" ".join)
)
def test_no_robots_txt_stops_a_crawl(text: str) -> None:
    rules = Robots(Protego.parse(text))
    assert rules.delay_s >= 0
    rules.allows("https://e.org/a?b")
    forbids_training(text)
