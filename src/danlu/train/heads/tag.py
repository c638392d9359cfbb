"""A tagger of tokens on any encoder: it finds entities and says what they are.

Each token of the encoder has a tag (Devlin et al. 2019, section 5.3, tags the first of each word alone; here the others are
learnt too, so that Transformers' own pipeline reads whole entities off the tokens). Texts that are longer than the model
reads go through it in windows with context on both sides; each token is learnt and judged once, in its own window.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from danlu.core.progress import Progress
from danlu.loop.label_batch import LabelledRow
from danlu.loop.token_batch import IGNORED
from danlu.text.records import Reject
from danlu.train.heads.config import HeadConfig
from danlu.train.heads.framing import Framing, Pieces, Window, windows
from danlu.train.heads.metrics_entities import Entity, entities_of, entity_scores
from danlu.train.heads.parting import check_learnable, parted
from danlu.train.heads.sides import Sides
from danlu.train.heads.tag_data import TaggedText, read_tagged


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


@dataclass(frozen=True)
class Dataset:
    """What is kept of the files, parted."""

    texts: tuple[Framed, ...]
    sides: Sides
    tags: tuple[str, ...]
    rejects: tuple[Reject, ...]
    input: int

    def of(self, side: Sequence[int]) -> list[LabelledRow]:
        """All windows of a side."""
        return [row for at in side for row in self.texts[at].rows]


def train_tagger(
    base: Path, data: Path, held_out: Path | None, config: TagConfig, out: Path, work: Path, seed: int, threads: int,
    progress: Progress,
) -> tuple[Dataset, dict[str, Any]]:  # fmt: skip
    """Train, write the checkpoint with `head.json` and `report.json` into `out`, and return the data and the report.

    Killed at any moment and called again with the same `work`, it ends with the same bytes. All figures are of the model
    as read back from `out`. Raises UserError for data that cannot be learnt from.
    """
    import torch

    from danlu.loop.head_learners import TagLearner
    from danlu.train.heads.model import load_base, load_head, save
    from danlu.train.heads.training import check_read_back, outputs_of, score_by_epoch, train_head, training_key

    config.check()
    torch.set_num_threads(threads)
    framing = Framing.load(base, config.sequence_tokens)
    dataset = prepare(data, held_out, config, framing, seed)
    model = load_base(base, "tag", list(dataset.tags), is_multi_label=False, pad_id=framing.pad_id, seed=seed)
    rows, sides = dataset.of(dataset.sides.train), dataset.sides

    def found(of: Any, side: Sequence[int]) -> list[NDArray[np.float64]]:
        return outputs_of(of, dataset.of(side), framing.pad_id, config.micro_batch_tokens)

    def measured(outputs: list[NDArray[np.float64]], side: Sequence[int]) -> dict[str, Any]:
        texts = [dataset.texts[at] for at in side]
        said = said_entities(texts, outputs, dataset.tags, framing)
        return {"texts": len(texts)} | entity_scores([framed.text.entities for framed in texts], said)

    def score() -> float:
        f1: float = measured(found(model, sides.validation), sides.validation)["micro"]["f1"]
        return f1

    key = training_key(base, rows, config, seed)
    trained = train_head(
        TagLearner(model), rows, dataset.of(sides.validation), config, score, work, key, framing.pad_id, seed, progress
    )
    save(model, base, out, _head_facts(dataset, framing, config))
    written, _ = load_head(out, threads=threads)
    report: dict[str, Any] = {"task": "tag", "steps": len(trained.losses), "steps_left_out": len(trained.left_out)}
    report["validation_score_by_epoch"] = score_by_epoch(trained)
    for name, side in (("validation", sides.validation), ("test", sides.test)):
        if side:
            outputs = found(written, side)
            report["largest_difference_on_disk"] = check_read_back(found(model, side), outputs, out)
            report[name] = measured(outputs, side)
    (out / "report.json").write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return dataset, report


def prepare(data: Path, held_out: Path | None, config: TagConfig, framing: Framing, seed: int) -> Dataset:
    """Read, check, frame and part the rows."""
    texts = read_tagged(data, config.labels)
    labels = config.labels or tuple(sorted({label for text in texts for _, _, label in text.entities}))
    apart = read_tagged(held_out, labels) if held_out else []
    given, tags = [*texts, *apart], tags_of(labels)
    framed = [
        frame(text, pieces, tags, config.long_texts, config.overlap_tokens, framing)
        for text, pieces in zip(given, framing.pieces([text.text for text in given]), strict=True)
    ]
    strata = [",".join(sorted({label for _, _, label in text.entities})) for text in given]
    found = parted(framed, [t.text for t in given], [t.where for t in given], strata, len(texts), config, seed)
    check_learnable({label for at in found.sides.train for _, _, label in found.rows[at].text.entities}, labels)
    return Dataset(found.rows, found.sides, tags, found.rejects, len(given))


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


def _head_facts(dataset: Dataset, framing: Framing, config: TagConfig) -> dict[str, Any]:
    return {
        "task": "tag",
        "labels": list(dataset.tags),
        "sequence_tokens": framing.max_tokens,
        "long_texts": config.long_texts,
        "overlap_tokens": config.overlap_tokens,
    }
