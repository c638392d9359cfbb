"""Compare ways to answer on the same held-out questions: by quoting, by the base model, by the tuned model.

What a model says from memory has no citation, so it is no answer for users here; the comparison shows what that costs or
saves. Overlap is the F1 of terms with the section's own first sentences, as in SQuAD (Rajpurkar et al. 2016).
"""

from collections import Counter
from typing import Any

from danlu.core.artifacts import Chats, Checkpoint, Index
from danlu.core.retrieval import Retrieval
from danlu.core.stages import Work
from danlu.engines.batch import generate_batch
from danlu.model.chat import ChatFormat
from danlu.model.chats import read_chats
from danlu.text.segment import terms


def compare_routes(
    retrieval: Retrieval,
    index: Index,
    models: dict[str, Checkpoint],
    chats: Chats,
    questions: int,
    max_tokens: int,
    work: Work,
) -> dict[str, Any]:
    """Mean overlap with the reference and the share of cited answers, by route; empty without models or held-out pairs."""
    if not models or not questions or not chats.held_out.read_text(encoding="utf-8").strip():
        return {}
    rows = read_chats(chats.held_out)[:questions]
    asked = [row.messages[-2]["content"] for row in rows]
    references = [row.messages[-1]["content"] for row in rows]
    quoted = retrieval.answers(index, asked)
    table = {"quotes": _figures([answer.text for answer in quoted], references, [bool(a.citations) for a in quoted])}
    for name, model in models.items():
        said = _generate(model, [list(row.messages[:-1]) for row in rows], max_tokens, work)
        table[name] = _figures(said, references, [False] * len(said))
    return table


def _generate(model: Checkpoint, conversations: list[list[Any]], max_tokens: int, work: Work) -> list[str]:
    chat = ChatFormat.load(model.path)
    stop_ids = frozenset(chat.stop_ids)
    prompts = [chat.prompt_ids(messages) for messages in conversations]
    continued = generate_batch(model.path, prompts, max_tokens, stop_ids, work.threads, work.progress)
    return [chat.decode([id for id in ids if id not in stop_ids]) for ids in continued]


def _figures(said: list[str], references: list[str], cited: list[bool]) -> dict[str, Any]:
    overlaps = [overlap(answer, reference) for answer, reference in zip(said, references, strict=True)]
    return {
        "questions": len(said),
        "overlap_f1": round(sum(overlaps) / len(overlaps), 4),
        "cited": round(sum(cited) / len(cited), 4),
    }


def overlap(answer: str, reference: str) -> float:
    """F1 of the two bags of terms, 0 to 1."""
    said, wanted = Counter(terms(answer)), Counter(terms(reference))
    common = sum((said & wanted).values())
    return 2 * common / (sum(said.values()) + sum(wanted.values())) if common else 0.0
