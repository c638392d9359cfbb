"""Invariant 7 while documents change: a quote is verbatim in the version of its document that the question saw."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from danlu.core.answers import Citation
from danlu.retrieve.grounding.ground import answer
from danlu.retrieve.legs.live import LiveIndex
from documents import as_markdown, chapter
from indexes import indexed
from live_indexes import faults, live_copy, note

NAMES, TURNS = ("alpha", "beta"), 15
QUESTION = "How often is the emerald valve of the pump inspected?"


def texts_of(name: str) -> list[str]:
    """Every version of a document: the same sentence at another place, with another number."""
    return [
        f"{'Filler words stand here. ' * turn}The emerald valve of the pump {name} is inspected every {turn} weeks by two people."
        for turn in range(TURNS)
    ]


def keep_changing(live: LiveIndex, name: str) -> None:
    for turn, text in enumerate(texts_of(name)):
        live.put(note(name, text))
        if turn % 5 == 4:
            live.remove(name)
    live.put(note(name, texts_of(name)[0]))


def is_of_one_version(citation: Citation) -> bool:
    """Whether some version, as a whole, holds the quote exactly where the citation says."""
    name = citation.source.removeprefix("notes/").removesuffix(".md")
    wholes = [note(name, text).extraction for text in texts_of(name)]
    return any(whole[citation.start : citation.end] == citation.quote for whole in wholes)


def test_quotes_are_verbatim_while_their_documents_change(tmp_path: Path) -> None:
    live = live_copy(indexed({"en.md": as_markdown(chapter("en"))}), tmp_path)

    def ask(_: int) -> list[Citation]:
        found: list[Citation] = []
        while not all(writer.done() for writer in writers) or not found:
            with live.reading(None) as view:
                found += [one for one in answer(view, QUESTION).citations if one.source.startswith("notes/")]
        return found

    with ThreadPoolExecutor(4) as threads:
        writers = [threads.submit(keep_changing, live, name) for name in NAMES]
        cited = [citation for found in threads.map(ask, range(2)) for citation in found]
        for writer in writers:
            writer.result()
    assert [citation for citation in cited if not is_of_one_version(citation)] == []
    assert len({citation.quote for citation in cited}) > 1
    assert faults(live.path) == []
    live.close()
