from danlu.guard.words import load_words
from danlu.serve.bot_model import BotModel
from danlu.serve.models import ChatRequest, Message
from serve.fakes import FakeBot


def test_an_answer_that_is_kept_back_is_recorded_as_kept_back() -> None:
    bot = FakeBot()
    model = BotModel("handbook", bot, load_words(), len)
    for question in ("poison", "oil"):
        list(model.reply(ChatRequest("handbook", (Message("user", question),))))
    assert bot.withheld == ["a-poison"]
