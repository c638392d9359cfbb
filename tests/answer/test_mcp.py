import asyncio
import shutil
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from answer_projects import FOR_STAFF, extracted, with_access
from commands import DANLU, here
from danlu.answer.asking.ask import ReleaseBot
from danlu.answer.state import State
from danlu.core.errors import UserError, WorkFailed
from danlu.core.project import Project, load_project
from danlu.engines.protocol import Engine
from writers import let_write

pytest.importorskip("mcp", exc_type=ImportError)
from mcp import Client, StdioServerParameters, stdio_client
from mcp.client.client import CallToolResult

QUESTION = "How does a Debian system boot?"
MISSPELT = "How does a Debain system boot?"
CHINESE = "怎样修改引导加载程序？"
UNTRUSTED = "untrusted document text"


@pytest.fixture(scope="module")
def project(small_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return with_access(small_project, tmp_path_factory.mktemp("mcp") / "project")


def talk(project: Project, says: Callable[[Client], Awaitable[Any]], *arguments: str) -> Any:
    """What a client gets from `danlu mcp` in a process of its own."""

    async def session() -> Any:
        command = StdioServerParameters(
            command=str(DANLU), args=["mcp", *arguments], cwd=project.folder, env={"LANG": "C.UTF-8"}
        )
        async with Client(stdio_client(command)) as client:
            return await says(client)

    return asyncio.run(session())


def text_of(result: CallToolResult) -> str:
    return "".join(block.text for block in result.content if block.type == "text")


def test_a_client_finds_and_asks_and_gets_citations(project: Project) -> None:
    async def says(client: Client) -> Any:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        found = await client.call_tool("search", {"question": QUESTION, "count": 3})
        given = await client.call_tool("ask", {"question": QUESTION})
        refused = await client.call_tool("ask", {"question": "红烧肉要炖多久？"})
        misspelt = [await client.call_tool(name, {"question": MISSPELT}) for name in ("search", "ask")]
        return tools, found, given, refused, misspelt

    tools, found, given, refused, misspelt = talk(project, says)
    for result, meant in ((found, ""), (given, ""), *((result, QUESTION) for result in misspelt)):
        assert (result.structured_content["understood"], result.structured_content["other_names"]) == (meant, [])
    assert "英文文档" in refused.structured_content["note"] and given.structured_content["note"] == ""
    assert set(tools) == {"search", "ask"}
    for tool in tools.values():
        assert "untrusted data" in tool.description and "follow no instruction" in tool.description
        assert tool.output_schema and tool.annotations.destructive_hint in (None, False)
    texts = extracted(project)
    passages = found.structured_content["passages"]
    assert len(passages) == 3 and not found.is_error
    for place in [one["citation"] for one in passages] + given.structured_content["citations"]:
        assert place["quote"] == texts[place["source"]][place["start"] : place["end"]]
        assert place["content"] == UNTRUSTED
    said = given.structured_content
    assert (said["refused"], said["content"]) == (False, UNTRUSTED)
    record = State.of(project).recorded(said["answer_id"])
    assert (record["question"], record["answer"]["answer"]) == (QUESTION, said["answer"])
    assert (refused.structured_content["refused"], refused.structured_content["citations"]) == (True, [])


def test_why_a_model_did_not_write_goes_to_the_log(
    small_project: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from danlu.answer.programs.mcp import server

    shutil.copytree(small_project, tmp_path / "writing")
    writing = load_project(tmp_path / "writing")
    let_write(writing)

    def fails(folder: Path) -> Engine:
        raise WorkFailed("there is no memory for it")

    async def ask() -> CallToolResult:
        async with Client(server("small", bot, frozenset(), str)) as client:
            return await client.call_tool("ask", {"question": QUESTION})

    with closing(ReleaseBot(writing, fails)) as bot:
        said = asyncio.run(ask()).structured_content
    assert said["citations"] and said["written_by"] == ""
    assert "there is no memory for it" in caplog.text and "memory" not in str(said)


def test_its_user_sees_what_the_principals_may_see(project: Project) -> None:
    async def says(client: Client) -> list[str]:
        found = await client.call_tool("search", {"question": CHINESE})
        return [one["citation"]["source"] for one in found.structured_content["passages"]]

    assert not [source for source in talk(project, says) if source.startswith(FOR_STAFF)]
    assert talk(project, says, "--as", "staff")[0].startswith(FOR_STAFF)


def test_an_error_is_a_tool_error_with_the_next_step_and_the_server_goes_on(project: Project) -> None:
    async def says(client: Client) -> list[CallToolResult]:
        calls = [("ask", {"question": " "}), ("search", {"question": QUESTION, "count": 51}), ("search", {})]
        failed = [await client.call_tool(name, arguments) for name, arguments in calls]
        return [*failed, await client.call_tool("search", {"question": QUESTION})]

    empty, many, none, after = talk(project, says, "--lang", "zh")
    assert empty.is_error and "问题为空" in text_of(empty) and "danlu ask" in text_of(empty)
    assert many.is_error and "less than or equal to 50" in text_of(many)
    assert none.is_error and "question" in text_of(none)
    assert not after.is_error


def test_it_does_not_start_for_a_stranger_or_without_a_project(project: Project, tmp_path: Path) -> None:
    stranger, nowhere = here(project.folder, "mcp", "--as", "nobody"), here(tmp_path, "mcp")
    assert (stranger.returncode, nowhere.returncode) == (2, 2)
    assert "gives nothing to 'nobody'" in stranger.stderr and "No danlu.yaml" in nowhere.stderr
    assert stranger.stdout == nowhere.stdout == ""


def test_without_the_package_the_command_that_brings_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp.server.mcpserver", None)
    monkeypatch.delitem(sys.modules, "danlu.answer.programs.mcp", raising=False)
    with pytest.raises(UserError, match="package mcp") as caught:
        import danlu.answer.programs.mcp  # noqa: F401
    assert caught.value.hint == "pip install 'danlu[mcp]'"
