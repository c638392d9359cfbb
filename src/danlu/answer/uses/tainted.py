"""Which artifacts used a document, and how: followed document by document, not only from artifact to artifact.

A corpus whose rule rejected the document before a training did not teach it; a corpus that kept it did. So each artifact is read for
the document's own rows, and only what has no rows of its own (weights, a vocabulary, a report) takes over from what it was made from.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping

from danlu.answer.uses.learnt_rows import learnt_replies, reply_of
from danlu.answer.uses.lineage import inputs_first
from danlu.answer.uses.own_rows import is_made_of, own_rows
from danlu.answer.uses.sought import Sought
from danlu.answer.uses.use import HOLDS, LEARNT, MEASURED, PARTS, TRAIN_QUESTIONS, Use
from danlu.core.artifacts import Artifact, Chats, Corpus, Examples, Files, Index, Preferences, Release, Report
from danlu.core.store import Store


def uses(artifacts: Iterable[Artifact], document: Sought) -> list[Use]:
    """What each artifact has of a document, inputs first; those that have nothing of it are left out."""
    found: dict[str, Use] = {}
    for artifact in inputs_first(artifacts):
        use = found[artifact.id] = own_rows(artifact, document)
        _take_over(use, found, document)
    return [use for use in found.values() if use.how or use.rejected]


def uses_in(store: Store, document: Sought) -> list[Use]:
    """The same for all of a store. An artifact that cannot be opened raises UserError, for nothing can be said of it."""
    return uses(store.all(), document)


def _take_over(use: Use, found: Mapping[str, Use], document: Sought) -> None:
    """What an artifact without rows of its own has from its inputs; and figures that an index measured on questions."""
    for name, id in use.artifact.manifest.parents.items():
        if id not in found or not found[id].how:
            continue
        given, how = found[id], _how(use.artifact, name, found[id])
        if how == LEARNT and isinstance(given.artifact, Chats):
            how = _learn_pairs(use, given.artifact, document)
        elif how == LEARNT and not isinstance(use.artifact, Index):
            use.counts["documents"] += given.counts["documents"]
        if how:
            use.how.add(how)
            use.because[name] = id
    use.counts = Counter({name: count for name, count in use.counts.items() if count})


def _how(artifact: Artifact, name: str, given: Use) -> str:
    """How an artifact has a document through the input `name`; empty when it has not."""
    kind = type(artifact)
    if kind is Release:
        return PARTS if given.is_tainted else ""
    if kind is Report:  # the extraction only says whether quotes are verbatim
        return MEASURED if given.is_tainted and name != "extraction" else ""
    if kind is Index:
        return MEASURED if given.counts[TRAIN_QUESTIONS] else LEARNT if LEARNT in given.how else ""
    if kind in (Files, Corpus, Chats, Preferences, Examples):
        return ""  # what they have of a document lies in their rows
    return _learnt(artifact, given)


def _learnt(artifact: Artifact, given: Use) -> str:
    """Weights learn from documents, from pairs on the training side, and from other weights; held-out pairs teach nothing."""
    if isinstance(given.artifact, Chats | Preferences | Examples):
        if artifact.manifest.stage == "train_retriever":
            return MEASURED if given.counts[TRAIN_QUESTIONS] else ""
        return LEARNT if given.counts["train pairs"] else ""
    return LEARNT if given.how & {HOLDS, LEARNT} else ""


def _learn_pairs(use: Use, chats: Chats, document: Sought) -> str:
    """Count the pairs that a training reached: it keeps the rows that it learnt from, as token ids. Where that is not sure all count."""
    rows = map(json.loads, chats.train.read_text(encoding="utf-8").splitlines())
    replies = [reply_of(row) for row in rows if is_made_of(row, document)]
    learnt = learnt_replies(use.artifact, chats)
    reached = len(replies) if learnt is None else sum(reply in learnt for reply in replies)
    use.counts["train pairs"] += reached
    use.counts["train pairs that were not reached"] += len(replies) - reached
    use.how |= {HOLDS} if reached else set()
    return LEARNT if reached else ""
