from hypothesis import given
from hypothesis import strategies as st

from danlu.serve.routes.detokenize import Detokenizer


def decode(ids: list[int]) -> str:
    return bytes(ids).decode("utf-8", "replace")


def run(text: str, stops: tuple[str, ...] = ()) -> tuple[list[str], bool]:
    tokens = Detokenizer(decode, stops)
    pieces = []
    for token_id in text.encode():
        pieces.append(tokens.feed(token_id))
        if tokens.stopped:
            break
    pieces.append(tokens.finish())
    return [piece for piece in pieces if piece], tokens.stopped


def test_no_half_characters() -> None:
    assert run("泵é😀") == (["泵", "é", "😀"], False)


def test_half_a_character_at_the_end_is_shown_as_such() -> None:
    tokens = Detokenizer(decode, ())
    assert [tokens.feed(token_id) for token_id in "泵".encode()[:2]] == ["", ""]
    assert tokens.finish() == "\ufffd"


@given(st.text("ab泵\n", max_size=20), st.lists(st.text("ab泵\n", min_size=1, max_size=4), max_size=4))
def test_text_ends_before_the_first_stop_string(text: str, stops: list[str]) -> None:
    pieces, stopped = run(text, tuple(stops))
    whole = "".join(pieces)
    assert stopped == any(stop in text for stop in stops)
    assert text.startswith(whole) and not any(stop in whole for stop in stops)
    if not stopped:
        assert whole == text
