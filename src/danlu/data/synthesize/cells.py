"""Questions that a table answers: a cell for its row and column, where both have names that a question can hold.

Tables come as extraction writes them: one block per row, the first of which is the header. A row whose name is a number, a sentence or
the name of another row too gives no question, nor does a value such as TRUE. A cell that holds a mark alone, a formula that nobody calculated, or
a character that Markdown escapes, is no answer.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from danlu.data.synthesize.pairs import Pair, Rejected, quoted
from danlu.text.records import Block, Document
from danlu.text.segment import terms
from danlu.text.words.folding import is_han

VERSION = 3

_BAR = re.compile(r"(?<!\\)\|")
_SENTENCE = re.compile(r"[。！？!?；;\n]|[.:：,，]$|https?://|____")
_NUMERIC = re.compile(r"[()−\d\s.,:%/¥$€£~+-]+(?:元|个|人|天|次|万|亿|年|月|日|[A-Za-z]{1,3})?")
_MARK = re.compile(r"[^\w\u4e00-\u9fff]*|无|n/?a|tbd|null|none|同上|ditto|[xX√✓✔×]", re.IGNORECASE)
_VALUE = re.compile(r"true|false|yes|no|n/?a|null|none|tbd|无|同上|是|否|真|假|\(?[-+−]?[\d.,:/%-]+\)?", re.IGNORECASE)
"""What may stand in the first column of a table without names: a row cannot be asked for by it."""
_FORMULA = re.compile(r"=\s*[A-Za-z_$'\[({+\-@\d\"]")
_ESCAPE = re.compile(r"\\(?=[!-/:-@\[\]-`{-~])")
_ERROR = re.compile(r"#(?:REF|DIV/0|VALUE|NAME|NUM|N/A|NULL|SPILL|CALC)[!?]?", re.IGNORECASE)
_LONGEST_NAME = 40
"""Half-widths of a row's or a column's name; a Han character takes two."""
_MOST_WORDS = 6

Cell = tuple[int, int]


def cells(document: Document) -> Iterator[Pair | Rejected]:
    """The pairs of all tables, and the rows and cells that read badly."""
    for header, *rows in _tables(document):
        names = Counter(document.text[slice(*row[0])] for row in rows if row)
        for row in rows:
            if len(row) == len(header) >= 2:
                yield from _row(document, header, row, names)


def _tables(document: Document) -> Iterator[list[list[Cell]]]:
    """Rows of cells, header first, of each run of table blocks."""
    table: list[list[Cell]] = []
    for block in document.blocks:
        if block.kind == "table":
            table.append(_spans_of_cells(document.text, block))
        elif table:
            yield table
            table = []
    if table:
        yield table


def _row(
    document: Document, header: Sequence[Cell], row: Sequence[Cell], names: Counter[str]
) -> Iterator[Pair | Rejected]:
    text, name = document.text, document.text[slice(*row[0])]
    if not is_name(name):
        yield Rejected("row has no name for a question", quoted(name), "a short name", "table", row[0][0])
        return
    if names[name] > 1:
        yield Rejected("two rows have this name", quoted(name), "one row", "table", row[0][0])
        return
    for (a, b), (start, end) in list(zip(header, row, strict=True))[1:]:
        column, cell = text[a:b], text[start:end]
        if not is_name(column):
            yield Rejected("column has no name for a question", quoted(column), "a short name", "table", start)
        elif fault := _fault_of(cell, name, column):
            yield Rejected(fault[0], quoted(cell), fault[1], "table", start)
        else:
            yield Pair("table", _question(name, column, cell), cell, start, end)


def _fault_of(cell: str, name: str, column: str) -> tuple[str, str] | None:
    """What speaks against a cell as an answer, and what was expected; None when nothing does."""
    if _MARK.fullmatch(cell) or _ERROR.fullmatch(cell) or cell in (name, column):
        return "cell says nothing by itself", "a value"
    if _FORMULA.match(cell):
        return "formula without a result", "a calculated value"
    if _ESCAPE.search(cell):
        return "cell written with an escape", "the cell's own characters"
    return None


def is_name(text: str) -> bool:
    """Whether a question can hold it: some words, no number alone, no sentence."""
    width = sum(2 if is_han(c) else 1 for c in text)
    fits = 0 < width <= _LONGEST_NAME and len(text.split()) <= _MOST_WORDS
    says = not (
        _NUMERIC.fullmatch(text)
        or _VALUE.fullmatch(text)
        or _ERROR.fullmatch(text)
        or _FORMULA.match(text)
        or _ESCAPE.search(text)
    )
    return fits and says and bool(terms(text)) and not _SENTENCE.search(text)


def _question(name: str, column: str, cell: str) -> str:
    """In the language of the names: a Chinese manual may hold an English table."""
    if any(map(is_han, name + column)):
        return f"{name}的{column}是{'多少' if _NUMERIC.fullmatch(cell) else '什么'}？"
    return f"What is the {column} of {name}?"


def _spans_of_cells(text: str, block: Block) -> list[Cell]:
    """Cells of the first line of a row: Markdown bars or tabs."""
    end = text.find("\n", block.start, block.end)
    end = block.end if end < 0 else end
    line = text[block.start : end]
    if line.startswith("|"):
        cuts = [match.start() for match in _BAR.finditer(line)]
    else:
        cuts = [-1, *(at for at, character in enumerate(line) if character == "\t"), len(line)]
    return [_stripped(text, block.start + a + 1, block.start + b) for a, b in pairwise(cuts)]


def _stripped(text: str, start: int, end: int) -> Cell:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
