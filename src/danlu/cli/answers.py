"""ask and why: one answer, and the way back from it."""

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from danlu.answer.asking.link import BROKEN, Link
from danlu.cli.forget_page import uses_of
from danlu.cli.speech import Speech
from danlu.cli.tables import padded
from danlu.core.errors import WorkFailed
from danlu.core.project import Project, find_project

if TYPE_CHECKING:
    from danlu.answer.asking.search import Searched
    from danlu.answer.state import State
    from danlu.core.answers import Answer, Citation

ANSWERS = "ans_"
"""What the id of an answer begins with."""


def ask(options: Namespace, say: Speech) -> None:
    """Print one answer with its citations."""
    from danlu.answer.asking.ask import ReleaseBot
    from danlu.answer.index.access import check_known
    from danlu.answer.state import State

    project = find_project(Path.cwd())
    principals = check_known(options.principals, project)
    earlier = _followed(State.of(project), options.follow, principals)
    bot = ReleaseBot(project)
    given = bot.ask(options.question, principals, earlier)
    bot.close()
    if given.degraded:
        print(say("Found by words alone: {problem}", problem=given.degraded), file=sys.stderr)
    if given.unwritten:
        print(
            say("Quoted, since the model that writes answers failed: {problem}", problem=given.unwritten),
            file=sys.stderr,
        )
    if options.json:
        print(json.dumps(given.public(), indent=2, ensure_ascii=False))
        return
    print_understood(given, say, sys.stdout)
    for number, citation in enumerate(given.citations, 1):
        if citation.speaks_to_models:
            print(
                say(
                    "Beware: [{number}] speaks to a language model (“{words}”). Somebody may have planted it: check before you rely on it.",
                    number=number,
                    words=citation.speaks_to_models,
                )
            )
    print(given.answer)
    if given.note:
        print(given.note)
    for note in given.conflicts:
        print(note)
    if given.closest:
        print(say("The passages that come nearest:"))
        for citation in given.closest:
            print(f"  {_place(citation, say)}  {' '.join(citation.quote.split())[:_SHOWN]}")
    for number, citation in enumerate(given.citations, 1):
        print(f"  [{number}] {_place(citation, say)}")
    if given.written_by:
        print(
            say(
                "  in the words of the model {name}; every sentence was held against the quote it cites",
                name=given.written_by,
            )
        )
    print(f"  {given.answer_id}")


def _followed(state: "State", answer_id: str | None, principals: frozenset[str]) -> tuple[str, ...]:
    """The question to follow; as it was understood only for the same people, since that may hold words of what others may not see."""
    if answer_id is None:
        return ()
    found = state.recorded(answer_id)
    same = found["answer"].get("principals") == sorted(principals)
    return ((found["answer"].get("understood") if same else "") or found["question"],)


def print_understood(found: "Answer | Searched", say: Speech, to: TextIO) -> None:
    """How a question was searched for, where not only as it was put."""
    if found.understood:
        print(say("understood as: {question}", question=found.understood), file=to)
    if found.other_names:
        print(say("also searched for: {names}", names=" · ".join(found.other_names)), file=to)


_SHOWN = 100
"""Characters of a passage that only came near."""


def _place(citation: "Citation", say: Speech) -> str:
    page = say(", page {page}", page=citation.page) if citation.page else ""
    return f"{citation.source}{page}, {citation.start}–{citation.end}"


def why(options: Namespace, say: Speech) -> None:
    """Print the chain of an answer, or the way of a document; raises WorkFailed when a link does not hold."""
    chain = _chain(find_project(Path.cwd()), options.about)
    if options.json:
        print(json.dumps([link.public() for link in chain], indent=2, ensure_ascii=False))
    else:
        _print_chain(chain, say)
    broken = [f"{say(link.what)} {link.id}: {say(link.status)}" for link in chain if link.status in BROKEN]
    if broken:
        raise WorkFailed(
            "{count} of {links} links do not hold: {broken}",
            "A source that was moved or changed on purpose: `danlu run`, then ask again. Else somebody changed what danlu keeps.",
            count=len(broken),
            links=len(chain),
            broken="; ".join(broken[:_NAMED]) + ("; ..." if len(broken) > _NAMED else ""),
        )


_NAMED = 3


def _print_chain(chain: Sequence[Link], say: Speech) -> None:
    for link in chain:
        names = _shown_facts(say)
        shown = {
            names[name]: value
            for name, value in link.facts.items()
            if name in names and value not in (None, {}, [], "")
        }
        detail = "  ".join(f"{name}: {_short(value, say)}" for name, value in shown.items())
        print(f"{padded(say(link.status), 9)} {padded(say(link.what), 12)} {link.id}  {detail}".rstrip())


def _chain(project: Project, about: str) -> list[Link]:
    from danlu.answer.asking.why import why as chain_of

    if about.startswith(ANSWERS):
        return chain_of(project, about)
    from danlu.answer.asking.why_document import why_document

    return why_document(project, about, Path.cwd())


def _shown_facts(say: Speech) -> dict[str, str]:
    return {
        "question": say("question"),
        "asked_at": say("asked at"),
        "withheld": say("withheld by the word filter"),
        "written_by": say("written by"),
        "index_changes": say("changes of the index since"),
        "index_made_again": say("index made again since"),
        "refreshed": say("put by a refresh"),
        "approximate": say("found by an approximate search"),
        "stage": say("stage"),
        "content_hash": say("content hash"),
        "page": say("page"),
        "start": say("start"),
        "end": say("end"),
        "quote": say("quote"),
        "forgotten_at": say("forgotten at"),
        "record": say("record"),
        "orders": say("purged for the orders"),
        "made_anew": say("held against today's extraction"),
        "how": say("how"),
        "counts": say("counts"),
        "rejected": say("rejected"),
        "learnt_documents": say("documents learnt from"),
        "learnt_pairs": say("pairs learnt"),
        "learnt_cited": say("pairs of the cited documents"),
        "edits": say("edits"),
        "sha256": "sha256",
        "licence": say("licence"),
        "collected_at": say("collected at"),
    }


def _one(value: object, say: Speech) -> str:
    """A way in which a document was used, or the rule that rejected it with what was measured."""
    if isinstance(value, dict):
        return f"{value['source']} {say(value['rule'])} ({say(value['value'])})"
    return uses_of(say)[str(value)]


def _short(value: object, say: Speech) -> str:
    if value is True:
        return say("yes")
    if isinstance(value, dict):
        return ", ".join(f"{say(key)} {count}" for key, count in value.items())
    if isinstance(value, list):
        return ", ".join(_one(one, say) for one in value)
    text = " ".join(str(value).split())
    return text[:16] + "…" if len(text) == 64 and " " not in text else text
