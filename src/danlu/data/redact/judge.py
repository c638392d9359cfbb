"""One batch of documents through a policy: what is found, what becomes of it, and the account of both."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

import pyarrow as pa

from danlu.data.parts import Batch, Verdict
from danlu.data.redact.masks import mask, partial_mask, word_mask
from danlu.data.redact.policy import Action
from danlu.data.redact.pseudonyms import keyed_hash, pseudonym
from danlu.text.offsets import Edit, OffsetMap, Piece, apply
from danlu.text.pii.finding import Finding
from danlu.text.pii.names import names_in
from danlu.text.pii.scan import scan_array
from danlu.text.records import DOCUMENTS, Block, Document, Reject
from danlu.text.words.disguised import DisguisedWords
from danlu.text.words.folding import is_han
from danlu.text.words.lists import Phrase

FINDINGS = pa.schema(
    [
        ("doc_id", pa.string()),
        ("type", pa.string()),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("action", pa.string()),
        ("value_hash", pa.string()),
    ]
)
"""`[start, end)` are code points of the text that is kept, where the value or what replaced it stands. The value is never here."""
WORD = "word: "
"""What the type of a word of a list begins with; its category follows."""


@dataclass(frozen=True)
class Tools:
    """All that a worker needs to judge."""

    actions: Mapping[str, Action]
    word_actions: Mapping[str, Action]
    phrases: tuple[Phrase, ...]
    max_word_hits: int
    names: bool
    key: bytes
    secret: bool
    """The key is the user's own. Hashes by one that anybody knows would give telephone numbers away to who tries them all."""


class Found(NamedTuple):
    """A finding and what is done with it."""

    start: int
    end: int
    kind: str
    action: Action


def redact_batch(batch: Batch, *, tools: Tools) -> Verdict:
    """Judge the documents of a batch."""
    table = batch.table
    texts, titles = table["text"].combine_chunks(), table["title"].combine_chunks()
    in_texts, in_titles = scan_array(texts), scan_array(titles)
    rows: list[pa.Table] = []
    rejects: list[Reject] = []
    edits: list[tuple[str, str, int]] = []
    findings: list[dict[str, Any]] = []
    start = 0
    for place in range(table.num_rows):
        found = list(_decided(str(texts[place]) if tools.phrases or tools.names else "", in_texts[place], tools))
        if not (found or in_titles[place]):
            continue
        rows.append(table.slice(start, place - start))
        start = place + 1
        document = Document.of(table.slice(place, 1).to_pylist()[0])
        reject = _reject(document, found, tools)
        if reject:
            rejects.append(reject)
            continue
        changed, listed = _redacted(document, found, in_titles[place], tools)
        findings += listed
        edits += _counted(document.doc_id, found, in_titles[place], tools)
        rows.append(pa.Table.from_pylist([asdict(changed)], schema=DOCUMENTS))
    kept = pa.concat_tables([*rows, table.slice(start)])
    return Verdict(kept, rejects, edits, {"findings": pa.Table.from_pylist(findings, schema=FINDINGS)})


def _decided(text: str, found: list[Finding], tools: Tools) -> Iterator[Found]:
    """All findings of a text in order; a word or a name inside personal data is part of it."""
    decided = [Found(*finding, tools.actions[finding.kind]) for finding in found]
    if tools.names:
        decided += [Found(*name, tools.actions[name.kind]) for name in names_in(text)]
    if tools.phrases:
        hits = _words(tools.phrases).find(text)
        decided += [
            Found(hit.start, hit.end, WORD + hit.category, tools.word_actions.get(hit.category, "mask")) for hit in hits
        ]
    last = 0
    for one in sorted(decided, key=lambda one: (one.start, one.start - one.end)):
        if one.start >= last:
            yield one
            last = one.end


@lru_cache(maxsize=2)
def _words(phrases: tuple[Phrase, ...]) -> DisguisedWords:
    return DisguisedWords(phrases)


def _reject(document: Document, found: list[Found], tools: Tools) -> Reject | None:
    dropping: dict[str, int] = {}
    for one in found:
        if one.action == "drop":
            dropping[one.kind] = dropping.get(one.kind, 0) + 1
    data = {kind: count for kind, count in dropping.items() if not kind.startswith(WORD)}
    if data:
        listed = ", ".join(f"{kind} {count}" for kind, count in sorted(data.items()))
        return Reject(document.doc_id, document.source, "sensitive data", listed, "0")
    words = sum(dropping.values())
    if words > tools.max_word_hits:
        return Reject(document.doc_id, document.source, "sensitive words", str(words), str(tools.max_word_hits))
    return None


def _redacted(
    document: Document, found: list[Found], in_title: list[Finding], tools: Tools
) -> tuple[Document, list[dict[str, Any]]]:
    """The document with its values replaced, and where they stand now."""
    chinese = _is_chinese(document)
    changes = [
        Edit(one.start, one.end, _replacement(document.text[one.start : one.end], one, chinese, tools), one.kind)
        for one in found
        if one.action != "keep"
    ]
    text, offsets = apply(document.text, changes)
    listed = [_row(document, one, offsets, tools) for one in found]
    title_changes = [
        Edit(*finding[:2], _replacement(document.title[finding.start : finding.end], one, chinese, tools), finding.kind)
        for finding in in_title
        if (one := Found(*finding, tools.actions[finding.kind])).action != "keep"
    ]
    title = apply(document.title, title_changes)[0]
    if not changes:
        return replace(document, title=title), listed
    whole = (
        offsets.after(OffsetMap(tuple(Piece(**piece) for piece in document.offsets))) if document.offsets else offsets
    )
    blocks = tuple(block for block in (_moved(block, offsets) for block in document.blocks) if block)
    pieces = tuple(asdict(piece) for piece in whole.pieces)
    return replace(document, text=text, title=title, blocks=blocks, offsets=pieces), listed


def _is_chinese(document: Document) -> bool:
    return document.language.startswith("zh") or (document.language == "und" and any(map(is_han, document.text[:4000])))


def _replacement(value: str, one: Found, chinese: bool, tools: Tools) -> str:
    if one.kind.startswith(WORD):
        return "*" * len(value) if one.action == "partial" else word_mask(chinese)
    if one.action == "partial":
        return partial_mask(one.kind, value)
    return pseudonym(tools.key, one.kind, value) if one.action == "pseudonymise" else mask(one.kind, chinese)


def _row(document: Document, one: Found, offsets: OffsetMap, tools: Tools) -> dict[str, Any]:
    start, end = offsets.from_source(one.start), offsets.from_source(one.end)
    value_hash = keyed_hash(tools.key, one.kind, document.text[one.start : one.end]) if tools.secret else ""
    # A word that may stay under the bound of hits is masked; the account says what was done.
    action = "mask" if one.action == "drop" else one.action
    return dict(zip(FINDINGS.names, (document.doc_id, one.kind, start, end, action, value_hash), strict=True))


def _moved(block: Block, offsets: OffsetMap) -> Block | None:
    start, end = offsets.from_source(block.start), offsets.from_source(block.end)
    return replace(block, start=start, end=end) if end > start else None


def _counted(doc_id: str, found: list[Found], in_title: list[Finding], tools: Tools) -> list[tuple[str, str, int]]:
    counts: dict[str, int] = {}
    kinds = [one.kind for one in found if one.action != "keep"]
    kinds += [finding.kind for finding in in_title if tools.actions[finding.kind] != "keep"]
    for kind in kinds:
        counts[kind] = counts.get(kind, 0) + 1
    return [(doc_id, kind, count) for kind, count in sorted(counts.items())]
