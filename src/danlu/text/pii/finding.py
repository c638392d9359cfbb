"""What is found: the types, by name, and a span of one of them."""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class Kind:
    """A type of personal data or secret."""

    name: str
    english: str
    """What masks it in English text."""
    chinese: str
    """What masks it in Chinese text."""
    secret: bool = False
    """Gives access to something: nobody's data, and no text needs it."""


KINDS = {
    kind.name: kind
    for kind in (
        Kind("cn_resident_id", "ID NUMBER", "身份证号"),
        Kind("tw_id", "TAIWAN ID", "台湾身份证号"),
        Kind("hk_id", "HONG KONG ID", "香港身份证号"),
        Kind("travel_permit", "TRAVEL PERMIT", "通行证号"),
        Kind("passport", "PASSPORT", "护照号"),
        Kind("driving_licence", "DRIVING LICENCE", "驾驶证号"),
        Kind("vehicle_plate", "VEHICLE PLATE", "车牌号"),
        Kind("social_credit_code", "COMPANY CODE", "统一社会信用代码"),
        Kind("organisation_code", "ORGANISATION CODE", "组织机构代码"),
        Kind("tax_id", "TAX ID", "税号"),
        Kind("mobile_phone", "PHONE", "手机号"),
        Kind("landline_phone", "PHONE", "电话号码"),
        Kind("international_phone", "PHONE", "电话号码"),
        Kind("bank_card", "CARD NUMBER", "银行卡号"),
        Kind("card_cvv", "CVV", "安全码"),
        Kind("iban", "IBAN", "银行账号"),
        Kind("crypto_wallet", "WALLET", "钱包地址"),
        Kind("email", "EMAIL", "邮箱"),
        Kind("ip_address", "IP ADDRESS", "IP地址"),
        Kind("mac_address", "MAC ADDRESS", "MAC地址"),
        Kind("imei", "IMEI", "设备串号"),
        Kind("url_credentials", "CREDENTIALS", "登录信息", secret=True),
        Kind("api_key", "API KEY", "密钥", secret=True),
        Kind("private_key", "PRIVATE KEY", "私钥", secret=True),
        Kind("jwt", "TOKEN", "令牌", secret=True),
        Kind("password", "PASSWORD", "密码", secret=True),
        Kind("us_ssn", "SSN", "社会安全号"),
        Kind("uk_nino", "NATIONAL INSURANCE NUMBER", "国民保险号"),
        Kind("wechat_id", "WECHAT ID", "微信号"),
        Kind("qq_number", "QQ NUMBER", "QQ号"),
        Kind("date_of_birth", "DATE OF BIRTH", "出生日期"),
        Kind("address", "ADDRESS", "地址"),
        Kind("person", "PERSON", "姓名"),
        Kind("place", "PLACE", "地名"),
        Kind("organisation", "ORGANISATION", "机构"),
    )
}
"""By name. The last three are found by a recogniser of names only (danlu.text.pii.names)."""
NAME_KINDS = frozenset({"person", "place", "organisation"})


class Finding(NamedTuple):
    """A span of a text, in code points, half open."""

    start: int
    end: int
    kind: str


class Candidate(NamedTuple):
    """A span that one detector takes for its type, and how sure that is."""

    start: int
    end: int
    kind: str
    strength: int


FORM, CHECKED, LABELLED = 1, 2, 3
"""The form alone, a check digit or fixed prefix, a label beside it: the stronger evidence wins where spans overlap."""


def settled(candidates: list[Candidate]) -> list[Finding]:
    """The candidates that stay when no two may overlap: the stronger first, then the longer, then the earlier."""
    order = list(KINDS)
    taken: list[Finding] = []
    for one in sorted(candidates, key=lambda c: (-c.strength, c.start - c.end, c.start, order.index(c.kind))):
        if all(one.end <= other.start or one.start >= other.end for other in taken):
            taken.append(Finding(one.start, one.end, one.kind))
    return sorted(taken)
