"""Instructions with their replies, made from passages: a title, a list of what stands in it; by a model also a summary, another
wording, a class (Self-Instruct: Wang et al. 2022, arXiv:2212.10560; here every reply rests on a passage that is recorded).

A summary that is as long as its passage, or that holds a number which the passage lacks, is rejected; so is a rewriting that lost a
number or a name, and a class without a verbatim ground for it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from danlu.data.augment.protected import fact_spans
from danlu.data.synthesize.completes import Completes, Completion, read_object
from danlu.data.synthesize.pairs import Pair, Rejected, find_quote, quoted
from danlu.text.language import is_chinese
from danlu.text.records import Document
from danlu.text.sections import sections
from danlu.text.segment import fold, terms

VERSION = 2
BY_RULES = ("title", "extract")
BY_MODEL = ("summarise", "rewrite", "classify")

_NUMBER = re.compile(r"\d[\d.,:/-]*\d|\d")
_DIGITS = r"\d+(?:[.,]\d+)*%?"
_ALONE = re.compile(
    rf"(?:(?m:^)|(?<=[\t|])|(?<=\| ))[(（][$¥￥€£]?{_DIGITS}[)）](?=\s|$)"
    rf"|(?<![A-Za-z0-9_./−－-])(?:(?<![)）%])[-−－])?{_DIGITS}(?![A-Za-z0-9_/−－-])"
)
"""A number with its sign, that is no part of a name, a path or a version of something; in a cell of its own, (0.5) is less than nothing."""
_ADDRESS = re.compile(r"(?:https?|ftp)://[^\s<>，。；）)]+[^\s<>，。；）).,]")
_ORDERS = {
    "title": ("Give this text a short heading:\n\n{passage}", "请为下面的文字拟一个简短的标题：\n\n{passage}"),
    "extract": ("List every number in this text, one per line:\n\n{passage}", "列出下面文字中的所有数字，每行一个：\n\n{passage}"),
    "addresses": ("List every web address in this text, one per line:\n\n{passage}", "列出下面文字中的所有网址，每行一个：\n\n{passage}"),
    "summarise": ("Summarise this text in one or two sentences:\n\n{passage}", "用一两句话概括下面的文字：\n\n{passage}"),
    "rewrite": ("Say this in other words:\n\n{passage}", "换一种说法表达下面的内容：\n\n{passage}"),
    "classify": ("Which of these is the text: {labels}?\n\n{passage}", "下面的文字属于哪一类：{labels}？\n\n{passage}"),
}  # fmt: skip
_JSON = {"en": '\n\nReply with JSON: {{"{key}": "..."}}', "zh": '\n\n只回复 JSON：{{"{key}": "……"}}'}
_GROUND = {
    "en": ' and in "quote" the words of the text that show it, word for word.',
    "zh": '，并在 "quote" 中逐字摘抄依据。',
}


def order(kind: str, language: str, **values: str) -> str:
    """The instruction, as a user gives it, in the document's language."""
    return _ORDERS[kind][language == "zh"].format(**values)


def instructions_from_rules(document: Document, kinds: tuple[str, ...], characters: int) -> Iterator[Pair]:
    """A section's heading as the title of its text; its numbers and addresses as what is to be listed."""
    if document.language not in ("zh", "en"):
        return
    for section in sections(document):
        start, end = section.blocks[0].start, section.blocks[-1].end
        passage = document.text[start:end]
        if not 60 <= len(passage) <= characters:
            continue
        if "title" in kinds and len(set(terms(section.heading))) >= 2 and fold(section.heading) not in fold(passage):
            yield _made("title", document, passage, section.heading, start, end)
        if "extract" in kinds:
            for kind, form in (("extract", _ALONE), ("addresses", _ADDRESS)):
                found = list(dict.fromkeys(match.group() for match in form.finditer(passage)))
                if len(found) >= 2:
                    yield _made(kind, document, passage, "\n".join(found), start, end)


def _made(
    kind: str, document: Document, passage: str, answer: str, start: int, end: int, by: str = "rules", **values: str
) -> Pair:
    question = order(kind, document.language, passage=passage, **values)
    return Pair("extract" if kind == "addresses" else kind, question, answer, start, end, verbatim=False, by=by)


def instruct(
    model: Completes, document: Document, start: int, end: int, kind: str, labels: tuple[str, ...], max_tokens: int
) -> tuple[Completion, Pair | Rejected]:
    """What the model makes of one passage for one kind of instruction, checked against the passage."""
    language, passage = "zh" if document.language == "zh" else "en", document.text[start:end]
    values = {"labels": ("、" if language == "zh" else ", ").join(labels)} if kind == "classify" else {}
    asked = order(kind, language, passage=passage, **values) + _JSON[language].format(key="reply")
    asked += _GROUND[language] if kind == "classify" else ""
    keys = ("reply", "quote") if kind == "classify" else ("reply",)
    reply = model.complete(
        [{"role": "user", "content": asked}], _schema(keys, labels if kind == "classify" else ()), max_tokens
    )
    said = {key: str(read_object(reply.text).get(key, "")).strip() for key in keys}
    fault = _fault(kind, passage, said, labels)
    if fault:
        return reply, Rejected(*fault, kind)
    return reply, _made(kind, document, passage, said["reply"], start, end, by=model.name, **values)


def _schema(keys: tuple[str, ...], labels: tuple[str, ...]) -> Mapping[str, Any]:
    fields: dict[str, Any] = {key: {"type": "string"} for key in keys}
    if labels:
        fields["reply"] = {"type": "string", "enum": list(labels)}
    return {"type": "object", "additionalProperties": False, "required": list(keys), "properties": fields}


def _fault(kind: str, passage: str, said: Mapping[str, str], labels: tuple[str, ...]) -> tuple[str, str, str] | None:
    """Why a reply is not kept: rule, what was found, bound."""
    reply = said["reply"]
    if not reply:
        return "reply without text", "0 characters", "1 character"
    if kind == "classify":
        if reply not in labels:
            return "unknown label", quoted(reply), ", ".join(labels)
        grounded = find_quote(passage, said["quote"], 0, len(passage))
        return None if grounded else ("label without ground", quoted(said["quote"]), "a verbatim quote")
    if is_chinese(reply) != is_chinese(passage):
        return "reply in another language", quoted(reply), "the passage's language"
    strange = set(_NUMBER.findall(reply)) - set(_NUMBER.findall(passage))
    if strange:
        return "number not in the passage", ", ".join(sorted(strange)), "numbers of the passage"
    if kind == "summarise":
        return (
            None
            if len(reply) * 2 <= len(passage)
            else ("summary too long", f"{len(reply)} characters", f"{len(passage) // 2}")
        )
    lost = [passage[a:b] for a, b in fact_spans(passage) if passage[a:b] not in reply]
    if lost:
        return "rewriting lost a fact", quoted(lost[0]), "every number, name and address"
    return ("rewriting says the same words", "0 changes", "1 change") if fold(reply) == fold(passage) else None
