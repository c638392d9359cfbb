"""Names of requests, answers and spans: no two alike, and no secrets. Drawn here, since asking the system for each costs 5 % of a request."""

import random

_random = random.Random()  # noqa: S311 (seeded by the system; nothing is opened by an id)


def new_hex(bytes_: int) -> str:
    """So many random bytes, in hexadecimal."""
    return f"{_random.getrandbits(8 * bytes_):0{2 * bytes_}x}"
