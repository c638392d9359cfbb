"""Questions as people type them: misspelt, in traditional Chinese, with another name for the thing; before and after understanding.

    python benchmarks/retrieve_questions.py PROJECT [--seed 7]

PROJECT is a folder in which `danlu run --until index` was run. Its own heading questions are asked of its blind index (headings
hidden), as they are and changed by the generators below. Each is searched as it was typed, and as danlu understands it. The last
column is the gain with the 95 % interval of a paired bootstrap. Traditional characters are folded when terms are cut, and
cannot be switched off here: their row shows that they find what simplified ones do.
"""

import argparse
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danlu.core.artifacts import Chats, Index
from danlu.core.project import find_project
from danlu.core.store import Store
from danlu.retrieve.index import opened, read_questions
from danlu.retrieve.legs.lexical import lexical_scores
from danlu.retrieve.legs.search import DEPTH, Searcher, fuse
from danlu.retrieve.legs.spelling import spelt
from danlu.retrieve.ranking.fuse import Question, section_rank
from danlu.retrieve.ranking.rank import weights_of
from danlu.text.han_forms import simplified
from danlu.text.segment import bigrams, terms, words
from danlu.text.statistics import paired_interval

_LONG = 9
"""Letters from which a word gets two slips."""
_CUTS = {"words": terms, "bigrams": bigrams}
Pairs = list[tuple[Question, Question]]
"""As it was and as it is asked."""


def main() -> None:
    """Print one table for each language."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    made = {artifact.manifest.stage: artifact for artifact in Store(find_project(options.project).artifacts).all()}
    index, chats = made["index"], made["make_questions"]
    assert isinstance(index, Index)
    assert isinstance(chats, Chats)
    questions = [question for _, question in read_questions(chats)]
    with opened(index.database) as served, opened(index.blind) as blind:
        rows = blind.rows("SELECT name, doc_id, other FROM definitions JOIN documents USING (first_passage)")
        written = {(" ".join(words(other)), doc_id): other for _, doc_id, other in rows}
        names = sorted({(written[row[:2]], row[2]) for row in rows if row[:2] in written})
        for language in sorted({question.language for question in questions}):
            asked = [question for question in questions if question.language == language]
            print(f"\n{language}: questions, R@10 and MRR@10 as typed and as understood, gain of the MRR")
            for name, pairs in (
                ("as they are", [(question, question) for question in asked]),
                ("misspelt", list(misspelt(asked, random.Random(options.seed)))),
                ("traditional", list(traditional(asked))),
                ("another name", list(renamed(asked, names))),
            ):
                report(name, pairs, blind, lambda text: spelt(served, text).question)


def report(name: str, pairs: Pairs, blind: Searcher, understood: Callable[[str], str]) -> None:
    """One row; nothing where no question could be changed so."""
    if pairs:
        typed, meant = (ranks(blind, [asked for _, asked in pairs], reads) for reads in (str, understood))
        low, gain, high = paired_interval(meant - typed, 0)
        figures = "  ".join(f"{(found > 0).mean():.3f} {found.mean():.3f}" for found in (typed, meant))
        print(f"  {name:14}{len(pairs):5}  {figures}  {gain:+.3f} [{low:+.3f}, {high:+.3f}]")


def ranks(blind: Searcher, questions: list[Question], reads: Callable[[str], str]) -> NDArray[np.float64]:
    """Reciprocal ranks; `reads` is str for what was typed."""
    section_of = dict(blind.rows("SELECT id, section FROM passages"))
    found = []
    for question in questions:
        text = reads(question.text)
        legs = blind.legs(text)
        if reads is str:  # no other names either
            legs |= {leg: lexical_scores(blind.rows, leg, cut(text), DEPTH) for leg, cut in _CUTS.items()}
        found.append(section_rank(fuse(legs, weights_of(blind, question.language)), section_of, question))
    return np.array(found)


def misspelt(questions: list[Question], chance: random.Random) -> Iterator[tuple[Question, Question]]:
    """One Latin word of five letters and more with a slip of the hand behind its first letter."""
    for question in questions:
        words = [match for match in re.finditer("[A-Za-z]+", question.text) if len(match.group()) > 4]
        if words:
            match = chance.choice(words)
            word = match.group()
            for _ in range(2 if len(word) >= _LONG else 1):
                word = slipped(word, chance)
            text = question.text
            yield question, replace(question, text=text[: match.start()] + word + text[match.end() :])


def slipped(word: str, chance: random.Random) -> str:
    """A letter left out, put in, changed, or swapped with the one before it."""
    at, letter = chance.randrange(1, len(word)), chance.choice("abcdefghijklmnopqrstuvwxyz")
    swapped = word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :]
    return chance.choice(
        (word[:at] + word[at + 1 :], word[:at] + letter + word[at:], word[:at] + letter + word[at + 1 :], swapped)
    )


def traditional(questions: list[Question]) -> Iterator[tuple[Question, Question]]:
    """In traditional characters, where some character has one."""
    forms: dict[str, str] = {}
    for code in range(0x4E00, 0x9FFF):
        plain = simplified(chr(code))
        if plain != chr(code):
            forms.setdefault(plain, chr(code))
    for question in questions:
        text = "".join(forms.get(char, char) for char in question.text)
        if text != question.text:
            yield question, replace(question, text=text)


def renamed(questions: list[Question], names: list[tuple[str, str]]) -> Iterator[tuple[Question, Question]]:
    """With another name that the documents define in the place of a name."""
    for question in questions:
        for name, other in names:
            edges = ("(?<![A-Za-z0-9])", "(?![A-Za-z0-9])") if name.isascii() else ("", "")
            match = re.search(f"{edges[0]}{re.escape(name)}{edges[1]}", question.text, re.IGNORECASE)
            if match:
                text = question.text[: match.start()] + other + question.text[match.end() :]
                yield question, replace(question, text=text)


if __name__ == "__main__":
    main()
