"""Rows of a table as quotes: which rows answer, and the header that says what their cells are.

A row without its header is a line of bare values, so the header is quoted before it, as a quote of its own: both are verbatim, and
the rows between them are left out. The passage that holds the header may be an earlier one, since long tables are several.
"""

from dataclasses import replace

from danlu.retrieve.legs.search import Hit, Searcher
from danlu.text.sentences import is_header, is_row, sentence_spans

_EARLIER_PASSAGES = 50
"""How far back a header is looked for: tables that are longer have theirs repeated on every page, or are data rather than a text."""


def holds_rows(text: str) -> bool:
    """Whether a quote begins with a row that is no header."""
    spans = list(sentence_spans(text))
    return bool(spans) and is_row(first := text[slice(*spans[0])]) and not is_header(first)


def header_of(searcher: Searcher, hit: Hit, start: int) -> tuple[Hit, int, int] | None:
    """The header of the table whose row begins at `start` of a document: the passage that holds it, and its span there; or None."""
    above = hit.text[: start - hit.start]
    found = _last_header(above)
    if found is not None:
        return hit, hit.start + found[0], hit.start + found[1]
    query = (
        "SELECT id, start, text FROM passages WHERE id BETWEEN ? AND ? AND doc_id = ? AND section = ? ORDER BY id DESC"
    )
    if not _only_rows(above):
        return None
    for id, begins, text in searcher.rows(query, (hit.id - _EARLIER_PASSAGES, hit.id - 1, hit.doc_id, hit.section)):
        found = _last_header(text)
        if found is not None:
            place = replace(hit, id=id, start=begins, end=begins + len(text), text=text)
            return place, begins + found[0], begins + found[1]
        if not _only_rows(text):
            return None
    return None


def _last_header(text: str) -> tuple[int, int] | None:
    """The header of the table that reaches to the end of a text, when it begins in that text."""
    for start, end in reversed(list(sentence_spans(text))):
        if not is_row(text[start:end]):
            return None
        if is_header(text[start:end]):
            return start, end
    return None


def _only_rows(text: str) -> bool:
    return all(is_row(text[start:end]) for start, end in sentence_spans(text))
