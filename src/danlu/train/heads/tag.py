"""A tagger of tokens on any encoder: it finds entities and says what they are.

Each token of the encoder has a tag (Devlin et al. 2019, section 5.3, tags the first of each word alone; here the others are
learnt too, so that Transformers' own pipeline reads whole entities off the tokens). Texts that are longer than the model
reads go through it in windows with context on both sides; each token is learnt and judged once, in its own window.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from danlu.core.stages import Work
from danlu.loop.label_batch import LabelledRow
from danlu.loop.token_batch import IGNORED
from danlu.text.records import Reject
from danlu.train.heads.config import HeadConfig, HeadInputs
from danlu.train.heads.framing import Framing, Pieces, Window, windows
from danlu.train.heads.metrics_entities import Entity, entities_of, entity_scores
from danlu.train.heads.parting import check_learnable, parted
from danlu.train.heads.tag_data import TaggedText, read_tagged

if TYPE_CHECKING:
    from danlu.train.heads.windowed import Dataset


class TagConfig(HeadConfig):
    """What shapes a tagger."""

    labels: tuple[str, ...] = ()
    """The kinds of entities there may be, without B- and I-; empty: those of the data."""
    long_texts: Literal["window", "reject"] = "window"
    """What becomes of texts over `sequence_tokens`. Cutting is no choice: entities behind the cut would be lost."""
    overlap_tokens: Annotated[int, Field(ge=0)] = 32
    """Context on either side of a window's own tokens, where there is any."""


@dataclass(frozen=True)
class Framed:
    """A text's windows."""

    text: TaggedText
    pieces: Pieces
    cuts: tuple[Window, ...]
    rows: tuple[LabelledRow, ...]


def train_tagger(inputs: HeadInputs, config: TagConfig, work: Work) -> tuple["Dataset[Framed]", dict[str, Any]]:
    """Train, write the checkpoint with `head.json` and `report.json` into `work.folder`, and return the data and the report.

    Killed at any moment and called again with the same `work.scratch`, it ends with the same bytes. All figures are of the
    model as read back from disk. Raises UserError for data that cannot be learnt from.
    """
    import torch

    from danlu.loop.head_learners import TagLearner
    from danlu.train.heads.model import load_base
    from danlu.train.heads.windowed import Judging, train_windows

    config.check()
    torch.set_num_threads(work.threads)
    framing = Framing.load(inputs.base, config.sequence_tokens)
    dataset, tags = prepare(inputs, config, framing, work.seed)
    model = load_base(inputs.base, "tag", list(tags), is_multi_label=False, pad_id=framing.pad_id, seed=work.seed)

    def figures(outputs: list[NDArray[np.float64]], side: Sequence[int]) -> dict[str, Any]:
        texts = [dataset.texts[at] for at in side]
        said = said_entities(texts, outputs, tags, framing)
        return {"texts": len(texts)} | entity_scores([framed.text.entities for framed in texts], said)

    judging = Judging(head_facts(tags, framing, config), figures, lambda found: float(found["micro"]["f1"]))
    return dataset, train_windows(TagLearner(model), model, dataset, judging, inputs, config, framing, work)


def prepare(
    inputs: HeadInputs, config: TagConfig, framing: Framing, seed: int
) -> tuple["Dataset[Framed]", tuple[str, ...]]:
    """Read, check, frame and part the rows; with the tags that there may be."""
    from danlu.train.heads.windowed import Dataset

    texts = read_tagged(inputs.data, config.labels)
    labels = config.labels or tuple(sorted({label for text in texts for _, _, label in text.entities}))
    apart = read_tagged(inputs.held_out, labels) if inputs.held_out else []
    given, tags = [*texts, *apart], tags_of(labels)
    framed = [
        frame(text, pieces, tags, config.long_texts, config.overlap_tokens, framing)
        for text, pieces in zip(given, framing.pieces([text.text for text in given]), strict=True)
    ]
    strata = [",".join(sorted({label for _, _, label in text.entities})) for text in given]
    found = parted(framed, [t.text for t in given], [t.where for t in given], strata, len(texts), config, seed)
    check_learnable({label for at in found.sides.train for _, _, label in found.rows[at].text.entities}, labels)
    return Dataset(found.rows, found.sides, found.rejects, len(given)), tags


def tags_of(labels: Sequence[str]) -> tuple[str, ...]:
    """BIO tags in the order of their numbers."""
    return ("O", *(f"{kind}-{label}" for label in labels for kind in "BI"))


def frame(
    text: TaggedText, pieces: Pieces, tags: Sequence[str], long_texts: str, overlap: int, framing: Framing
) -> Framed | Reject:
    """A text's windows with their tags, or why there are none."""
    if not pieces.ids:
        return Reject("", text.where, "no tokens", "0", "1")
    if len(pieces.ids) > framing.room and long_texts == "reject":
        return Reject("", text.where, "too long", str(len(pieces.ids)), str(framing.room))
    labels = [0] * len(pieces.ids)
    for start, end, label in text.entities:
        inside = [at for at, (first, last) in enumerate(pieces.spans) if first < end and last > start]
        if not inside or any(pieces.spans[at][0] < start or pieces.spans[at][1] > end for at in inside):
            # One token would have to be of the entity and not of it.
            return Reject("", text.where, "entity cuts a token", text.text[start:end], "")
        for at in inside:
            labels[at] = tags.index(f"I-{label}")
        labels[inside[0]] = tags.index(f"B-{label}")
    cuts = tuple(windows(len(pieces.ids), framing.room, overlap))
    return Framed(text, pieces, cuts, tuple(_row(pieces, labels, cut, framing) for cut in cuts))


def said_entities(
    texts: Sequence[Framed], outputs: Sequence[NDArray[np.float64]], tags: Sequence[str], framing: Framing
) -> list[list[Entity]]:
    """The entities that the model finds in each text, from the logits of all windows in order."""
    found, at = [], 0
    for framed in texts:
        numbers: list[int] = []
        for cut, logits_TL in zip(framed.cuts, outputs[at : at + len(framed.cuts)], strict=True):
            first = framing.text_start - cut.start
            numbers += logits_TL[first + cut.own_start : first + cut.own_end].argmax(axis=1).tolist()
        at += len(framed.cuts)
        spans = framed.text.words or framed.pieces.spans
        said = [tags[number] for number in numbers]
        of_units = _of_words(said, framed) if framed.text.words else said
        found.append([(spans[start][0], spans[end - 1][1], label) for start, end, label in entities_of(of_units)])
    return found


def _of_words(said: Sequence[str], framed: Framed) -> list[str]:
    """The tag of each word is that of its first token; of a word without tokens, O."""
    tags = ["O"] * len(framed.text.words)
    word = 0
    seen = -1
    for tag, (start, _) in zip(said, framed.pieces.spans, strict=True):
        while word < len(framed.text.words) and framed.text.words[word][1] <= start:
            word += 1
        if word < len(framed.text.words) and word != seen:
            tags[word], seen = tag, word
    return tags


def _row(pieces: Pieces, labels: Sequence[int], cut: Window, framing: Framing) -> LabelledRow:
    ids, types = framing.one(pieces.ids[cut.start : cut.end])
    own = [labels[at] if cut.own_start <= at < cut.own_end else IGNORED for at in range(cut.start, cut.end)]
    before = [IGNORED] * framing.text_start
    after = [IGNORED] * (len(ids) - len(before) - len(own))
    return LabelledRow(ids, types, (*before, *own, *after))


def head_facts(tags: Sequence[str], framing: Framing, config: TagConfig) -> dict[str, Any]:
    """For `head.json`."""
    return {
        "task": "tag",
        "labels": list(tags),
        "sequence_tokens": framing.max_tokens,
        "long_texts": config.long_texts,
        "overlap_tokens": config.overlap_tokens,
    }
