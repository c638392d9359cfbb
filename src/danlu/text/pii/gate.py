"""Which stretches of a text are worth a closer look: most text is passed over at the speed of memory, not of patterns.

Two passes over the bytes of many texts at once: a kernel for digits and long tokens (danlu.text.pii.gate_kernels), and an Aho-Corasick
automaton for the words that announce a value. What a stretch leaves out changes no decision: it reaches further to both sides
than any pattern and its label.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from ahocorasick_rs import BytesAhoCorasick, Implementation
from numpy.typing import NDArray

from danlu.text.pii.checksums import iban_lengths
from danlu.text.pii.gate_kernels import TOKEN, find_stretches, widen

ISSUED, SPELT, SPOKEN, PLATE, PLACE, SECRET, KEYWORD, PEM, CODE, ACCOUNT, BIRTH, DOCUMENT = (64 << n for n in range(12))
EVERYTHING = (64 << 12) - 1
_BEFORE, _AFTER = 48, 64
"""Characters around what the kernel finds: a label's reach and a little more, and the rest of a value."""


@dataclass(frozen=True)
class Announced:
    """Words that announce values of some types."""

    bit: int
    words: tuple[str, ...]
    before: int = _BEFORE
    """Characters to look at before the word, and behind it."""
    after: int = _AFTER
    follows: re.Pattern[bytes] | None = None
    """What must stand behind the word, or nothing can be found."""
    any_case: bool = True
    whole: bool = False
    """Latin words stand alone: no letter before or behind."""


@dataclass(frozen=True)
class Stretch:
    """Bytes `[start, end)` of a text, and what may be in it: a set of bits."""

    text: int
    start: int
    end: int
    kinds: int


_SIGN = re.compile(
    rb"""(?:[\w"'`\])]|[ \t-]|\xe3\x80\x80|\xe5\x8f\xb7|[\xc2\xe2]..?){0,20}?(?:[:=>]|\xef\xbc[\x9a\x9d]|\xe6\x98\xaf|\xe4\xb8\xba|is\b|[Bb]earer |\s)"""
)
_SIGN_OR_VALUE = re.compile(_SIGN.pattern + rb"|(?:[!-~]|\xef[\xbc\xbd].){6}")
"""`密码：…`, and `密码abc123` too."""
_DIGIT_SOON = re.compile(rb"[^\n]{0,120}?(?:[0-9]|\xef\xbc[\x90-\x99])")
_LATIN_SOON = re.compile(rb"[^\n]{0,40}?(?:[0-9A-Za-z]|\xef[\xbc\xbd])", re.DOTALL)
_HOST_BEGINS = re.compile(rb"[0-9A-Za-z\x80-\xff]")
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_CAPITALS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_NUMERALS = "一三 一四 一五 一六 一七 一八 一九 幺三 幺四 幺五 幺六 幺七 幺八 幺九 壹叁 壹伍 壹陆 壹柒 壹捌 壹玖 一叁 一伍 一陆 一柒 一捌 一玖"
_BEFORE_UNITS = "0123456789０１２３４５６７８９一二三四五六七八九十百零〇ABCDEFGHJKabcdefgＡＢＣＤＥＦ"
_UNITS = "号號栋幢座室楼樓层弄组組巷房区单單社队"


def _words(listed: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in listed.split(",") if word.strip())


ANNOUNCED = (
    Announced(
        ISSUED,
        (*"AKIA ASIA ABIA ACCA AIza ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- xoxa- xoxb- xoxe- xoxo- xoxp- xoxr- xoxs- xapp- sk- sk_ rk_ pk_".split(),
         *"whsec_ hf_ npm_ LTAI AKID SG. pypi- ya29. dop_v1_ shpat_ AGE-SECRET-KEY- eyJ".split()),
        after=4000, any_case=False,
    ),
    Announced(SPELT, ("@", "＠"), after=160, before=80, follows=_HOST_BEGINS),
    Announced(SPELT, _words("(at),[at],{at},<at>,( at ),[ at ],(#),[#],（at）,［at］,【at】"), after=160, before=80),
    Announced(SPOKEN, tuple(_NUMERALS.split())),
    Announced(PLATE, tuple(p + shift(c) for p in _PROVINCES for c in _CAPITALS for shift in (str, str.lower, lambda c: chr(ord(c) + 0xFEE0))), any_case=False),
    Announced(PLATE, tuple(pair for digit in "0123456789０１２３４５６７８９" for pair in ("使" + digit, digit + "使"))),
    Announced(PLACE, tuple(b + gap + unit for b in _BEFORE_UNITS for unit in _UNITS for gap in ("", " ")), before=110, after=24, any_case=False),
    Announced(SECRET, _words("password,passwd,pwd,passphrase,passcode,psw"), after=130, follows=_SIGN),
    Announced(SECRET, _words("密码,密碼,口令"), after=130, follows=_SIGN_OR_VALUE),
    Announced(SECRET, _words("pass=,pass:,pass =,pass :"), after=130),
    Announced(
        KEYWORD,
        _words("""secret,token,api_key,apikey,api-key,api key,access_key,accesskey,access-key,access key,app_key,appkey,app-key,app key,auth_key,auth-key,
            signing_key,signing key,encryption_key,encryption key,private_key,private key,bearer,密钥,秘钥,密鑰,令牌,授权码,私钥,account sid,accountsid,account_sid"""),
        after=560, follows=_SIGN,
    ),
    Announced(PEM, ("-----BEGIN",), before=8, after=16_200, follows=re.compile(rb"[^\n-]{0,40}PRIVATE"), any_case=False),
    Announced(CODE, _words("cvv,cvc,cvn,csc,cid,安全码,安全碼,校验码,卡背面,背面,后三位,末三位,security code,card verification,verification value"), follows=_DIGIT_SOON, whole=True),
    Announced(TOKEN, _words("iban"), follows=_DIGIT_SOON, whole=True),
    Announced(TOKEN, tuple(iban_lengths()), follows=re.compile(rb"[0-9]{2}[ -][A-Z0-9]{4}[ -][A-Z0-9]{3}"), any_case=False, whole=True),
    Announced(ACCOUNT, _words("qq,q群,加q,扣扣,企鹅"), follows=_DIGIT_SOON, whole=True),
    Announced(ACCOUNT, _words("微信,薇信,威信,wechat,WeChat,weChat,WeiXin,we chat,weixin,wei xin,vx,v信,加v,wx"), follows=_LATIN_SOON, whole=True),
    Announced(ACCOUNT, tuple(bracket + word for bracket in "(（" for word in ("qq", "微信", "wechat", "we chat"))),
    Announced(CODE, tuple(bracket + word for bracket in "(（" for word in ("cvv", "cvc", "cvn", "csc", "安全码", "安全碼", "security code"))),
    Announced(DOCUMENT, tuple(bracket + word for bracket in "(（" for word in ("护照", "護照", "passport", "驾驶证", "driver", "driving", "税号", "tax", "vat"))),
    Announced(BIRTH, _words("出生,生日,生于,生於,born,birth,birthday,birthdate,birth date,dob,d.o.b,b-day"), before=40, whole=True),
    Announced(BIRTH, _words("日生,号生,年生"), before=40),
    Announced(DOCUMENT, _words("护照,護照,passport,travel document,驾驶证,驾驶员,驾照,驾驶执照,駕駛,档案编号,driver,drivers,driving licence,driving license,dvla,税号,稅號,纳税,納稅,taxpayer,tax id,tax no,tax num,vat,tin,ein,组织机构,組織機構,机构代码,機構代碼,organisation code,organization code"),
              follows=_DIGIT_SOON, whole=True),
)  # fmt: skip


@cache
def _automaton() -> tuple[BytesAhoCorasick, list[int]]:
    patterns: dict[bytes, int] = {}
    for group, announced in enumerate(ANNOUNCED):
        for word in announced.words:
            for case in (
                (str, str.lower, str.upper, str.capitalize, str.title, _camel) if announced.any_case else (str,)
            ):
                patterns.setdefault(case(word).encode(), group)
    return BytesAhoCorasick(list(patterns), implementation=Implementation.DFA), list(patterns.values())


def _camel(word: str) -> str:
    """apiKey, accessKey, passWord as programs write them."""
    first, *rest = re.split("[ _-]", word)
    return first + "".join(part.capitalize() for part in rest)


def stretches(text_B: NDArray[np.uint8], starts_D: NDArray[np.int64], ends_D: NDArray[np.int64]) -> Iterator[Stretch]:
    """The stretches to look at, in order, that do not overlap and never cut a character."""
    form, word = _by_form(text_B, starts_D, ends_D), _by_word(text_B, starts_D, ends_D)
    if not len(form[0]) and not len(word[0]):
        return
    starts, ends, kinds, texts, before, after = (np.concatenate(pair) for pair in zip(form, word, strict=True))
    widen(text_B, starts, ends, starts_D[texts], ends_D[texts], before, after)
    order = np.lexsort((starts, texts))
    rows = zip(texts[order].tolist(), starts[order].tolist(), ends[order].tolist(), kinds[order].tolist(), strict=True)
    yield from _merged(rows)


def _by_form(
    text_B: NDArray[np.uint8], starts_D: NDArray[np.int64], ends_D: NDArray[np.int64]
) -> tuple[NDArray[np.int64], ...]:
    room = max(1024, len(text_B) // 64)
    while True:
        found = tuple(np.empty(room, np.int64) for _ in range(4))
        count = find_stretches(text_B, starts_D, ends_D, *found)
        if count >= 0:
            around = np.full(count, _BEFORE), np.full(count, _AFTER)
            return *(column[:count] for column in found), *around
        room *= 4


def _by_word(
    text_B: NDArray[np.uint8], starts_D: NDArray[np.int64], ends_D: NDArray[np.int64]
) -> tuple[NDArray[np.int64], ...]:
    automaton, groups = _automaton()
    hits: list[tuple[int, int, int, int]] = []
    for text, (start, end) in enumerate(zip(starts_D.tolist(), ends_D.tolist(), strict=True)):
        whole = text_B[start:end].tobytes()
        for which, first, last in automaton.find_matches_as_indexes(whole, overlapping=True):
            if _fits(ANNOUNCED[groups[which]], whole, first, last):
                hits.append((start + first, start + last, groups[which], text))
    starts_W, ends_W, groups_W, texts_W = np.array(hits, np.int64).reshape(-1, 4).T.copy()
    bits, before, after = (column[groups_W] for column in _columns())
    return starts_W, ends_W, bits, texts_W, before, after


@cache
def _columns() -> tuple[NDArray[np.int64], ...]:
    """Of the groups of announcing words: what they announce, and the bytes to look at before and after."""
    return tuple(np.array([getattr(a, name) for a in ANNOUNCED], np.int64) for name in ("bit", "before", "after"))


def _fits(announced: Announced, whole: bytes, start: int, end: int) -> bool:
    letters = announced.whole and whole[start] < 128
    if letters and (whole[start - 1 : start].isalpha() or whole[end : end + 1].isalpha()):
        return False
    return announced.follows is None or announced.follows.match(whole, end) is not None


def _merged(found: Iterable[tuple[int, int, int, int]]) -> Iterator[Stretch]:
    current: list[int] | None = None
    for text, start, end, kinds in found:
        if current and current[0] == text and start <= current[2]:
            current[2], current[3] = max(current[2], end), current[3] | kinds
            continue
        if current:
            yield Stretch(*current)
        current = [text, start, end, kinds]
    if current:
        yield Stretch(*current)
