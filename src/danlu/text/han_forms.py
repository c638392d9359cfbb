"""Traditional Chinese characters as simplified ones: for comparing, never for showing.

The table is that of wordfreq (Speer 2022, doi 10.5281/zenodo.7199437), made from OpenCC's: 3,275 characters, each to one. Where
one simplified character stands for several (后 for 後 and 后), they become one: that loses little, and nothing has to be guessed.
Words that differ between regions (軟體, 软件) stay different.
"""

import gzip
from functools import cache
from importlib.resources import files


def simplified(text: str) -> str:
    """The text with every traditional character as its simplified one; the length stays."""
    return text if text.isascii() else text.translate(_table())


@cache
def _table() -> dict[int, str]:
    import msgpack  # type: ignore[import-untyped]

    packed = files("wordfreq").joinpath("data", "_chinese_mapping.msgpack.gz").read_bytes()
    table: dict[int, str] = msgpack.loads(gzip.decompress(packed), strict_map_key=False)
    return table
