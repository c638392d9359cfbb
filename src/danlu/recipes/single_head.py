"""Plans of `danlu head classify`, `tag` and `span`, and the use of what they make."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from danlu.core.execute import Machine
from danlu.core.outside import DataFile
from danlu.core.stages import Plan, Step
from danlu.model.base_model import resolve_base
from danlu.recipes.settings import Settings


def classify_plan(base_spec: str, data: Path, held_out: Path | None, settings: Settings, seed: int = 0) -> Plan:
    """A classifier of texts."""
    from danlu.train.heads.classify import ClassifyConfig
    from danlu.train.heads.classify_data import read_labelled
    from danlu.train.heads.stages import classify

    config = settings.of("classify", ClassifyConfig)
    config.check()
    read_labelled(data, config.labels, config.debias_field)  # a wrong line is told before the base is copied
    return _checked(classify(config, **_inputs(base_spec, data, held_out)), settings, seed)


def tag_plan(base_spec: str, data: Path, held_out: Path | None, settings: Settings, seed: int = 0) -> Plan:
    """A tagger of tokens."""
    from danlu.train.heads.stages import tag
    from danlu.train.heads.tag import TagConfig
    from danlu.train.heads.tag_data import read_tagged

    config = settings.of("tag", TagConfig)
    config.check()
    read_tagged(data, config.labels)
    return _checked(tag(config, **_inputs(base_spec, data, held_out)), settings, seed)


def span_plan(base_spec: str, data: Path, held_out: Path | None, settings: Settings, seed: int = 0) -> Plan:
    """A reader that points at answers."""
    from danlu.train.heads.span import SpanConfig
    from danlu.train.heads.span_data import read_asked
    from danlu.train.heads.stages import span

    config = settings.of("span", SpanConfig)
    config.check()
    read_asked(data)
    return _checked(span(config, **_inputs(base_spec, data, held_out)), settings, seed)


def applied(folder: Path, data: Path) -> Iterator[dict[str, Any]]:
    """What a head says of the rows of a file."""
    from danlu.train.heads.apply import apply

    return apply(folder, data, Machine.here().threads)


def _inputs(base_spec: str, data: Path, held_out: Path | None) -> dict[str, Any]:
    """A base without a scheme is a folder."""
    from danlu.train.base_stage import base

    spec = base_spec if ":" in base_spec else f"path:{base_spec}"
    return {
        "base": base(files=resolve_base(spec, Path.cwd())),
        "file": DataFile(data),
        "held_out": DataFile(held_out) if held_out else None,
    }


def _checked(target: Step[Any], settings: Settings, seed: int) -> Plan:
    settings.check_all_used()
    return Plan(target, seed)
