"""find, export, mcp: a project's retrieval for people who want the passages, and for other people's programs."""

import json
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from danlu.cli.answers import print_understood
from danlu.cli.speech import Speech
from danlu.core.errors import UserError
from danlu.core.project import find_project

if TYPE_CHECKING:
    from danlu.answer.asking.search import Found

_SHOWN = 300
"""Characters of a passage on a terminal; --json has all."""


def find(options: Namespace, say: Speech) -> None:
    """Print passages with their places."""
    from danlu.answer.asking.ask import ReleaseBot
    from danlu.answer.index.access import check_known

    project = find_project(Path.cwd())
    principals = check_known(options.principals, project)
    bot = ReleaseBot(project)
    found = bot.search(options.query, principals, options.count)
    bot.close()
    if found.degraded:
        print(say("Found by words alone: {problem}", problem=found.degraded), file=sys.stderr)
    print_understood(found, say, sys.stderr if options.json else sys.stdout)
    if options.json:
        print(json.dumps([one.public() for one in found.passages], indent=2, ensure_ascii=False))
        return
    if not found.passages:
        print(say("nothing was found"))
    for number, one in enumerate(found.passages, 1):
        _print_found(number, one, say)


def _print_found(number: int, found: "Found", say: Speech) -> None:
    citation, text = found.citation, " ".join(found.text.split())
    page = say(", page {page}", page=citation.page) if citation.page else ""
    print(f"[{number}] {found.score:.2f}  {citation.source}{page}, {citation.start}–{citation.end}")
    if found.headings:
        print(f"    {found.headings}")
    print(f"    {text[:_SHOWN]}{'…' if len(text) > _SHOWN else ''}")


def export(options: Namespace, say: Speech) -> None:
    """Write passages and vectors to a folder for FAISS."""
    from danlu.answer.index.access import check_known
    from danlu.answer.programs.export import export_artifact, export_project

    out = Path(options.out)
    if options.index is None:
        project = find_project(Path.cwd())
        done = export_project(project, check_known(options.principals, project), out)
    elif options.principals:
        raise UserError(
            "--as and --index do not go together",
            "An index folder knows no access: it is exported whole. --as is for the project you stand in.",
        )
    else:
        done = export_artifact(Path(options.index), out)
    if options.json:
        print((out / "manifest.json").read_text(encoding="utf-8"), end="")
        return
    licences = ", ".join(done.licences)
    print(
        say(
            "{out}: {passages} passages of {documents} documents; licences: {licences}",
            out=out, passages=done.passages, documents=done.documents, licences=licences,
        )
    )  # fmt: skip
    if done.left_out:
        print(
            say(
                "left out: {count} passages that these principals may not see. The vocabulary of an encoder of kind lsa still holds words of them.",
                count=done.left_out,
            )
        )


def mcp(options: Namespace, say: Speech) -> None:
    """Serve search and ask on standard input and output until the client leaves."""
    from danlu.answer.asking.ask import ReleaseBot
    from danlu.answer.index.access import check_known
    from danlu.answer.programs.mcp import server

    project = find_project(Path.cwd())
    principals = check_known(options.principals, project)
    bot = ReleaseBot(project)
    try:
        server(project.name, bot, principals, say.error).run("stdio")
    finally:
        bot.close()
