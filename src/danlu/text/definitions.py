"""Names that a text itself declares to mean one thing: "Advanced Package Tool (APT)", 逻辑卷管理（LVM）, "GUI（图形用户界面）".

An abbreviation in brackets behind its long form is found as in Schwartz & Hearst 2003 ("A simple algorithm for identifying
abbreviation definitions in biomedical text"): its letters stand in the words before it, in order, the first one at the beginning
of a word. Between Chinese and a Latin name no letters match. There the Han side ends at the bracket and reaches back as far as the
tagger sees nothing but parts of a noun. What stands in the brackets often says which one is meant (编辑器（Vim）, 命令（apt）) and not the
same in other words: an abbreviation, a name of several words, or one small word that a document repeats (软件包（package）) is taken.
Whom or what a bracket is about (王伟（CEO）, Zhang San（项目经理）, 北京分公司（HR、IT）, 三楼会议室（A301）) is no other name.
docs/answers/questions.md says how often it is right.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from danlu.text.han_forms import simplified
from danlu.text.language import HAN

_BRACKETS = re.compile(r"[ \t]?[（(]([^（）()\n]{2,60})[)）]")
_SHORT = re.compile(r"[A-Z][A-Za-z0-9]*[A-Z][A-Za-z0-9]*(?:[-/][A-Z0-9]+)?|[A-Z]{2,10}s?")
_LATIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9+-]*(?: [A-Za-z][A-Za-z0-9+-]*){0,5}")
_LATIN_BEFORE = re.compile(r"(?<![\w./-])[A-Za-z][A-Za-z0-9+-]*(?: [A-Za-z][A-Za-z0-9+-]*){0,4}$", re.ASCII)
_HAN_NAME = re.compile(f"[{HAN}]{{3,12}}")
_HAN_BEFORE = re.compile(f"[{HAN}]{{2,16}}$")
_SEPARATOR = re.compile(r"[,，;；、]\s*|\s*[:：]\s*")
_ROOM = re.compile(r"\d{2}$")
_NO_NAME = re.compile(rf"[|\t{HAN}]|://|, .*, |, the ")
_WORD = re.compile(r"[^\W_]+(?:['’][a-z]+)?")
_NOUN = ("n", "vn", "an", "b", "j", "l", "i", "a", "ng", "vg", "v")
_NO_START = frozenset(
    "用于 作为 使用 默认 提及 启用 位于 如果 进行 通过 例如 所有 安装 支持 采用 配置 显示 称为 认为 知道 需要 推荐 提供 包括 选择 运行 启动"
    " 最低 最高".split()
)
_ROLES = (
    "经理",
    "主管",
    "工程师",
    "总监",
    "主任",
    "部长",
    "专员",
    "助理",
    "秘书",
    "代表",
    "负责人",
    "顾问",
    "总裁",
    "董事",
    "老师",
    "会计",
)
"""What a person is, in brackets behind the name."""
_PERSON = ("nr",)
_OFFICE = ("nt",)
"""Of a single word that an abbreviation in capitals may stand for: 人力资源部（HR）."""
_SMALL = frozenset("a an and as at by for from in into of on or the to with without".split())
_HEAD = ("n", "vn", "an", "j", "l", "i", "ng")
_SINGLE = ("n", "v", "a", "q", "b", "g", "m")
"""Of a single character: 卷 in 逻辑卷管理 and 片 in 门禁卡片, which the dictionary does not know as wholes."""
_MOST_WORDS = 5
_WINDOW = 120
"""Characters before a bracket that are looked at."""
_LONGEST_SHORT = 10
_REPEATED = 2
"""Times that a document must say that a Chinese name and one small Latin word are one."""


def defined_pairs(texts: Iterable[str]) -> list[tuple[str, str]]:
    """Each pair of names that a document's texts declare to be one, as they stand there, once: long or Chinese form, then the other."""
    found = Counter(pair for text in texts for pair in _pairs(text))
    return [pair for pair, times in found.items() if times >= _REPEATED or not _is_small_word(pair)]


def _is_small_word(pair: tuple[str, str]) -> bool:
    return not pair[0].isascii() and pair[1].islower() and " " not in pair[1]


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for match in _BRACKETS.finditer(text):
        before = text[max(0, match.start() - _WINDOW) : match.start()].rpartition("\n")[2]
        inside = [piece for piece in _SEPARATOR.split(match[1].strip()) if piece] or [""]
        if han := _HAN_BEFORE.search(before):
            yield from _han_and_latin(before[: han.start()], han.group(), inside)
        elif len(inside) == 1 and _HAN_NAME.fullmatch(inside[0]):
            latin = _LATIN_BEFORE.search(before)
            if latin and _is_term(latin.group()) and _is_name(inside[0], latin.group()):
                yield inside[0], latin.group()
        else:
            yield from ((long, inside[0]) for long in _long_form(before, inside[0]))


def _is_term(latin: str) -> bool:
    return len(latin) > 1 and not _ROOM.search(latin) and (latin.isupper() or latin.islower() or " " in latin)


def _is_name(han: str, latin: str) -> bool:
    """Whether Han in brackets ends as a noun behind an abbreviation, and is one throughout, but no role, behind another name."""
    length = sum(len(word) for word, _ in _nouns(han))
    return length > 0 if latin.isupper() else length == len(han) and not han.endswith(_ROLES)


def _han_and_latin(before: str, run: str, inside: list[str]) -> Iterator[tuple[str, str]]:
    names = [piece for piece in inside if _LATIN_NAME.fullmatch(piece) and len(piece) > 1]
    if not names or len(names) != len(inside) or (len(names) > 1 and not _are_one(names)):
        return
    nouns = _nouns(run)
    length = sum(len(word) for word, _ in nouns)
    joined = _LATIN_BEFORE.search(before.rstrip()) if nouns and length == len(run) else None
    if joined:  # a name of both: Linux 安全模块（LSM）
        word = joined.group().split()[-1]
        if names[0].isupper() and names[0][0] == word[0].upper():
            yield before[before.rindex(word) :] + run, names[0]
        return
    for name in names if nouns else ():
        letters = sum(map(str.isalpha, name))
        if len(nouns) > 1:
            taken = _is_term(name) and not (name.isupper() and letters > length)
        else:
            taken = (name.islower() and name.isalpha()) or (name.isupper() and nouns[0][1].startswith(_OFFICE))
        if taken:
            yield run[-length:], name


def _are_one(names: list[str]) -> bool:
    """Whether two names are a long form and its abbreviation."""
    long, short = max(names, key=len), min(names, key=len)
    return len(names) == 2 and [*_long_form(long, short)] == [long]


def _nouns(run: str) -> list[tuple[str, str]]:
    """The words at the end of a run of Han that form one noun, in simplified characters, which the dictionary knows, with their tags."""
    import rjieba

    found: list[tuple[str, str]] = []
    for word, tag in reversed(rjieba.tag(simplified(run))):
        wanted = _SINGLE if len(word) == 1 else _NOUN if found else _HEAD
        if not tag.startswith(wanted) or tag.startswith(_PERSON) or word in _NO_START or len(found) == _MOST_WORDS:
            break
        found.insert(0, (word, tag))
    while found and len(found[0][0]) == 1:
        del found[0]
    return found


def _long_form(before: str, short: str) -> Iterator[str]:
    """The shortest run of words before the bracket that holds the letters of an abbreviation in order; none or one."""
    letters = [char.lower() for char in short.removesuffix("s") if char.isalnum()]
    if not _SHORT.fullmatch(short) or not 2 <= len(letters) <= _LONGEST_SHORT:
        return
    words = list(_WORD.finditer(before))[-min(len(letters) + 5, 2 * len(letters)) :]
    if not words or before[words[-1].end() :].strip():
        return
    start = _by_first_letters(words, letters)
    if start is None:
        start = _by_letters(before, words, letters, sum(map(str.isupper, short)))
    if start is None:
        return
    long = before[start:].strip()
    is_name = any(mark in long for mark in " -") or not long[1:].islower()
    if is_name and len(long) > len(short) and short.lower() not in long.lower().split() and not _NO_NAME.search(long):
        yield long


def _by_first_letters(words: list[re.Match[str]], letters: list[str]) -> int | None:
    """Where the words begin whose first letters are just these, small words apart; None where there are none."""
    named = [word for word in words if word.group().lower() not in _SMALL][-len(letters) :]
    return named[0].start() if [word.group()[0].lower() for word in named] == letters else None


def _by_letters(before: str, words: list[re.Match[str]], letters: list[str], capitals: int) -> int | None:
    """Where the shortest run of words begins that holds the letters in order, the last one in its last word.

    At least half as many begin a word as the abbreviation has capitals.
    """
    at, first, begins = len(before), words[0].start(), 0
    for number, letter in reversed(list(enumerate(letters))):
        at -= 1
        while at >= first and not (
            before[at].lower() == letter and (number or at == first or not before[at - 1].isalnum())
        ):
            at -= 1
        if at < first or (number == len(letters) - 1 and at < words[-1].start()):
            return None
        begins += at == first or not before[at - 1].isalnum()
    is_small = any(word.start() == at and word.group().lower() in _SMALL for word in words)
    return at if 2 * begins >= capitals and not is_small else None
