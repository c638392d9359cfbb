"""A rule of text has a version, and it is in the identity of every stage that the rule shapes: what the rule holds must not change below it."""

from constants import hash_of
from danlu.text import sections, segment, sentences

OWN = ("VERSION", "RULES", "LIBRARIES")


def test_a_changed_rule_for_sections_is_a_new_version() -> None:
    assert (sections.VERSION, hash_of(sections, but=OWN)) == (4, "80e5de0067732ee0")


def test_a_changed_rule_for_words_is_a_new_version() -> None:
    assert (segment.VERSION, hash_of(segment, but=OWN)) == (4, "6b2fc02423376343")


def test_a_changed_rule_for_sentences_is_a_new_version() -> None:
    assert (sentences.VERSION, hash_of(sentences, but=OWN)) == (2, "8b1aabe1dde27fe7")
