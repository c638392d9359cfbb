"""Use a trained head: what it says of each row of a file, one JSON object for each row, in order."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from danlu.text.records import Reject
from danlu.train.heads.classify import text_logits
from danlu.train.heads.classify_data import read_labelled
from danlu.train.heads.classify_dataset import window_rows
from danlu.train.heads.framing import Framing
from danlu.train.heads.metrics_classes import sigmoid, softmax
from danlu.train.heads.model import head_facts, load_head
from danlu.train.heads.span import answers_of
from danlu.train.heads.span import frame as frame_question
from danlu.train.heads.span_data import read_asked
from danlu.train.heads.tag import frame as frame_tagged
from danlu.train.heads.tag import said_entities
from danlu.train.heads.tag_data import read_tagged

_AT_ONCE = 64
"""Rows that are read into memory as tokens together."""
_MICRO_BATCH_TOKENS = 2048

Said = dict[str, Any]
TASKS = ("classify", "tag", "span")


def apply(folder: Path, data: Path, threads: int) -> Iterator[Said]:
    """What the head in `folder` says of the rows of `data`, which need no labels. Long texts are treated as in training.

    Raises UserError for a folder without a head and for the first line that is wrong, before anything is said.
    """
    task = head_facts(folder)["task"]
    read: dict[str, Callable[[], list[Any]]] = {
        "classify": lambda: read_labelled(data, (), None, is_labelled=False)[0],
        "tag": lambda: read_tagged(data, (), is_labelled=False),
        "span": lambda: read_asked(data, is_labelled=False),
    }
    rows = read[task]()
    model, facts = load_head(folder, threads=threads)
    framing = Framing.load(folder, facts["sequence_tokens"])
    say = {"classify": _classes, "tag": _entities, "span": _answers}[task]
    for start in range(0, len(rows), _AT_ONCE):
        yield from say(model, facts, framing, rows[start : start + _AT_ONCE])


def _classes(model: Any, facts: Said, framing: Framing, texts: Sequence[Any]) -> Iterator[Said]:
    pieces = framing.pieces([text.text for text in texts])
    is_left_out = [(len(p.ids) > framing.room and facts["long_texts"] == "reject") or not p.ids for p in pieces]
    rows = [
        window_rows(piece.ids, framing, facts["long_texts"])
        for piece, left_out in zip(pieces, is_left_out, strict=True)
        if not left_out
    ]
    logits_NL = (
        text_logits(_outputs(model, framing, rows), [len(of_text) for of_text in rows]) if rows else np.zeros((0, 1))
    )
    chances = iter((sigmoid if facts["is_multi_label"] else softmax)(logits_NL / facts["temperature"]).tolist())
    for piece, left_out in zip(pieces, is_left_out, strict=True):
        if left_out:
            yield {"rejected": "too long" if piece.ids else "no tokens"}
            continue
        chance = dict(zip(facts["labels"], next(chances), strict=True))
        if facts["is_multi_label"]:
            yield {
                "labels": [label for label, share in chance.items() if share > 0.5],
                "probabilities": {label: round(share, 6) for label, share in chance.items()},
            }
        else:
            best = max(chance, key=lambda label: chance[label])
            yield {"label": best, "probability": round(chance[best], 6)}


def _entities(model: Any, facts: Said, framing: Framing, texts: Sequence[Any]) -> Iterator[Said]:
    framed = [
        frame_tagged(text, pieces, facts["labels"], facts["long_texts"], facts["overlap_tokens"], framing)
        for text, pieces in zip(texts, framing.pieces([text.text for text in texts]), strict=True)
    ]
    kept = [one for one in framed if not isinstance(one, Reject)]
    said = iter(said_entities(kept, _outputs(model, framing, [one.rows for one in kept]), facts["labels"], framing))
    for text, one in zip(texts, framed, strict=True):
        if isinstance(one, Reject):
            yield {"rejected": one.rule}
            continue
        entities = [
            {"start": start, "end": end, "label": label, "text": text.text[start:end]}
            for start, end, label in next(said)
        ]
        yield {"text": text.text, "entities": entities}


def _answers(model: Any, facts: Said, framing: Framing, asked: Sequence[Any]) -> Iterator[Said]:
    framed = [
        frame_question(one, question, context, facts["long_texts"], facts["overlap_tokens"], framing)
        for one, question, context in zip(
            asked,
            framing.pieces([one.question for one in asked]),
            framing.pieces([one.context for one in asked]),
            strict=True,
        )
    ]
    kept = [one for one in framed if not isinstance(one, Reject)]
    outputs = _outputs(model, framing, [one.rows for one in kept])
    said = iter(answers_of(kept, outputs, framing, facts["max_answer_tokens"], may_refuse=facts["may_refuse"]))
    for question, one in zip(asked, framed, strict=True):
        if isinstance(one, Reject):
            yield {"rejected": one.rule}
            continue
        answer = next(said)
        text = question.context[answer.start : answer.end]
        yield {"answer": text, "start": answer.start, "end": answer.end, "score": round(answer.score, 4)}


def _outputs(model: Any, framing: Framing, rows: Sequence[Sequence[Any]]) -> list[Any]:
    from danlu.train.heads.training import outputs_of

    return outputs_of(model, [row for of_text in rows for row in of_text], framing.pad_id, _MICRO_BATCH_TOKENS)
