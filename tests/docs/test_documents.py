"""Files that the documents point to are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
_SOURCE = re.compile(r"`((?:\w+/)+\w+\.\w+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_and_paths_lead_to_files(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert [link for link in _LINK.findall(text) if not (page.parent / link).exists()] == []
    places = (ROOT, ROOT / "src" / "danlu")
    assert [name for name in _SOURCE.findall(text) if not any((place / name).exists() for place in places)] == []


def test_every_page_of_concepts_has_its_chinese() -> None:
    english, chinese = (
        (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("concepts.md", "concepts.zh.md")
    )
    assert english.count("\n## ") == chinese.count("\n## ")
    assert sorted(set(_SOURCE.findall(english))) == sorted(set(_SOURCE.findall(chinese)))
