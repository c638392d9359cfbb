"""A stage whose output a text rule shapes says so in its identity: else an upgrade changes what is made, and the id stays."""

import ast
import importlib
from functools import cache
from pathlib import Path

import pytest

import danlu
from danlu.core.stages import Stage
from danlu.evaluate.bot import evaluate_bot
from danlu.evaluate.questions import evaluate_questions
from danlu.retrieve import measure
from danlu.text.segment import LIBRARIES

ROOT = Path(next(iter(danlu.__path__)))
ONLY_FOLD = ("text_pairs", "section_pairs")
"""Stages that compare folded text (segment.fold), and cut no words."""


def _module(path: Path) -> str:
    return ".".join(("danlu", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")


PATHS = {_module(path): path for path in sorted(ROOT.rglob("*.py"))}


@cache
def _imported(module: str) -> frozenset[str]:
    found = set()
    for node in ast.walk(ast.parse(PATHS[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found & PATHS.keys())


@cache
def _reached(module: str) -> frozenset[str]:
    seen, waiting = {module}, [module]
    while waiting:
        more = _imported(waiting.pop()) - seen
        seen |= more
        waiting.extend(more)
    return frozenset(seen)


def _stages() -> list[tuple[str, Stage]]:  # type: ignore[type-arg]  # of any artifact
    named = [
        (module, value)
        for module, path in PATHS.items()
        if "Stage(" in path.read_text(encoding="utf-8")
        for value in vars(importlib.import_module(module)).values()
        if isinstance(value, Stage) and value.body.__module__ == module
    ]
    made = [evaluate_bot(measure), evaluate_questions(measure)]
    return [*named, *((stage.body.func.__module__, stage) for stage in made)]  # type: ignore[attr-defined]  # a partial


STAGES = _stages()


@pytest.mark.parametrize(
    ("rule", "module"), [("segmentation", "danlu.text.segment"), ("sentences", "danlu.text.sentences")]
)
def test_a_stage_that_cuts_text_names_the_rule_that_it_cuts_by(rule: str, module: str) -> None:
    cutting = [(name, stage) for name, stage in STAGES if module in _reached(name)]
    assert len(cutting) >= 12
    assert [stage.name for _, stage in cutting if rule not in dict(stage.rules)] == []


def test_a_stage_that_cuts_words_names_the_libraries_that_cut_them() -> None:
    lacking = {
        stage.name: set(LIBRARIES) - set(stage.libraries) for _, stage in STAGES if "segmentation" in dict(stage.rules)
    }
    assert {name: gone for name, gone in lacking.items() if gone and name not in ONLY_FOLD} == {}
