from collections.abc import Iterator

import pytest

from danlu.retrieve.index import opened
from danlu.retrieve.legs.search import Searcher
from documents import as_markdown, chapter
from indexes import Indexed, indexed


@pytest.fixture(scope="package")
def handbook_index() -> Indexed:
    """The two chapters of the handbook, one document per language."""
    return indexed({"en.md": as_markdown(chapter("en")), "zh.md": as_markdown(chapter("zh"))})


@pytest.fixture
def searcher(handbook_index: Indexed) -> Iterator[Searcher]:
    with opened(handbook_index.index.database) as found:
        yield found
