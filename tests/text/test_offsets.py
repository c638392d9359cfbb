from hypothesis import given
from hypothesis import strategies as st

from danlu.text.offsets import Edit, OffsetMap, apply, identity

TEXT = st.text("ab 中文\n", max_size=40)


@st.composite
def edited(draw: st.DrawFn, text: str | None = None) -> tuple[str, str, OffsetMap]:
    """A text, the same after random edits, and the map back."""
    source = draw(TEXT) if text is None else text
    cuts = sorted(draw(st.lists(st.integers(0, len(source)), max_size=8)))
    spans = list(zip(cuts[::2], cuts[1::2], strict=False))
    replacements = st.text("xyz", max_size=4)
    edits = [Edit(start, end, draw(replacements), "rule") for start, end in spans if end > start]
    return (source, *apply(source, edits))


def check(source: str, text: str, offsets: OffsetMap) -> None:
    """Pieces cover the edited text in order, and kept ones are equal on both sides."""
    position = 0
    for piece in offsets.pieces:
        assert piece.start == position
        position = piece.end
        if piece.kept:
            assert text[piece.start : piece.end] == source[piece.source_start : piece.source_end]
    assert position == len(text)


@given(edited())
def test_pieces_cover_the_text_and_kept_pieces_are_equal(case: tuple[str, str, OffsetMap]) -> None:
    check(*case)
    assert case[2].pieces[-1].source_end == len(case[0])


@given(edited(), st.data())
def test_a_span_leads_back_to_a_span_that_gives_it(case: tuple[str, str, OffsetMap], data: st.DataObject) -> None:
    source, text, offsets = case
    if not text:
        return
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    source_start, source_end = offsets.to_source(start, end)
    assert 0 <= source_start <= source_end <= len(source)
    inside = [piece for piece in offsets.pieces if piece.start < end and piece.end > start]
    if all(piece.kept for piece in inside):
        kept = "".join(source[p.source_start : p.source_end] for p in inside)
        assert text[start:end] in kept
        assert source[source_start:].startswith(text[start : min(end, inside[0].end)])
        assert source[:source_end].endswith(text[max(start, inside[-1].start) : end])


@given(edited(), st.data())
def test_a_kept_position_leads_there_and_back(case: tuple[str, str, OffsetMap], data: st.DataObject) -> None:
    source, text, offsets = case
    kept = [at for piece in offsets.pieces if piece.kept for at in range(piece.start, piece.end)]
    if kept:
        at = data.draw(st.sampled_from(kept))
        start, end = offsets.to_source(at, at + 1)
        assert end == start + 1
        assert source[start] == text[at]
        assert offsets.from_source(start) == at


@given(edited(), st.data())
def test_positions_keep_their_order(case: tuple[str, str, OffsetMap], data: st.DataObject) -> None:
    source, text, offsets = case
    places = [offsets.from_source(at) for at in range(len(source) + 1)]
    assert places == sorted(places)
    assert not places or (places[0] >= 0 and places[-1] == len(text))


@given(st.data())
def test_two_rounds_compose_to_one_map(data: st.DataObject) -> None:
    source, middle, first = data.draw(edited())
    _, final, second = data.draw(edited(middle))
    composed = second.after(first)
    check(source, final, composed)
    for piece in second.pieces:
        if piece.kept and piece.end > piece.start:
            assert composed.to_source(piece.start, piece.end) == first.to_source(piece.source_start, piece.source_end)


@given(TEXT)
def test_no_edits_give_the_identity(text: str) -> None:
    assert apply(text, []) == (text, identity(len(text)))


def test_a_place_inside_a_replacement_leads_to_the_whole_of_what_was_replaced() -> None:
    text, offsets = apply("abcdef", [Edit(2, 4, "XYZ", "rule")])
    assert text == "abXYZef"
    assert offsets.to_source(3, 4) == (2, 4)
    assert offsets.to_source(1, 6) == (1, 5)
    assert offsets.from_source(3) == 2
