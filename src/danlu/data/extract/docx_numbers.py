"""The numbers that Word shows before list items, headings and articles: they stand in no text, only in the numbering rules.

Office Open XML (ECMA-376, part 1, 17.9): a paragraph names a list and a level; a level has a format, a start and a pattern such as
`%1.%2` or `第%1条`. A counter of a level starts anew after an item of a level above it.
"""

from typing import Any

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DIGITS = "〇一二三四五六七八九"
_CHINESE = frozenset(
    ("chineseCounting", "chineseCountingThousand", "japaneseCounting", "ideographDigital", "taiwaneseCounting")
)
_ROMAN = ((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))  # fmt: skip


class Numbering:
    """Counts the items of every list of a document, in reading order."""

    def __init__(self, document: Any) -> None:
        self._levels = _levels(document)
        self._styles = _of_styles(document)
        self._counts: dict[str, list[int]] = {}

    def label(self, paragraph: Any, style_id: str) -> str:
        """What stands before the paragraph, with a space after it; empty for one that is in no list."""
        found = _list_of(paragraph.find(f"{_W}pPr")) or self._styles.get(style_id)
        levels = self._levels.get(found[0]) if found else None
        if not found or not levels or found[1] not in levels:
            return ""
        level = found[1]
        counts = self._counts.setdefault(found[0], [0] * 9)
        counts[level] = counts[level] + 1 if counts[level] else levels[level][1]
        counts[level + 1 :] = [0] * (8 - level)
        return _written(levels, counts, level)


def _written(levels: dict[int, tuple[str, int, str]], counts: list[int], level: int) -> str:
    form, _, pattern = levels[level]
    if form == "bullet":
        return f"{'  ' * level}- "
    text = pattern
    for upper in range(level + 1):
        upper_form, start, _ = levels.get(upper, ("decimal", 1, ""))
        text = text.replace(f"%{upper + 1}", written_number(counts[upper] or start, upper_form))
    return f"{text} " if text.strip() else ""


def written_number(value: int, form: str) -> str:
    """A number as a list writes it, by OOXML's names of formats (ST_NumberFormat); digits for those that are not known."""
    if form in _CHINESE and value < 100:
        tens, ones = divmod(value, 10)
        return (
            ("" if tens < 2 else _DIGITS[tens]) + ("十" if tens else "") + (_DIGITS[ones] if ones or not tens else "")
        )
    if form in ("lowerLetter", "upperLetter"):
        letter = chr(ord("a") + (value - 1) % 26) * ((value - 1) // 26 + 1)
        return letter if form == "lowerLetter" else letter.upper()
    if form in ("lowerRoman", "upperRoman") and value < 4000:
        text = ""
        for size, sign in _ROMAN:
            text, value = text + sign * (value // size), value % size
        return text if form == "upperRoman" else text.lower()
    return str(value)


def _list_of(properties: Any) -> tuple[str, int] | None:
    """The list and the level that a paragraph's or a style's properties name."""
    numbered = properties.find(f"{_W}numPr") if properties is not None else None
    if numbered is None or numbered.find(f"{_W}numId") is None:
        return None
    level = numbered.find(f"{_W}ilvl")
    depth = str(level.get(f"{_W}val", "0")) if level is not None else "0"
    return str(numbered.find(f"{_W}numId").get(f"{_W}val")), int(depth) if depth.isdecimal() and int(depth) < 9 else 0


def _of_styles(document: Any) -> dict[str, tuple[str, int]]:
    found = {style.style_id: _list_of(style.element.find(f"{_W}pPr")) for style in document.styles}
    return {id: given for id, given in found.items() if given}


def _levels(document: Any) -> dict[str, dict[int, tuple[str, int, str]]]:
    """For each list its levels: format, first number, pattern."""
    part = next((rel.target_part for rel in document.part.rels.values() if rel.reltype.endswith("/numbering")), None)
    if part is None:
        return {}
    root = part.element
    abstract = {
        str(rule.get(f"{_W}abstractNumId")): {
            int(level.get(f"{_W}ilvl", "0")): (_value(level, "numFmt", "decimal"), int(_value(level, "start", "1")), _value(level, "lvlText", ""))
            for level in rule.findall(f"{_W}lvl")
        }
        for rule in root.findall(f"{_W}abstractNum")
    }  # fmt: skip
    return {
        str(one.get(f"{_W}numId")): abstract.get(_value(one, "abstractNumId", ""), {})
        for one in root.findall(f"{_W}num")
    }


def _value(element: Any, name: str, otherwise: str) -> str:
    child = element.find(f"{_W}{name}")
    return str(child.get(f"{_W}val", otherwise)) if child is not None else otherwise
