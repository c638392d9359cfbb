"""A real gateway in a process of its own: `python gateway_process.py FOLDER PORT SETTINGS_JSON [zh]`."""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from danlu.guard.words import load_words
from danlu.serve.access.keys import Keys
from danlu.serve.gateway.app import AppParts
from danlu.serve.gateway.exchange import Exchange
from danlu.serve.gateway.run import listen, serve
from danlu.serve.gateway.settings import Settings
from danlu.serve.routes.bot import BotModel
from danlu.serve.routes.build import Connections, build
from danlu.serve.routes.config import read_routes
from danlu.serve.routes.engine import ChatModel
from danlu.serve.routes.threads import Threaded
from serve.fakes import FakeBot, FakeChat, FakeEngine


def main(folder: Path, port: int, settings: Settings, language: str) -> None:
    words = load_words()
    chat = FakeChat()
    bot = BotModel("handbook", FakeBot(), words, lambda text: len(chat.encode(text)))
    base = ChatModel("handbook-base", lambda: FakeEngine(folder), chat, context_tokens=600, default_max_tokens=300)
    own = {model.id: Threaded(model, settings.max_running) for model in (bot, base)}
    routes = folder / "serve.json"
    said = json.loads(routes.read_text()) if routes.exists() else None
    connections = Connections()
    models = build(read_routes(said, folder, os.environ), own, connections.session)
    listener = listen("127.0.0.1", port)
    parts = AppParts(
        tuple(models.values()),
        Keys(folder / "keys.db"),
        words,
        settings,
        observers=(Noted(folder),),
        aclose=connections.aclose,
    )
    serve(parts, listener, language=language, close=base.close)


class Noted:
    """Writes each exchange down, for tests to read."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "exchanges.jsonl"

    def __call__(self, exchange: Exchange) -> None:
        with self._path.open("a") as file:
            print(json.dumps(asdict(exchange) | {"caller": exchange.caller.name}), file=file)


if __name__ == "__main__":
    folder, port, settings, *rest = sys.argv[1:]
    main(Path(folder), int(port), Settings(**json.loads(settings)), rest[0] if rest else "en")
