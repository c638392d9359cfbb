"""Questions and answers by a model, from one passage at a time, in the passage's language.

The model is asked for a question and a verbatim quote. What it gives as a quote is looked up in the passage, white space folded;
what stands there is the answer. Then the model is given the question and the passage without being told the quote, and must find
it again (round trip: Alberti et al. 2019, arXiv:1906.05416): a question that its own passage does not answer is rejected.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from danlu.data.synthesize.completes import Completes, Completion, read_object
from danlu.data.synthesize.pairs import Pair, Rejected, find_quote, quoted
from danlu.text.records import Document
from danlu.text.segment import terms

VERSION = 1

PAIRS: Mapping[str, Any] = {
    "type": "object", "additionalProperties": False, "required": ["pairs"],
    "properties": {"pairs": {"type": "array", "maxItems": 8, "items": {
        "type": "object", "additionalProperties": False, "required": ["question", "quote"],
        "properties": {"question": {"type": "string"}, "quote": {"type": "string"}},
    }}},
}  # fmt: skip
FOUND: Mapping[str, Any] = {
    "type": "object", "additionalProperties": False, "required": ["quote"], "properties": {"quote": {"type": "string"}},
}  # fmt: skip

_ASK = {
    "en": "Read the passage. Write {count} questions that a reader would ask and that the passage answers. For each, copy the"
    " answer word for word from the passage. A question must make sense without the passage: name what it is about. Reply with"
    ' JSON: {{"pairs": [{{"question": "...", "quote": "..."}}]}}\n\nTitle: {title}\n\nPassage:\n{passage}',
    "zh": "请阅读下面的段落，写出读者会问、且段落能够回答的 {count} 个问题。每个问题的答案须从段落中逐字摘抄。问题要写明所问的对象，"
    '不看段落也能读懂。只回复 JSON：{{"pairs": [{{"question": "……", "quote": "……"}}]}}\n\n标题：{title}\n\n段落：\n{passage}',
}
_FIND = {
    "en": "Answer the question by copying the shortest piece of the passage that answers it, word for word; copy nothing when the"
    ' passage does not answer it. Reply with JSON: {{"quote": "..."}}\n\nPassage:\n{passage}\n\nQuestion: {question}',
    "zh": "请从段落中逐字摘抄能回答问题的最短文字；段落没有回答时留空。"
    '只回复 JSON：{{"quote": "……"}}\n\n段落：\n{passage}\n\n问题：{question}',
}


def ask(
    model: Completes, document: Document, start: int, end: int, count: int, max_tokens: int
) -> tuple[Completion, list[Pair | Rejected]]:
    """What the model makes of one passage, before it is checked further."""
    values = {"count": count, "title": document.title or document.source, "passage": document.text[start:end]}
    prompt = _ASK["zh" if document.language == "zh" else "en"].format(**values)
    reply = model.complete([{"role": "user", "content": prompt}], PAIRS, max_tokens)
    return reply, list(_pairs(reply.text, model.name, document, start, end))


def _pairs(reply: str, name: str, document: Document, start: int, end: int) -> Iterator[Pair | Rejected]:
    pairs = read_object(reply).get("pairs")
    if not isinstance(pairs, list) or not pairs:
        yield Rejected("reply without pairs", quoted(reply), "JSON with pairs", "question")
        return
    for pair in pairs:
        question, quote = (
            (str(pair.get(key, "")).strip() for key in ("question", "quote")) if isinstance(pair, dict) else ("", "")
        )
        span = find_quote(document.text, quote, start, end)
        if span is None:
            yield Rejected("answer not in the document", quoted(quote), "verbatim at its offsets", "question")
        else:
            yield Pair("question", question, document.text[slice(*span)], *span, by=name, passage=(start, end))


def found_again(model: Completes, document: Document, pair: Pair, max_tokens: int) -> tuple[Completion, float]:
    """The share of the answer's words (F1) in what the model finds when it is given only the question and the passage."""
    start, end = pair.passage or (pair.start, pair.end)
    prompt = _FIND["zh" if document.language == "zh" else "en"].format(
        passage=document.text[start:end], question=pair.question
    )
    reply = model.complete([{"role": "user", "content": prompt}], FOUND, max_tokens)
    span = find_quote(document.text, str(read_object(reply.text).get("quote", "")), start, end)
    return reply, overlap(pair.answer, document.text[slice(*span)]) if span else 0.0


def overlap(first: str, second: str) -> float:
    """F1 of the sets of content words of two texts; for two without any, whether they are equal."""
    one, other = set(terms(first)), set(terms(second))
    if not one or not other:
        return float("".join(first.split()) == "".join(second.split()))
    return 2 * len(one & other) / (len(one) + len(other))
