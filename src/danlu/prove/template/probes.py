"""Fixed conversations on which a chat template shows what it does, with words that no template writes by itself."""

from collections.abc import Mapping
from typing import Any

from danlu.text.rows.rows import Conversation

SYSTEM_WORD, USER_WORD, REPLY_WORD = "Sysquolp", "Usvexil", "Rezyfant"
THOUGHT_WORD, TOOL_WORD, RESULT_WORD = "Thorbquin", "tolvexifer", "Resvandor"
Message = Mapping[str, Any]


def user(text: str) -> Message:
    """A message of the user."""
    return {"role": "user", "content": text}


def assistant(text: str) -> Message:
    """A reply."""
    return {"role": "assistant", "content": text}


def system(text: str) -> Message:
    """A system message."""
    return {"role": "system", "content": text}


ONE_TURN = (user(USER_WORD), assistant(REPLY_WORD))
TWO_TURNS = (user(f"{USER_WORD} 1"), assistant(f"{REPLY_WORD} 1"), user(f"{USER_WORD} 2"), assistant(f"{REPLY_WORD} 2"))
WITH_SYSTEM = (system(SYSTEM_WORD), *ONE_TURN)
BLANKS = ("two\n\n  indented", "tab\tand  two blanks", "全角\u3000空格", "line\r\nline")
"""White space inside of a message, which nothing may change."""
_CHATS: tuple[tuple[Message, ...], ...] = (
    ONE_TURN,
    TWO_TURNS,
    WITH_SYSTEM,
    (user("请问水泵多久检查一次？"), assistant("每周检查一次，并记录压力。")),
    (user("Great 🎉👩‍🔬! 1 + 1 = ?"), assistant("2 ✅")),
    (user("Show me a loop."), assistant("for i in range(3):\n    print(i)\n\n# done")),
    (system("只用中文回答。"), user("Hello"), assistant("你好！"), user("Bye"), assistant("再见。")),
)
PROBES = tuple(Conversation(number, chat, (), "openai") for number, chat in enumerate(_CHATS, start=1))
"""Conversations that stand in for rows where the user gives none."""
TOOL: Message = {
    "type": "function",
    "function": {
        "name": TOOL_WORD,
        "description": "Tells the weather.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string", "description": "Where."}}, "required": ["city"]},
    },
}  # fmt: skip
CALL: Message = {
    "role": "assistant",
    "content": "",
    "tool_calls": [
        {"id": "call00001", "type": "function", "function": {"name": TOOL_WORD, "arguments": {"city": "Quorl"}}}
    ],
}
RESULT: Message = {"role": "tool", "name": TOOL_WORD, "tool_call_id": "call00001", "content": RESULT_WORD}
WITH_TOOLS = (user(USER_WORD), CALL, RESULT, assistant(REPLY_WORD))
