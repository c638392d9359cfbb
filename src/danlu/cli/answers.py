"""ask and why: one answer, and the way back from it."""

import json
from argparse import Namespace
from pathlib import Path

from danlu.cli.speech import Speech
from danlu.core.project import find_project


def ask(options: Namespace, say: Speech) -> None:
    """Print one answer with its citations."""
    from danlu.answer.ask import ReleaseBot

    bot = ReleaseBot(find_project(Path.cwd()))
    given = bot.ask(options.question)
    bot.close()
    if options.json:
        print(json.dumps(given.public(), indent=2, ensure_ascii=False))
        return
    print(given.answer)
    for number, citation in enumerate(given.citations, 1):
        page = say(", page {page}", page=citation.page) if citation.page else ""
        print(f"  [{number}] {citation.source}{page}, {citation.start}–{citation.end}")
    print(f"  {given.answer_id}")


def why(options: Namespace, say: Speech) -> None:
    """Print the chain of an answer."""
    from danlu.answer.why import why as chain_of

    chain = chain_of(find_project(Path.cwd()), options.answer_id)
    if options.json:
        print(json.dumps([link.public() for link in chain], indent=2, ensure_ascii=False))
        return
    for link in chain:
        shown = {name: value for name, value in link.facts.items() if name in _SHOWN and value not in (None, {}, "")}
        detail = "  ".join(f"{say(name)}: {_short(value)}" for name, value in shown.items())
        print(f"{say(link.status):<9} {link.what:<12} {link.id}  {detail}".rstrip())


_SHOWN = (
    "question",
    "asked_at",
    "stage",
    "content_hash",
    "page",
    "start",
    "end",
    "quote",
    "edits",
    "sha256",
    "licence",
)


def _short(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {count}" for key, count in value.items())
    text = " ".join(str(value).split())
    return text[:16] + "…" if len(text) == 64 and " " not in text else text
