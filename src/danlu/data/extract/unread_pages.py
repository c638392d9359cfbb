"""Say which documents lost most of their pages: what is not there can neither be found nor missed by who reads the index alone.

A page without text may be blank, a drawing, letters drawn as curves, or a scan. One such page is nothing; where they are the most
of a document, the file holds what danlu does not read.
"""

import json
from collections import Counter
from pathlib import Path

from danlu.text.tables import stream_rows

WITHOUT_TEXT = "page without text"
LOST = (WITHOUT_TEXT, "picture of a page left out", "damaged page left out")
"""Edits that count pages."""
_MOST = 0.5
_FEWEST = 2
"""Of one page half is nothing or all; a document that gave nothing is rejected."""
_NAMED = 5


def mostly_unread(corpus: Path) -> str:
    """A sentence that names the documents more than half of whose pages gave no text; empty where there are none."""
    lost: Counter[str] = Counter()
    for row in stream_rows(corpus / "edits"):
        if row["rule"] in LOST:
            lost[row["doc_id"]] += row["count"]
    if not lost:
        return ""
    said = []
    for row in stream_rows(corpus / "documents", ["doc_id", "source", "meta"]):
        pages = json.loads(row["meta"]).get("pages", 0) if row["doc_id"] in lost else 0
        if pages >= _FEWEST and lost[row["doc_id"]] > _MOST * pages:
            said.append(f"{row['source']} {lost[row['doc_id']]}/{pages}")
    names = ", ".join(said[:_NAMED]) + (", ..." if len(said) > _NAMED else "")
    return f"most of their pages gave no text: {len(said)} ({names})" if said else ""
