import json
from pathlib import Path
from typing import Any

import pytest

from danlu.core.project import load_project
from danlu.core.store import Store
from danlu.release.bundle import FEWEST_QUESTIONS, check, withheld


def report(
    validity: float = 1.0, refused: float = 1.0, high: float = 0.1, questions: int = FEWEST_QUESTIONS
) -> dict[str, Any]:
    return {
        "answers": {"citation_validity": validity},
        "refusal": {"en": {"share": refused}, "zh": {"share": 1.0}},
        "retrieval_blind": {"en": {"fused_gain": {"high": high}, "fused": {"questions": questions}}},
    }


@pytest.mark.parametrize(
    ("measured", "failed"),
    [
        (report(), []),
        (report(validity=0.999), ["citations are verbatim"]),
        (report(refused=0.9), ["off-domain questions refused (en)"]),
        (report(high=-0.01, questions=FEWEST_QUESTIONS - 1), []),
        (report(high=-0.01), ["fused is no worse than the best leg beyond noise (en)"]),
    ],
)
def test_each_check_holds_its_figure_to_its_bound(measured: dict[str, Any], failed: list[str]) -> None:
    assert [row["check"] for row in check(measured) if not row["passed"]] == failed


def test_a_release_names_its_parts_by_id_and_hash_and_states_its_checks(small_project: Path) -> None:
    store = Store(load_project(small_project).artifacts)
    made = {artifact.manifest.stage: artifact for artifact in store.all()}
    facts = json.loads((made["release"].path / "release.json").read_text(encoding="utf-8"))
    for part in facts["parts"].values():
        found = store.find(part["id"])
        assert (found.manifest.stage, found.manifest.content_hash) == (part["stage"], part["content_hash"])
    assert {"index", "extraction", "report"} <= facts["parts"].keys()
    passed = sum(row["passed"] for row in facts["checks"])
    assert made["release"].manifest.counts == {"checks": len(facts["checks"]), "passed": passed}
    assert all(row["passed"] == (row["value"] >= row["at_least"]) for row in facts["checks"])
    assert made["release"].manifest.licences


def finding(check: str, verdict: str, *, unproven: bool = False) -> dict[str, Any]:
    return {"check": check, "verdict": verdict, "unproven": unproven}


def test_a_model_is_withheld_for_what_failed_and_for_what_could_not_be_looked_at() -> None:
    proven = {
        "base": [finding("config.eos", "pass"), finding("export.logits", "not checkable")],
        "tuned": [finding("mask.stop", "fail", unproven=True), finding("merge.logits", "not checkable", unproven=True)],
    }
    assert withheld(proven) == {"tuned": ["mask.stop", "merge.logits"]}


def test_items_among_the_training_rows_spoil_the_figures_and_not_the_model() -> None:
    assert withheld({"tuned": [finding("contamination.near", "fail", unproven=True)]}) == {}
