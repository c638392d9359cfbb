"""The word filter around a model, piece by piece."""

import pytest

from danlu.guard.words import load_words, notice
from danlu.serve.guarded import guarded_reply
from danlu.serve.models import ChatRequest, End, Message, Piece, Pieces, Text, Usage

WORDS = load_words()
REQUEST = ChatRequest("m", (Message("user", "hello"),))


class Model:
    """Yields the given pieces and notes when it is closed early."""

    id = "m"

    def __init__(self, pieces: list[str]) -> None:
        self._pieces = pieces
        self.cancelled = False

    def reply(self, request: ChatRequest) -> Pieces:
        try:
            for piece in self._pieces:
                yield Text(piece)
            yield End("stop", Usage(1, len(self._pieces)))
        except GeneratorExit:
            self.cancelled = True
            raise

    def count_tokens(self, text: str) -> int:
        return len(text)


def run(model: Model) -> tuple[str, Piece]:
    *texts, end = guarded_reply(model, REQUEST, WORDS)
    assert all(isinstance(piece, Text) for piece in texts)
    return "".join(piece.text for piece in texts if isinstance(piece, Text)), end


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_phrase_split_over_pieces_never_leaves_and_the_model_is_stopped(size: int) -> None:
    text = "Sure. Here is how to make a bomb: first, take"
    model = Model([text[at : at + size] for at in range(0, len(text), size)])
    released, end = run(model)
    assert released == f"Sure. Here is \n\n{notice('en')}"
    assert isinstance(end, End) and end.finish_reason == "content_filter"
    assert end.usage == Usage(len("hello"), len(released))
    assert model.cancelled


def test_phrase_at_the_very_end_never_leaves() -> None:
    released, end = run(Model(["how to make", " a bomb"]))
    assert released == notice("en") and isinstance(end, End) and end.finish_reason == "content_filter"


def test_harmless_text_leaves_unchanged_and_keeps_its_end() -> None:
    assert run(Model(["how to make", " a", " pump", " run"])) == ("how to make a pump run", End("stop", Usage(1, 4)))
