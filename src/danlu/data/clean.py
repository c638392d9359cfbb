"""Clean: reject the documents that break a rule, by bounds on what `repair` counted, and say of each which and by how much.

The rule set `manual` rejects only what nobody could read. Rules made for web text reject most pages of a manual, so they are
never on by default. Bounds are for one language: a set meets a document of another one with a reject of its own, never with
bounds that were made for other words. A trained classifier may judge what the rules keep.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial, reduce
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import Field

from danlu.core.artifacts import Corpus, TextClassifier
from danlu.core.errors import NothingKept, Phrase
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.data.cuts import CLASSIFIER, EXAMPLES, Outcome, examples_of, stage_before, write_report
from danlu.data.language_codes import check_language
from danlu.data.parts import Batch, Verdict, check_any_kept, map_parts
from danlu.data.quality_classifier import scores
from danlu.data.repair import MEASURED
from danlu.data.rules import RULE_SETS, Columns, Rule, RuleSet, judge, rule_sets
from danlu.text.records import Reject, part_name
from danlu.text.tables import stream_rows

_EXAMPLES_OF_A_FAILURE = 3
SCORES = pa.schema([("doc_id", pa.string()), ("quality", pa.float32())])


class CleanConfig(Config):
    """What cleaning rejects."""

    rules: Literal["manual", "web", "en-web", "zh-web", "code", "chat"] = "manual"
    """The named rule set; `web` judges each document by the set of its language."""
    bounds: Mapping[str, float] = Field(default_factory=dict)
    """Other bounds for some rules, by code, such as {gopher_short_doc: 20}."""
    languages: tuple[str, ...] = ()
    """ISO 639-1 codes that are kept; all when empty."""
    min_quality: float = Field(0.5, ge=0, le=1)
    """Probability that a text is good, where a classifier was trained: less is rejected."""

    def check(self) -> None:
        """Raises UserError for languages that do not exist and bounds that no rule has, before documents are read."""
        for code in self.languages:
            check_language("clean.languages", code)
        rule_sets(self.rules, self.bounds)


@dataclass(frozen=True)
class _Court:
    """What every worker needs to judge."""

    sets: tuple[RuleSet, ...]
    languages: tuple[str, ...]
    statistics: Path
    classifier: Path | None
    min_quality: float


def _clean(
    work: Work,
    config: CleanConfig,
    *,
    documents: Corpus,
    classifier: TextClassifier | None = None,
    extraction: Corpus | None = None,
) -> Facts:
    """`extraction` is what `documents` was repaired from: the report says what both stages rejected and changed."""
    config.check()
    sets = rule_sets(config.rules, config.bounds)
    statistics = documents.path / "statistics"
    court = _Court(sets, config.languages, statistics, classifier.path if classifier else None, config.min_quality)
    beside = {"examples": EXAMPLES} | ({"scores": SCORES} if classifier else {})
    facts = map_parts(work, documents, partial(_judge, court), beside)
    _check_any_kept(work.folder, facts, config.rules)
    quality = _quality_rule(config.min_quality) if classifier else None
    before = [stage_before(corpus) for corpus in (extraction, documents) if corpus]
    write_report(work.folder, config.rules, sets, statistics, facts.counts, quality, before)
    return facts


def _check_any_kept(folder: Path, facts: Facts, rules: str) -> None:
    """Raises NothingKept when nothing was kept, with the first documents, what was measured of them, and what else to try."""
    try:
        check_any_kept(facts, "clean")
    except NothingKept as failure:
        examples = (
            Phrase("{source}: {rule} {value} (bound {threshold})", **row | {"rule": Phrase(row["rule"])})
            for row in islice(
                stream_rows(folder / "rejects", ["source", "rule", "value", "threshold"]), _EXAMPLES_OF_A_FAILURE
            )
        )
        raise NothingKept(
            "The rules `{rules}` kept none of {input} documents. By rule: {reasons}. For example: {examples}",
            "The documents are in other languages than `clean.languages` keeps: name theirs, or leave it out to keep all."
            if _rule_of_most(facts) == "language"
            else "Is the text what you expect? `manual` rejects only what nobody can read."
            if rules == "manual"
            else "`--set clean.rules=manual` rejects only what nobody can read; docs/data/clean.md says whom each set of rules is for.",
            **failure.values | {"rules": rules},
            examples=reduce(lambda first, then: Phrase("{first}; {then}", first=first, then=then), examples),
        ) from None


def _rule_of_most(facts: Facts) -> str:
    """The rule that rejected most documents."""
    start = "rejected: "
    counts = {name.removeprefix(start): count for name, count in facts.counts.items() if name.startswith(start)}
    return max(counts, key=counts.__getitem__, default="")


def _judge(court: _Court, batch: Batch) -> Verdict:
    statistics = _statistics(court.statistics / part_name(batch.part)).slice(batch.row, batch.table.num_rows)
    assert statistics["doc_id"].to_pylist() == batch.table["doc_id"].to_pylist(), "statistics of other documents"
    columns = {name: statistics[name].to_numpy() for name in MEASURED}
    languages = statistics["language"].to_pylist()
    verdicts: list[tuple[str, str, str] | None] = [_language_verdict(court, language) for language in languages]
    outcomes: list[Outcome] = []
    for rules in court.sets:
        at = np.array(
            [n for n, v in enumerate(languages) if verdicts[n] is None and rules.language in ("", v)], np.int64
        )
        if len(at):
            outcomes += _by_rules(rules, {name: column[at] for name, column in columns.items()}, at, verdicts)
    beside = {}
    if court.classifier:
        beside["scores"] = _by_classifier(court, batch.table, verdicts, outcomes)
    rejects = [
        Reject(doc_id, source, *verdict)
        for doc_id, source, verdict in zip(
            batch.table["doc_id"].to_pylist(), batch.table["source"].to_pylist(), verdicts, strict=True
        )
        if verdict
    ]
    kept = batch.table.filter(pa.array([verdict is None for verdict in verdicts]))
    beside["examples"] = examples_of(outcomes, batch.table, [verdict is None for verdict in verdicts])
    return Verdict(kept, rejects, beside=beside)


@lru_cache(maxsize=1)
def _statistics(path: Path) -> pa.Table:
    """The counts of one part: about 400 bytes for each document."""
    return pq.read_table(path).combine_chunks()


def _language_verdict(court: _Court, language: str) -> tuple[str, str, str] | None:
    if court.languages and language not in court.languages:
        return "language", language, ", ".join(court.languages)
    known = [rules.language for rules in court.sets]
    if "" not in known and language not in known:
        return "no rule set for this language", language, ", ".join(known)
    return None


def _by_rules(
    rules: RuleSet, columns: Columns, at: NDArray[np.int64], verdicts: list[tuple[str, str, str] | None]
) -> list[Outcome]:
    """Note the first rule that each of some documents breaks, and what every rule measured of them."""
    found = judge(rules.rules, columns)
    for number, place in enumerate(at.tolist()):
        if found.rule_D[number] >= 0:
            rule = rules.rules[found.rule_D[number]]
            verdicts[place] = rule.code, f"{found.values_D[number]:.4g}", rule.bound_text()
    return [
        Outcome(rules.name, rule, at, rule.values(columns), found.rule_D == number)
        for number, rule in enumerate(rules.rules)
    ]


def _quality_rule(min_quality: float) -> Rule:
    return Rule("quality", "", at_least=min_quality)


def _by_classifier(
    court: _Court, table: pa.Table, verdicts: list[tuple[str, str, str] | None], outcomes: list[Outcome]
) -> pa.Table:
    """Judge by the classifier what the rules keep."""
    assert court.classifier is not None
    at = np.array([number for number, verdict in enumerate(verdicts) if verdict is None], np.int64)
    quality_D = scores(court.classifier, table["text"].take(pa.array(at)))
    rule = _quality_rule(court.min_quality)
    broken_D = rule.broken(quality_D.astype(np.float64))
    for place, quality, is_broken in zip(at.tolist(), quality_D.tolist(), broken_D.tolist(), strict=True):
        if is_broken:
            verdicts[place] = rule.code, f"{quality:.3f}", rule.bound_text()
    outcomes.append(Outcome(CLASSIFIER, rule, at, quality_D.astype(np.float64), broken_D))
    return pa.table(
        {"doc_id": table["doc_id"].take(pa.array(at)).cast(pa.string()), "quality": quality_D}, schema=SCORES
    )


clean = Stage(
    "clean",
    version=2,
    makes=Corpus,
    body=_clean,
    config=CleanConfig,
    libraries=("numpy",),
    rules=tuple((f"rules {name}", rules.version) for name, rules in RULE_SETS.items()),
    resumable=True,
)
