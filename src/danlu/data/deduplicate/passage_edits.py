"""Cut passages out of a text so that what is left reads as well as it can: no words run together, no bracket and no bullet is left alone."""

from collections.abc import Sequence

from danlu.text.offsets import Edit
from danlu.text.shingles import tokens

RULE = "repeated passage"
_OPENING, _CLOSING = "([{<\"'“‘「『（《〈【", ")]}>\"'”’」』）》〉】.,;:!?。，；：！？、…"
_BLANK = " \t\u3000\u00a0"


def passage_edits(text: str, cuts: Sequence[tuple[int, int]]) -> list[Edit]:
    """Edits that take these stretches, with the brackets, marks and blanks that belong to them, and lines left empty."""
    edits: list[Edit] = []
    for start, end in cuts:
        edit = _edit(text, start, end)
        after = edits[-1].end if edits else 0
        edits.append(Edit(max(edit.start, after), edit.end, edit.replacement, RULE))
    return edits


def _edit(text: str, start: int, end: int) -> Edit:
    while start and text[start - 1] in _OPENING:
        start -= 1
    while end < len(text) and (text[end] in _CLOSING or text[end] in _BLANK):
        end += 1
    line_start, line_end = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end
    begins_line, ends_line = _is_bare(text[line_start:start]), _is_bare(text[end:line_end])
    if begins_line and ends_line:
        return _lines(text, line_start, line_end)
    if begins_line:
        return Edit(line_start, end, "", RULE)
    start = line_start + len(text[line_start:start].rstrip(_BLANK)) if ends_line or "\n" in text[start:end] else start
    if ends_line:
        return Edit(start, line_end, "", RULE)
    return Edit(start, end, _between(text, start, end), RULE)


def _between(text: str, start: int, end: int) -> str:
    """What parts the text before a cut from the text after it: the break of paragraph or line that was cut, else what words need."""
    if "\n" in text[start:end]:
        return "\n\n" if "\n\n" in text[start:end] else "\n"
    joins = not _is_bare(text[start - 1]) and not _is_bare(text[end]) and len(tokens(text[start - 1] + text[end])) == 1
    return " " if joins else ""


def _is_bare(text: str) -> bool:
    """Whether no token stands there: list marks, brackets, blanks."""
    return not any(character.isalnum() for character in text) and not tokens(text)


def _lines(text: str, start: int, end: int) -> Edit:
    """Whole lines go with the line breaks after them; the last ones with those before them."""
    while end < len(text) and text[end] == "\n":
        end += 1
    while end == len(text) and start and text[start - 1] == "\n":
        start -= 1
    return Edit(start, end, "", RULE)
