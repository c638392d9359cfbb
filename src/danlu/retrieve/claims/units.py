"""Units of measure in Chinese and English, by one name each: what makes 30 分钟 and 30 minutes the same and 30 hours another.

Nothing is converted: 24 hours is not taken for one day, since a contract that says one may not mean the other.
"""

import re

_FORMS = {
    "ms": "ms millisecond milliseconds 毫秒",
    "s": "s sec secs second seconds 秒 秒钟",
    "min": "min mins minute minutes 分钟",
    "h": "h hr hrs hour hours 小时 个小时 钟头 个钟头",
    "day": "day days 天 日 昼夜",
    "workday": "workday workdays working-day working-days business-day business-days 工作日 个工作日",
    "calendar day": "calendar-day calendar-days 自然日 个自然日",
    "week": "week weeks 周 星期 个星期 个周",
    "month": "month months 个月 月",
    "quarter": "quarter quarters 季度 个季度",
    "year": "year years yr yrs 年 周年",
    "years old": "year-old years-old 岁 周岁",
    "bit": "bit bits 位元 比特",
    "byte": "byte bytes 字节",
    "kb": "KB kB kilobyte kilobytes",
    "mb": "MB megabyte megabytes M",
    "gb": "GB gigabyte gigabytes G",
    "tb": "TB terabyte terabytes T",
    "kib": "KiB kibibytes", "mib": "MiB mebibytes", "gib": "GiB gibibytes", "tib": "TiB tebibytes",
    "kbit": "Kbps kbps kbit", "mbit": "Mbps Mbit Mb", "gbit": "Gbps Gbit Gb",
    "hz": "Hz 赫兹", "khz": "kHz 千赫", "mhz": "MHz 兆赫", "ghz": "GHz",
    "mm": "mm millimetre millimetres millimeter millimeters 毫米",
    "cm": "cm centimetre centimetres centimeter centimeters 厘米",
    "m": "m metre metres meter meters 米",
    "km": "km kilometre kilometres kilometer kilometers 公里 千米",
    "inch": "inch inches 英寸", "foot": "ft foot feet 英尺", "mile": "mile miles 英里",
    "mg": "mg 毫克", "g": "g gram grams 克", "kg": "kg kilogram kilograms 千克 公斤", "t": "tonne tonnes ton tons 吨",
    "ml": "ml mL 毫升", "l": "l L litre litres liter liters 升",
    "celsius": "°C ℃ 摄氏度", "fahrenheit": "°F ℉ 华氏度", "degree": "° degree degrees 度",
    "v": "V volt volts 伏 伏特", "w": "W watt watts 瓦 瓦特", "kw": "kW kilowatt kilowatts 千瓦", "a": "A amp amps 安 安培",
    "bar": "bar 巴", "mah": "mAh 毫安时", "kwh": "kWh 千瓦时", "rpm": "rpm 转每分", "db": "dB 分贝",
    "percent": "% percent per-cent",
    "point": "percentage-point percentage-points 个百分点 百分点",
    "cny": "元 块 块钱 人民币 yuan CNY RMB", "usd": "美元 美金 dollar dollars USD", "eur": "欧元 euro euros EUR", "gbp": "英镑 GBP",
    "times": "times 次 遍 回", "fold": "倍 fold",
    "person": "people person persons 人", "level": "级", "step": "步", "page": "page pages 页", "line": "line lines 行",
    "part": "成", "half": "半",
}  # fmt: skip
_EXACT = {form: unit for unit, forms in _FORMS.items() for form in (each.replace("-", " ") for each in forms.split())}
_LOWER = {form.lower(): unit for form, unit in _EXACT.items() if len(form) > 2} | {"kb": "kb", "mb": "mb", "gb": "gb"}
_LOWER |= {"tb": "tb", "percent": "percent"}
CLASSIFIERS = "个名位台件份条项张本只种类款家门座辆支批组套笔封章节篇栏颗层户枚幅匹头棵朵株粒片根副对双列所间栋幢口道首句段卷册部架艘班届期轮场顿餐瓶杯碗盒箱袋包罐桶滴"
"""Chinese measure words that count things and measure nothing."""
CURRENCY = {
    "$": "usd",
    "US$": "usd",
    "€": "eur",
    "£": "gbp",
    "¥": "cny",
    "￥": "cny",
    "USD": "usd",
    "EUR": "eur",
    "CNY": "cny",
    "RMB": "cny",
}


def _alternatives() -> str:
    latin: list[str] = []
    others: list[str] = []
    for form in sorted(_EXACT, key=len, reverse=True):
        (latin if form.isascii() and form != "%" else others).append(re.escape(form).replace(r"\ ", "[ -]"))
    han = "|".join(others)
    return f"(?:{han}|[{CLASSIFIERS}])|(?:{'|'.join(latin)})(?![A-Za-z0-9_])"


UNIT = _alternatives()
"""A pattern; letters match in the case that they are written in, words in any (give it through `unit_of`)."""
WORD_UNIT = re.compile(rf"\s?-?\s?(?P<unit>{UNIT})", re.IGNORECASE)


def unit_of(text: str, attached: bool) -> str | None:
    """The one name of a unit as it stands; empty for a measure word, None where the letters are no unit.

    A single letter is a unit only right behind its number ("8 G"; "vitamin A" is none), but for those that laws of physics write apart.
    """
    form = re.sub(r"[ -]+", " ", text)
    if form and form in CLASSIFIERS:
        return ""
    if len(form) == 1 and form.isascii() and form.isalpha() and not attached and form not in "mgshVWA":
        return None
    if form in _EXACT:
        return _EXACT[form]
    return _LOWER.get(form.lower())
