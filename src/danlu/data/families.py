"""Families: a document and all that was made from it. They stand on one side of every split.

A stage that makes a document out of another (a variant, a translation, a counterfactual) writes the other's family as
`parent` into `meta`, so that a variant of a variant still leads to the first document.
"""

import json
from typing import Any

from danlu.text.records import Document

PARENT = "parent"


def family(document: Document) -> str:
    """The id of the document that this one was made from, or its own id."""
    return family_of(document.doc_id, document.meta)


def family_of(doc_id: str, meta: str) -> str:
    """The same, of the columns `doc_id` and `meta`: for those who read no texts."""
    facts = json.loads(meta or "{}") if PARENT in meta else {}
    return str(facts.get(PARENT) or doc_id)


def with_parent(document: Document, **facts: Any) -> str:
    """The `meta` of something made from `document`: the document's own, its family as parent, and how it was made."""
    return json.dumps(json.loads(document.meta or "{}") | facts | {PARENT: family(document)}, ensure_ascii=False)
