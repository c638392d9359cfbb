from collections.abc import Callable
from pathlib import Path

import pytest

from danlu.core.errors import UserError
from danlu.serve.models import Caller, ChatRequest, Message, Text
from danlu.serve.routes.engine import ChatModel
from danlu.serve.routes.withheld import WithheldModel
from danlu.serve.wire.errors import ApiError
from serve.fakes import FakeChat, FakeEngine

STAFF = frozenset({"staff"})


def served(folder: Path, reason: Callable[[], str] = lambda: "") -> WithheldModel:
    model = ChatModel("handbook-tuned", lambda: FakeEngine(folder), FakeChat(), context_tokens=600)
    return WithheldModel(model, reason, lambda principals: "" if principals >= STAFF else "not for this key")


def asked(model: WithheldModel, principals: frozenset[str]) -> str:
    request = ChatRequest(model.id, (Message("user", "say:yes"),), caller=Caller("x", principals))
    return "".join(piece.text for piece in model.reply(request) if isinstance(piece, Text))


def test_a_model_answers_only_those_who_may_see_what_it_learnt_from(tmp_path: Path) -> None:
    model = served(tmp_path)
    assert asked(model, STAFF) == "yes"
    with pytest.raises(ApiError, match="not for this key") as caught:
        asked(model, frozenset({"hr"}))
    assert (caught.value.status, caught.value.code) == (403, "model_not_allowed")


def test_a_model_that_is_withheld_answers_nobody(tmp_path: Path) -> None:
    with pytest.raises(ApiError, match="it learnt") as caught:
        asked(served(tmp_path, lambda: "it learnt from forgotten documents"), STAFF)
    assert (caught.value.status, caught.value.code) == (503, "model_withheld")


def test_while_it_is_not_known_what_was_forgotten_nobody_is_answered_and_no_path_is_told(tmp_path: Path) -> None:
    def damaged() -> str:
        raise UserError("{path} is damaged", path="/srv/handbook/forgotten.json")

    with pytest.raises(ApiError) as caught:
        asked(served(tmp_path, damaged), STAFF)
    assert (caught.value.status, caught.value.code) == (503, "model_withheld")
    assert "/srv" not in caught.value.message
