"""Groups of documents: by a column, by a field of `meta`, or by which word list a text names most; and weights that even them out.

Weights are target share by share (inverse propensity: Horvitz and Thompson 1952). With labels, every group gets the labels in the
same proportions (reweighing: Kamiran and Calders 2012, doi 10.1007/s10115-011-0463-8).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from danlu.core.errors import UserError
from danlu.core.hashing import hash_file
from danlu.data.balance.measures import tokens_of
from danlu.data.fields import COLUMNS
from danlu.text.records import Document

VERSION = 2
NO_GROUP, SEVERAL = "(none)", "(several)"
MOST_WEIGHT = 10.0
"""What a group may be worth at most, by default: how many times it would have to stand there for its share."""
GENDER: dict[str, tuple[str, ...]] = {
    "female": tuple(
        "she her hers herself woman women girl girls female mother mothers daughter daughters sister sisters wife wives aunt queen"
        " lady ladies mrs ms actress grandmother niece 她 她们 女 女人 女性 女士 女孩 女生 姑娘 母亲 妈妈 女儿 姐姐 妹妹 妻子 太太 小姐 奶奶".split()
    ),
    "male": tuple(
        "he him his himself man men boy boys male father fathers son sons brother brothers husband husbands uncle king gentleman"
        " gentlemen mr actor grandfather nephew 他 他们 男 男人 男性 先生 男孩 男生 小伙子 父亲 爸爸 儿子 哥哥 弟弟 丈夫 爷爷".split()
    ),
}
"""Words that name women or men. Chinese 他 also stands for anyone: its count is an upper bound."""


@dataclass(frozen=True)
class WordLists:
    """A YAML file, `group: [word, ...]`; it enters identity by its content."""

    path: Path

    def content_hash(self) -> str:
        """SHA-256 of the file."""
        if not self.path.is_file():
            raise UserError("No such file: {path}", "Name a YAML file with word lists after --words.", path=self.path)
        return hash_file(self.path)

    def read(self) -> dict[str, tuple[str, ...]]:
        """The lists; raises UserError when the file holds anything else."""
        try:
            found = yaml.safe_load(self.path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError):
            found = None
        fits = isinstance(found, dict) and all(isinstance(words, list) and words for words in found.values())
        if not fits or not found:
            raise UserError(
                "{path} holds no word lists",
                "Write one group per line, such as:  nurses: [nurse, 护士]",
                path=self.path,
            )
        return {str(group): tuple(str(word).lower() for word in words) for group, words in found.items()}


def group_of(document: Document, by: str, lists: Mapping[str, Sequence[str]]) -> str:
    """The group of a document: of the lists where there are any, else the value of a column or a field of `meta`."""
    if lists:
        return _named_most(document.text, lists)
    value = getattr(document, by) if by in COLUMNS else json.loads(document.meta or "{}").get(by)
    if value is None or value == "" or (by == "language" and value == "und"):
        return NO_GROUP
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _named_most(text: str, lists: Mapping[str, Sequence[str]]) -> str:
    tokens = tokens_of(text)
    found = {
        group: sum(token in words for token in tokens) for group, words in ((g, frozenset(w)) for g, w in lists.items())
    }
    most = max(found.values())
    if not most:
        return NO_GROUP
    best = [group for group, count in found.items() if count == most]
    return best[0] if len(best) == 1 else SEVERAL


def too_small(counts: Mapping[str, int], most: float) -> set[str]:
    """The groups that would need more than `most` times their documents for an equal share, told from the smallest on.

    A handful of documents whose language was told wrongly is no language to be evened out. Each that is left aside lowers the
    number of groups, and so raises the share that the next one must reach.
    """
    free = {NO_GROUP, SEVERAL}
    ordered = sorted((n, group) for group, n in counts.items() if group not in free)
    total = sum(n for n, _ in ordered)
    small: set[str] = set()
    for place, (n, group) in enumerate(ordered):
        if n * most * (len(ordered) - place) >= total:
            break
        small.add(group)
        total -= n
    return small


def target_shares(counts: Mapping[str, int], targets: Mapping[str, float], most: float) -> dict[str, float]:
    """The share that each group is to have, adding up to 1: as given, or equal among those that are not too small.

    Documents without a group, and groups too small, keep their share. Raises UserError for a target of a group that no document is in.
    """
    strange = sorted(set(targets) - set(counts))
    if strange:
        raise UserError(
            "No document is in the group {group}; the groups are: {groups}",
            "Correct balance.targets, or the field in balance.group_by.",
            group=strange[0],
            groups=", ".join(sorted(counts)),
        )
    kept = {NO_GROUP, SEVERAL} | (set() if targets else too_small(counts, most))
    free = {group: n for group, n in counts.items() if group in kept}
    total = sum(counts.values())
    rest = 1.0 - sum(free.values()) / total
    given = {group: targets.get(group, 0.0) if targets else 1.0 for group in counts if group not in free}
    whole = sum(given.values())
    shares = {group: rest * share / whole if whole else 0.0 for group, share in given.items()}
    return shares | {group: n / total for group, n in free.items()}


def weights_of(
    cells: Mapping[tuple[str, str], int], targets: Mapping[str, float], most: float
) -> dict[tuple[str, str], float]:
    """The weight of a document by (group, label): between 1 / `most` and `most`, 1 on average before they are bounded."""
    total = sum(cells.values())
    groups: dict[str, int] = {}
    labels: dict[str, int] = {}
    for (group, label), count in cells.items():
        groups[group] = groups.get(group, 0) + count
        labels[label] = labels.get(label, 0) + count
    wanted = target_shares(groups, targets, most)
    return {
        (group, label): round(min(max(wanted[group] * labels[label] / count, 1 / most), most), 6)
        for (group, label), count in cells.items()
        if count and total
    }


def cramers_v(cells: Mapping[tuple[str, str], int]) -> float | None:
    """How much label and group hang together, 0 to 1 (Cramér 1946); None with one group or one label."""
    total = sum(cells.values())
    groups = sorted({group for group, _ in cells})
    labels = sorted({label for _, label in cells})
    if len(groups) < 2 or len(labels) < 2 or not total:
        return None
    row = {g: sum(cells.get((g, label), 0) for label in labels) for g in groups}
    column = {label: sum(cells.get((g, label), 0) for g in groups) for label in labels}
    chi2 = 0.0
    for g in groups:
        for label in labels:
            expected = row[g] * column[label] / total
            chi2 += (cells.get((g, label), 0) - expected) ** 2 / expected
    v: float = (chi2 / (total * (min(len(groups), len(labels)) - 1))) ** 0.5
    return round(v, 4)
