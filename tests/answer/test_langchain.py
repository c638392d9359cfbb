import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from answer_projects import FOR_STAFF, STAFF, extracted, with_access
from danlu.answer.asking.ask import ReleaseBot
from danlu.core.errors import UserError
from danlu.core.project import Project

pytest.importorskip("langchain_core", exc_type=ImportError)
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda

from danlu.answer.programs.langchain import DanluRetriever

QUESTION = "How does a Debian system boot?"
CHINESE = "怎样修改引导加载程序？"


@pytest.fixture(scope="module")
def project(small_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return with_access(small_project, tmp_path_factory.mktemp("langchain") / "project")


@pytest.fixture(scope="module")
def retriever(project: Project) -> Iterator[DanluRetriever]:
    made = DanluRetriever(folder=project.folder, count=5)
    yield made
    made.close()


def test_it_is_a_retriever_whose_documents_say_where_they_stand(project: Project, retriever: DanluRetriever) -> None:
    assert isinstance(retriever, BaseRetriever)
    documents, texts = retriever.invoke(QUESTION), extracted(project)
    assert len(documents) == 5 == len({document.id for document in documents})
    for document in documents:
        facts = document.metadata
        assert facts["quote"] == texts[facts["source"]][facts["start"] : facts["end"]]
        assert set(facts) == {"score", "headings", "language", "source", "page", "start", "end", "quote"}
    bot = ReleaseBot(project)
    assert [document.page_content for document in documents] == [
        one.text for one in bot.search(QUESTION, count=5).passages
    ]
    bot.close()


def test_awaited_and_in_batches_it_gives_the_same(retriever: DanluRetriever) -> None:
    plain = retriever.invoke(QUESTION)
    assert asyncio.run(retriever.ainvoke(QUESTION)) == plain
    assert retriever.batch([QUESTION] * 8) == [plain] * 8
    assert asyncio.run(retriever.abatch([QUESTION] * 8)) == [plain] * 8


def test_it_stands_in_a_chain(retriever: DanluRetriever) -> None:
    def sources(documents: list[Document]) -> list[str]:
        return [document.metadata["source"] for document in documents]

    chain = retriever | RunnableLambda(sources)
    assert chain.invoke(QUESTION)[0].startswith("docs/en/")


def test_it_sees_what_its_principals_may_see(project: Project, retriever: DanluRetriever) -> None:
    assert not [one for one in retriever.invoke(CHINESE) if one.metadata["source"].startswith(FOR_STAFF)]
    staff = DanluRetriever(folder=project.folder / "docs", principals=STAFF)
    assert staff.invoke(CHINESE)[0].metadata["source"].startswith(FOR_STAFF)
    staff.close()


def test_wrong_use_is_told(project: Project, retriever: DanluRetriever, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No danlu"):
        DanluRetriever(folder=tmp_path)
    with pytest.raises(UserError, match="'nobody'"):
        DanluRetriever(folder=project.folder, principals=frozenset({"nobody"}))
    with pytest.raises(UserError, match="empty"):
        retriever.invoke(" ")


def test_without_the_package_the_command_that_brings_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "langchain_core.callbacks", None)
    monkeypatch.delitem(sys.modules, "danlu.answer.programs.langchain")
    with pytest.raises(UserError, match="langchain-core") as caught:
        import danlu.answer.programs.langchain  # noqa: F401
    assert caught.value.hint == "pip install 'danlu[langchain]'"
