"""The methods of augmentation by name: which languages each speaks, and what it proposes for a document."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

from danlu.data.augment import chinese_grammar, english_grammar, noise, synonyms
from danlu.data.augment.protected import VERSION as PROTECTED
from danlu.data.augment.protected import Spans
from danlu.data.augment.translate import Translates, back_translated
from danlu.data.augment.variants import Proposal
from danlu.data.augment.wordnet import WordNetFiles, opened
from danlu.text.offsets import Edit
from danlu.text.records import Document


@dataclass(frozen=True)
class Tools:
    """What methods draw on besides the text."""

    word_share: float
    noise_share: float
    sentence_share: float
    wordnet: WordNetFiles | None = None
    translator: Translates | None = None

    def missing(self, method: str, language: str) -> str:
        """What a method lacks for a language; empty when it can work."""
        if method == "synonyms" and language == "en" and self.wordnet is None:
            return "WordNet not found"
        return "no translator given" if method == "back_translation" and self.translator is None else ""


Propose = Callable[[Document, Spans, Random, Tools], Proposal]


def _synonyms(document: Document, protected: Spans, random: Random, tools: Tools) -> Proposal:
    if document.language == "zh":
        return Proposal(synonyms.chinese_synonyms(document.text, protected, random, tools.word_share))
    assert tools.wordnet is not None, "asked for by `missing`"
    words = opened(tools.wordnet.folder)
    return Proposal(synonyms.english_synonyms(document.text, protected, random, tools.word_share, words))


def _grammar(document: Document, protected: Spans, random: Random, tools: Tools) -> Proposal:
    text = document.text
    if document.language == "zh":
        turned = list(chinese_grammar.turned(text, protected))
        others = [*chinese_grammar.question_forms(text, protected), *chinese_grammar.without_de(text, protected)]
    else:
        turned, others = (
            list(english_grammar.clauses(text, protected)),
            list(english_grammar.contractions(text, protected)),
        )
    return _proposal(turned, others)


def _back_translation(document: Document, protected: Spans, random: Random, tools: Tools) -> Proposal:
    assert tools.translator is not None, "asked for by `missing`"
    chosen = lambda: random.random() < tools.sentence_share  # noqa: E731
    return _proposal(list(back_translated(document.text, document.language, protected, tools.translator, chosen)), [])


def _proposal(turned: Iterable[tuple[Edit | None, str]], others: Iterable[Edit]) -> Proposal:
    turned = list(turned)
    edits = [edit for edit, _ in turned if edit is not None]
    apart = [edit for edit in others if not any(edit.start < other.end and other.start < edit.end for other in edits)]
    return Proposal(without_overlaps([*edits, *apart]), sum(edit is None for edit, _ in turned))


def without_overlaps(edits: Iterable[Edit]) -> list[Edit]:
    """Edits in order; of two that overlap the first stays."""
    kept: list[Edit] = []
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if not kept or edit.start >= kept[-1].end:
            kept.append(edit)
    return kept


def _noise(make: Callable[[str, Spans, Random, float], list[Edit]]) -> Propose:
    def propose(document: Document, protected: Spans, random: Random, tools: Tools) -> Proposal:
        return Proposal(without_overlaps(make(document.text, protected, random, tools.noise_share)))

    return propose


METHODS: dict[str, tuple[tuple[str, ...], Propose]] = {
    "synonyms": (("zh", "en"), _synonyms),
    "grammar": (("zh", "en"), _grammar),
    "back_translation": (("zh", "en"), _back_translation),
    "keyboard": (("en",), _noise(noise.keyboard)),
    "misread": (("zh", "en"), _noise(noise.misread)),
    "homophones": (("zh",), _noise(noise.homophones)),
    "dropped": (("zh", "en"), _noise(noise.dropped)),
    "case": (("en",), _noise(noise.case)),
}
"""By name: the languages of a method, and the method."""

RULES = (
    ("protected spans", PROTECTED), ("english synonyms", 1), ("chinese synonyms", 1), ("english grammar", 1),
    ("chinese grammar", 1), ("noise", 1), ("back-translation", 1),
)  # fmt: skip
