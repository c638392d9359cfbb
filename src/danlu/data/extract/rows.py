"""A row of a data set as a document: which of its fields is the text, and what the others say.

The text is the field named in `extract.text_column`, else the first of the usual names that holds text; a conversation
(`messages`, `conversations`) and an instruction with its answer are written out as `role: text`. Remarks (`review`, `comment`,
`评论`) come last: beside a text they are remarks on it, alone they are the text. The text itself is kept as it is. Title, language
and licence become those of the document; every other field goes into its meta.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from danlu.data.extract.blocks import BlockWriter, Extracted, Unreadable
from danlu.data.extract.config import ExtractConfig
from danlu.data.extract.items import Record, Refused
from danlu.data.extract.plain import paragraphs
from danlu.data.programming import PROGRAMMING_LANGUAGES

TEXT_NAMES = (
    "text", "content", "body", "document", "raw_content", "article", "passage", "markdown", "正文", "内容", "文本", "全文",
)  # fmt: skip
_CONVERSATIONS = ("messages", "conversations", "conversation", "dialogue")
_PAIRS = (("instruction", "input", "output"), ("prompt", "response"), ("prompt", "completion"), ("question", "answer"))
_REMARKS = (
    "review", "review_text", "reviewtext", "review_body", "review_content", "comment", "comment_text", "comment_body", "comments",
    "post", "sentence", "评论", "评论内容", "评价", "评价内容", "点评", "留言", "反馈", "文章", "句子",
)  # fmt: skip
_TITLES = ("title", "标题", "headline", "subject")
_LICENCES = ("licence", "license", "许可")
_LANGUAGES = ("language", "lang", "语言")
_PROGRAMMING = {name.lower() for name in PROGRAMMING_LANGUAGES.values()}
"""Rows of code call theirs `language` too: it is none that the text is written in, and stays in meta."""
_IDS = ("id", "doc_id", "uuid", "编号")
_MAX_META_LENGTH = 65536
"""Characters of one row: longer fields (embeddings, pictures in base64) are data beside the text and are left out, and counted."""


def record_of(row: Any, source: str, config: ExtractConfig) -> Record | Refused:
    """The document in a row, or why there is none."""
    try:
        return _record(row, source, config)
    except Unreadable as reason:
        return Refused(source, reason)


def _record(row: Any, source: str, config: ExtractConfig) -> Record:
    if isinstance(row, str) and not config.text_column:
        return Record(source, paragraphs(row, "lines"))
    if not isinstance(row, Mapping):
        raise Unreadable("no text column", f"a {type(row).__name__} and no object", "an object with a text field")
    found, used = _text(row, config)
    size = len(found.text.encode("utf-8", "replace"))
    if size > config.max_text_bytes:
        raise Unreadable("too large", f"{size} bytes of text in one row", "extract.max_text_bytes")
    names = {name.lower(): name for name in row}
    told = [_named(row, names, wanted) for wanted in (_TITLES, _LANGUAGES, _LICENCES)]
    if told[1][1].strip().lower() in _PROGRAMMING:
        told[1] = ("", "")
    (title, language, licence), own_id = (value for _, value in told), _named(row, names, _IDS)[1]
    meta, left_out = _meta(row, [*used, *(name for name, _ in told)])
    edits = found.edits + ((("long fields left out", left_out),) if left_out else ())
    extracted = Extracted(_whole(found.text), found.blocks, title, edits, meta, language)
    return Record(source, extracted, licence, own_id)


def _whole(text: str) -> str:
    """JSON can hold half of a surrogate pair, and UTF-8 cannot: it becomes a replacement character."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def text_column_of(names: Sequence[str], config: ExtractConfig) -> str:
    """The name of the text column among these columns; empty when there is none."""
    if config.text_column:
        return config.text_column if config.text_column in names else ""
    lower = {name.strip().lower(): name for name in names}
    return next((lower[name] for name in (*TEXT_NAMES, *_REMARKS) if name in lower), "")


def _text(row: Mapping[str, Any], config: ExtractConfig) -> tuple[Extracted, Sequence[str]]:
    """The text and the names of the fields that it was made of."""
    if config.text_column:
        return _set_column(row, config.text_column)
    lower = {name.strip().lower(): name for name in row if isinstance(name, str)}
    found = _plain(row, lower, TEXT_NAMES) or _spoken(row, lower) or _plain(row, lower, _REMARKS)
    if found:
        return found
    known = (*TEXT_NAMES, *_CONVERSATIONS, *(name for pair in _PAIRS for name in (pair[0], pair[-1])), *_REMARKS)
    empty = [lower[name] for name in known if name in lower and _is_empty(row[lower[name]])]
    if empty:
        raise Unreadable("empty text", f"nothing in {', '.join(empty)}", "1 letter")
    raise Unreadable("no text column", f"fields: {_names(row)}", "a field named text, or extract.text_column")


def _set_column(row: Mapping[str, Any], column: str) -> tuple[Extracted, Sequence[str]]:
    value = row.get(column)
    if column in row and _is_empty(value):
        raise Unreadable("empty text", f"nothing in {column}", "1 letter")
    if isinstance(value, str):
        return paragraphs(value, "lines"), [column]
    turns = list(_turns(value))
    if turns:
        return _conversation(turns), [column]
    raise Unreadable("no text column", f"fields: {_names(row)}", f"text in {column}")


def _plain(
    row: Mapping[str, Any], lower: Mapping[str, str], wanted: Sequence[str]
) -> tuple[Extracted, Sequence[str]] | None:
    """The first of these fields that holds text."""
    for name in (lower[name] for name in wanted if name in lower):
        if isinstance(row[name], str) and row[name].strip():
            return paragraphs(row[name], "lines"), [name]
    return None


def _spoken(row: Mapping[str, Any], lower: Mapping[str, str]) -> tuple[Extracted, Sequence[str]] | None:
    """A conversation, or an instruction with its answer."""
    for name in (lower[wanted] for wanted in _CONVERSATIONS if wanted in lower):
        turns = list(_turns(row[name]))
        if turns:
            return _conversation(turns), [name]
    for pair in _PAIRS:
        ends = [row[lower[name]] for name in (pair[0], pair[-1]) if name in lower]
        if len(ends) == 2 and all(isinstance(value, str) for value in ends) and any(map(str.strip, ends)):
            used = [lower[name] for name in pair if name in lower]
            asked = "\n\n".join(str(row[name]) for name in used[:-1] if row[name])
            return _conversation([("user", asked), ("assistant", row[used[-1]])]), used
    return None


def _is_empty(value: Any) -> bool:
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def _names(row: Mapping[str, Any]) -> str:
    return ", ".join(sorted(map(str, row)))[:200]


def _turns(value: Any) -> Iterator[tuple[str, str]]:
    """Role and text of each turn: OpenAI's role and content, ShareGPT's from and value."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return
    for turn in value if isinstance(value, list) else ():
        if isinstance(turn, Mapping):
            text = turn.get("content", turn.get("value"))
            if isinstance(text, list):
                text = "\n\n".join(str(part["text"]) for part in text if isinstance(part, Mapping) and "text" in part)
            if isinstance(text, str) and text.strip():
                yield str(turn.get("role") or turn.get("from") or "user"), text


def _conversation(turns: Sequence[tuple[str, str]]) -> Extracted:
    writer = BlockWriter()
    for role, text in turns:
        writer.add("lines", f"{role}: {text}")
    return writer.finish()


def _named(row: Mapping[str, Any], names: Mapping[str, str], wanted: Sequence[str]) -> tuple[str, str]:
    """The first of these fields that says something, and what it says; empty when none does."""
    for name in (names[lower] for lower in wanted if lower in names):
        value = row[name]
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return name, str(value)
    return "", ""


def _meta(row: Mapping[str, Any], used: Sequence[str]) -> tuple[dict[str, Any], int]:
    """The other fields, without those that are empty; and how many were too long."""
    meta: dict[str, Any] = {}
    left_out = 0
    for name, value in row.items():
        if name in used or value is None or value == "":
            continue
        if isinstance(value, bytes) or _length(value) > _MAX_META_LENGTH:
            left_out += 1
        else:
            meta[str(name)] = value
    return meta, left_out


def _length(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    return 0 if isinstance(value, int | float) else len(json.dumps(value, ensure_ascii=False, default=str))
