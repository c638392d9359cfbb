"""What a question asks for: its words, how much each must stand in an answer, and how far a stretch of text holds one.

A question is put in spoken words and answered in written ones: 装 for 安装, "look after" for "maintain". Verbs change so, names of things
hardly do. So a noun counts in full, a name or a code (anything Latin in a Chinese question; capitals or digits in an English one) for more, a
verb for less, and every other word for little; and a Chinese word that does not stand in a text is held in part where its characters do.
Kinds of Chinese words are the segmenter's (rjieba; tags of ICTCLAS). For English none is told but by what stands before: what follows
"I", "to" or "can" is a verb. It errs, and costs nothing.

A word weighs the geometric mean of its idf and of its surprisal in text at large: "get" and "colleague" say little even where a manual
avoids them, "Bluetooth" says much. A word that neither the corpus nor the list of words knows is mostly a slip of the segmenter: it is
then as surprising as its rarest character.
"""

import math
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from danlu.retrieve.legs.search import Searcher
from danlu.text.frequency import RAREST
from danlu.text.han_forms import simplified
from danlu.text.language import HAN
from danlu.text.segment import han_characters, terms

Kind = Literal["name", "noun", "verb", "other"]
IMPORTANCE: Mapping[Kind, float] = {"name": 1.2, "noun": 1.0, "verb": 0.6, "other": 0.25}
EVERYDAY_NATS = 5.0
"""A word of which every 150th running word is one carries no surprise beyond the least."""
SURPRISE = (0.3, 8.0)
CHARACTER_SURPRISE = (0.3, 6.0)
BY_CHARACTERS = 0.7
"""What a Chinese word is held at most where only its characters stand there."""
BY_PARTS = 0.9
"""And an identifier where only its parts do: `full-upgrade` in "a full upgrade"."""
LEADS_TO_VERB = frozenset(
    "i we you they it he she to do does did can could not me must should may might would will cannot never who and".split()
)
SAYS_LITTLE = frozenset(
    "想 需要 要 用 做 办 让 使 使用 知道 看 说 时候 时 后 前 东西 事 办法 方法 现在 已经 一下 一起 自己 别人 大概 一共 老是 老 还是 还 再 先 只 最 更 这种 那种"
    " 叫 意思 能不能 可不可以 行不行 不能 不是 不行 不会 而且 但是 如果 以后 之后 以前 之前 同时 每次 一次 次 个 种 块 台 条 份".split()
)
"""Chinese words that every question may be put with."""
NOUNS = ("n", "s", "t", "j", "vn", "an", "l", "i", "x", "z", "g")
VERBS = ("v", "a")
_RUN = re.compile(f"[{HAN}]+|[^\\W{HAN}]+(?:[-./+:@#]+[^\\W{HAN}]+)*[+#]*")
_HAN = re.compile(f"[{HAN}]")


@dataclass(frozen=True)
class Asked:
    """One word of a question."""

    form: str
    """As it stands, folded; the stem of a Latin word, the whole of an identifier."""
    parts: tuple[str, ...]
    """The characters of a Han word, the stems within an identifier; empty for a plain Latin word."""
    kind: Kind

    @property
    def han(self) -> bool:
        """Whether it is looked for as a string: Han is cut as its neighbours have it, so that two cuts of one text differ."""
        return bool(_HAN.match(self.form))

    @property
    def joined(self) -> str:
        """An identifier without the marks that join it, `fullupgrade` for `full-upgrade`; a name in camelCase has none, and is its form."""
        return self.form if self.form.isalnum() else "".join(self.parts)


@dataclass(frozen=True)
class Stretch:
    """A stretch of text that is read as an answer."""

    folded: str
    stems: Collection[str]


@dataclass(frozen=True)
class Weighed:
    """A question's words with their weights, in the same order, and those that the corpus lacks."""

    words: Sequence[Asked]
    weights: Sequence[float]
    lacking: Collection[Asked]
    rarity: Mapping[str, float]
    """Surprisal of Han characters."""

    def held(self, stretch: Stretch) -> list[float]:
        """How far a stretch holds each word, 0 to 1."""
        return [self._held(word, stretch) for word in self.words]

    def _held(self, word: Asked, stretch: Stretch) -> float:
        if word.han:
            if word.form in stretch.folded:
                return 1.0
            there = sum(self.rarity[character] for character in word.parts if character in stretch.folded)
            return BY_CHARACTERS * there / (sum(self.rarity[character] for character in word.parts) or 1.0)
        if word.form in stretch.stems or (word.parts and word.joined in stretch.stems):
            return 1.0
        return BY_PARTS * sum(part in stretch.stems for part in word.parts) / max(len(word.parts), 1)


def asked(question: str) -> list[Asked]:
    """The words of a question that an answer must speak of, each once."""
    question = simplified(unicodedata.normalize("NFKC", question)).replace("\u2019", "'").replace("'s", "")
    chinese = bool(_HAN.search(question))
    found: dict[str, Asked] = {}
    before = ""
    for match in _RUN.finditer(question):
        text = match.group()
        if _HAN.match(text):
            found |= {word.form: word for word in _han(text) if word.form not in found}
            continue
        opens = match.start() == 0 or question[: match.start()].rstrip().endswith((".", "?", "!"))
        kind: Kind = "name" if chinese or _is_name(text, opens) else "verb" if _is_verb(text, before) else "noun"
        if stems := terms(text):
            found.setdefault(stems[0], Asked(stems[0], tuple(stems[1:]), kind))
        before = text.lower()
    return list(found.values())


def _is_name(word: str, opens: bool) -> bool:
    """Capitals within, a capital where no sentence begins, letters with digits. "I" is a stop word."""
    mixed = any(map(str.isalpha, word)) and any(map(str.isdigit, word))
    return mixed or any(map(str.isupper, word[1:])) or (word[0].isupper() and not opens)


def _is_verb(word: str, before: str) -> bool:
    return before in LEADS_TO_VERB or word.lower().endswith("ly")


def _han(run: str) -> Iterator[Asked]:
    import rjieba

    for word, tag in rjieba.tag(run):
        characters = tuple(character for character in word if han_characters(character))
        if characters and word not in SAYS_LITTLE and terms(word):
            yield Asked(
                word, characters, "noun" if tag.startswith(NOUNS) else "verb" if tag.startswith(VERBS) else "other"
            )


def weigh(searcher: Searcher, words: Sequence[Asked]) -> Weighed:
    """Weigh a question's words by what the corpus and text at large know of them."""
    characters = sorted({character for word in words if word.han for character in word.parts})
    forms = sorted({form for word in words for form in _forms(word)})
    holders, shares = searcher.holders(forms), searcher.general([*forms, *characters])
    rarity = {character: _surprisal(shares.get(character, RAREST), CHARACTER_SURPRISE) for character in characters}
    idf = searcher.idf(forms)
    weights = [
        IMPORTANCE[word.kind] * math.sqrt(_surprise(word, shares, rarity) * _idf(word, holders, idf)) for word in words
    ]
    return Weighed(words, weights, frozenset(word for word in words if not _is_held(word, holders)), rarity)


def _forms(word: Asked) -> list[str]:
    return [word.form] if word.han or not word.parts else [word.form, word.joined, *word.parts]


def _is_held(word: Asked, holders: Mapping[str, int]) -> bool:
    whole = word.form in holders
    if word.han or not word.parts:
        return whole
    return whole or word.joined in holders or all(part in holders for part in word.parts)


def _idf(word: Asked, holders: Mapping[str, int], idf: Mapping[str, float]) -> float:
    """Of an identifier's parts the rarest; its own where the corpus has it as one word."""
    if word.han or not word.parts:
        return idf[word.form]
    return max(idf[form] for form in _forms(word) if form in holders or form in word.parts)


def _surprise(word: Asked, shares: Mapping[str, float], rarity: Mapping[str, float]) -> float:
    if word.han:
        if word.form in shares:
            return _surprisal(shares[word.form], SURPRISE)
        return max(rarity[character] for character in word.parts)
    return max(_surprisal(shares.get(form, RAREST), SURPRISE) for form in word.parts or (word.form,))


def _surprisal(share: float, bounds: tuple[float, float]) -> float:
    return min(max(-math.log(share) - EVERYDAY_NATS, bounds[0]), bounds[1])
