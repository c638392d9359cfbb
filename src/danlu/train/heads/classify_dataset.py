"""The rows of a classifier: read, framed as windows of tokens, and parted into sides."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from danlu.core.errors import UserError
from danlu.loop.label_batch import LabelledRow
from danlu.text.records import Reject
from danlu.train.heads.classify_data import LabelledText, read_labelled
from danlu.train.heads.config import HeadInputs
from danlu.train.heads.framing import Framing, windows
from danlu.train.heads.parting import check_learnable, parted
from danlu.train.heads.sides import Sides

if TYPE_CHECKING:
    from danlu.train.heads.classify import ClassifyConfig


@dataclass(frozen=True)
class Dataset:
    """Rows that are kept, as texts and as windows of tokens, in the order of the files."""

    texts: tuple[LabelledText, ...]
    rows: tuple[tuple[LabelledRow, ...], ...]
    """The windows of each text."""
    sides: Sides
    labels: tuple[str, ...]
    groups: tuple[str, ...]
    is_multi_label: bool
    rejects: tuple[Reject, ...]
    input: int
    long_texts: int
    """Of the kept, those over the model's length."""

    def of(self, side: Sequence[int]) -> list[LabelledRow]:
        """All windows of a side."""
        return [row for text in side for row in self.rows[text]]


def prepare(inputs: HeadInputs, config: "ClassifyConfig", framing: Framing, seed: int) -> Dataset:
    """Read, check, frame and part the rows."""
    texts, is_multi_label = read_labelled(inputs.data, config.labels, config.debias_field)
    labels = config.labels or tuple(sorted({label for text in texts for label in text.labels}))
    apart: list[LabelledText] = []
    if inputs.held_out:
        apart, its_kind = read_labelled(inputs.held_out, labels, config.debias_field)
        if its_kind != is_multi_label:
            raise UserError(
                "{path} and {held_out} differ: one has label, the other labels",
                "Write both files in one form.",
                path=inputs.data,
                held_out=inputs.held_out,
            )
    given = [*texts, *apart]
    groups = tuple(sorted({text.group for text in given}))
    framed = _framed(given, labels, groups, is_multi_label, config, framing)
    strata = [(text.labels, text.group) for text in given]
    found = parted(framed, [t.text for t in given], [t.where for t in given], strata, len(texts), config, seed)
    kept = tuple(given[at] for at in found.kept)
    check_learnable({label for at in found.sides.train for label in kept[at].labels}, labels)
    long_texts = sum(len(pieces.ids) > framing.room for pieces in framing.pieces([text.text for text in kept]))
    return Dataset(kept, found.rows, found.sides, labels, groups, is_multi_label, found.rejects, len(given), long_texts)


def window_rows(
    ids: Sequence[int], framing: Framing, long_texts: str, labels: tuple[int, ...] = (), group: int = 0
) -> tuple[LabelledRow, ...]:
    """A text's windows, each with the labels of the whole."""
    if long_texts == "cut":
        ids = ids[: framing.room]
    cuts = windows(len(ids), framing.room, overlap=0)
    return tuple(LabelledRow(*framing.one(ids[cut.start : cut.end]), labels, group) for cut in cuts)


def _framed(
    texts: Sequence[LabelledText], labels: tuple[str, ...], groups: tuple[str, ...], is_multi_label: bool,
    config: "ClassifyConfig", framing: Framing,
) -> list[tuple[LabelledRow, ...] | Reject]:  # fmt: skip
    found: list[tuple[LabelledRow, ...] | Reject] = []
    for text, pieces in zip(texts, framing.pieces([text.text for text in texts]), strict=True):
        numbers = tuple(labels.index(label) for label in text.labels)
        learnt = tuple(int(at in numbers) for at in range(len(labels))) if is_multi_label else numbers
        count = len(pieces.ids)
        if not count:
            found.append(Reject("", text.where, "no tokens", "0", "1"))
        elif count > framing.room and config.long_texts == "reject":
            found.append(Reject("", text.where, "too long", str(count), str(framing.room)))
        else:
            group = groups.index(text.group)
            found.append(window_rows(pieces.ids, framing, config.long_texts, learnt, group))
    return found
