import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from answer_projects import FOR_STAFF, STAFF, extracted, with_access
from danlu.core.errors import UserError
from danlu.core.project import Project

pytest.importorskip("llama_index.core", exc_type=ImportError)
from llama_index.core.postprocessor import SimilarityPostprocessor
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import MetadataMode, QueryBundle

from danlu.answer.programs.llama_index import DanluRetriever

QUESTION = "How does a Debian system boot?"
CHINESE = "怎样修改引导加载程序？"


@pytest.fixture(scope="module")
def project(small_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return with_access(small_project, tmp_path_factory.mktemp("llama") / "project")


@pytest.fixture(scope="module")
def retriever(project: Project) -> Iterator[DanluRetriever]:
    made = DanluRetriever(project.folder, count=5)
    yield made
    made.close()


def test_it_is_a_retriever_whose_nodes_say_where_they_stand(project: Project, retriever: DanluRetriever) -> None:
    assert isinstance(retriever, BaseRetriever)
    nodes, texts = retriever.retrieve(QUESTION), extracted(project)
    assert len(nodes) == 5 == len({node.node_id for node in nodes})
    for node in nodes:
        facts = node.metadata
        assert facts["quote"] == texts[facts["source"]][facts["start"] : facts["end"]]
        assert node.score == facts["score"]


def test_a_model_reads_headings_and_source_above_a_text_and_no_quote_twice(retriever: DanluRetriever) -> None:
    [best, *_] = retriever.retrieve(QUESTION)
    shown = best.node.get_content(metadata_mode=MetadataMode.LLM)
    assert shown.count(best.text) == 1
    assert [line.partition(":")[0] for line in shown.splitlines()[:3]] == ["headings", "source", "page"]


def test_awaited_it_gives_the_same_and_postprocessors_take_it(retriever: DanluRetriever) -> None:
    plain = retriever.retrieve(QueryBundle(QUESTION))
    assert asyncio.run(retriever.aretrieve(QUESTION)) == plain
    kept = SimilarityPostprocessor(similarity_cutoff=plain[0].score).postprocess_nodes(plain)
    assert kept == plain[:1]


def test_it_sees_what_its_principals_may_see(project: Project, retriever: DanluRetriever) -> None:
    assert not [one for one in retriever.retrieve(CHINESE) if one.metadata["source"].startswith(FOR_STAFF)]
    staff = DanluRetriever(project.folder, STAFF)
    assert staff.retrieve(CHINESE)[0].metadata["source"].startswith(FOR_STAFF)
    staff.close()


def test_wrong_use_is_told(project: Project, retriever: DanluRetriever, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No danlu"):
        DanluRetriever(tmp_path)
    with pytest.raises(UserError, match="'nobody'"):
        DanluRetriever(project.folder, frozenset({"nobody"}))
    with pytest.raises(UserError, match="empty"):
        retriever.retrieve(" ")


def test_without_the_package_the_command_that_brings_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llama_index.core.retrievers", None)
    monkeypatch.delitem(sys.modules, "danlu.answer.programs.llama_index")
    with pytest.raises(UserError, match="llama-index-core") as caught:
        import danlu.answer.programs.llama_index  # noqa: F401
    assert caught.value.hint == "pip install 'danlu[llama-index]'"
