"""How well generated sentences are held against their sources: minimal corruptions dropped, true paraphrases kept.

    python benchmarks/retrieve_grounding.py [--show] [--documents FOLDER_OF_PARQUET ...]

Pairs: grounding_pairs.jsonl, written by hand, zh and en. `dev` shaped the rules; `test`, `blind` and `unseen` were written before the rules had
seen them. What they gave the first time, before anything was mended by them, is in FIRST below: that is the honest figure, and what is
printed of them now is not unseen any more.

Documents: sentences of real text, each as the one sentence of an answer that cites the 800 characters around it; verbatim (to be
kept), and with one number, unit, negation or name changed by rules that know nothing of the check (to be dropped).
"""

import argparse
import json
import random
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from danlu.retrieve.claims.supported import Judged, Span, check
from danlu.text.language import is_chinese
from danlu.text.sentences import sentence_spans
from danlu.text.statistics import wilson_interval
from danlu.text.tables import stream_rows

PAIRS = Path(__file__).parent / "grounding_pairs.jsonl"
FIRST = {
    "test": {"corrupted dropped": (121, 125), "true kept": (59, 63)},
    "blind": {"corrupted dropped": (89, 96), "true kept": (41, 44)},
    "unseen": {"corrupted dropped": (55, 58), "true kept": (22, 25)},
}
_AROUND = 400
_MOST_SENTENCES = 400
_UNITS = [
    ("minutes", "hours"), ("hours", "days"), ("days", "weeks"), ("MB", "GB"), ("GB", "MB"), ("seconds", "minutes"), ("bytes", "bits"),
    ("分钟", "小时"), ("小时", "天"), ("秒", "分钟"), ("天", "周"), ("字节", "位元"),
]  # fmt: skip


def main() -> None:
    """Print the first figures, then a table for each set of pairs and each folder of documents."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--show", action="store_true", help="print what was judged wrongly")
    options.add_argument(
        "--documents", nargs="*", type=Path, default=[], help="folders of documents as danlu keeps them (Parquet)"
    )
    given = options.parse_args()
    rows = [json.loads(line) for line in PAIRS.read_text(encoding="utf-8").splitlines()]
    for split, figures in FIRST.items():
        print(f"{split}, first run: " + ", ".join(f"{name} {_share(*counts)}" for name, counts in figures.items()))
    for split in ("dev", "test", "blind", "unseen"):
        _report(f"pairs, {split}", [row for row in rows if row["split"] == split], given.show)
    for folder in given.documents:
        _report(str(folder), list(_real_rows(folder)), given.show)


def _report(name: str, rows: list[dict[str, Any]], show: bool) -> None:
    print(f"\n{name}: {len(rows)} sentences")
    outcomes: dict[tuple[str, str], list[bool]] = {}
    started = time.process_time()
    for row in rows:
        judged = _judge(row)
        right = all(one.kept for one in judged) == (row["kind"] == "true")
        outcomes.setdefault((row["language"], row["kind"]), []).append(right)
        if show and not right:
            print(
                f"  wrong: {row['kind']}: {row['said']}  {[(one.reason, one.detail) for one in judged if not one.kept]}"
            )
    took_ms = (time.process_time() - started) / max(len(rows), 1) * 1000
    for (language, kind), found in sorted(outcomes.items()):
        print(f"  {language} {'kept' if kind == 'true' else 'dropped'} {kind:<12} {_share(sum(found), len(found))}")
    dropped = [right for (_, kind), found in outcomes.items() if kind != "true" for right in found]
    kept = [right for (_, kind), found in outcomes.items() if kind == "true" for right in found]
    print(
        f"  all corrupted dropped {_share(sum(dropped), len(dropped))}; true kept {_share(sum(kept), len(kept))}; {took_ms:.1f} ms of processor time a sentence"
    )
    wrongly_kept = len(dropped) - sum(dropped)
    if sum(kept):
        print(f"  of what is kept, true: {sum(kept) / (sum(kept) + wrongly_kept):.3f} (precision on this mixture)")


def _judge(row: dict[str, Any]) -> list[Judged]:
    return check(f"{row['said'].rstrip('.。')} [1]{'。' if row['language'] == 'zh' else '.'}", [Span(1, row["source"])])


def _share(part: int, whole: int) -> str:
    low, high = wilson_interval(part, whole)
    return f"{part}/{whole} = {part / max(whole, 1):.3f} ({low:.3f} to {high:.3f})"


def _real_rows(folder: Path) -> Iterator[dict[str, Any]]:
    chance = random.Random(0)
    sentences = [found for document in stream_rows(folder, ["text"]) for found in _sentences(document["text"])]
    for sentence, around in chance.sample(sentences, min(_MOST_SENTENCES, len(sentences))):
        language = "zh" if is_chinese(sentence) else "en"
        row = {"language": language, "source": around}
        yield {**row, "kind": "true", "said": sentence}
        for kind, said in _corrupted(sentence, around, chance):
            yield {**row, "kind": kind, "said": said}


def _sentences(text: str) -> Iterator[tuple[str, str]]:
    for start, end in sentence_spans(text):
        sentence = text[start:end]
        if (
            30 <= len(sentence) * (2 if is_chinese(sentence) else 1) <= 240
            and sentence[-1] in ".。"
            and "\n" not in sentence
        ):
            yield sentence, text[max(0, start - _AROUND) : end + _AROUND]


def _corrupted(sentence: str, around: str, chance: random.Random) -> Iterator[tuple[str, str]]:
    number = re.search(r"(?<![\w.-])\d+(?![\w.-])", sentence, re.ASCII)
    if number:
        other = str(int(number.group()) + chance.choice((1, 7, 30)))
        if other not in around:
            yield "number", sentence[: number.start()] + other + sentence[number.end() :]
    unit = next((pair for pair in _UNITS if re.search(rf"\d\s?{pair[0]}", sentence)), None)
    if unit:
        yield "unit", re.sub(rf"(?<=\d)(\s?){unit[0]}", rf"\g<1>{unit[1]}", sentence, count=1)
    flipped = _denied(sentence)
    if flipped:
        yield "negation", flipped
    name = re.search(r"(?<=[a-z\u4e00-\u9fff,] )[A-Z][a-z]{2,}[A-Za-z]*(?![\w.-])", sentence, re.ASCII)
    if name and "Kelvinor" not in around:
        yield "name", sentence[: name.start()] + "Kelvinor" + sentence[name.end() :]


def _denied(sentence: str) -> str:
    """The sentence with one negation put in or taken out; empty where no rule fits."""
    for pattern, other in (
        (r"\b(is|are|can|will|must|should|may|does|do) not\b", r"\1"), (r"\b(is|are|can|will|must|should|may) (?!not\b|no\b)", r"\1 not "),
        (r"没有(?=[一-鿿])", "有"), (r"(?<![是能可要])不(?=能|会|需要|是|支持|应|必须)", ""), (r"可以|需要|必须|支持(?=[一-鿿])", r"不\g<0>"),
    ):  # fmt: skip
        changed = re.sub(pattern, other, sentence, count=1)
        if changed != sentence:
            return changed
    return ""


if __name__ == "__main__":
    main()
