"""The language that a tag or a name states: `en-US`, `EN`, `zh_CN`, `eng`, `English` and `英语` are `en` or `zh`.

The first part of a tag is its language (BCP 47, section 2.2.1), and of the codes for one language the shortest is meant (ISO 639-1
before 639-3). Names are those of the languages that documents are mostly written in. What is not clear stays as it was stated.
"""

import re

_TAG = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z0-9.@_-]+)?")
_NAMES = {
    "ar": "ara arabic 阿拉伯语",
    "cs": "ces cze czech 捷克语",
    "da": "dan danish 丹麦语",
    "de": "deu ger german deutsch 德语 德文",
    "el": "ell gre greek 希腊语",
    "en": "eng english 英语 英文",
    "es": "spa spanish español 西班牙语",
    "fa": "fas per persian 波斯语",
    "fi": "fin finnish 芬兰语",
    "fr": "fra fre french français 法语 法文",
    "he": "heb hebrew 希伯来语",
    "hi": "hin hindi 印地语",
    "hu": "hun hungarian 匈牙利语",
    "id": "ind indonesian 印尼语",
    "it": "ita italian italiano 意大利语",
    "ja": "jpn japanese 日本語 日语 日文",
    "ko": "kor korean 한국어 韩语 韩文",
    "nl": "nld dut dutch nederlands 荷兰语",
    "no": "nor norwegian 挪威语",
    "pl": "pol polish polski 波兰语",
    "pt": "por portuguese português 葡萄牙语",
    "ro": "ron rum romanian 罗马尼亚语",
    "ru": "rus russian русский 俄语 俄文",
    "sv": "swe swedish svenska 瑞典语",
    "th": "tha thai 泰语",
    "tr": "tur turkish türkçe 土耳其语",
    "uk": "ukr ukrainian українська 乌克兰语",
    "und": "und unknown undetermined 未知",
    "vi": "vie vietnamese 越南语",
    "zh": "zho chi cmn chinese mandarin 中文 汉语 汉文 简体中文 繁体中文 普通话",
}
_CODES = {name: code for code, names in _NAMES.items() for name in names.split()}


def stated_language(stated: str) -> str:
    """The ISO 639-1 code of what was stated where that is clear, else what was stated; `und` for nothing."""
    name = stated.strip()
    if not name:
        return "und"
    tag = _TAG.fullmatch(name)
    code = (tag[1] if tag else name).lower()
    return _CODES.get(code, code if tag and len(code) == 2 else name)
