"""Deduplication: recall by true similarity, and cost beside datatrove and rensa on the same texts.

    python benchmarks/data_deduplicate.py --texts en=english.json --texts zh=chinese.json [--datatrove PYTHON] [--rensa PYTHON]

Each file is a JSON list of strings. Truth is the exact Jaccard similarity of sets of 5 tokens of all pairs of a sample, found with
a sparse matrix product. The sample is real text with its own near duplicates, and edited versions of it: 0.2 to 15 % of tokens
replaced, left out, doubled, or paragraphs put into another order. PYTHON is the interpreter of an environment that has the
peer: danlu's own has neither. Costs are CPU-seconds of one process in one run: compare ratios, not absolutes.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix

from danlu.data.deduplicate.candidates import join_bands, pairs_of_band
from danlu.data.deduplicate.exact import first_equal, text_hashes
from danlu.data.deduplicate.groups import near_groups, numbered, shingles_of
from danlu.data.deduplicate.overlap import Fates, Sets, Table
from danlu.data.deduplicate.overlap_kernels import settle
from danlu.text.minhash import band_keys, banding_for
from danlu.text.shingles import token_spans

THRESHOLD = 0.8
SHARES = (0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.15)

_DATATROVE = """
import json, sys, time, tempfile
from datatrove.data import Document
from datatrove.pipeline.dedup import MinhashDedupSignature, MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.utils.hashing import HashConfig
texts = json.load(open(sys.argv[1])); folder = tempfile.mkdtemp()
config = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8, hash_config=HashConfig(precision=64))
documents = [Document(text=text, id=str(at)) for at, text in enumerate(texts)]
started = time.process_time()
MinhashDedupSignature(folder + "/sig", config=config, language=sys.argv[2]).run(iter(documents), 0, 1)
buckets = MinhashDedupBuckets(folder + "/sig", folder + "/buckets", config=config)
for bucket in range(14):
    buckets.run(None, bucket, 14)
MinhashDedupCluster(folder + "/buckets", folder + "/remove", config=config).run(None, 0, 1)
kept = list(MinhashDedupFilter(folder + "/remove").run(iter(documents), 0, 1))
print(time.process_time() - started, len(kept))
"""
_RENSA = """
import json, sys, time
from rensa import RMinHash, RMinHashLSH
texts = json.load(open(sys.argv[1]))
started = time.process_time()
index = RMinHashLSH(threshold=0.8, num_perm=125, num_bands=25)
kept = 0
for at, text in enumerate(texts):
    words = list(text) if sys.argv[2] == "zh" else text.lower().split()
    sketch = RMinHash(num_perm=125, seed=42)
    sketch.update([" ".join(words[i:i+5]) for i in range(max(len(words) - 4, 1))])
    near = [other for other in index.query(sketch) if other != at]
    kept += not near
    index.insert(at, sketch)
print(time.process_time() - started, kept)
"""


def edited(text: str, share: float, draw: random.Random) -> str:
    """The text with a share of its tokens changed; every fourth time with its lines in another order as well."""
    spans = token_spans(text)
    changed = sorted(draw.sample(range(len(spans)), int(len(spans) * share)), reverse=True)
    for at in changed:
        _, start, end = spans[at]
        other = text[slice(*draw.choice(spans)[1:])]
        text = text[:start] + draw.choice(["", f"{text[start:end]} {text[start:end]}", other]) + text[end:]
    if draw.random() < 0.25:
        lines = text.split("\n")
        draw.shuffle(lines)
        text = "\n".join(lines)
    return text


def sample(texts: list[str], size: int) -> list[str]:
    """Neighbouring real texts, which have near duplicates of their own, and edited versions of a part of them."""
    draw = random.Random(0)
    start = draw.randrange(max(len(texts) - size, 1))
    real = [text for text in texts[start : start + size] if len(text) > 100]
    return real + [edited(text, draw.choice(SHARES), draw) for text in real for _ in range(2)]


def true_pairs(texts: list[str], least: float) -> dict[tuple[int, int], float]:
    """Every pair with at least this Jaccard similarity, from all pairs that share a shingle."""
    shingles = shingles_of(texts)
    rows = np.repeat(np.arange(len(texts)), np.diff(shingles.starts))
    columns = np.unique(shingles.values, return_inverse=True)[1]
    sets = csr_matrix((np.ones(len(rows), np.int32), (rows, columns)))
    sets.data[:] = 1
    sizes = np.diff(sets.indptr)
    shared = (sets @ sets.T).tocoo()
    jaccard = shared.data / (sizes[shared.row] + sizes[shared.col] - shared.data)
    chosen = (shared.row < shared.col) & (jaccard >= least)
    names = zip(shared.row[chosen].tolist(), shared.col[chosen].tolist(), strict=True)
    return dict(zip(names, jaccard[chosen].tolist(), strict=True))


def stars(array: pa.Array, threshold: float = THRESHOLD) -> np.ndarray:
    """From Arrow text to what stays for each text, as the stage does it, in memory."""
    firsts = first_equal(text_hashes(array))
    shingles = shingles_of(array)
    keys = band_keys(shingles, banding_for(min(threshold, 0.7)))
    keys[firsts != np.arange(len(firsts))] = 0
    pairs, meets = join_bands([pairs_of_band(np.ascontiguousarray(band)) for band in keys.T])
    members, numbered_pairs = numbered(pairs)
    starts, ends = shingles.starts[members], shingles.starts[members + 1]
    fates = Fates.of_all_kept(len(members))
    sets = Sets(shingles.values, starts, ends, np.zeros(len(members), np.int64))
    table = Table.room_for(int((ends - starts).max(initial=0)))
    settle(numbered_pairs, meets, 0, len(members), threshold, sets, table, fates)
    kept = np.arange(len(firsts))
    kept[members] = members[fates.kept]
    return kept[firsts]


def print_recall(language: str, texts: list[str]) -> None:
    """Recall of candidates, of what is left standing, and precision."""
    truth = true_pairs(texts, 0.5)
    keys = band_keys(shingles_of(texts), banding_for(0.7))
    met, known = Counter[int](), Counter[int]()
    for (a, b), jaccard in truth.items():
        known[min(int(jaccard * 10), 9)] += 1
        met[min(int(jaccard * 10), 9)] += bool((keys[a] == keys[b]).any())
    print(f"\n{language}: {len(texts)} texts, {len(truth)} pairs of Jaccard 0.5 and more")
    print("true Jaccard   pairs     met in a band")
    for tenth in range(5, 10):
        print(f"{tenth / 10:.1f} to {(tenth + 1) / 10:.1f}  {known[tenth]:9}   {met[tenth] / max(known[tenth], 1):.4f}")
    for threshold in (0.7, 0.8):
        stays = stars(pa.array(texts, pa.large_string()), threshold)
        removed = [(stays[at], at) for at in range(len(texts)) if stays[at] != at]
        right = sum(
            truth.get((int(a), b), 0.0) >= threshold or texts[a].split() == texts[b].split() for a, b in removed
        )
        near = [pair for pair, jaccard in truth.items() if jaccard >= threshold]
        both = sum(bool(stays[a] == a and stays[b] == b) for a, b in near)
        print(
            f"threshold {threshold}: {len(removed)} removed, precision {right / max(len(removed), 1):.4f}; "
            f"of {len(near)} near pairs {both} still stand both ({both / max(len(near), 1):.4f})"
        )


def cpu_s(work: Callable[[], object], times: int = 3) -> float:
    """The least CPU-seconds of a few runs, the first of which may compile."""
    found = []
    for _ in range(times + 1):
        started = time.process_time()
        work()
        found.append(time.process_time() - started)
    return min(found[1:])


def peer(python: str, script: str, texts: list[str], language: str) -> tuple[float, int]:
    """CPU-seconds and documents kept of a peer, in its own environment."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(texts, file)
        file.flush()
        command = [python, "-c", script, file.name, language]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"the peer failed:\n{done.stderr[-2000:]}")
    seconds, kept = done.stdout.split()[-2:]
    return float(seconds), int(kept)


def print_costs(language: str, texts: list[str], peers: dict[str, tuple[str, str]]) -> None:
    """MB of text per CPU-second, ours and theirs, on the same texts."""
    array = pa.array(texts, pa.large_string())
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    rows = {
        "danlu, text to clusters": (cpu_s(lambda: stars(array)), len(np.unique(stars(array)))),
        "danlu near_groups": (cpu_s(lambda: near_groups(array)), len(set(near_groups(array)))),
    }
    ours = megabytes / rows["danlu, text to clusters"][0]
    print(f"\n{language}: {megabytes:.1f} MB, {len(texts)} texts; MB per CPU-second, texts kept, how many times slower")
    for name, (seconds, kept) in rows.items():
        print(f"{name:28} {megabytes / seconds:8.2f}  {kept:7}")
    few = texts[: max(1, int(len(texts) * min(1.0, 3 / megabytes)))]
    few_megabytes = sum(len(text.encode()) for text in few) / 1e6
    for name, (python, script) in peers.items():
        seconds, kept = peer(
            python, script, few, {"zh": "zh", "en": "eng"}[language] if name == "datatrove" else language
        )
        print(
            f"{name:28} {few_megabytes / seconds:8.2f}  {kept:7}  {ours / (few_megabytes / seconds):6.0f} x  (on {few_megabytes:.1f} MB)"
        )


def main() -> None:
    """Print recall and costs for each language."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", action="append", required=True, metavar="LANGUAGE=JSON")
    parser.add_argument("--sample", type=int, default=2000, help="real texts of the recall table")
    parser.add_argument("--datatrove", metavar="PYTHON")
    parser.add_argument("--rensa", metavar="PYTHON")
    options = parser.parse_args()
    given = {"datatrove": (options.datatrove, _DATATROVE), "rensa": (options.rensa, _RENSA)}
    peers = {name: (python, script) for name, (python, script) in given.items() if python}
    for pair in options.texts:
        language, _, path = pair.partition("=")
        texts = json.loads(Path(path).read_text(encoding="utf-8"))
        print_recall(language, sample(texts, options.sample))
        print_costs(language, texts, peers)


if __name__ == "__main__":
    main()
