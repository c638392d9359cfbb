"""Codes of languages: ISO 639-1, two letters each (183), `und` and three letters of ISO 639-3 for languages that have no shorter code.

Of three letters only the form is checked, since there are some 8,000; but a language of ISO 639-1 is never written so here.
"""

import re

from danlu.core.errors import UserError
from danlu.data.nearest import nearest_first

ISO_639_1 = frozenset(
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es et"
    " eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk"
    " kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny"
    " oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk"
    " tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu".split()
)
"""https://www.loc.gov/standards/iso639-2/php/code_list.php"""
_LONG_FORMS = {
    "eng": "en", "zho": "zh", "chi": "zh", "cmn": "zh", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "jpn": "ja",
    "kor": "ko", "spa": "es", "rus": "ru", "cn": "zh", "jp": "ja", "english": "en", "chinese": "zh", "zh-cn": "zh", "zh-tw": "zh",
    "zn": "zh", "中文": "zh", "英文": "en",
}  # fmt: skip
"""What is written for the commonest languages by mistake."""


def check_language(setting: str, code: str) -> None:
    """Raises UserError for what is no code of a language, with the nearest that is."""
    wrong = code.lower() in _LONG_FORMS and code not in ISO_639_1
    if not wrong and (code in ISO_639_1 or re.fullmatch("[a-z]{3}", code)):
        return
    meant = _LONG_FORMS.get(code.lower()) or nearest_first(code, ("zh", "en", *sorted(ISO_639_1)))[0]
    raise UserError(
        "{setting}: {code} is no code of a language here; did you mean {meant}?",
        "Codes are those of ISO 639-1, such as zh and en; `und` stands for texts whose language cannot be told.",
        setting=setting,
        code=code,
        meant=meant,
    )
