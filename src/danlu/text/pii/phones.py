"""Telephone numbers: mainland mobiles by the segments in use, landlines by area code, others by ITU-T E.164."""

import re
from collections.abc import Iterator

from danlu.text.pii.finding import FORM, LABELLED, Candidate
from danlu.text.pii.labels import claimed, labelled
from danlu.text.pii.places import area_codes, country_codes

_START, _END = r"(?<![0-9A-Za-z_])(?<!\d[.\-])", r"(?![0-9A-Za-z_])(?!\.\d)"
_MOBILE = re.compile(
    r"(?<![0-9A-Za-z_+])(?<!\d[.\-])(?:\(?(?:\+ ?|00)?86\)?[ -]{0,2})?(?:\+ ?86\)?[ -]{0,2})?1(?:[ .-]?\d){10}" + _END
)
_PREFIX = re.compile(r"^\(?(?:\+ ?|00)?86\)?[ -]{0,2}(?=1)|^\+ ?86\)?[ -]{0,2}(?=1)")
_SEGMENT = re.compile(r"1(?:3\d|4[579]|5[0-35-9]|6[2567]|7[0-35-8]|8\d|9[0-35-9])")
_GROUPS = ([11], [3, 4, 4], [3, 8], [7, 4], [3, 3, 5], [4, 3, 4], [5, 3, 3], [5, 6], [3, 2, 2, 2, 2], [3, 4, 2, 2])
_NUMERAL = "零〇○一二三四五六七八九幺壹贰叁肆伍陆柒捌玖貳參陸"
NUMERALS = dict(zip(_NUMERAL, "0001234567891123456789236", strict=True))
"""The digit that each Chinese numeral says in a number read aloud."""
_SPOKEN = re.compile(rf"(?<![{_NUMERAL}十百千万年])[一幺壹](?:[ -]?[{_NUMERAL}]){{10}}(?![{_NUMERAL}十百千万])")
LANDLINE = re.compile(
    r"(?<![0-9A-Za-z_+])(?<!\d[.\-])(?:(?P<country>(?:\+ ?|00)86[ -]?(?:\(0\) ?)?)|(?P<open>\(?))(?P<area>0?(?:10|2\d|[3-9]\d\d))(?P<gap>\)?[ -]{0,3}|\)-)"
    r"(?P<number>[2-8]\d{2,3}[ -]?\d{4})(?P<extension>(?: ?(?:转|轉|ext\.?|x|分机)[: ]?|-)\d{1,6})?" + _END,
    re.IGNORECASE,
)
_FOREIGN = re.compile(
    r"(?<![0-9A-Za-z_)+.])(?<!\d[ ])\(?(?P<plus>\+ ?|00)(?P<digits>[1-9](?:(?:[ .()/-]|[ -]\(|\) |\)-|\(0\) ?| - )?\d){6,14})"
    + _END
)
_MORE_DIGITS = re.compile(r"[A-Z0-9]{2}\d\d $")
"""Before a number in groups: it is the rest of a card's or an IBAN."""
_NORTH_AMERICA = re.compile(
    r"(?<![0-9A-Za-z_+])(?<!\d[.\- ])(?P<one>1[-. ])?(?:\((?P<a>[2-9]\d{2})\) ?|(?P<b>[2-9]\d{2})(?P<gap>[-. ]))[2-9]\d{2}[-. ]\d{4}"
    r"(?: ?(?:x|ext\.?) ?\d{1,6})?" + _END
)
_NATIONAL = re.compile(_START + r"\(?\d{2,5}\)?(?:[ -]?\d{2,8}){0,4}" + _END)
_BRITISH_AREAS = frozenset({"020", "023", "024", "028", "029"})
"""Area codes of both countries."""
_HAN = re.compile("[\u4e00-\u9fff]")
_NANP = re.compile(r"[2-9]\d{2}[2-9]\d{6}$")
_NATIONAL_LENGTHS = {
    "1": (10, 10), "7": (10, 10), "31": (9, 9), "32": (8, 9), "33": (9, 9), "34": (9, 9), "39": (6, 11), "41": (9, 9), "44": (9, 10), "49": (6, 11),
    "52": (10, 10), "55": (10, 11), "60": (7, 10), "61": (9, 9), "62": (8, 12), "63": (8, 10), "64": (8, 10), "65": (8, 8), "66": (8, 9),
    "81": (9, 10), "82": (8, 10), "84": (9, 10), "90": (10, 10), "91": (10, 10), "852": (8, 8), "853": (8, 8), "886": (8, 9), "971": (8, 9),
}  # fmt: skip
"""Digits behind the country code, from and to, where they are fixed; 6 to 12 elsewhere."""
_DECIMAL = re.compile(r"^\d{1,3}\.\d{3,}")


def mobile_phones(text: str) -> Iterator[Candidate]:
    """Mainland mobiles in figures."""
    for match in _MOBILE.finditer(text):
        body = _PREFIX.sub("", match[0])
        groups = [len(group) for group in re.split(r"[ .-]", body)]
        alike = len(set(re.findall(r"[ .-]", body))) <= 1
        dotted = "." in body and groups != [3, 4, 4]
        if alike and not dotted and groups in _GROUPS and _SEGMENT.match(re.sub(r"\D", "", body)):
            start = match.start() + (match[0].startswith("(") and ")" not in match[0])
            yield from _mobile(text, start, match.end())


def spoken_phones(text: str) -> Iterator[Candidate]:
    """Mainland mobiles in Chinese numerals."""
    for match in _SPOKEN.finditer(text):
        if _SEGMENT.match("".join(NUMERALS.get(c, "") for c in match[0])):
            yield from _mobile(text, match.start(), match.end())


def _mobile(text: str, start: int, end: int) -> Iterator[Candidate]:
    if re.search(r"[A-Za-z]-$", text[max(0, start - 2) : start]) and not labelled(text, start, "phone"):
        return
    if not claimed(text, start, "phone", "wechat_id", "bank_card", "address", "cn_resident_id", "date_of_birth"):
        yield Candidate(start, end, "mobile_phone", FORM if not labelled(text, start, "phone") else LABELLED)


def landlines(text: str) -> Iterator[Candidate]:
    """Mainland landlines with an area code."""
    for match in LANDLINE.finditer(text):
        area = match["area"] if match["area"].startswith("0") else "0" + match["area"] if match["country"] else ""
        if area not in area_codes() or (")" in match["gap"] and not match["open"]):
            continue
        label = labelled(text, match.start(), "phone")
        digits = re.sub(r"\D", "", match["number"])
        if not (match["gap"] or match["country"] or label) or (len(digits) == 8 and len(area) > 4):
            continue
        if _is_spaced(match) and _MORE_DIGITS.search(text[max(0, match.start() - 5) : match.start()]):
            continue
        if _is_british(text, match) or (not label and claimed(text, match.start(), "phone", "address")):
            continue
        start = match.start() + (match["open"] == "(" and ")" not in match["gap"])
        yield Candidate(start, match.end(), "landline_phone", LABELLED if label else FORM)


def _is_british(text: str, match: re.Match[str]) -> bool:
    """`020 7946 0958`: London as well as Guangzhou, told apart by the language around it."""
    line = text[text.rfind("\n", 0, match.start()) + 1 :].partition("\n")[0]
    return _is_spaced(match) and match["area"] in _BRITISH_AREAS and not match["country"] and not _HAN.search(line)


def _is_spaced(match: re.Match[str]) -> bool:
    return match["gap"] == " " and " " in match["number"]


def foreign_phones(text: str) -> Iterator[Candidate]:
    """Numbers with a country code, North American ones, and any national form behind a label."""
    for match in _FOREIGN.finditer(text):
        written = next(filter(_plausible, _cuts(match["digits"])), "")
        label = labelled(text, match.start(), "phone")
        spaced = not written.isdigit() and len(re.sub(r"\D", "", written)) >= 9
        if not written or (match["plus"] == "00" and not (label or spaced)):
            continue
        if label or not claimed(text, match.start(), "phone", "address", "ip"):
            start = match.start() + (match[0].startswith("(") and ")" not in written)
            end = match.start("digits") + len(written)
            yield Candidate(start, end, "international_phone", LABELLED if label else FORM)
    for match in _NORTH_AMERICA.finditer(text):
        label = labelled(text, match.start(), "phone")
        area, bracketed = match["a"] or match["b"], bool(match["a"])
        service = area == "400" or (area == "800" and not (bracketed or match["one"]))
        alike = bracketed or len(set(re.findall(r"(?<=\d)[-. ](?=\d)", match[0]))) == 1
        alone = bracketed or match["gap"] in "-."
        if not service and alike and (label or (alone and not claimed(text, match.start(), "phone", "address"))):
            yield Candidate(match.start(), match.end(), "international_phone", LABELLED if label else FORM)
    yield from _national_phones(text)


def _cuts(written: str) -> Iterator[str]:
    """The number as it stands, then without its last groups, which may be another number."""
    yield written
    while " " in written:
        written = written.rpartition(" ")[0].rstrip(" -")
        yield written


def _plausible(written: str) -> bool:
    digits = re.sub(r"\D", "", written)
    code = next((digits[:size] for size in (3, 2, 1) if digits[:size] in country_codes()), "")
    if not code or _DECIMAL.match(written) or (written.count(".") == 1 and " " not in written):
        return False
    national = len(re.sub(r"\D", "", written.replace("(0)", ""))) - len(code)
    least, most = _NATIONAL_LENGTHS.get(code, (6, 12))
    return least <= national <= most and len(digits) <= 15 and (code != "1" or bool(_NANP.match(digits[1:])))


def _national_phones(text: str) -> Iterator[Candidate]:
    for match in _NATIONAL.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        from_zero = digits[0] == "0" and digits[1] != "0" and 9 <= len(digits) <= 11
        ten = len(digits) == 10 and digits[0] in "23456789" and digits[3] in "23456789" and digits[:3] != "400"
        opened = match[0].startswith("(") == (")" in match[0])
        if (from_zero or (ten and digits[:3] != "800")) and opened and labelled(text, match.start(), "phone", reach=16):
            yield Candidate(match.start(), match.end(), "international_phone", FORM)
