"""Superscripts and subscripts in plain text: m², H₂O, 10⁻⁶; x^n, x^{n+k}, P_{max} as LaTeX writes them; marks of notes as [1].

Digits and signs have characters of their own (Unicode's Superscripts and Subscripts block). Left as they are, they would change
what is said: 10<sup>6</sup> is not 106.
"""

import re

_SIGNS = "0123456789+-−=()"
_RAISED = str.maketrans(_SIGNS, "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾")
_LOWERED = str.maketrans(_SIGNS, "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_NUMBER = re.compile(r"[0-9+\-−=()]*[0-9][0-9+\-−=()]*|[+\-−]")
_ORDINAL = re.compile(r"st|nd|rd|th|TM|SM", re.IGNORECASE)
_WORD = re.compile(r"\w")
_MAX_CHARACTERS = 24
"""A longer one, or one of several words, is a phrase in small letters."""


def raised(text: str, is_note: bool) -> str:
    """A superscript; `is_note`: it leads to a note."""
    text = text.strip()
    if is_note and text:
        return text if text.startswith(("[", "［", "(", "（")) else f"[{text}]"
    return text if _ORDINAL.fullmatch(text) else _written(text, "^", _RAISED)


def lowered(text: str) -> str:
    """A subscript."""
    return _written(text.strip(), "_", _LOWERED)


def _written(text: str, sign: str, characters: dict[int, int]) -> str:
    if _NUMBER.fullmatch(text):
        return text.translate(characters)
    if not _WORD.match(text) or len(text) > _MAX_CHARACTERS or " " in text:
        return text
    return f"{sign}{text}" if len(text) == 1 else f"{sign}{{{text}}}"
