"""Two texts with what they share marked in both, short enough for a line each."""

from danlu.text.shingles import token_spans

_MAX_TOKENS = 1500
"""Of the first text; a common token costs as often as it stands there."""
_AROUND, _INSIDE = 24, 48
"""Characters shown on either side of the marked span, and of each end of it."""


def marked(first: str, second: str) -> tuple[str, str]:
    """Excerpts of both texts around their longest common run of tokens, which stands in double brackets."""
    firsts, seconds = token_spans(first)[:_MAX_TOKENS], token_spans(second)
    at, other, length = _longest([token for token, *_ in firsts], [token for token, *_ in seconds])
    if not length:
        return _flat(first[: 4 * _AROUND]), _flat(second[: 4 * _AROUND])
    spans = (firsts[at][1], firsts[at + length - 1][2]), (seconds[other][1], seconds[other + length - 1][2])
    return excerpt(first, *spans[0]), excerpt(second, *spans[1])


def _longest(first: list[str], second: list[str]) -> tuple[int, int, int]:
    """Where the longest common run starts in both, and its length."""
    places: dict[str, list[int]] = {}
    for at, token in enumerate(first):
        places.setdefault(token, []).append(at)
    best = (0, 0, 0)
    runs: dict[int, int] = {}
    for at, token in enumerate(second):
        runs = {place: runs.get(place - 1, 0) + 1 for place in places.get(token, ())}
        for place, length in runs.items():
            if length > best[2]:
                best = (place - length + 1, at - length + 1, length)
    return best


def excerpt(text: str, start: int, end: int) -> str:
    """The span in double brackets, with a little of what stands around it, on one line."""
    before = ("…" if start > _AROUND else "") + text[max(0, start - _AROUND) : start]
    after = text[end : end + _AROUND] + ("…" if end + _AROUND < len(text) else "")
    inside = text[start:end]
    if len(inside) > 2 * _INSIDE:
        inside = f"{inside[:_INSIDE]} … {inside[-_INSIDE:]}"
    return _flat(f"{before}[[{inside}]]{after}")


def _flat(text: str) -> str:
    return " ".join(text.split())
