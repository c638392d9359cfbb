"""Plans of `danlu label`: labels by rules, by a model, by people, and what is wrong with them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from danlu.core.artifacts import Corpus, Labels
from danlu.core.stages import Plan, Step
from danlu.core.store import open_artifact
from danlu.data.endpoint.client import Endpoint
from danlu.data.label.agreement import Scale, compare
from danlu.data.label.answers import AnswerFile
from danlu.data.label.by_model import Estimate, estimate, label_by_model
from danlu.data.label.functions import FunctionFile
from danlu.data.label.human import ImportConfig, import_labels
from danlu.data.label.question import ModelConfig, question_of
from danlu.data.label.schema import SchemaFile
from danlu.data.label.suspects import SuspectsConfig, find_label_errors
from danlu.data.label.tasks import ExportConfig, export_tasks
from danlu.data.label.weak import WeakConfig, label_weakly
from danlu.recipes.settings import Settings

Documents = Step[Corpus] | Corpus


def weak_plan(documents: Documents, functions: Path, known: Path | None, settings: Settings, seed: int = 0) -> Plan:
    """Labels by labelling functions."""
    config = settings.of("label", WeakConfig)
    file = FunctionFile(functions)
    config.check(functions, file.load().labels)  # a mistake in the file is told before the documents are read
    target = label_weakly(config, documents=documents, functions=file, known=labels_in(known))
    return _checked(target, settings, seed)


def model_plan(
    documents: Documents, schema: Path, endpoint: Endpoint, known: Path | None, settings: Settings, seed: int = 0
) -> Plan:
    """Labels by a language model."""
    config = settings.of("label", ModelConfig)
    file = SchemaFile(schema)
    file.load()
    config.check(known is not None)
    target = label_by_model(config, documents=documents, endpoint=endpoint, schema=file, known=labels_in(known))
    return _checked(target, settings, seed)


def model_estimate(
    documents: Corpus, schema: Path, endpoint: Endpoint, known: Path | None, settings: Settings, seed: int = 0
) -> Estimate:
    """What labelling by the model will take."""
    config = settings.of("label", ModelConfig)
    settings.check_all_used()
    return estimate(question_of(config, documents, SchemaFile(schema), labels_in(known), seed), documents, endpoint)


def export_plan(documents: Documents, labels: Path | None, settings: Settings, seed: int = 0) -> Plan:
    """Tasks for people to label."""
    config = settings.of("label", ExportConfig)
    return _checked(export_tasks(config, documents=documents, labels=labels_in(labels)), settings, seed)


def import_plan(documents: Documents, file: Path | None, format: str, settings: Settings, seed: int = 0) -> Plan:
    """What people labelled."""
    config = settings.of("label", ImportConfig)
    answers = AnswerFile(file, format) if file else None
    if answers:
        answers.content_hash()
        answers.read()  # a file of another format is told before the documents are read
    return _checked(import_labels(config, documents=documents, file=answers), settings, seed)


def errors_plan(documents: Documents, labels: Path, settings: Settings, seed: int = 0) -> Plan:
    """Labels that are probably wrong."""
    config = settings.of("label", SuspectsConfig)
    return _checked(find_label_errors(config, documents=documents, labels=labels_in(labels)), settings, seed)


def agreement_of(folders: Sequence[Path], scale: Scale, seed: int = 0) -> dict[str, Any]:
    """How far the annotators of some artifacts agree; raises UserError when no document has two labels."""
    return compare([open_artifact(folder, Labels) for folder in folders], scale, seed)


def labels_in(folder: Path | None) -> Labels | None:
    """The labels in a folder, if one is named; raises UserError when it holds something else."""
    return open_artifact(folder, Labels) if folder else None


def _checked(target: Step[Any], settings: Settings, seed: int) -> Plan:
    settings.check_all_used()
    return Plan(target, seed)
