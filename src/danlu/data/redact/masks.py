"""What stands in the place of a value that is taken out."""

from danlu.text.pii.finding import KINDS

_ENDS_KEPT = {
    "mobile_phone": (3, 4), "landline_phone": (4, 2), "international_phone": (3, 2), "cn_resident_id": (3, 4),
    "bank_card": (0, 4), "iban": (4, 2), "vehicle_plate": (1, 1), "password": (0, 0), "card_cvv": (0, 0),
}  # fmt: skip
"""Letters and digits that a partial mask leaves at both ends; one at each end for other types."""


def mask(kind: str, chinese: bool) -> str:
    """`[手机号]` or `[PHONE]`."""
    return f"[{KINDS[kind].chinese if chinese else KINDS[kind].english}]"


def word_mask(chinese: bool) -> str:
    """What stands for a word of a list."""
    return "[敏感词]" if chinese else "[REMOVED]"


def partial_mask(kind: str, value: str) -> str:
    """`138****8000`: separators stay, the host of a mail address too."""
    name, at, host = value.partition("@")
    if kind == "email" and at:
        return name[:1] + "***" + at + host
    first, last = _ENDS_KEPT.get(kind, (1, 1))
    places = [place for place, c in enumerate(value) if c.isalnum()]
    hidden = set(places[first : len(places) - last])
    return "".join("*" if place in hidden else c for place, c in enumerate(value))
