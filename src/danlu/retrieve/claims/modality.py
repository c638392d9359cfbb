"""What words say of a statement beyond what it is about: negation, must or may, only, all or some, likely or sure.

In Chinese rules 应 is a must, 宜 a should and 可 a may (GB/T 1.1-2020, appendix C). A lexicon of both languages, read from left to right,
the longer expression first: 不得不 is a must, 不仅 denies nothing, "no more than" is a bound of a number. What it lacks it does not see; the
pairs of benchmarks/retrieve_grounding.py measure how much that is.
"""

import re

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
"""Marks that deny."""


def marks_of(text: str) -> list[tuple[str, int, int]]:
    """What the lexicon finds, in order: name and place; `neutral` is what only looks like a mark."""
    return [(str(match.lastgroup).split("_")[0], *match.span()) for match in _MARKS.finditer(text)]
