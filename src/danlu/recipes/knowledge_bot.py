"""Recipe `knowledge-bot`: from a folder of documents to a released bot that answers with citations, or refuses.

Reads as a methods section: each line is a stage, and building the plan runs nothing.
"""

from danlu.core.forgotten import Forgotten
from danlu.core.project import Project
from danlu.core.stages import Plan
from danlu.data.lock import lock_sources
from danlu.data.questions import QuestionsConfig, make_questions
from danlu.evaluate.bot import EvaluateConfig, evaluate_bot
from danlu.model.base_model import resolve_base
from danlu.prove.stage import prove_models
from danlu.recipes.reading import read
from danlu.recipes.retrievers import own_retriever
from danlu.recipes.settings import Settings
from danlu.recipes.tuning import finetuned
from danlu.release.bundle import release
from danlu.retrieve import measure
from danlu.retrieve.index import index
from danlu.train.base_stage import base


def knowledge_bot(project: Project) -> Plan:
    """The plan of a knowledge bot for a project."""
    settings = Settings(project.settings)
    sources = lock_sources(project.sources, project.state / "cache" if project.state.exists() else None)

    extraction, documents = read(settings, sources, Forgotten.of(project.state / "state"))
    chats = make_questions(settings.of("make_questions", QuestionsConfig), documents=documents)
    encoder = own_retriever(settings, documents, chats, project.folder)
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
