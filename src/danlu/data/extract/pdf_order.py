"""The reading order of a page's lines: columns found by the empty strip between them.

A recursive cut in the manner of the XY-cut (Nagy and Seth, 1984): a strip that few lines cross parts a page into bands;
what crosses it (a title, an abstract, a wide figure's caption) or stands across it (a wide table, see pdf_across) lies between
bands, and within a band the left column is read before the right. What lies between bands is cut again, by a strip of its own.
A strip between the cells of a table is none: its columns are not filled by prose.
"""

from collections.abc import Iterator, Sequence

from danlu.data.extract.pdf_across import captions_of, tables_across
from danlu.data.extract.pdf_lines import Line

Region = list[Line]
"""Lines of one column, or of one band without columns, from top to bottom."""
Band = tuple[Region, Region, Region]
"""The left and the right lines of a band, and the lines across the strip that end it."""

_STRIP = 6.0
"""Resolution of the search for an empty strip, in points; the narrowest gutters of two-column papers are 12."""
_MIN_ROWS = 4
"""Lines that each side of a gutter needs: fewer are a signature, an address, two captions."""
_LONG_EMS = 16.0
"""The width of a line in one of two columns, which few cells of a table reach."""
_MANY_ROWS = 8
"""Long lines that show a column by themselves, whatever else stands in it."""
_MIN_ROWS_OF_THREE = 12
"""Lines of each of two columns beside a third."""
_FEW_CROSS = 0.4
"""Where more of the lines cross a gutter than this, its sides need long lines: what else stands on such a page is mostly a table."""
_CROSSING_SHARE = 0.8
"""A gutter may be crossed by this share of the lines: a page may hold columns in its lower quarter alone."""
_FILLED = 0.6
"""The share of its column's width that a line of prose fills; cells of a table and labels fill less."""
_PROSE_EMS = 9.0
"""The width of a line of prose, in font sizes: a column of numbers is narrower."""
_SPARSE = 0.4
"""A side with fewer lines than this share of the other's holds terms or marginal notes, not a column."""
_LAST_EM = 3.0
"""The last lines of what stands across a page, which need not reach the strip, are no higher than this many font sizes."""
_MAX_DEPTH = 4


def regions(lines: Sequence[Line]) -> list[Region]:
    """The columns of a page in reading order; every line is in exactly one."""
    return list(_regions(sorted(lines, key=_place), 0))


def _regions(lines: list[Line], depth: int) -> Iterator[Region]:
    strip = _gutter(lines) if len(lines) >= 2 * _MIN_ROWS and depth < _MAX_DEPTH else None
    if strip is None:
        if lines:
            yield lines
        return
    bands = _bands_around_tables(lines, strip)
    if not bands:
        yield lines
        return
    rest: Region = []
    for left, right, between in bands:
        if _is_columns(left, right):
            yield from _regions(rest, depth + 1)
            rest = []
            yield from _regions(left, depth + 1)
            yield from _regions(right, depth + 1)
        else:
            rest += sorted(left + right, key=_place)
        rest += between
    yield from _regions(rest, depth + 1) if len(rest) < len(lines) else [rest]


def _bands_around_tables(lines: list[Line], strip: float) -> list[Band]:
    """The bands of a page; none where no band of it is in columns, which is told before tables are looked for: most pages end here."""
    bands = list(_bands(lines, strip, frozenset()))
    crossed = sum(line.left < strip < line.right for line in lines) > _FEW_CROSS * len(lines)
    if not any(
        _is_columns(left, right) and not (crossed and min(map(_long_share, (left, right))) < 0.5)
        for left, right, _ in bands
    ):
        return []
    across = frozenset(id(line) for table in tables_across(lines, strip) for line in table)
    return list(_bands(lines, strip, across)) if across else bands


def _place(line: Line) -> tuple[float, float]:
    return line.top, line.left


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


def _bands(lines: list[Line], strip: float, across: frozenset[int]) -> Iterator[Band]:
    """The bands of a page; lines whose id is in `across` stand across the strip, as do those that it cuts."""
    left: Region = []
    right: Region = []
    between: Region = []
    for at, line in enumerate(lines):
        if line.left < strip < line.right or id(line) in across:
            if not between:
                left, right, between = _without_captions(left, right, line)
            between.append(line)
            continue
        if between and _is_last_of(between[-1], lines, at):
            between.append(line)
            continue
        if between:
            yield left, right, between
            left, right, between = [], [], []
        (left if line.right <= strip else right).append(line)
    yield left, right, between


def _is_last_of(above: Line, lines: Sequence[Line], at: int) -> bool:
    """Whether a line that does not reach the strip belongs to what stands across above: close to it, and a gap soon below."""
    reach, size = lines[at].bottom, lines[at].size
    if lines[at].top - above.bottom > size:
        return False
    for below in lines[at + 1 :]:
        if below.top - reach > size:
            return True
        reach = max(reach, below.bottom)
        if reach - above.bottom > _LAST_EM * size:
            return False
    return False


def _without_captions(left: Region, right: Region, across: Line) -> tuple[Region, Region, Region]:
    """The columns without the last lines that belong to what stands across below them, and those lines."""
    kept_left, kept_right = len(left) - captions_of(left, right, across), len(right) - captions_of(right, left, across)
    return left[:kept_left], right[:kept_right], left[kept_left:] + right[kept_right:]


def _is_columns(left: Region, right: Region) -> bool:
    few, many = sorted((len(left), len(right)))
    return few >= _MIN_ROWS and few >= _SPARSE * many and _is_text(left) and _is_text(right)


def _are_two_of_three(left: Region, right: Region) -> bool:
    """Whether one side of a strip is two columns itself: long ones, since a table of three wide columns looks the same."""
    return min(len(left), len(right)) >= _MIN_ROWS_OF_THREE and all(map(_is_filled, (left, right)))


def _is_filled(lines: Region) -> bool:
    """Whether most lines are prose."""
    whole = max(line.right for line in lines) - min(line.left for line in lines)
    middle = sorted(lines, key=lambda line: line.width)[len(lines) // 2]
    return middle.width >= max(_PROSE_EMS * middle.size, _FILLED * whole)


def _is_text(lines: Region) -> bool:
    """Whether one side of a strip is a column of prose, or holds columns itself."""
    if _is_prose(lines):
        return True
    strip = _gutter(lines) if len(lines) >= 2 * _MIN_ROWS_OF_THREE else None
    return strip is not None and any(
        _are_two_of_three(left, right) for left, right, _ in _bands(lines, strip, frozenset())
    )


def _is_prose(lines: Region) -> bool:
    """Whether most lines are prose, or most letters stand on long lines of it: a table in a column has many lines, few letters."""
    if _is_filled(lines):
        return True
    return _long_share(lines) > 0.5


def _long_share(lines: Region) -> float:
    """The share of letters that stand on long lines; none where there are few such lines."""
    whole = max(line.right for line in lines) - min(line.left for line in lines)
    long = [line for line in lines if line.width >= max(_LONG_EMS * line.size, _FILLED * whole)]
    letters = sum(len(line.text) for line in long) if len(long) >= _MANY_ROWS else 0
    return letters / max(sum(len(line.text) for line in lines), 1)
