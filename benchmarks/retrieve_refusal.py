"""What the refusal gate refuses: near misses, general questions, and questions that the documents answer.

    python benchmarks/retrieve_refusal.py INDEX[=MANUAL,...] ... [--split test] [--fit] [--wrong]

INDEX is a folder that `danlu index` wrote. A question counts as answered where its quote stands in the index's documents; a near miss
counts where none of the MANUALs that the index holds answers it (`answered_in`): `reference` (debian-reference), `book` (debian-handbook),
`guide` (installation-guide and debian-faq), or `office`, the `guide` pages of Calc and Writer in Debian's libreoffice-help-en-us and
libreoffice-help-zh-cn, which have questions of their own. The questions of the handbook example and `office_questions.jsonl` belong to
the dev split.

Printed by language: AUROC of the second stage between answered questions and near misses with its 95 % bootstrap interval; what both
stages refuse; and what other thresholds of the second stage would. `--fit` prints the coefficients that the dev split of all indexes
gives: those of danlu.retrieve.refusal.near_gate come from it.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danlu.retrieve.grounding.ground import weights_of
from danlu.retrieve.index import opened
from danlu.retrieve.legs.search import Searcher
from danlu.retrieve.refusal.answerable import FEATURES, features
from danlu.retrieve.refusal.gate import LANGUAGES, off_domain_questions
from danlu.retrieve.refusal.near_gate import Gate, Judgement, scaled

_HERE = Path(__file__).parent
_QUESTIONS = {
    _HERE / "near_domain.jsonl": "",
    _HERE / "office_questions.jsonl": "office",
    _HERE.parent / "examples" / "handbook" / "questions.jsonl": "debian",
}
"""With the subject of those that name none."""
_FALSE_REFUSALS = (0.02, 0.05, 0.1, 0.15, 0.2)
_RIDGE = 10.0
_ROUNDS = 2000
_WEIGHT = 20.0
"""Of all positives of a corpus, and of all its negatives: corpora count alike, but for those with few positives."""
_FULL = 15
_USED = {
    ("zh", "domain"): "support,keyness,mean keyness,known,known pairs,unknown,covered,heading,matched,dense,characters",
    ("en", "domain"): "support,keyness,mean keyness,known,unknown,covered,heading,matched,dense",
    ("zh", "answer"): "missing,heading,mean keyness,dense,characters",
    ("en", "answer"): "missing,covered,unknown,heading,mean keyness",
}


@dataclass(frozen=True)
class Row:
    """One question to one index."""

    index: str
    kind: str
    """answered, near, general."""
    question: str
    values: list[float] | None
    """Features, cosines scaled."""
    judgement: Judgement


def _rows(given: str, language: str, asked: list[dict[str, Any]], split: str) -> list[Row]:
    folder, _, named = given.partition("=")
    manuals = named.split(",")
    subject = "office" if "office" in manuals else "debian"
    with opened(Path(folder) / "index.sqlite") as searcher:
        gate = Gate(**searcher.fact("gate"))
        texts = [
            _squashed(text)
            for spoken, text in searcher.rows("SELECT language, extraction FROM documents")
            if spoken == language
        ]
        rows = [
            _row(searcher, gate, folder, kind, row["question"], language)
            for row in asked
            if (row["lang"], row["split"], row["subject"]) == (language, split, subject)
            for kind in _kind(row, texts, manuals)
        ]
        general = off_domain_questions(language, "test" if split == "test" else "calibrate")
        return rows + [_row(searcher, gate, folder, "general", question, language) for question in general]


def _kind(row: dict[str, Any], texts: Sequence[str], manuals: Sequence[str]) -> list[str]:
    if row["kind"] == "answerable":
        return ["answered"] if not row.get("quote") or any(_squashed(row["quote"]) in text for text in texts) else []
    return [] if set(row["answered_in"]) & set(manuals) else ["near"]


def _row(searcher: Searcher, gate: Gate, index: str, kind: str, question: str, language: str) -> Row:
    values = features(searcher, question, searcher.legs(question), weights_of(searcher, language))
    return Row(index, kind, question, scaled(values, gate.cosines[language]), gate.judge(values, language))


def _squashed(text: str) -> str:
    return "".join(text.split())


def auroc(positives: NDArray[np.float64], negatives: NDArray[np.float64]) -> float:
    """The chance that a positive scores above a negative; ties count half."""
    difference = positives[:, None] - negatives[None, :]
    return float((difference > 0).mean() + 0.5 * (difference == 0).mean())


def _interval(positives: NDArray[np.float64], negatives: NDArray[np.float64]) -> tuple[float, float]:
    draw = np.random.default_rng(0)
    found = [
        auroc(draw.choice(positives, len(positives)), draw.choice(negatives, len(negatives))) for _ in range(_ROUNDS)
    ]
    low, high = np.quantile(found, (0.025, 0.975))
    return float(low), float(high)


def _print_table(rows: Sequence[Row], title: str) -> None:
    of: Callable[[str], list[Row]] = lambda kind: [row for row in rows if row.kind == kind]  # noqa: E731
    answered, near, general = map(of, ("answered", "near", "general"))
    if not answered or not near:
        return
    scores, misses = (np.array([row.judgement.answer for row in kind]) for kind in (answered, near))
    low, high = _interval(scores, misses)
    print(f"{title}: {len(answered)} answered, {len(near)} near misses, {len(general)} general")
    print(f"  AUROC {auroc(scores, misses):.3f} ({low:.3f} to {high:.3f})")
    for name, kind in (("answered", answered), ("near", near), ("general", general)):
        by = {stage: sum(row.judgement.refused == stage for row in kind) for stage in ("off-domain", "near-domain")}
        print(f"  {name:9} refused {sum(by.values()) / len(kind):.3f}  {by}")
    for share in _FALSE_REFUSALS:
        threshold = float(np.quantile(scores, share))
        print(
            f"  second stage alone at {threshold:6.2f}: answered {share:.2f}, near {(misses < threshold).mean():.3f} refused"
        )


def _fit(rows: Sequence[Row], names: Sequence[str], positive: str, negative: str) -> dict[str, float]:
    """Logistic regression by Newton's method, ridge on standardised features."""
    chosen = [row for row in rows if row.kind in (positive, negative) and row.values]
    at = [FEATURES.index(name) for name in names]
    raw = np.array([[(row.values or [])[number] for number in at] for row in chosen])
    truth = np.array([row.kind == positive for row in chosen], dtype=float)
    weight = _weights(chosen, truth)
    mean, spread = raw.mean(0), raw.std(0) + 1e-6
    design = np.c_[(raw - mean) / spread, np.ones(len(raw))]
    ridge = np.r_[np.full(len(at), _RIDGE), 1e-3]
    found = np.zeros(len(at) + 1)
    for _ in range(30):
        chance = 1 / (1 + np.exp(-design @ found))
        slope = design.T @ (weight * (truth - chance)) - ridge * found
        curve = (design * (weight * chance * (1 - chance))[:, None]).T @ design + np.diag(ridge)
        found = found + np.linalg.solve(curve, slope)
    own = found[:-1] / spread
    return {"": round(float(found[-1] - own @ mean), 3)} | {
        name: round(float(value), 3) for name, value in zip(names, own, strict=True)
    }


def _weights(rows: Sequence[Row], truth: NDArray[np.float64]) -> NDArray[np.float64]:
    indexes = np.array([row.index for row in rows])
    weight = np.zeros(len(rows))
    for index in set(indexes):
        here = indexes == index
        positives = (here & (truth == 1)).sum()
        for side in (0, 1):
            these = here & (truth == side)
            weight[these] = _WEIGHT * min(1.0, positives / _FULL) / max(these.sum(), 1)
    return weight


def main() -> None:
    """Print a table per language and index, over all indexes, and coefficients where they are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("indexes", nargs="+")
    parser.add_argument("--split", choices=("dev", "test"), default="test")
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--wrong", action="store_true", help="print what fared wrong")
    options = parser.parse_args()
    asked = [
        {"kind": "answerable", "split": "dev", "subject": subject} | json.loads(line)
        for file, subject in _QUESTIONS.items()
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    for language in LANGUAGES:
        by_index = [_rows(given, language, asked, options.split) for given in options.indexes]
        for given, rows in zip(options.indexes, by_index, strict=True):
            _print_table(rows, f"{language} {given}")
            if options.wrong:
                print(
                    "".join(
                        f"    {r.judgement} {r.question}\n"
                        for r in rows
                        if r.kind == "answered" and r.judgement.refused
                    )
                )
        every = [row for rows in by_index for row in rows]
        if options.fit:
            for stage, negative in (("domain", "general"), ("answer", "near")):
                print(language, stage, _fit(every, _USED[language, stage].split(","), "answered", negative))


if __name__ == "__main__":
    main()
