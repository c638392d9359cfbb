"""Recipe `knowledge-bot`: from a folder of documents to a released bot that answers with citations, or refuses.

Reads as a methods section: each line is a stage, and building the plan runs nothing.
"""

from danlu.core.project import Project
from danlu.core.stages import Plan
from danlu.data.collect import collect
from danlu.data.extract.config import ExtractConfig
from danlu.data.extract.stage import extract
from danlu.data.lock import lock_sources
from danlu.data.questions import QuestionsConfig, make_questions
from danlu.evaluate.bot import EvaluateConfig, evaluate_bot
from danlu.model.base_model import resolve_base
from danlu.model.packaged import find_packaged
from danlu.prove.stage import prove_models
from danlu.recipes.cleaning import cleaned, distinct
from danlu.recipes.settings import Settings
from danlu.recipes.tuning import finetuned
from danlu.release.bundle import release
from danlu.retrieve import measure
from danlu.retrieve.index import index
from danlu.train.base_stage import base
from danlu.train.retriever import RetrieverConfig, train_retriever


def knowledge_bot(project: Project) -> Plan:
    """The plan of a knowledge bot for a project."""
    settings = Settings(project.settings)
    sources = lock_sources(project.sources, project.state / "cache" if project.state.exists() else None)

    files = collect(sources=sources)
    extraction = extract(settings.of("extract", ExtractConfig), files=files, sources=sources)
    documents = distinct(cleaned(extraction, settings), settings)
    chats = make_questions(settings.of("make_questions", QuestionsConfig), documents=documents)
    encoder = train_retriever(
        settings.of("train_retriever", RetrieverConfig), documents=documents, chats=chats, packaged=find_packaged()
    )
    indexed = index(documents=documents, extraction=extraction, encoder=encoder, chats=chats)
    base_model = base(files=resolve_base(project.base, project.folder))
    tuned = finetuned(settings, base=base_model, chats=chats)
    proof = prove_models(base=base_model, tuned=tuned, chats=chats)
    report = evaluate_bot(measure)(
        settings.of("evaluate", EvaluateConfig),
        index=indexed,
        chats=chats,
        extraction=extraction,
        base=base_model,
        tuned=tuned,
    )
    released = release(index=indexed, extraction=extraction, base=base_model, tuned=tuned, proof=proof, report=report)

    settings.check_all_used()
    return Plan(released, project.seed)
