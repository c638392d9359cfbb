"""The columns of danlu.text.quality by the plainest Python that says what they mean: the kernels must agree exactly."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from danlu.text import characters as kinds
from danlu.text.quality import COLUMNS, SHORT_LINE_CHARACTERS, STOP_WORDS

FLAGS = kinds.character_flags()


def has(character: str, flag: int) -> bool:
    return bool(FLAGS[ord(character)] & flag)


def tokens_of(text: str) -> list[str]:
    """Runs of word characters; every other character that is no white space stands alone."""
    found: list[str] = []
    in_word = False
    for character in text:
        is_word = has(character, kinds.WORD)
        if is_word and in_word:
            found[-1] += character
        elif not has(character, kinds.SPACE):
            found.append(character)
        in_word = is_word
    return found


def strip(text: str) -> str:
    while text and has(text[0], kinds.SPACE):
        text = text[1:]
    while text and has(text[-1], kinds.SPACE):
        text = text[:-1]
    return text


def repeats(parts: Sequence[str]) -> tuple[int, int]:
    """How many parts stood there before, and their characters."""
    seen: set[str] = set()
    count = characters = 0
    for part in parts:
        if part in seen:
            count, characters = count + 1, characters + len(part)
        seen.add(part)
    return count, characters


def top(tokens: Sequence[str], length: int) -> int:
    runs = Counter(tuple(tokens[at : at + length]) for at in range(len(tokens) - length + 1))
    if not runs:
        return 0
    run, count = runs.most_common(1)[0]
    return len(" ".join(run)) * count


def repeated(tokens: Sequence[str], length: int) -> int:
    seen: set[tuple[str, ...]] = set()
    characters = at = 0
    while at + length <= len(tokens):
        run = tuple(tokens[at : at + length])
        if run in seen:
            characters, at = characters + len("".join(run)), at + length
        else:
            seen.add(run)
            at += 1
    return characters


_TERMINAL = "".join(re.escape(chr(code)) for code in FLAGS.nonzero()[0].tolist() if FLAGS[code] & kinds.TERMINAL)
_SPACE = "".join(re.escape(chr(code)) for code in FLAGS.nonzero()[0].tolist() if FLAGS[code] & kinds.SPACE)
_WIDE = f"(?=[\u3000-\U0010ffff])[{_TERMINAL}]"
_MARKS = f"[{_TERMINAL}\"')\\]”’」』）》]*"
_END = re.compile(f"{_WIDE}{_MARKS}|[{_TERMINAL}]{_MARKS}(?=[{_SPACE}]|$)")


def sentences(line: str) -> int:
    """Pieces of a line between the ends of sentences, those that are not blank."""
    return sum(bool(strip(piece)) for piece in _END.sub("x\n", line).split("\n"))


def is_mixed(token: str) -> bool:
    """Whether a token has letters of two alphabets, or a letter right behind a digit and a letter before that."""
    alphabets = sum(any(has(c, flag) for c in token) for flag in (kinds.LATIN, kinds.GREEK, kinds.CYRILLIC))
    shape = "".join("9" if has(c, kinds.DIGIT) else "l" if has(c, kinds.LETTER) else "-" for c in token)
    return alphabets > 1 or re.search("l.*9l", shape) is not None


def measure(text: str) -> dict[str, int]:
    text = strip(text)
    return dict(zip(COLUMNS, _columns(text), strict=True))


def _columns(text: str) -> Iterator[int]:
    tokens = tokens_of(text)
    words = [token for token in tokens if not all(has(character, kinds.SYMBOL) for character in token)]
    lines = text.split("\n")
    filled = [line for line in lines if line]
    content = [line for line in filled if strip(line)]
    paragraphs = re.split("\n{2,}", text) if text else []

    def share(flag: int) -> int:
        return sum(has(character, flag) for character in text)

    def of(lines: Sequence[str], holds: Callable[[str], bool]) -> int:
        return sum(map(holds, lines))

    yield len(text)
    yield len(tokens)
    yield len(words)
    yield sum(map(len, words))
    yield sum(any(has(character, kinds.LETTER) for character in token) for token in tokens)
    yield from (len(set(words) & set(tokens)) for words in STOP_WORDS.values())
    yield text.count("#")
    yield text.count("...") + text.count("…")
    yield text.count("\n")
    yield len(lines)
    yield of(content, lambda line: strip(line).startswith(("•", "-")))
    yield of(content, lambda line: strip(line).endswith(("...", "…")))
    yield len(filled)
    yield from repeats(filled)
    yield len(content)
    yield of(content, lambda line: has(line[-1], kinds.TERMINAL))
    yield of(content, lambda line: len(line) <= SHORT_LINE_CHARACTERS)
    yield repeats(content)[1]
    yield len(paragraphs)
    yield from repeats(paragraphs)
    yield from (top(tokens, length) for length in (2, 3, 4))
    yield from (repeated(tokens, length) for length in (5, 6, 7, 8, 9, 10))
    flags = (kinds.HAN, kinds.DIGIT, kinds.UPPER, kinds.GARBLED, kinds.SIMPLIFIED, kinds.TRADITIONAL)
    yield from map(share, flags)
    yield max(map(len, tokens), default=0)
    yield sum(map(sentences, lines))
    yield text.count("{")
    yield len(re.findall("lorem ipsum", text, re.IGNORECASE | re.ASCII))
    yield share(kinds.COMMON)
    yield sum(map(is_mixed, tokens))
    yield max(map(len, lines))
    yield max(map(len, re.split(f"[{_SPACE}]+", text)))
