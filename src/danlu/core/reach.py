"""Whether servers answer: all asked at once, and none waited for long."""

import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

_TIMEOUT_S = 5


@dataclass(frozen=True)
class Reach:
    """What became of a request to one address."""

    name: str
    address: str
    answers: bool
    """Any HTTP status is an answer."""
    seconds: float
    problem: str


def reach(addresses: Mapping[str, str]) -> list[Reach]:
    """Ask each address, by name, for its head; proxies of the environment are used, as the hubs' own clients do."""
    with ThreadPoolExecutor(len(addresses)) as pool:
        return list(pool.map(lambda pair: _ask(*pair), addresses.items()))


def _ask(name: str, address: str) -> Reach:
    started, problem, answers = time.monotonic(), "", True
    try:
        request = urllib.request.Request(address, method="HEAD", headers={"User-Agent": "danlu"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S):  # noqa: S310
            pass
    except urllib.error.HTTPError as refusal:
        problem = f"HTTP {refusal.code}"
    except (OSError, ValueError) as error:
        answers, problem = False, str(getattr(error, "reason", error))
    return Reach(name, address, answers, round(time.monotonic() - started, 2), problem)
