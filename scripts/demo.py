"""The demo: the whole recipe on real bilingual manuals, then questions, an answer's origin, and the evaluation.

Each line is a command as a user would type it; they run in one process, which saves starting Python for each.
"""

import io
import os
import re
import sys
from contextlib import redirect_stdout
from pathlib import Path

from danlu.cli.main import main
from danlu.cli.speech import language_of

QUESTIONS = (
    "How do I install a source package?",
    "什么是虚拟软件包？",
    "开机时加密卷的密码输错了，还能再试几次？",
    "怎么做红烧肉？",
)
LEADS_BACK = 2
"""The question whose answer is led back to its sources: a PDF, with pages."""
NEXT = {
    "en": """
next, in examples/handbook, with .venv/bin on your PATH:
  danlu serve          the chat page and an OpenAI-compatible API on http://127.0.0.1:8000
  danlu keys create    a key for the API""",
    "zh": """
接下来，在 examples/handbook 中（先把 .venv/bin 加入 PATH）：
  danlu serve          聊天页面，以及 http://127.0.0.1:8000 上与 OpenAI 兼容的 API
  danlu keys create    创建 API 密钥""",
}


class Heard(io.StringIO):
    """Shows what is printed, and keeps it."""

    def write(self, text: str, /) -> int:
        """See io.StringIO."""
        print(text, end="", file=sys.__stdout__, flush=True)
        return super().write(text)


def ask(question: str) -> str:
    """Ask a question; the id of its answer."""
    with redirect_stdout(Heard()) as heard:
        say("ask", question)
    return re.findall(r"\bans_[0-9a-f]{16}\b", heard.getvalue())[-1]


def say(*command: str) -> None:
    """Print a command and run it; leave with its exit status when it fails."""
    print(
        "\n$ danlu " + " ".join(f'"{word}"' if " " in word or not word.isascii() else word for word in command),
        flush=True,
    )
    status = main(command)
    if status:
        sys.exit(status)


if __name__ == "__main__":
    os.chdir(Path(__file__).parent.parent / "examples" / "handbook")
    say("run")
    answers = [ask(question) for question in QUESTIONS]
    say("why", answers[LEADS_BACK])
    say("show", "evaluate")
    print(NEXT[language_of((), os.environ)])
