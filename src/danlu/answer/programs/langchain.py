"""A project's retrieval as a LangChain retriever (langchain-core 1.x): goes wherever LangChain takes a `BaseRetriever`."""

import logging
from pathlib import Path
from typing import Any

from pydantic import Field, PrivateAttr

from danlu.answer.asking.ask import ReleaseBot
from danlu.answer.asking.search import DEFAULT_COUNT, Found
from danlu.answer.index.access import check_known
from danlu.core.errors import UserError
from danlu.core.project import find_project

try:
    from langchain_core.callbacks import CallbackManagerForRetrieverRun
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever
except ImportError:
    raise UserError(
        "The retriever for LangChain needs the package langchain-core", "pip install 'danlu[langchain]'"
    ) from None

_log = logging.getLogger(__name__)


class DanluRetriever(BaseRetriever):
    """Passages of the current release of the project around `folder`, as `principals` may see them.

    `invoke` and `ainvoke`, from any number of threads. Raises UserError when there is no project or release, for a principal that
    danlu.yaml does not name, and for an empty question.
    """

    folder: Path
    principals: frozenset[str] = frozenset()
    """Groups or persons of danlu.yaml's `access`. Whoever calls the retriever sees what they may see."""
    count: int = Field(default=DEFAULT_COUNT, ge=1)

    _bot: ReleaseBot = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Open the release."""
        project = find_project(self.folder.resolve())
        check_known(self.principals, project)
        self._bot = ReleaseBot(project)

    def close(self) -> None:
        """Close the index."""
        self._bot.close()

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        searched = self._bot.search(query, self.principals, self.count)
        if searched.degraded:
            _log.warning("found by words alone: %s", searched.degraded)
        return [_document(found) for found in searched.passages]


def _document(found: Found) -> Document:
    """The passage; its metadata say where it stands, and `quote` is that place verbatim."""
    metadata = {name: value for name, value in found.public().items() if name != "text"}
    return Document(id=found.citation.passage_id, page_content=found.text, metadata=metadata)
