"""The reading order of a page's lines: columns found by the empty strip between them.

A recursive cut in the manner of the XY-cut (Nagy and Seth, 1984): a strip that few lines cross parts a page into bands;
a line that crosses it (a title, an abstract, a wide figure's caption) stands between bands, and within a band the left
column is read before the right. A strip between the cells of a table is none: its columns are not filled by prose.
"""

from collections.abc import Iterator, Sequence

from danlu.data.extract.pdf_lines import Line

Region = list[Line]
"""Lines of one column, or of one band without columns, from top to bottom."""

_STRIP = 6.0
"""Resolution of the search for an empty strip, in points; the narrowest gutters of two-column papers are 12."""
_MIN_ROWS = 4
"""Lines that each side of a gutter needs: fewer are a signature, an address, two captions."""
_CROSSING_SHARE = 0.4
"""A gutter may be crossed by this share of the lines: titles and captions over both columns."""
_FILLED = 0.6
"""The share of its column's width that the middle line of prose fills; cells of a table and labels fill less."""
_PROSE_EMS = 9.0
"""The width of the middle line of prose, in font sizes: a column of numbers is narrower."""
_SPARSE = 0.4
"""A side with fewer lines than this share of the other's holds terms or marginal notes, not a column."""
_MAX_DEPTH = 4


def regions(lines: Sequence[Line]) -> list[Region]:
    """The columns of a page in reading order; every line is in exactly one."""
    return list(_regions(sorted(lines, key=lambda line: (line.top, line.left)), 0))


def _regions(lines: list[Line], depth: int) -> Iterator[Region]:
    strip = _gutter(lines) if len(lines) >= 2 * _MIN_ROWS and depth < _MAX_DEPTH else None
    if strip is None:
        if lines:
            yield lines
        return
    rest: Region = []
    for left, right, crossing in _bands(lines, strip):
        if _is_columns(left, right):
            yield from _regions(rest, depth + 1)
            rest = []
            yield from _regions(left, depth + 1)
            yield from _regions(right, depth + 1)
        else:
            rest += sorted(left + right, key=lambda line: (line.top, line.left))
        rest += crossing
    yield from _regions(rest, depth + 1) if len(rest) < len(lines) else [rest]


def _gutter(lines: list[Line]) -> float | None:
    """The middle of the strip that the fewest lines cross, with enough of them on either side."""
    left, right = min(line.left for line in lines), max(line.right for line in lines)
    count = int((right - left) / _STRIP) + 1
    changes = [0] * (count + 1)
    ending, starting = [0] * (count + 1), [0] * (count + 1)
    for line in lines:
        first, last = int((line.left - left) / _STRIP), int((line.right - left) / _STRIP)
        changes[first] += 1
        changes[min(last + 1, count)] -= 1
        starting[first] += 1
        ending[min(last, count)] += 1
    best: tuple[int, int, int] | None = None
    crossing, ended, started = 0, 0, 0
    run_at, run = 0, -1
    for slot in range(count):
        crossing += changes[slot]
        started += starting[slot]
        on_left, on_right = ended, len(lines) - started
        ended += ending[slot]
        if min(on_left, on_right) < _MIN_ROWS or crossing > _CROSSING_SHARE * len(lines):
            run = -1
            continue
        run_at = run_at if crossing == run else slot
        run = crossing
        found = (crossing, run_at - slot, slot)
        if best is None or found[:2] < best[:2]:
            best = found
    return left + (best[2] + best[1] / 2 + 0.5) * _STRIP if best else None


def _bands(lines: list[Line], strip: float) -> Iterator[tuple[Region, Region, Region]]:
    """Left and right lines of each band, and the lines across the strip that end it."""
    left: Region = []
    right: Region = []
    crossing: Region = []
    for line in lines:
        if line.left < strip < line.right:
            crossing.append(line)
            continue
        if crossing:
            yield left, right, crossing
            left, right, crossing = [], [], []
        (left if line.right <= strip else right).append(line)
    yield left, right, crossing


def _is_columns(left: Region, right: Region) -> bool:
    few, many = sorted((len(left), len(right)))
    return few >= _MIN_ROWS and few >= _SPARSE * many and _is_prose(left) and _is_prose(right)


def _is_prose(lines: Region) -> bool:
    widths = sorted(line.width / line.size for line in lines)
    middle = widths[len(widths) // 2]
    whole = max(line.right for line in lines) - min(line.left for line in lines)
    size = sorted(line.size for line in lines)[len(lines) // 2]
    return middle >= _PROSE_EMS and middle * size >= _FILLED * whole
