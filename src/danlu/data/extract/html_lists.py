"""Marks of a page's lists as Markdown writes them: `- `, or the number of a numbered list, indented below the item around it.

Numbers are those of the HTML Standard (4.4.5 and 4.4.8): `start` of the list, `value` of an item, letters and Roman numbers by `type`,
and down to 1 where the list is `reversed`.
"""

import re
from dataclasses import dataclass
from typing import Any

from danlu.data.extract.docx_numbers import written_number

_BULLET = "- "
_FORMS = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
_MAX_WRITTEN = 999
"""Higher numbers are written as digits: the letters of the millionth item are a line of their own."""
_NUMBER = re.compile(r"\s*(-?\d{1,9})")


@dataclass
class _List:
    is_numbered: bool
    form: str
    next_number: int
    indent: str
    step: int
    """1, or -1 where the list counts down."""
    mark: str = _BULLET


class Lists:
    """The lists that are open at a place of the page, and the mark that the next text is given."""

    def __init__(self) -> None:
        self._open: list[_List] = []
        self._mark = ""
        self._has_text = False

    @property
    def indent(self) -> str:
        """Spaces before what goes on with the item that is open."""
        return self._open[-1].indent + " " * len(self._open[-1].mark) if self._open else ""

    def begin(self, node: Any) -> None:
        """An `ol` or a `ul` begins."""
        self._has_text = self._has_text and bool(self._open)
        form = _FORMS.get((node.getattr("type") or "").strip(), "decimal")
        is_reversed = node.getattr("reversed") is not None
        start = _attribute(node, "start", _count_items(node) if is_reversed else 1)
        self._open.append(_List(node.tag == "ol", form, start, self.indent, -1 if is_reversed else 1))

    def end(self) -> None:
        """The innermost list ends."""
        self._mark = ""
        if self._open:
            self._open.pop()

    def item(self, node: Any) -> None:
        """An `li` begins."""
        if not self._open:
            self._mark = _BULLET
            return
        around = self._open[-1]
        if around.is_numbered:
            number = _attribute(node, "value", around.next_number)
            form = around.form if 0 < number <= _MAX_WRITTEN else "decimal"
            around.next_number, around.mark = number + around.step, f"{written_number(number, form)}. "
        self._mark = around.mark

    def end_item(self) -> None:
        """An `li` ends: what it did not mark stays without a mark."""
        self._mark = ""

    def take(self) -> tuple[str, str]:
        """What stands between the text before and the next text, and its mark. Items follow one another without a blank line."""
        mark, self._mark = self._mark, ""
        gap = "\n" if mark and self._has_text else "\n\n"
        self._has_text = bool(self._open)
        return gap + (self._open[-1].indent if mark and self._open else self.indent), mark


def _attribute(node: Any, name: str, otherwise: int) -> int:
    found = _NUMBER.match(node.getattr(name) or "")
    return int(found[1]) if found else otherwise


def _count_items(node: Any) -> int:
    count, child = 0, node.first_child
    while child:
        count += child.tag == "li"
        child = child.next
    return count
