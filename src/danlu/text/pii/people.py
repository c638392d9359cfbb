"""What documents and profiles say of a person: passports, permits, licences, plates, accounts, dates of birth."""

import re
from collections.abc import Iterator

from danlu.text.pii.checksums import passport_zone
from danlu.text.pii.finding import CHECKED, LABELLED, Candidate
from danlu.text.pii.labels import label_before, labelled
from danlu.text.pii.numbers import date_of

_START, _END = r"(?<![0-9A-Za-z_])", r"(?![0-9A-Za-z_])"
_PASSPORT = re.compile(_START + r"(?:[A-Z]{1,3} \d{5,9}[A-Z]?|(?=[A-Za-z0-9]*\d)[A-Za-z0-9]{6,10})" + _END)
_ZONE = re.compile(r"(?<![A-Z0-9<])P[A-Z<][A-Z<]{3}[A-Z<]{39}\s*\n\s*([A-Z0-9<]{44})(?![A-Z0-9<])")
_PERMIT = re.compile(
    _START
    + r"(?:[HhMm]\d{10}|[HhMm]\d{8}(?:\(\d{2}\))?|[CcWw][A-Za-z0-9]\d{7}|[TtLl]\d{8}|\d{10}|\d{8}(?:\([A-Z0-9]{1,2}\))?)"
    + _END
)
_LICENCE = re.compile(
    _START + r"(?=[A-Za-z-]*\d)[A-Za-z0-9](?:[A-Za-z0-9]|-(?=[A-Za-z0-9])|(?<=\d) (?=\d)){4,20}" + _END
)
_UK_LICENCE = re.compile(r"[A-Z9]{5} ?\d[0156]\d[0-3]\d{2} ?[A-Z9]{2}\d ?[A-Z]{2}")
_PROVINCE = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PLATE = re.compile(
    rf"(?:[{_PROVINCE}][A-HJ-NP-Za-hj-np-z][ ·.-]?(?:[DABCEFGHJKdabcefghjk][A-HJ-NP-Z0-9a-hj-np-z]\d{{4}}|\d{{5}}[DABCEFGHJKdabcefghjk]"
    rf"|[A-HJ-NP-Z0-9a-hj-np-z]{{4}}[A-HJ-NP-Z0-9挂学警港澳a-hj-np-z]|\d{{4}}领)|使[ ·]?\d{{6}}|(?<!\d)\d{{6}}使(?!用))(?![0-9A-Za-z])"
)
_WECHAT = re.compile(
    r"(?<![A-Za-z])(?P<label>微信(?:同)?(?:号码|号|ID)?|薇信|威信|we ?chat(?: ?(?:id|no\.?|account|number|handle))?|weixin(?: ?(?:id|号))?|vx|v信|wx|加v(?![A-Za-z]))"
    r"(?P<gap>[ \"'(|]*(?:[:=]|是|为|is|号|添加|加|#|(?<= )-(?= ))?[ \"'(:]*)(?P<value>[A-Za-z][A-Za-z0-9_-]{5,19})"
    + _END,
    re.IGNORECASE,
)
_WECHAT_BEHIND = re.compile(
    _START + r"([A-Za-z][A-Za-z0-9_-]{5,19})(?: ?\(微信(?:号码|号|ID)?\)| \(we ?chat(?: ?(?:id|no\.?|account))?\))",
    re.IGNORECASE,
)
_QQ_BEHIND = re.compile(_START + r"([1-9]\d{4,10}) ?\(QQ(?:群)?(?: ?(?:号码|号|number|no\.?|id))?\)", re.IGNORECASE)
_ADDING = re.compile(r"加(?:我|个|一下)?$")
_QQ = re.compile(
    r"(?:(?<![A-Za-z])QQ|(?<![A-Za-z])Q(?=群)|(?<=加)Q|扣扣|企鹅号?)(?:交流|讨论|客服|技术|用户|粉丝|官方)?(?:群)?(?: ?(?:号码|号|number|no\.?|id|group))?[ \"'(|]*(?:[:=]|是|为|is|加)?[ \"'(]*([1-9]\d{4,10})(?![0-9A-Za-z_@])(?!\.\d)",
    re.IGNORECASE,
)
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?)"
)
DATE = re.compile(
    rf"(?<![\dA-Za-z])(?:(?P<y>\d{{4}}) ?(?P<s>[-/.年]) ?(?P<m>\d{{1,2}}) ?[-/.月] ?(?P<d>\d{{1,2}})(?: ?[日号])?|(?P<eight>\d{{8}})"
    rf"|(?P<n1>\d{{1,2}})[-/.](?P<n2>\d{{1,2}})[-/.](?P<ny>\d{{4}})|(?P<wd>\d{{1,2}})(?:st|nd|rd|th)?[ -](?:of )?(?P<wm>{_MONTH})\.?,?[ -](?P<wy>\d{{4}})"
    rf"|(?P<vm>{_MONTH})\.? (?P<vd>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<vy>\d{{4}})"
    r"|(?P<cy>[一二三四五六七八九零〇○]{4})年(?P<cm>十?[一二三四五六七八九十])月(?P<cd>[一二三四五六七八九十廿卅]{1,3})[日号])(?![\dA-Za-z])",
    re.IGNORECASE,
)
_BORN_AFTER = re.compile(r" ?(?:出生(?!年月|日期|时间|地|证|:)|生人|生于|生[,。;)）\s])")


def passports(text: str) -> Iterator[Candidate]:
    """Passport numbers behind their label, and machine-readable zones by their check digits."""
    for match in _PASSPORT.finditer(text):
        if sum(c.isdigit() for c in match[0]) >= 5 and labelled(text, match.start(), "passport", end=match.end()):
            yield Candidate(match.start(), match.end(), "passport", LABELLED)
    for match in _ZONE.finditer(text):
        if passport_zone(match[1]):
            yield Candidate(match.start(), match.end(), "passport", LABELLED + 1)


def permits(text: str) -> Iterator[Candidate]:
    """Travel permits and driving licences, behind their labels."""
    for match in _PERMIT.finditer(text):
        if labelled(text, match.start(), "travel_permit", end=match.end()):
            yield Candidate(match.start(), match.end(), "travel_permit", LABELLED)
    for match in _LICENCE.finditer(text):
        value = match[0]
        digits = sum(c.isdigit() for c in value)
        if digits < 5 or not labelled(text, match.start(), "driving_licence", end=match.end()):
            continue
        file_number = value.isdigit() and len(value) == 12
        british = _UK_LICENCE.fullmatch(value.upper()) is not None
        other = 6 <= len(re.sub("[ -]", "", value)) <= 16 and date_of(re.sub(r"\D", "", value)) is None
        if file_number or british or other:
            yield Candidate(match.start(), match.end(), "driving_licence", LABELLED)


def plates(text: str) -> Iterator[Candidate]:
    """Plates of vehicles on the mainland."""
    for match in _PLATE.finditer(text):
        if sum(c.isdigit() for c in match[0]) >= 2:
            yield Candidate(match.start(), match.end(), "vehicle_plate", CHECKED)


def accounts(text: str) -> Iterator[Candidate]:
    """WeChat ids and QQ numbers, behind their labels."""
    for match in _WECHAT.finditer(text):
        value, gap = match["value"], match["gap"].strip(" \"'(|")
        named = gap in (":", "=", "是", "为", "号", ":是", "#", "-") or re.search(
            r"(?:号码?|id|no\.?|account|number|handle)$", match["label"].lower()
        )
        added = _ADDING.search(text[: match.start()]) is not None or "加" in gap
        if named or added or re.search(r"[\d_-]", value):
            yield Candidate(match.start("value"), match.end("value"), "wechat_id", LABELLED)
    for match in _WECHAT_BEHIND.finditer(text):
        yield Candidate(match.start(1), match.end(1), "wechat_id", LABELLED)
    for match in _QQ_BEHIND.finditer(text):
        yield Candidate(match.start(1), match.end(1), "qq_number", LABELLED)
    for match in _QQ.finditer(text):
        yield Candidate(match.start(1), match.end(1), "qq_number", LABELLED)


def births(text: str) -> Iterator[Candidate]:
    """Dates that a label before them, or `出生` behind them, says to be of birth."""
    for match in DATE.finditer(text):
        if not _is_date(match):
            continue
        before = label_before(text, match.start())
        near = before is not None and before.kind == "date_of_birth" and not re.search(r"\d|[。;\n]|\.\s", before.gap)
        if near or _BORN_AFTER.match(text, match.end()):
            yield Candidate(match.start(), match.end(), "date_of_birth", LABELLED)


def _is_date(match: re.Match[str]) -> bool:
    if match["cy"]:
        return True
    if match["eight"]:
        return date_of(match["eight"]) is not None
    if match["ny"]:
        first, second = int(match["n1"]), int(match["n2"])
        return any(date_of(f"{match['ny']}{m:02}{d:02}") for m, d in ((first, second), (second, first)))
    year = match["y"] or match["wy"] or match["vy"]
    name = match["wm"] or match["vm"]
    month = int(match["m"]) if match["m"] else MONTHS.index(name[:3].lower()) + 1
    return date_of(f"{year}{month:02}{int(match['d'] or match['wd'] or match['vd']):02}") is not None
