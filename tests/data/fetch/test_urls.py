import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.data.fetch.urls import Scope, canonical, endless


@pytest.mark.parametrize(
    ("spellings", "one"),
    [
        (("HTTP://Example.ORG:80", "http://example.org/#top", "http://example.org/./"), "http://example.org/"),
        (("https://e.org/a/../b?y=2&x=1", "https://e.org:443/b?x=1&y=2&utm_source=mail"), "https://e.org/b?x=1&y=2"),
        (("https://e.org/a;jsessionid=12?sid=9", "https://e.org/a?PHPSESSID=1"), "https://e.org/a"),
        (("https://e.org/%7Eme/%e4%b8%ad", "https://e.org/~me/中"), "https://e.org/~me/%E4%B8%AD"),
        (("https://例子.测试/", "https://xn--fsqu00a.xn--0zwm56d/"), "https://xn--fsqu00a.xn--0zwm56d/"),
        (("https://e.org/a%2fb",), "https://e.org/a%2Fb"),
        (("https://user:secret@e.org/",), "https://e.org/"),
        (("https://e.org?q",), "https://e.org/?q"),
    ],
)
def test_spellings_of_one_page_are_one_address(spellings: tuple[str, ...], one: str) -> None:
    assert {canonical(spelling) for spelling in spellings} == {one}


@pytest.mark.parametrize(
    "text", ["mailto:a@e.org", "javascript:void(0)", "", "#top", "http://", "http://[::1", "ftp://e.org/"]
)
def test_what_is_no_page_of_the_web_has_no_address(text: str) -> None:
    assert canonical(text) is None


@given(st.text(max_size=60), st.text(max_size=30))
def test_the_normal_form_is_its_own_normal_form(path: str, query: str) -> None:
    once = canonical(f"https://e.org/{path}?{query}")
    assert once is None or canonical(once) == once


def test_a_site_is_its_host_and_the_folder_of_its_first_page() -> None:
    guide = Scope.of("https://www.e.org/guide/index.html")
    assert guide.refuses("https://e.org/guide/a/b") is None
    assert guide.refuses("https://e.org/other") == ("outside the folder", "/other")
    assert guide.refuses("https://docs.e.org/guide/") == ("another host", "docs.e.org")
    docs = Scope.of("https://e.org/docs")
    assert docs.refuses("https://e.org/docs") is docs.refuses("https://e.org/docs/x") is None
    assert docs.refuses("https://e.org/docs-old/x") is not None


def test_addresses_that_grow_are_told() -> None:
    assert endless("https://e.org/a/b/c") is None
    assert endless("https://e.org" + "/a/b" * 4) == ("path repeats itself", "a 4 times")
    assert endless("https://e.org/" + "x" * 3000) == ("URL too long", "3014 characters")
