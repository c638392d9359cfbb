"""Answers that stand in a context: the model points at the first and the last token (Devlin et al. 2019, sections 4.2 and 4.3).

Question and context go through the encoder together; a context that is too long in windows that overlap. A window without
the answer points at its first token, as does a question that the context does not answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from danlu.core.stages import Work
from danlu.loop.label_batch import LabelledRow
from danlu.text.records import Reject
from danlu.train.heads.config import HeadConfig, HeadInputs
from danlu.train.heads.framing import Framing, Pieces
from danlu.train.heads.metrics_answers import answer_scores
from danlu.train.heads.parting import parted
from danlu.train.heads.span_data import Asked, read_asked

if TYPE_CHECKING:
    from danlu.train.heads.windowed import Dataset

_LEAST_ROOM = 16
"""Tokens of context that must fit beside a question."""
_BEST = 20
"""Likeliest starts and ends that are paired, as in the code of Devlin et al."""


class SpanConfig(HeadConfig):
    """What shapes a reader of answers."""

    long_texts: Literal["window", "reject"] = "window"
    """What becomes of contexts that do not fit with their question."""
    overlap_tokens: Annotated[int, Field(ge=0)] = 64
    """Tokens that two windows share, so that an answer on a border stands whole in one of them."""
    max_answer_tokens: Annotated[int, Field(ge=1)] = 30
    """Longer answers are not given, as in the code of Devlin et al."""


@dataclass(frozen=True)
class Answer:
    """What is said: half-open code points of the context; empty where it does not answer."""

    start: int
    end: int
    score: float
    """Sum of two logits, less those of no answer."""


@dataclass(frozen=True)
class Framed:
    """A question's windows."""

    asked: Asked
    question_tokens: int
    pieces: Pieces
    cuts: tuple[tuple[int, int], ...]
    """Tokens of the context in each window."""
    rows: tuple[LabelledRow, ...]


def train_reader(inputs: HeadInputs, config: SpanConfig, work: Work) -> tuple["Dataset[Framed]", dict[str, Any]]:
    """Train, write the checkpoint with `head.json` and `report.json` into `work.folder`, and return the data and the report.

    Killed at any moment and called again with the same `work.scratch`, it ends with the same bytes. All figures are of the
    model as read back from disk. Raises UserError for data that cannot be learnt from.
    """
    import torch

    from danlu.loop.head_learners import SpanLearner
    from danlu.train.heads.model import load_base
    from danlu.train.heads.windowed import Judging, train_windows

    config.check()
    torch.set_num_threads(work.threads)
    framing = Framing.load(inputs.base, config.sequence_tokens)
    dataset = prepare(inputs, config, framing, work.seed)
    may_refuse = any(not dataset.texts[at].asked.answers for at in dataset.sides.train)
    model = load_base(inputs.base, "span", [], is_multi_label=False, pad_id=framing.pad_id, seed=work.seed)

    def figures(outputs: list[NDArray[np.float64]], side: Sequence[int]) -> dict[str, Any]:
        texts = [dataset.texts[at] for at in side]
        said = answers_of(texts, outputs, framing, config.max_answer_tokens, may_refuse=may_refuse)
        spoken = [framed.asked.context[one.start : one.end] for framed, one in zip(texts, said, strict=True)]
        return answer_scores([[text for _, text in framed.asked.answers] for framed in texts], spoken)

    judging = Judging(head_facts(framing, config, may_refuse), figures, lambda found: float(found["f1"]))
    return dataset, train_windows(SpanLearner(model), model, dataset, judging, inputs, config, framing, work)


def prepare(inputs: HeadInputs, config: SpanConfig, framing: Framing, seed: int) -> "Dataset[Framed]":
    """Read, check, frame and part the rows: all questions about one context stand on one side."""
    from danlu.train.heads.windowed import Dataset

    own_rows, apart = read_asked(inputs.data), read_asked(inputs.held_out) if inputs.held_out else []
    given = [*own_rows, *apart]
    questions = framing.pieces([asked.question for asked in given])
    contexts = framing.pieces([asked.context for asked in given])
    framed = [
        frame(asked, question, context, config.long_texts, config.overlap_tokens, framing)
        for asked, question, context in zip(given, questions, contexts, strict=True)
    ]
    bodies, where = [asked.context for asked in given], [asked.where for asked in given]
    found = parted(framed, bodies, where, [bool(asked.answers) for asked in given], len(own_rows), config, seed)
    return Dataset(found.rows, found.sides, found.rejects, len(given))


def frame(
    asked: Asked, question: Pieces, context: Pieces, long_texts: str, overlap: int, framing: Framing
) -> Framed | Reject:
    """A question's windows with the places of its first answer, or why there are none."""
    room = framing.room_beside(len(question.ids))
    if not context.ids or not question.ids:
        return Reject("", asked.where, "no tokens", "0", "1")
    if room < min(_LEAST_ROOM, len(context.ids)):
        return Reject("", asked.where, "question too long", str(len(question.ids)), str(framing.max_tokens))
    if len(context.ids) > room and long_texts == "reject":
        return Reject("", asked.where, "too long", str(len(context.ids)), str(room))
    place = _place(asked, context)
    if asked.answers and place is None:
        return Reject("", asked.where, "answer has no tokens", asked.answers[0][1], "")
    first = framing.second_start(len(question.ids))
    cuts, rows = _overlapping(len(context.ids), room, overlap), []
    for start, end in cuts:
        ids, types = framing.two(question.ids, context.ids[start:end])
        is_here = place is not None and start <= place[0] and place[1] < end
        labels = (first + place[0] - start, first + place[1] - start) if place and is_here else (0, 0)
        rows.append(LabelledRow(ids, types, labels))
    return Framed(asked, len(question.ids), context, tuple(cuts), tuple(rows))


def answers_of(
    texts: Sequence[Framed], outputs: Sequence[NDArray[np.float64]], framing: Framing, max_answer_tokens: int, *,
    may_refuse: bool,
) -> list[Answer]:  # fmt: skip
    """The best span over the windows of each question, or none where no answer is likelier in every window."""
    found, at = [], 0
    for framed in texts:
        first = framing.second_start(framed.question_tokens)
        best, no_answer = Answer(0, 0, float("-inf")), float("inf")
        for (start, end), logits in zip(framed.cuts, outputs[at : at + len(framed.cuts)], strict=True):
            no_answer = min(no_answer, float(logits[0, 0] + logits[1, 0]))
            inside = logits[:, first : first + end - start]
            left, right, score = _best_pair(inside, max_answer_tokens)
            if score > best.score:
                best = Answer(framed.pieces.spans[start + left][0], framed.pieces.spans[start + right][1], score)
        at += len(framed.cuts)
        is_refused = may_refuse and no_answer > best.score
        found.append(Answer(0 if is_refused else best.start, 0 if is_refused else best.end, best.score - no_answer))
    return found


def _best_pair(logits_2T: NDArray[np.float64], max_answer_tokens: int) -> tuple[int, int, float]:
    """The likeliest start and end in order; the likeliest start alone where none of the pairs is in order."""
    starts, ends = (np.argsort(-of_end, kind="stable")[:_BEST].tolist() for of_end in logits_2T)
    pairs = [
        (float(logits_2T[0, start] + logits_2T[1, end]), start, end)
        for start in starts
        for end in ends
        if start <= end < start + max_answer_tokens
    ] or [(float(logits_2T[0, starts[0]] + logits_2T[1, starts[0]]), starts[0], starts[0])]
    score, start, end = max(pairs, key=lambda pair: (pair[0], -pair[1], -pair[2]))
    return start, end, score


def _place(asked: Asked, context: Pieces) -> tuple[int, int] | None:
    """First and last token of the first answer."""
    if not asked.answers:
        return None
    start, text = asked.answers[0]
    inside = [at for at, (first, last) in enumerate(context.spans) if first < start + len(text) and last > start]
    return (inside[0], inside[-1]) if inside else None


def _overlapping(count: int, room: int, overlap: int) -> list[tuple[int, int]]:
    """Windows that share `overlap` tokens, fewer where the room is small."""
    step = room - min(overlap, room // 2)
    last = max(count - room, 0)
    return [(start, min(start + room, count)) for start in (*range(0, last, step), last)]


def head_facts(framing: Framing, config: SpanConfig, may_refuse: bool) -> dict[str, Any]:
    """For `head.json`."""
    return {
        "task": "span",
        "sequence_tokens": framing.max_tokens,
        "long_texts": config.long_texts,
        "overlap_tokens": config.overlap_tokens,
        "max_answer_tokens": config.max_answer_tokens,
        "may_refuse": may_refuse,
    }
