"""Docling itself is not installed where tests run: its document's shape, as documented for docling-core 2, stands in."""

from types import SimpleNamespace as Made
from typing import Any

import pytest

from danlu.data.extract.blocks import Unreadable
from danlu.data.extract.docling import blocks_of, extract_with_docling


def item(label: str, text: str = "", level: int = 1, page: int = 1, **more: Any) -> Made:
    return Made(label=label, text=text, level=level, prov=[Made(page_no=page)], **more)


def test_items_become_blocks_in_their_order() -> None:
    grid = [[Made(text="a"), Made(text="b")], [Made(text="1"), Made(text="2")]]
    items = [
        item("title", "Report"), item("section_header", "One", level=1), item("text", "Words."), item("code", "x = 1"),
        item("table", data=Made(grid=grid), page=2), item("page_footer", "2", page=2),
    ]  # fmt: skip
    found = blocks_of(Made(iterate_items=lambda **_: ((made, 0) for made in items), pages={1: None, 2: None}))
    assert [(b.kind, b.level, b.page, found.text[b.start : b.end]) for b in found.blocks] == [
        ("heading", 1, 1, "Report"), ("heading", 2, 1, "One"), ("text", 0, 1, "Words."), ("code", 0, 1, "x = 1"),
        ("table", 0, 2, "| a | b |\n| --- | --- |"), ("table", 0, 2, "| 1 | 2 |"), ("furniture", 0, 2, "2"),
    ]  # fmt: skip
    assert found.title == "Report"


def test_without_docling_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "docling.document_converter", None)
    with pytest.raises(Unreadable) as caught:
        extract_with_docling(b"%PDF-1.4")
    assert caught.value.rule == "needs an extra"
    assert "pip install" in caught.value.threshold
