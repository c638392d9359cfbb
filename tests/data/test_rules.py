import numpy as np
import pyarrow as pa
import pytest

from danlu.core.errors import UserError
from danlu.data.repair import MEASURED
from danlu.data.rule_words import MEANINGS
from danlu.data.rules import RULE_SETS, Rule, judge, line_rules, rule_sets
from danlu.text.quality import measure

SHORT = " ".join(f"{chr(97 + n) * 4}" for n in range(24))


def first_rule(text: str, rules: tuple[Rule, ...]) -> str:
    counts = measure(pa.array([text]))
    columns = dict(zip(MEASURED, np.column_stack((counts, np.zeros(1, np.int64))).T, strict=True))
    number = int(judge(rules, columns).rule_D[0])
    return rules[number].code if number >= 0 else ""


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("manual", "See page 3.", ""),
        ("manual", "--- ***", "empty"),
        ("en-web", SHORT, "gopher_short_doc"),
        ("en-web", "Contact us. Contact us. Contact us.", "gopher_short_doc"),
        ("zh-web", "联系我们。联系我们。联系我们。", "gopher_short_doc"),
        ("en-web", "same line again\n" * 40, "dup_line_frac"),
        ("code", "x = 1\n" * 5, ""),
        ("code", "d = [" + "1," * 600 + "]", "longest line"),
        ("code", "a{}();;;;\n" * 20, "few letters and digits"),
        ("chat", "好的。", ""),
        ("chat", "I am sorry. " * 60, "duplicated_5_n_grams"),
    ],
)
def test_the_first_broken_rule_is_the_reason(name: str, text: str, code: str) -> None:
    assert first_rule(text, RULE_SETS[name].rules) == code


def test_a_rule_set_is_versioned_and_every_rule_is_explained() -> None:
    assert all(rules.version >= 1 and rules.name == name for name, rules in RULE_SETS.items())
    assert {rule.code for rules in RULE_SETS.values() for rule in rules.rules} <= set(MEANINGS)


def test_bounds_can_be_changed_by_code_and_a_wrong_code_is_named() -> None:
    [changed] = rule_sets("en-web", {"gopher_short_doc": 2})
    assert first_rule(SHORT, changed.rules) != "gopher_short_doc"
    with pytest.raises(UserError, match="unknown key `gopher_short_dok`") as caught:
        rule_sets("en-web", {"gopher_short_dok": 2})
    assert "gopher_short_doc" in caught.value.hint


def test_web_is_a_set_for_each_language_with_its_rules_for_lines() -> None:
    assert [rules.language for rules in rule_sets("web", {})] == ["en", "zh"]
    assert (line_rules("web"), line_rules("manual")) == ("c4-any-end", "none")


def test_what_cannot_be_measured_breaks_no_bound() -> None:
    rule = Rule("share", "han", "words", at_least=0.5)
    columns = {"han": np.array([0, 1]), "words": np.array([0, 4])}
    assert rule.broken(rule.values(columns)).tolist() == [False, True]
