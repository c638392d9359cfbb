"""What is written into an index by constants must be in its identity: else two indexes of one id are unlike."""

import hashlib
import json
import re
from types import ModuleType
from typing import Any

from danlu.retrieve.index import index
from danlu.retrieve.ranking import fuse, learn_order, reorder
from danlu.retrieve.refusal import answerable, asked, coefficients, gate, near_gate
from danlu.retrieve.refusal.near_gate import COEFFICIENTS
from danlu.retrieve.tables import synonyms
from danlu.text import definitions


def _hash(*modules: ModuleType) -> str:
    constants = {
        f"{module.__name__}.{name}": value
        for module in modules
        for name, value in vars(module).items()
        if re.fullmatch("_?[A-Z][A-Z0-9_]*", name) and name not in ("_SHIPPED", "COEFFICIENTS")
    }
    return hashlib.sha256(json.dumps(constants, sort_keys=True, default=_plain).encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else repr(value)


def test_a_changed_number_of_the_refusal_gate_is_a_new_version() -> None:
    """Whoever changes one raises COEFFICIENTS and puts the new hash here. The shipped questions have a test of their own."""
    assert (COEFFICIENTS, _hash(answerable, asked, coefficients, gate, near_gate)) == (2, "70320572ecfad515")


def test_a_changed_number_of_the_ranking_is_a_new_version() -> None:
    """Whoever changes one raises the version of the stage `index` and puts the new hash here."""
    assert (index.version, _hash(fuse, learn_order, reorder)) == (3, "7f57ec67d3626045")


def test_a_changed_rule_for_other_names_is_a_new_version() -> None:
    """Whoever changes one raises the version of the stage `index` and puts the new hash here."""
    assert (index.version, _hash(definitions, synonyms)) == (3, "a77db070418de7ad")
