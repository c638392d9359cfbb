"""ask and why: one answer, and the way back from it."""

import json
from argparse import Namespace
from pathlib import Path

from danlu.cli.speech import Speech
from danlu.cli.tables import padded
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
        names = _shown_facts(say)
        shown = {
            names[name]: value for name, value in link.facts.items() if name in names and value not in (None, {}, "")
        }
        detail = "  ".join(f"{name}: {_short(value, say)}" for name, value in shown.items())
        print(f"{padded(say(link.status), 9)} {padded(say(link.what), 12)} {link.id}  {detail}".rstrip())


def _shown_facts(say: Speech) -> dict[str, str]:
    return {
        "question": say("question"),
        "asked_at": say("asked at"),
        "withheld": say("withheld by the word filter"),
        "stage": say("stage"),
        "content_hash": say("content hash"),
        "page": say("page"),
        "start": say("start"),
        "end": say("end"),
        "quote": say("quote"),
        "edits": say("edits"),
        "sha256": "sha256",
        "licence": say("licence"),
        "collected_at": say("collected at"),
    }


def _short(value: object, say: Speech) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{say(key)} {count}" for key, count in value.items())
    text = " ".join(str(value).split())
    return text[:16] + "…" if len(text) == 64 and " " not in text else text
