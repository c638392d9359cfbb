"""How the labels of a dump are meant: which columns tell the loss, at which place, and which number means none.

Labels as Transformers takes them stand below their own token; labels that were moved by one place already are recognised.
Negative labels carry no loss under any trainer: -100 as torch has it, or an ignore index of its own. A token's id in
place of -100 is taught, though: it is recognised, so that the mask that was meant can be looked at all the same.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from danlu.prove.rows.columns import NO_LOSS, Ids, column
from danlu.text.rows.dump_files import Unsupported

LABELS = ("labels",)
_MASKS = ("completion_mask", "assistant_masks")
_AGREES = 0.9
"""Below 1: GLM-4 is taught the end of text where the next role's token stands, so a few labels differ on purpose."""


class Meaning(NamedTuple):
    """How to read the labels of a dump."""

    is_shifted: bool = False
    """Whether labels stand one place before the token that they name."""
    taught: int | None = None
    """The token's id that stands where -100 was meant."""


def mask_columns(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns that say which tokens carry loss; empty when none does."""
    for name in (*LABELS, "loss_mask"):
        if isinstance(row.get(name), list):
            return (name,)
    return tuple(name for name in _MASKS if isinstance(row.get(name), list))


def meaning_of(path: Path, sample: Sequence[tuple[int, Mapping[str, Any]]]) -> Meaning:
    """Read off some rows. Raises Unsupported for labels that name neither their own token nor the next one."""
    pairs = []
    for number, row in sample:
        ids = column(path, number, row, "input_ids")
        pairs.append((ids, column(path, number, row, *LABELS, len(ids))))
    learnt, here, before = _counted(pairs, None)
    if not learnt:
        return Meaning()
    if (is_shifted := _place(learnt, here, before, len(pairs))) is not None:
        return Meaning(is_shifted)
    taught = _likeliest(pairs)
    meant = _counted(pairs, taught)
    is_shifted = _place(*meant, len(pairs)) if meant[0] else None
    if is_shifted is None:
        raise Unsupported(
            "{path}: labels name the token at their own place in {here} of {learnt} cases, and the next one in {before}",
            "labels as Transformers takes them are expected: the token's own id, or -100",
            path=path,
            here=here,
            learnt=learnt,
            before=before,
        )
    return Meaning(is_shifted, taught)


def read_labels(labels: Ids, ids: Ids, meaning: Meaning) -> Ids:
    """Labels below their own token, with NO_LOSS wherever none was meant."""
    if meaning.is_shifted:
        labels = np.concatenate([[NO_LOSS], labels[:-1]]).astype(np.int64)
    is_none = labels < 0
    if meaning.taught is not None:
        is_none |= (labels == meaning.taught) & (ids != meaning.taught)
    return np.where(is_none, NO_LOSS, labels)


def _counted(pairs: Sequence[tuple[Ids, Ids]], left_out: int | None) -> tuple[int, int, int]:
    """How many labels carry loss, how many of them name the token at their place, and how many the next one."""
    learnt = here = before = 0
    for ids, labels in pairs:
        carries = (labels >= 0) & (labels != (NO_LOSS if left_out is None else left_out))
        learnt += int(carries.sum())
        here += int(((labels == ids) & carries).sum())
        before += int(((labels[:-1] == ids[1:]) & carries[:-1]).sum())
    return learnt, here, before


def _place(learnt: int, here: int, before: int, rows: int) -> bool | None:
    """Whether labels stand one place before their token; None when they stand nowhere near it."""
    if here >= _AGREES * learnt:
        return False
    return True if before >= _AGREES * learnt - rows else None  # the last label of a row names a token beyond it


def _likeliest(pairs: Sequence[tuple[Ids, Ids]]) -> int:
    """The label that most often names another token than its own."""
    counts: Counter[int] = Counter()
    for ids, labels in pairs:
        counts.update(labels[(labels >= 0) & (labels != ids)].tolist())
    return counts.most_common(1)[0][0]
