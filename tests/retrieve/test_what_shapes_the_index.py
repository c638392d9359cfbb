"""What is written into an index by constants must be in its identity: else two indexes of one id are unlike."""

from constants import hash_of
from danlu.retrieve.index import index
from danlu.retrieve.legs import lexical, search
from danlu.retrieve.ranking import fuse, learn_order, reorder
from danlu.retrieve.refusal import answerable, asked, calibrate, coefficients, gate, near_gate, nearness
from danlu.retrieve.refusal.near_gate import COEFFICIENTS
from danlu.retrieve.tables import synonyms
from danlu.text import bm25, definitions, frequency, language, ranking


def test_a_changed_number_of_the_refusal_gate_is_a_new_version() -> None:
    """Whoever changes one raises COEFFICIENTS and puts the new hash here. The shipped questions have a test of their own."""
    assert (
        COEFFICIENTS,
        hash_of(
            answerable, asked, calibrate, coefficients, gate, near_gate, nearness, but=("_SHIPPED", "COEFFICIENTS")
        ),
    ) == (3, "3980c798bbf0c5c5")


def test_a_changed_number_of_the_ranking_is_a_new_version() -> None:
    """Whoever changes one raises the version of the stage `index` and puts the new hash here."""
    assert (index.version, hash_of(fuse, learn_order, reorder, ranking)) == (4, "e5424b5fc0d731e0")


def test_a_changed_rule_for_other_names_is_a_new_version() -> None:
    """Whoever changes one raises the version of the stage `index` and puts the new hash here."""
    assert (index.version, hash_of(definitions, synonyms)) == (4, "89fbd2737bd1b40e")


def test_a_changed_number_of_a_leg_is_a_new_version() -> None:
    """Weights are measured on what the legs find: whoever changes one raises the version of the stage `index`, with the new hash here."""
    assert (index.version, hash_of(bm25, frequency, language, lexical, search)) == (4, "d8095d2804c22d8b")
