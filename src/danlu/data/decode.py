"""Bytes to text, for files that do not say or do not know their encoding.

A byte-order mark decides; then UTF-16 or UTF-32 without a mark, when nearly all that comes out is everyday text; then
strict UTF-8; then what the file declares; then GB18030, which holds GBK and GB2312, when what comes out looks like
Chinese, unless Big5, Shift-JIS, EUC-JP or EUC-KR give more of the characters that their languages use all the time; then,
line by line, whichever of these fits (files pasted together from several encodings); then Windows-1252 for
single-byte text. What fits none of them is undecodable, and the caller rejects it.
"""

import codecs
import re
import unicodedata

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_DECISIVE = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NON_ASCII = re.compile("[^\x00-\x7f]")
_COMMON_SHARE = 0.7
"""In Chinese text most characters are of GB2312's first level, sorted by use; in Latin text misread as GB18030, few are."""

_LATIN = frozenset(("iso-8859-1", "latin1", "latin-1", "windows-1252", "cp1252", "ascii", "us-ascii"))
"""Declared by editors for whatever they wrote, and never failing: asked last, and read as browsers do (Windows-1252)."""
_CLAUSE = 6
"""Characters beyond ASCII in one line that are no chance any more."""

_SAMPLE = 100_000
_SIMPLIFIED = frozenset("的一是了不在有人我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运")  # fmt: skip
_TRADITIONAL = frozenset("的一是了不在有人我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實日軍者意無力它與長把機十民第公此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產或新己制身果加西斯月話合回特代內信表化老給世位次度門任常先海通教兒原東聲提立及比員解水名真論處走義各入幾口認條平系氣題活爾更別打女變四神總何電數安少報才結反受目太量再感建務做接必場件計管期市直德資命山金指克許統區保至隊形社便空決治展馬科司五基眼書非則聽白卻界達光放強即像難且權思王象完設式色路記南品住告類求據程北邊死張該交規萬取拉格望覺術領共確傳師觀清今切院讓識候帶導爭運")  # fmt: skip
_KANA = frozenset(map(chr, (*range(0x3041, 0x3097), 0x30FC)))
_HANGUL = frozenset("이다는을를에의가은고하한기지로도서사자어나아해리시그대수인일들만게라정부보전스있않것없했었습니까요우여상장제주원조성동과와공국")  # fmt: skip
_RIVALS = (("big5", _TRADITIONAL), ("shift_jis", _KANA), ("euc_jp", _KANA), ("euc_kr", _HANGUL))
_LEAD = 0.1
"""How much more of its everyday characters a rival of GB18030 must show."""
_ENOUGH = 8
"""Characters beyond ASCII before such shares mean anything."""


def decode(content: bytes, declared: str = "") -> tuple[str, str] | None:
    """The text and the name of its encoding (`mixed` for several in one file); None when nothing fits."""
    for mark, encoding in _MARKS:
        marked = _strictly(content, encoding) if content.startswith(mark) else None
        if marked and (encoding != "utf-32" or (marked[0] and "\0" not in marked[0])):  # its mark starts with UTF-16's
            return marked
    if content.startswith(_DECISIVE):
        return None
    unmarked = unmarked_unicode(content[:65536])
    whole = _strictly(content, unmarked) if unmarked else None
    if whole:
        return whole
    latin = declared.lower() in _LATIN
    for encoding in ("utf-8", "" if latin else declared):
        found = _strictly(content, encoding) if encoding else None
        if found:
            return found
    said = _strictly(content, "cp1252") if latin else None
    return _east_asian(content) or _by_line(content) or said or _single_byte(content)


def unmarked_unicode(sample: bytes) -> str | None:
    """UTF-16 or UTF-32 that lacks its mark: the encoding in which nearly all of the sample is everyday text."""
    if len(sample) < 2 * _ENOUGH:
        return None
    for encoding, width in (("utf-32-le", 4), ("utf-32-be", 4), ("utf-16-le", 2), ("utf-16-be", 2)):
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(sample[: len(sample) // width * width])
        except UnicodeError:
            continue
        if _is_everyday(text[:4096]):
            return encoding
    return None


def _is_everyday(text: str) -> bool:
    """Whether a text is Latin letters, digits and marks, or Chinese as it is mostly written, with no control characters."""
    if any(unicodedata.category(character) in ("Cc", "Co", "Cn") and character not in "\t\n\r\f" for character in text):
        return False
    plain = sum(character.isascii() for character in text)
    everyday = plain + sum(character in _SIMPLIFIED or character in _TRADITIONAL for character in text)
    return len(text) >= _ENOUGH and (
        plain >= 0.9 * len(text) or (everyday >= 0.2 * len(text) and (_looks_chinese(text) or _looks_traditional(text)))
    )


def _strictly(content: bytes, encoding: str) -> tuple[str, str] | None:
    try:
        return content.decode(encoding), encoding
    except (UnicodeError, LookupError):
        return None


def _east_asian(content: bytes) -> tuple[str, str] | None:
    chinese = _chinese(content)
    bound = _LEAD + (_familiar(chinese[0], _SIMPLIFIED | _TRADITIONAL) if chinese else 0)
    found = [(name, everyday, _strictly(content, name)) for name, everyday in _RIVALS]
    shares = [(_familiar(given[0], everyday), given) for _, everyday, given in found if given]
    best = max(shares, key=lambda pair: pair[0], default=(0.0, None))
    return best[1] if best[0] > bound and not _has_utf_8(content) else chinese


def _familiar(text: str, everyday: frozenset[str]) -> float:
    """The share of the characters beyond ASCII that are the language's everyday ones; 0 where there are too few."""
    characters = _NON_ASCII.findall(text[:_SAMPLE])
    return sum(map(everyday.__contains__, characters)) / len(characters) if len(characters) >= _ENOUGH else 0.0


def _chinese(content: bytes) -> tuple[str, str] | None:
    found = _strictly(content, "gb18030")
    return found if found and _looks_chinese(found[0]) and not _has_utf_8(content) else None


def _has_utf_8(content: bytes) -> bool:
    """Whether a line is Chinese in UTF-8: by chance, GB18030 gives valid UTF-8 for a few characters, not for a clause."""
    lines = (line for line in content.split(b"\n") if not line.isascii())
    decoded = (_strictly(line, "utf-8") for line in lines)
    return any(found and len(_NON_ASCII.findall(found[0])) >= _CLAUSE and _looks_chinese(found[0]) for found in decoded)


def _looks_chinese(text: str) -> bool:
    """Whether the characters beyond ASCII are mostly those that Chinese uses most."""
    characters = _NON_ASCII.findall(text[:_SAMPLE])
    common = 0
    for character in characters:
        pair = character.encode("gb2312", errors="ignore")
        common += len(pair) == 2 and (0xB0 <= pair[0] <= 0xD7 or pair[0] in (0xA1, 0xA3))
    return common >= _COMMON_SHARE * len(characters)


def _looks_traditional(text: str) -> bool:
    """Whether nearly all characters beyond ASCII are of Big5's first level, the everyday ones, or its marks."""
    characters = _NON_ASCII.findall(text[:_SAMPLE])
    common = sum((character.encode("big5", errors="ignore") or b"\xff")[0] <= 0xC6 for character in characters)
    return bool(common >= 0.9 * len(characters))


def _by_line(content: bytes) -> tuple[str, str] | None:
    lines = []
    for line in content.split(b"\n"):
        found = _strictly(line, "utf-8") or _chinese(line)
        if found is None:
            return None
        lines.append(found[0])
    return "\n".join(lines), "mixed"


def _single_byte(content: bytes) -> tuple[str, str] | None:
    """Windows-1252, when letters beyond ASCII are as rare as they are in European text."""
    found = _strictly(content, "cp1252")
    if found is None:
        return None
    strange = _NON_ASCII.findall(found[0])
    letters = sum(character.isalpha() or character in "’‘“”–—…°§«»" for character in strange)
    return found if len(strange) < 0.2 * len(found[0]) and letters >= 0.8 * len(strange) else None
