"""A real gateway in a process of its own: `python gateway_process.py FOLDER PORT SETTINGS_JSON [zh]`."""

import json
import sys
from pathlib import Path

from danlu.guard.words import load_words
from danlu.serve.gateway.app import AppParts
from danlu.serve.gateway.run import listen, serve
from danlu.serve.gateway.settings import Settings
from danlu.serve.keys import Keys
from danlu.serve.routes.bot import BotModel
from danlu.serve.routes.engine import ChatModel
from danlu.serve.routes.threads import Threaded
from serve.fakes import FakeBot, FakeChat, FakeEngine


def main(folder: Path, port: int, settings: Settings, language: str) -> None:
    words = load_words()
    chat = FakeChat()
    bot = BotModel("handbook", FakeBot(), words, lambda text: len(chat.encode(text)))
    base = ChatModel("handbook-base", lambda: FakeEngine(folder), chat, context_tokens=600, default_max_tokens=300)
    listener = listen("127.0.0.1", port)
    parts = AppParts(
        (Threaded(bot, settings.max_running), Threaded(base, settings.max_running)),
        Keys(folder / "keys.db"),
        words,
        settings,
    )
    serve(parts, listener, language=language, close=base.close)


if __name__ == "__main__":
    folder, port, settings, *rest = sys.argv[1:]
    main(Path(folder), int(port), Settings(**json.loads(settings)), rest[0] if rest else "en")
