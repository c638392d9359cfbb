"""serve: the gateway with everything that it needs."""

import os
from argparse import Namespace
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from danlu.answer.asking.ask import LONGEST_QUESTION, ReleaseBot
from danlu.answer.asking.model_rights import ModelRights
from danlu.answer.index.access import check_known
from danlu.answer.state import State
from danlu.answer.uses.promotion import ModelWatch
from danlu.cli.speech import Speech
from danlu.core.artifacts import Artifact, Checkpoint
from danlu.core.damage import damage_of
from danlu.core.execute import Machine
from danlu.core.project import WORDS_FILE, Project, find_project
from danlu.engines.child import ChildEngine
from danlu.model.chat import ChatFormat
from danlu.model.loading import read_model_facts
from danlu.serve.access.keys import Keys
from danlu.serve.gateway.books import Books
from danlu.serve.gateway.config import read_config
from danlu.serve.gateway.parts import AppParts
from danlu.serve.gateway.run import listen
from danlu.serve.gateway.run import serve as serve_parts
from danlu.serve.gateway.settings import Settings
from danlu.serve.routes.bot import BotModel
from danlu.serve.routes.build import build, build_encoders
from danlu.serve.routes.engine import ChatModel
from danlu.serve.routes.threads import BlockingModel, Threaded
from danlu.serve.routes.upstream.pool import Connections
from danlu.serve.routes.withheld import WithheldModel


def serve(options: Namespace, say: Speech) -> None:
    """Serve the current release until SIGTERM: the bot first, then the base and the tuned model."""
    project = find_project(Path.cwd())
    config = read_config(project.serve, project.folder, os.environ, max_question_chars=LONGEST_QUESTION)
    owner = check_known(options.principals, project)
    bot = ReleaseBot(project)
    _check(bot.release, *bot.parts.values())
    listener = listen(options.host, options.port)
    settings = config.settings
    own_words = project.folder / WORDS_FILE
    guards = config.guards(own_words if own_words.exists() else None)
    chats = _chat_models(project, bot, settings, say)
    counts = ChatFormat.load(bot.parts["base"].path)
    bot_model = BotModel(
        project.name, bot, guards.words, lambda text: len(counts.encode(text)), settings.max_question_chars, say.error
    )

    def close() -> None:
        for model in chats:
            model.close()
        bot.close()

    blocking: list[BlockingModel] = [bot_model, *chats]
    own = {model.id: Threaded(model, settings.max_running) for model in blocking}
    connections = Connections()
    models = tuple(build(config.routes, own, connections).values())
    encoders = build_encoders(config.routes, connections)
    keys = Keys(State.of(project).keys)
    books = Books.open(State.of(project).folder, config.observing, connections)
    parts = AppParts(models, keys, guards, books, config.limits, settings, owner, encoders, aclose=connections.aclose)
    serve_parts(parts, listener, language="zh" if say.language == "zh" else "en", close=close)


def _check(*artifacts: Artifact) -> None:
    """Nothing is served but what was released: every byte is read once more, a second or two for each gigabyte."""
    for artifact in artifacts:
        damage = damage_of(artifact.path)
        if damage is not None:
            raise damage


def _chat_models(project: Project, bot: ReleaseBot, settings: Settings, say: Speech) -> list[WithheldModel]:
    """The language models of the release; one that was not trained, or failed a check of its proof, is not served."""
    models: list[WithheldModel] = []
    withheld: dict[str, list[str]] = bot.release.read()["withheld"]
    watch, rights = ModelWatch(project, bot.release), ModelRights(project, bot.release)
    for role in ("base", "tuned"):
        checkpoint = bot.parts[role]
        assert isinstance(checkpoint, Checkpoint)
        if learnt := watch.learnt(checkpoint.id):
            print(_why_withheld(f"{project.name}-{role}", learnt, say))
        elif role in withheld:
            checks = ", ".join(withheld[role])
            print(say("{name} is not served: it failed {checks}", name=f"{project.name}-{role}", checks=checks))
        elif not checkpoint.skipped:
            model = _chat_model(f"{project.name}-{role}", checkpoint.path, settings)
            if needs := rights.needs(checkpoint.id):
                print(_whom(model.id, needs, say))
            reason = partial(_reason, watch, checkpoint.id, model.id, say)
            models.append(
                WithheldModel(model, reason, partial(_closed_to, rights, checkpoint.id, model.id, say), say.error)
            )
    return models


def _closed_to(rights: ModelRights, checkpoint: str, name: str, say: Speech, principals: frozenset[str]) -> str:
    """Why a model does not answer somebody; empty when it does. What he would have to be is not told."""
    if rights.may_use(checkpoint, principals):
        return ""
    return say("{name} learnt from documents that this key may not see", name=name)


def _whom(name: str, needs: Sequence[frozenset[str]], say: Speech) -> str:
    groups = "; ".join(", ".join(sorted(group)) or "-" for group in needs)
    return say(
        "{name} answers only keys that may see all it learnt from. One of each group: {groups}",
        name=name,
        groups=groups,
    )


def _reason(watch: ModelWatch, checkpoint: str, name: str, say: Speech) -> str:
    """Why a model is not served any more; empty while it is."""
    learnt = watch.learnt(checkpoint)
    return _why_withheld(name, learnt, say) if learnt else ""


def _why_withheld(name: str, learnt: Sequence[str], say: Speech) -> str:
    names = ", ".join(learnt)
    return say("{name} is not served: it learnt from forgotten documents: {names}", name=name, names=names)


def _chat_model(name: str, folder: Path, settings: Settings) -> ChatModel:
    threads = Machine.here().threads
    context_tokens = read_model_facts(folder).context_tokens
    return ChatModel(
        name, lambda: ChildEngine("transformers", folder, threads), ChatFormat.load(folder), context_tokens,
        settings.default_max_tokens,
    )  # fmt: skip
