"""The word guard: time over a text and for a token, how many disguised phrases it finds, and how many ordinary sentences it takes for one.

    python benchmarks/serve_words.py [--words 10000] [--sentences FILE...] [--list FILE]

Time: 10,000 Chinese phrases that do not occur, over 1,000 characters of the manuals in examples/handbook, in CPU time, best of five. Recall: 5,000
disguises by seed, of the kinds that are named, of the phrases of `--list` (the shipped list without it). False alarms: hits in sentences where no
phrase stands as it is written, width, case and traditional characters aside; sentences are those of `--sentences`, else of the manuals. A list of 10,000 real sensitive words is not shipped: `pip
install jionlp` has two in jionlp/dictionary (politics.txt, pornography.zip), Apache-2.0.
"""

import argparse
import random
import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from danlu.guard.words import StreamFilter, load_words
from danlu.text.han_forms import simplified
from danlu.text.words.disguised import DisguisedWords
from danlu.text.words.folding import fold, is_han
from danlu.text.words.lists import Phrase, read_phrases
from danlu.text.words.spellings import spellings

HANDBOOK = Path(__file__).parents[1] / "examples" / "handbook"
HOMOGLYPHS = {"a": "а", "e": "е", "o": "о", "c": "с", "p": "р", "x": "х", "i": "і", "s": "ѕ"}
LEET = {"a": "@", "e": "3", "o": "0", "i": "1", "s": "$", "t": "7"}


def main() -> None:
    """Print the three tables."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--words", type=int, default=10_000)
    options.add_argument("--sentences", type=Path, nargs="*", default=[])
    options.add_argument("--list", type=Path)
    given = options.parse_args()
    paths = given.sentences or sorted(HANDBOOK.rglob("*.txt")) + sorted(HANDBOOK.rglob("*.md"))
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in paths]
    speed("".join(texts), given.words)
    listed = list(load_words().phrases) if given.list is None else read_phrases(given.list, "listed")
    words = DisguisedWords(listed, in_pinyin=True)
    recall(words, listed)
    false_alarms(words, listed, texts)


def speed(text: str, count: int) -> None:
    """Time over 1,000 Chinese characters and for each token of a stream."""
    chinese = "".join(re.findall(r"[\u4e00-\u9fff，。、；：]+", text))[:1000]
    pairs = re.findall(r"[\u4e00-\u9fff]{2}", text)
    rng = random.Random(1)
    joined = sorted(
        {a + b for a, b in zip(rng.choices(pairs, k=2 * count), rng.choices(pairs, k=2 * count), strict=True)}
    )
    there = {hit.phrase for hit in DisguisedWords([Phrase(p, "x") for p in joined], in_pinyin=True).find(chinese)}
    absent = [Phrase(phrase, "x") for phrase in rng.sample(joined, len(joined)) if phrase not in there][:count]
    words = DisguisedWords(absent, in_pinyin=True)
    print(
        f"{len(words)} phrases, {len(chinese)} characters, {len(words.find(chinese))} hits: {_us(lambda: words.find(chinese), 500):.1f} µs"
    )
    for name, tokens in (
        ("Chinese, two characters", re.findall("..?", chinese)),
        ("English, a word", re.findall(r" ?\w+|\W", text[:4000])),
    ):
        print(
            f"a token of a stream ({name}): {_us(lambda tokens=tokens: _stream(words, tokens), 5) / len(tokens):.2f} µs"
        )


def _stream(words: DisguisedWords, tokens: Iterable[str]) -> str:
    out = StreamFilter(words)
    return "".join([*map(out.feed, tokens), out.finish()])


def _us(work: Callable[[], object], times: int) -> float:
    best = float("inf")
    for _ in range(5):
        since = time.process_time()
        for _ in range(times):
            work()
        best = min(best, (time.process_time() - since) / times)
    return 1e6 * best


def recall(words: DisguisedWords, listed: list[Phrase]) -> None:
    """Of 5,000 disguised phrases in the middle of a sentence, those that are found."""
    rng = random.Random(7)
    kinds: dict[str, list[bool]] = {}
    while sum(map(len, kinds.values())) < 5_000:
        phrase = rng.choice(listed).text
        name, disguise = rng.choice(sorted(_DISGUISES.items()))
        written = disguise(phrase, rng)
        if written and written != phrase:
            before, after = ("他说：", "，然后走了。") if is_han(written[0]) else ("He said: ", ", and left.")
            kinds.setdefault(name, []).append(bool(words.find(before + written + after)))
    for name, found in sorted(kinds.items()):
        print(f"{name:<28} {sum(found)} of {len(found)}")
    everything = [one for found in kinds.values() for one in found]
    print(f"{'recall':<28} {sum(everything) / len(everything):.4f}")


def false_alarms(words: DisguisedWords, listed: list[Phrase], texts: list[str]) -> None:
    """Sentences with a hit though no phrase stands in them as it is written."""
    rng = random.Random(3)
    every = sorted(
        {s.strip() for text in texts for s in re.split(r"(?<=[。！？.!?])\s*|\n+", text) if 10 <= len(s.strip()) <= 300}
    )
    sample = rng.sample(every, min(5_000, len(every)))
    plain = [_plain(phrase.text) for phrase in listed]
    alarms = [(s, words.find(s)) for s in sample]
    false = [(s, hits) for s, hits in alarms if hits and not any(phrase in _plain(s) for phrase in plain)]
    print(f"false alarms: {len(false)} of {len(sample)} sentences")
    for sentence, hits in false[:12]:
        print("   ", hits[0].phrase, "in", sentence[max(0, hits[0].start - 10) : hits[0].end + 10])


def _plain(text: str) -> str:
    """What is one word to any reader: width, case and simplified or traditional characters."""
    return simplified(fold(text)[0])


def _spaced(sign: str) -> Callable[[str, random.Random], str]:
    return lambda phrase, rng: sign.join(phrase.replace(" ", ""))


def _mapped(table: dict[str, str]) -> Callable[[str, random.Random], str]:
    return lambda phrase, rng: "".join(table.get(c, c) for c in phrase)


def _traditional(phrase: str, rng: random.Random) -> str:
    try:
        import opencc
    except ImportError:
        return ""
    return str(opencc.OpenCC("s2t").convert(phrase))


def _pinyin(phrase: str, rng: random.Random) -> str:
    found = [spelling.text for spelling in spellings(phrase)]
    return rng.choice(found) if found else ""


_DISGUISES: dict[str, Callable[[str, random.Random], str]] = {
    "full width": lambda phrase, rng: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in phrase),
    "upper case": lambda phrase, rng: phrase.upper(),
    "zero width": _spaced("\u200b"),
    "spaced": _spaced(" "),
    "starred": _spaced("*"),
    "dotted": _spaced("·"),
    "homoglyphs": _mapped(HOMOGLYPHS),
    "l33t": _mapped(LEET),
    "traditional": _traditional,
    "pinyin": _pinyin,
}

if __name__ == "__main__":
    main()
