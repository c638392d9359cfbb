"""Balance: what a corpus consists of, measured; a corpus brought to given shares; a corpus with its counterfactuals.

`diversity` reports: documents by language, domain, register, length, tone and topic, how varied they are, which groups stand how
often, and a weight for every document that evens the groups out. `resample` keeps documents so that the groups have their shares;
`counterfactual` adds every document told of the other gender or place.
"""

import hashlib
import heapq
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
from pydantic import Field

from danlu.core.artifacts import Corpus, Report
from danlu.core.errors import WorkFailed
from danlu.core.hashing import short_id
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.data.augment.expand import Made, expand_parts
from danlu.data.augment.variants import VARIANTS, Proposal, measures_of, variant_of
from danlu.data.balance.figures import Figures
from danlu.data.balance.groups import GENDER, WordLists, group_of, target_shares, weights_of
from danlu.data.balance.measures import MEASURES, measure, tokens_of
from danlu.data.balance.page import page
from danlu.data.balance.swap import swaps
from danlu.data.balance.topics import topics_of
from danlu.data.balance.variety import compression, distinct, self_overlap
from danlu.data.families import family
from danlu.data.parts import Batch, Verdict, check_any_kept, map_parts, parts_of
from danlu.data.shards import finish
from danlu.text import segment
from danlu.text.records import Document, Reject, part_name
from danlu.text.segment import terms
from danlu.text.tables import TableWriter, read_groups, stream_rows

WEIGHTS = pa.schema([("doc_id", pa.string()), ("group", pa.string()), ("label", pa.string()), ("weight", pa.float64())])
_TERMS_OF_A_SAMPLE = 400
_CHARACTERS_OF_A_SAMPLE = 4000
RULES = (
    ("tone", 1), ("measures", 1), ("groups", 1), ("topics", 1), ("variety", 1), ("segmentation", segment.VERSION),
)  # fmt: skip


class BalanceConfig(Config):
    """Which groups are compared, and what they should be."""

    group_by: str = "language"
    """A column (language, source, media_type, licence), a field of `meta`, or `gender`: which gender a text names more often."""
    label_by: str = ""
    """A column or field of `meta` that holds labels: weights then make label and group independent."""
    targets: dict[str, float] = Field(default_factory=dict)
    """Share of each group, 0 to 1; empty for equal shares. Documents without a group keep theirs."""
    max_weight: float = Field(10.0, ge=1)
    """The largest weight, and 1 / the smallest: above ten, a few documents rule the loss."""
    sample_documents: int = Field(3000, ge=10, le=20_000)
    """Documents that topics, distinct-n and sameness are measured on: chosen by a hash of their ids."""


class ResampleConfig(Config):
    """Which groups are brought to which shares."""

    group_by: str = "language"
    """As for `balance`."""
    targets: dict[str, float] = Field(default_factory=dict)
    """As for `balance`."""


class CounterfactualConfig(Config):
    """What is swapped."""

    swap: tuple[Literal["gender", "names", "places"], ...] = ("gender", "names")
    """gender: words and pronouns; names: common English given names; places: countries and cities with what is said of them."""


@dataclass(frozen=True)
class _Shard:
    source: Path
    outcome: Path


def lists_of(by: str, words: WordLists | None) -> Mapping[str, tuple[str, ...]]:
    """The word lists that make the groups, if any do."""
    return words.read() if words else GENDER if by == "gender" else {}


def _measure_part(by: str, label_by: str, lists: Mapping[str, tuple[str, ...]], shard: _Shard) -> None:
    half = shard.outcome.with_suffix(".half")
    with TableWriter(half, MEASURES) as table:
        for document in documents_of(shard.source):
            label = group_of(document, label_by, {}) if label_by else ""
            table.add_rows([measure(document, group_of(document, by, lists), label)])
    half.rename(shard.outcome)


def documents_of(path: Path) -> Iterator[Document]:
    """The documents of one part, a row group at a time."""
    return (Document.of(row) for table in read_groups(path) for row in table.to_pylist())


def _measured(work: Work, by: str, label_by: str, documents: Corpus, words: WordLists | None) -> list[Path]:
    """One table of MEASURES for each part of the corpus, made in workers."""
    folder = work.scratch / "measures"
    folder.mkdir(exist_ok=True)
    shards = [_Shard(path, folder / part_name(number)) for number, path in enumerate(parts_of(documents))]
    task = partial(_measure_part, by, label_by, lists_of(by, words))
    finish(work, task, shards)
    return [shard.outcome for shard in shards]


def _diversity(work: Work, config: BalanceConfig, *, documents: Corpus, words: WordLists | None = None) -> Facts:
    parts = _measured(work, config.group_by, config.label_by, documents, words)
    figures = Figures()
    for path in parts:
        for row in stream_rows(path):
            figures.add(row)
    if not figures.documents:
        raise WorkFailed("There is no document to measure", "Name a corpus that has documents.")
    weights = weights_of(figures.cells, config.targets, config.max_weight)
    _write_weights(work.folder / "weights" / part_name(0), parts, weights)
    sample = _sample(documents, config.sample_documents, work.seed)
    wanted = target_shares(figures.groups, config.targets)
    report = figures.report(wanted, weights) | _of_sample(sample, work.seed) | {"group_by": config.group_by}
    (work.folder / "report.json").write_text(
        json.dumps(report, indent=2, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8"
    )
    (work.folder / "report.html").write_text(page(report), encoding="utf-8")
    (work.folder / "measures").mkdir()
    for number, path in enumerate(parts):
        path.rename(work.folder / "measures" / part_name(number))
    return Facts(
        {"documents": figures.documents, "tokens": figures.tokens, "groups": len(figures.groups)},
        figures.licences(documents),
    )


def _write_weights(path: Path, parts: list[Path], weights: Mapping[tuple[str, str], float]) -> None:
    with TableWriter(path, WEIGHTS) as table:
        for part in parts:
            for group in read_groups(part, ["doc_id", "group", "label"]):
                rows = group.to_pylist()
                table.add_rows([row | {"weight": weights[row["group"], row["label"]]} for row in rows])


def _share_of(key: str) -> float:
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big") / 2**64


def _sample(documents: Corpus, size: int, seed: int) -> list[str]:
    """The beginnings of the documents with the smallest hashes, in the order of these."""
    ids = (row["doc_id"] for row in stream_rows(documents.documents, ["doc_id"]))
    chosen = dict(
        heapq.nsmallest(size, ((id, _share_of(f"{seed}:{id}")) for id in ids), key=lambda pair: (pair[1], pair[0]))
    )
    found = [
        (chosen[row["doc_id"]], row["doc_id"], row["text"][:_CHARACTERS_OF_A_SAMPLE])
        for row in stream_rows(documents.documents, ["doc_id", "text"])
        if row["doc_id"] in chosen
    ]
    return [text for _, _, text in sorted(found)]


def _telling(tokens: list[str]) -> list[str]:
    """Words as people read them, without stop words, numbers and single characters."""
    return [token for token in tokens if len(token) > 1 and not token.isdigit() and terms(token)]


def _of_sample(texts: list[str], seed: int) -> dict[str, Any]:
    tokens = [tokens_of(text) for text in texts]
    topics = topics_of([_telling(own)[:_TERMS_OF_A_SAMPLE] for own in tokens], seed)
    return {
        "sample": len(texts),
        "topics": [{"documents": topic.documents, "terms": list(topic.terms)} for topic in topics],
        "variety": {
            "distinct_1": distinct(tokens, 1), "distinct_2": distinct(tokens, 2), "distinct_3": distinct(tokens, 3),
            "self_overlap_4": self_overlap(tokens), "compression": compression(texts),
        },
    }  # fmt: skip


def _resample(work: Work, config: ResampleConfig, *, documents: Corpus, words: WordLists | None = None) -> Facts:
    counts: Counter[str] = Counter()
    for path in _measured(work, config.group_by, "", documents, words):
        for group in read_groups(path, ["group"]):
            counts.update(group["group"].to_pylist())
    wanted = target_shares(counts, config.targets)
    total = sum(counts.values())
    ratios = {group: wanted[group] * total / n for group, n in counts.items()}
    keep = {group: ratio / max(ratios.values()) for group, ratio in ratios.items()}
    shares = {group: (n / total, wanted[group]) for group, n in counts.items()}
    judge = partial(
        _keep_share,
        by=config.group_by,
        lists=lists_of(config.group_by, words),
        keep=keep,
        shares=shares,
        seed=work.seed,
    )
    return check_any_kept(map_parts(work, documents, judge), "resample")


def _keep_share(
    batch: Batch, by: str, lists: Mapping[str, tuple[str, ...]], keep: Mapping[str, float],
    shares: Mapping[str, tuple[float, float]], seed: int,
) -> Verdict:  # fmt: skip
    """Keep a document when the hash of its family lies below its group's rate: variants go with their parents."""
    found = [Document.of(row) for row in batch.table.to_pylist()]
    groups = [group_of(document, by, lists) for document in found]
    stays = [_share_of(f"{seed}:{family(d)}") < keep[group] for d, group in zip(found, groups, strict=True)]
    rejects = [
        Reject(d.doc_id, d.source, "group over its share", f"{group} {shares[group][0]:.3f}", f"{shares[group][1]:.3f}")
        for d, group, stay in zip(found, groups, stays, strict=True)
        if not stay
    ]
    return Verdict(batch.table.filter(pa.array(stays, pa.bool_())), rejects)


def _counterfactual(work: Work, config: CounterfactualConfig, *, documents: Corpus) -> Facts:
    return expand_parts(work, documents, partial(_swapped, kinds=config.swap), "variants", VARIANTS)


def _swapped(document: Document, kinds: tuple[str, ...]) -> Iterator[Made]:
    method = "counterfactual"
    id = short_id(["variant", document.doc_id, method, 0])
    edits = swaps(document, kinds)
    if document.language not in ("zh", "en"):
        yield Made(reject=Reject(id, document.source, "language not covered", document.language, "zh, en"))
    elif not edits:
        yield Made(reject=Reject(id, document.source, "nothing to swap", "0 words", "1 word"))
    else:
        variant = variant_of(document, edits, method, 0)
        row = measures_of(document, variant, method, 0, Proposal(edits))
        yield Made(variant, edits=Counter(edit.rule for edit in edits), row=row)


diversity = Stage(
    "balance", version=1, makes=Report, body=_diversity, config=BalanceConfig, numeric=True, rules=RULES, resumable=True,
    libraries=("rjieba", "PyStemmer", "scipy", "numpy"),
)  # fmt: skip
resample = Stage(
    "resample",
    version=1,
    makes=Corpus,
    body=_resample,
    config=ResampleConfig,
    libraries=("rjieba",),
    rules=RULES,
    resumable=True,
)
counterfactual = Stage(
    "counterfactual", version=1, makes=Corpus, body=_counterfactual, config=CounterfactualConfig, resumable=True,
    libraries=("rjieba", "PyStemmer", "wordfreq"), rules=(("swap", 1), ("protected spans", 1), ("segmentation", segment.VERSION)),
)  # fmt: skip
