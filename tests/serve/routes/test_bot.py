from dataclasses import replace

import pytest

from danlu.guard.words import load_words
from danlu.serve.models import ChatRequest, Message
from danlu.serve.routes.bot import BotModel
from danlu.serve.wire.errors import ApiError
from serve.fakes import FakeBot


def test_an_answer_that_is_kept_back_is_recorded_as_kept_back() -> None:
    bot = FakeBot()
    model = BotModel("handbook", bot, load_words(), len)
    for question in ("poison", "oil"):
        list(model.reply(ChatRequest("handbook", (Message("user", question),))))
    assert bot.withheld == ["a-poison"]


def test_how_a_question_was_understood_passes_the_word_filter_too(monkeypatch: pytest.MonkeyPatch) -> None:
    bot, plain = FakeBot(), FakeBot().ask("oil")
    for told in (replace(plain, understood="how to make a bomb"), replace(plain, other_names=("how to make a bomb",))):
        monkeypatch.setattr(bot, "ask", lambda *_, told=told: told)
        [*_, end] = BotModel("handbook", bot, load_words(), len).reply(
            ChatRequest("handbook", (Message("user", "oil"),))
        )
        assert "bomb" not in str(end)
    assert bot.withheld == [plain.answer_id] * 2


@pytest.mark.parametrize("question", ["", " ", "？？？", "...!"])
def test_a_question_without_a_word_is_an_error_of_the_request(question: str) -> None:
    with pytest.raises(ApiError) as raised:
        list(
            BotModel("handbook", FakeBot(), load_words(), len).reply(
                ChatRequest("handbook", (Message("user", question),))
            )
        )
    assert raised.value.status == 400
