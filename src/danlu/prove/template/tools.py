"""`template.tools`: tools, their calls and their results reach the tokens."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from danlu.core.errors import Phrase
from danlu.prove.finding import Check, Finding
from danlu.prove.template import probes as probe
from danlu.prove.template.difference import Kind
from danlu.prove.template.pairs import Pairs, refusals
from danlu.prove.template.parity import Differing
from danlu.prove.template.serving import Refused, Serving
from danlu.text.rows.rows import Conversation

TOOLS = Check(
    "template.tools",
    Phrase("tools, their calls and their results are in the tokens"),
    costs=Phrase("the model never learns to call a tool, or answers without having seen the result"),
    fix=Phrase("use a template that renders tools, tool_calls and the role tool"),
)


def check_tools(serving: Serving, pairs: Pairs, differing: Sequence[Differing]) -> Finding:
    """Each row with tools is rendered once more with made-up names in place of its own: what is missing then is lost."""
    if not pairs.are_rows:
        return _check_probe(serving)
    with_tools = [pair for pair in pairs.pairs if _uses_tools(pair.conversation)]
    if not with_tools and any(_uses_tools(refusal.conversation) for refusal in pairs.refused):
        said = Phrase("the template refuses every row with tools")
        return TOOLS.not_checkable(said, Phrase("rows with tools that the template takes, in --data"), list(refusals(pairs)))  # fmt: skip
    if not with_tools:
        return TOOLS.not_applicable(Phrase("no row has tools"))
    lost: Counter[str] = Counter()
    rows: list[int] = []
    for pair in with_tools:
        missing = set(_lost(serving, pair.conversation))
        lost.update(missing)
        rows += [pair.conversation.row] if missing else []
    other = {pair.conversation.row for pair, kind in differing if kind is Kind.TEXT and _uses_tools(pair.conversation)}
    measured = {"with_tools": len(with_tools), "lost": len(rows), "different": len(other), **lost}
    if rows:
        said = Phrase("{count} of {all} rows with tools lose a part of them, such as row {row}", count=len(rows), all=len(with_tools), row=rows[0])  # fmt: skip
        return TOOLS.failed(said, list(_named(lost)), measured)
    if other:
        said = Phrase("{count} of {all} rows with tools are trained in another text than is served, such as row {row}", count=len(other), all=len(with_tools), row=min(other))  # fmt: skip
        return TOOLS.failed(said, measured=measured)
    said = Phrase("all {count} rows with tools keep their tools, calls and results", count=len(with_tools))
    return TOOLS.passed(said, measured=measured)


def _check_probe(serving: Serving) -> Finding:
    """Without rows: a template that names tools at all must write the calls and the results of a plain use of them."""
    if "tool" not in serving.template:
        return TOOLS.not_applicable(Phrase("the template knows no tools"))
    try:
        text = serving.text(probe.WITH_TOOLS, [probe.TOOL])
    except Refused as words:
        said = Phrase("the template refuses a plain tool call: {words}", words=words)
        return TOOLS.not_checkable(said, Phrase("rows with tools, in --data"))
    missing = [word for word in (probe.TOOL_WORD, probe.RESULT_WORD) if word not in text]
    if missing:
        said = Phrase("the template names tools, and a plain tool call does not come out whole")
        return TOOLS.not_checkable(said, Phrase("rows with tools, in --data"))
    return TOOLS.passed(Phrase("a tool call and its result are rendered"))


def _uses_tools(conversation: Conversation) -> bool:
    return bool(conversation.tools) or any(
        message.get("tool_calls") or message["role"] == "tool" for message in conversation.messages
    )


def _lost(serving: Serving, conversation: Conversation) -> Iterator[str]:
    """Which of tools, calls, arguments and results leave no trace: they are replaced by words that occur nowhere else."""
    words: dict[str, str] = {}
    messages = [_marked(message, number, words) for number, message in enumerate(conversation.messages)]
    tools = [_marked_tool(tool, number, words) for number, tool in enumerate(conversation.tools)]
    try:
        text = serving.text(messages, tools)
    except Refused:
        return
    yield from (kind for word, kind in words.items() if word not in text)


def _marked(message: Mapping[str, Any], number: int, words: dict[str, str]) -> Mapping[str, Any]:
    if message["role"] == "tool":
        words[f"Resvandor{number}x"] = "results"
        return {**message, "content": f"Resvandor{number}x"}
    calls = message.get("tool_calls")
    if not calls:
        return message
    marked = []
    for at, call in enumerate(calls):
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict):
            return message
        name = f"tolvexifer{number}x{at}x"
        words[name] = "calls"
        arguments = function.get("arguments")
        if isinstance(arguments, dict) and arguments:
            words[f"Argumon{number}x{at}x"] = "arguments"
            arguments = {**arguments, next(iter(arguments)): f"Argumon{number}x{at}x"}
        marked.append({**call, "function": {**function, "name": name, "arguments": arguments}})
    return {**message, "tool_calls": marked}


def _marked_tool(tool: Mapping[str, Any], number: int, words: dict[str, str]) -> Mapping[str, Any]:
    name = f"dectolix{number}x"
    if isinstance(tool.get("function"), dict):
        words[name] = "tools"
        return {**tool, "function": {**tool["function"], "name": name}}
    if "name" in tool:
        words[name] = "tools"
        return {**tool, "name": name}
    return tool


def _named(lost: Mapping[str, int]) -> Iterator[Phrase]:
    said = {
        "tools": Phrase("descriptions of tools"),
        "calls": Phrase("tool calls"),
        "arguments": Phrase("arguments of tool calls"),
        "results": Phrase("results of tools"),
    }
    for kind, count in lost.items():
        yield Phrase("{count} rows lose {what}", count=count, what=said[kind])
