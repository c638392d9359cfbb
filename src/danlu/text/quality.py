"""What a text is like, in numbers: everything that the rules of Gopher, C4 and FineWeb ask about, in one pass over its bytes.

A token is a run of letters, digits and marks, or one character of a script written without spaces, or one other character
that is no white space. A text counts as it stands in a cleaned document: white space around it is left out, lines end with
a new line and nothing else. Lengths are in characters (code points). The rules that read these columns lie elsewhere.

Runs of n tokens repeat only where their first n - 1 tokens repeat, so each length looks at what is left of the one before:
most texts are done after 4 of 10 lengths. Runs are compared by 64-bit hashes of their tokens.

Rae et al. 2021 (Gopher, arXiv 2112.11446, table A1), Raffel et al. 2020 (C4, 1910.10683), Penedo et al. 2024 (FineWeb,
2406.17557). The kernels stand in one file: numba does not see a change of a helper in another one.

Letters in shapes: D texts, K columns, B bytes, T tokens, N lines.
"""

from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from danlu.text.arrow import offsets_and_bytes
from danlu.text.characters import character_flags
from danlu.text.quality_kernels import STOP_SHIFT, hash_letter, measure_texts

COLUMNS = (
    "characters", "tokens", "words", "word_characters", "letter_tokens", "stop_words_en", "stop_words_zh", "hashes", "ellipses",
    "new_lines", "lines", "bullet_lines", "ellipsis_lines", "filled_lines", "repeated_lines", "repeated_line_characters",
    "content_lines", "ended_lines", "short_lines", "repeated_content_characters",
    "paragraphs", "repeated_paragraphs", "repeated_paragraph_characters",
    "top_2_characters", "top_3_characters", "top_4_characters", "repeated_5_characters", "repeated_6_characters",
    "repeated_7_characters", "repeated_8_characters", "repeated_9_characters", "repeated_10_characters",
    "han", "digits", "capitals", "garbled", "simplified", "traditional", "longest_token",
    "sentences", "curly_brackets", "lorem_ipsum", "common_han", "mixed_tokens", "longest_line", "longest_run",
)  # fmt: skip
"""`words` are tokens that are not symbols alone. `filled_lines` hold a character, `content_lines` one that is no white space.
What is `repeated` is counted from its second time on. `top_n_characters` is the length of the commonest run of n tokens
(the first of equals; a blank between two tokens counts) times how often it stands there; `repeated_n_characters` are those
of runs that stood there before, read from the left, where a run that was found is not looked into. `mixed_tokens` hold
letters of two alphabets or a digit between letters; `longest_run` is one of characters that are no white space."""
SHORT_LINE_CHARACTERS = 30
STOP_WORDS = {
    "en": ("the", "be", "to", "of", "and", "that", "have", "with"),
    "zh": tuple("的年在月是和日了於·為有被人中为他與後也而由"),
}
"""Gopher's for English and FineWeb 2's for Chinese. `stop_words_*` count how many of them are there."""


def measure(texts: pa.Array | pa.ChunkedArray) -> NDArray[np.int64]:
    """The columns of COLUMNS for each text (D, K). The texts are strings without nulls."""
    text_B, starts_D, ends_D = offsets_and_bytes(texts)
    out_DK = np.zeros((len(starts_D), len(COLUMNS)), np.int64)
    measure_texts(text_B, starts_D, ends_D, character_flags(), *_stop_words(), SHORT_LINE_CHARACTERS, out_DK)
    return out_DK


@cache
def _stop_words() -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.bool_]]:
    """Hashes of all stop words (W,), the column of each, and which hashes may be of one, by their first bits (M,)."""
    words = [(language, word) for language, words in STOP_WORDS.items() for word in words]
    hashes_W = np.array([_hash_word(word) for _, word in words], np.uint64)
    columns_W = np.array([COLUMNS.index(f"stop_words_{language}") for language, _ in words], np.int64)
    maybe_M = np.zeros(2 ** (64 - int(STOP_SHIFT)), bool)
    maybe_M[hashes_W >> STOP_SHIFT] = True
    return hashes_W, columns_W, maybe_M


def _hash_word(word: str) -> np.uint64:
    hashed = np.uint64(0)
    for letter in word:
        hashed = np.uint64(hash_letter(hashed, ord(letter)))
    return hashed
