"""How well and how fast personal data is found: recall and precision by type on a labelled set, MB of text per CPU-second.

    python benchmarks/data_pii.py --labelled benchmarks/pii_blind.jsonl
    python benchmarks/data_pii.py --text FILE... [--presidio VENV/bin/python] [--names]

The labelled set is JSON Lines, {"text": ..., "spans": [[start, end, "type"], ...]}, code points, half open. A span counts as found when one of its
type covers it by at least 0.8 of their union; `exact` says how many have both ends equal. Peers run in their own environment on the same
text. `re` is a list of patterns for seven types such as every script has: fewer types than ours, so its figure is a lower
bound of what patterns cost.
"""

import argparse
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from danlu.text.pii.scan import kinds_in, scan

_COVERED = 0.8
_CHUNK_CHARACTERS = 3000
_PLAIN = [
    r"(?<!\d)[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?!\d)",
    r"(?<!\d)1[3-9]\d{9}(?!\d)",
    r"(?<!\d)0\d{2,3}-?\d{7,8}(?!\d)",
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    r"(?<!\d)(?:\d[ -]?){15,18}\d(?!\d)",
    r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])",
    r"(?:AKIA[0-9A-Z]{16}|ghp_[0-9A-Za-z]{36}|sk-[0-9A-Za-z]{20,})",
]
_PRESIDIO = """
import json, sys, time
from presidio_analyzer import predefined_recognizers as p
made = [p.CreditCardRecognizer(), p.EmailRecognizer(), p.IbanRecognizer(), p.IpRecognizer(), p.UsSsnRecognizer(), p.CryptoRecognizer()]
texts = json.load(sys.stdin)
started = time.process_time()
found = sum(len(r.analyze(t, r.supported_entities, None) or []) for t in texts for r in made)
print(json.dumps([time.process_time() - started, found]))
"""


def main() -> None:
    """Print the tables that the arguments ask for."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--labelled", type=Path)
    arguments.add_argument("--text", type=Path, nargs="*", default=[])
    arguments.add_argument("--presidio", help="python of an environment with presidio-analyzer")
    arguments.add_argument("--names", action="store_true", help="measure the recognisers of names too")
    arguments.add_argument("--misses", action="store_true", help="print what was missed and what was found wrongly")
    options = arguments.parse_args()
    if options.labelled:
        _score(options.labelled, options.misses)
    for path in options.text:
        _speed(path, options.presidio, options.names)


def _score(path: Path, misses: bool) -> None:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    counts: dict[str, list[int]] = {}
    for row, found in zip(rows, scan([row["text"] for row in rows]), strict=True):
        wanted = [tuple(span) for span in row["spans"]]
        hit = {span for span in wanted for one in found if one.kind == span[2] and _overlap(span, one) >= _COVERED}
        right = [
            one for one in found if any(one.kind == span[2] and _overlap(span, one) >= _COVERED for span in wanted)
        ]
        for kind in {span[2] for span in wanted} | {one.kind for one in found}:
            column = counts.setdefault(kind, [0, 0, 0, 0, 0])
            column[0] += sum(span[2] == kind for span in wanted)
            column[1] += sum(span[2] == kind for span in hit)
            column[2] += sum(one.kind == kind for one in found)
            column[3] += sum(one.kind == kind for one in right)
            column[4] += sum(tuple(one) in wanted and one.kind == kind for one in found)
        if misses:
            _print_misses(row["text"], set(wanted) - hit, [one for one in found if one not in right])
    print(f"{'type':20} {'in set':>7} {'recall':>7} {'precision':>9} {'exact':>6}")
    total = [sum(column[place] for column in counts.values()) for place in range(5)]
    for kind, (wanted_n, hit_n, found_n, right_n, exact_n) in [*sorted(counts.items()), ("all", total)]:
        recall, precision = hit_n / wanted_n if wanted_n else 1.0, right_n / found_n if found_n else 1.0
        print(f"{kind:20} {wanted_n:7} {recall:7.3f} {precision:9.3f} {exact_n:6}")


def _overlap(a: tuple[int, int, str], b: tuple[int, int, str]) -> float:
    shared = min(a[1], b[1]) - max(a[0], b[0])
    return max(shared, 0) / (max(a[1], b[1]) - min(a[0], b[0]))


def _print_misses(text: str, missed: set[tuple[int, int, str]], wrong: list[tuple[int, int, str]]) -> None:
    for name, spans in (("missed", sorted(missed)), ("wrong", sorted(wrong))):
        for start, end, kind in spans:
            print(f"{name} {kind} {text[start:end]!r} in {text[max(0, start - 30) : end + 15]!r}")


def _speed(path: Path, presidio: str | None, names: bool) -> None:
    text = path.read_text(encoding="utf-8")
    texts = [text[at : at + _CHUNK_CHARACTERS] for at in range(0, len(text), _CHUNK_CHARACTERS)]
    megabytes = len(text.encode()) / 1e6
    scan(texts[:1])
    print(f"{path}: {megabytes:.2f} MB in {len(texts)} texts")
    _line("danlu, 32 types", megabytes, *_timed(lambda: sum(kinds_in(scan(texts)).values())))
    patterns = [re.compile(pattern) for pattern in _PLAIN]
    _line("re, 7 patterns", megabytes, *_timed(lambda: sum(len(p.findall(t)) for t in texts for p in patterns)))
    if presidio:
        part = texts[: max(1, len(texts) // 20)]
        done = subprocess.run(
            [presidio, "-c", _PRESIDIO], input=json.dumps(part), capture_output=True, text=True, check=True
        )
        seconds, found = json.loads(done.stdout.splitlines()[-1])
        _line("presidio, 6 recognisers, no NLP", len("".join(part).encode()) / 1e6, seconds, found)
    if names:
        from danlu.text.pii.names import names_in

        part = texts[: max(1, len(texts) // 50)]
        names_in(part[0][:50])
        _line("names", len("".join(part).encode()) / 1e6, *_timed(lambda: sum(len(names_in(t)) for t in part), 1))


def _timed(work: Callable[[], int], times: int = 3) -> tuple[float, int]:
    """The least CPU-seconds of some runs, and what the last gave."""
    best, found = float("inf"), 0
    for _ in range(times):
        started = time.process_time()
        found = work()
        best = min(best, time.process_time() - started)
    return best, found


def _line(name: str, megabytes: float, seconds: float, found: int) -> None:
    print(f"  {name:34} {megabytes / seconds:8.2f} MB per CPU-second, {found} found")


if __name__ == "__main__":
    sys.exit(main())
