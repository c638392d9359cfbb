"""Repeated passages: what is found beside a plain search in strings, and cost beside that and datatrove's sentences.

    python benchmarks/data_passages.py --texts en=english.json --texts zh=chinese.json [--tokens 50] [--datatrove PYTHON]

Each file is a JSON list of strings. Into every third text a stretch of another is written, from anywhere to anywhere; what the texts
repeat by themselves comes on top. The plain search keeps every run of so many tokens of what stays in a Python set. datatrove removes
runs of three sentences, split by its own tokenizer: less than what is found here, but the nearest that it does without other
programs (its search for substrings needs one in Rust). Costs are CPU-seconds of one process in one run: compare ratios.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from danlu.core.progress import Silent
from danlu.core.stages import Work
from danlu.data.deduplicate.corpus import Duplicates
from danlu.data.deduplicate.outcome import Outcome, write_outcome
from danlu.data.deduplicate.passages import Passages, find_passages
from danlu.data.deduplicate.trim import Scissors, trimmed
from danlu.text.records import DOCUMENTS, Document
from danlu.text.shingles import tokens
from danlu.text.tables import TableWriter, read_groups

LEAST_LEFT = 20
_DATATROVE = """
import json, sys, time, tempfile
from datatrove.data import Document
from datatrove.pipeline.dedup import SentenceDedupSignature, SentenceFindDedups, SentenceDedupFilter
from datatrove.pipeline.dedup.sentence_dedup import SentDedupConfig
texts = json.load(open(sys.argv[1])); folder = tempfile.mkdtemp()
config = SentDedupConfig(min_doc_words=0, min_num_sentences=0)
documents = [Document(text=text, id=str(at)) for at, text in enumerate(texts)]
started = time.process_time()
SentenceDedupSignature(folder + "/sig", config=config, language=sys.argv[2]).run(iter(documents), 0, 1)
SentenceFindDedups(folder + "/sig", folder + "/dups", config=config).run(None, 0, 1)
kept = list(SentenceDedupFilter(folder + "/dups", config=config, language=sys.argv[2]).run(iter(documents), 0, 1))
print(time.process_time() - started, sum(len(document.text) for document in kept))
"""


def planted(texts: list[str], seed: int = 0) -> list[str]:
    """The texts, a stretch of another written into every third."""
    draw, found = random.Random(seed), []
    for at, text in enumerate(texts):
        other = draw.choice(texts)
        start, middle = draw.randrange(len(other) + 1), draw.randrange(len(text) + 1)
        stretch = other[start : start + draw.randrange(100, 1500)]
        found.append(f"{text[:middle]}{stretch}{text[middle:]}" if at % 3 == 0 else text)
    return found


def ours(texts: list[str], length: int) -> tuple[float, list[str | None]]:
    """CPU-seconds from a corpus on disk to cut documents, and what each text keeps."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        part = folder / "00000.parquet"
        with TableWriter(part, DOCUMENTS) as table:
            for at, text in enumerate(texts):
                table.add_rows([Document(f"{at}", text, "", f"{at}", "text/plain", "MIT").row()])
        kept = np.arange(len(texts), dtype=np.int32)
        nothing = np.empty(0, np.int64)
        alone = Duplicates(np.array([0, len(texts)]), kept, kept, nothing, nothing.astype(float), nothing)
        outcome = write_outcome(folder / "outcome", alone, [part])
        started = time.process_time()
        passages = Passages(length, LEAST_LEFT, folder / "passages")
        find_passages(Work(folder, folder, 0, 1, 1, Silent()), [part], outcome, [], passages)
        left = _left(part, outcome, Scissors([], passages), len(texts))
        return time.process_time() - started, left


def _left(part: Path, outcome: Outcome, scissors: Scissors, count: int) -> list[str | None]:
    left: list[str | None] = [None] * count
    row = 0
    for group in read_groups(part):
        made = trimmed(group, np.arange(row, row + group.num_rows), 0, outcome, scissors).table
        row += group.num_rows
        for at, text in zip(made["doc_id"].to_pylist(), made["text"].to_pylist(), strict=True):
            left[int(at)] = text
    return left


def plain(texts: list[list[str]], length: int) -> list[list[str] | None]:
    """The tokens that each text keeps, by a set of runs of what stays."""
    standing: set[tuple[str, ...]] = set()
    kept: list[list[str] | None] = []
    for words in texts:
        runs = [tuple(words[start : start + length]) for start in range(len(words) - length + 1)]
        is_cut, here, last = [False] * len(words), set[tuple[str, ...]](), -length
        for token in range(len(words) + 1):
            before = token - length
            if before >= 0 and last <= before - length:
                here.add(runs[before])
            if token < len(runs) and (runs[token] in standing or runs[token] in here):
                is_cut[max(token, last + length) : token + length] = [True] * (min(token - last, length))
                last = token
        left = [word for word, cut in zip(words, is_cut, strict=True) if not cut]
        goes = any(is_cut) and len(left) < LEAST_LEFT
        kept.append(None if goes else left)
        standing |= set() if goes else here
    return kept


def compare(language: str, texts: list[str], length: int, datatrove: str | None, plain_megabytes: float) -> None:
    """Print cost and what is left, ours and theirs."""
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    ours(texts[:50] * 2, length)  # compiles the kernels
    seconds, left = ours(texts, length)
    characters = sum(map(len, texts))
    print(f"\n{language}: {megabytes:.1f} MB, {len(texts)} texts; MB per CPU-second, share of characters left")
    print(
        f"danlu                  {megabytes / seconds:8.2f}  {sum(len(text or '') for text in left) / characters:.4f}"
    )
    few = texts[: max(1, int(len(texts) * min(1.0, plain_megabytes / megabytes)))]
    few_megabytes = sum(len(text.encode()) for text in few) / 1e6
    _, left = ours(few, length)
    started = time.process_time()
    expected = plain([tokens(text) for text in few], length)
    seconds = time.process_time() - started
    differ = sum((None if text is None else tokens(text)) != words for text, words in zip(left, expected, strict=True))
    print(
        f"plain search           {few_megabytes / seconds:8.2f}  on {few_megabytes:.1f} MB: {differ} of {len(few)} texts kept differently"
    )
    if datatrove:
        print_peer(datatrove, language, few, few_megabytes)


def print_peer(python: str, language: str, texts: list[str], megabytes: float) -> None:
    """Datatrove's three sentences, in its own environment."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(texts, file)
        file.flush()
        code = {"zh": "zh", "en": "eng"}[language]
        done = subprocess.run([python, "-c", _DATATROVE, file.name, code], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"the peer failed:\n{done.stderr[-2000:]}")
    seconds, left = done.stdout.split()[-2:]
    share = int(left) / sum(map(len, texts))
    print(f"datatrove, 3 sentences {megabytes / float(seconds):8.2f}  {share:.4f} of the same {megabytes:.1f} MB")


def main() -> None:
    """Print the table of each language."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", action="append", required=True, metavar="LANGUAGE=JSON")
    parser.add_argument("--tokens", type=int, default=50, help="length of a passage")
    parser.add_argument(
        "--plain-megabytes", type=float, default=3.0, help="how much the plain search and the peer read"
    )
    parser.add_argument("--datatrove", metavar="PYTHON")
    options = parser.parse_args()
    for pair in options.texts:
        language, _, path = pair.partition("=")
        texts = planted(json.loads(Path(path).read_text(encoding="utf-8")))
        compare(language, texts, options.tokens, options.datatrove, options.plain_megabytes)


if __name__ == "__main__":
    main()
