"""A real gateway in a process of its own: `python gateway_process.py FOLDER PORT SETTINGS_JSON [zh]`."""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from danlu.serve.access.keys import Keys
from danlu.serve.gateway.books import Books
from danlu.serve.gateway.config import read_config
from danlu.serve.gateway.parts import AppParts
from danlu.serve.gateway.run import listen, serve
from danlu.serve.observe.exchange import Exchange
from danlu.serve.routes.bot import BotModel
from danlu.serve.routes.build import build, build_encoders
from danlu.serve.routes.engine import ChatModel
from danlu.serve.routes.threads import Threaded
from danlu.serve.routes.upstream.pool import Connections
from serve.fakes import FakeBot, FakeChat, FakeEngine


def main(folder: Path, port: int, limits: dict[str, float], language: str) -> None:
    routes = folder / "serve.json"
    said = json.loads(routes.read_text()) if routes.exists() else {}
    config = read_config({"limits": limits, **said}, folder, os.environ)
    guards = config.guards(None)
    words = guards.words
    chat = FakeChat()
    bot = BotModel("handbook", FakeBot(), words, lambda text: len(chat.encode(text)))
    base = ChatModel("handbook-base", lambda: FakeEngine(folder), chat, context_tokens=600, default_max_tokens=300)
    own = {model.id: Threaded(model, config.settings.max_running) for model in (bot, base)}
    connections = Connections()
    models = build(config.routes, own, connections)
    listener = listen("127.0.0.1", port)
    parts = AppParts(
        tuple(models.values()),
        Keys(folder / "keys.db"),
        guards,
        Books.open(folder, config.observing, connections),
        config.limits,
        config.settings,
        encoders=build_encoders(config.routes, connections),
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
            said = asdict(exchange) | {"caller": exchange.caller.name, "headers": []}
            print(json.dumps(said), file=file)


if __name__ == "__main__":
    folder, port, settings, *rest = sys.argv[1:]
    main(Path(folder), int(port), json.loads(settings), rest[0] if rest else "en")
