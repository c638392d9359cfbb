"""Whether a model may answer in its own words: measured on held-out questions, with every sentence held against what it cites.

The bar follows from how much the check lets through. Of minimally corrupted sentences that it had never seen it kept one in twenty
(benchmarks/retrieve_grounding.py; the upper end of the 95 % interval is one in twelve). A model of whose sentences a share u is
unsupported would have at most u / 12 of all its sentences shown wrongly; to keep that under one in a hundred of those that are
shown, u must be under a tenth. So nine tenths must be supported before anything is dropped, at the lower end of the interval: a
model that was asked too few questions does not pass by luck (35 sentences without a fault are the fewest). And something must be left
of four answers in five: of the others the user has waited for a text that nobody sees, and gets the quotes.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from danlu.core.answers import Grounded
from danlu.core.artifacts import Checkpoint, Index
from danlu.core.retrieval import Retrieval
from danlu.core.stages import Work
from danlu.core.writing import Written
from danlu.engines.batch import generate_batch
from danlu.model.chat import ChatFormat
from danlu.model.loading import read_model_facts
from danlu.text.statistics import wilson_interval

SUPPORTED_AT_LEAST = 0.9
ANSWERED_AT_LEAST = 0.8


def measure_written(
    retrieval: Retrieval, index: Index, model: Checkpoint, asked: Sequence[str], most: int, max_tokens: int, work: Work
) -> dict[str, Any]:
    """Figures of one model and whether it passes, on the first `most` questions that quoting answers; empty where there are none."""
    quoted: list[Grounded] = retrieval.answers(index, asked[: 4 * most])
    questions = [question for question, given in zip(asked, quoted, strict=False) if not given.refused][:most]
    if not questions:
        return {}
    said, cut = _written_by(model, retrieval.writing_prompts(index, questions), max_tokens, work)
    written = retrieval.held_against_passages(index, questions, said)
    return verdict(written) | {"prompts_too_long": cut, "most_tokens": max_tokens}


def _written_by(model: Checkpoint, conversations: Sequence[Any], max_tokens: int, work: Work) -> tuple[list[str], int]:
    """What the model says to each; nothing to a prompt that it cannot read whole, and how many those were."""
    chat = ChatFormat.load(model.path)
    stop_ids = frozenset(chat.stop_ids)
    room = read_model_facts(model.path).context_tokens - max_tokens
    prompts = [chat.prompt_ids(messages) for messages in conversations]
    fitting = [at for at, prompt in enumerate(prompts) if len(prompt) <= room]
    ids = generate_batch(
        model.path, [prompts[at] for at in fitting], max_tokens, stop_ids, work.threads, work.progress
    ) if fitting else []  # fmt: skip
    said = dict(zip(fitting, (chat.decode([id for id in row if id not in stop_ids]) for row in ids), strict=True))
    return [said.get(at, "") for at in range(len(prompts))], len(prompts) - len(fitting)


def verdict(written: Sequence[Written]) -> dict[str, Any]:
    """The share of sentences that were supported before dropping, the answers left, and whether both reach the bar."""
    sentences = sum(one.sentences for one in written)
    supported = sum(one.supported for one in written)
    left = sum(one.grounded is not None for one in written)
    supported_low = wilson_interval(supported, sentences)[0]
    dropped: Counter[str] = Counter()
    for one in written:
        dropped.update(one.dropped)
    return {
        "questions": len(written),
        "answers_left": left,
        "sentences": sentences,
        "supported": supported,
        "supported_low": round(supported_low, 4),
        "dropped": dict(sorted(dropped.items())),
        "passed": supported_low >= SUPPORTED_AT_LEAST and left >= ANSWERED_AT_LEAST * len(written),
    }
