"""Postal addresses in Chinese: from a place that is known, down the levels, to a number.

A name of a region is no address, and neither is a road: what makes one is the number at the end.
"""

import re
from collections.abc import Iterator

from danlu.text.pii.finding import CHECKED, LABELLED, Candidate
from danlu.text.pii.places import first_levels

_HAN = "\u4e00-\u9fff"
_NUMERALS = "一二三四五六七八九十百〇零"
_UNIT = (
    r"(?:[A-Za-z]?\d{1,5}[A-Za-z]?(?:-\d{1,4}){0,3}(?:之[一二三四五]|甲|乙|丙)? ?(?:号院|号楼|號樓|号|號|栋|幢|座|单元|單元|室|楼|樓|层|弄|巷|支弄|房)"
    rf"|[A-Za-z] ?(?:座|栋|幢|区|单元|楼)|[{_NUMERALS}]{{1,5}}(?:号院|号楼|号|單元|单元|栋|幢|弄|室)"
    rf"|(?<=[村庄屯队社区])第?(?:\d{{1,3}}|[{_NUMERALS}]{{1,3}})[组組社队])"
)
_NO_ADDRESS = r"(?!线|線|机|文|令|公告|通告|法庭|窗口|会议|楼?工程|院士|码|称|召|台|位|于|选手|种子|文件|提案|议案|通知|病|井|坑|墓|令|段|标|航站楼|高炉|泊位|仓|地块|炉|球)"
_LEVEL = re.compile(
    rf"[{_HAN}]{{1,8}}?(?:自治区|自治州|地区|开发区|新区|高新区|管委会|街道|省|市|州|盟|区|區|县|縣|旗|镇|鎮|乡|鄉|村)"
)
_ROAD = re.compile(r"[路街道巷弄里]|胡同|大道|大街|条|村|屯|庄|小区|花园|新村|苑|园|广场|大厦|中心|公寓|社区|[組组]|环")
_END_UNIT = re.compile(rf"{_UNIT}{_NO_ADDRESS}(?: ?-?\d{{1,4}}(?:室|房|号|楼|樓|层)?(?![\d年月日.%元个人]))?")
_PROSE = re.compile(r"[的了是在把被这那等]|记者|\d年|组织|公里|万元|本报")
"""What no address holds: a sentence that names a place and, further on, a number."""
_STOP = re.compile(
    rf"[^{_HAN}A-Za-z0-9 \-,，()·#]|(?:电话|電話|邮编|手机|联系|邮政|收件|传真|身份|姓名|网址|邮箱|开户)|[,，](?! ?[{_HAN}A-Za-z0-9]{{0,14}}{_UNIT})|[(](?![^)]{{1,14}}[)])"
)
_ROAD_NUMBER = re.compile(
    rf"[{_HAN}]{{1,10}}?(?:路|街|大道|大街|道|巷|弄|胡同|村|里|小区|花园|新村|苑|园|庄|屯)(?:[{_HAN}]{{0,6}}?)(?:{_UNIT}{_NO_ADDRESS})"
)
_ANNOUNCED = re.compile(
    r"(?:地址|店址|住址|住(?=:)|住所地?|住在|住于|家住|现住|居住(?:地址|地|在|于)?|户籍(?:地址|所在地|地)?|地点|发[到往至]|寄[到往至]|送[到至]|送货(?:上门|到|至)?|收货(?:地址)?|收件(?:地址)?|位[于於]|坐落[于在]?|搬[到至]|家在|公司在|营业场所|注册地址?|通讯处|[Aa]ddress)"
    r"[\s:是为在于到至\"]{0,4}"
)
_LONGEST = 90
"""Characters: no address that people write is longer."""


def postal_addresses(text: str) -> Iterator[Candidate]:
    """Addresses that begin with a province or prefecture, and those that a label announces."""
    for start, behind in first_levels(text):
        stretch = _stretch(text, start)
        end = _end(stretch)
        if end > behind - start and _enough(stretch[:end], behind - start):
            yield Candidate(start, start + end, "address", CHECKED)
    for match in _ANNOUNCED.finditer(text):
        yield from _labelled(text, match.end())


def _labelled(text: str, start: int) -> Iterator[Candidate]:
    stretch = _stretch(text, start)
    end = _end(stretch)
    if end and (_enough(stretch[:end]) or _ROAD_NUMBER.match(stretch[:end])) and not _PROSE.search(stretch[:end]):
        yield Candidate(start, start + end, "address", LABELLED)


def _stretch(text: str, start: int) -> str:
    """From the first level on, as far as an address could go."""
    whole = text[start : start + _LONGEST].partition("\n")[0]
    stop = _STOP.search(whole, 1)
    return whole[: stop.start()] if stop else whole


def _end(stretch: str) -> int:
    """Behind the last number of a house, stair or room; 0 when there is none."""
    end = 0
    for match in _END_UNIT.finditer(stretch):
        if end and match.start() - end > 24:
            break
        end = match.end()
    return end


def _enough(address: str, first_end: int = 0) -> bool:
    """Two levels, or one and a road. `first_end`: where a known first level ends, written with what it is or without."""
    rest = address[first_end:]
    if _PROSE.search(rest):
        return False
    levels = len(_LEVEL.findall(rest)) + (first_end > 0)
    return levels >= 2 or (levels >= 1 and _ROAD.search(rest) is not None)
