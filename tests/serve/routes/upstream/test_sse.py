import pytest

from danlu.serve.routes.upstream.sse import MOST_BYTES, EventReader, TooLong

STREAM = (
    ": hello\n\n"
    'data: {"a": "水泵"}\n\n'
    "event: delta\r\nid: 3\r\ndata: first\r\ndata:second\r\n\r\n"
    "retry: 10\n\n"
    "data: third\r\r"
    "data: [DONE]\n\n"
).encode()
EVENTS = ['{"a": "水泵"}'.encode(), b"first\nsecond", b"third", b"[DONE]"]


def read(pieces: list[bytes]) -> list[bytes]:
    reader = EventReader()
    return [event for piece in pieces for event in reader.feed(piece)] + reader.finish()


def test_events_are_the_same_wherever_the_bytes_are_cut() -> None:
    assert read([STREAM]) == EVENTS
    for at in range(len(STREAM) + 1):
        assert read([STREAM[:at], STREAM[at:]]) == EVENTS, at
    assert read([STREAM[at : at + 1] for at in range(len(STREAM))]) == EVENTS


def test_an_event_whose_empty_line_never_came_counts_at_the_end() -> None:
    assert read([b"data: x\n"]) == read([b"data: x"]) == read([b"data: x\r"]) == [b"x"]


@pytest.mark.parametrize("piece", [b"x" * 65_536, b"data: y\n" * 8_192])
def test_an_event_without_end_is_an_error_and_not_kept_in_memory(piece: bytes) -> None:
    reader = EventReader()
    with pytest.raises(TooLong):
        for _ in range(8 * MOST_BYTES // len(piece)):
            reader.feed(piece)
