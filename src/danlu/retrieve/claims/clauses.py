"""Clauses of a sentence, and what each says beyond its words: negation, must or may, only, all or some, likely or sure.

In Chinese rules 应 is a must, 宜 a should and 可 a may (GB/T 1.1-2020, appendix C). A lexicon of both languages, read from left to right, the longer expression first: 不得不 is a must, 不仅 denies nothing, "no more
than" is a bound of a number. What it lacks it does not see; the pairs of benchmarks/retrieve_grounding.py measure how much that is.
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

from danlu.retrieve.claims.content import Vocabulary, Word, content_words
from danlu.retrieve.claims.quantities import LONGEST_REMEMBERED, Quantity, quantities

_LEXICON = (
    ("neutral", r"not only|no (?:more|less|fewer|later|earlier) than|not (?:more|less|later) than|(?:must|may|shall|can|does|do) not exceed|not exceed(?:ing)?|cannot exceed|no matter|whether or not|\bno\. ?\d"
     r"|不仅|不但|不光|不管|不论|无论|不过|(?:不得|不能|不可|不应)?(?:不?超过|少于|低于|多于|高于|大于|小于|早于|晚于|迟于)(?=\s?[\d一二三四五六七八九十两百千半¥$€])|不(?:少于|低于|多于|高于|大于|小于|早于|晚于|迟于|满|足|到)(?=\s?[\d一二三四五六七八九十两百千半¥$€])"
     r"|不同|不断|不久|不错|不妨|不时|不然|不止|不少|是否|能否|可否|与否|是不是|能不能|会不会|要不要|有没有|非常|未来|无线|无人机|非洲|别名|别人|特别|类别|级别|分别|区别|个别|识别|差别|鉴别|性别|告别|不可或缺|必不可少|无锡|不动产|无形|不[当良便适明利慎佳]"),
    ("must", r"不得不|只能"),
    ("forbid", r"must not|mustn't|may not|shall not|cannot|can not|can't|(?:not|never) (?:be )?(?:allowed|permitted)|forbid(?:s|den)?|prohibit(?:s|ed)?|disallow(?:s|ed)?|ban(?:s|ned)"
     r"|不得|不能够?|不可以?|禁止|严禁|不准|不许|不允许|切勿|请勿|勿|不要|谢绝|不宜|禁用于"),
    ("exempt", r"need not|needn't|(?:do|does|did)(?: not|n't) (?:need|have)(?: to)?|no need|not (?:required|necessary|needed|mandatory)|unnecessary|optional"
     r"|无需|无须|毋须|毋需|不必|不用|不需要?|没必要|没有必要|无必要|免于"),
    ("exception", r"unless|except(?:ing|ion)?|apart from|other than|excluding|除非|除外|除了|除.{1,12}(?:以外|之外)|例外"),
    ("deny", r"\w*n't|not|no longer|no|never|without|neither|nor|none|nothing|nobody|nowhere|unable|fail(?:s|ed)? to|lacks?|refus(?:es?|ed)|den(?:y|ies|ied)|reject(?:s|ed)?|non(?=-)"
     r"|没有|没|未曾|尚未|从未|从不|绝不|未能|未(?!必)|无法|无|不会|不再|并非|不是|不|非(?![常洲])|拒绝|缺少|缺乏"),
    ("must", r"must|shall|mandatory|obligatory|compulsory|(?:is|are|be) (?:required|obliged)|ha(?:s|ve) to|required?|requires|必须|必需|务必|一定要|应当|应该|应(?=[^用答急])|强制|(?<!无)须"),
    ("need", r"needs?(?: to)?|needed|需要|需|要求"),
    ("should", r"should|ought|recommend(?:ed|s)?|advis(?:ed|able)|suggest(?:ed|s)?|建议|推荐|最好|(?<=[不适])宜"),
    ("before", r"before|prior to|之前|以前|前(?=[，,须需应请])"),
    ("after", r"after(?!wards)|之后|以后|后(?=[，,须需应请])"),
    ("might", r"might|could|perhaps|maybe|possibly|probably|likely|可能|也许|或许|大概|未必|不一定"),
    ("may", r"may(?! \d)|allowed|permitted|允许|准许"),
    ("can", r"can|able to|可以|可(?![能见用])|能够?(?![力源])"),
    ("some", r"some(?! of the following)|several|partly|partially|most|mostly|usually|often|sometimes|generally|typically|rarely|seldom|部分|有些|有的|某些|大多数?|多数|通常|一般(?!来说不)|往往|有时|经常|常常|偶尔|很少|少数"),
    ("only", r"only|solely|exclusively|merely|仅限?|只有|只(?![读写])|唯一"),
    ("all", r"all(?!ow)|every|each|always|any(?:one|body|thing)?|everyone|everybody|everything|entire(?:ly)?|所有|全部|全体|每(?!周|天|日|月|年|小时|分钟|隔|季)|任何|一切|总是|始终|一律|完全"),
)  # fmt: skip
_FIRST_WORD = re.compile(r"\s*(?:please |then |first,? )?([A-Za-z]+) ", re.IGNORECASE)
_AND = re.compile(r"\band\b|并且?|及|、|和", re.IGNORECASE)
_HAS_LATIN = re.compile("[A-Za-z]")


def _pattern() -> re.Pattern[str]:
    groups = []
    for at, (name, words) in enumerate(_LEXICON):
        parts = re.split(r"\|(?![^(]*\))", words)
        latin = "|".join(part for part in parts if _HAS_LATIN.search(part))
        han = "|".join(part for part in parts if not _HAS_LATIN.search(part))
        either = "|".join(part for part in (rf"(?<![A-Za-z])(?:{latin})(?![A-Za-z])" if latin else "", han) if part)
        groups.append(f"(?P<{name}_{at}>{either})")
    return re.compile("|".join(groups), re.IGNORECASE)


_MARKS = _pattern()
NEGATIVE = ("forbid", "exempt", "exception", "deny")
_SPLIT = re.compile(
    r"[，；;。！？!?（）()\n\t]|,(?!\d)|[:：](?=\s|[^\d/\s])(?!//)|\.(?=\s|$)|\b(?:but|while|whereas|although|though|unless|because|so that|however)\b"
    "|(?:但是?|然而|而(?:且|是)?(?=[^且]{2})|因为|所以|因此|否则|除非)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Clause:
    """A part of a sentence, at `text[start:end]` of the whole."""

    text: str
    start: int
    end: int

    @cached_property
    def words(self) -> list[Word]:
        """Its content words, in order, without what the lexicon took; places are the clause's own."""
        taken = [(start, end) for _, start, end in self.marks]
        return [
            word
            for word in content_words(self.text)
            if not any(start < word.end and word.start < end for start, end in taken)
        ]

    @cached_property
    def marks(self) -> list[tuple[str, int, int]]:
        """What the lexicon finds: name and place, but for neutral ones."""
        return [mark for mark in self._found if mark[0] != "neutral"]

    @cached_property
    def _found(self) -> list[tuple[str, int, int]]:
        return [(str(match.lastgroup).split("_")[0], *match.span()) for match in _MARKS.finditer(self.text)]

    @cached_property
    def kinds(self) -> Counter[str]:
        """How often each kind of mark stands there."""
        return Counter(name for name, _, _ in self.marks)

    @cached_property
    def counted(self) -> tuple[Quantity, ...]:
        """Its numbers and dates."""
        return quantities(self.text)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """What it holds."""
        return Vocabulary.of(self.text)

    @property
    def negations(self) -> int:
        """How often it denies. Two are no yes: "without a badge nobody enters" denies two things."""
        return sum(self.kinds[name] for name in NEGATIVE)

    @property
    def is_instruction(self) -> bool:
        """Whether it looks like an imperative: it begins with a bare verb, or with 请 or 先, and has no must or may."""
        if _any(self.kinds, "must", "need", "should", "may", "can", "might"):
            return False
        first = _FIRST_WORD.match(self.text)
        if first is None:
            return bool(re.match(r"\s*(?:请|先)", self.text))
        word = first[1].lower()
        return bool(self.words) and self.words[0].start == first.start(1) and not re.search("(?:s|ing|ed)$", word)

    def denied(self) -> list[tuple[str, ...]]:
        """Of each plain denial the content words that follow it, three at most."""
        places = [end for name, _, end in self.marks if name in ("deny", "forbid", "exempt")]
        return [tuple(word.key for word in self.words if word.start >= place)[:3] for place in places]


def clauses(text: str) -> tuple[Clause, ...]:
    """The clauses of a sentence, in order; one without content words joins the one before it, or the next."""
    return _remembered(text) if len(text) <= LONGEST_REMEMBERED else _clauses(text)


@lru_cache(maxsize=4096)  # as for quantities
def _remembered(text: str) -> tuple[Clause, ...]:
    return _clauses(text)


def _clauses(text: str) -> tuple[Clause, ...]:
    cuts = [0]
    for match in _SPLIT.finditer(text):
        word = match.group().strip(",;:.，；：。！？!?（）()\n\t ")
        cuts.append(match.start() if word else match.end())
    cuts.append(len(text))
    made: list[Clause] = []
    open_at: int | None = None
    for start, end in pairwise(cuts):
        begin = start if open_at is None else open_at
        if not text[begin:end].strip():
            continue
        if content_words(text[start:end]):
            made.append(Clause(text[begin:end], begin, end))
            open_at = None
        elif made:
            made[-1] = Clause(text[made[-1].start : end], made[-1].start, end)
        else:
            open_at = begin
    return tuple(part for clause in made for part in _at_and(clause)) or (Clause(text, 0, len(text)),)


def _at_and(clause: Clause) -> list[Clause]:
    """The halves of "A takes 2 days and B takes 5": both count something."""
    for match in _AND.finditer(clause.text):
        before, after = clause.text[: match.start()], clause.text[match.start() :]
        if (
            quantities(before)
            and quantities(after)
            and not any(found.start < match.end() and match.start() < found.end for found in quantities(clause.text))
        ):
            cut = clause.start + match.start()
            return [Clause(before, clause.start, cut), *_at_and(Clause(after, cut, clause.end))]
    return [clause]


def at_odds(said: Clause, source: Clause) -> str:
    """Why two clauses that speak of the same thing say different things of it; empty when nothing tells.

    Weaker is allowed where it stays true ("must" said as "need to"), stronger never is.
    """
    mine, theirs = said.kinds, source.kinds
    if said.negations != source.negations:
        return "negation"
    if (mine["exempt"] and theirs["forbid"]) or (mine["forbid"] and theirs["exempt"]):
        return "modality"
    if said.negations and source.negations and not _deny_the_same(said, source):
        return "negation"
    if (mine["before"] and theirs["after"] and not theirs["before"]) or (
        mine["after"] and theirs["before"] and not theirs["after"]
    ):
        return "opposite"
    if mine["must"] and source.is_instruction:
        return ""
    return _modality(mine, theirs) or _scope(mine, theirs)


def _deny_the_same(said: Clause, source: Clause) -> bool:
    mine, theirs = said.denied(), source.denied()
    if not any(mine) or not any(theirs):
        return True
    return any(set(one) & set(other) for one in mine for other in theirs)


def _modality(mine: Counter[str], theirs: Counter[str]) -> str:
    sure = {"must", "need", "forbid"}
    if mine["must"] and not (theirs["must"] or theirs["need"] or theirs["exempt"] or theirs["forbid"]):
        return "modality"
    if mine["need"] and _any(theirs, "may", "might", "can", "should") and not _any(theirs, *sure, "exempt"):
        return "modality"
    if mine["should"] and _any(theirs, "may", "might", "can") and not _any(theirs, *sure, "should"):
        return "modality"
    if mine["should"] and theirs["must"] and not theirs["should"]:
        return "modality"
    if (
        _any(mine, "may", "can", "might")
        and _any(theirs, "must", "should", "need")
        and not _any(theirs, "may", "can", "might")
    ):
        return "modality"
    return "certainty" if theirs["might"] and not _any(mine, "might", "may") else ""


def _scope(mine: Counter[str], theirs: Counter[str]) -> str:
    if mine["only"] and not theirs["only"]:
        return "only"
    if mine["all"] and not theirs["all"]:
        return "all"
    return "some" if theirs["some"] and not mine["some"] else ""


def _any(kinds: Counter[str], *names: str) -> bool:
    return any(kinds[name] for name in names)
