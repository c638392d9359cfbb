"""Plans that end in one stage, on explicit inputs: what the stand-alone commands run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from danlu.core.artifacts import Corpus
from danlu.core.forgotten import Forgotten
from danlu.core.outside import DataFile
from danlu.core.project import Source
from danlu.core.stages import Plan, Step
from danlu.data.lock import lock_sources
from danlu.data.quality_classifier import read_examples, train_quality
from danlu.data.questions import QuestionsConfig, make_questions
from danlu.model.base_model import resolve_base
from danlu.recipes.cleaning import cleaned
from danlu.recipes.reading import read
from danlu.recipes.retrievers import own_retriever
from danlu.recipes.settings import Settings
from danlu.retrieve.index import index


def clean_plan(documents: Step[Corpus] | Corpus, examples: Path | None, settings: Settings, seed: int = 0) -> Plan:
    """Clean documents, by a classifier too where examples of good and bad text are given."""
    file = DataFile(examples) if examples else None
    if file:
        file.content_hash()
        read_examples(file.path)  # a wrong one is told before the documents are read
    classifier = train_quality(file=file) if file else None
    return _checked(cleaned(documents, settings, classifier), settings, seed)


def index_plan(sources: Sequence[Source], settings: Settings, seed: int = 0) -> Plan:
    """Read, clean and index documents."""
    extraction, documents = read(settings, lock_sources(sources), Forgotten())
    chats = make_questions(settings.of("make_questions", QuestionsConfig), documents=documents)
    encoder = own_retriever(settings, documents, chats, Path.cwd())
    indexed = index(documents=documents, extraction=extraction, encoder=encoder, chats=chats)
    return _checked(indexed, settings, seed)


def evaluate_index_plan(folder: Path, data: Path, settings: Settings, seed: int = 0) -> Plan:
    """Measure an index on questions whose answers are known."""
    from danlu.core.artifacts import Index
    from danlu.core.store import open_artifact
    from danlu.evaluate.questions import evaluate_questions
    from danlu.retrieve import measure

    stage = evaluate_questions(measure)
    return _checked(stage(index=open_artifact(folder, Index), file=DataFile(data)), settings, seed)


def evaluate_model_plan(folder: Path, data: Path, settings: Settings, seed: int = 0) -> Plan:
    """Measure a model on held-out conversations."""
    from danlu.evaluate.model import EvaluateModelConfig, evaluate_model
    from danlu.train.base_stage import base
    from danlu.train.conversations import ConversationsConfig, conversations

    model = base(files=resolve_base(f"path:{folder.resolve()}", Path.cwd()))
    config = settings.of("evaluate", EvaluateModelConfig)
    return _checked(
        evaluate_model(
            config, model=model, chats=conversations(ConversationsConfig(side="held_out"), file=DataFile(data))
        ),
        settings,
        seed,
    )


def _checked(target: Step[Any], settings: Settings, seed: int) -> Plan:
    settings.check_all_used()
    return Plan(target, seed)
