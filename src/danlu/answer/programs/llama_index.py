"""A project's retrieval as a LlamaIndex retriever (llama-index-core): goes wherever LlamaIndex takes a `BaseRetriever`."""

import asyncio
import logging
from pathlib import Path

from danlu.answer.asking.ask import ReleaseBot
from danlu.answer.asking.search import DEFAULT_COUNT, Found
from danlu.answer.index.access import check_known
from danlu.core.errors import UserError
from danlu.core.project import find_project

try:
    from llama_index.core.retrievers import BaseRetriever
    from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
except ImportError:
    raise UserError(
        "The retriever for LlamaIndex needs the package llama-index-core", "pip install 'danlu[llama-index]'"
    ) from None

_log = logging.getLogger(__name__)
_FOR_PROGRAMS = ["score", "language", "start", "end", "quote"]
"""LlamaIndex writes all metadata above a text that it shows to a model; these say nothing to one, and `quote` would say it twice."""


class DanluRetriever(BaseRetriever):
    """Passages of the current release of the project around `folder`, as `principals` may see them.

    `retrieve` and `aretrieve`, from any number of threads. Raises UserError when there is no project or release, for a principal that
    danlu.yaml does not name, and for an empty question.
    """

    def __init__(
        self, folder: Path | str, principals: frozenset[str] = frozenset(), count: int = DEFAULT_COUNT
    ) -> None:
        """Open the release. Whoever calls the retriever sees what these groups or persons of danlu.yaml's `access` may see."""
        super().__init__()
        project = find_project(Path(folder).resolve())
        self._principals = check_known(principals, project)
        self._count = count
        self._bot = ReleaseBot(project)

    def close(self) -> None:
        """Close the index."""
        self._bot.close()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = self._bot.search(query_bundle.query_str, self._principals, self._count)
        if found.degraded:
            _log.warning("found by words alone: %s", found.degraded)
        return [NodeWithScore(node=_node(one), score=one.score) for one in found.passages]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


def _node(found: Found) -> TextNode:
    """The passage; its metadata say where it stands, and `quote` is that place verbatim."""
    metadata = {name: value for name, value in found.public().items() if name != "text"}
    return TextNode(
        id_=found.citation.passage_id,
        text=found.text,
        metadata=metadata,
        excluded_llm_metadata_keys=list(_FOR_PROGRAMS),
        excluded_embed_metadata_keys=list(_FOR_PROGRAMS),
    )
