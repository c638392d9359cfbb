"""English synonyms from WordNet's own database files (Miller 1995; format: wndb(5WN), senseidx(5WN), morphy(7WN)).

WordNet lists every meaning of a word, most of them wrong in a given sentence. A word is replaced only when little has to
be guessed: by the counts of WordNet's own tagged text it is one part of speech (nine times in ten) and means its first sense
(three times in four), it makes no collocation with its neighbours, and the synonym is common and means the same first. The
price is that most words are left alone.
"""

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from danlu.core.errors import UserError
from danlu.core.hashing import hash_facts, hash_file

VERSION = 1
DEBIAN = Path("/usr/share/wordnet")
"""Where Debian's package wordnet-base puts the files."""

_PARTS = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}
_FILES = tuple(f"{kind}.{name}" for kind in ("index", "data") for name in _PARTS)
_FILES += (*(f"{n}.exc" for n in _PARTS), "cntlist.rev")
_ONE_PART, _ONE_SENSE = 0.9, 0.75
_LEFT_ALONE = frozenset("not no yes very much many more most all only also even just still then thus i.e. e.g.".split())
_VOWELS = "aeiou"


@dataclass(frozen=True)
class WordNetFiles:
    """A folder with WordNet's database files; it enters identity by their content."""

    folder: Path

    def content_hash(self) -> str:
        """Of the files that are read."""
        return hash_facts({name: hash_file(self.folder / name) for name in _FILES})


def find_wordnet(folder: Path | None) -> WordNetFiles | None:
    """The files in `folder`, or in Debian's place when none is given; raises UserError when a given folder has none."""
    place = folder or DEBIAN
    if all((place / name).is_file() for name in _FILES):
        return WordNetFiles(place)
    if folder is None:
        return None
    missing = next(name for name in _FILES if not (place / name).is_file())
    raise UserError(
        "{folder} is no WordNet: {file} is missing",
        "Name the folder that holds index.noun and data.noun: Debian's package wordnet-base has it in /usr/share/wordnet.",
        folder=folder,
        file=missing,
    )


@dataclass(frozen=True)
class Sense:
    """A word in one part of speech."""

    senses: int
    first: int
    """Place of its first synset in the data file."""


@dataclass
class WordNet:
    """The index in memory (150,000 words, 70 MB), synsets read from the files when they are asked for."""

    folder: Path
    index: dict[str, dict[str, Sense]] = field(default_factory=dict)
    irregular: dict[str, dict[str, str]] = field(default_factory=dict)
    """By part of speech: irregular form to its lemma."""
    met: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    """By word and part of speech: how often each sense stands in WordNet's tagged text, the first sense first."""

    def __post_init__(self) -> None:
        for name, part in _PARTS.items():
            self._read_index(name, part)
            lines = (self.folder / f"{name}.exc").read_text(encoding="ascii").splitlines()
            self.irregular[part] = {line.split()[0]: line.split()[1] for line in lines if len(line.split()) > 1}
        self._bases = {part: set(forms.values()) for part, forms in self.irregular.items()}
        for line in (self.folder / "cntlist.rev").read_text(encoding="ascii").splitlines():
            key, number, count = line.split()
            word, _, rest = key.partition("%")
            senses = self.met.setdefault(word, {}).setdefault("nvara"[int(rest[0]) - 1], [0])
            senses.extend([0] * (int(number) - len(senses)))
            senses[int(number) - 1] = int(count)

    def _read_index(self, name: str, part: str) -> None:
        for line in (self.folder / f"index.{name}").read_text(encoding="ascii").splitlines():
            if not line.startswith("  "):
                fields = line.split()
                pointers = int(fields[3])
                entry = Sense(int(fields[2]), int(fields[6 + pointers]))
                self.index.setdefault(fields[0], {})[part] = entry

    def only_part(self, lemma: str) -> str:
        """The one part of speech in which a word is in use; empty when there are more, or none."""
        parts = self.index.get(lemma, {})
        met = {part: sum(self.met.get(lemma, {}).get(part, [])) for part in parts}
        if not any(met.values()):
            return next(iter(parts)) if len(parts) == 1 else ""
        most = max(met, key=lambda part: met[part])
        return most if met[most] >= _ONE_PART * sum(met.values()) else ""

    def means_first(self, lemma: str, part: str) -> bool:
        """Whether a word nearly always means its first sense."""
        met = self.met.get(lemma, {}).get(part, [])
        if sum(met) < 3:
            return self.index[lemma][part].senses <= 2
        return met[0] >= _ONE_SENSE * sum(met)

    def synset(self, part: str, place: int) -> list[str]:
        """The words of a synset that are single words in lower case."""
        name = next(name for name, letter in _PARTS.items() if letter == part)
        with (self.folder / f"data.{name}").open("rb") as file:
            file.seek(place)
            fields = file.readline().decode("ascii").split()
        words = fields[4 : 4 + 2 * int(fields[3], 16) : 2]
        return [word for word in words if re.fullmatch("[a-z]{3,}", word)]

    def collocates(self, first: str, second: str) -> bool:
        """Whether two neighbours make an entry of their own, such as `hard disk` or `carry out`."""
        return f"{first}_{second}" in self.index or f"{first}-{second}" in self.index

    def analyse(self, word: str) -> tuple[str, str, str] | None:
        """(lemma, part, form) of a word, form one of base, s, ed, ing; None when it could be read in two ways."""
        found = {
            (lemma, part, form) for lemma, form in _lemmas(word) if (part := self.only_part(lemma)) and _may(part, form)
        }
        if any(word in forms for forms in self.irregular.values()) or len(found) != 1:
            return None
        return next(iter(found))

    def synonyms(self, lemma: str, part: str) -> list[str]:
        """Common words with the same first sense, in order."""
        entry = self.index[lemma][part]
        if lemma in _LEFT_ALONE or not self.means_first(lemma, part):
            return []
        return [
            word
            for word in self.synset(part, entry.first)
            if word != lemma and self._same_first(word, part, entry.first) and common(word)
        ]

    def _same_first(self, word: str, part: str, place: int) -> bool:
        sense = self.index.get(word, {}).get(part)
        known = sense is not None and sense.first == place and self.only_part(word) == part
        return known and self.means_first(word, part)

    def inflect(self, lemma: str, part: str, form: str) -> str:
        """The form of a word by the regular rules; empty when the word is irregular."""
        if form == "base":
            return lemma
        if lemma in self._bases[part] or (form in ("ed", "ing") and _doubles(lemma)):
            return ""
        return _regular(lemma, form)


@cache
def opened(folder: Path) -> WordNet:
    """The WordNet of a folder, read once in a process."""
    return WordNet(folder)


def _may(part: str, form: str) -> bool:
    return form == "base" or part == "v" or (part == "n" and form == "s")


def _lemmas(word: str) -> list[tuple[str, str]]:
    """What a regular form could be a form of."""
    found = [(word, "base")]
    for ending, form in (("s", "s"), ("ed", "ed"), ("ing", "ing")):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 1:
            found += [
                (lemma, form) for lemma in (stem, stem + "e", stem.removesuffix("e")) if _regular(lemma, form) == word
            ]
    found += [(word.removesuffix("ies") + "y", "s")] if word.endswith("ies") else []
    return found + ([(word.removesuffix("ied") + "y", "ed")] if word.endswith("ied") else [])


def _regular(lemma: str, form: str) -> str:
    after_consonant = lemma[-1:] == "y" and lemma[-2:-1] not in _VOWELS
    if form == "s":
        if after_consonant:
            return lemma[:-1] + "ies"
        return lemma + ("es" if lemma.endswith(("s", "x", "z", "ch", "sh")) else "s")
    if form == "ed":
        return lemma[:-1] + "ied" if after_consonant else lemma + ("d" if lemma.endswith("e") else "ed")
    return (lemma[:-1] if lemma.endswith("e") and not lemma.endswith(("ee", "ye", "oe")) else lemma) + "ing"


def _doubles(lemma: str) -> bool:
    """One syllable that ends in consonant, vowel, consonant doubles its last letter: no regular form is sure."""
    return re.fullmatch(r"[^aeiou]*[aeiou][^aeiouwxy]", lemma) is not None


@cache
def _shares() -> dict[str, float]:
    from wordfreq import get_frequency_dict

    shares: dict[str, float] = get_frequency_dict("en", "small")
    return shares


def common(word: str) -> bool:
    """Whether a word stands in general English more than three times in a million."""
    return _shares().get(word, 0.0) >= 3e-6
