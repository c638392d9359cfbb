"""Rule sets: named, versioned tables of bounds on what repair measured (danlu.text.quality), read from the top down.

The first rule that a text breaks is why it is rejected. The codes of Gopher's, C4's and FineWeb's rules, and their order within
each filter, are those of datatrove (Penedo et al. 2024), so that decisions can be compared one by one. Only Gopher's bounds on
length come before its rules on repetition: of a text of ten words every share is large, and to say so would hide that it is
short. Bounds for English are of Rae et al. 2021 (arXiv 2112.11446), Raffel et al. 2020 (1910.10683) and FineWeb (2406.17557);
those for Chinese of FineWeb 2 (2506.20920, configuration cmn_Hani); those for code of The Stack's filters (Kocetkov et al. 2022,
2211.15533).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from danlu.core.project import unknown_key
from danlu.data.lines import LineRules

Columns = Mapping[str, NDArray[np.int64]]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Rule:
    """One bound on `over`, or on `over / under`."""

    code: str
    over: str
    under: str = ""
    """Columns with signs between them, as in `characters - new_lines`."""
    at_least: float | None = None
    at_most: float | None = None
    where: tuple["Rule", ...] = ()
    """The rule is only for texts that break none of these."""

    @property
    def bound(self) -> float:
        """The one bound that it has."""
        found = self.at_least if self.at_least is not None else self.at_most
        assert found is not None
        return found

    def bound_text(self) -> str:
        """The bound as rejects show it."""
        return f"≥ {self.bound:g}" if self.at_least is not None else f"≤ {self.bound:g}"

    def values(self, columns: Columns) -> Values:
        """What is measured of each text (D,); NaN where the denominator is 0 or the rule is not for it: that breaks no bound."""
        values_D = _sum(columns, self.over).astype(np.float64)
        if self.under:
            under_D = _sum(columns, self.under)
            values_D = np.divide(values_D, under_D, out=np.full(len(values_D), np.nan), where=under_D != 0)
        for rule in self.where:
            values_D[rule.broken(rule.values(columns))] = np.nan
        return values_D

    def broken(self, values_D: Values) -> NDArray[np.bool_]:
        """Which texts break it (D,)."""
        return values_D < self.at_least if self.at_least is not None else values_D > self.bound


@dataclass(frozen=True)
class Verdicts:
    """Which rule each text breaks first, by its place in the rules; -1 for none. `values_D` is what it measured there."""

    rule_D: NDArray[np.int64]
    values_D: Values


def judge(rules: Sequence[Rule], columns: Columns) -> Verdicts:
    """The first broken rule of every text."""
    count = len(next(iter(columns.values())))
    rule_D, found_D = np.full(count, -1), np.full(count, np.nan)
    for number, rule in enumerate(rules):
        values_D = rule.values(columns)
        first_D = (rule_D < 0) & rule.broken(values_D)
        rule_D[first_D], found_D[first_D] = number, values_D[first_D]
    return Verdicts(rule_D, found_D)


def _sum(columns: Columns, expression: str) -> NDArray[np.int64]:
    total, *rest = expression.split()
    sum_D = columns[total].copy()
    for sign, name in zip(rest[::2], rest[1::2], strict=True):
        sum_D += columns[name] if sign == "+" else -columns[name]
    return sum_D


READABLE = (
    Rule("empty", "words", at_least=1),
    Rule("garbled", "garbled + removed_controls", "characters", at_most=0.1),
    Rule(
        "endless word", "longest_run", "characters", at_most=0.5,
        where=(Rule("", "longest_run", at_least=2000), Rule("", "characters", "tokens", at_least=6)),
    ),
    Rule("wrong encoding", "common_han", "han", at_least=0.4, where=(Rule("", "han", at_least=30),)),
    Rule("look-alike spelling", "mixed_tokens", "words", at_most=0.25, where=(Rule("", "words", at_least=10),)),
)  # fmt: skip
"""What nobody could read. Half of the Han characters of ordinary text are among the common ones even in lists of names; text of
a wrong encoding has a fifth. Mixed words are a few in a hundred in manuals of programs."""


def _repetition(lines: float, tops: Sequence[float], runs: Sequence[float]) -> tuple[Rule, ...]:
    return (
        Rule("dup_para_frac", "repeated_paragraphs", "paragraphs", at_most=0.3),
        Rule("dup_para_char_frac", "repeated_paragraph_characters", "characters", at_most=0.2),
        Rule("dup_line_frac", "repeated_lines", "filled_lines", at_most=lines),
        Rule("dup_line_char_frac", "repeated_line_characters", "characters", at_most=0.2),
        *(Rule(f"top_{n}_gram", f"top_{n}_characters", "characters", at_most=most) for n, most in enumerate(tops, 2)),
        *(
            Rule(f"duplicated_{n}_n_grams", f"repeated_{n}_characters", "characters", at_most=most)
            for n, most in enumerate(runs, 5)
        ),
    )


_LENGTH = (
    Rule("gopher_short_doc", "words", at_least=50),
    Rule("gopher_long_doc", "words", at_most=100_000),
)


def _gopher(shortest: float, longest: float, letters: float, language: str) -> tuple[Rule, ...]:
    return (
        Rule("gopher_below_avg_threshold", "word_characters", "words", at_least=shortest),
        Rule("gopher_above_avg_threshold", "word_characters", "words", at_most=longest),
        Rule("gopher_too_many_hashes", "hashes", "tokens", at_most=0.1),
        Rule("gopher_too_many_ellipsis", "ellipses", "tokens", at_most=0.1),
        Rule("gopher_too_many_bullets", "bullet_lines", "lines", at_most=0.9),
        Rule("gopher_too_many_end_ellipsis", "ellipsis_lines", "lines", at_most=0.3),
        Rule("gopher_below_alpha_threshold", "letter_tokens", "tokens", at_least=letters),
        Rule("gopher_enough_stop_words", f"stop_words_{language}", at_least=2),
    )


_C4 = (
    Rule("lorem_ipsum", "lorem_ipsum", at_most=0),
    Rule("curly_bracket", "curly_brackets", at_most=0),
    Rule("too_few_sentences", "sentences", at_least=5),
)


def _fineweb(ended: float, listed: float) -> tuple[Rule, ...]:
    return (
        Rule("line_punct_ratio", "ended_lines", "content_lines", at_least=ended),
        Rule("short_line_ratio", "short_lines", "content_lines", at_most=0.67),
        Rule("char_dup_ratio", "repeated_content_characters", "characters - new_lines", at_most=0.01),
        Rule("list_ratio", "new_lines", "tokens", at_most=listed),
    )


_CODE = (
    Rule("longest line", "longest_line", at_most=1000),
    Rule("mean line length", "characters", "lines", at_most=100),
    Rule("few letters and digits", "word_characters", "characters", at_least=0.25),
)
_CHAT = (
    Rule("dup_line_frac", "repeated_lines", "filled_lines", at_most=0.5),
    Rule("top_2_gram", "top_2_characters", "characters", at_most=0.4, where=(Rule("", "words", at_least=20),)),
    Rule("duplicated_5_n_grams", "repeated_5_characters", "characters", at_most=0.5),
)
"""Our own, wide: they take out loops that a model fell into, and not short or plain answers."""


@dataclass(frozen=True)
class RuleSet:
    """Rules for one kind of text."""

    name: str
    version: int
    rules: tuple[Rule, ...]
    language: str = ""
    """The only language that its bounds are for; empty for any."""
    lines: LineRules = "none"
    """Rules for lines that go with it."""


RULE_SETS = {
    found.name: found
    for found in (
        RuleSet("manual", 1, READABLE),
        RuleSet(
            "en-web",
            2,
            (
                *READABLE,
                *_LENGTH,
                *_repetition(0.3, (0.2, 0.18, 0.16), (0.15, 0.14, 0.13, 0.12, 0.11, 0.10)),
                *_gopher(3, 10, 0.8, "en"),
                *_C4,
                *_fineweb(0.12, 0.3),
            ),
            "en",
            "c4-any-end",
        ),
        RuleSet(
            "zh-web",
            2,
            (
                *READABLE,
                *_LENGTH,
                *_repetition(0.287, (0.256, 0.201, 0.171), (0.198, 0.182, 0.167, 0.154, 0.14, 0.127)),
                *_gopher(1, 5, 0.735, "zh"),
                *_fineweb(0.106, 0.178),
            ),
            "zh",
        ),
        RuleSet("code", 1, (*READABLE[:2], *_CODE)),
        RuleSet("chat", 1, (*READABLE, *_CHAT)),
    )
}
"""By name. `manual` rejects only what nobody could read: bounds made for pages of the web reject most pages of a manual."""
WEB = ("en-web", "zh-web")
"""What `web` stands for: each document by the set of its language."""


def rule_sets(name: str, bounds: Mapping[str, float]) -> tuple[RuleSet, ...]:
    """The rule sets of a name, with some bounds changed; raises UserError for a rule that none of them has."""
    chosen = tuple(RULE_SETS[each] for each in (WEB if name == "web" else (name,)))
    known = list(dict.fromkeys(rule.code for rules in chosen for rule in rules.rules))
    for code in bounds:
        if code not in known:
            raise unknown_key("clean.bounds", code, known)
    return tuple(
        replace(rules, rules=tuple(_with_bound(rule, bounds.get(rule.code)) for rule in rules.rules))
        for rules in chosen
    )


def _with_bound(rule: Rule, bound: float | None) -> Rule:
    if bound is None:
        return rule
    return replace(rule, at_least=bound) if rule.at_least is not None else replace(rule, at_most=bound)


def line_rules(name: str) -> LineRules:
    """The rules for lines that go with a name: the same for all of its sets that have any."""
    found: list[LineRules] = [rules.lines for rules in rule_sets(name, {}) if rules.lines != "none"]
    return found[0] if found else "none"
