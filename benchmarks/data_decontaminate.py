"""What `danlu decontaminate` finds and costs, beside the usual set of 13-grams in plain Python.

    python benchmarks/data_decontaminate.py TEXTS.json [--items 200] [--megabytes 5]
    python benchmarks/data_decontaminate.py TEXTS.json --command 60 240 [--items 200]

TEXTS.json is a list of real texts. Some of them become items (their first 300 characters); each is planted into another
text once whole, once with 10 % of its words or characters changed, once by its first two thirds. Both look for the same items in the same
texts on one core; times are CPU-seconds of this process, compilation left out. With --command, `danlu decontaminate` runs over a
corpus on disk of so many megabytes (the texts again and again, each time with another number), with everything that it
does: its start, both passes, Parquet read and written. Its peak memory is that of its largest process.
"""

import argparse
import json
import os
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from itertools import count as count_from
from pathlib import Path

import numpy as np

from danlu.core.artifacts import Manifest
from danlu.core.store import begin, commit
from danlu.data.decontaminate.find import Finder
from danlu.text.contamination.items import Item
from danlu.text.contamination.overlap import Comparer
from danlu.text.contamination.overlap_index import OverlapIndex
from danlu.text.records import DOCUMENTS, EDITS, REJECTS, Document, part_name
from danlu.text.shingles import hash_tokens
from danlu.text.tables import write_rows

_TOKEN = re.compile(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+")
_BATCH = 500
Found = dict[int, set[int]]
"""Items by the position of the text."""


def ours(texts: list[str], items: list[str]) -> Found:
    """Both passes of the stage: what shares too little with every item is not looked at again."""
    given = tuple(Item(number, text, "text") for number, text in enumerate(items, 1))
    index = OverlapIndex(given, max_led=None)
    counts, shared = np.zeros(index.shingle_count, np.int64), []
    for start in range(0, len(texts), _BATCH):
        shared.append(index.shared(hash_tokens(texts[start : start + _BATCH])))
        counts += np.bincount(shared[-1][0], minlength=index.shingle_count)
    index.counted(counts, len(texts))
    finder = Finder(given, index, Comparer(given, index))
    found: Found = {}
    for start, (shingles, owners) in zip(range(0, len(texts), _BATCH), shared, strict=True):
        worth = (index.owners_in_pairs(shingles, owners) + start).tolist()
        for one in finder.find([texts[at] for at in worth]) if worth else ():
            found.setdefault(worth[one.document], set()).add(one.match.item)
    return found


def any_13_gram(texts: list[str], items: list[str]) -> Found:
    """A text holds an item when they share any run of 13 tokens (Brown et al. 2020, appendix C)."""
    where: dict[tuple[str, ...], set[int]] = {}
    for number, item in enumerate(items):
        for gram in _grams(item):
            where.setdefault(gram, set()).add(number)
    found: Found = {}
    for at, text in enumerate(texts):
        for gram in _grams(text):
            if gram in where:
                found.setdefault(at, set()).update(where[gram])
    return found


def _grams(text: str) -> list[tuple[str, ...]]:
    tokens = _TOKEN.findall(text.lower())
    return [tuple(tokens[at : at + 13]) for at in range(len(tokens) - 12)]


def planted(
    texts: list[str], count: int, draw: random.Random
) -> tuple[list[str], list[str], dict[str, dict[int, int]]]:
    """The texts with items in some of them, the items, and by kind which text holds which item."""
    items = [text[:300] for text in texts[:count]]
    rest, kinds = texts[count:], ("whole", "edited", "half")
    places = draw.sample(range(len(rest)), len(kinds) * count)
    truth: dict[str, dict[int, int]] = {kind: {} for kind in kinds}
    for number, at in enumerate(places):
        kind, item = kinds[number % 3], number // 3
        changed = {"whole": items[item], "edited": _edited(items[item], draw), "half": items[item][:200]}[kind]
        middle = rest[at].find("\n", len(rest[at]) // 2)
        rest[at] = f"{rest[at][:middle]}\n{changed}\n{rest[at][middle:]}"
        truth[kind][at] = item
    return rest, items, truth


def _edited(text: str, draw: random.Random) -> str:
    tokens = re.findall(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+|\W+", text)
    words = [token for token in tokens if token.strip()]
    return "".join(draw.choice(words) if token.strip() and draw.random() < 0.1 else token for token in tokens)


def measured(name: str, find: Callable[[list[str], list[str]], Found], texts: list[str], items: list[str], truth: dict[str, dict[int, int]]) -> None:  # fmt: skip
    """Print one row of the table."""
    find(texts[:50], items[:5])  # compile
    start = time.process_time()
    found = find(texts, items)
    cpu_s = time.process_time() - start
    size = sum(len(text.encode()) for text in texts) / 1e6
    recall = {kind: sum(item in found.get(at, ()) for at, item in pairs.items()) / len(pairs) for kind, pairs in truth.items()}  # fmt: skip
    planted_at = {at for pairs in truth.values() for at in pairs}
    others = len(set(found) - planted_at)
    cells = [f"{size / cpu_s:.1f}", *(f"{share:.3f}" for share in recall.values()), f"{others} of {len(texts) - len(planted_at)}"]  # fmt: skip
    print(f"| {name} | {' | '.join(cells)} |")


def on_disk(texts: list[str], megabytes: float, folder: Path) -> Path:
    """A corpus of the texts, over and over, in parts of 64 MB."""
    made = begin(folder, resumable=False).parent
    count, rows, size, part = 0, [], 0, 0
    for copy, text in ((copy, text) for copy in count_from(0) for text in texts):
        count, size = count + 1, size + len(text.encode())
        own = Document(f"d{count}", f"{text}\n{copy}", "", f"d{count}", "text/plain", "MIT", "en")
        rows.append(asdict(own))
        if size >= (part + 1) * 64e6 or size >= megabytes * 1e6:
            write_rows(made / "documents" / part_name(part), rows, DOCUMENTS)
            rows, part = [], part + 1
        if size >= megabytes * 1e6:
            break
    for table, schema in (("rejects", REJECTS), ("edits", EDITS)):
        write_rows(made / table / part_name(0), [], schema)
    counts = {"input": count, "kept": count, "rejected": 0}
    facts = Manifest("", "Corpus", "benchmark", 1, {}, 0, {}, {}, "", counts, ("MIT",))
    commit(folder, replace(facts, id=facts.identity()), {})
    return folder


def measured_command(texts: list[str], items: list[str], megabytes: float) -> None:
    """Run the command in a process of its own and print one row of the table."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        corpus = on_disk(texts, megabytes, folder / "corpus")
        lines = (json.dumps({"question": item}, ensure_ascii=False) for item in items)
        (folder / "items.jsonl").write_text("\n".join(lines), encoding="utf-8")
        command = ["danlu", "decontaminate", str(corpus), "--against", str(folder / "items.jsonl"), "--out", str(folder / "out")]  # fmt: skip
        program = str(Path(sys.executable).with_name("danlu"))
        process = os.posix_spawn(program, [*command, "--workers", "1", "--json"], {**os.environ, "XDG_CACHE_HOME": scratch}, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])  # fmt: skip
        _, status, cost = os.wait4(process, 0)
        assert status == 0, "the command failed"
        counts = json.loads((folder / "out" / "manifest.json").read_text(encoding="utf-8"))["counts"]
    cpu_s = cost.ru_utime + cost.ru_stime
    print(f"| {megabytes:.0f} MB, {counts['input']:,} documents | {len(items):,} | {counts['rejected']:,} | {cpu_s:.1f} | {megabytes / cpu_s:.1f} | {cost.ru_maxrss / 1024:.0f} |")  # fmt: skip


def main() -> None:
    """Plant, look, and print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("texts", type=Path)
    options.add_argument("--items", type=int, default=200)
    options.add_argument("--megabytes", type=float, default=5)
    options.add_argument("--command", type=float, nargs="+", metavar="MB")
    given = options.parse_args()
    draw = random.Random(0)
    texts = [text for text in json.loads(given.texts.read_text(encoding="utf-8")) if len(text) >= 400]
    draw.shuffle(texts)
    if given.command:
        print("| corpus | items | documents that hold one | CPU-s | MB per CPU-second | peak memory, MB |")
        print("| --- | --- | --- | --- | --- | --- |")
        for megabytes in given.command:
            measured_command(texts[given.items :], [text[:300] for text in texts[: given.items]], megabytes)
        return
    taken, size = [], 0
    for text in texts:
        if size < given.megabytes * 1e6 or len(taken) < 5 * given.items:
            taken.append(text)
            size += len(text.encode())
    corpus, items, truth = planted(taken, given.items, draw)
    print("| finder | MB per CPU-second | whole | edited 10 % | two thirds | other texts |")
    print("| --- | --- | --- | --- | --- | --- |")
    measured("danlu", ours, corpus, items, truth)
    measured("any 13-gram, Python", any_13_gram, corpus, items, truth)


if __name__ == "__main__":
    main()
